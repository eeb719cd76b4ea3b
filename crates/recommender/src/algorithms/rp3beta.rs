//! Where a random walk of three steps ends, with popular ends held back.
//!
//! Formula: `W[j, i] = sum over the users u of both of (1 / count(j))^alpha * (1 / length(u))^alpha /
//! count(i)^beta`, where `length(u)` is the number of items of `u` and `count` that of users of an item;
//! the first step, from the user to the items `j` of the history, is the sum of the score. Each item `j`
//! keeps its `neighbors` largest weights.
//!
//! Complexity: fitting `O(sum over users of history^2)`, parallel over items; memory
//! `8 * items * neighbors` bytes; scoring `O(items + history * neighbors)`.
//!
//! Paper: Paudel, Christoffel, Newell and Bernstein, "Updatable, accurate, diverse, and scalable
//! recommendations for interactive applications", ACM transactions on
//! interactive intelligent systems 2016.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    linear::{LinearModel, LinearParameters, check_decay},
    require,
};
use crate::{Error, Fit, Interactions, Recommender, cooccurrence::best_of_product, sparse::SparseRows};

/// Name of the algorithm.
pub const NAME: &str = "rp3beta";

/// What `rp3beta` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Weights kept for each item, 1 to 10000.
    #[schemars(extend("tune" = {"low": 50, "high": 2000, "scale": "log"}))]
    pub neighbors: u32,
    /// How much a step loses by having many ways to go, 0 to 2; 1: a random walk.
    #[schemars(extend("tune" = {"low": 0.0, "high": 2.0}))]
    pub alpha: f32,
    /// How much a recommended item loses by being popular, 0 to 2.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub beta: f32,
    /// Age at which an entry of the history counts 1/e, as a number of later entries, 0 to 10000;
    /// 0: all count alike.
    #[schemars(extend("tune" = {"values": [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]}))]
    pub history_decay: f32,
    /// Whether a rating counts by its value; if not, every interaction counts 1.
    pub use_ratings: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { neighbors: 1000, alpha: 0.6, beta: 0.4, history_decay: 0.0, use_ratings: false }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        let neighbors = (1..=10_000).contains(&self.neighbors);
        require(NAME, "neighbors", self.neighbors, neighbors, "a whole number from 1 to 10000")?;
        require(NAME, "alpha", self.alpha, (0.0..=2.0).contains(&self.alpha), "a number from 0 to 2")?;
        require(NAME, "beta", self.beta, (0.0..=2.0).contains(&self.beta), "a number from 0 to 2")?;
        check_decay(self)
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(Rp3beta::fit(self, train)?))
    }
}

impl LinearParameters for Parameters {
    const NAME: &'static str = NAME;

    fn history_decay(&self) -> f32 {
        self.history_decay
    }

    fn use_ratings(&self) -> bool {
        self.use_ratings
    }
}

/// Fitted transition weights between items.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::rp3beta};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// // Items 0 and 1 share two users, 0 and 2 one.
/// let pairs = [pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1), pair(2, 0), pair(2, 2)];
/// let train = Interactions::from_pairs(3, 3, &pairs);
/// let model = rp3beta::Rp3beta::fit(&rp3beta::Parameters::default(), &train)?;
/// assert_eq!(model.similar(0, 1)[0].item, 1);
/// # Ok::<(), recommender::Error>(())
/// ```
pub type Rp3beta = LinearModel<Parameters>;

impl Rp3beta {
    /// Walks from each item to its users and on to theirs.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let by_user = SparseRows::from_histories(train, |entry| entry.strength(parameters.use_ratings));
        let by_item = by_user.transposed().scaled_by_length(-parameters.alpha);
        let penalty = |item| (by_item.cells(item).0.len() as f32).powf(-parameters.beta);
        let penalties: Vec<f32> = (0..by_item.len() as u32).map(penalty).collect();
        let to_items = by_user.scaled_by_length(-parameters.alpha);
        let weight = |from: u32, to: u32, sum: f32| f32::from(from != to) * sum * penalties[to as usize];
        Ok(Self::new(parameters, best_of_product(&by_item, &to_items, parameters.neighbors, weight)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interaction;

    #[test]
    fn golden_walk() {
        // Users choose {0, 1}, {0, 1, 2}.
        let pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)];
        let pairs = pairs.map(|(user, item)| (user, Interaction { item, weight: 4.0, time: 0 }));
        let parameters = Parameters { alpha: 1.0, beta: 0.5, ..Parameters::default() };
        let model = Rp3beta::fit(&parameters, &Interactions::from_pairs(2, 3, &pairs)).unwrap();
        let history = [Interaction { item: 0, weight: 1.0, time: 0 }];
        let mut scores = [9.0; 3];
        model.score(&history, &mut scores);
        // From item 0 to each user 1/2, on to an item 1/2 or 1/3; item 1 has 2 users, item 2 has 1.
        let expected = [0.0, (0.5 / 2.0 + 0.5 / 3.0) / 2.0_f32.sqrt(), 0.5 / 3.0];
        scores.iter().zip(expected).for_each(|(found, wanted)| assert!((found - wanted).abs() < 1e-6, "{scores:?}"));
    }
}
