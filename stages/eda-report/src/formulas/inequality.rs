//! How unevenly a whole is spread over units: Gini coefficient, Lorenz curve, shares of the largest.

use super::counts::Counts;

/// Gini coefficient: `Σ (2i − n − 1) xᵢ / (n Σ xᵢ)` with `x` ascending and `i` from 1. It is 0 when all units have
/// equally much, and `(n − 1) / n` when one has all. Not corrected for the number of units.
pub fn gini(counts: &Counts) -> f64 {
    let (units, total) = (i128::from(counts.units()), i128::from(counts.total()));
    let mut before = 0;
    let mut sum = 0;
    for (count, group) in counts.groups() {
        let (count, group) = (i128::from(*count), i128::from(*group));
        // The sum of 2i − n − 1 over the places of the group.
        sum += count * group * (2 * before + group - units);
        before += group;
    }
    if total == 0 { 0.0 } else { sum as f64 / (units * total) as f64 }
}

/// What the largest units have together.
pub fn of_largest(counts: &Counts, units: u64) -> u64 {
    let mut left = units;
    let mut sum = 0;
    for (count, group) in counts.groups().iter().rev() {
        let taken = left.min(*group);
        sum += u64::from(*count) * taken;
        left -= taken;
    }
    sum
}

/// Share of the whole that the largest units have, given their share of all units; at least one unit.
pub fn top_share(counts: &Counts, share: f64) -> f64 {
    // What is a whole number but for rounding is not raised to the next.
    let units = (counts.units() as f64 * share - 1e-9).ceil().max(1.0) as u64;
    of_largest(counts, units) as f64 / counts.total().max(1) as f64
}

/// The fewest units that have at least this share of the whole together.
pub fn fewest_with(counts: &Counts, share: f64) -> u64 {
    let mut missing = (counts.total() as f64 * share).ceil() as u64;
    let mut taken = 0;
    for (count, group) in counts.groups().iter().rev() {
        let count = u64::from(*count);
        if missing <= count * group {
            return taken + missing.div_ceil(count.max(1));
        }
        missing -= count * group;
        taken += group;
    }
    taken
}

/// Points of the Lorenz curve, evenly spread over the units: share of the units, the smallest first, and the share of
/// the whole that they have together. From (0, 0) to (1, 1).
pub fn lorenz(counts: &Counts, steps: u64) -> Vec<(f64, f64)> {
    let (units, total) = (counts.units(), counts.total());
    let point = |step| {
        let smallest = units * step / steps;
        let rest = of_largest(counts, units - smallest);
        (smallest as f64 / units.max(1) as f64, (total - rest) as f64 / total.max(1) as f64)
    };
    let mut points: Vec<(f64, f64)> = (0..=steps).map(point).collect();
    points.dedup();
    points
}

/// Rank (from 1) and count at that rank, at about `steps` ranks evenly spread on a logarithmic scale.
pub fn ranks(counts: &Counts, steps: u32) -> Vec<(u64, u32)> {
    let units = counts.units();
    let rank = |step: u32| (units as f64).powf(f64::from(step) / f64::from(steps)).round() as u64;
    let mut ranks: Vec<u64> = (0..=steps).map(rank).filter(|rank| *rank <= units).collect();
    ranks.dedup();
    let mut groups = counts.groups().iter().rev();
    let (mut seen, mut count) = (0, 0);
    let at = |rank: u64| {
        while seen < rank {
            let Some((next, units)) = groups.next() else { break };
            (seen, count) = (seen + units, *next);
        }
        (rank, count)
    };
    ranks.into_iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn figures_by_hand() {
        // 1, 3, 6: (−2 · 1 + 0 · 3 + 2 · 6) / (3 · 10) = 1/3.
        let counts = Counts::of(&[3, 1, 6]);
        assert!((gini(&counts) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(ranks(&counts, 60), [(1, 6), (2, 3), (3, 1)]);
        assert_eq!((of_largest(&counts, 2), top_share(&counts, 0.01), top_share(&counts, 0.5)), (9, 0.6, 0.9));
        assert_eq!((fewest_with(&counts, 0.5), fewest_with(&counts, 0.61), fewest_with(&counts, 1.0)), (1, 2, 3));
        let curve = lorenz(&counts, 3);
        assert_eq!(curve, [(0.0, 0.0), (1.0 / 3.0, 0.1), (2.0 / 3.0, 0.4), (1.0, 1.0)]);
    }

    #[test]
    fn one_unit_and_equal_units() {
        assert_eq!((gini(&Counts::of(&[4])), ranks(&Counts::of(&[4]), 60)), (0.0, vec![(1, 4)]));
        let equal = Counts::of(&[2; 10]);
        assert_eq!((gini(&equal), top_share(&equal, 0.1), fewest_with(&equal, 0.5)), (0.0, 0.1, 5));
    }

    proptest! {
        #[test]
        fn figures_stay_in_their_bounds(counts in proptest::collection::vec(1_u32..9_000, 1..60)) {
            let counts = Counts::of(&counts);
            let units = counts.units() as f64;
            prop_assert!((0.0..=(units - 1.0) / units).contains(&gini(&counts)));
            let shares = [0.01, 0.1, 0.2, 1.0].map(|share| top_share(&counts, share));
            prop_assert!(shares.is_sorted() && shares[3] >= 1.0);
            let curve = lorenz(&counts, 50);
            prop_assert!(curve.iter().all(|(units, whole)| *whole <= units + 1e-12), "below the diagonal");
            prop_assert!(curve.is_sorted() && curve[0] == (0.0, 0.0) && curve[curve.len() - 1] == (1.0, 1.0));
            let ranks = ranks(&counts, 40);
            prop_assert!(ranks.is_sorted_by(|a, b| a.0 < b.0 && a.1 >= b.1));
            let half = fewest_with(&counts, 0.5);
            prop_assert!(2 * of_largest(&counts, half) >= counts.total());
            prop_assert!(half == 1 || 2 * of_largest(&counts, half - 1) < counts.total());
        }
    }
}
