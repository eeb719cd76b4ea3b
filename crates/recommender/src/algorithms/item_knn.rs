//! Items that the same users chose are alike: item-based nearest neighbours.
//!
//! Formula, for items `i`, `j` and the users `u` who chose both:
//! `sim(i, j) = sum over u of w(i, u) * w(j, u) * n / (n + shrinkage)`, where `n` is their number and
//! `w` the cell of the item-user matrix after [`Weighting`]. Each item keeps its `neighbors` most
//! similar ones. `score(i) = sum over the history's items j that have i as neighbour of
//! strength(j) * sim(j, i)`. Items of a history that repeat count each time.
//!
//! Complexity: fitting `O(sum over users of history^2)`, parallel over items; memory
//! `8 * items * neighbors` bytes; scoring `O(items + history * neighbors)`.
//!
//! Papers: Sarwar, Karypis, Konstan and Riedl, "Item-based collaborative filtering recommendation
//! algorithms", WWW 2001; shrinkage: Koren, "Factor in the neighbors", TKDD 2010.

use std::collections::BTreeMap;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{parameters_of, require};
use crate::{
    Error, Explanation, Fit, Interaction, Interactions, ModelData, Recommender, Scored, sparse::SparseRows, top_k::best,
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
    /// `r`, rows scaled to length 1.
    Cosine,
    /// `sqrt(r) * idf(u)`, rows scaled to length 1.
    #[default]
    TfIdf,
    /// `idf(u) * r * 2.2 / (r + 1.2 * (0.25 + 0.75 * row sum / mean row sum))`, rows not scaled:
    /// popular items keep some of their lead.
    Bm25,
}

/// What `item-knn` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Similar items kept for each item, 1 to 10000.
    pub neighbors: u32,
    /// How common users are weighted.
    pub weighting: Weighting,
    /// Common users at which a similarity is halved, 0 or more: pairs with few are trusted less.
    pub shrinkage: f64,
    /// Whether a rating counts by its value; if not, every interaction counts 1.
    pub use_ratings: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { neighbors: 200, weighting: Weighting::TfIdf, shrinkage: 20.0, use_ratings: false }
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
        require(NAME, "shrinkage", self.shrinkage, shrinkage, "a number from 0 to 1000000")
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(ItemKnn::fit(self, train)?))
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
#[derive(Clone, Debug, PartialEq)]
pub struct ItemKnn {
    parameters: Parameters,
    /// Most similar first.
    neighbors: SparseRows,
}

impl ItemKnn {
    /// Compares all pairs of items that have a user in common.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let by_user = weigh(parameters, train);
        let by_item = by_user.transposed();
        let items = train.item_count();
        let rows: Vec<Vec<(u32, f32)>> = (0..items as u32)
            .into_par_iter()
            .map_init(|| Accumulator::new(items), |sums, item| sums.neighbors(parameters, item, &by_item, &by_user))
            .collect();
        Ok(Self { parameters: parameters.clone(), neighbors: SparseRows::from_rows(items, &rows) })
    }

    /// The lists that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let neighbors = SparseRows::load(data, "neighbors", data.items, data.items)?;
        Ok(Self { parameters: parameters_of(data)?, neighbors })
    }
}

/// The interactions with the weights of the chosen [`Weighting`].
fn weigh(parameters: &Parameters, train: &Interactions) -> Interactions {
    let strength = |entry: &Interaction| f64::from(entry.strength(parameters.use_ratings));
    let mut row_sums = vec![0.0; train.item_count()];
    train.histories().flatten().for_each(|entry| row_sums[entry.item as usize] += strength(entry));
    let occupied = row_sums.iter().filter(|sum| **sum > 0.0).count().max(1);
    let mean = row_sums.iter().sum::<f64>() / occupied as f64;
    let idf = |history: &[Interaction]| ((1.0 + row_sums.len() as f64) / (1.0 + history.len() as f64)).ln() + 1.0;
    let weighted = train.map_weights(|history, entry| {
        let strength = strength(entry);
        match parameters.weighting {
            Weighting::Cosine => strength,
            Weighting::TfIdf => strength.sqrt() * idf(history),
            Weighting::Bm25 => {
                let length = 0.25 + 0.75 * row_sums[entry.item as usize] / mean.max(f64::MIN_POSITIVE);
                idf(history) * strength * 2.2 / (strength + 1.2 * length)
            }
        }
    });
    if parameters.weighting == Weighting::Bm25 { weighted } else { scaled_to_length_1(&weighted) }
}

fn scaled_to_length_1(weighted: &Interactions) -> Interactions {
    let mut squares = vec![0.0; weighted.item_count()];
    for entry in weighted.histories().flatten() {
        squares[entry.item as usize] += f64::from(entry.weight) * f64::from(entry.weight);
    }
    weighted.map_weights(|_, entry| {
        let length = squares[entry.item as usize].sqrt();
        if length > 0.0 { f64::from(entry.weight) / length } else { 0.0 }
    })
}

/// Sums of one item's row, kept by each thread and cleared after use.
struct Accumulator {
    sums: Vec<f64>,
    common: Vec<u32>,
    touched: Vec<u32>,
}

impl Accumulator {
    fn new(items: usize) -> Self {
        Self { sums: vec![0.0; items], common: vec![0; items], touched: Vec::new() }
    }

    fn neighbors(
        &mut self,
        parameters: &Parameters,
        item: u32,
        by_item: &Interactions,
        by_user: &Interactions,
    ) -> Vec<(u32, f32)> {
        for user in by_item.history(item) {
            for other in by_user.history(user.item).iter().filter(|other| other.item != item) {
                let place = other.item as usize;
                if self.common[place] == 0 {
                    self.touched.push(other.item);
                }
                self.common[place] += 1;
                self.sums[place] += f64::from(user.weight) * f64::from(other.weight);
            }
        }
        let candidates = self.touched.drain(..).filter_map(|other| {
            let common = f64::from(std::mem::take(&mut self.common[other as usize]));
            let sum = std::mem::take(&mut self.sums[other as usize]);
            let score = (sum * common / (common + parameters.shrinkage)) as f32;
            (score > 0.0).then_some(Scored { item: other, score })
        });
        let kept = best(candidates.collect(), parameters.neighbors as usize);
        kept.into_iter().map(|scored| (scored.item, scored.score)).collect()
    }
}

impl Recommender for ItemKnn {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.neighbors.len()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        assert_eq!(scores.len(), self.item_count(), "one score an item");
        scores.fill(0.0);
        for entry in history {
            let strength = entry.strength(self.parameters.use_ratings);
            for (item, similarity) in self.neighbors.row(entry.item) {
                scores[item as usize] += strength * similarity;
            }
        }
    }

    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        self.neighbors.row(item).take(k).map(|(item, score)| Scored { item, score }).collect()
    }

    fn explain(&self, item: u32, history: &[Interaction]) -> Option<Explanation> {
        if item as usize >= self.item_count() {
            return None;
        }
        let contribution = |entry: &Interaction| {
            let (_, similarity) = self.neighbors.row(entry.item).find(|(other, _)| *other == item)?;
            Some((entry.item, entry.strength(self.parameters.use_ratings) * similarity))
        };
        Some(Explanation::new(0.0, history.iter().filter_map(contribution), true))
    }

    fn save(&self) -> ModelData {
        let mut tensors = BTreeMap::new();
        self.neighbors.save("neighbors", &mut tensors);
        ModelData::new(NAME, &self.parameters, self.item_count(), tensors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;

    fn train() -> Interactions {
        // Users choose: {0, 1}, {0, 1, 2}, {1, 2}, {3}.
        let cells = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (3, 3)];
        let pairs = cells.map(|(user, item)| (user, Interaction { item, weight: 4.0, time: 0 }));
        Interactions::from_pairs(4, 4, &pairs)
    }

    fn fit(weighting: Weighting, shrinkage: f64, neighbors: u32) -> ItemKnn {
        ItemKnn::fit(&Parameters { neighbors, weighting, shrinkage, use_ratings: false }, &train()).unwrap()
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
