//! EASE: the linear model that reproduces the user-item matrix from itself, in closed form.
//!
//! Formula: minimise `|X - X B|^2 + sum over items i of lambda_i |B[., i]|^2` with a diagonal of 0, where
//! `X` is the user-item matrix, each user's row divided by `length^(user_exponent / 2)`, and
//! `lambda_i = regularization * (count of i / mean count)^regularization_exponent`. With
//! `P = (X^T X + diag(lambda))^-1` the solution is `B[j, i] = -P[j, i] / P[i, i]`. Each item of a history
//! keeps its `neighbors` largest weights, negative ones too; it scores as all linear models do.
//!
//! Complexity: `O(sum over users of history^2 + items^3)`; memory `4 * items^2` bytes while fitting,
//! inverted in place, and `8 * items * neighbors` for the model. The need is estimated before the start:
//! above `max_memory_mb` nothing is allocated and the error says what to set. With `max_items` only the
//! most popular items take part, and the others are never recommended.
//!
//! Paper: Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    closed_form::{Chosen, check_memory, gramian},
    linear::{LinearModel, LinearParameters, check_decay},
    require,
};
use crate::{Error, Fit, Interactions, Recommender, linear_algebra::invert, sparse::SparseRows};

/// Name of the algorithm.
pub const NAME: &str = "ease";

/// What `ease` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Penalty on large weights, above 0, at most 1000000.
    #[schemars(extend("tune" = {"low": 1.0, "high": 2000.0, "scale": "log"}))]
    pub regularization: f32,
    /// How much more popular items are penalised, 0 (all alike) to 1 (in proportion).
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub regularization_exponent: f32,
    /// How much less each interaction of a user with many counts, 0 (all alike) to 1 (each user counts 1).
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub user_exponent: f32,
    /// Weights kept for each item, 0 (all) to 100000.
    pub neighbors: u32,
    /// Age at which an entry of the history counts 1/e, as a number of later entries, 0 to 10000;
    /// 0: all count alike.
    #[schemars(extend("tune" = {"values": [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]}))]
    pub history_decay: f32,
    /// Whether a rating counts by its value; if not, every interaction counts 1.
    pub use_ratings: bool,
    /// Items that take part, the most popular first; 0: all of them.
    pub max_items: u32,
    /// Memory that fitting may take, in megabytes (1000000 bytes), at least 1.
    pub max_memory_mb: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            regularization: 100.0,
            regularization_exponent: 0.0,
            user_exponent: 0.0,
            neighbors: 1000,
            history_decay: 0.0,
            use_ratings: false,
            max_items: 0,
            max_memory_mb: 4000,
        }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        let regularization = self.regularization > 0.0 && self.regularization <= 1e6;
        require(NAME, "regularization", self.regularization, regularization, "a number above 0, at most 1000000")?;
        for (name, exponent) in
            [("regularization_exponent", self.regularization_exponent), ("user_exponent", self.user_exponent)]
        {
            require(NAME, name, exponent, (0.0..=1.0).contains(&exponent), "a number from 0 to 1")?;
        }
        let neighbors = self.neighbors <= 100_000;
        require(NAME, "neighbors", self.neighbors, neighbors, "a whole number from 0 to 100000")?;
        require(NAME, "max_memory_mb", self.max_memory_mb, self.max_memory_mb > 0, "a whole number from 1")?;
        check_decay(self)
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(Ease::fit(self, train)?))
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

/// Fitted weights between items.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::ease};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// // Items 0 and 1 go together, and so do 2 and 3.
/// let pairs = [pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1), pair(2, 2), pair(2, 3)];
/// let train = Interactions::from_pairs(3, 4, &pairs);
/// let model = ease::Ease::fit(&ease::Parameters { regularization: 1.0, ..Default::default() }, &train)?;
/// assert_eq!(model.similar(0, 1)[0].item, 1);
/// # Ok::<(), recommender::Error>(())
/// ```
pub type Ease = LinearModel<Parameters>;

impl Ease {
    /// Inverts the regularised matrix of common users.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let chosen = Chosen::new(train, parameters.max_items);
        check_memory(NAME, parameters.max_memory_mb, chosen.items.len(), parameters.neighbors)?;
        let all = SparseRows::from_histories(train, |entry| entry.strength(parameters.use_ratings));
        let by_user = chosen.columns(&all.scaled_by_length(-parameters.user_exponent / 2.0));
        let lambdas = chosen.penalties(parameters.regularization, parameters.regularization_exponent);
        let mut matrix = gramian(&by_user, &lambdas);
        if !invert(&mut matrix, chosen.items.len()) {
            return Err(Error::NotInvertible { algorithm: NAME, regularization: parameters.regularization });
        }
        Ok(Self::new(parameters, chosen.weights(&matrix, parameters.neighbors)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interaction;

    fn train() -> Interactions {
        // Users choose {0, 1}, {0, 1}, {1}.
        let cells = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1)];
        let pairs = cells.map(|(user, item)| (user, Interaction { item, weight: 4.0, time: 0 }));
        Interactions::from_pairs(3, 3, &pairs)
    }

    fn weight(parameters: &Parameters, history: u32, item: u32) -> f32 {
        let history = [Interaction { item: history, weight: 1.0, time: 0 }];
        let mut scores = [0.0; 3];
        Ease::fit(parameters, &train()).unwrap().score(&history, &mut scores);
        scores[item as usize]
    }

    fn assert_close(found: f32, expected: f32) {
        assert!((found - expected).abs() < 1e-5, "found {found}, expected {expected}");
    }

    #[test]
    fn golden_weights() {
        let parameters = Parameters { regularization: 1.0, ..Parameters::default() };
        // X^T X = [[2, 2], [2, 3]], plus 1: [[3, 2], [2, 4]], determinant 8, P = [[4, -2], [-2, 3]] / 8.
        assert_close(weight(&parameters, 0, 1), 2.0 / 3.0);
        assert_close(weight(&parameters, 1, 0), 2.0 / 4.0);
        assert_close(weight(&parameters, 1, 1), 0.0);
        assert_close(weight(&parameters, 1, 2), 0.0);
    }

    #[test]
    fn golden_penalties_by_popularity() {
        let parameters = Parameters { regularization: 1.0, regularization_exponent: 1.0, ..Parameters::default() };
        // Counts 2 and 3, mean 2.5: penalties 0.8 and 1.2, so P is proportional to [[4.2, -2], [-2, 2.8]].
        assert_close(weight(&parameters, 0, 1), 2.0 / 2.8);
        assert_close(weight(&parameters, 1, 0), 2.0 / 4.2);
    }

    #[test]
    fn golden_users_of_equal_influence() {
        let parameters = Parameters { regularization: 1.0, user_exponent: 1.0, ..Parameters::default() };
        // The users of two items count 1/2 each: X^T X = [[1, 1], [1, 2]], P ~ [[3, -1], [-1, 2]].
        assert_close(weight(&parameters, 0, 1), 1.0 / 2.0);
        assert_close(weight(&parameters, 1, 0), 1.0 / 3.0);
    }

    #[test]
    fn only_the_most_popular_items_and_the_largest_weights_are_kept() {
        let one = Parameters { regularization: 1.0, max_items: 1, ..Parameters::default() };
        assert_close(weight(&one, 0, 1), 0.0);
        let pairs = [(0, 0), (0, 1), (1, 0), (1, 2), (2, 0), (2, 1)];
        let pairs = pairs.map(|(user, item)| (user, Interaction { item, weight: 4.0, time: 0 }));
        let best = Parameters { regularization: 1.0, neighbors: 1, ..Parameters::default() };
        let model = Ease::fit(&best, &Interactions::from_pairs(3, 3, &pairs)).unwrap();
        assert_eq!(model.similar(0, 9).iter().map(|scored| scored.item).collect::<Vec<_>>(), [1]);
    }
}
