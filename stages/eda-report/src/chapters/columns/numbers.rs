//! Statistics of a column of numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Frequent;
use crate::formulas::{
    moments::Moments,
    quantiles::{median_absolute_deviation, quantile},
};

/// Whether values only rise or fall in the order of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Monotonicity {
    /// They rise and fall.
    #[default]
    None,
    /// Each is at least the one before it.
    Increasing,
    /// Each is larger than the one before it.
    StrictlyIncreasing,
    /// Each is at most the one before it.
    Decreasing,
    /// Each is smaller than the one before it.
    StrictlyDecreasing,
    /// All are equal.
    Constant,
}

/// Statistics of numbers, defined as pandas and numpy define them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Numbers {
    /// Values.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of a sample (divided by n − 1); none for one value.
    pub standard_deviation: Option<f64>,
    /// Its square.
    pub variance: Option<f64>,
    /// Standard deviation by mean; none where the mean is zero.
    pub coefficient_of_variation: Option<f64>,
    /// Adjusted Fisher-Pearson skewness; none for fewer than three values, or equal ones.
    pub skewness: Option<f64>,
    /// Excess kurtosis without bias; none for fewer than four values, or equal ones.
    pub kurtosis: Option<f64>,
    /// Smallest value.
    pub minimum: f64,
    /// 5 % quantile, with linear interpolation as all of them.
    pub q05: f64,
    /// 25 % quantile.
    pub q25: f64,
    /// Median.
    pub median: f64,
    /// 75 % quantile.
    pub q75: f64,
    /// 95 % quantile.
    pub q95: f64,
    /// Largest value.
    pub maximum: f64,
    /// Largest less smallest.
    pub range: f64,
    /// 75 % quantile less 25 % quantile.
    pub interquartile_range: f64,
    /// Median of the absolute distances from the median.
    pub median_absolute_deviation: f64,
    /// Values that are zero.
    pub zeros: u64,
    /// Values below zero.
    pub negative: u64,
    /// Whether values only rise or fall in the order of the table.
    pub monotonicity: Monotonicity,
}

impl Numbers {
    /// Statistics of values, of which there is at least one; sorts them.
    pub fn of(values: &mut [f64]) -> Self {
        let monotonicity = monotonicity(values);
        let moments = Moments::of(values);
        sort(values);
        let at = |level| quantile(values, level);
        let (minimum, maximum) = (values[0], values[values.len() - 1]);
        let standard_deviation = moments.standard_deviation();
        let zero = values.partition_point(|value| *value < 0.0);
        Self {
            count: values.len() as u64,
            sum: moments.sum,
            mean: moments.mean,
            standard_deviation,
            variance: moments.variance,
            coefficient_of_variation: standard_deviation
                .filter(|_| moments.mean != 0.0)
                .map(|deviation| deviation / moments.mean),
            skewness: moments.skewness,
            kurtosis: moments.kurtosis,
            minimum,
            q05: at(0.05),
            q25: at(0.25),
            median: at(0.5),
            q75: at(0.75),
            q95: at(0.95),
            maximum,
            range: maximum - minimum,
            interquartile_range: at(0.75) - at(0.25),
            median_absolute_deviation: median_absolute_deviation(values),
            zeros: values[zero..].iter().take_while(|value| **value == 0.0).count() as u64,
            negative: zero as u64,
            monotonicity,
        }
    }
}

/// Sorts; values that are in order already cost one look each.
fn sort(values: &mut [f64]) {
    if !values.is_sorted() {
        values.sort_unstable_by(f64::total_cmp);
    }
}

fn monotonicity(values: &[f64]) -> Monotonicity {
    if values.len() < 2 {
        return Monotonicity::None;
    }
    let (mut rises, mut falls, mut stays) = (false, false, false);
    for pair in values.windows(2) {
        rises |= pair[1] > pair[0];
        falls |= pair[1] < pair[0];
        stays |= pair[1] == pair[0];
        if rises && falls {
            return Monotonicity::None;
        }
    }
    match (rises, falls, stays) {
        (true, _, false) => Monotonicity::StrictlyIncreasing,
        (true, _, true) => Monotonicity::Increasing,
        (_, true, false) => Monotonicity::StrictlyDecreasing,
        (_, true, true) => Monotonicity::Decreasing,
        _ => Monotonicity::Constant,
    }
}

/// What is counted of sorted values.
pub struct Counted {
    pub distinct: u64,
    pub unique: u64,
    pub common: Vec<Frequent>,
    pub smallest: Vec<Frequent>,
    pub largest: Vec<Frequent>,
    /// Rows of each value, for the test of uniformity; empty where there are more than a thousand values.
    pub frequencies: Vec<u64>,
}

/// Counts the distinct of sorted values; `write` puts one into words.
pub fn count(sorted: &[f64], top: usize, write: impl Fn(f64) -> String) -> Counted {
    let mut runs: Vec<(f64, u64)> = Vec::new();
    let (mut distinct, mut unique) = (0, 0);
    let mut frequencies = Vec::new();
    for run in sorted.chunk_by(|a, b| a == b) {
        distinct += 1;
        unique += u64::from(run.len() == 1);
        frequencies.push(run.len() as u64);
        runs.push((run[0], run.len() as u64));
        // Keeps the list short; equal counts stay in the order of the values.
        if runs.len() > 4096 {
            runs.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
            runs.truncate(top);
            frequencies.truncate(1001);
        }
    }
    runs.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.total_cmp(&b.0)));
    runs.truncate(top);
    let value = |(value, rows): (f64, u64)| Frequent {
        value: write(value),
        rows,
        share: rows as f64 / sorted.len().max(1) as f64,
    };
    let ends = |runs: &mut dyn Iterator<Item = &[f64]>| {
        runs.take(5).map(|run| value((run[0], run.len() as u64))).collect::<Vec<_>>()
    };
    Counted {
        distinct,
        unique,
        common: runs.into_iter().map(value).collect(),
        smallest: ends(&mut sorted.chunk_by(|a, b| a == b)),
        largest: ends(&mut sorted.chunk_by(|a, b| a == b).rev()),
        frequencies: if distinct > 1000 { Vec::new() } else { frequencies },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_by_hand() {
        let numbers = Numbers::of(&mut [4.0, 0.0, -1.0, 0.0, 7.0]);
        assert_eq!((numbers.count, numbers.sum, numbers.mean), (5, 10.0, 2.0));
        // Squares of the distances: 4 + 4 + 9 + 4 + 25 = 46; 46 / 4 = 11.5.
        assert_eq!(numbers.variance, Some(11.5));
        assert!((numbers.coefficient_of_variation.unwrap() - 11.5_f64.sqrt() / 2.0).abs() < 1e-12);
        // Sorted −1, 0, 0, 4, 7; place 0.2 of 4: −1 + 0.2; place 3.8: 4 + 0.8 · 3.
        assert!((numbers.q05 + 0.8).abs() < 1e-12 && (numbers.q95 - 6.4).abs() < 1e-12);
        assert_eq!((numbers.q25, numbers.median, numbers.q75, numbers.interquartile_range), (0.0, 0.0, 4.0, 4.0));
        assert_eq!((numbers.minimum, numbers.maximum, numbers.range), (-1.0, 7.0, 8.0));
        assert_eq!((numbers.median_absolute_deviation, numbers.zeros, numbers.negative), (1.0, 2, 1));
        assert_eq!(numbers.monotonicity, Monotonicity::None);
    }

    #[test]
    fn orders_by_hand() {
        for (values, expected) in [
            (&[1.0, 2.0][..], Monotonicity::StrictlyIncreasing),
            (&[1.0, 1.0, 2.0], Monotonicity::Increasing),
            (&[2.0, 1.0], Monotonicity::StrictlyDecreasing),
            (&[2.0, 2.0, 1.0], Monotonicity::Decreasing),
            (&[2.0, 2.0], Monotonicity::Constant),
            (&[2.0], Monotonicity::None),
        ] {
            assert_eq!(monotonicity(values), expected, "{values:?}");
        }
    }

    #[test]
    fn common_and_extreme_values() {
        let counted = count(&[1.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 6.0], 2, |value| value.to_string());
        let names = |values: &[Frequent]| values.iter().map(|value| value.value.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!((counted.distinct, counted.unique), (6, 4));
        assert_eq!(names(&counted.common), "1 3", "equally frequent: the smaller first");
        assert_eq!(
            (names(&counted.smallest), names(&counted.largest)),
            ("1 2 3 4 5".to_owned(), "6 5 4 3 2".to_owned())
        );
        assert_eq!((counted.common[0].rows, counted.common[0].share), (2, 0.25));
    }

    #[test]
    fn the_most_common_of_many_values_survives() {
        let mut values: Vec<f64> = (0..10_000).map(f64::from).chain([3.0, 9_999.0, 9_999.0]).collect();
        values.sort_by(f64::total_cmp);
        let counted = count(&values, 2, |value| value.to_string());
        let found: Vec<(&str, u64)> = counted.common.iter().map(|value| (value.value.as_str(), value.rows)).collect();
        assert_eq!((found, counted.distinct), (vec![("9999", 3), ("3", 2)], 10_000));
    }
}
