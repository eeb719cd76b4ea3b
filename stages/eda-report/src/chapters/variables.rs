//! What is known of a review as numbers and categories: the variables of correlations and interactions.

use std::collections::HashMap;

use crate::{
    data::{Data, Language, NONE},
    formulas::{quantiles::quantile, sampling::sample},
};

/// Rows that relations between variables are taken over, at most about this many.
pub(crate) const ROWS: usize = 50_000;
/// Categories that are told apart; the rest is one more.
const CATEGORIES: usize = 20;
/// Bins of a number where it is taken as a category.
const BINS: usize = 10;

/// A variable over the sampled rows.
pub(crate) struct Variable {
    /// Its name, in a word or two.
    pub(crate) name: &'static str,
    /// Its values; none where a row has none.
    pub(crate) values: Values,
}

/// Values of a variable.
pub(crate) enum Values {
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Numbers of categories, from 0.
    Categories(Vec<Option<usize>>),
}

impl Variable {
    /// Its numbers; none for categories.
    pub(crate) fn numbers(&self) -> Option<&[Option<f64>]> {
        match &self.values {
            Values::Numbers(numbers) => Some(numbers),
            Values::Categories(_) => None,
        }
    }

    /// Its categories; those of numbers are bins of equal width, up to ten: between the 1 % and the 99 % quantile, so
    /// that a few far values do not push all others into one bin; those values are in the outer bins.
    pub(crate) fn categories(&self) -> Vec<Option<usize>> {
        match &self.values {
            Values::Categories(categories) => categories.clone(),
            Values::Numbers(numbers) => binned(numbers),
        }
    }
}

fn binned(numbers: &[Option<f64>]) -> Vec<Option<usize>> {
    let mut sorted: Vec<f64> = numbers.iter().copied().flatten().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = (quantile(&sorted, 0.01), quantile(&sorted, 0.99));
    let width = (high - low) / BINS as f64;
    let bin = |value: f64| if width > 0.0 { (((value - low) / width).max(0.0) as usize).min(BINS - 1) } else { 0 };
    numbers.iter().map(|value| value.map(bin)).collect()
}

/// All variables over a fixed sample of the rows, and these rows.
pub(crate) fn variables(data: &Data, seed: u64) -> (Vec<u32>, Vec<Variable>) {
    let rows = sample(data.reviews.len(), ROWS, seed);
    let mut found = of_reviews(data, &rows);
    if let Some(texts) = &data.texts {
        let number = |value: &dyn Fn(usize) -> Option<u32>| {
            Values::Numbers(rows.iter().map(|row| value(*row as usize).map(f64::from)).collect())
        };
        found.push(Variable { name: "words", values: number(&|row| texts.words(row)) });
        found.push(Variable { name: "title words", values: number(&|row| texts.title_words(row)) });
        let languages = rows.iter().map(|row| texts.language[*row as usize]);
        let named = languages.map(|language| (language != Language::None).then_some(language as u32));
        found.push(Variable { name: "language", values: Values::Categories(most_frequent(named)) });
    }
    if let Some(products) = &data.products {
        let item = |row: &u32| data.reviews.item[*row as usize];
        let prices = rows.iter().map(|row| products.price[item(row) as usize]);
        let prices = prices.map(|price| (!price.is_nan()).then(|| f64::from(price))).collect();
        found.push(Variable { name: "price", values: Values::Numbers(prices) });
        let categories = rows.iter().map(|row| products.categories_of(item(row)).last().copied());
        found.push(Variable { name: "category", values: Values::Categories(most_frequent(categories)) });
        let brands = rows.iter().map(|row| products.brand[item(row) as usize]);
        let brands = brands.map(|brand| (brand != NONE).then_some(brand));
        found.push(Variable { name: "brand", values: Values::Categories(most_frequent(brands)) });
    }
    (rows, found)
}

fn of_reviews(data: &Data, rows: &[u32]) -> Vec<Variable> {
    let reviews = &data.reviews;
    let numbers = |name, value: &dyn Fn(usize) -> Option<f64>| Variable {
        name,
        values: Values::Numbers(rows.iter().map(|row| value(*row as usize)).collect()),
    };
    vec![
        numbers("rating", &|row| Some(f64::from(reviews.rating[row]))),
        numbers("time", &|row| Some(reviews.time[row] as f64)),
        numbers("votes", &|row| reviews.votes(row).map(f64::from)),
        numbers("characters", &|row| reviews.length(row).map(f64::from)),
        numbers("reviews of product", &|row| Some(f64::from(data.items.reviews[reviews.item[row] as usize]))),
        numbers("reviews of user", &|row| Some(f64::from(data.users.reviews[reviews.user[row] as usize]))),
        Variable {
            name: "verified",
            values: Values::Categories(
                rows.iter().map(|row| reviews.verified(*row as usize).map(usize::from)).collect(),
            ),
        },
    ]
}

/// Names as categories: the most frequent by their rank, all others as one more.
fn most_frequent(names: impl Iterator<Item = Option<u32>> + Clone) -> Vec<Option<usize>> {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for name in names.clone().flatten() {
        *counts.entry(name).or_default() += 1;
    }
    let mut order: Vec<(u32, usize)> = counts.into_iter().collect();
    order.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let ranks: HashMap<u32, usize> =
        order.iter().take(CATEGORIES).zip(0..).map(|((name, _), rank)| (*name, rank)).collect();
    names.map(|name| name.map(|name| ranks.get(&name).copied().unwrap_or(CATEGORIES))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_and_categories_by_hand() {
        let numbers: Vec<Option<f64>> = (0..=100).map(|value| Some(f64::from(value))).chain([None]).collect();
        let bins = binned(&numbers);
        // From 1 to 99 in ten bins of 9.8: 0 and 1 are in the first one, 99 and 100 in the last one.
        assert_eq!((bins[0], bins[10], bins[11], bins[100], bins[101]), (Some(0), Some(0), Some(1), Some(9), None));
        assert_eq!(binned(&[Some(2.0), Some(2.0)]), [Some(0), Some(0)]);
        let names = [Some(7), None, Some(3), Some(7)];
        assert_eq!(most_frequent(names.into_iter()), [Some(0), None, Some(1), Some(0)]);
    }
}
