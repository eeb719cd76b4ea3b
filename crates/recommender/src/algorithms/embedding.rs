//! Item vectors learned by gradient descent on a ranking loss: what comes next after a history.
//!
//! Formula: `h = sum over the history's items j of exp(-age / history_decay) * p(j) / root of the sum of
//! those weights`, `score(i) = h . q(i) + b(i)`. Vectors minimise, over every interaction given those
//! before it, the sampled softmax (`-ln` of the item's share, samples corrected for how often they are
//! drawn) or the BPR loss (`-ln sigmoid(score - score of a sample)`), by Adagrad.
//!
//! Complexity with `f` factors and `s` negatives: an iteration `O(interactions * (s + history) * f)`,
//! parallel over blocks of a batch; scoring `O((history + items) * f)`. A stranger gets `b(i)`.
//!
//! Papers: Rendle, Freudenthaler, Gantner and Schmidt-Thieme, "BPR: Bayesian personalized ranking from
//! implicit feedback", UAI 2009; Bengio and Senécal, "Adaptive importance sampling to accelerate training
//! of a neural probabilistic language model", 2008; Kabbur, Ning and Karypis, "FISM", KDD 2013.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{parameters_of, require};
use crate::{
    Error, Evidence, Explainer, Fit, Interaction, Interactions, ModelData, Recommender, Scored, Tensor,
    dense::{Panels, dot, most_alike, row},
    gradient::{self, Descent, descend, history_vector, weights},
};

/// Name of the algorithm.
pub const NAME: &str = "embedding";

/// What is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// `-ln` of the item's share of the softmax over all items, which a sample stands for.
    #[default]
    Softmax,
    /// How often a sampled item ranks above the item.
    Bpr,
}

/// What `embedding` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// What is minimised.
    #[schemars(extend("tune" = {"values": ["softmax", "bpr"]}))]
    pub loss: Loss,
    /// Length of the vectors, 1 to 1024.
    #[schemars(extend("tune" = {"values": [32, 64, 128]}))]
    pub factors: u32,
    /// Rounds over the interactions, 1 to 1000.
    #[schemars(extend("tune" = {"low": 3, "high": 30, "scale": "log"}))]
    pub iterations: u32,
    /// How far a step goes, above 0, at most 10.
    #[schemars(extend("tune" = {"low": 0.01, "high": 0.3, "scale": "log"}))]
    pub learning_rate: f64,
    /// Pull of vectors towards 0 in each step, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.00001, "high": 0.03, "scale": "log"}))]
    pub regularization: f64,
    /// Items that each batch of 256 interactions is ranked against, 1 to 100000.
    pub negatives: u32,
    /// Those are drawn by their number of interactions to this power, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub negative_exponent: f64,
    /// Places in the history after which an item counts 1/e, 0 or more; 0 counts all alike.
    #[schemars(extend("tune" = {"values": [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]}))]
    pub history_decay: f64,
    /// Decides the vectors at the start, the order of interactions and what is drawn.
    pub seed: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            loss: Loss::Softmax,
            factors: 64,
            iterations: 10,
            learning_rate: 0.1,
            regularization: 0.001,
            negatives: 512,
            negative_exponent: 0.0,
            history_decay: 2.0,
            seed: 42,
        }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        require(NAME, "factors", self.factors, (1..=1024).contains(&self.factors), "a whole number from 1 to 1024")?;
        let iterations = (1..=1000).contains(&self.iterations);
        require(NAME, "iterations", self.iterations, iterations, "a whole number from 1 to 1000")?;
        let rate = self.learning_rate > 0.0 && self.learning_rate <= 10.0;
        require(NAME, "learning_rate", self.learning_rate, rate, "a number above 0, at most 10")?;
        let from_0_to_1 = |value: f64| (0.0..=1.0).contains(&value);
        let expected = "a number from 0 to 1";
        require(NAME, "regularization", self.regularization, from_0_to_1(self.regularization), expected)?;
        let negatives = (1..=100_000).contains(&self.negatives);
        require(NAME, "negatives", self.negatives, negatives, "a whole number from 1 to 100000")?;
        require(NAME, "negative_exponent", self.negative_exponent, from_0_to_1(self.negative_exponent), expected)?;
        let decay = (0.0..=1e6).contains(&self.history_decay);
        require(NAME, "history_decay", self.history_decay, decay, "a number from 0 to 1000000")
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(Embedding::fit(self, train)?))
    }
}

impl Parameters {
    /// Cells of a vector with its bias.
    fn width(&self) -> usize {
        self.factors as usize + 1
    }

    fn descent(&self) -> Descent {
        Descent {
            loss: match self.loss {
                Loss::Softmax => gradient::Loss::Softmax,
                Loss::Bpr => gradient::Loss::Bpr,
            },
            factors: self.factors as usize,
            negatives: self.negatives as usize,
            negative_exponent: self.negative_exponent,
            learning_rate: self.learning_rate as f32,
            regularization: self.regularization as f32,
            iterations: self.iterations as usize,
            history_decay: self.history_decay as f32,
            seed: self.seed,
        }
    }
}

/// Fitted item vectors.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::embedding};
///
/// // Item 1 follows item 0, item 3 follows item 2.
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: item });
/// let pairs: Vec<_> = (0..40).flat_map(|user| [pair(user, user % 2 * 2), pair(user, user % 2 * 2 + 1)]).collect();
/// let train = Interactions::from_pairs(40, 4, &pairs);
/// let model = embedding::Embedding::fit(&embedding::Parameters::default(), &train)?;
/// let mut scores = vec![0.0; 4];
/// model.score(&[Interaction { item: 2, weight: 5.0, time: 0 }], &mut scores);
/// assert!(scores[3] > scores[1]);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    parameters: Parameters,
    /// Vectors of a history's items, each followed by 0.
    inputs: Vec<f32>,
    /// Vectors of ranked items, each followed by its bias.
    outputs: Vec<f32>,
    panels: Panels,
}

impl Embedding {
    fn new(parameters: Parameters, inputs: Vec<f32>, outputs: Vec<f32>) -> Self {
        Self { panels: Panels::of(&outputs, parameters.width()), parameters, inputs, outputs }
    }

    /// Learns from every interaction given those before it.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let learned = descend(&parameters.descent(), train);
        Ok(Self::new(parameters.clone(), learned.inputs, learned.outputs))
    }

    /// The vectors that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let parameters: Parameters = parameters_of(data)?;
        parameters.check()?;
        let cells = data.items * parameters.width();
        let inputs = data.floats_of("inputs", cells)?.to_vec();
        let outputs = data.floats_of("outputs", cells)?.to_vec();
        Ok(Self::new(parameters, inputs, outputs))
    }

    /// Puts a history among the items.
    fn place(&self, history: &[Interaction], user: &mut [f32]) {
        let decay = self.parameters.history_decay as f32;
        history_vector(&self.inputs, self.parameters.width(), history, decay, user);
    }
}

impl Recommender for Embedding {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.outputs.len() / self.parameters.width()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        assert_eq!(scores.len(), self.item_count(), "one score an item");
        let mut user = vec![0.0; self.parameters.width()];
        self.place(history, &mut user);
        self.panels.products(&user, scores);
    }

    fn score_many(&self, histories: &[&[Interaction]], scores: &mut [f32]) {
        let width = self.parameters.width();
        let mut users = vec![0.0; histories.len() * width];
        histories.iter().zip(users.chunks_exact_mut(width)).for_each(|(history, user)| self.place(history, user));
        self.panels.products(&users, scores);
    }

    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        // The last cell of an input is 0 and changes no cosine.
        most_alike(&self.inputs, self.parameters.width(), item, k)
    }

    fn explainer<'a>(&'a self, history: &'a [Interaction]) -> Explainer<'a> {
        let width = self.parameters.width();
        let weights = weights(self.item_count(), history, self.parameters.history_decay as f32);
        let weights: Vec<(u32, f32)> = weights.into_iter().collect();
        Box::new(move |item| {
            let target = row(&self.outputs, width, item)?;
            let part =
                |(other, weight): &(u32, f32)| Some((*other, weight * dot(row(&self.inputs, width, *other)?, target)));
            Some(Evidence::new(target[width - 1], weights.iter().filter_map(part), true))
        })
    }

    fn save(&self) -> ModelData {
        let (items, width) = (self.item_count(), self.parameters.width());
        let tensors = BTreeMap::from([
            ("inputs".to_owned(), Tensor::matrix(items, width, self.inputs.clone())),
            ("outputs".to_owned(), Tensor::matrix(items, width, self.outputs.clone())),
        ]);
        ModelData::new(NAME, &self.parameters, items, tensors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(item: u32) -> Interaction {
        Interaction { item, weight: 5.0, time: item }
    }

    #[test]
    fn golden_score_of_one_factor() {
        // Inputs 1 and 2, outputs 3 and 4 with biases 0.5 and 0; the older entry weighs 1/e:
        // h = (2 + 1/e) / sqrt(1 + 1/e).
        let parameters = Parameters { factors: 1, history_decay: 1.0, ..Parameters::default() };
        let model = Embedding::new(parameters, vec![1.0, 0.0, 2.0, 0.0], vec![3.0, 0.5, 4.0, 0.0]);
        let mut scores = [0.0; 2];
        model.score(&[entry(0), entry(1)], &mut scores);
        let older = (-1.0_f32).exp();
        let user = (2.0 + older) / (1.0 + older).sqrt();
        assert!((scores[0] - (3.0 * user + 0.5)).abs() < 1e-5 && (scores[1] - 4.0 * user).abs() < 1e-5, "{scores:?}");
        model.score(&[], &mut scores);
        assert!((scores[0] - 0.5).abs() + scores[1].abs() < 1e-6, "a stranger gets the biases: {scores:?}");
    }

    #[test]
    fn both_losses_learn_what_comes_next() {
        // Of six items in a ring each is followed by the next one.
        let pairs: Vec<(u32, Interaction)> = (0..300_u32)
            .flat_map(|user| (0..3).map(move |n| (user, Interaction { time: n, ..entry((user + n) % 6) })))
            .collect();
        let train = Interactions::from_pairs(300, 6, &pairs);
        for loss in [Loss::Softmax, Loss::Bpr] {
            let parameters =
                Parameters { loss, factors: 8, history_decay: 0.5, iterations: 20, ..Parameters::default() };
            let model = Embedding::fit(&parameters, &train).unwrap();
            let mut scores = vec![0.0; 6];
            for item in 0..6 {
                model.score(&[entry(item)], &mut scores);
                let best = crate::top_k(&scores, 1, |other| other == item)[0].item;
                assert_eq!(best, (item + 1) % 6, "{loss:?} {scores:?}");
            }
        }
    }
}
