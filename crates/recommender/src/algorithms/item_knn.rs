//! Items that the same users chose are alike: item-based nearest neighbours.
//!
//! Formula, for items `i`, `j` and the users `u` who chose both:
//! `sim(j, i) = sum over u of w(j, u) * w(i, u) * n / (n + shrinkage) / (|j|^2a * |i|^2b)`, where `n` is
//! their number, `w` the cell of the item-user matrix after [`Weighting`], `|i|` the length of its row,
//! `a` the `history_exponent` and `b` the `target_exponent` (both 0.5: the cosine). Each item keeps its
//! `neighbors` most similar ones. `score(i) = sum over the history's items j that have i as neighbour of
//! strength(j) * exp(-age(j) / history_decay) * sim(j, i)`. Items of a history that repeat count each time.
//!
//! Complexity: fitting `O(sum over users of history^2)`, parallel over items; memory
//! `8 * items * neighbors` bytes; scoring `O(items + history * neighbors)`.
//!
//! Papers: Sarwar, Karypis, Konstan and Riedl, "Item-based collaborative filtering recommendation
//! algorithms", WWW 2001; shrinkage: Koren, "Factor in the neighbors", TKDD 2010; unequal exponents:
//! Aiolli, "Efficient top-n recommendation for very large scale binary rated datasets", ACM conference on
//! recommender systems 2013.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    linear::{LinearModel, LinearParameters, check_decay},
    require,
};
use crate::{
    Error, Fit, Interactions, Recommender,
    cooccurrence::{Counted, best_of_product},
    sparse::SparseRows,
};

/// Name of the algorithm.
pub const NAME: &str = "item-knn";

/// How a cell of the item-user matrix is weighted before items are compared.
///
/// `idf(u) = ln((1 + items) / (1 + history of u)) + 1`: sharing a user who chose nearly everything
/// says less than sharing one who chose little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// `r`.
    Cosine,
    /// `sqrt(r) * idf(u)`.
    #[default]
    TfIdf,
    /// `idf(u) * r * 2.2 / (r + 1.2 * (0.25 + 0.75 * row sum / mean row sum))`, for which both
    /// exponents are taken as 0: popular items keep some of their lead.
    Bm25,
}

/// What `item-knn` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Similar items kept for each item, 1 to 10000.
    #[schemars(extend("tune" = {"low": 50, "high": 2000, "scale": "log"}))]
    pub neighbors: u32,
    /// How common users are weighted.
    #[schemars(extend("tune" = {"values": ["cosine", "tf-idf", "bm25"]}))]
    pub weighting: Weighting,
    /// Common users at which a similarity is halved, 0 or more: pairs with few are trusted less.
    #[schemars(extend("tune" = {"low": 0.0, "high": 50.0}))]
    pub shrinkage: f32,
    /// How much an item of the history loses by being popular, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub history_exponent: f32,
    /// How much a recommended item loses by being popular, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub target_exponent: f32,
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
            neighbors: 200,
            weighting: Weighting::TfIdf,
            shrinkage: 5.0,
            history_exponent: 0.5,
            target_exponent: 0.5,
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
        let shrinkage = (0.0..=1e6).contains(&self.shrinkage);
        require(NAME, "shrinkage", self.shrinkage, shrinkage, "a number from 0 to 1000000")?;
        let exponents = [("history_exponent", self.history_exponent), ("target_exponent", self.target_exponent)];
        for (name, exponent) in exponents {
            require(NAME, name, exponent, (0.0..=1.0).contains(&exponent), "a number from 0 to 1")?;
        }
        check_decay(self)
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(ItemKnn::fit(self, train)?))
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

/// Fitted neighbour lists.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::item_knn};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// // Items 0 and 1 share two users, item 2 shares one with each of them.
/// let pairs = [pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1), pair(2, 0), pair(2, 1), pair(2, 2)];
/// let train = Interactions::from_pairs(3, 3, &pairs);
/// let model = item_knn::ItemKnn::fit(&item_knn::Parameters::default(), &train)?;
/// assert_eq!(model.similar(0, 1)[0].item, 1);
/// # Ok::<(), recommender::Error>(())
/// ```
pub type ItemKnn = LinearModel<Parameters>;

impl ItemKnn {
    /// Compares all pairs of items that have a user in common.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let by_user = weigh(parameters, train);
        let by_item = by_user.transposed();
        let exponents = match parameters.weighting {
            Weighting::Bm25 => [0.0, 0.0],
            Weighting::Cosine | Weighting::TfIdf => [parameters.history_exponent, parameters.target_exponent],
        };
        let [of_history, of_target] = exponents.map(|exponent| factors(&by_item, exponent));
        let scaled = |row: u32, column: u32, sum: f32| {
            let is_other = row != column;
            f32::from(is_other) * sum * of_history[row as usize] * of_target[column as usize]
        };
        let weights = if parameters.shrinkage > 0.0 {
            best_of_product(&by_item, &by_user, parameters.neighbors, |row, column, cell: Counted| {
                let count = cell.count as f32;
                scaled(row, column, cell.sum * count / (count + parameters.shrinkage))
            })
        } else {
            best_of_product(&by_item, &by_user, parameters.neighbors, scaled)
        };
        Ok(Self::new(parameters, weights))
    }
}

/// The user-item matrix with the weights of the chosen [`Weighting`].
fn weigh(parameters: &Parameters, train: &Interactions) -> SparseRows {
    let strengths = SparseRows::from_histories(train, |entry| entry.strength(parameters.use_ratings));
    let mut row_sums = vec![0.0_f64; train.item_count()];
    for user in 0..strengths.len() as u32 {
        strengths.row(user).for_each(|(item, strength)| row_sums[item as usize] += f64::from(strength));
    }
    let occupied = row_sums.iter().filter(|sum| **sum > 0.0).count().max(1);
    let mean = row_sums.iter().sum::<f64>() / occupied as f64;
    let items = row_sums.len() as f32;
    let idf = |length: usize| ((1.0 + items) / (1.0 + length as f32)).ln() + 1.0;
    let idfs: Vec<f32> = (0..strengths.len() as u32).map(|user| idf(strengths.cells(user).0.len())).collect();
    strengths.mapped(|user, item, strength| match parameters.weighting {
        Weighting::Cosine => strength,
        Weighting::TfIdf => strength.sqrt() * idfs[user as usize],
        Weighting::Bm25 => {
            let length = 0.25 + 0.75 * row_sums[item as usize] / mean.max(f64::MIN_POSITIVE);
            idfs[user as usize] * strength * 2.2 / (strength + 1.2 * length as f32)
        }
    })
}

/// `length^(-2 * exponent)` of each row, 0 for an empty one.
fn factors(rows: &SparseRows, exponent: f32) -> Vec<f32> {
    let factor = |row| {
        let square: f64 = rows.row(row).map(|(_, value)| f64::from(value) * f64::from(value)).sum();
        if square > 0.0 { square.powf(-f64::from(exponent)) as f32 } else { 0.0 }
    };
    (0..rows.len() as u32).map(factor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Interaction, Reason};

    fn train() -> Interactions {
        // Users choose: {0, 1}, {0, 1, 2}, {1, 2}, {3}.
        let cells = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (3, 3)];
        let pairs = cells.map(|(user, item)| (user, Interaction { item, weight: 4.0, time: 0 }));
        Interactions::from_pairs(4, 4, &pairs)
    }

    fn fit_with(parameters: &Parameters) -> ItemKnn {
        ItemKnn::fit(parameters, &train()).unwrap()
    }

    fn fit(weighting: Weighting, shrinkage: f32, neighbors: u32) -> ItemKnn {
        fit_with(&Parameters { neighbors, weighting, shrinkage, ..Parameters::default() })
    }

    fn assert_close(found: f32, expected: f64) {
        assert!((f64::from(found) - expected).abs() < 1e-6, "found {found}, expected {expected}");
    }

    #[test]
    fn golden_cosine() {
        let model = fit(Weighting::Cosine, 0.0, 10);
        // Items 0 and 1 share 2 users of 2 and 3: 2 / sqrt(2 * 3). Items 0 and 2 share 1 of 2 and 2: 1/2.
        let similar = model.similar(0, 10);
        assert_eq!(similar.iter().map(|scored| scored.item).collect::<Vec<_>>(), [1, 2]);
        assert_close(similar[0].score, 2.0 / 6.0_f64.sqrt());
        assert_close(similar[1].score, 0.5);
        assert!(model.similar(3, 10).is_empty());
    }

    #[test]
    fn golden_shrinkage() {
        let model = fit(Weighting::Cosine, 2.0, 10);
        // Factors n / (n + 2): 2/4 for items 0 and 1, 1/3 for items 0 and 2.
        assert_close(model.similar(0, 2)[0].score, 2.0 / 6.0_f64.sqrt() / 2.0);
        assert_close(model.similar(0, 2)[1].score, 0.5 / 3.0);
    }

    #[test]
    fn golden_tf_idf() {
        let model = fit(Weighting::TfIdf, 0.0, 10);
        // idf of the users: ln(5/3) + 1, ln(5/4) + 1, ln(5/3) + 1.
        let (two, three) = ((5.0_f64 / 3.0).ln() + 1.0, (5.0_f64 / 4.0).ln() + 1.0);
        let lengths = ((two * two + three * three) * (two * two + three * three + two * two)).sqrt();
        assert_close(model.similar(0, 1)[0].score, (two * two + three * three) / lengths);
    }

    #[test]
    fn golden_bm25() {
        let model = fit(Weighting::Bm25, 0.0, 10);
        // Row sums 2, 3, 2, 1 with mean 2; item 0: 2.2 / (1 + 1.2), item 1: 2.2 / (1 + 1.2 * 1.375).
        let idf = [(5.0_f64 / 3.0).ln() + 1.0, (5.0_f64 / 4.0).ln() + 1.0];
        let (first, second) = (1.0, 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * 1.5)));
        assert_close(model.similar(0, 1)[0].score, first * second * (idf[0] * idf[0] + idf[1] * idf[1]));
    }

    #[test]
    fn golden_exponents() {
        let parameters =
            Parameters { history_exponent: 0.25, target_exponent: 0.0, shrinkage: 0.0, ..Parameters::default() };
        let model = fit_with(&Parameters { weighting: Weighting::Cosine, ..parameters });
        // Two common users; the history's item 1 has length sqrt(3): 2 / sqrt(3)^0.5, item 0 sqrt(2).
        assert_close(model.similar(1, 1)[0].score, 2.0 / 3.0_f64.powf(0.25));
        assert_close(model.similar(0, 1)[0].score, 2.0 / 2.0_f64.powf(0.25));
    }

    #[test]
    fn golden_recency() {
        let parameters = Parameters { history_decay: 2.0, shrinkage: 0.0, ..Parameters::default() };
        let model = fit_with(&Parameters { weighting: Weighting::Cosine, ..parameters });
        let history = [0, 1].map(|item| Interaction { item, weight: 5.0, time: 0 });
        let mut scores = vec![0.0; 4];
        model.score(&history, &mut scores);
        // Item 1 is the newest; item 0 counts exp(-1 / 2).
        assert_close(scores[2], 0.5 * (-0.5_f64).exp() + 2.0 / 6.0_f64.sqrt());
    }

    #[test]
    fn scores_add_up_over_the_history_and_the_largest_part_is_the_reason() {
        let model = fit(Weighting::Cosine, 0.0, 10);
        let history = [0, 1].map(|item| Interaction { item, weight: 5.0, time: 0 });
        let mut scores = vec![9.0; 4];
        model.score(&history, &mut scores);
        let (from_0, from_1) = (0.5, 2.0 / 6.0_f64.sqrt());
        assert_close(scores[2], from_0 + from_1);
        assert_close(scores[3], 0.0);
        let Some(Reason::BecauseOf { item, share }) = model.reason(2, &history) else { panic!("no reason") };
        assert_eq!(item, 1);
        assert_close(share, from_1 / (from_0 + from_1));
        assert_eq!(model.reason(3, &history), None);
    }

    #[test]
    fn only_the_best_neighbors_are_kept() {
        assert_eq!(fit(Weighting::Cosine, 0.0, 1).similar(1, 10).len(), 1);
    }
}
