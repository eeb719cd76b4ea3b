//! Items described alike are alike: TF-IDF or BM25 over titles, brands, categories and descriptions, with prices.
//!
//! Formula: `score(i) = (1 + n(i))^popularity * sum over the history of strength(h) exp(-age(h) / decay) s(h, i)`.
//! `age` is the place counted from the newest item, `n(i)` how often item `i` was chosen (0 for one that nobody
//! has chosen yet: it is recommended by what is written about it alone). The similarity `s` is a sum of cosines,
//! `sum over fields f of weight(f) * cos_f(h, i)`, plus `feature_weight` times the cosine of the item features,
//! each brought to mean 0 and variance 1. Within a field term `t` weighs `idf(t) * (1 + ln(count))`, or
//! saturated and relative to the field's length with BM25; `idf(t) = (ln((1 + items with the field) / (1 +
//! items with t)) + 1)^rarity`. Words are terms in titles and descriptions; a brand, a category and an attribute are one term
//! each, and prices are places between quantiles (`content_fields`): so brands and prices of the history count.
//!
//! With two `steps` the similarity is `S + S^2`: `S` holds each item's `neighbors` most similar items, each row
//! with sum 1; what is like what is like the history counts, too.
//!
//! Field weights are learned if users and what they held out are given: coordinate-wise, from the given weights
//! on, for NDCG@10 on the held-out items ([`crate::blending`]).
//!
//! Complexity: fitting `O(words)`, with two steps `O(sum over terms of their items^2 + items * neighbors^2)`,
//! parallel over items; scoring `O(items + sum over the history's terms of the items that contain them)` by
//! postings, with two steps `O(items + history * neighbors)`. A stranger gets 0 for every item.
//!
//! Papers: Salton and Buckley, "Term-weighting approaches in automatic text retrieval", 1988; Robertson and
//! Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009; Lops, de Gemmis and Semeraro,
//! "Content-based recommender systems", 2011.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    content_fields::{Blocks, FIELDS},
    content_similarity::{Similarity, standardized},
    parameters_of, require,
};
use crate::{
    Error, Evidence, Explainer, Interaction, Interactions, ModelData, Recommender, Scored, Tensor,
    blending::{Candidates, UserCandidates, refine},
    recency::by_recency,
    sparse::SparseRows,
    top_k,
};

/// Name of the algorithm.
pub const NAME: &str = "content-tfidf";

/// Most users that field weights are learned from, spread evenly.
const LEARNING_USERS: usize = 10_000;

/// Best items of each field that could come to the top when field weights are learned.
const LEARNING_DEPTH: usize = 100;

/// Length of list whose NDCG the field weights are to raise.
const LEARNING_K: u32 = 10;

/// How much a field counts, each 0 or more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FieldWeights {
    /// The words of the item's name.
    pub title: f64,
    /// Its maker.
    pub brand: f64,
    /// Its categories and attributes.
    pub categories: f64,
    /// The words of its description.
    pub description: f64,
    /// Its price.
    pub price: f64,
}

impl Default for FieldWeights {
    fn default() -> Self {
        Self { title: 1.0, brand: 0.5, categories: 1.0, description: 0.5, price: 0.1 }
    }
}

/// How often a word occurs in a text, in weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// `1 + ln(count)`.
    #[default]
    TfIdf,
    /// Saturated, and less in longer texts.
    Bm25,
}

/// What `content-tfidf` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How much a field counts; 0 leaves the field out.
    pub field_weights: FieldWeights,
    /// Whether field weights are learned from there on, where validation interactions are given.
    pub learn_field_weights: bool,
    /// How the number of times counts that a word occurs.
    #[schemars(extend("tune" = {"values": ["tf-idf", "bm25"]}))]
    pub weighting: Weighting,
    /// Items that a term must occur in, 1 or more.
    pub min_df: u32,
    /// Share of the items with the field that a term may occur in, above 0, at most 1.
    #[schemars(extend("tune" = {"low": 0.01, "high": 1.0, "scale": "log"}))]
    pub max_df_ratio: f64,
    /// Terms kept of each field, the most common ones first, 1 or more.
    pub max_features: u32,
    /// How far rare terms are preferred to common ones: exponent of the inverse document frequency, 0 to 10.
    #[schemars(extend("tune" = {"low": 0.5, "high": 4.0}))]
    pub rarity: f64,
    /// How many items back the history counts: `exp(-age / history_decay)`, 0 to 1000000; 0 for all alike.
    #[schemars(extend("tune" = {"low": 0.5, "high": 50.0, "scale": "log"}))]
    pub history_decay: f64,
    /// How far popular items are preferred among like ones: exponent of the number of times chosen, 0 to 1. It
    /// ranks better alone with some (0.15 on Amazon Beauty), but blends better without: there other parts
    /// know what is popular. So it is not tuned.
    pub popularity: f64,
    /// 1, or 2 to take in what is like what is like the history.
    #[schemars(extend("tune" = {"values": [1, 2]}))]
    pub steps: u32,
    /// Similar items kept of each item if there are two steps, 1 to 10000.
    #[schemars(extend("tune" = {"values": [50, 100, 200]}))]
    pub neighbors: u32,
    /// How much the item features count, 0 to 1000000.
    pub feature_weight: f64,
    /// Whether an item of the history counts by its rating; if not, all count the same.
    pub use_ratings: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            field_weights: FieldWeights::default(),
            learn_field_weights: true,
            weighting: Weighting::TfIdf,
            min_df: 2,
            max_df_ratio: 0.5,
            max_features: 50_000,
            rarity: 2.0,
            history_decay: 2.0,
            popularity: 0.0,
            steps: 1,
            neighbors: 100,
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
            ("field_weights.price", weights.price),
            ("feature_weight", self.feature_weight),
        ];
        for (name, weight) in fields {
            require(NAME, name, weight, (0.0..=1e6).contains(&weight), "a number from 0 to 1000000")?;
        }
        require(NAME, "min_df", self.min_df, self.min_df >= 1, "a whole number from 1")?;
        let ratio = self.max_df_ratio > 0.0 && self.max_df_ratio <= 1.0;
        require(NAME, "max_df_ratio", self.max_df_ratio, ratio, "a number above 0, at most 1")?;
        require(NAME, "max_features", self.max_features, self.max_features >= 1, "a whole number from 1")?;
        let rarity = (0.0..=10.0).contains(&self.rarity);
        require(NAME, "rarity", self.rarity, rarity, "a number from 0 to 10")?;
        let decay = (0.0..=1e6).contains(&self.history_decay);
        require(NAME, "history_decay", self.history_decay, decay, "a number from 0 to 1000000")?;
        let exponent = (0.0..=1.0).contains(&self.popularity);
        require(NAME, "popularity", self.popularity, exponent, "a number from 0 to 1")?;
        require(NAME, "steps", self.steps, (1..=2).contains(&self.steps), "1 or 2")?;
        let neighbors = (1..=10_000).contains(&self.neighbors);
        require(NAME, "neighbors", self.neighbors, neighbors, "a whole number from 1 to 10000")
    }
}

/// What is written about an item; empty where unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemText {
    /// The item's name.
    pub title: String,
    /// Its maker.
    pub brand: String,
    /// The names of its categories and attributes.
    pub categories: Vec<String>,
    /// Its description.
    pub description: String,
    /// Its price.
    pub price: Option<f32>,
}

/// Numbers that describe items: row = item, column = feature.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemFeatures {
    /// Number of features.
    pub width: usize,
    /// The values, item by item.
    pub values: Vec<f32>,
}

/// What users did with the items.
#[derive(Clone, Copy, Debug)]
pub struct Feedback<'a> {
    /// What they had done: tells how often an item was chosen.
    pub train: &'a Interactions,
    /// What they did next: teaches field weights.
    pub validation: Option<&'a Interactions>,
}

/// Fitted text vectors.
///
/// ```
/// use recommender::{Recommender, algorithms::content_tfidf::{ContentTfidf, ItemText, Parameters}};
///
/// let item = |title: &str| ItemText { title: title.to_owned(), ..ItemText::default() };
/// let items = [item("guitar strings"), item("steel guitar strings"), item("drum sticks"), item("drum skin")];
/// let model = ContentTfidf::fit(&Parameters::default(), &items, None, None)?;
/// assert_eq!(model.similar(0, 5).len(), 1);
/// assert_eq!(model.similar(0, 5)[0].item, 1);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ContentTfidf {
    parameters: Parameters,
    similarity: Similarity,
    /// What the sum of an item's similarities is multiplied by.
    lifts: Vec<f32>,
}

impl ContentTfidf {
    /// Weighs what is written about `items` (in the order of their indices), takes their features in if there
    /// are any and `feature_weight` is above 0, and learns from what users did where that is given.
    ///
    /// # Panics
    /// If there are features but not `width` for each item, or interactions of another number of items.
    pub fn fit(
        parameters: &Parameters,
        items: &[ItemText],
        features: Option<&ItemFeatures>,
        feedback: Option<Feedback>,
    ) -> Result<Self, Error> {
        parameters.check()?;
        let blocks = Blocks::of(parameters, items);
        let features = features.filter(|features| features.width > 0 && parameters.feature_weight > 0.0);
        if blocks.width() == 0 && features.is_none() {
            return Err(Error::NoText { algorithm: NAME, items: items.len() });
        }
        let counts = feedback.map_or_else(|| vec![0; items.len()], |feedback| feedback.train.item_counts());
        assert_eq!(counts.len(), items.len(), "interactions of the same items");
        let lift = |count: u32| (1.0 + f64::from(count)).powf(parameters.popularity) as f32;
        let lifts: Vec<f32> = counts.into_iter().map(lift).collect();
        let mut parameters = parameters.clone();
        if parameters.learn_field_weights
            && let Some(Feedback { train, validation: Some(validation) }) = feedback
        {
            parameters.field_weights = learned(&parameters, &blocks, &lifts, train, validation);
        }
        let terms = SparseRows::from_rows(blocks.width(), &blocks.weighted(&parameters.field_weights.to_array()));
        let width = features.map_or(0, |features| features.width);
        let features = features
            .map_or_else(Vec::new, |features| standardized(features, items.len(), parameters.feature_weight.sqrt()));
        let vectors = Similarity::vectors(terms, features, width);
        let similarity = if parameters.steps == 2 { vectors.two_steps(parameters.neighbors as usize) } else { vectors };
        Ok(Self { parameters, similarity, lifts })
    }

    /// The model that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let parameters: Parameters = parameters_of(data)?;
        let lifts = data.floats_of("lifts", data.items)?.to_vec();
        let similarity = Similarity::load(data, parameters.steps)?;
        Ok(Self { parameters, similarity, lifts })
    }

    /// The field weights in use: those of the parameters, or what was learned.
    pub fn field_weights(&self) -> &FieldWeights {
        &self.parameters.field_weights
    }

    /// Number of items of which something is known that others share.
    pub fn items_with_text(&self) -> usize {
        self.similarity.described()
    }

    /// The known items of a history with what they count, the newest first.
    fn strengths(&self, history: &[Interaction]) -> Vec<(u32, f32)> {
        let decayed = by_recency(history, self.lifts.len(), self.parameters.history_decay as f32);
        decayed.map(|(entry, weight)| (entry.item, weight * entry.strength(self.parameters.use_ratings))).collect()
    }
}

/// The field weights that rank what users held out best, from the given ones on.
fn learned(
    parameters: &Parameters,
    blocks: &Blocks,
    lifts: &[f32],
    train: &Interactions,
    validation: &Interactions,
) -> FieldWeights {
    let start = parameters.field_weights.to_array();
    let fields: Vec<usize> = (0..FIELDS).filter(|field| blocks.has(*field)).collect();
    let users: Vec<u32> = (0..validation.user_count() as u32).filter(|user| !train.history(*user).is_empty()).collect();
    let users: Vec<u32> = users.iter().step_by(users.len().div_ceil(LEARNING_USERS).max(1)).copied().collect();
    if fields.len() < 2 {
        return parameters.field_weights.clone();
    }
    let alone = |field: &usize| {
        let weights = std::array::from_fn(|other| f64::from(u8::from(other == *field)));
        let terms = SparseRows::from_rows(blocks.width(), &blocks.weighted(&weights));
        let similarity = Similarity::vectors(terms, Vec::new(), 0);
        ContentTfidf { parameters: parameters.clone(), similarity, lifts: lifts.to_vec() }
    };
    let models: Vec<ContentTfidf> = fields.iter().map(alone).collect();
    let parts: Vec<&dyn Recommender> = models.iter().map(|model| model as _).collect();
    let scales = vec![1.0; parts.len()];
    let table = Candidates::collect(&parts, &scales, train, validation, &users, LEARNING_DEPTH);
    let users: Vec<&UserCandidates> = table.users().iter().collect();
    let given: Vec<f32> = fields.iter().map(|field| start[*field] as f32).collect();
    let refined = refine(&users, &given, &vec![0.0; fields.len()], LEARNING_K);
    let sum: f64 = fields.iter().map(|field| start[*field]).sum();
    let mut weights = [0.0; FIELDS];
    fields.iter().zip(refined.weights).for_each(|(field, weight)| weights[*field] = sum * f64::from(weight));
    FieldWeights::from_array(weights)
}

impl Recommender for ContentTfidf {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.lifts.len()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        assert_eq!(scores.len(), self.item_count(), "one score an item");
        scores.fill(0.0);
        self.similarity.add(&self.strengths(history), scores);
        scores.iter_mut().zip(&self.lifts).for_each(|(score, lift)| *score *= lift);
    }

    /// By similarity alone, whether popular or not.
    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        let mut scores = vec![0.0; self.item_count()];
        if (item as usize) < scores.len() {
            self.similarity.add(&[(item, 1.0)], &mut scores);
        }
        top_k(&scores, k, |other| other == item || scores[other as usize] <= 0.0)
    }

    fn explainer<'a>(&'a self, history: &'a [Interaction]) -> Explainer<'a> {
        let (strengths, mut room) = (self.strengths(history), self.similarity.room());
        Box::new(move |item| {
            let lift = self.lifts.get(item as usize)?;
            let similarities = self.similarity.to(item, &strengths, &mut room).into_iter();
            let contribution = |((own, strength), similarity): (&(u32, f32), f32)| (*own, lift * strength * similarity);
            Some(Evidence::new(0.0, strengths.iter().zip(similarities).map(contribution), true))
        })
    }

    fn save(&self) -> ModelData {
        let mut tensors = BTreeMap::from([("lifts".to_owned(), Tensor::vector(self.lifts.clone()))]);
        self.similarity.save(&mut tensors);
        ModelData::new(NAME, &self.parameters, self.item_count(), tensors)
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
        Parameters { min_df: 1, max_df_ratio: 1.0, rarity: 1.0, ..Parameters::default() }
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
        let model = ContentTfidf::fit(&parameters(), &items, None, None).unwrap();
        // Two items with text. idf: guitar ln(3/3) + 1 = 1, red and blue ln(3/2) + 1 = 1.405465.
        // Title weight 1. Item 0: red 1.405465, guitar 1. Item 1: blue 1.405465,
        // guitar 1 + ln 2 = 1.693147. Cosine: 1.693147 / (sqrt(2.975332) * sqrt(4.842079)) = 0.446079.
        let found = model.similar(0, 5);
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.446_079).abs() < 1e-5, "{found:?}");
        assert_eq!(model.items_with_text(), 2);
    }

    #[test]
    fn items_without_text_score_0_and_change_nothing() {
        let items = [item("red guitar", ""), item("blue guitar", ""), item("", "")];
        let model = ContentTfidf::fit(&parameters(), &items, None, None).unwrap();
        assert_eq!(scores(&model, &[entry(2)]), [0.0; 3]);
        // But it takes a place: item 0 is one back.
        let expected = scores(&model, &[entry(0)])[1] * (-0.5_f32).exp();
        assert!((scores(&model, &[entry(0), entry(2)])[1] - expected).abs() < 1e-6);
        assert!((scores(&model, &[entry(0)])[0] - 1.0).abs() < 1e-6, "an item is entirely like itself");
        assert_eq!(model.reason(1, &[entry(2), entry(0)]), Some(Reason::BecauseOf { item: 0, share: 1.0 }));
    }

    #[test]
    fn rare_and_common_words_are_left_out() {
        let items = [item("guitar red", ""), item("guitar red", ""), item("guitar blue", ""), item("guitar drum", "")];
        // guitar stands in 4 of 4 items, blue and drum in one.
        let model = ContentTfidf::fit(&Parameters::default(), &items, None, None).unwrap();
        // Left is red: items 0 and 1 are like each other, the other two like nothing.
        assert_eq!((model.items_with_text(), model.similar(0, 5).len(), model.similar(2, 5).len()), (2, 1, 0));
        let limited = Parameters { max_features: 2, ..parameters() };
        // guitar and red are the most common ones.
        let model = ContentTfidf::fit(&limited, &items, None, None).unwrap();
        assert_eq!(model.similar(2, 5).len(), 3);
    }

    #[test]
    fn a_field_of_weight_0_does_not_count() {
        let items = [item("red", "fender"), item("blue", "fender")];
        let mut parameters = parameters();
        assert_eq!(ContentTfidf::fit(&parameters, &items, None, None).unwrap().similar(0, 5).len(), 1);
        parameters.field_weights.brand = 0.0;
        assert_eq!(ContentTfidf::fit(&parameters, &items, None, None).unwrap().similar(0, 5).len(), 0);
    }

    #[test]
    fn features_are_blended_in_by_their_weight() {
        let items = [item("red", ""), item("red", ""), item("blue", "")];
        // Standardised: first column -1.22, 0, 1.22 (up to scale), second constant.
        let features = ItemFeatures { width: 2, values: vec![1.0, 7.0, 2.0, 7.0, 3.0, 7.0] };
        let with = Parameters { feature_weight: 0.25, ..parameters() };
        let model = ContentTfidf::fit(&with, &items, Some(&features), None).unwrap();
        let found = scores(&model, &[entry(0)]);
        // Text cosines 1, 1, 0; feature cosines 1, 0, -1.
        let expected = [1.25, 1.0, -0.25];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn golden_score_of_a_history() {
        // Brands alone: items 0 and 1 are alike, 2 and 3 as well.
        let items = ["a", "a", "b", "b"].map(|brand| item("", brand));
        let parameters = Parameters { history_decay: 2.0, popularity: 0.5, ..parameters() };
        let pair = |user, item| (user, entry(item));
        let train = Interactions::from_pairs(3, 4, &[pair(0, 1), pair(1, 1), pair(2, 1), pair(0, 3)]);
        let feedback = Feedback { train: &train, validation: None };
        let model = ContentTfidf::fit(&parameters, &items, None, Some(feedback)).unwrap();
        // Brand weight 0.5; chosen 0, 3, 0 and 1 times. Item 2 is newest, item 0 one back.
        let (old, new) = (0.5 * (-0.5_f32).exp(), 0.5);
        let expected = [old, 2.0 * old, new, 2.0_f32.sqrt() * new];
        let found = scores(&model, &[entry(0), entry(2)]);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {expected:?}");
        let explanation = model.explain(1, &[entry(0), entry(2)]).unwrap();
        assert!(explanation.exact && (explanation.sum() - found[1]).abs() < 1e-6, "{explanation:?}");
    }

    fn in_categories(categories: &[&str]) -> ItemText {
        ItemText { categories: categories.iter().map(|name| (*name).to_owned()).collect(), ..ItemText::default() }
    }

    #[test]
    fn categories_alone_and_popularity_give_what_is_popular_in_the_categories_of_the_history() {
        let items = [["a"], ["a"], ["a"], ["b"]].map(|categories| in_categories(&categories));
        let field_weights = FieldWeights { title: 0.0, brand: 0.0, categories: 1.0, description: 0.0, price: 0.0 };
        let parameters = Parameters { field_weights, popularity: 1.0, ..parameters() };
        let pairs = [(0, 1), (1, 1), (2, 1), (0, 0), (0, 3), (1, 3)].map(|(user, item)| (user, entry(item)));
        let train = Interactions::from_pairs(3, 4, &pairs);
        let feedback = Feedback { train: &train, validation: None };
        let model = ContentTfidf::fit(&parameters, &items, None, Some(feedback)).unwrap();
        // Chosen 1, 3, 0 and 2 times; one more for each, so that new items have a place.
        assert_eq!(scores(&model, &[entry(0)]), [2.0, 4.0, 1.0, 0.0]);
    }

    #[test]
    fn golden_similarity_of_two_steps() {
        let item = in_categories;
        // 0 - 1 - 2 in a chain: 0 and 2 share nothing.
        let items = [item(&["a"]), item(&["a", "b"]), item(&["b"]), item(&[])];
        let model = ContentTfidf::fit(&Parameters { steps: 2, ..parameters() }, &items, None, None).unwrap();
        // S: 0 -> 1 (1), 1 -> 0, 2 (0.5 each), 2 -> 1 (1). S^2: 0 -> 0, 2 (0.5 each), 1 -> 1, 2 -> 0, 2.
        // S + S^2 without itself: 0 -> 1 (1), 2 (0.5).
        let near: Vec<(u32, f32)> = model.similar(0, 5).iter().map(|scored| (scored.item, scored.score)).collect();
        assert_eq!(near, [(1, 1.0), (2, 0.5)]);
        let again = ContentTfidf::load(&model.save()).unwrap();
        assert_eq!(again, model);
        assert!((model.explain(2, &[entry(0)]).unwrap().sum() - 0.5).abs() < 1e-6);
    }

    #[test]
    fn weights_of_fields_are_learned_from_what_users_chose_next() {
        // Titles tell nothing about what is chosen next, brands all.
        let items: Vec<ItemText> =
            (0..40).map(|at| item(["red", "blue", "green", "white", "black"][at % 5], &(at / 8).to_string())).collect();
        let set = |step: u32| {
            let pairs: Vec<_> = (0..40).map(|user| (user, entry(user / 8 * 8 + (user + step) % 8))).collect();
            Interactions::from_pairs(40, 40, &pairs)
        };
        let (train, validation) = (set(0), set(5));
        let fit = |validation| {
            let feedback = Feedback { train: &train, validation };
            ContentTfidf::fit(&parameters(), &items, None, Some(feedback)).unwrap()
        };
        assert_eq!(fit(None).field_weights(), &FieldWeights::default());
        let weights = fit(Some(&validation)).field_weights().clone();
        assert!(weights.brand > 2.0 * weights.title, "{weights:?}");
    }

    #[test]
    fn nothing_to_read_is_an_error_that_says_what_to_do() {
        let error = ContentTfidf::fit(&parameters(), &[item("", ""), item("a", "")], None, None).unwrap_err();
        assert!(error.to_string().contains("none of 2 items"), "{error}");
    }
}
