//! What alike users chose: user-based nearest neighbours, found from a history.
//!
//! Formula: `x(u, i) = strength * idf(i)`, with `idf(i) = ln((1 + users) / (1 + count(i))) + 1` or 1
//! ([`Weighting`]); the history is weighted likewise, each entry times `exp(-age / history_decay)`. The
//! `neighbors` users `u` of largest cosine to the history are kept, and
//! `score(i) = sum over them of cosine(u) * strength(u, i)`. A training user is a neighbour of himself,
//! which adds only to items that he has. Exact explanations: a cosine is a sum over the history.
//!
//! Complexity: fitting `O(n log n)`: the model is the matrix of interactions itself, 16 bytes each;
//! scoring `O(users + items + users of the history's items + interactions of the neighbours)`.
//!
//! Paper: Herlocker, Konstan, Borchers and Riedl, "An algorithmic framework for performing collaborative
//! filtering", SIGIR 1999.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{parameters_of, require};
use crate::{
    Error, Evidence, Explainer, Fit, Interaction, Interactions, ModelData, Recommender, Scored, recency::by_recency,
    sparse::SparseRows, top_k::best,
};

/// Name of the algorithm.
pub const NAME: &str = "user-knn";

/// How items are weighted before users are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// All alike.
    Cosine,
    /// Sharing an item that nearly everyone chose says less than sharing a rare one.
    #[default]
    TfIdf,
}

/// What `user-knn` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Alike users that are asked, 1 to 100000.
    #[schemars(extend("tune" = {"low": 20, "high": 2000, "scale": "log"}))]
    pub neighbors: u32,
    /// How items are weighted.
    #[schemars(extend("tune" = {"values": ["cosine", "tf-idf"]}))]
    pub weighting: Weighting,
    /// Age at which an entry of the history counts 1/e, as a number of later entries, 0 to 10000;
    /// 0: all count alike.
    #[schemars(extend("tune" = {"values": [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]}))]
    pub history_decay: f32,
    /// Whether a rating counts by its value; if not, every interaction counts 1.
    pub use_ratings: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { neighbors: 200, weighting: Weighting::TfIdf, history_decay: 0.0, use_ratings: false }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        let neighbors = (1..=100_000).contains(&self.neighbors);
        require(NAME, "neighbors", self.neighbors, neighbors, "a whole number from 1 to 100000")?;
        let decay = (0.0..=10_000.0).contains(&self.history_decay);
        require(NAME, "history_decay", self.history_decay, decay, "a number from 0 to 10000")
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(UserKnn::fit(self, train)?))
    }
}

/// All training users, ready to be compared.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::user_knn};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// let train = Interactions::from_pairs(2, 4, &[pair(0, 0), pair(0, 1), pair(1, 2), pair(1, 3)]);
/// let model = user_knn::UserKnn::fit(&user_knn::Parameters::default(), &train)?;
/// let mut scores = [0.0; 4];
/// model.score(&[Interaction { item: 0, weight: 5.0, time: 9 }], &mut scores);
/// assert!(scores[1] > scores[2]);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UserKnn {
    parameters: Parameters,
    /// What each user chose, and how strongly.
    chosen: SparseRows,
    /// For each item its users, with the weight that it has among their items: rows of `x` of length 1.
    users: SparseRows,
    idf: Vec<f32>,
    /// What makes each user's weighted items a vector of length 1; 0 for a user without any.
    scales: Vec<f32>,
}

impl UserKnn {
    /// Weights the items of all users.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let chosen = SparseRows::from_histories(train, |entry| entry.strength(parameters.use_ratings));
        Ok(Self::new(parameters.clone(), chosen))
    }

    /// The users that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let users = data.integers("users-lengths")?.len();
        Ok(Self::new(parameters_of(data)?, SparseRows::load(data, "users", users, data.items)?))
    }

    fn new(parameters: Parameters, chosen: SparseRows) -> Self {
        let by_item = chosen.transposed();
        let idf = |item| match parameters.weighting {
            Weighting::Cosine => 1.0,
            Weighting::TfIdf => ((1.0 + chosen.len() as f32) / (1.0 + by_item.cells(item).0.len() as f32)).ln() + 1.0,
        };
        let idf: Vec<f32> = (0..by_item.len() as u32).map(idf).collect();
        let scale = |user| {
            let square: f32 = chosen.row(user).map(|(item, strength)| (strength * idf[item as usize]).powi(2)).sum();
            if square > 0.0 { 1.0 / square.sqrt() } else { 0.0 }
        };
        let scales: Vec<f32> = (0..chosen.len() as u32).map(scale).collect();
        let users = by_item.mapped(|item, user, strength| strength * idf[item as usize] * scales[user as usize]);
        Self { parameters, chosen, users, idf, scales }
    }

    /// The history as a vector of length 1.
    fn vector(&self, history: &[Interaction]) -> Vec<(u32, f32)> {
        let mut vector = BTreeMap::new();
        for (entry, weight) in by_recency(history, self.idf.len(), self.parameters.history_decay) {
            let strength = entry.strength(self.parameters.use_ratings);
            *vector.entry(entry.item).or_insert(0.0) += weight * strength * self.idf[entry.item as usize];
        }
        let length = vector.values().map(|value| value * value).sum::<f32>().sqrt();
        let scale = if length > 0.0 && length.is_finite() { 1.0 / length } else { 0.0 };
        vector.into_iter().map(|(item, value)| (item, value.min(f32::MAX) * scale)).collect()
    }

    /// The most alike users with their cosines.
    fn neighbors(&self, vector: &[(u32, f32)]) -> Vec<Scored> {
        let mut cosines = vec![0.0_f32; self.chosen.len()];
        for (item, value) in vector {
            self.users.row(*item).for_each(|(user, weight)| cosines[user as usize] += value * weight);
        }
        let alike = (0..).zip(cosines).filter(|(_, cosine)| *cosine > 0.0);
        best(alike.map(|(item, score)| Scored { item, score }).collect(), self.parameters.neighbors as usize)
    }
}

impl Recommender for UserKnn {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.idf.len()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        assert_eq!(scores.len(), self.item_count(), "one score an item");
        scores.fill(0.0);
        for neighbor in self.neighbors(&self.vector(history)) {
            for (item, strength) in self.chosen.row(neighbor.item) {
                scores[item as usize] += neighbor.score * strength;
            }
        }
    }

    /// Items by the cosine of their weighted users.
    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        let mut cosines = vec![0.0_f32; self.item_count()];
        for (user, weight) in self.users.row(item) {
            for (other, strength) in self.chosen.row(user) {
                cosines[other as usize] += weight * strength * self.idf[other as usize] * self.scales[user as usize];
            }
        }
        let length = |item: u32| self.users.row(item).map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        let own = length(item);
        let others = (0..).zip(cosines).filter(|(other, sum)| *other != item && *sum > 0.0);
        best(others.map(|(item, sum)| Scored { item, score: sum / (own * length(item)) }).collect(), k)
    }

    fn explainer<'a>(&'a self, history: &'a [Interaction]) -> Explainer<'a> {
        let vector = self.vector(history);
        let neighbors = self.neighbors(&vector);
        Box::new(move |item| {
            if item as usize >= self.item_count() {
                return None;
            }
            // Neighbours that chose the item, and how strongly.
            let witnesses: BTreeMap<u32, f32> = neighbors
                .iter()
                .filter_map(|neighbor| Some((neighbor.item, self.chosen.value(neighbor.item, item)?)))
                .collect();
            let contributions = vector.iter().map(|(cause, value)| {
                let share = |(user, weight): (u32, f32)| Some(weight * witnesses.get(&user)?);
                let sum: f32 = self.users.row(*cause).filter_map(share).sum();
                (*cause, value * sum)
            });
            Some(Evidence::new(0.0, contributions, true))
        })
    }

    fn save(&self) -> ModelData {
        let mut tensors = BTreeMap::new();
        self.chosen.save("users", &mut tensors);
        ModelData::new(NAME, &self.parameters, self.item_count(), tensors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(parameters: &Parameters) -> UserKnn {
        // Users choose {0, 1}, {0, 1, 2}, {3}.
        let pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 3)];
        let pairs = pairs.map(|(user, item)| (user, Interaction { item, weight: 4.0, time: 0 }));
        UserKnn::fit(parameters, &Interactions::from_pairs(3, 4, &pairs)).unwrap()
    }

    fn cosine() -> Parameters {
        Parameters { weighting: Weighting::Cosine, ..Parameters::default() }
    }

    fn scores(model: &UserKnn, items: &[u32]) -> Vec<f32> {
        let history: Vec<Interaction> =
            items.iter().map(|item| Interaction { item: *item, weight: 4.0, time: 0 }).collect();
        let mut scores = vec![9.0; 4];
        model.score(&history, &mut scores);
        scores
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        let is_near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(is_near && found.len() == expected.len(), "found {found:?}, expected {expected:?}");
    }

    #[test]
    fn golden_scores() {
        // Cosines of {0} to the users: 1 / sqrt(2) and 1 / sqrt(3).
        let (two, three) = (0.5_f32.sqrt(), (1.0_f32 / 3.0).sqrt());
        assert_close(&scores(&model(&cosine()), &[0]), &[two + three, two + three, three, 0.0]);
        let one = Parameters { neighbors: 1, ..cosine() };
        assert_close(&scores(&model(&one), &[0]), &[two, two, 0.0, 0.0]);
    }

    #[test]
    fn golden_idf() {
        // Counts 2, 2, 1, 1 of 3 users: idf ln(4/3) + 1 and ln(4/2) + 1; the history has one item.
        let (common, rare) = ((4.0_f32 / 3.0).ln() + 1.0, 2.0_f32.ln() + 1.0);
        let second = common / (2.0 * common * common + rare * rare).sqrt();
        let found = scores(&model(&Parameters::default()), &[0]);
        assert_close(&found, &[0.5_f32.sqrt() + second, 0.5_f32.sqrt() + second, second, 0.0]);
    }

    #[test]
    fn golden_recency() {
        let found = scores(&model(&Parameters { history_decay: 1.0, ..cosine() }), &[3, 2]);
        // The older item 3 counts 1/e beside 1.
        let (old, length) = ((-1.0_f32).exp(), (1.0 + (-2.0_f32).exp()).sqrt());
        let second = (1.0_f32 / 3.0).sqrt() / length;
        assert_close(&found, &[second, second, second, old / length]);
    }

    #[test]
    fn items_of_the_same_users_are_similar() {
        let similar = model(&cosine()).similar(0, 9);
        assert_eq!(similar.iter().map(|scored| scored.item).collect::<Vec<_>>(), [1, 2]);
        // Weights of items 0 and 1 are equal; item 2 has the second user alone: (1/3) / sqrt(1/2 + 1/3) / sqrt(1/3).
        let expected = (1.0_f32 / 3.0) / (5.0_f32 / 6.0).sqrt() / (1.0_f32 / 3.0).sqrt();
        assert_close(&similar.iter().map(|scored| scored.score).collect::<Vec<_>>(), &[1.0, expected]);
    }
}
