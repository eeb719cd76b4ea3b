//! What is written about items, as blocks of sparse columns: one block a field.
//!
//! A block holds the tokens of its field. Titles and descriptions are split into words; a brand and each
//! category or attribute is one token, however many words it has (`Hair Care > Shampoos`, `1234`). Prices
//! become places between quantiles of all prices, an item lying between two of them. Each item's cells of a
//! block have length 1, so that the inner product of two items is, block by block, their cosine.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::content_tfidf::{FieldWeights, ItemText, Parameters, Weighting};
use crate::text::words;

/// Number of fields.
pub(super) const FIELDS: usize = 5;

/// Place of the prices among the fields.
const PRICE: usize = 4;

/// Quantiles between which prices lie.
const PRICE_PLACES: usize = 16;

/// Saturation of repeated words and influence of the length of BM25, as usual.
const BM25: (f64, f64) = (1.2, 0.75);

/// Sparse rows of all items, with the columns of each field.
pub(super) struct Blocks {
    /// One row an item: column and value, in the order of columns.
    pub(super) rows: Vec<Vec<(u32, f32)>>,
    /// First column of each field, and the number of columns.
    starts: [u32; FIELDS + 1],
}

impl FieldWeights {
    /// In the order of the blocks.
    pub(super) fn to_array(&self) -> [f64; FIELDS] {
        [self.title, self.brand, self.categories, self.description, self.price]
    }

    /// From the order of the blocks.
    pub(super) fn from_array([title, brand, categories, description, price]: [f64; FIELDS]) -> Self {
        Self { title, brand, categories, description, price }
    }
}

impl Blocks {
    /// The columns of every field whose weight is above 0.
    pub(super) fn of(parameters: &Parameters, items: &[ItemText]) -> Self {
        let weights = parameters.field_weights.to_array();
        let (mut rows, mut starts) = (vec![Vec::new(); items.len()], [0; FIELDS + 1]);
        for field in 0..FIELDS {
            let start = starts[field];
            let (columns, cells) = match field {
                _ if weights[field] <= 0.0 => (0, Vec::new()),
                PRICE => price_cells(items),
                _ => token_cells(parameters, items, field),
            };
            for (row, cells) in rows.iter_mut().zip(cells) {
                row.extend(cells.into_iter().map(|(column, value)| (start + column, value)));
            }
            starts[field + 1] = start + columns;
        }
        Self { rows, starts }
    }

    /// Number of columns.
    pub(super) fn width(&self) -> usize {
        self.starts[FIELDS] as usize
    }

    /// Whether a field has any column.
    pub(super) fn has(&self, field: usize) -> bool {
        self.starts[field] < self.starts[field + 1]
    }

    /// The rows with each block multiplied so that cosines count by these weights.
    pub(super) fn weighted(&self, weights: &[f64; FIELDS]) -> Vec<Vec<(u32, f32)>> {
        let factor = |column: u32| {
            let field = self.starts[1..].partition_point(|end| *end <= column);
            weights[field].sqrt() as f32
        };
        let cell = |(column, value): &(u32, f32)| {
            let factor = factor(*column);
            (factor > 0.0).then_some((*column, factor * value))
        };
        self.rows.par_iter().map(|row| row.iter().filter_map(cell).collect()).collect()
    }
}

/// The tokens of one field of an item, with repetitions.
fn tokens(item: &ItemText, field: usize) -> Vec<String> {
    let whole = |text: &String| Some(text.trim().to_lowercase()).filter(|token| !token.is_empty());
    match field {
        0 => words(&item.title).collect(),
        1 => whole(&item.brand).into_iter().collect(),
        2 => item.categories.iter().filter_map(whole).collect(),
        _ => words(&item.description).collect(),
    }
}

/// Number of columns and cells of a field of tokens.
fn token_cells(parameters: &Parameters, items: &[ItemText], field: usize) -> (u32, Vec<Vec<(u32, f32)>>) {
    let counted: Vec<BTreeMap<String, u32>> = items.par_iter().map(|item| counts(tokens(item, field))).collect();
    let mut frequency: HashMap<&str, u32> = HashMap::new();
    counted.iter().flat_map(BTreeMap::keys).for_each(|token| *frequency.entry(token).or_default() += 1);
    let filled = counted.iter().filter(|counts| !counts.is_empty()).count();
    let most = parameters.max_df_ratio * filled as f64;
    let is_of_use = |items: u32| items >= parameters.min_df && f64::from(items) <= most;
    let mut kept: Vec<(&str, u32)> = frequency.into_iter().filter(|(_, items)| is_of_use(*items)).collect();
    kept.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    kept.truncate(parameters.max_features as usize);
    kept.sort_unstable();
    let idf = |items: u32| (((1.0 + filled as f64) / (1.0 + f64::from(items))).ln() + 1.0).powf(parameters.rarity);
    let columns: HashMap<&str, (u32, f64)> =
        (0..).zip(&kept).map(|(column, (token, items))| (*token, (column, idf(*items)))).collect();
    let length = |counts: &BTreeMap<String, u32>| f64::from(counts.values().sum::<u32>());
    let mean_length = counted.iter().map(length).sum::<f64>() / filled.max(1) as f64;
    let row = |counts: &BTreeMap<String, u32>| {
        let frequency_weight = parameters.weighting.of(length(counts) / mean_length);
        let cell = |(token, count): (&String, &u32)| {
            let (column, idf) = columns.get(token.as_str())?;
            Some((*column, idf * frequency_weight(f64::from(*count))))
        };
        of_length_1(counts.iter().filter_map(cell).collect())
    };
    (kept.len() as u32, counted.par_iter().map(row).collect())
}

fn counts(tokens: Vec<String>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for token in tokens {
        *counts.entry(token).or_default() += 1;
    }
    counts
}

impl Weighting {
    /// What a word counts by the number of times that it occurs, in a text of this length relative to the
    /// mean.
    fn of(self, length: f64) -> impl Fn(f64) -> f64 {
        let (saturation, influence) = BM25;
        move |count| match self {
            Self::TfIdf => 1.0 + count.ln(),
            Self::Bm25 => count * (saturation + 1.0) / (count + saturation * (1.0 - influence + influence * length)),
        }
    }
}

/// Number of columns and cells of the prices: each lies between two of their quantiles.
fn price_cells(items: &[ItemText]) -> (u32, Vec<Vec<(u32, f32)>>) {
    let price = |item: &ItemText| item.price.map(|price| f64::from(price).ln()).filter(|price| price.is_finite());
    let mut sorted: Vec<f64> = items.iter().filter_map(price).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut places: Vec<f64> = (0..PRICE_PLACES)
        .filter_map(|place| sorted.get((sorted.len().max(1) - 1) * place / (PRICE_PLACES - 1)))
        .copied()
        .collect();
    places.dedup();
    if places.len() < 2 {
        return (0, Vec::new());
    }
    let row = |item: &ItemText| {
        let Some(price) = price(item) else { return Vec::new() };
        let above = places.partition_point(|place| *place <= price).clamp(1, places.len() - 1);
        let share = (price - places[above - 1]) / (places[above] - places[above - 1]);
        let cells = [(above as u32 - 1, 1.0 - share), (above as u32, share)];
        of_length_1(cells.into_iter().filter(|(_, value)| *value > 0.0).collect())
    };
    (places.len() as u32, items.par_iter().map(row).collect())
}

fn of_length_1(mut cells: Vec<(u32, f64)>) -> Vec<(u32, f32)> {
    cells.sort_unstable_by_key(|(column, _)| *column);
    let length = cells.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
    cells.into_iter().map(|(column, value)| (column, (value / length) as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
        let b: BTreeMap<u32, f32> = b.iter().copied().collect();
        a.iter().filter_map(|(column, value)| Some(value * b.get(column)?)).sum()
    }

    fn all() -> Parameters {
        Parameters { min_df: 1, max_df_ratio: 1.0, rarity: 1.0, ..Parameters::default() }
    }

    #[test]
    fn a_category_is_one_token_however_many_words_it_has() {
        let item = |category: &str| ItemText { categories: vec![category.to_owned()], ..ItemText::default() };
        let blocks = Blocks::of(&all(), &["Hair Care > Shampoos", "Hair Care", "hair care ", "7", "8"].map(item));
        assert_eq!(blocks.width(), 4);
        let of = |a: usize, b: usize| dot(&blocks.rows[a], &blocks.rows[b]);
        assert!(of(0, 1).abs() < 1e-6 && (of(1, 2) - 1.0).abs() < 1e-6 && of(3, 4).abs() < 1e-6);
    }

    #[test]
    fn near_prices_are_alike_and_far_ones_are_not() {
        let item = |price: f32| ItemText { price: Some(price), ..ItemText::default() };
        // Quantiles of 100 prices from 1 to 100.
        let mut items: Vec<ItemText> = (1..=100).map(|price| item(price as f32)).collect();
        items.push(ItemText::default());
        items.push(item(0.0));
        let blocks = Blocks::of(&all(), &items);
        let of = |a: usize, b: usize| dot(&blocks.rows[a - 1], &blocks.rows[b - 1]);
        assert!((of(50, 50) - 1.0).abs() < 1e-6);
        assert!(of(50, 51) > of(50, 54) && of(50, 54) > of(50, 70));
        assert!(of(50, 70).abs() < 1e-6 && of(1, 100).abs() < 1e-6);
        assert!(blocks.rows[100].is_empty() && blocks.rows[101].is_empty(), "no price, no place");
    }

    #[test]
    fn golden_bm25() {
        let item = |title: &str| ItemText { title: title.to_owned(), ..ItemText::default() };
        let parameters = Parameters { weighting: Weighting::Bm25, ..all() };
        let blocks = Blocks::of(&parameters, &[item("red guitar"), item("blue guitar guitar drum")]);
        // Mean length 3; lengths relative to it 2/3 and 4/3. Frequency weights: once in the first
        // 2.2 / (1 + 1.2 (0.25 + 0.75 * 2/3)) = 2.2 / 1.9; in the second once 2.2 / (1 + 1.2 * 1.25) = 0.88,
        // twice 4.4 / (2 + 1.5) = 1.257143. idf: guitar 1, the others ln(3/2) + 1 = 1.405465. First:
        // (red 1.405465, guitar 1) / 1.724915. Second: guitar 1.257143, blue and drum 0.88 * 1.405465 =
        // 1.236809 each; length sqrt(1.580408 + 2 * 1.529697) = 2.154019.
        let expected = (1.0 / 1.724_915) * (1.257_143 / 2.154_019);
        assert!((dot(&blocks.rows[0], &blocks.rows[1]) - expected).abs() < 1e-5, "{:?}", blocks.rows);
    }
}
