//! SLIM: each item as a sparse, never negative mix of the items that it occurs with or comes after.
//!
//! Formula, for each item `i`: minimise `|t_i - S w|^2 / 2 + l2 * |w|^2 / 2 + l1 * sum of w` over
//! `w >= 0` that is 0 outside of the `neighbors` items nearest to `i` by cosine. `S` holds what is given and
//! `t_i` the column `i` of what is wanted: with `consistency` 1 both are the user-item matrix, each user's row
//! divided by `length^(user_exponent / 2)`, as in the paper; below 1 also pasts and futures of each history,
//! as `slist` has them. Coordinate descent:
//! `w_j = max(0, s_j . (t_i - S w + s_j w_j) - l1) / (|s_j|^2 + l2)`, all candidates once, then those above
//! 0 until nothing moves. `W[j, i] = w_j`; scores as all linear models do.
//!
//! Complexity: `O(items * (neighbors + iterations * weights above 0) * users of an item)`, parallel over
//! items; memory 4 bytes a user and thread beside the matrix, so it fits where `ease` does not.
//!
//! Papers: Ning and Karypis, "SLIM: sparse linear methods for top-n recommender systems", ICDM 2011;
//! pasts and futures: Choi et al., "Session-aware linear item-item models", WWW 2021.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    examples::{Cutting, Examples},
    linear::{LinearModel, LinearParameters, check_decay},
    require,
};
use crate::{Error, Fit, Interactions, Recommender, cooccurrence::best_of_product, sparse::SparseRows};

/// Name of the algorithm.
pub const NAME: &str = "slim";

/// Change of a weight, as a share of the largest, below which a sweep counts as having moved nothing.
const TOLERANCE: f32 = 1e-3;

/// What `slim` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Items of which each item may be mixed, 1 to 10000.
    #[schemars(extend("tune" = {"low": 50, "high": 1000, "scale": "log"}))]
    pub neighbors: u32,
    /// Penalty on the number of weights, 0 to 1000000.
    #[schemars(extend("tune" = {"low": 0.01, "high": 20.0, "scale": "log"}))]
    pub l1: f32,
    /// Penalty on large weights, above 0, at most 1000000.
    #[schemars(extend("tune" = {"low": 1.0, "high": 1000.0, "scale": "log"}))]
    pub l2: f32,
    /// How much less each interaction of a user with many counts, 0 (all alike) to 1 (each user counts 1).
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub user_exponent: f32,
    /// How much it counts what occurs together rather than what comes after, 0 to 1; 1: order plays no part.
    #[schemars(extend("tune" = {"values": [0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0]}))]
    pub consistency: f32,
    /// Distance at which an entry of a past or future counts 1/e while fitting, above 0, at most 100.
    #[schemars(extend("tune" = {"low": 0.5, "high": 10.0, "scale": "log"}))]
    pub position_decay: f32,
    /// Sweeps at most, 1 to 1000.
    pub iterations: u32,
    /// Age at which an entry of the history counts 1/e, as a number of later entries, 0 to 10000;
    /// 0: all count alike.
    #[schemars(extend("tune" = {"values": [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]}))]
    pub history_decay: f32,
    /// Whether a rating counts by its value; if not, every interaction counts 1.
    pub use_ratings: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            neighbors: 300,
            l1: 0.02,
            l2: 100.0,
            user_exponent: 0.0,
            consistency: 1.0,
            position_decay: 1.0,
            iterations: 20,
            history_decay: 0.0,
            use_ratings: false,
        }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        let neighbors = (1..=10_000).contains(&self.neighbors);
        require(NAME, "neighbors", self.neighbors, neighbors, "a whole number from 1 to 10000")?;
        require(NAME, "l1", self.l1, (0.0..=1e6).contains(&self.l1), "a number from 0 to 1000000")?;
        let l2 = self.l2 > 0.0 && self.l2 <= 1e6;
        require(NAME, "l2", self.l2, l2, "a number above 0, at most 1000000")?;
        let exponent = (0.0..=1.0).contains(&self.user_exponent);
        require(NAME, "user_exponent", self.user_exponent, exponent, "a number from 0 to 1")?;
        let consistency = (0.0..=1.0).contains(&self.consistency);
        require(NAME, "consistency", self.consistency, consistency, "a number from 0 to 1")?;
        let decay = self.position_decay > 0.0 && self.position_decay <= 100.0;
        require(NAME, "position_decay", self.position_decay, decay, "a number above 0, at most 100")?;
        let iterations = (1..=1000).contains(&self.iterations);
        require(NAME, "iterations", self.iterations, iterations, "a whole number from 1 to 1000")?;
        check_decay(self)
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(Slim::fit(self, train)?))
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
/// use recommender::{Interaction, Interactions, Recommender, algorithms::slim};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// // Items 0 and 1 go together, and so do 2 and 3.
/// let pairs = [pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1), pair(2, 2), pair(2, 3)];
/// let train = Interactions::from_pairs(3, 4, &pairs);
/// let model = slim::Slim::fit(&slim::Parameters::default(), &train)?;
/// assert_eq!(model.similar(0, 1)[0].item, 1);
/// # Ok::<(), recommender::Error>(())
/// ```
pub type Slim = LinearModel<Parameters>;

impl Slim {
    /// Fits the mix of each item.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let cutting = Cutting {
            consistency: parameters.consistency,
            position_decay: parameters.position_decay,
            user_exponent: parameters.user_exponent,
            use_ratings: parameters.use_ratings,
        };
        let Examples { inputs, targets } = cutting.examples(train);
        let (by_input, by_target) = (inputs.transposed(), targets.transposed());
        let (of_input, of_target) = (squares(&by_input), squares(&by_target));
        let cosine = |target: u32, input: u32, sum: f32| {
            f32::from(target != input) * sum / (of_target[target as usize] * of_input[input as usize]).sqrt()
        };
        let nearest = best_of_product(&by_target, &inputs, parameters.neighbors, cosine);
        let descent = Descent { parameters, by_input: &by_input, by_target: &by_target, squares: &of_input };
        let mixes: Vec<Vec<(u32, f32)>> = (0..by_target.len() as u32)
            .into_par_iter()
            .map_init(|| vec![0.0; inputs.len()], |residual, item| descent.mix(item, nearest.cells(item).0, residual))
            .collect();
        Ok(Self::new(parameters, SparseRows::from_rows(by_input.len(), &mixes).transposed()))
    }
}

/// The squared length of each row.
fn squares(rows: &SparseRows) -> Vec<f32> {
    let square = |row| rows.cells(row).1.iter().map(|value| value * value).sum();
    (0..rows.len() as u32).map(square).collect()
}

/// What the mix of every item is fitted to.
struct Descent<'a> {
    parameters: &'a Parameters,
    /// Columns of what is given.
    by_input: &'a SparseRows,
    /// Columns of what is wanted.
    by_target: &'a SparseRows,
    /// Squared length of each column of what is given.
    squares: &'a [f32],
}

impl Descent<'_> {
    /// The weights above 0 of one item. `residual` has a cell an example, all 0 before and after.
    fn mix(&self, item: u32, candidates: &[u32], residual: &mut [f32]) -> Vec<(u32, f32)> {
        self.by_target.row(item).for_each(|(example, value)| residual[example as usize] = value);
        let mut mix: Vec<(u32, f32)> = candidates.iter().map(|candidate| (*candidate, 0.0)).collect();
        for _ in 0..self.parameters.iterations {
            let largest_move = self.sweep(&mut mix, residual);
            mix.retain(|(_, weight)| *weight > 0.0);
            let largest = mix.iter().map(|cell| cell.1).fold(0.0, f32::max);
            if largest_move <= TOLERANCE * largest {
                break;
            }
        }
        // Exactly 0 again, whatever rounding left.
        self.by_target.cells(item).0.iter().for_each(|example| residual[*example as usize] = 0.0);
        for other in candidates {
            self.by_input.cells(*other).0.iter().for_each(|example| residual[*example as usize] = 0.0);
        }
        mix
    }

    /// Moves each weight to its best place while the others stay; the largest move.
    fn sweep(&self, mix: &mut [(u32, f32)], residual: &mut [f32]) -> f32 {
        let mut largest_move = 0.0_f32;
        for (other, weight) in mix {
            let square = self.squares[*other as usize];
            let gradient = self.product(*other, residual) + square * *weight;
            let best = (gradient - self.parameters.l1).max(0.0) / (square + self.parameters.l2);
            let change = best - *weight;
            if change != 0.0 {
                self.add(*other, -change, residual);
                *weight = best;
                largest_move = largest_move.max(change.abs());
            }
        }
        largest_move
    }

    /// `s_item . residual`
    fn product(&self, item: u32, residual: &[f32]) -> f32 {
        self.by_input.row(item).map(|(example, value)| value * residual[example as usize]).sum()
    }

    /// `residual += factor * s_item`
    fn add(&self, item: u32, factor: f32, residual: &mut [f32]) {
        self.by_input.row(item).for_each(|(example, value)| residual[example as usize] += factor * value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interaction;

    fn weights(parameters: &Parameters) -> Vec<Vec<f32>> {
        // Users choose {0, 1, 2}, {0, 1}, {2}.
        let pairs = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 2)];
        let pairs = pairs.map(|(user, item)| (user, Interaction { item, weight: 4.0, time: 0 }));
        let model = Slim::fit(parameters, &Interactions::from_pairs(3, 3, &pairs)).unwrap();
        let mut scores = vec![0.0; 3];
        let mut row = |item| {
            model.score(&[Interaction { item, weight: 1.0, time: 0 }], &mut scores);
            scores.clone()
        };
        vec![row(0), row(1), row(2)]
    }

    fn assert_close(found: f32, expected: f32) {
        assert!((found - expected).abs() < 2e-3, "found {found}, expected {expected}");
    }

    #[test]
    fn golden_mix() {
        let weights = weights(&Parameters { l1: 0.0, l2: 1.0, iterations: 100, ..Parameters::default() });
        // Item 0 from 1 and 2: (X^T X + 1) w = [[3, 1], [1, 3]] w = [2, 1], so w = [5, 1] / 8.
        assert_close(weights[1][0], 5.0 / 8.0);
        assert_close(weights[2][0], 1.0 / 8.0);
        // Item 2 from 0 and 1: [[3, 2], [2, 3]] w = [1, 1], so both 1/5.
        assert_close(weights[0][2], 0.2);
        assert_close(weights[1][2], 0.2);
        assert_close(weights[0][0], 0.0);
    }

    #[test]
    fn golden_sparsity() {
        let weights = weights(&Parameters { l1: 0.5, l2: 1.0, iterations: 100, ..Parameters::default() });
        // Item 0: [[3, 1], [1, 3]] w = [2 - 0.5, 1 - 0.5], so w = [0.5, 0].
        assert_close(weights[1][0], 0.5);
        assert!(weights[2][0].abs() < f32::EPSILON);
    }

    #[test]
    fn golden_transitions() {
        let weights =
            weights(&Parameters { l1: 0.0, l2: 1.0, consistency: 0.0, iterations: 100, ..Parameters::default() });
        // Cuts, with d = exp(-1): 0 | 1 2, 0 1 | 2 and 0 | 1. Item 1 from 0: (1 + 1) / (1 + d^2 + 1 + 1).
        let step = (-1.0_f32).exp();
        assert_close(weights[0][1], 2.0 / (3.0 + step * step));
        // Nothing comes before item 0.
        assert!(weights.iter().all(|row| row[0].abs() < f32::EPSILON));
    }

    #[test]
    fn only_the_nearest_items_are_mixed() {
        let weights = weights(&Parameters { l1: 0.0, l2: 1.0, neighbors: 1, ..Parameters::default() });
        // Item 0 from 1 alone: 3 w = 2.
        assert_close(weights[1][0], 2.0 / 3.0);
        assert!(weights[2][0].abs() < f32::EPSILON);
    }
}
