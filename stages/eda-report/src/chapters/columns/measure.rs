//! The columns, one by one.

use rayon::prelude::*;

use super::{
    Column, ColumnKind, Frequent, Mark, Owner,
    numbers::{Numbers, count},
};
use crate::{
    data::{Data, Keys, Language, NONE, Products, Texts},
    formulas::histogram::Histogram,
    words::date,
};

/// Shares from which on a column is marked.
const MISSING: f64 = 0.05;
const ZEROS: f64 = 0.5;
const IMBALANCED: f64 = 0.9;
const SKEWED: f64 = 2.0;
/// A category with more names is not one to compare groups by.
const NAMES: u64 = 50;

type Make<'a> = Box<dyn Fn() -> Column + Sync + Send + 'a>;

/// All columns; those of inputs that are not connected are left out.
pub fn columns(data: &Data, top: usize) -> Vec<Column> {
    let mut makers = of_reviews(data, top);
    if let Some(texts) = &data.texts {
        makers.extend(of_texts(data, texts, top));
    }
    if let Some(products) = data.products.as_ref().filter(|products| products.is_described()) {
        makers.extend(of_products(data, products, top));
    }
    makers.par_iter().map(|make| make()).collect()
}

fn of_reviews(data: &Data, top: usize) -> Vec<Make<'_>> {
    let reviews = &data.reviews;
    let rows = reviews.len();
    let number = ColumnKind::Number;
    let plain = |value: f64| value.to_string();
    vec![
        Box::new(move || keys("user", &data.users, rows, top)),
        Box::new(move || keys("item", &data.items, rows, top)),
        Box::new(move || {
            let values = reviews.rating.iter().map(|rating| f64::from(*rating));
            numbers("rating", Owner::Reviews, number, rows, values.collect(), top, plain)
        }),
        Box::new(move || {
            let values = reviews.time.iter().map(|time| *time as f64);
            numbers("time", Owner::Reviews, ColumnKind::Time, rows, values.collect(), top, |time| date(time as i64))
        }),
        Box::new(move || {
            let told = (0..rows).filter_map(|row| reviews.verified(row));
            let (yes, all) = told.fold((0, 0), |(yes, all), told| (yes + u64::from(told), all + 1));
            boolean("verified", rows as u64, yes, all)
        }),
        Box::new(move || {
            let values = (0..rows).filter_map(|row| reviews.votes(row)).map(f64::from);
            numbers("helpful_votes", Owner::Reviews, number, rows, values.collect(), top, plain)
        }),
        Box::new(move || {
            let values = (0..rows).filter_map(|row| reviews.length(row)).map(f64::from);
            numbers("text_length", Owner::Reviews, number, rows, values.collect(), top, plain)
        }),
    ]
}

fn of_texts<'a>(data: &'a Data, texts: &'a Texts, top: usize) -> Vec<Make<'a>> {
    let rows = data.reviews.len();
    vec![
        Box::new(move || {
            let values = (0..rows).filter_map(|row| texts.title_words(row)).map(f64::from).collect();
            text("title", Owner::Reviews, rows, values)
        }),
        Box::new(move || {
            let values = (0..rows).filter_map(|row| texts.words(row)).map(f64::from).collect();
            let mut column = text("text", Owner::Reviews, rows, values);
            let (distinct, unique) = distinct_texts(texts);
            (column.distinct, column.unique) = (Some(distinct), Some(unique));
            column.languages = languages(&texts.language);
            let all: u64 = texts.by_group.iter().sum();
            column.words = texts.terms.iter().take(top).map(|term| value(term.text.clone(), term.all(), all)).collect();
            column
        }),
    ]
}

fn of_products<'a>(data: &'a Data, products: &'a Products, top: usize) -> Vec<Make<'a>> {
    let items = data.items.len();
    let owner = Owner::Products;
    let present = move |field: usize| products.filled.iter().filter(|bits| *bits >> field & 1 == 1).count() as u64;
    vec![
        Box::new(move || {
            let titles = (0..items as u32).filter_map(|item| products.title(item));
            text("title", owner, items, titles.map(|title| title.split_whitespace().count() as f64).collect())
        }),
        Box::new(move || {
            let brands = products.brand.iter().copied().filter(|brand| *brand != NONE);
            categories("brand", ColumnKind::Category, items, present(1), &products.brands, brands, top)
        }),
        Box::new(move || {
            let names = (0..items as u32).flat_map(|item| products.categories_of(item).iter().copied());
            let mut column =
                categories("categories", ColumnKind::List, items, present(2), &products.categories, names, top);
            let lengths = (0..items as u32).map(|item| products.categories_of(item).len() as f64);
            describe(&mut column, lengths.filter(|length| *length > 0.0).collect());
            column
        }),
        Box::new(move || {
            let prices = products.price.iter().filter(|price| !price.is_nan()).map(|price| f64::from(*price));
            numbers("price", owner, ColumnKind::Number, items, prices.collect(), top, |price| {
                (price as f32).to_string()
            })
        }),
        Box::new(move || marked(column("description", owner, ColumnKind::Text, items as u64, present(4)))),
        Box::new(move || marked(column("image", owner, ColumnKind::Text, items as u64, present(5)))),
        Box::new(move || {
            let mut column = column("also_bought", owner, ColumnKind::List, items as u64, present(6));
            let lengths = (0..items as u32).map(|item| products.bought_with(item).len() as f64);
            let known = lengths.zip(&products.filled).filter(|(_, bits)| **bits >> 6 & 1 == 1);
            describe(&mut column, known.map(|(length, _)| length).collect());
            marked(column)
        }),
    ]
}

fn column(name: &str, owner: Owner, kind: ColumnKind, rows: u64, present: u64) -> Column {
    Column {
        name: name.to_owned(),
        owner,
        kind,
        rows,
        missing: rows - present,
        missing_share: (rows - present) as f64 / rows.max(1) as f64,
        distinct: None,
        unique: None,
        numbers: None,
        histogram: None,
        common: Vec::new(),
        smallest: Vec::new(),
        largest: Vec::new(),
        languages: Vec::new(),
        words: Vec::new(),
        marks: Vec::new(),
    }
}

fn value(value: String, rows: u64, all: u64) -> Frequent {
    Frequent { value, rows, share: rows as f64 / all.max(1) as f64 }
}

fn keys(name: &str, keys: &Keys, rows: usize, top: usize) -> Column {
    let mut column = column(name, Owner::Reviews, ColumnKind::Key, rows as u64, rows as u64);
    column.distinct = Some(keys.len() as u64);
    column.unique = Some(keys.reviews.iter().filter(|reviews| **reviews == 1).count() as u64);
    let common = keys.top(top).into_iter();
    let reviews = |key: u32| u64::from(keys.reviews[key as usize]);
    column.common = common.map(|key| value(keys.name(key), reviews(key), rows as u64)).collect();
    marked(column)
}

fn numbers(
    name: &str,
    owner: Owner,
    kind: ColumnKind,
    rows: usize,
    mut values: Vec<f64>,
    top: usize,
    write: impl Fn(f64) -> String,
) -> Column {
    let mut column = column(name, owner, kind, rows as u64, values.len() as u64);
    if values.is_empty() {
        return marked(column);
    }
    column.numbers = Some(Numbers::of(&mut values));
    let counted = count(&values, top, write);
    column.histogram = Some(Histogram::of(&values));
    (column.distinct, column.unique) = (Some(counted.distinct), Some(counted.unique));
    (column.common, column.smallest, column.largest) = (counted.common, counted.smallest, counted.largest);
    let is_uniform = is_uniform(&counted.frequencies);
    let mut column = marked(column);
    if is_uniform {
        column.marks.push(Mark::Uniform);
    }
    column
}

fn boolean(name: &str, rows: u64, yes: u64, all: u64) -> Column {
    let mut column = column(name, Owner::Reviews, ColumnKind::Boolean, rows, all);
    let mut common = vec![value("true".to_owned(), yes, all), value("false".to_owned(), all - yes, all)];
    common.retain(|value| value.rows > 0);
    common.sort_by_key(|value| std::cmp::Reverse(value.rows));
    column.distinct = Some(common.len() as u64);
    column.common = common;
    marked(column)
}

/// A text column by its numbers of words.
fn text(name: &str, owner: Owner, rows: usize, words: Vec<f64>) -> Column {
    let mut column = column(name, owner, ColumnKind::Text, rows as u64, words.len() as u64);
    describe(&mut column, words);
    marked(column)
}

fn describe(column: &mut Column, mut values: Vec<f64>) {
    if !values.is_empty() {
        column.numbers = Some(Numbers::of(&mut values));
        column.histogram = Some(Histogram::of(&values));
    }
}

fn categories(
    name: &str,
    kind: ColumnKind,
    rows: usize,
    present: u64,
    names: &Keys,
    values: impl Iterator<Item = u32>,
    top: usize,
) -> Column {
    let mut counts = vec![0_u64; names.len()];
    values.for_each(|name| counts[name as usize] += 1);
    let mut column = column(name, Owner::Products, kind, rows as u64, present);
    column.distinct = Some(counts.len() as u64);
    column.unique = Some(counts.iter().filter(|count| **count == 1).count() as u64);
    let mut order: Vec<u32> = (0..names.len() as u32).collect();
    let rows_of = |name: &u32| counts[*name as usize];
    order.sort_unstable_by(|a, b| rows_of(b).cmp(&rows_of(a)).then_with(|| names.key(*a).cmp(names.key(*b))));
    let common = order.into_iter().take(top);
    column.common = common.map(|name| value(names.key(name).to_owned(), rows_of(&name), present)).collect();
    marked(column)
}

/// Distinct texts, and those that one review only has.
fn distinct_texts(texts: &Texts) -> (u64, u64) {
    let mut hashes: Vec<u64> = texts.hash.iter().copied().filter(|hash| *hash != 0).collect();
    hashes.par_sort_unstable();
    let runs = hashes.chunk_by(|a, b| a == b);
    runs.fold((0, 0), |(distinct, unique), run| (distinct + 1, unique + u64::from(run.len() == 1)))
}

fn languages(languages: &[Language]) -> Vec<Frequent> {
    let mut counts = std::collections::BTreeMap::new();
    for language in languages.iter().filter(|language| **language != Language::None) {
        *counts.entry(*language).or_insert(0_u64) += 1;
    }
    let all = counts.values().sum();
    let mut found: Vec<Frequent> =
        counts.into_iter().map(|(language, rows)| value(language.name().to_owned(), rows, all)).collect();
    found.sort_by_key(|value| std::cmp::Reverse(value.rows));
    found
}

/// The column with what is notable about it.
fn marked(mut column: Column) -> Column {
    let present = column.rows - column.missing;
    let is_value = matches!(column.kind, ColumnKind::Number | ColumnKind::Time);
    let numbers = column.numbers.as_ref().filter(|_| is_value);
    let most = column.common.first().map_or(0.0, |value| value.share);
    let is_constant = column.distinct == Some(1) && present > 1 && column.kind != ColumnKind::List;
    let names = column.distinct.unwrap_or_default();
    let marks = [
        (Mark::Empty, present == 0),
        (Mark::Missing, present > 0 && column.missing_share >= MISSING),
        (Mark::Constant, is_constant),
        (Mark::Zeros, numbers.is_some_and(|numbers| numbers.zeros as f64 >= ZEROS * numbers.count as f64)),
        (Mark::Skewed, numbers.and_then(|numbers| numbers.skewness).is_some_and(|skewness| skewness.abs() > SKEWED)),
        (Mark::Imbalanced, names > 1 && most > IMBALANCED && column.kind != ColumnKind::List),
        (Mark::Unique, column.unique == Some(present) && present > 1 && column.kind != ColumnKind::Text),
        (Mark::HighCardinality, column.kind == ColumnKind::Category && names > NAMES && names * 2 > present),
    ];
    column.marks = marks.into_iter().filter(|(_, applies)| *applies).map(|(mark, _)| mark).collect();
    column
}

/// Whether values are as equally frequent as hardly ever by chance: chi-squared below what one in a thousand uniform
/// samples has (Wilson and Hilferty 1931: the cube root of chi-squared by its degrees of freedom is about normal).
fn is_uniform(frequencies: &[u64]) -> bool {
    let (count, all) = (frequencies.len() as f64, frequencies.iter().sum::<u64>() as f64);
    if frequencies.len() < 5 || all < 5.0 * count {
        return false;
    }
    let expected = all / count;
    let chi_squared: f64 = frequencies.iter().map(|rows| (*rows as f64 - expected).powi(2) / expected).sum();
    let freedom = count - 1.0;
    let spread = 2.0 / (9.0 * freedom);
    ((chi_squared / freedom).cbrt() - (1.0 - spread)) / spread.sqrt() < -3.09
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Params,
        data::fixture::{Fixture, Product, data, row},
    };

    fn find<'a>(columns: &'a [Column], owner: Owner, name: &str) -> &'a Column {
        columns.iter().find(|column| column.owner == owner && column.name == name).unwrap()
    }

    #[test]
    fn columns_of_reviews_by_hand() {
        let mut rows = vec![row("u", "a", 5.0, 0), row("v", "a", 5.0, 86_400), row("u", "b", 1.0, 86_400)];
        rows[0].verified = Some(true);
        rows[1].verified = Some(false);
        rows[2].verified = Some(true);
        rows[2].votes = Some(0);
        let found = columns(&data(&rows), 20);
        let of = |name| find(&found, Owner::Reviews, name);
        assert_eq!(found.len(), 7, "texts and products are not connected");
        let user = of("user");
        assert_eq!((user.distinct, user.unique, user.common[0].value.as_str()), (Some(2), Some(1), "u"));
        let rating = of("rating");
        assert_eq!((rating.common[0].value.as_str(), rating.common[0].rows), ("5", 2));
        assert!((rating.numbers.as_ref().unwrap().mean - 11.0 / 3.0).abs() < 1e-12);
        assert_eq!(of("time").largest[0].value, "1970-01-02");
        let verified = of("verified");
        assert_eq!((verified.common[0].value.as_str(), verified.common[0].rows, verified.missing), ("true", 2, 0));
        let votes = of("helpful_votes");
        assert_eq!((votes.missing, votes.marks.as_slice()), (2, &[Mark::Missing, Mark::Zeros][..]));
        assert_eq!(of("text_length").marks, [Mark::Empty]);
    }

    #[test]
    fn columns_of_texts_and_products_by_hand() {
        let products = vec![
            Product { item: "a", title: Some("One two"), brand: Some("B"), price: Some(2.5), ..Product::default() },
            Product { item: "b", brand: Some("B"), categories: &["X", "Y"], ..Product::default() },
        ];
        let rows = vec![
            row("u", "a", 5.0, 0).says("the very good sound and the price"),
            row("v", "a", 4.0, 0).says("The very good sound, and the price!"),
            row("u", "b", 1.0, 0),
        ];
        let fixture = Fixture { rows, has_texts: true, products: Some(products), ..Fixture::default() };
        let found = columns(&fixture.data(&Params::default()), 3);
        assert_eq!(found.len(), 7 + 2 + 7);
        let text = find(&found, Owner::Reviews, "text");
        assert_eq!((text.distinct, text.unique, text.missing), (Some(1), Some(0), 1));
        assert_eq!((text.languages[0].value.as_str(), text.languages[0].rows), ("English", 2));
        assert_eq!((text.words.len(), text.words[0].rows), (3, 2));
        assert_eq!(text.numbers.as_ref().unwrap().mean, 7.0);
        let brand = find(&found, Owner::Products, "brand");
        assert_eq!((brand.distinct, brand.common[0].rows, brand.marks.as_slice()), (Some(1), 2, &[Mark::Constant][..]));
        let categories = find(&found, Owner::Products, "categories");
        assert_eq!((categories.missing, categories.numbers.as_ref().unwrap().maximum), (1, 2.0));
        assert_eq!(find(&found, Owner::Products, "price").common[0].value, "2.5");
        assert_eq!(find(&found, Owner::Products, "image").marks, [Mark::Empty]);
    }

    #[test]
    fn only_suspiciously_even_values_are_uniform() {
        assert!(is_uniform(&[100; 10]));
        // Chi-squared 7.0 at nine degrees of freedom is what chance makes of ten equally likely values.
        assert!(!is_uniform(&[110, 90, 110, 90, 105, 95, 110, 90, 105, 95].map(|rows: u64| rows)));
        assert!(!is_uniform(&[100; 3]) && !is_uniform(&[1; 10]));
    }
}
