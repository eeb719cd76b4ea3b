//! A low-pass filter on the item graph: near items share a user's taste, far ones do not.
//!
//! Formulas. With `d(u)`, `c(i)` the numbers of interactions of user `u` and item `i`, the graph is
//! `W(i, j) = (sum over users u of both of d(u)^-user_exponent)^sharpness * c(i)^-source_exponent *
//! c(j)^-target_exponent`, 0 for `i = j`. With `P = W / n`, `n` the largest eigenvalue of `W`, the
//! filter is `F = P + second_order * P^2`, a polynomial whose second term reads two steps of the graph:
//! above 0 it blurs (far items help sparse ones), below 0 it sharpens. `score(j) = sum over the history
//! of exp(-age / history_decay) * F(i, j)`. The ideal low-pass filter that goes well beside it is `svd`.
//!
//! Complexity: fitting `O(sum over users of history^2 + items * hop_neighbors^2)`, parallel over items;
//! memory 8 bytes a kept cell; scoring `O(items + history * neighbors)`. No training, no randomness.
//!
//! Papers: Shen et al., "How powerful is graph convolution for recommendation?" (GF-CF), CIKM 2021;
//! Park et al., "Turbo-CF: matrix decomposition-free graph filtering for fast recommendation", SIGIR
//! 2024; the entrywise power is Turbo-CF's, the sharpening term that of Choi et al., "Blurring-
//! sharpening process models for collaborative filtering", SIGIR 2023.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Fit,
    linear::{LinearModel, LinearParameters, check_decay},
    require,
};
use crate::{
    Error, Interactions, Recommender,
    cooccurrence::{Accumulator, best_of_product, best_of_rows},
    sparse::SparseRows,
};

/// Name of the algorithm.
pub const NAME: &str = "graph-filter";

/// Rounds of the power iteration; the largest eigenvalue of a positive graph settles fast, and only
/// the scale of two terms beside one another depends on it.
const ROUNDS: usize = 15;

/// What `graph-filter` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How much less a user with many interactions says, 0 to 2.
    #[schemars(extend("tune" = {"low": 0.3, "high": 1.2}))]
    pub user_exponent: f32,
    /// Exponent of the summed pairs, 0.1 to 4: below 1, a few strong pairs weigh less against many weak.
    #[schemars(extend("tune" = {"low": 0.5, "high": 1.2}))]
    pub sharpness: f32,
    /// How much an item of the history loses by being popular, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.1, "high": 0.6}))]
    pub source_exponent: f32,
    /// How much a recommended item loses by being popular, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.0, "high": 0.7}))]
    pub target_exponent: f32,
    /// Weight of the graph's second power, -1 to 1; 0 leaves it out.
    #[schemars(extend("tune" = {"low": -0.4, "high": 0.4}))]
    pub second_order: f32,
    /// Neighbours of each item through which the second power goes, 1 to 10000.
    pub hop_neighbors: u32,
    /// Items kept for each item of a history, 0 to 100000; 0: all.
    pub neighbors: u32,
    /// Age at which an entry of the history counts 1/e, as a number of later entries, 0 to 10000;
    /// 0: all count alike.
    #[schemars(extend("tune" = {"values": [0.0, 1.5, 2.5, 4.0, 8.0, 16.0, 50.0]}))]
    pub history_decay: f32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            user_exponent: 0.75,
            sharpness: 0.75,
            source_exponent: 0.3,
            target_exponent: 0.45,
            second_order: 0.0,
            hop_neighbors: 200,
            neighbors: 4000,
            history_decay: 0.0,
        }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        for (name, value, (lowest, highest), expected) in [
            ("user_exponent", self.user_exponent, (0.0, 2.0), "a number from 0 to 2"),
            ("sharpness", self.sharpness, (0.1, 4.0), "a number from 0.1 to 4"),
            ("source_exponent", self.source_exponent, (0.0, 1.0), "a number from 0 to 1"),
            ("target_exponent", self.target_exponent, (0.0, 1.0), "a number from 0 to 1"),
            ("second_order", self.second_order, (-1.0, 1.0), "a number from -1 to 1"),
        ] {
            require(NAME, name, value, (lowest..=highest).contains(&value), expected)?;
        }
        let hop_neighbors = (1..=10_000).contains(&self.hop_neighbors);
        require(NAME, "hop_neighbors", self.hop_neighbors, hop_neighbors, "a whole number from 1 to 10000")?;
        let neighbors = self.neighbors <= 100_000;
        require(NAME, "neighbors", self.neighbors, neighbors, "a whole number from 0 to 100000")?;
        check_decay(self)
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(GraphFilter::fit(self, train)?))
    }
}

impl LinearParameters for Parameters {
    const NAME: &'static str = NAME;

    fn history_decay(&self) -> f32 {
        self.history_decay
    }

    fn use_ratings(&self) -> bool {
        false
    }
}

/// A fitted filter.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::graph_filter};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// // Items 0 and 1 share two users, item 2 shares one with each of them.
/// let pairs = [pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1), pair(2, 0), pair(2, 1), pair(2, 2)];
/// let train = Interactions::from_pairs(3, 3, &pairs);
/// let model = graph_filter::GraphFilter::fit(&Default::default(), &train)?;
/// assert_eq!(model.similar(0, 1)[0].item, 1);
/// # Ok::<(), recommender::Error>(())
/// ```
pub type GraphFilter = LinearModel<Parameters>;

impl GraphFilter {
    /// Sums up the graph and, where it is asked for, its second power.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let graph = normalized(graph(parameters, train));
        let filter = if parameters.second_order == 0.0 { graph } else { with_second_order(parameters, &graph) };
        Ok(Self::new(parameters, filter))
    }
}

/// `W` of the module head.
fn graph(parameters: &Parameters, train: &Interactions) -> SparseRows {
    let by_user = SparseRows::from_histories(train, |_| 1.0);
    let by_item = by_user.clone().scaled_by_length(-parameters.user_exponent).transposed();
    let counts: Vec<f32> = (0..by_item.len() as u32).map(|item| by_item.cells(item).0.len().max(1) as f32).collect();
    let of = |exponent: f32| counts.iter().map(|count| count.powf(-exponent)).collect::<Vec<f32>>();
    let (of_source, of_target) = (of(parameters.source_exponent), of(parameters.target_exponent));
    best_of_product(&by_item, &by_user, parameters.neighbors, |row, column, sum: f32| {
        let is_other = f32::from(u8::from(row != column));
        is_other * sum.powf(parameters.sharpness) * of_source[row as usize] * of_target[column as usize]
    })
}

/// The graph divided by its largest eigenvalue, found by power iteration.
fn normalized(graph: SparseRows) -> SparseRows {
    let mut vector = vec![1.0_f32; graph.width()];
    let mut largest = 0.0;
    for _ in 0..ROUNDS {
        let product: Vec<f32> = (0..graph.len() as u32)
            .into_par_iter()
            .map(|row| graph.row(row).map(|(column, value)| value * vector[column as usize]).sum())
            .collect();
        largest = product.iter().copied().fold(0.0, f32::max);
        if largest <= 0.0 {
            return graph;
        }
        vector = product.into_iter().map(|value| value / largest).collect();
    }
    graph.mapped(|_, _, value| value / largest)
}

/// `P + second_order * P^2`, the second power going through the strongest neighbours.
fn with_second_order(parameters: &Parameters, graph: &SparseRows) -> SparseRows {
    let strongest = strongest(graph, parameters.hop_neighbors);
    let fill = |row: u32, sums: &mut Accumulator<f32>| {
        let (columns, values) = graph.cells(row);
        sums.add_row(1.0, columns, values);
        for (middle, value) in strongest.row(row) {
            let (columns, values) = strongest.cells(middle);
            sums.add_row(parameters.second_order * value, columns, values);
        }
    };
    let others = |row, column, sum: f32| if row == column { 0.0 } else { sum };
    best_of_rows((graph.len(), graph.width()), parameters.neighbors, fill, others)
}

/// The largest cells of each row.
fn strongest(graph: &SparseRows, neighbors: u32) -> SparseRows {
    let fill = |row: u32, sums: &mut Accumulator<f32>| {
        let (columns, values) = graph.cells(row);
        sums.add_row(1.0, columns, values);
    };
    best_of_rows((graph.len(), graph.width()), neighbors, fill, |_, _, value| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interaction;

    /// Users choose {0, 1}, {0, 1, 2}, {2, 3}.
    fn train() -> Interactions {
        let cells = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3)];
        let pairs = cells.map(|(user, item)| (user, Interaction { item, weight: 4.0, time: 0 }));
        Interactions::from_pairs(3, 4, &pairs)
    }

    fn assert_close(found: f32, expected: f64) {
        assert!((f64::from(found) - expected).abs() < 1e-5, "found {found}, expected {expected}");
    }

    #[test]
    fn golden_graph() {
        let parameters = Parameters {
            user_exponent: 1.0,
            sharpness: 0.5,
            source_exponent: 0.3,
            target_exponent: 0.2,
            ..Parameters::default()
        };
        let graph = graph(&parameters, &train());
        // Items 0 and 1 share users of 2 and 3 items; items 2 and 3 one of 2. Counts 2, 2, 2, 1.
        assert_close(graph.value(0, 1).unwrap(), (1.0 / 2.0 + 1.0 / 3.0_f64).sqrt() * 2.0_f64.powf(-0.5));
        assert_close(graph.value(2, 3).unwrap(), 0.5_f64.sqrt() * 2.0_f64.powf(-0.3));
        assert_close(graph.value(3, 2).unwrap(), 0.5_f64.sqrt() * 2.0_f64.powf(-0.2));
        assert_eq!((graph.value(0, 3), graph.value(0, 0)), (None, None));
    }

    #[test]
    fn golden_largest_eigenvalue() {
        // [[0, 3], [3, 0]] has the eigenvalues 3 and -3.
        let even = normalized(SparseRows::from_rows(2, &[vec![(1, 3.0)], vec![(0, 3.0)]]));
        assert_close(even.value(0, 1).unwrap(), 1.0);
        // [[1, 2], [2, 1]] has 3 and -1.
        let with_diagonal = normalized(SparseRows::from_rows(2, &[vec![(0, 1.0), (1, 2.0)], vec![(0, 2.0), (1, 1.0)]]));
        assert_close(with_diagonal.value(0, 1).unwrap(), 2.0 / 3.0);
    }

    #[test]
    fn golden_second_power() {
        // 0 - 1 - 2 with weights 0.5 and 0.25: two steps lead from 0 to 2 with 0.125.
        let rows = [vec![(1, 0.5)], vec![(0, 0.5), (2, 0.25)], vec![(1, 0.25)]];
        let graph = SparseRows::from_rows(3, &rows);
        let parameters = Parameters { second_order: 0.4, ..Parameters::default() };
        let filter = with_second_order(&parameters, &graph);
        assert_close(filter.value(0, 2).unwrap(), 0.4 * 0.125);
        assert_close(filter.value(0, 1).unwrap(), 0.5);
        assert_eq!(filter.value(0, 0), None);
    }

    #[test]
    fn two_steps_reach_items_without_a_common_user() {
        let score = |second_order| {
            let parameters = Parameters { second_order, ..Parameters::default() };
            let mut scores = [0.0; 4];
            let model = GraphFilter::fit(&parameters, &train()).unwrap();
            model.score(&[Interaction { item: 0, weight: 5.0, time: 0 }], &mut scores);
            scores[3]
        };
        assert_close(score(0.0), 0.0);
        assert!(score(0.3) > 0.0);
    }
}
