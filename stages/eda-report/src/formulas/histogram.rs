//! Histograms of sorted values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Up to so many distinct values each has a bin of its own.
const SINGLE_VALUES: usize = 12;
/// Most bins of equal width.
const BINS: usize = 30;
/// Whole numbers whose largest is so many times the 90 % quantile get bins that double.
const SKEWED: f64 = 8.0;

/// How the bins of a histogram follow one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Bins {
    /// A bin a value.
    #[default]
    Values,
    /// Equal widths; a bin holds its lower end and not its upper one, the last bin both.
    Equal,
    /// Whole numbers 0, 1, 2, 3–4, 5–8, ...; both ends are in the bin.
    Doubling,
}

/// Rows by value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Histogram {
    /// How the bins follow one another.
    pub kind: Bins,
    /// Lower end, upper end and rows of each bin, ascending and without gaps.
    pub bins: Vec<(f64, f64, u64)>,
}

impl Histogram {
    /// A histogram of sorted values whose bins fit them.
    pub fn of(sorted: &[f64]) -> Self {
        let [Some(first), Some(last)] = [sorted.first(), sorted.last()] else { return Self::default() };
        if let Some(bins) = single_values(sorted) {
            return Self { kind: Bins::Values, bins };
        }
        let common = super::quantiles::quantile(sorted, 0.9).max(1.0);
        let is_whole = || sorted.iter().all(|value| value.fract() == 0.0);
        if *first >= 0.0 && last / common >= SKEWED && is_whole() {
            return Self { kind: Bins::Doubling, bins: doubling(sorted) };
        }
        Self { kind: Bins::Equal, bins: equal(sorted, *first, *last) }
    }
}

fn single_values(sorted: &[f64]) -> Option<Vec<(f64, f64, u64)>> {
    let mut bins = Vec::new();
    let mut rest = sorted;
    while let Some(first) = rest.first() {
        if bins.len() == SINGLE_VALUES {
            return None;
        }
        let count = rest.partition_point(|value| value <= first);
        bins.push((*first, *first, count as u64));
        rest = &rest[count..];
    }
    Some(bins)
}

fn doubling(sorted: &[f64]) -> Vec<(f64, f64, u64)> {
    let mut bins = Vec::new();
    let (mut low, mut high) = (0.0, 0.0);
    let mut below = 0;
    while below < sorted.len() {
        let end = sorted.partition_point(|value| *value <= high);
        // Empty bins before the first value say nothing.
        if end > 0 {
            bins.push((low, high, (end - below) as u64));
        }
        below = end;
        (low, high) = (high + 1.0, if high == 0.0 { 1.0 } else { high * 2.0 });
    }
    bins
}

fn equal(sorted: &[f64], first: f64, last: f64) -> Vec<(f64, f64, u64)> {
    let count = ((sorted.len() as f64).sqrt().ceil() as usize).clamp(1, BINS);
    let edge = |bin: usize| if bin == count { last } else { first + (last - first) * bin as f64 / count as f64 };
    let mut below = 0;
    let mut bins = Vec::with_capacity(count);
    for bin in 0..count {
        let high = edge(bin + 1);
        let end = if bin + 1 == count { sorted.len() } else { sorted.partition_point(|value| *value < high) };
        bins.push((edge(bin), high, (end - below) as u64));
        below = end;
    }
    bins
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bins_by_hand() {
        let few = Histogram::of(&[1.0, 1.0, 4.5]);
        assert_eq!((few.kind, few.bins), (Bins::Values, vec![(1.0, 1.0, 2), (4.5, 4.5, 1)]));
        // 0 to 15: sixteen values, four bins of width 3.75.
        let values: Vec<f64> = (0..16).map(f64::from).collect();
        let equal = Histogram::of(&values);
        assert_eq!(equal.kind, Bins::Equal);
        assert_eq!(equal.bins, [(0.0, 3.75, 4), (3.75, 7.5, 4), (7.5, 11.25, 4), (11.25, 15.0, 4)]);
        // 2 to 14 and 500: the 90 % quantile is below 14.
        let values: Vec<f64> = (2..=14).map(f64::from).chain([500.0]).collect();
        let doubling = Histogram::of(&values);
        assert_eq!(doubling.kind, Bins::Doubling);
        let bins = &doubling.bins;
        assert_eq!(bins[..4], [(2.0, 2.0, 1), (3.0, 4.0, 2), (5.0, 8.0, 4), (9.0, 16.0, 6)]);
        assert_eq!(bins[bins.len() - 1], (257.0, 512.0, 1));
        assert!(Histogram::of(&[]).bins.is_empty());
    }

    proptest! {
        #[test]
        fn every_value_is_in_one_bin(values in proptest::collection::vec(0_u32..5000, 0..200), divisor in 1_u32..4) {
            let mut values: Vec<f64> = values.iter().map(|value| f64::from(*value) / f64::from(divisor)).collect();
            values.sort_by(f64::total_cmp);
            let histogram = Histogram::of(&values);
            prop_assert_eq!(histogram.bins.iter().map(|bin| bin.2).sum::<u64>(), values.len() as u64);
            prop_assert!(histogram.bins.iter().all(|bin| bin.0 <= bin.1));
            prop_assert!(histogram.bins.windows(2).all(|pair| pair[0].1 <= pair[1].0));
        }
    }
}
