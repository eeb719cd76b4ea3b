//! Ranking and rating metrics, one user or one prediction at a time.
//!
//! Everything about a ranking that the metrics need is where the relevant items stand in it
//! ([`RelevantRanks`]); the mean over users is taken by [`crate::evaluation`]. Relevance is binary:
//! an item that the user held out for the test is relevant, whatever its rating. Definitions are
//! those of `trec_eval` and `ranx`, whose values `tests/reference.rs` holds them to; see also Manning, Raghavan
//! and Schütze, "Introduction to Information Retrieval" (2008), chapter 8.

/// Where the relevant items of one user stand in a ranking.
///
/// ```
/// use recommender::metrics::RelevantRanks;
///
/// // The ranking 7, 3, 9, 1 for a user whose relevant items are 3, 1 and 5.
/// let ranks = RelevantRanks::of_list(&[7, 3, 9, 1], &[3, 1, 5]);
/// assert_eq!(ranks.precision_at_k(2), 1.0 / 2.0);
/// assert_eq!(ranks.recall_at_k(4), 2.0 / 3.0);
/// assert_eq!(ranks.reciprocal_rank(), 1.0 / 2.0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelevantRanks {
    ranks: Vec<u32>,
    relevant: usize,
}

impl RelevantRanks {
    /// Takes the ranks (from 1) of those relevant items that are ranked at all, and the number of
    /// relevant items.
    pub fn new(mut ranks: Vec<u32>, relevant: usize) -> Self {
        ranks.sort_unstable();
        Self { ranks, relevant }
    }

    /// Looks the relevant items up in a list, best first. Both are free of repetitions.
    pub fn of_list(list: &[u32], relevant: &[u32]) -> Self {
        let ranks = (1..).zip(list).filter(|(_, item)| relevant.contains(item)).map(|(rank, _)| rank).collect();
        Self::new(ranks, relevant.len())
    }

    /// Number of relevant items among the first `k`.
    pub fn hits_at_k(&self, k: u32) -> usize {
        self.ranks.partition_point(|rank| *rank <= k)
    }

    /// Share of the first `k` places that hold a relevant item: `hits / k`.
    ///
    /// Places that stay empty because there are fewer than `k` candidates count as misses.
    pub fn precision_at_k(&self, k: u32) -> f64 {
        ratio(self.hits_at_k(k), k as usize)
    }

    /// Share of the relevant items that are among the first `k`: `hits / relevant`.
    pub fn recall_at_k(&self, k: u32) -> f64 {
        ratio(self.hits_at_k(k), self.relevant)
    }

    /// Harmonic mean of this user's precision and recall; 0 without a hit.
    ///
    /// The figure of a model is the mean of this over users, not the harmonic mean of mean precision
    /// and mean recall.
    pub fn f1_at_k(&self, k: u32) -> f64 {
        // 2PR / (P + R) with P = hits/k and R = hits/relevant.
        ratio(2 * self.hits_at_k(k), k as usize + self.relevant)
    }

    /// 1 if at least one relevant item is among the first `k`, else 0.
    pub fn hit_rate_at_k(&self, k: u32) -> f64 {
        f64::from(u8::from(self.hits_at_k(k) > 0))
    }

    /// Normalised discounted cumulative gain with binary relevance:
    /// `sum over hits of 1 / log2(rank + 1)`, divided by that sum for a perfect ranking, which has
    /// its first `min(k, relevant)` places right (Järvelin and Kekäläinen 2002).
    pub fn ndcg_at_k(&self, k: u32) -> f64 {
        let gain = |rank: u32| 1.0 / (f64::from(rank) + 1.0).log2();
        let found: f64 = self.ranks[..self.hits_at_k(k)].iter().map(|rank| gain(*rank)).sum();
        let ideal: f64 = (1..=k).take(self.relevant).map(gain).sum();
        if ideal > 0.0 { found / ideal } else { 0.0 }
    }

    /// Average precision: the sum of the precisions at each hit among the first `k`, over the number of
    /// relevant items.
    ///
    /// Where `k` is below that number, 1 cannot be reached. So do `trec_eval` and `ranx`; some libraries
    /// divide by `min(k, relevant)` or by the number of hits instead, which gives higher figures.
    pub fn average_precision_at_k(&self, k: u32) -> f64 {
        let hits = &self.ranks[..self.hits_at_k(k)];
        let sum: f64 = (1_u32..).zip(hits).map(|(hit, rank)| f64::from(hit) / f64::from(*rank)).sum();
        if self.relevant > 0 { sum / self.relevant as f64 } else { 0.0 }
    }

    /// 1 over the rank of the first relevant item among the first `k`; 0 if there is none.
    pub fn reciprocal_rank_at_k(&self, k: u32) -> f64 {
        self.ranks.first().filter(|rank| **rank <= k).map_or(0.0, |rank| 1.0 / f64::from(*rank))
    }

    /// 1 over the rank of the first relevant item; 0 if none is ranked.
    pub fn reciprocal_rank(&self) -> f64 {
        self.ranks.first().map_or(0.0, |rank| 1.0 / f64::from(*rank))
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole > 0 { part as f64 / whole as f64 } else { 0.0 }
}

/// Errors of predicted ratings, in rating units: every prediction counts once.
///
/// ```
/// let mut errors = recommender::metrics::RatingErrors::default();
/// errors.add(4.0, 3.0);
/// errors.add(1.0, 3.0);
/// assert_eq!((errors.rmse(), errors.mae()), (Some(2.5_f64.sqrt()), Some(1.5)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RatingErrors {
    squares: f64,
    absolutes: f64,
    count: u64,
}

impl RatingErrors {
    /// Adds one prediction and what the user gave.
    pub fn add(&mut self, predicted: f32, actual: f32) {
        let error = f64::from(predicted) - f64::from(actual);
        self.merge(&Self { squares: error * error, absolutes: error.abs(), count: 1 });
    }

    /// Adds those of another.
    pub fn merge(&mut self, other: &Self) {
        self.squares += other.squares;
        self.absolutes += other.absolutes;
        self.count += other.count;
    }

    /// Root of the mean squared error; `None` without predictions.
    pub fn rmse(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.squares / self.count as f64).sqrt())
    }

    /// Mean absolute error; `None` without predictions.
    pub fn mae(&self) -> Option<f64> {
        (self.count > 0).then(|| self.absolutes / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "found {found}, expected {expected}");
    }

    #[test]
    fn golden_values_of_a_list_with_hits_at_1_and_3() {
        // Ranking: A B C D E; relevant: A, C, X. Hits at ranks 1 and 3; X is not ranked.
        let ranks = RelevantRanks::of_list(&[10, 11, 12, 13, 14], &[10, 12, 99]);
        assert_close(ranks.precision_at_k(5), 2.0 / 5.0);
        assert_close(ranks.recall_at_k(5), 2.0 / 3.0);
        // 2 * 0.4 * 0.6667 / (0.4 + 0.6667) = 0.5333 / 1.0667 = 0.5
        assert_close(ranks.f1_at_k(5), 0.5);
        assert_close(ranks.hit_rate_at_k(5), 1.0);
        // DCG = 1/log2(2) + 1/log2(4) = 1.5; ideal = 1 + 1/log2(3) + 0.5 = 2.1309297535714573
        assert_close(ranks.ndcg_at_k(5), 1.5 / 2.130_929_753_571_457_3);
        // (1/1 + 2/3) / 3 = 0.5555...
        assert_close(ranks.average_precision_at_k(5), 5.0 / 9.0);
        assert_close(ranks.reciprocal_rank(), 1.0);
    }

    #[test]
    fn golden_values_where_k_is_below_the_number_of_relevant_items() {
        // Relevant 1, 2, 3; list 9, 1, 2: hits at 2 and 3, k = 2 sees only the first of them.
        let ranks = RelevantRanks::of_list(&[9, 1, 2], &[1, 2, 3]);
        assert_close(ranks.precision_at_k(2), 0.5);
        assert_close(ranks.recall_at_k(2), 1.0 / 3.0);
        assert_close(ranks.f1_at_k(2), 0.4);
        // (1/log2(3)) / (1 + 1/log2(3)) = 0.6309297 / 1.6309297
        assert_close(ranks.ndcg_at_k(2), 0.630_929_753_571_457_3 / 1.630_929_753_571_457_3);
        // (1/2) / 3
        assert_close(ranks.average_precision_at_k(2), 0.5 / 3.0);
        assert_close(ranks.reciprocal_rank(), 0.5);
        assert_close(ranks.reciprocal_rank_at_k(1), 0.0);
        assert_close(ranks.reciprocal_rank_at_k(2), 0.5);
    }

    #[test]
    fn nothing_found_or_nothing_wanted_is_zero_and_not_nan() {
        for ranks in [RelevantRanks::new(vec![], 3), RelevantRanks::new(vec![], 0), RelevantRanks::new(vec![8], 1)] {
            for k in [0, 1, 5] {
                assert_close(ranks.precision_at_k(k), 0.0);
                assert_close(ranks.recall_at_k(k), 0.0);
                assert_close(ranks.f1_at_k(k), 0.0);
                assert_close(ranks.hit_rate_at_k(k), 0.0);
                assert_close(ranks.ndcg_at_k(k), 0.0);
                assert_close(ranks.average_precision_at_k(k), 0.0);
            }
        }
    }

    #[test]
    fn golden_rating_errors() {
        // Errors 1, -2, 0: rmse = sqrt(5/3), mae = 1.
        let errors = errors_of(&[(4.0, 3.0), (1.0, 3.0), (5.0, 5.0)]);
        assert_close(errors.rmse().unwrap(), (5.0_f64 / 3.0).sqrt());
        assert_close(errors.mae().unwrap(), 1.0);
        assert_eq!((errors_of(&[]).rmse(), errors_of(&[]).mae()), (None, None));
    }

    fn errors_of(ratings: &[(f32, f32)]) -> RatingErrors {
        let mut errors = RatingErrors::default();
        for (predicted, actual) in ratings {
            errors.add(*predicted, *actual);
        }
        errors
    }

    /// Distinct ranks, and at least as many relevant items.
    fn any_ranks() -> impl Strategy<Value = RelevantRanks> {
        (proptest::collection::btree_set(1_u32..60, 0..12), 0_usize..5).prop_map(|(ranks, missing)| {
            let relevant = ranks.len() + missing;
            RelevantRanks::new(ranks.into_iter().collect(), relevant)
        })
    }

    proptest! {
        #[test]
        fn every_metric_lies_within_0_and_1(ranks in any_ranks(), k in 0_u32..70) {
            let values = [
                ranks.precision_at_k(k), ranks.recall_at_k(k), ranks.f1_at_k(k), ranks.hit_rate_at_k(k),
                ranks.ndcg_at_k(k), ranks.average_precision_at_k(k), ranks.reciprocal_rank(),
                ranks.reciprocal_rank_at_k(k),
            ];
            for value in values {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&value), "{value} of {ranks:?} at {k}");
            }
        }

        #[test]
        fn f1_is_the_harmonic_mean(ranks in any_ranks(), k in 1_u32..70) {
            let (precision, recall) = (ranks.precision_at_k(k), ranks.recall_at_k(k));
            let expected = if precision > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
            prop_assert!((ranks.f1_at_k(k) - expected).abs() < 1e-12);
        }

        #[test]
        fn longer_lists_never_lose_recall_or_hits(ranks in any_ranks(), k in 0_u32..70) {
            prop_assert!(ranks.recall_at_k(k) <= ranks.recall_at_k(k + 1));
            prop_assert!(ranks.hit_rate_at_k(k) <= ranks.hit_rate_at_k(k + 1));
        }

        #[test]
        fn moving_a_hit_up_never_hurts(ranks in any_ranks(), k in 1_u32..70) {
            let mut better = ranks.ranks.clone();
            if let Some(place) = (0..better.len()).find(|i| better[*i] > if *i == 0 { 1 } else { better[*i - 1] + 1 }) {
                better[place] -= 1;
                let better = RelevantRanks::new(better, ranks.relevant);
                prop_assert!(better.ndcg_at_k(k) >= ranks.ndcg_at_k(k));
                prop_assert!(better.average_precision_at_k(k) >= ranks.average_precision_at_k(k));
                prop_assert!(better.reciprocal_rank() >= ranks.reciprocal_rank());
            }
        }

        #[test]
        fn a_perfect_ranking_has_ndcg_of_1_and_the_map_that_k_allows(relevant in 1_u32..20, k in 1_u32..30) {
            let ranks = RelevantRanks::new((1..=relevant).collect(), relevant as usize);
            prop_assert!((ranks.ndcg_at_k(k) - 1.0).abs() < 1e-12);
            let reachable = f64::from(k.min(relevant)) / f64::from(relevant);
            prop_assert!((ranks.average_precision_at_k(k) - reachable).abs() < 1e-12);
        }

        #[test]
        fn rmse_is_at_least_mae(ratings in proptest::collection::vec((1.0_f32..5.0, 1.0_f32..5.0), 1..20)) {
            let errors = errors_of(&ratings);
            prop_assert!(errors.rmse().unwrap() >= errors.mae().unwrap() - 1e-12);
        }
    }
}
