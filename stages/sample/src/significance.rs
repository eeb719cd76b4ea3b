//! Part (c) of the proof: whether chance explains the differences, with tests that know that rows of
//! one unit come together.
//!
//! Rao and Scott (1981, 1984): the distance `D = Σ (q − P)² / P` of the shares is a sum of squared
//! normals weighted by the eigenvalues of `diag(1/P) V`, with `V` the covariance of fair samples. Its first
//! two moments are matched, and `D / t₁` is taken as F (Thomas and Rao 1987): `t₁`, `t₂` are the sums of
//! the eigenvalues and their squares, the latter freed from the noise of `V` (Srivastava 2005).
//! Permutation: blocks of whole units are shuffled between sample and rest; in a fair sample all ways
//! are equally likely, whatever the data. Holm (1979) keeps false alarms of all tests together below 5 %.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

use crate::{
    design::Noise,
    dice::Dice,
    distances::shares,
    effects::{grouped, pooled},
    jackknife::FREEDOM,
    layout::{Scale, Variable},
    tally::{By, Frame, Tally},
};

/// Shuffles of the permutation test.
const SHUFFLES: usize = 999;
/// Rows that a group of bins should have in the sample (Cochran 1954).
const SMALLEST_BIN: f64 = 5.0;
/// Groups that an ordered variable is divided into at most.
const ORDERED_GROUPS: f64 = 16.0;
/// Chance of at least one false alarm that the tests of a fair sample have together.
pub(crate) const LEVEL: f64 = 0.05;

/// How a test works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Second-order corrected chi-square.
    RaoScott,
    /// Shuffling whole users.
    UserPermutation,
    /// Shuffling whole products.
    ProductPermutation,
    /// Shuffling rows.
    RowPermutation,
}

/// Whether chance explains the difference of one distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// What is distributed, such as `rating`.
    pub variable: String,
    /// How it was tested.
    pub method: Method,
    /// F for Rao-Scott; for permutations chi-square of nominal and Kolmogorov-Smirnov D of ordered variables.
    pub statistic: f64,
    /// Degrees of freedom of the distribution, matched; none for permutations.
    pub degrees_of_freedom: Option<f64>,
    /// How often a fair sample differs at least as much.
    pub p_value: f64,
    /// The same, corrected by Holm for all tests: below 0.05 the sample is rejected.
    pub adjusted: f64,
}

/// All tests of a sample that is not the whole. With few units only the permutation test holds.
pub(crate) fn tests(tally: &Tally<'_>, seed: u64) -> Vec<Test> {
    let mut tests = if tally.has_enough_groups() { rao_scott(tally) } else { Vec::new() };
    for (number, frame) in tally.frames.iter().enumerate() {
        tests.extend(permutation(tally, frame, &mut Dice::new(seed, 2 + number as u64)));
    }
    holm(&mut tests);
    tests
}

/// Variables with more than one value.
fn variables<'a>(tally: &'a Tally<'_>) -> impl Iterator<Item = &'a Variable> {
    let is_mixed =
        |variable: &&Variable| tally.population[variable.bins.clone()].iter().filter(|count| **count > 0.0).count() > 1;
    tally.layout.variables.iter().filter(is_mixed)
}

fn rao_scott(tally: &Tally<'_>) -> Vec<Test> {
    let rows = tally.rows.max(1) as f64;
    let noise = Noise::new(tally);
    let mut tests = Vec::new();
    for variable in variables(tally) {
        let population = shares(&tally.population[variable.bins.clone()]);
        let smallest = match variable.scale {
            Scale::Nominal(_) => SMALLEST_BIN / rows,
            Scale::Ordered(_) => (SMALLEST_BIN / rows).max(1.0 / ORDERED_GROUPS),
        };
        let groups = grouped(&population, smallest);
        let expected = pooled(&population, &groups);
        if expected.len() < 2 {
            continue;
        }
        let found = pooled(&shares(&tally.estimate[variable.bins.clone()]), &groups);
        let covariance = noise.covariance(|row| pooled(&row[variable.bins.clone()], &groups));
        let (statistic, freedom, p_value) = matched(&found, &expected, &covariance);
        tests.push(Test {
            variable: variable.name.to_owned(),
            method: Method::RaoScott,
            statistic,
            degrees_of_freedom: Some(freedom),
            p_value,
            adjusted: p_value,
        });
    }
    tests
}

/// `D / t₁`, its first degrees of freedom, and the p-value.
fn matched(found: &[f64], expected: &[f64], covariance: &[Vec<f64>]) -> (f64, f64, f64) {
    let distance: f64 = found.iter().zip(expected).map(|(q, p)| (q - p).powi(2) / p).sum();
    let (mut first, mut second) = (0.0, 0.0);
    for ((row, p), values) in expected.iter().enumerate().zip(covariance) {
        first += values[row] / p;
        second += values.iter().zip(expected).map(|(value, q)| value * value / (p * q)).sum::<f64>();
    }
    if first <= 0.0 {
        return (0.0, 0.0, 1.0);
    }
    let freed = (second - first * first / FREEDOM) * FREEDOM * FREEDOM / ((FREEDOM - 1.0) * (FREEDOM + 2.0));
    let most = (expected.len() - 1) as f64;
    // Between one eigenvalue that is all, and all alike.
    let freedom = (first * first / freed.max(f64::MIN_POSITIVE)).clamp(1.0, most);
    let statistic = distance / first;
    let p_value =
        FisherSnedecor::new(freedom, freedom * FREEDOM).map_or(1.0, |distribution| distribution.sf(statistic));
    (statistic, freedom, p_value)
}

fn permutation(tally: &Tally<'_>, frame: &Frame, dice: &mut Dice) -> Vec<Test> {
    let blocks = frame.samples + frame.rests;
    if frame.rests == 0 {
        return Vec::new();
    }
    let width = frame.counts.len() / blocks;
    let mut totals = vec![0_u32; width];
    for row in frame.counts.chunks_exact(width) {
        totals.iter_mut().zip(row).for_each(|(total, count)| *total += count);
    }
    let variables: Vec<&Variable> = variables(tally).collect();
    let statistics = |sample: &[u32]| -> Vec<f64> {
        variables.iter().map(|variable| statistic(variable, sample, &totals)).collect()
    };
    let mut order: Vec<usize> = (0..blocks).collect();
    let found = statistics(&sum_of(frame, &order[..frame.samples], width));
    let mut at_least = vec![0_usize; variables.len()];
    // The smaller side is drawn and summed; the other is what is left.
    let drawn = frame.samples.min(frame.rests);
    for _ in 0..SHUFFLES {
        for place in 0..drawn {
            order.swap(place, place + dice.below(blocks - place));
        }
        let mut sums = sum_of(frame, &order[..drawn], width);
        if drawn < frame.samples {
            sums.iter_mut().zip(&totals).for_each(|(sum, total)| *sum = total - *sum);
        }
        for (at_least, (shuffled, found)) in at_least.iter_mut().zip(statistics(&sums).iter().zip(&found)) {
            // A little more room than the rounding of sums.
            *at_least += usize::from(*shuffled >= found * (1.0 - 1e-12));
        }
    }
    let method = match frame.by {
        By::User => Method::UserPermutation,
        By::Item => Method::ProductPermutation,
        By::Row => Method::RowPermutation,
    };
    let test = |(variable, (statistic, at_least)): (&&Variable, (f64, usize))| {
        let p_value = (at_least + 1) as f64 / (SHUFFLES + 1) as f64;
        let variable = variable.name.to_owned();
        Test { variable, method, statistic, degrees_of_freedom: None, p_value, adjusted: p_value }
    };
    variables.iter().zip(found.into_iter().zip(at_least)).map(test).collect()
}

fn sum_of(frame: &Frame, blocks: &[usize], width: usize) -> Vec<u32> {
    let mut sums = vec![0; width];
    for block in blocks {
        let row = &frame.counts[block * width..(block + 1) * width];
        sums.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
    }
    sums
}

/// Chi-square of nominal variables, Kolmogorov-Smirnov D of ordered ones, of some blocks against all.
fn statistic(variable: &Variable, sample: &[u32], all: &[u32]) -> f64 {
    let (sample, all) = (&sample[variable.bins.clone()], &all[variable.bins.clone()]);
    let sum = |counts: &[u32]| counts.iter().map(|count| f64::from(*count)).sum::<f64>().max(1.0);
    let (part, whole) = (sum(sample), sum(all));
    let expected = all.iter().map(|count| f64::from(*count) / whole * part);
    let pairs = sample.iter().map(|count| f64::from(*count)).zip(expected);
    match variable.scale {
        Scale::Nominal(_) => pairs.filter(|(_, e)| *e > 0.0).map(|(o, e)| (o - e).powi(2) / e).sum(),
        Scale::Ordered(_) => {
            let (mut difference, mut largest) = (0.0, 0.0_f64);
            for (observed, expected) in pairs {
                difference += observed - expected;
                largest = largest.max(f64::abs(difference));
            }
            largest / part
        }
    }
}

/// Holm's step-down correction: the smallest of n is multiplied by n, the next by n − 1, and so on.
fn holm(tests: &mut [Test]) {
    let mut order: Vec<usize> = (0..tests.len()).collect();
    order.sort_by(|a, b| tests[*a].p_value.total_cmp(&tests[*b].p_value));
    let mut largest = 0.0_f64;
    for (place, index) in order.iter().enumerate() {
        largest = largest.max(tests[*index].p_value * (tests.len() - place) as f64).min(1.0);
        tests[*index].adjusted = largest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_by_hand() {
        let test = |p_value| Test {
            variable: String::new(),
            method: Method::RaoScott,
            statistic: 0.0,
            degrees_of_freedom: None,
            p_value,
            adjusted: 0.0,
        };
        let mut tests = [0.01, 0.04, 0.03, 0.005].map(test);
        holm(&mut tests);
        // In order 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1 but not below the one before.
        let found = tests.each_ref().map(|test| test.adjusted);
        for (found, wanted) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - wanted).abs() < 1e-12, "{found} instead of {wanted}");
        }
    }

    #[test]
    fn permutation_statistics_by_hand() {
        let variable = |scale| Variable { name: "x", bins: 0..3, scale };
        let (sample, all) = ([6, 2, 2], [10, 10, 20]);
        // Of 10 drawn from 40: expected 2.5, 2.5, 5: 3.5² / 2.5 + 0.5² / 2.5 + 3² / 5.
        let nominal = statistic(&variable(Scale::Nominal(Vec::new())), &sample, &all);
        assert!((nominal - (4.9 + 0.1 + 1.8)).abs() < 1e-12);
        // Cumulative differences 3.5, 3, 0, of 10.
        let ordered = statistic(&variable(Scale::Ordered(Vec::new())), &sample, &all);
        assert!((ordered - 0.35).abs() < 1e-12);
    }
}
