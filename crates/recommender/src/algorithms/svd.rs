//! `PureSVD`: item vectors from a truncated singular value decomposition.
//!
//! Formula: `A(u, i) = strength / (n(u)^user_exponent * n(i)^item_exponent)` with `n` the interactions of
//! a user or item, decomposed as `A ~ U S V'`. A history is projected onto the item vectors:
//! `score(i) = n(i)^popularity_exponent * sum over the history's items j of
//! exp(-age / history_decay) * strength(j) / n(j)^item_exponent * V(j) . S^spectrum_exponent V(i)`.
//! With exponents 0 this is `PureSVD`; with 0.5, 0.5 and 0.5 the ideal low-pass filter of GF-CF.
//!
//! Complexity with `f` factors: fitting `O(iterations * (interactions * f + (users + items) * f^2) + f^3)`,
//! parallel; scoring `O((history + items) * f)`. A stranger gets 0 for every item.
//!
//! Papers: Cremonesi, Koren and Turrin, "Performance of recommender algorithms on top-N recommendation
//! tasks", `RecSys` 2010; Shen et al., "How powerful is graph convolution for recommendation?", CIKM 2021.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{parameters_of, require};
use crate::{
    Error, Evidence, Explainer, Fit, Interaction, Interactions, ModelData, Recommender, Scored, Tensor,
    dense::{Panels, dot, most_alike, row},
    recency::by_recency,
    sparse::SparseRows,
    svd::{TruncatedSvd, Truncation},
};

/// Name of the algorithm.
pub const NAME: &str = "svd";

/// What `svd` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Length of the vectors, 1 to 1024; no more are used than there are users or items.
    #[schemars(extend("tune" = {"low": 16, "high": 512, "scale": "log"}))]
    pub factors: u32,
    /// How much less each interaction of a user with many counts, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub user_exponent: f64,
    /// How much less an interaction with an item of many counts, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub item_exponent: f64,
    /// How much an item of many interactions is lifted in the ranking, -1 to 1.
    #[schemars(extend("tune" = {"low": 0.0, "high": 0.8}))]
    pub popularity_exponent: f64,
    /// How much more the directions of large singular values count, 0 to 4; 0 counts all alike.
    #[schemars(extend("tune" = {"low": 0.0, "high": 2.0}))]
    pub spectrum_exponent: f64,
    /// Places in the history after which an item counts 1/e, 0 or more; 0 counts all alike.
    #[schemars(extend("tune" = {"values": [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]}))]
    pub history_decay: f64,
    /// Whether a rating counts by its value; if not, every interaction counts 1.
    pub use_ratings: bool,
    /// Rounds of subspace iteration, 1 to 100.
    pub iterations: u32,
    /// Decides the directions at the start.
    pub seed: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            factors: 128,
            user_exponent: 0.5,
            item_exponent: 0.5,
            popularity_exponent: 0.5,
            spectrum_exponent: 0.0,
            history_decay: 0.0,
            use_ratings: false,
            iterations: 4,
            seed: 42,
        }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        let from_0_to_1 = |value: f64| (0.0..=1.0).contains(&value);
        let expected = "a number from 0 to 1";
        require(NAME, "factors", self.factors, (1..=1024).contains(&self.factors), "a whole number from 1 to 1024")?;
        require(NAME, "user_exponent", self.user_exponent, from_0_to_1(self.user_exponent), expected)?;
        require(NAME, "item_exponent", self.item_exponent, from_0_to_1(self.item_exponent), expected)?;
        let popularity = self.popularity_exponent;
        require(NAME, "popularity_exponent", popularity, popularity.abs() <= 1.0, "a number from -1 to 1")?;
        let spectrum = (0.0..=4.0).contains(&self.spectrum_exponent);
        require(NAME, "spectrum_exponent", self.spectrum_exponent, spectrum, "a number from 0 to 4")?;
        let decay = (0.0..=1e6).contains(&self.history_decay);
        require(NAME, "history_decay", self.history_decay, decay, "a number from 0 to 1000000")?;
        let iterations = (1..=100).contains(&self.iterations);
        require(NAME, "iterations", self.iterations, iterations, "a whole number from 1 to 100")
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(Svd::fit(self, train)?))
    }
}

/// Fitted item vectors.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::svd};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// // Two tastes: items 0, 1 and items 2, 3.
/// let pairs = [pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1), pair(2, 2), pair(2, 3), pair(3, 2), pair(3, 3)];
/// let train = Interactions::from_pairs(4, 4, &pairs);
/// let model = svd::Svd::fit(&svd::Parameters { factors: 2, ..Default::default() }, &train)?;
/// let mut scores = vec![0.0; 4];
/// model.score(&[Interaction { item: 0, weight: 5.0, time: 0 }], &mut scores);
/// assert!(scores[1] > scores[2]);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Svd {
    parameters: Parameters,
    /// Length of the vectors: fewer than asked for where there are fewer users or items.
    width: usize,
    /// Item vectors, each column times its singular value to half of the exponent.
    vectors: Vec<f32>,
    /// Interactions of each item.
    counts: Vec<f32>,
    /// What each item's score is multiplied with.
    lifts: Vec<f32>,
    panels: Panels,
}

impl Svd {
    fn new(parameters: Parameters, width: usize, vectors: Vec<f32>, counts: Vec<f32>) -> Self {
        let (lifts, panels) = (parameters.lifts(&counts), Panels::of(&vectors, width));
        Self { parameters, width, vectors, counts, lifts, panels }
    }

    /// Decomposes the matrix of interactions.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let counts: Vec<f32> = train.item_counts().into_iter().map(|count| count as f32).collect();
        let rows: Vec<Vec<(u32, f32)>> = train.histories().map(|history| parameters.cells(history, &counts)).collect();
        let by_user = SparseRows::from_rows(train.item_count(), &rows);
        let (iterations, seed) = (parameters.iterations as usize, parameters.seed);
        let truncation = Truncation { factors: parameters.factors as usize, iterations, seed };
        let svd = TruncatedSvd::of(&by_user, &by_user.transposed(), truncation);
        let largest = svd.values.first().copied().unwrap_or(0.0).max(f32::MIN_POSITIVE);
        let half = parameters.spectrum_exponent as f32 / 2.0;
        let scales: Vec<f32> = svd.values.iter().map(|value| (value / largest).powf(half)).collect();
        let width = svd.values.len();
        let mut vectors = svd.items;
        for row in vectors.chunks_exact_mut(width.max(1)) {
            row.iter_mut().zip(&scales).for_each(|(cell, scale)| *cell *= scale);
        }
        Ok(Self::new(parameters.clone(), width, vectors, counts))
    }

    /// The vectors that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let parameters: Parameters = parameters_of(data)?;
        parameters.check()?;
        let counts = data.floats_of("counts", data.items)?.to_vec();
        let width = data.floats("items")?.len() / data.items.max(1);
        let vectors = data.floats_of("items", data.items * width)?.to_vec();
        Ok(Self::new(parameters, width, vectors, counts))
    }

    /// What each entry of a history weighs, with the item's vector.
    fn weighted<'a>(&'a self, history: &'a [Interaction]) -> impl Iterator<Item = (u32, f32, &'a [f32])> {
        let decay = self.parameters.history_decay as f32;
        by_recency(history, self.item_count(), decay).filter_map(|(entry, recency)| {
            let vector = row(&self.vectors, self.width, entry.item)?;
            let count = self.counts[entry.item as usize].max(1.0);
            let strength = entry.strength(self.parameters.use_ratings);
            Some((entry.item, recency * strength * count.powf(-self.parameters.item_exponent as f32), vector))
        })
    }

    /// A history among the item vectors.
    fn projected(&self, history: &[Interaction]) -> Vec<f32> {
        let mut user = vec![0.0; self.width];
        for (_, weight, vector) in self.weighted(history) {
            user.iter_mut().zip(vector).for_each(|(cell, value)| *cell += weight * value);
        }
        user
    }

    fn lift(&self, scores: &mut [f32]) {
        scores.iter_mut().zip(&self.lifts).for_each(|(score, lift)| *score *= lift);
    }
}

impl Parameters {
    fn lifts(&self, counts: &[f32]) -> Vec<f32> {
        counts.iter().map(|count| count.max(1.0).powf(self.popularity_exponent as f32)).collect()
    }

    /// A user's row of the matrix that is decomposed.
    fn cells(&self, history: &[Interaction], counts: &[f32]) -> Vec<(u32, f32)> {
        let user = (history.len() as f32).powf(-self.user_exponent as f32);
        let item = |entry: &Interaction| counts[entry.item as usize].powf(-self.item_exponent as f32);
        history.iter().map(|entry| (entry.item, entry.strength(self.use_ratings) * user * item(entry))).collect()
    }
}

impl Recommender for Svd {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.counts.len()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        assert_eq!(scores.len(), self.item_count(), "one score an item");
        self.panels.products(&self.projected(history), scores);
        self.lift(scores);
    }

    fn score_many(&self, histories: &[&[Interaction]], scores: &mut [f32]) {
        let users: Vec<f32> = histories.iter().flat_map(|history| self.projected(history)).collect();
        self.panels.products(&users, scores);
        scores.chunks_exact_mut(self.item_count().max(1)).for_each(|scores| self.lift(scores));
    }

    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        most_alike(&self.vectors, self.width, item, k)
    }

    fn explainer<'a>(&'a self, history: &'a [Interaction]) -> Explainer<'a> {
        let weighted: Vec<(u32, f32, &[f32])> = self.weighted(history).collect();
        Box::new(move |item| {
            let target = row(&self.vectors, self.width, item)?;
            let lift = self.lifts[item as usize];
            let part = |(other, weight, vector): &(u32, f32, &[f32])| (*other, lift * weight * dot(vector, target));
            Some(Evidence::new(0.0, weighted.iter().map(part), true))
        })
    }

    fn save(&self) -> ModelData {
        let tensors = BTreeMap::from([
            ("items".to_owned(), Tensor::matrix(self.item_count(), self.width, self.vectors.clone())),
            ("counts".to_owned(), Tensor::vector(self.counts.clone())),
        ]);
        ModelData::new(NAME, &self.parameters, self.item_count(), tensors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(item: u32) -> Interaction {
        Interaction { item, weight: 5.0, time: 0 }
    }

    fn train() -> Interactions {
        // {0, 1}, {0, 1}, {2}.
        Interactions::from_pairs(3, 3, &[(0, entry(0)), (0, entry(1)), (1, entry(0)), (1, entry(1)), (2, entry(2))])
    }

    fn score(parameters: &Parameters, history: &[Interaction]) -> Vec<f32> {
        let mut scores = vec![f32::NAN; 3];
        Svd::fit(parameters, &train()).unwrap().score(history, &mut scores);
        scores
    }

    fn assert_close(found: &[f32], expected: [f32; 3]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} {expected:?}");
    }

    #[test]
    fn golden_projection() {
        // A'A = [[2, 2, 0], [2, 2, 0], [0, 0, 1]]: squares 4 with (1, 1, 0) / sqrt(2) and 1 with (0, 0, 1).
        let plain = Parameters {
            factors: 1,
            user_exponent: 0.0,
            item_exponent: 0.0,
            popularity_exponent: 0.0,
            ..Parameters::default()
        };
        assert_close(&score(&plain, &[entry(0)]), [0.5, 0.5, 0.0]);
        assert_close(&score(&plain, &[entry(2)]), [0.0; 3]);
        let two = Parameters { factors: 2, ..plain.clone() };
        assert_close(&score(&two, &[entry(0), entry(2)]), [0.5, 0.5, 1.0]);
        // Singular values 2 and 1, the largest counted 1.
        let smooth = Parameters { spectrum_exponent: 1.0, ..two.clone() };
        assert_close(&score(&smooth, &[entry(0), entry(2)]), [0.5, 0.5, 0.5]);
        // Two interactions of items 0 and 1: 2^0.5 in the ranking; the older entry counts 1/e.
        let lifted = Parameters { popularity_exponent: 0.5, history_decay: 1.0, ..two };
        let root = 0.5 * 2.0_f32.sqrt();
        assert_close(&score(&lifted, &[entry(2), entry(0)]), [root, root, (-1.0_f32).exp()]);
    }

    #[test]
    fn the_low_pass_filter_weighs_items_by_their_counts() {
        // Every user and item of the first block has 2: A = [[1/2, 1/2], [1/2, 1/2]] there and 1 in the other.
        // n(j)^-0.5 * 1/2 * n(i)^0.5 = 1/2.
        let parameters = Parameters { factors: 2, ..Parameters::default() };
        assert_close(&score(&parameters, &[entry(1)]), [0.5, 0.5, 0.0]);
    }
}
