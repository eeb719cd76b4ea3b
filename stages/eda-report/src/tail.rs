//! How unevenly reviews are spread over users or items.

use serde::{Deserialize, Serialize};

/// The long tail of users or items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tail {
    /// Reviews a unit: mean, median, largest.
    pub mean: f64,
    /// Median of reviews a unit (the lower one of an even number).
    pub median: u64,
    /// Most reviews of one unit.
    pub largest: u64,
    /// Share of units with one review.
    pub once: f64,
    /// Gini coefficient: 0 when all have equally many, near 1 when one has nearly all.
    pub gini: f64,
    /// Share of all reviews that the most frequent 1 %, 10 % and 20 % of units have.
    pub top_shares: [f64; 3],
    /// Rank (from 1) and reviews at that rank, at ranks evenly spread on a logarithmic scale.
    pub ranks: Vec<(u64, u64)>,
    /// Share of units, least frequent first, and the share of reviews that they have together.
    pub lorenz: Vec<(f64, f64)>,
}

/// The long tail of units with these numbers of reviews, of which there is at least one.
pub(crate) fn tail(reviews: &[u64]) -> Tail {
    let mut sorted = reviews.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let count = sorted.len().max(1);
    let all = sorted.iter().sum::<u64>().max(1) as f64;
    let cumulated: Vec<u64> = sorted
        .iter()
        .scan(0, |sum, reviews| {
            *sum += reviews;
            Some(*sum)
        })
        .collect();
    let top = |units: usize| if units == 0 { 0.0 } else { cumulated[(units - 1).min(count - 1)] as f64 / all };
    let share_of = |share: f64| top(((count as f64 * share).ceil() as usize).max(1));
    let lorenz = (0..=50)
        .map(|step| {
            let least = count * step / 50;
            (least as f64 / count as f64, 1.0 - top(count - least))
        })
        .collect();
    Tail {
        mean: all / count as f64,
        median: sorted[count / 2],
        largest: sorted[0],
        once: sorted.iter().filter(|reviews| **reviews == 1).count() as f64 / count as f64,
        gini: gini(&sorted, all),
        top_shares: [0.01, 0.1, 0.2].map(share_of),
        ranks: spread_ranks(count).into_iter().map(|rank| (rank as u64, sorted[rank - 1])).collect(),
        lorenz,
    }
}

/// `G = Σ (n + 1 − 2i) xᵢ / (n Σ xᵢ)` with `x` descending and `i` from 1.
fn gini(descending: &[u64], all: f64) -> f64 {
    let count = descending.len() as f64;
    let sum: f64 = descending.iter().enumerate().map(|(i, x)| (count - 1.0 - 2.0 * i as f64) * *x as f64).sum();
    sum / (count * all)
}

/// At most about 60 ranks up to `count`, evenly spread on a logarithmic scale.
fn spread_ranks(count: usize) -> Vec<usize> {
    let steps = 60;
    let mut ranks: Vec<usize> =
        (0..=steps).map(|step| (count as f64).powf(f64::from(step) / f64::from(steps)).round() as usize).collect();
    ranks.dedup();
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gini_by_hand() {
        // 6, 3, 1: (2·6 + 0·3 − 2·1) / (3 · 10) = 1/3.
        let tail = tail(&[3, 1, 6]);
        assert!((tail.gini - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!((tail.median, tail.largest), (3, 6));
        assert_eq!(tail.ranks, [(1, 6), (2, 3), (3, 1)]);
        assert!(tail.top_shares.iter().all(|share| (share - 0.6).abs() < 1e-12));
        assert!((tail.lorenz[25].0 - 1.0 / 3.0).abs() < 1e-12 && (tail.lorenz[25].1 - 0.1).abs() < 1e-12);
    }

    #[test]
    fn one_unit_and_equal_units() {
        let one = tail(&[4]);
        assert!(one.gini.abs() < 1e-12 && one.ranks == [(1, 4)]);
        let equal = tail(&[2; 10]);
        assert!(equal.gini.abs() < 1e-12 && (equal.top_shares[1] - 0.1).abs() < 1e-12);
    }
}
