//! Full-ranking evaluation: every user against every item that the user has not seen.
//!
//! Nothing is sampled: sampled candidates order models differently from the full ranking (Krichene
//! and Rendle, "On Sampled Metrics for Item Recommendation", KDD 2020). What is compared with what,
//! significance tests and reports are the business of the stage `evaluate`.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    Interaction, Interactions, Recommender, Scored,
    metrics::{RelevantRanks, mae, rmse},
    top_k,
};

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelMetrics {
    /// Name of the stage that trained it.
    pub name: String,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Means over users by name: `precision@10`, `recall@10`, `f1@10`, `hit_rate@10`, `ndcg@10`,
    /// `map@10`, `coverage@10` for each k, and `mrr`; for models that predict ratings also `rmse`
    /// and `mae`, in rating units.
    pub values: BTreeMap<String, f64>,
}

/// How well one model predicted held-out interactions.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Figures of the model by name, as in [`ModelMetrics::values`]; empty without users.
    pub values: BTreeMap<String, f64>,
    /// Names of the metrics of each user, such as `ndcg@10`, in the order of
    /// [`UserEvaluation::values`]. Coverage, `rmse` and `mae` are not among them: they belong to the
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
    /// One value a metric, in the order of [`Evaluation::metrics`].
    pub values: Vec<f32>,
}

/// What the evaluation of one user gives before it is summed up.
struct UserResult {
    user: u32,
    list: Vec<Scored>,
    values: Vec<f64>,
    ratings: Vec<(f32, f32)>,
}

/// Ranks all items for every user with held-out interactions and compares.
///
/// `history` is what the model may know of a user at that time: training interactions for
/// validation, training and validation together for the test ([`Interactions::merged`]). Items of
/// the history are left out of the ranking, all others are in it. Held-out items that the history
/// already has can be recommended by nobody and do not count as relevant; a user who has no other is
/// left out. Items whose score is not finite are not ranked; equal scores rank in the order of items.
///
/// Runs in parallel; sums are taken in the order of users, so the result does not depend on the
/// number of threads. `O(users * (scoring + items * held-out items))`.
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
    let items = model.item_count();
    assert_eq!((history.item_count(), held_out.item_count()), (items, items), "same item index");
    let results: Vec<UserResult> = (0..held_out.user_count() as u32)
        .into_par_iter()
        .map_init(
            || vec![0.0; items],
            |scores, user| evaluate_user(model, user, history.history(user), held_out.history(user), ks, scores),
        )
        .flatten_iter()
        .collect();
    let metrics = metric_names(ks);
    let values = if results.is_empty() { BTreeMap::new() } else { model_values(&results, &metrics, items, ks) };
    let users = results.into_iter().map(UserResult::into_evaluation).collect();
    Evaluation { values, metrics, users }
}

impl UserResult {
    fn into_evaluation(self) -> UserEvaluation {
        let values = self.values.into_iter().map(|value| value as f32).collect();
        UserEvaluation { user: self.user, list: self.list, values }
    }
}

fn evaluate_user(
    model: &dyn Recommender,
    user: u32,
    history: &[Interaction],
    held_out: &[Interaction],
    ks: &[u32],
    scores: &mut [f32],
) -> Option<UserResult> {
    let seen: BTreeSet<u32> = history.iter().map(|entry| entry.item).collect();
    let relevant: BTreeSet<u32> = held_out.iter().map(|entry| entry.item).filter(|item| !seen.contains(item)).collect();
    if relevant.is_empty() {
        return None;
    }
    model.score(history, scores);
    for item in &seen {
        scores[*item as usize] = f32::NEG_INFINITY;
    }
    let ranks = relevant.iter().filter_map(|item| rank_of(*item, scores)).collect();
    let ranks = RelevantRanks::new(ranks, relevant.len());
    let ratings = held_out
        .iter()
        .filter_map(|entry| model.predict_rating(history, entry.item).map(|predicted| (predicted, entry.weight)));
    let longest = ks.iter().copied().max().unwrap_or(0);
    let list = top_k(scores, longest as usize, |_| false);
    Some(UserResult { user, list, values: user_values(&ranks, ks), ratings: ratings.collect() })
}

/// Rank of an item from 1, in the order of [`top_k`]; none if it is not ranked.
fn rank_of(item: u32, scores: &[f32]) -> Option<u32> {
    let score = scores[item as usize];
    let is_ahead = |(other, value): &(usize, &f32)| {
        value.is_finite() && value.total_cmp(&score).then((item as usize).cmp(other)).is_gt()
    };
    let ahead = scores.iter().enumerate().filter(is_ahead).count();
    score.is_finite().then_some(ahead as u32 + 1)
}

fn metric_names(ks: &[u32]) -> Vec<String> {
    let names = ["precision", "recall", "f1", "hit_rate", "ndcg", "map"];
    let at_k = ks.iter().flat_map(|k| names.iter().map(move |name| format!("{name}@{k}")));
    at_k.chain(["mrr".to_owned()]).collect()
}

/// The values of [`metric_names`].
fn user_values(ranks: &RelevantRanks, ks: &[u32]) -> Vec<f64> {
    let at_k = |k: u32| {
        [
            ranks.precision_at_k(k),
            ranks.recall_at_k(k),
            ranks.f1_at_k(k),
            ranks.hit_rate_at_k(k),
            ranks.ndcg_at_k(k),
            ranks.average_precision_at_k(k),
        ]
    };
    ks.iter().copied().flat_map(at_k).chain([ranks.reciprocal_rank()]).collect()
}

fn model_values(results: &[UserResult], metrics: &[String], items: usize, ks: &[u32]) -> BTreeMap<String, f64> {
    let mean = |place: usize| results.iter().map(|result| result.values[place]).sum::<f64>() / results.len() as f64;
    let mut values: BTreeMap<String, f64> =
        metrics.iter().enumerate().map(|(place, name)| (name.clone(), mean(place))).collect();
    for k in ks {
        values.insert(format!("coverage@{k}"), coverage(results, items, *k as usize));
    }
    let ratings: Vec<(f32, f32)> = results.iter().flat_map(|result| result.ratings.iter().copied()).collect();
    let errors = [("rmse", rmse(&ratings)), ("mae", mae(&ratings))];
    values.extend(errors.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    values
}

/// Share of all items that are among the first `k` of at least one user.
fn coverage(results: &[UserResult], items: usize, k: usize) -> f64 {
    let recommended: BTreeSet<u32> =
        results.iter().flat_map(|result| result.list.iter().take(k).map(|scored| scored.item)).collect();
    recommended.len() as f64 / items as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelData;

    /// Gives every item the same fixed score, whoever asks, and predicts 4 for every rating.
    struct Fixed(Vec<f32>);

    impl Recommender for Fixed {
        fn algorithm(&self) -> &'static str {
            "fixed"
        }
        fn item_count(&self) -> usize {
            self.0.len()
        }
        fn score(&self, _history: &[Interaction], scores: &mut [f32]) {
            scores.copy_from_slice(&self.0);
        }
        fn predict_rating(&self, _history: &[Interaction], _item: u32) -> Option<f32> {
            Some(4.0)
        }
        fn save(&self) -> ModelData {
            unreachable!("not saved in these tests")
        }
    }

    fn set(users: usize, items: usize, pairs: &[(u32, u32, f32)]) -> Interactions {
        let pairs: Vec<(u32, Interaction)> = pairs
            .iter()
            .map(|(user, item, weight)| (*user, Interaction { item: *item, weight: *weight, time: 0 }))
            .collect();
        Interactions::from_pairs(users, items, &pairs)
    }

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "found {found}, expected {expected}");
    }

    #[test]
    fn golden_evaluation_of_two_users() {
        // Scores order the items 0, 1, 2, 3, 4.
        let model = Fixed(vec![5.0, 4.0, 3.0, 2.0, 1.0]);
        let history = set(3, 5, &[(0, 0, 5.0), (1, 4, 5.0), (2, 1, 1.0)]);
        // User 0 sees 1 2 3 4 and wants 2 and 4: ranks 2 and 4. User 1 sees 0 1 2 3 and wants 0: rank 1.
        // User 2 has nothing held out.
        let held_out = set(3, 5, &[(0, 2, 3.0), (0, 4, 5.0), (1, 0, 4.0)]);
        let evaluation = evaluate(&model, &history, &held_out, &[2]);
        let value = |name: &str| evaluation.values[name];
        assert_eq!(evaluation.users.len(), 2);
        // Means of 0.5 and 0.5, and of 0.5 and 1.
        assert_close(value("precision@2"), 0.5);
        assert_close(value("recall@2"), 0.75);
        // Harmonic means: 0.5 and 2 * 0.5 * 1 / 1.5 = 2/3; their mean is 7/12.
        assert_close(value("f1@2"), 7.0 / 12.0);
        assert_close(value("mrr"), 0.75);
        // Lists 1 2 and 0 1 hold three of five items.
        assert_close(value("coverage@2"), 3.0 / 5.0);
        // Errors 1, -1, 0.
        assert_close(value("rmse"), (2.0_f64 / 3.0).sqrt());
        assert_close(value("mae"), 2.0 / 3.0);
        let items: Vec<u32> = evaluation.users[0].list.iter().map(|scored| scored.item).collect();
        assert_eq!(items, [1, 2]);
        let recall = evaluation.metrics.iter().position(|name| name == "recall@2").unwrap();
        assert_close(f64::from(evaluation.users[0].values[recall]), 0.5);
    }

    #[test]
    fn equal_scores_rank_in_the_order_of_items_as_in_the_list() {
        let model = Fixed(vec![1.0; 4]);
        let evaluation = evaluate(&model, &set(1, 4, &[(0, 1, 5.0)]), &set(1, 4, &[(0, 3, 5.0)]), &[3]);
        // 0, 2, 3: the wanted item is third.
        assert_close(evaluation.values["mrr"], 1.0 / 3.0);
        assert_eq!(evaluation.users[0].list[2].item, 3);
    }

    #[test]
    fn seen_items_are_neither_ranked_nor_relevant() {
        let model = Fixed(vec![2.0, 1.0]);
        let evaluation = evaluate(&model, &set(1, 2, &[(0, 0, 5.0)]), &set(1, 2, &[(0, 0, 5.0)]), &[1]);
        assert_eq!((evaluation.users.len(), evaluation.values.len()), (0, 0));
    }

    #[test]
    fn scores_that_are_not_finite_are_not_ranked() {
        let model = Fixed(vec![f32::NAN, 1.0, f32::INFINITY]);
        let evaluation = evaluate(&model, &set(1, 3, &[]), &set(1, 3, &[(0, 0, 5.0), (0, 1, 5.0)]), &[3]);
        assert_close(evaluation.values["recall@3"], 0.5);
        assert_close(evaluation.values["mrr"], 1.0);
    }
}
