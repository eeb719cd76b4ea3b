//! Full-ranking evaluation: every user against every item that the user has not seen.
//!
//! Nothing is sampled: sampled candidates order models differently from the full ranking (Krichene
//! and Rendle, "On Sampled Metrics for Item Recommendation", KDD 2020). Intervals and tests are in
//! [`crate::significance`]; what is compared with what, and reports, are the business of the stage
//! `evaluate`.

mod catalogue;
mod ranking;
mod segments;
mod totals;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use catalogue::Catalogue;
pub use segments::{SegmentMetrics, Segments};

use crate::{Interactions, Recommender, Scored, batch_size};
use ranking::{Ranker, Ranking};
use totals::Totals;

/// Users ranked at once; bounds what is kept of them before it is summed up.
const BLOCK_USERS: usize = 4096;

/// What `evaluate` found: the content of `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Which interactions were predicted: `test` or `validation`.
    pub split: String,
    /// Users with at least one interaction to predict.
    pub users: u64,
    /// Items in the ranking.
    pub items: u64,
    /// Lengths of list at which the metrics were taken.
    pub ks: Vec<u32>,
    /// One entry a model, in the order of `pipeline.yaml`.
    pub models: Vec<ModelMetrics>,
}

/// Figures of one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelMetrics {
    /// Name of the stage that trained it.
    pub name: String,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Means over users by name: `precision@10`, `recall@10`, `f1@10`, `hit_rate@10`, `ndcg@10`, `map@10`,
    /// `mrr@10` for each k, and `mrr`; of the lists `novelty@10`, `popularity@10`, `head_share@10`,
    /// `diversity@10` and, where categories are known, `calibration@10`; of the model `coverage@10` and
    /// `gini@10`; for models that predict ratings also `rmse` and `mae`, in rating units.
    pub values: BTreeMap<String, f64>,
    /// Lower and upper end of the 95 % bootstrap interval of each mean over users.
    #[serde(default)]
    pub intervals: BTreeMap<String, [f64; 2]>,
    /// The same figures for groups of users and of items.
    #[serde(default)]
    pub segments: Vec<SegmentMetrics>,
}

/// How well one model predicted held-out interactions.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Figures of the model by name, as in [`ModelMetrics::values`]; empty without users.
    pub values: BTreeMap<String, f64>,
    /// The same for groups of users and of items; empty unless a [`Catalogue`] tells the groups.
    pub segments: Vec<SegmentMetrics>,
    /// Names of the metrics of each user, such as `ndcg@10`, in the order of
    /// [`UserEvaluation::values`]. Coverage, Gini, `rmse` and `mae` are not among them: they belong to the
    /// model or to single ratings.
    pub metrics: Vec<String>,
    /// One entry for each user with something to predict, in the order of users.
    pub users: Vec<UserEvaluation>,
}

/// How well one model predicted the held-out interactions of one user.
#[derive(Clone, Debug, PartialEq)]
pub struct UserEvaluation {
    /// User index.
    pub user: u32,
    /// The best items, as many as the longest list asked for, best first.
    pub list: Vec<Scored>,
    /// One value a metric, in the order of [`Evaluation::metrics`]; not a number where it is not defined,
    /// such as the calibration of a user whose history has no category.
    pub values: Vec<f32>,
}

/// Ranks all items for every user with held-out interactions and compares; accuracy and coverage only.
///
/// `history` is what the model may know of a user at that time: training interactions for
/// validation, training and validation together for the test ([`Interactions::merged`]). Items of
/// the history are left out of the ranking, all others are in it. Held-out items that the history
/// already has can be recommended by nobody and do not count as relevant; a user who has no other is
/// left out. Items whose score is not finite are not ranked; equal scores rank in the order of items.
///
/// Runs in parallel; sums are taken in the order of users, so the result does not depend on the
/// number of threads. `O(users * (scoring + items))`; memory: the lists and values of all users, and
/// the scores of a batch ([`batch_size`]) a thread.
///
/// ```
/// use recommender::{Algorithm, Fit, Interaction, Interactions, evaluation::evaluate};
///
/// let pair = |user, item, time| (user, Interaction { item, weight: 5.0, time });
/// let train = Interactions::from_pairs(2, 3, &[pair(0, 0, 1), pair(0, 1, 2), pair(1, 1, 3)]);
/// let test = Interactions::from_pairs(2, 3, &[pair(1, 0, 4)]);
/// let model = Algorithm::Popularity(Default::default()).fit(&train)?;
/// let evaluation = evaluate(model.as_ref(), &train, &test, &[1, 2]);
/// assert_eq!(evaluation.values["recall@1"], 1.0);
/// assert_eq!(evaluation.users[0].list[0].item, 0);
/// # Ok::<(), recommender::Error>(())
/// ```
///
/// # Panics
/// If model, history and held-out interactions disagree about the number of items.
pub fn evaluate(model: &dyn Recommender, history: &Interactions, held_out: &Interactions, ks: &[u32]) -> Evaluation {
    evaluate_with(model, history, held_out, ks, None)
}

/// [`evaluate`], and what a [`Catalogue`] tells about the lists: novelty, diversity, calibration,
/// popularity bias, and every figure by segment.
///
/// # Panics
/// If model, history, held-out interactions and catalogue disagree about the number of items.
pub fn evaluate_with(
    model: &dyn Recommender,
    history: &Interactions,
    held_out: &Interactions,
    ks: &[u32],
    catalogue: Option<&Catalogue>,
) -> Evaluation {
    let items = model.item_count();
    assert_eq!((history.item_count(), held_out.item_count()), (items, items), "same item index");
    let mut totals = Totals::new(ks, items, catalogue);
    let mut evaluated = Vec::new();
    let users: Vec<u32> =
        (0..held_out.user_count() as u32).filter(|user| !held_out.history(*user).is_empty()).collect();
    for block in users.chunks(BLOCK_USERS) {
        let rankings: Vec<Ranking> = block
            .par_chunks(batch_size(items))
            .map_init(|| Ranker::new(model, ks, catalogue), |ranker, users| ranker.rank(users, history, held_out))
            .flatten_iter()
            .collect();
        for ranking in rankings {
            totals.add(&ranking);
            evaluated.push(ranking.into_user());
        }
    }
    let metrics = totals.names().to_vec();
    let (values, segments) = totals.finish();
    Evaluation { values, segments, metrics, users: evaluated }
}

#[cfg(test)]
mod tests;
