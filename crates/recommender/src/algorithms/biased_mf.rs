//! Rating prediction by biased matrix factorisation.
//!
//! Formula: `r(u, i) = mean + b(u) + b(i) + p(u) . q(i)`, minimising the squared error over known
//! ratings plus `regularization * (|p|^2 + |q|^2) + bias_regularization * (b(u)^2 + b(i)^2)`. Bias and
//! vector of a row are solved together and exactly, users and items in turn. That is alternating least
//! squares instead of the paper's stochastic gradient: rows do not depend on one another, so the result
//! is the same for any number of threads. A history is folded in the same way; no user row is kept.
//!
//! Complexity with `f` factors: an iteration `O(n * f * min(n, f))` a row of `n`, parallel over
//! rows; scoring the same for the history and `O(items * f)`. A stranger gets `mean + b(i)`.
//!
//! The score is the predicted rating. It tells how much a user would like an item once chosen, not
//! which item would be chosen, and so ranks poorly by design (Cremonesi, Koren and Turrin, `RecSys` 2010):
//! judge it by RMSE and MAE.
//!
//! Paper: Koren, Bell and Volinsky, "Matrix factorization techniques for recommender systems", IEEE
//! Computer 2009.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{parameters_of, require};
use crate::{
    Error, Evidence, Explainer, Fit, Interaction, Interactions, ModelData, Recommender, Scored, Tensor,
    dense::{Panels, dot, most_alike, row},
    ridge::{Observation, Ridge},
};

/// Name of the algorithm.
pub const NAME: &str = "biased-mf";

/// Rows that one task solves.
const CHUNK_ROWS: usize = 32;

/// What `biased-mf` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Length of the vectors, 0 to 1024; 0 leaves the biases alone.
    pub factors: u32,
    /// Penalty on long vectors, above 0.
    pub regularization: f64,
    /// Penalty on biases, above 0.
    pub bias_regularization: f64,
    /// Rounds over users and items, 1 to 1000.
    pub iterations: u32,
    /// Decides the vectors at the start.
    pub seed: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { factors: 16, regularization: 5.0, bias_regularization: 3.0, iterations: 15, seed: 42 }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        let positive = |value: f64| value > 0.0 && value <= 1e6;
        let expected = "a number above 0, at most 1000000";
        require(NAME, "factors", self.factors, self.factors <= 1024, "a whole number from 0 to 1024")?;
        require(NAME, "regularization", self.regularization, positive(self.regularization), expected)?;
        let bias = self.bias_regularization;
        require(NAME, "bias_regularization", bias, positive(bias), expected)?;
        let iterations = (1..=1000).contains(&self.iterations);
        require(NAME, "iterations", self.iterations, iterations, "a whole number from 1 to 1000")
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(BiasedMf::fit(self, train)?))
    }
}

impl Parameters {
    fn width(&self) -> usize {
        self.factors as usize
    }
}

/// A vector and a bias for each row of one side.
#[derive(Clone, Debug, PartialEq)]
struct Side {
    /// The vector of each row followed by 1: what vector and bias of the other side are multiplied with.
    features: Vec<f32>,
    biases: Vec<f32>,
}

/// Fitted item vectors and biases.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::biased_mf};
///
/// let rated = |user, item, weight| (user, Interaction { item, weight, time: 0 });
/// let pairs = [rated(0, 0, 5.0), rated(0, 1, 2.0), rated(1, 0, 4.0), rated(1, 1, 1.0), rated(2, 0, 5.0)];
/// let train = Interactions::from_pairs(3, 2, &pairs);
/// let model = biased_mf::BiasedMf::fit(&biased_mf::Parameters::default(), &train)?;
/// let (liked, disliked) = (model.predict_rating(&[], 0), model.predict_rating(&[], 1));
/// assert!(liked > disliked);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BiasedMf {
    parameters: Parameters,
    items: Side,
    mean: f32,
    lowest: f32,
    highest: f32,
    panels: Panels,
}

impl BiasedMf {
    fn new(parameters: Parameters, items: Side, [mean, lowest, highest]: [f32; 3]) -> Self {
        let panels = Panels::of(&items.features, parameters.width() + 1);
        Self { parameters, items, mean, lowest, highest, panels }
    }

    /// Alternates between users and items.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let weights = || train.histories().flatten().map(|entry| entry.weight);
        let mean = (weights().map(f64::from).sum::<f64>() / train.len() as f64) as f32;
        let by_item = train.transposed();
        let mut items = Side::random(parameters, train.item_count());
        for _ in 0..parameters.iterations {
            let users = items.solve_opposite(parameters, mean, train);
            items = users.solve_opposite(parameters, mean, &by_item);
        }
        let lowest = weights().fold(f32::INFINITY, f32::min);
        let highest = weights().fold(f32::NEG_INFINITY, f32::max);
        Ok(Self::new(parameters.clone(), items, [mean, lowest, highest]))
    }

    /// The model that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let parameters: Parameters = parameters_of(data)?;
        parameters.check()?;
        let features = data.floats_of("features", data.items * (parameters.width() + 1))?.to_vec();
        let biases = data.floats_of("biases", data.items)?.to_vec();
        let ratings = data.floats_of("ratings", 3)?;
        Ok(Self::new(parameters, Side { features, biases }, [ratings[0], ratings[1], ratings[2]]))
    }

    /// The regression that gives the history's vector followed by its bias, and the items observed in it.
    fn fold_in(&self, history: &[Interaction]) -> (Ridge, Vec<u32>) {
        let mut ridge = Ridge::default();
        let observed: Vec<&Interaction> = self.items.known(history).collect();
        self.items.observe(&mut ridge, &self.parameters, self.mean, history);
        (ridge, observed.into_iter().map(|entry| entry.item).collect())
    }

    fn predict(&self, user: &[f32], item: usize) -> f32 {
        let width = self.parameters.width() + 1;
        self.mean + self.items.biases[item] + dot(user, &self.items.features[item * width..(item + 1) * width])
    }

    /// The history's vector followed by its bias.
    fn user(&self, history: &[Interaction]) -> Vec<f32> {
        self.fold_in(history).0.solve(&self.items.features).to_vec()
    }

    /// Adds what does not depend on the user.
    fn lift(&self, scores: &mut [f32]) {
        scores.iter_mut().zip(&self.items.biases).for_each(|(score, bias)| *score += self.mean + bias);
    }
}

impl Side {
    fn random(parameters: &Parameters, rows: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(parameters.seed);
        let scale = 0.1 / f64::from(parameters.factors.max(1)).sqrt() as f32;
        let mut features: Vec<f32> =
            (0..rows * (parameters.width() + 1)).map(|_| random.random_range(-scale..scale)).collect();
        features.iter_mut().skip(parameters.width()).step_by(parameters.width() + 1).for_each(|one| *one = 1.0);
        Self { features, biases: vec![0.0; rows] }
    }

    fn known<'a>(&self, history: &'a [Interaction]) -> impl Iterator<Item = &'a Interaction> {
        let rows = self.biases.len();
        history.iter().filter(move |entry| (entry.item as usize) < rows)
    }

    /// What is left of a rating to explain.
    fn residual(&self, mean: f32, entry: &Interaction) -> f32 {
        let weight = if entry.weight.is_finite() { entry.weight } else { mean };
        weight - mean - self.biases[entry.item as usize]
    }

    /// Writes down the regression of a row of the other side.
    fn observe(&self, ridge: &mut Ridge, parameters: &Parameters, mean: f32, history: &[Interaction]) {
        let penalties = std::iter::repeat_n(parameters.regularization, parameters.width());
        ridge.start(penalties.chain([parameters.bias_regularization]).map(|penalty| penalty as f32));
        for entry in self.known(history) {
            ridge.observe(Observation { row: entry.item, weight: 1.0, target: self.residual(mean, entry) });
        }
    }

    /// Solves every row of the other side, given this one.
    fn solve_opposite(&self, parameters: &Parameters, mean: f32, rows: &Interactions) -> Self {
        let width = parameters.width() + 1;
        let mut features = vec![0.0; rows.user_count() * width];
        let mut biases = vec![0.0; rows.user_count()];
        let chunks = features.par_chunks_mut(CHUNK_ROWS * width).zip(biases.par_chunks_mut(CHUNK_ROWS));
        chunks.enumerate().for_each_init(Ridge::default, |ridge, (chunk, (features, biases))| {
            let targets = features.chunks_exact_mut(width).zip(biases);
            for (row, (target, bias)) in (chunk * CHUNK_ROWS..).zip(targets) {
                let history = rows.history(row as u32);
                if !history.is_empty() {
                    self.observe(ridge, parameters, mean, history);
                    target.copy_from_slice(ridge.solve(&self.features));
                    *bias = target[width - 1];
                }
                target[width - 1] = 1.0;
            }
        });
        Self { features, biases }
    }
}

impl Recommender for BiasedMf {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.items.biases.len()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        assert_eq!(scores.len(), self.item_count(), "one score an item");
        self.panels.products(&self.user(history), scores);
        self.lift(scores);
    }

    fn score_many(&self, histories: &[&[Interaction]], scores: &mut [f32]) {
        let users: Vec<f32> = histories.iter().flat_map(|history| self.user(history)).collect();
        self.panels.products(&users, scores);
        scores.chunks_exact_mut(self.item_count().max(1)).for_each(|scores| self.lift(scores));
    }

    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        let width = self.parameters.width();
        let factors: Vec<f32> = self.items.features.chunks(width + 1).flat_map(|row| &row[..width]).copied().collect();
        most_alike(&factors, width, item, k)
    }

    fn explainer<'a>(&'a self, history: &'a [Interaction]) -> Explainer<'a> {
        let (mut ridge, observed) = self.fold_in(history);
        ridge.solve(&self.items.features);
        Box::new(move |item| {
            let features = row(&self.items.features, self.parameters.width() + 1, item)?;
            let base = self.mean + self.items.biases[item as usize];
            Some(Evidence::new(base, observed.iter().copied().zip(ridge.contributions(features)), true))
        })
    }

    /// The predicted rating, cut to the range of the training ratings.
    fn predict_rating(&self, history: &[Interaction], item: u32) -> Option<f32> {
        let known = (item as usize) < self.item_count();
        known.then(|| self.predict(&self.user(history), item as usize).clamp(self.lowest, self.highest))
    }

    fn save(&self) -> ModelData {
        let width = self.parameters.width() + 1;
        let tensors = BTreeMap::from([
            ("features".to_owned(), Tensor::matrix(self.item_count(), width, self.items.features.clone())),
            ("biases".to_owned(), Tensor::vector(self.items.biases.clone())),
            ("ratings".to_owned(), Tensor::vector(vec![self.mean, self.lowest, self.highest])),
        ]);
        ModelData::new(NAME, &self.parameters, self.item_count(), tensors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;

    fn rated(item: u32, weight: f32) -> Interaction {
        Interaction { item, weight, time: 0 }
    }

    #[test]
    fn golden_user_bias_of_a_history() {
        // No factors, mean 3, item biases 1 and 0, bias_regularization 2, history 5 stars for item 0 and
        // 4 for item 1: b(u) = ((5 - 3 - 1) + (4 - 3 - 0)) / (2 + 2) = 0.5.
        let parameters = Parameters { factors: 0, bias_regularization: 2.0, ..Parameters::default() };
        let items = Side { features: vec![1.0, 1.0], biases: vec![1.0, 0.0] };
        let model = BiasedMf::new(parameters, items, [3.0, 1.0, 5.0]);
        let history = [rated(0, 5.0), rated(1, 4.0)];
        assert_eq!(model.predict_rating(&history, 0), Some(4.5));
        assert_eq!(model.predict_rating(&history, 1), Some(3.5));
        assert_eq!(model.predict_rating(&[], 1), Some(3.0));
        assert_eq!(model.predict_rating(&[], 2), None);
    }

    #[test]
    fn predictions_stay_within_the_ratings_of_the_training_data() {
        let parameters = Parameters { factors: 0, bias_regularization: 0.01, ..Parameters::default() };
        let items = Side { features: vec![1.0], biases: vec![2.0] };
        let model = BiasedMf::new(parameters, items, [4.0, 1.0, 5.0]);
        assert_eq!(model.predict_rating(&[], 0), Some(5.0));
        let mut scores = [0.0];
        model.score(&[], &mut scores);
        assert!((scores[0] - 6.0).abs() < 1e-6, "the score keeps the order of items beyond the range");
    }

    #[test]
    fn learns_opposite_tastes() {
        // Even users love items 0 to 3 and hate 4 to 7, odd ones the other way; each leaves some out.
        let pairs: Vec<(u32, Interaction)> = (0..40_u32)
            .flat_map(|user| {
                let loves = move |item: u32| (item < 4) == user.is_multiple_of(2);
                let entry = move |item| (user, rated(item, if loves(item) { 5.0 } else { 1.0 }));
                (0..8).filter(move |item| *item != user % 8).map(entry)
            })
            .collect();
        let train = Interactions::from_pairs(40, 8, &pairs);
        let parameters = Parameters { factors: 2, regularization: 0.1, ..Parameters::default() };
        let model = BiasedMf::fit(&parameters, &train).unwrap();
        let history = [rated(0, 5.0), rated(1, 5.0), rated(4, 1.0)];
        assert!(model.predict_rating(&history, 2).unwrap() > 4.0);
        assert!(model.predict_rating(&history, 6).unwrap() < 2.0);
        assert!(model.similar(0, 3).iter().all(|scored| scored.item < 4));
        assert!(matches!(model.reason(2, &history), Some(Reason::BecauseOf { .. })));
    }
}
