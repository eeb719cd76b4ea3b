//! SLIST: a linear model of sessions, of what occurs together and of what comes after, in closed form.
//!
//! Formula: each user's history is cut before each of its entries into a past `s` (newest weight 1, older
//! ones `exp(-age / position_decay)`) and a future `t` (next weight 1, later ones likewise less). With
//! `X`, `S`, `T` the matrices of all histories, pasts and futures, minimise
//! `consistency * |X - X B|^2 + (1 - consistency) * |T - S B|^2 + regularization * |B|^2` with a diagonal
//! of 0. With `P = (consistency * X^T X + (1 - consistency) * S^T S + regularization * I)^-1` and
//! `C = P (consistency * X^T X + (1 - consistency) * S^T T)` the solution is
//! `B[., i] = C[., i] - P[., i] * C[i, i] / P[i, i]`. Each target keeps its `neighbors` largest weights.
//!
//! Complexity: `O(items^3 + items * pairs of items that occur together)`; memory `4 * items^2` bytes while
//! fitting, estimated before the start as for `ease`, and `8 * items * neighbors` for the model.
//!
//! Paper: Choi, Kim, Lee, Shim and Lee, "Session-aware linear item-item models for session-based
//! recommendation", WWW 2021 (there a diagonal is allowed, and sessions are weighted by their date).

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    closed_form::{Chosen, check_memory, gramian, kept},
    examples::{Cutting, Examples},
    linear::{LinearModel, LinearParameters, check_decay},
    require,
};
use crate::{
    Error, Fit, Interactions, Recommender, cooccurrence::best_of_product, linear_algebra::invert, sparse::SparseRows,
    top_k::largest,
};

/// Name of the algorithm.
pub const NAME: &str = "slist";

/// What `slist` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Penalty on large weights, above 0, at most 1000000.
    #[schemars(extend("tune" = {"low": 1.0, "high": 1000.0, "scale": "log"}))]
    pub regularization: f32,
    /// How much it counts what occurs together rather than what comes after, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub consistency: f32,
    /// Distance at which an entry of a past or future counts 1/e while fitting, above 0, at most 100.
    #[schemars(extend("tune" = {"low": 0.5, "high": 10.0, "scale": "log"}))]
    pub position_decay: f32,
    /// Weights kept for each target, 0 (all) to 100000.
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
            consistency: 0.3,
            position_decay: 1.0,
            neighbors: 1000,
            history_decay: 2.0,
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
        let consistency = (0.0..=1.0).contains(&self.consistency);
        require(NAME, "consistency", self.consistency, consistency, "a number from 0 to 1")?;
        let decay = self.position_decay > 0.0 && self.position_decay <= 100.0;
        require(NAME, "position_decay", self.position_decay, decay, "a number above 0, at most 100")?;
        let neighbors = self.neighbors <= 100_000;
        require(NAME, "neighbors", self.neighbors, neighbors, "a whole number from 0 to 100000")?;
        require(NAME, "max_memory_mb", self.max_memory_mb, self.max_memory_mb > 0, "a whole number from 1")?;
        check_decay(self)
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(Slist::fit(self, train)?))
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
/// use recommender::{Interaction, Interactions, Recommender, algorithms::slist};
///
/// let pair = |user, item, time| (user, Interaction { item, weight: 5.0, time });
/// // Item 1 comes after 0 twice, and 0 after 2.
/// let pairs = [pair(0, 0, 1), pair(0, 1, 2), pair(1, 2, 1), pair(1, 0, 2), pair(1, 1, 3)];
/// let train = Interactions::from_pairs(2, 3, &pairs);
/// let model = slist::Slist::fit(&slist::Parameters { regularization: 1.0, ..Default::default() }, &train)?;
/// assert_eq!(model.similar(0, 1)[0].item, 1);
/// # Ok::<(), recommender::Error>(())
/// ```
pub type Slist = LinearModel<Parameters>;

impl Slist {
    /// Solves for the weights of each target.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let chosen = Chosen::new(train, parameters.max_items);
        let size = chosen.items.len();
        check_memory(NAME, parameters.max_memory_mb, size, parameters.neighbors)?;
        let cutting = Cutting {
            consistency: parameters.consistency,
            position_decay: parameters.position_decay,
            user_exponent: 0.0,
            use_ratings: parameters.use_ratings,
        };
        let Examples { inputs, targets } = cutting.examples(train);
        let (inputs, targets) = (chosen.columns(&inputs), chosen.columns(&targets));
        let mut inverse = gramian(&inputs, &vec![parameters.regularization; size]);
        if !invert(&mut inverse, size) {
            return Err(Error::NotInvertible { algorithm: NAME, regularization: parameters.regularization });
        }
        // Row: a target; columns: the inputs that it occurs with.
        let wanted = best_of_product(&targets.transposed(), &inputs, 0, |_, _, sum: f32| sum);
        let weights = |target: u32| weights_of(target, &wanted, &inverse, kept(size, parameters.neighbors));
        let rows: Vec<Vec<(u32, f32)>> = (0..size as u32).into_par_iter().map(weights).collect();
        Ok(Self::new(parameters, chosen.all_items(&rows).transposed()))
    }
}

/// The largest weights with which inputs speak for a target.
fn weights_of(target: u32, wanted: &SparseRows, inverse: &[f32], keep: usize) -> Vec<(u32, f32)> {
    let size = wanted.len();
    let row = |place: u32| inverse[place as usize * size..][..size].iter();
    let mut weights = vec![0.0_f32; size];
    let mut add = |factor: f32, place| weights.iter_mut().zip(row(place)).for_each(|(sum, cell)| *sum += factor * cell);
    wanted.row(target).for_each(|(input, sum)| add(sum, input));
    let place = target as usize;
    let own = weights[place] / inverse[place * size + place];
    weights.iter_mut().zip(row(target)).for_each(|(weight, cell)| *weight -= own * cell);
    // What rounding leaves on the diagonal.
    weights[place] = 0.0;
    largest((0..).zip(weights).collect(), keep)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interaction;

    /// The weights from item 0 and from item 1 to item 1 and 0.
    fn weights(parameters: &Parameters, pairs: &[(u32, u32)]) -> [f32; 2] {
        let pairs: Vec<(u32, Interaction)> = (0..)
            .zip(pairs)
            .map(|(time, (user, item))| (*user, Interaction { item: *item, weight: 1.0, time }))
            .collect();
        let model = Slist::fit(parameters, &Interactions::from_pairs(3, 2, &pairs)).unwrap();
        let mut scores = vec![0.0; 2];
        [(0, 1), (1, 0)].map(|(from, to)| {
            model.score(&[Interaction { item: from, weight: 1.0, time: 0 }], &mut scores);
            scores[to]
        })
    }

    const PAIRS: [(u32, u32); 5] = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1)];

    fn assert_close(found: f32, expected: f32) {
        assert!((found - expected).abs() < 1e-5, "found {found}, expected {expected}");
    }

    #[test]
    fn golden_transitions() {
        let parameters = Parameters { regularization: 1.0, consistency: 0.0, ..Parameters::default() };
        // Two cuts, both 0 then 1: S^T S = diag(2, 0), S^T T has 2 at (0, 1): B[0, 1] = 2 / (2 + 1).
        let [forward, back] = weights(&parameters, &PAIRS);
        assert_close(forward, 2.0 / 3.0);
        assert_close(back, 0.0);
    }

    #[test]
    fn golden_mixture() {
        let parameters = Parameters { regularization: 1.0, consistency: 0.5, ..Parameters::default() };
        // X^T X = [[2, 2], [2, 3]]; the inverse is that of [[1 + 1 + 1, 1], [1, 1.5 + 1]], so
        // P = [[2.5, -1], [-1, 3]] / 6.5, and P times [[1, 1 + 1], [1, 1.5]] = [[1.5, 3.5], [2, 2.5]] / 6.5.
        let [forward, back] = weights(&parameters, &PAIRS);
        assert_close(forward, 3.5 / 6.5 + 2.5 / 6.5 / 3.0);
        assert_close(back, 2.0 / 6.5 + 1.5 / 6.5 / 2.5);
    }

    #[test]
    fn without_transitions_it_is_ease() {
        let parameters = Parameters { regularization: 1.0, consistency: 1.0, ..Parameters::default() };
        // The golden weights of EASE for the same users.
        let [forward, back] = weights(&parameters, &PAIRS);
        assert_close(forward, 2.0 / 3.0);
        assert_close(back, 2.0 / 4.0);
    }
}
