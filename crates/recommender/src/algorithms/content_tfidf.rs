//! Items described in the same words are alike: TF-IDF over product texts.
//!
//! Formula: term `t` of item `i` weighs `idf(t) * sum over fields f containing t of
//! weight(f) * (1 + ln(count of t in f))` with `idf(t) = ln((1 + items with text) / (1 + items with t)) + 1`;
//! vectors are scaled to length 1. `score(i)` is the cosine of item `i` with the mean of the history's
//! vectors. With a `feature_weight` `a` it is `(1 - a) * text cosine + a * feature cosine`, the latter
//! over the item features, each brought to mean 0 and variance 1. An item without text has a text
//! cosine of 0.
//!
//! Complexity: fitting `O(words)`, parallel over items; scoring `O(items + sum over the history's
//! terms of the items that contain them)`, by postings. Fitted from texts alone, it also serves items
//! that nobody has chosen yet. A stranger gets 0 for every item.
//!
//! Papers: Salton and Buckley, "Term-weighting approaches in automatic text retrieval", 1988; Lops, de
//! Gemmis and Semeraro, "Content-based recommender systems", 2011.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{parameters_of, require};
use crate::{
    Error, Explanation, Interaction, ModelData, Recommender, Scored, Tensor,
    dense::{dot, row},
    sparse::SparseRows,
    text::words,
    top_k,
};

/// Name of the algorithm.
pub const NAME: &str = "content-tfidf";

/// How much a word counts by the field in which it stands, each 0 or more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FieldWeights {
    /// The item's name.
    pub title: f64,
    /// Its maker.
    pub brand: f64,
    /// The names of all its categories.
    pub categories: f64,
    /// Its description.
    pub description: f64,
}

impl Default for FieldWeights {
    fn default() -> Self {
        Self { title: 2.0, brand: 1.0, categories: 1.0, description: 0.5 }
    }
}

/// What `content-tfidf` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How much a word counts by its field; 0 leaves the field out.
    pub field_weights: FieldWeights,
    /// Items that a word must occur in, 1 or more.
    pub min_df: u32,
    /// Share of the items with text that a word may occur in, above 0, at most 1.
    pub max_df_ratio: f64,
    /// Words kept, the most common ones first, 1 or more.
    pub max_features: u32,
    /// Share of the item features in the score, 0 to 1.
    pub feature_weight: f64,
    /// Whether an item of the history counts by its rating; if not, all count the same.
    pub use_ratings: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            field_weights: FieldWeights::default(),
            min_df: 2,
            max_df_ratio: 0.5,
            max_features: 50_000,
            feature_weight: 0.0,
            use_ratings: false,
        }
    }
}

impl Parameters {
    /// Checks the ranges.
    pub fn check(&self) -> Result<(), Error> {
        let weights = &self.field_weights;
        let fields = [
            ("field_weights.title", weights.title),
            ("field_weights.brand", weights.brand),
            ("field_weights.categories", weights.categories),
            ("field_weights.description", weights.description),
        ];
        for (name, weight) in fields {
            require(NAME, name, weight, (0.0..=1e6).contains(&weight), "a number from 0 to 1000000")?;
        }
        require(NAME, "min_df", self.min_df, self.min_df >= 1, "a whole number from 1")?;
        let ratio = self.max_df_ratio > 0.0 && self.max_df_ratio <= 1.0;
        require(NAME, "max_df_ratio", self.max_df_ratio, ratio, "a number above 0, at most 1")?;
        require(NAME, "max_features", self.max_features, self.max_features >= 1, "a whole number from 1")?;
        let share = (0.0..=1.0).contains(&self.feature_weight);
        require(NAME, "feature_weight", self.feature_weight, share, "a number from 0 to 1")
    }
}

/// What is written about an item; empty where unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemText {
    /// The item's name.
    pub title: String,
    /// Its maker.
    pub brand: String,
    /// The names of its categories.
    pub categories: Vec<String>,
    /// Its description.
    pub description: String,
}

/// Numbers that describe items: row = item, column = feature.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemFeatures {
    /// Number of features.
    pub width: usize,
    /// The values, item by item.
    pub values: Vec<f32>,
}

/// Fitted text vectors.
///
/// ```
/// use recommender::{Recommender, algorithms::content_tfidf::{ContentTfidf, ItemText, Parameters}};
///
/// let item = |title: &str| ItemText { title: title.to_owned(), ..ItemText::default() };
/// let items = [item("guitar strings"), item("steel guitar strings"), item("drum sticks"), item("drum skin")];
/// let model = ContentTfidf::fit(&Parameters::default(), &items, None)?;
/// assert_eq!(model.similar(0, 5).len(), 1);
/// assert_eq!(model.similar(0, 5)[0].item, 1);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ContentTfidf {
    parameters: Parameters,
    /// Row = item, column = term, in the order of terms.
    vectors: SparseRows,
    /// Row = term, column = item.
    postings: SparseRows,
    /// Standardised features scaled to length 1, row by row; empty if not used.
    features: Vec<f32>,
    width: usize,
}

impl ContentTfidf {
    /// Weighs the words of `items` (in the order of their indices), and takes their features in if there
    /// are any and `feature_weight` is above 0.
    ///
    /// # Panics
    /// If there are features but not `width` for each item.
    pub fn fit(parameters: &Parameters, items: &[ItemText], features: Option<&ItemFeatures>) -> Result<Self, Error> {
        parameters.check()?;
        let vocabulary = Vocabulary::of(parameters, items);
        let features = features.filter(|features| features.width > 0 && parameters.feature_weight > 0.0);
        if vocabulary.terms.is_empty() && features.is_none() {
            return Err(Error::NoText { algorithm: NAME, items: items.len() });
        }
        let rows: Vec<Vec<(u32, f32)>> = items.par_iter().map(|item| vocabulary.vector(parameters, item)).collect();
        let width = features.map_or(0, |features| features.width);
        let features = features.map_or_else(Vec::new, |features| standardized(features, items.len()));
        Ok(Self::of(parameters.clone(), SparseRows::from_rows(vocabulary.terms.len(), &rows), features, width))
    }

    fn of(parameters: Parameters, vectors: SparseRows, features: Vec<f32>, width: usize) -> Self {
        Self { parameters, postings: vectors.transposed(), vectors, features, width }
    }

    /// The vectors that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let sizes = data.integers_of("sizes", 2)?;
        let (terms, width) = (sizes[0] as usize, sizes[1] as usize);
        let vectors = SparseRows::load(data, "terms", data.items, terms)?;
        let features = data.floats_of("features", data.items * width)?.to_vec();
        Ok(Self::of(parameters_of(data)?, vectors, features, width))
    }

    /// Number of terms in use.
    pub fn term_count(&self) -> usize {
        self.postings.len()
    }

    /// Number of items with at least one term.
    pub fn items_with_text(&self) -> usize {
        (0..self.vectors.len() as u32).filter(|item| self.vectors.row(*item).next().is_some()).count()
    }

    /// Text and feature vector of a history, each of length 1 (or zero): sums of the items' vectors.
    fn profile(&self, history: &[Interaction]) -> (Vec<(u32, f32)>, Vec<f32>) {
        let mut cells: Vec<(u32, f32)> = Vec::new();
        let mut features = vec![0.0; self.width];
        for entry in history {
            let strength = entry.strength(self.parameters.use_ratings);
            cells.extend(self.vectors.row(entry.item).map(|(term, value)| (term, strength * value)));
            let own = row(&self.features, self.width, entry.item).unwrap_or_default();
            features.iter_mut().zip(own).for_each(|(sum, value)| *sum += strength * value);
        }
        cells.sort_by_key(|(term, _)| *term);
        let mut terms: Vec<(u32, f32)> = Vec::new();
        for (term, value) in cells {
            match terms.last_mut() {
                Some((last, sum)) if *last == term => *sum += value,
                _ => terms.push((term, value)),
            }
        }
        scale_to_length_1(terms.iter_mut().map(|(_, value)| value));
        scale_to_length_1(features.iter_mut());
        (terms, features)
    }

    /// Share of the features in the score: none if there are none.
    fn feature_weight(&self) -> f32 {
        if self.width > 0 { self.parameters.feature_weight as f32 } else { 0.0 }
    }

    fn cosine(&self, a: u32, b: u32) -> f32 {
        let other: BTreeMap<u32, f32> = self.vectors.row(b).collect();
        let text: f32 = self.vectors.row(a).filter_map(|(term, value)| Some(value * other.get(&term)?)).sum();
        let pair = (row(&self.features, self.width, a), row(&self.features, self.width, b));
        let features = if let (Some(a), Some(b)) = pair { dot(a, b) } else { 0.0 };
        let share = self.feature_weight();
        (1.0 - share) * text + share * features
    }
}

/// The words in use, with their weights.
struct Vocabulary {
    /// Word to term index and inverse document frequency.
    terms: HashMap<String, (u32, f64)>,
}

impl Vocabulary {
    fn of(parameters: &Parameters, items: &[ItemText]) -> Self {
        let count = |mut counts: HashMap<String, u32>, item: &ItemText| {
            for word in distinct(parameters, item) {
                *counts.entry(word).or_default() += 1;
            }
            counts
        };
        let add = |mut counts: HashMap<String, u32>, others: HashMap<String, u32>| {
            for (word, items) in others {
                *counts.entry(word).or_default() += items;
            }
            counts
        };
        let frequency = items.par_iter().fold(HashMap::new, count).reduce(HashMap::new, add);
        let with_text = items
            .par_iter()
            .filter(|item| fields(parameters, item).any(|(_, mut words)| words.next().is_some()))
            .count();
        let most = parameters.max_df_ratio * with_text as f64;
        let mut kept: Vec<(String, u32)> = frequency
            .into_iter()
            .filter(|(_, items)| *items >= parameters.min_df && f64::from(*items) <= most)
            .collect();
        kept.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        kept.truncate(parameters.max_features as usize);
        kept.sort_unstable();
        let idf = |items: u32| ((1.0 + with_text as f64) / (1.0 + f64::from(items))).ln() + 1.0;
        let terms = (0..).zip(kept).map(|(term, (word, items))| (word, (term, idf(items)))).collect();
        Self { terms }
    }

    fn vector(&self, parameters: &Parameters, item: &ItemText) -> Vec<(u32, f32)> {
        let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
        for (weight, words) in fields(parameters, item) {
            let mut counts: BTreeMap<u32, (u32, f64)> = BTreeMap::new();
            for (term, idf) in words.filter_map(|word| self.terms.get(&word)) {
                counts.entry(*term).or_insert((0, *idf)).0 += 1;
            }
            for (term, (count, idf)) in counts {
                *sums.entry(term).or_default() += idf * weight * (1.0 + f64::from(count).ln());
            }
        }
        let mut cells: Vec<(u32, f32)> = sums.into_iter().map(|(term, value)| (term, value as f32)).collect();
        scale_to_length_1(cells.iter_mut().map(|(_, value)| value));
        cells
    }
}

/// The fields that count: weight and words.
fn fields<'a>(
    parameters: &Parameters,
    item: &'a ItemText,
) -> impl Iterator<Item = (f64, Box<dyn Iterator<Item = String> + 'a>)> {
    let weights = &parameters.field_weights;
    let categories = item.categories.iter().flat_map(|category| words(category));
    let fields: [(f64, Box<dyn Iterator<Item = String> + 'a>); 4] = [
        (weights.title, Box::new(words(&item.title))),
        (weights.brand, Box::new(words(&item.brand))),
        (weights.categories, Box::new(categories)),
        (weights.description, Box::new(words(&item.description))),
    ];
    fields.into_iter().filter(|(weight, _)| *weight > 0.0)
}

fn distinct(parameters: &Parameters, item: &ItemText) -> BTreeSet<String> {
    fields(parameters, item).flat_map(|(_, words)| words).collect()
}

/// Brings each feature to mean 0 and variance 1 (constant ones to 0), then each item to length 1.
fn standardized(features: &ItemFeatures, items: usize) -> Vec<f32> {
    assert_eq!(features.values.len(), items * features.width, "one row of features an item");
    let mut values = features.values.clone();
    for column in 0..features.width {
        let cells = || features.values[column..].iter().step_by(features.width).map(|value| f64::from(*value));
        let finite = || cells().filter(|value| value.is_finite());
        let count = finite().count().max(1) as f64;
        let mean = finite().sum::<f64>() / count;
        let deviation = (finite().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        for value in values[column..].iter_mut().step_by(features.width) {
            let centred = (f64::from(*value) - mean) / deviation;
            *value = if centred.is_finite() && deviation > 1e-9 { centred as f32 } else { 0.0 };
        }
    }
    values.chunks_exact_mut(features.width).for_each(|row| scale_to_length_1(row.iter_mut()));
    values
}

fn scale_to_length_1<'a>(values: impl Iterator<Item = &'a mut f32>) {
    let values: Vec<&mut f32> = values.collect();
    let length = values.iter().map(|value| f64::from(**value) * f64::from(**value)).sum::<f64>().sqrt();
    if length > 0.0 {
        for value in values {
            *value = (f64::from(*value) / length) as f32;
        }
    }
}

impl Recommender for ContentTfidf {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.vectors.len()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        assert_eq!(scores.len(), self.item_count(), "one score an item");
        scores.fill(0.0);
        let (terms, features) = self.profile(history);
        let share = self.feature_weight();
        for (term, value) in terms {
            for (item, other) in self.postings.row(term) {
                scores[item as usize] += (1.0 - share) * value * other;
            }
        }
        if self.width > 0 {
            for (score, item) in scores.iter_mut().zip(self.features.chunks_exact(self.width)) {
                *score += share * dot(&features, item);
            }
        }
    }

    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        let mut scores = vec![0.0; self.item_count()];
        self.score(&[Interaction { item, weight: 1.0, time: 0 }], &mut scores);
        top_k(&scores, k, |other| other == item || scores[other as usize] <= 0.0)
    }

    fn explain(&self, item: u32, history: &[Interaction]) -> Option<Explanation> {
        if item as usize >= self.item_count() {
            return None;
        }
        let contribution = |entry: &Interaction| {
            let strength = entry.strength(self.parameters.use_ratings);
            (entry.item, strength * self.cosine(entry.item, item))
        };
        Some(Explanation::new(0.0, history.iter().map(contribution), false))
    }

    fn save(&self) -> ModelData {
        let items = self.item_count();
        let mut tensors = BTreeMap::from([
            ("sizes".to_owned(), Tensor::indices(vec![self.postings.len() as u32, self.width as u32])),
            ("features".to_owned(), Tensor::matrix(items, self.width, self.features.clone())),
        ]);
        self.vectors.save("terms", &mut tensors);
        ModelData::new(NAME, &self.parameters, items, tensors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;

    fn item(title: &str, brand: &str) -> ItemText {
        ItemText { title: title.to_owned(), brand: brand.to_owned(), ..ItemText::default() }
    }

    fn parameters() -> Parameters {
        Parameters { min_df: 1, max_df_ratio: 1.0, ..Parameters::default() }
    }

    fn entry(item: u32) -> Interaction {
        Interaction { item, weight: 5.0, time: 0 }
    }

    fn scores(model: &ContentTfidf, history: &[Interaction]) -> Vec<f32> {
        let mut scores = vec![9.0; model.item_count()];
        model.score(history, &mut scores);
        scores
    }

    #[test]
    fn golden_cosine_of_two_titles() {
        let items = [item("red guitar", ""), item("blue guitar guitar", ""), item("", "")];
        let model = ContentTfidf::fit(&parameters(), &items, None).unwrap();
        // Two items with text. idf: guitar ln(3/3) + 1 = 1, red and blue ln(3/2) + 1 = 1.405465.
        // Title weight 2 cancels out. Item 0: red 1.405465, guitar 1. Item 1: blue 1.405465,
        // guitar 1 + ln 2 = 1.693147. Cosine: 1.693147 / (sqrt(2.975332) * sqrt(4.842079)) = 0.446079.
        let found = model.similar(0, 5);
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.446_079).abs() < 1e-5, "{found:?}");
        assert_eq!((model.term_count(), model.items_with_text()), (3, 2));
    }

    #[test]
    fn items_without_text_score_0_and_change_nothing() {
        let items = [item("red guitar", ""), item("blue guitar", ""), item("", "")];
        let model = ContentTfidf::fit(&parameters(), &items, None).unwrap();
        assert_eq!(scores(&model, &[entry(2)]), [0.0; 3]);
        assert_eq!(scores(&model, &[entry(0), entry(2)]), scores(&model, &[entry(0)]));
        assert!((scores(&model, &[entry(0)])[0] - 1.0).abs() < 1e-6, "an item is entirely like itself");
        assert_eq!(model.reason(1, &[entry(2), entry(0)]), Some(Reason::BecauseOf { item: 0, share: 1.0 }));
    }

    #[test]
    fn rare_and_common_words_are_left_out() {
        let items = [item("guitar red", ""), item("guitar red", ""), item("guitar blue", ""), item("guitar drum", "")];
        // guitar stands in 4 of 4 items, blue and drum in one.
        let model = ContentTfidf::fit(&Parameters::default(), &items, None).unwrap();
        assert_eq!(model.term_count(), 1);
        let limited = Parameters { max_features: 2, ..parameters() };
        // guitar and red are the most common ones.
        let model = ContentTfidf::fit(&limited, &items, None).unwrap();
        assert_eq!(model.similar(2, 5).len(), 3);
        assert_eq!(model.term_count(), 2);
    }

    #[test]
    fn a_field_of_weight_0_does_not_count() {
        let items = [item("red", "fender"), item("blue", "fender")];
        let mut parameters = parameters();
        assert_eq!(ContentTfidf::fit(&parameters, &items, None).unwrap().similar(0, 5).len(), 1);
        parameters.field_weights.brand = 0.0;
        assert_eq!(ContentTfidf::fit(&parameters, &items, None).unwrap().similar(0, 5).len(), 0);
    }

    #[test]
    fn features_are_blended_in_by_their_weight() {
        let items = [item("red", ""), item("red", ""), item("blue", "")];
        // Standardised: first column -1.22, 0, 1.22 (up to scale), second constant.
        let features = ItemFeatures { width: 2, values: vec![1.0, 7.0, 2.0, 7.0, 3.0, 7.0] };
        let with = Parameters { feature_weight: 0.25, ..parameters() };
        let model = ContentTfidf::fit(&with, &items, Some(&features)).unwrap();
        let found = scores(&model, &[entry(0)]);
        // Text cosines 1, 1, 0; feature cosines 1, 0, -1.
        let expected = [1.0, 0.75, -0.25];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn nothing_to_read_is_an_error_that_says_what_to_do() {
        let error = ContentTfidf::fit(&parameters(), &[item("", ""), item("a", "")], None).unwrap_err();
        assert!(error.to_string().contains("none of 2 items"), "{error}");
    }
}
