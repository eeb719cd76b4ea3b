//! Chi-square statistics whose spread is known, whatever the way the sample was drawn.
//!
//! `X² = Σ (O − E)² / E` (Pearson 1900). With `C` the covariance of `O` over fair samples, `X²` is a
//! sum of squared normals weighted by the eigenvalues of `diag(1/E) C`. Its first two moments are
//! matched to a scaled chi-square (Satterthwaite 1946; Rao and Scott 1981, 1984 for survey data):
//! `scale = t₂ / t₁`, `degrees of freedom = t₁² / t₂` with `t₁`, `t₂` the sums of the eigenvalues and
//! of their squares. For rows drawn one by one this is the plain chi-square test.

use std::ops::Range;

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Expected count below which neighbouring bins are pooled (Cochran 1954).
const SMALLEST_EXPECTED: f64 = 5.0;

/// Covariance of the counts of bins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Covariance {
    size: usize,
    values: Vec<f64>,
}

/// What a test found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// `X²`, divided by its scale.
    pub(crate) statistic: f64,
    pub(crate) degrees_of_freedom: f64,
    /// By how much a fair sample varies more than rows drawn one by one from an endless source.
    pub(crate) scale: f64,
    pub(crate) p_value: f64,
}

impl Covariance {
    pub(crate) fn zero(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    /// Of counts of `draws` units that fall into bins with these shares, when a share of `1 − rest` of
    /// the population is drawn: `rest · draws · (diag(p) − p pᵀ)` (multivariate hypergeometric).
    pub(crate) fn of_draws(draws: f64, shares: &[f64], rest: f64) -> Self {
        let mut covariance = Self::zero(shares.len());
        covariance.add_multinomial(draws * rest, shares);
        covariance
    }

    /// Adds `weight · (diag(p) − p pᵀ)`.
    pub(crate) fn add_multinomial(&mut self, weight: f64, shares: &[f64]) {
        for (row, p) in shares.iter().enumerate() {
            *self.at(row, row) += weight * p;
            for (column, q) in shares.iter().enumerate() {
                *self.at(row, column) -= weight * p * q;
            }
        }
    }

    /// Multiplies every value.
    pub(crate) fn multiply(&mut self, factor: f64) {
        for value in &mut self.values {
            *value *= factor;
        }
    }

    /// The value of two bins, to be changed.
    pub(crate) fn at(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.values[row * self.size + column]
    }

    /// Sums of the eigenvalues of `diag(1/E) C` and of their squares.
    fn traces(&self, expected: &[f64]) -> (f64, f64) {
        let mut first = 0.0;
        let mut second = 0.0;
        for row in 0..self.size {
            first += self.values[row * self.size + row] / expected[row];
            for column in 0..self.size {
                let value = self.values[row * self.size + column];
                second += value * value / (expected[row] * expected[column]);
            }
        }
        (first, second)
    }
}

/// Tests whether observed counts fit the expected ones. Both have one entry a bin, all expected above zero.
///
/// Counts that cannot vary (one bin, or a sample that is the whole population) fit, with statistic 0.
pub(crate) fn test(observed: &[f64], expected: &[f64], covariance: &Covariance) -> Outcome {
    let statistic: f64 = observed.iter().zip(expected).map(|(o, e)| (o - e).powi(2) / e).sum();
    let (first, second) = covariance.traces(expected);
    let fit = Outcome { statistic: 0.0, degrees_of_freedom: 0.0, scale: 0.0, p_value: 1.0 };
    if first <= 1e-12 || second <= 1e-12 {
        return fit;
    }
    let (scale, freedom) = (second / first, first * first / second);
    let scaled = statistic / scale;
    let p_value = ChiSquared::new(freedom).map_or(1.0, |distribution| distribution.sf(scaled));
    Outcome { statistic: scaled, degrees_of_freedom: freedom, scale, p_value }
}

/// Neighbouring bins pooled until each group expects enough; the last group takes what is left.
pub(crate) fn pool(expected: &[f64]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    let (mut start, mut sum) = (0, 0.0);
    for (index, count) in expected.iter().enumerate() {
        sum += count;
        if sum >= SMALLEST_EXPECTED {
            groups.push(start..index + 1);
            (start, sum) = (index + 1, 0.0);
        }
    }
    if start < expected.len() {
        match groups.last_mut() {
            Some(last) => last.end = expected.len(),
            None => groups.push(0..expected.len()),
        }
    }
    groups
}

/// Sums of the groups.
pub(crate) fn pooled(values: &[f64], groups: &[Range<usize>]) -> Vec<f64> {
    groups.iter().map(|group| values[group.clone()].iter().sum()).collect()
}

/// Cramér's V of counts against shares: `√(Σ (o − e)² / e / (bins − 1))` of the shares `o` and `e`.
pub(crate) fn cramers_v(observed: &[f64], expected: &[f64]) -> f64 {
    let (all_observed, all_expected): (f64, f64) = (observed.iter().sum(), expected.iter().sum());
    if observed.len() < 2 || all_observed <= 0.0 || all_expected <= 0.0 {
        return 0.0;
    }
    let sum: f64 = observed
        .iter()
        .zip(expected)
        .map(|(o, e)| (o / all_observed, e / all_expected))
        .map(|(o, e)| (o - e).powi(2) / e)
        .sum();
    (sum / (observed.len() - 1) as f64).sqrt()
}

/// Largest difference of the cumulative shares (the Kolmogorov-Smirnov distance of the binned values).
pub(crate) fn max_difference(observed: &[f64], expected: &[f64]) -> f64 {
    let (all_observed, all_expected): (f64, f64) = (observed.iter().sum(), expected.iter().sum());
    let (mut o, mut e, mut largest) = (0.0, 0.0, 0.0_f64);
    for (observed, expected) in observed.iter().zip(expected) {
        o += observed / all_observed.max(1.0);
        e += expected / all_expected.max(f64::MIN_POSITIVE);
        largest = largest.max((o - e).abs());
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bins_are_pooled_with_their_neighbours() {
        assert_eq!(pool(&[1.0, 2.0, 3.0, 9.0, 1.0]), [0..3, 3..5]);
        assert_eq!(pool(&[1.0, 2.0]), vec![0..2; 1]);
        assert!(pool(&[]).is_empty());
        assert_eq!(pooled(&[1.0, 2.0, 3.0, 9.0, 1.0], &[0..3, 3..5]), [6.0, 10.0]);
    }

    #[test]
    fn counts_that_cannot_vary_fit() {
        let outcome = test(&[5.0], &[5.0], &Covariance::of_draws(5.0, &[1.0], 0.5));
        assert_eq!((outcome.statistic, outcome.p_value), (0.0, 1.0));
        let outcome = test(&[5.0, 7.0], &[5.0, 7.0], &Covariance::of_draws(12.0, &[5.0 / 12.0, 7.0 / 12.0], 0.0));
        assert_eq!((outcome.statistic, outcome.p_value), (0.0, 1.0));
    }

    fn assert_close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{found} instead of {wanted}");
    }

    #[test]
    fn rows_one_by_one_are_the_test_of_sample_against_rest() {
        // scipy 1.17.1: chi2_contingency([sample, population - sample], correction=False)
        let population = [100.0, 120.0, 250.0, 700.0, 1330.0];
        let sample = [8.0, 10.0, 30.0, 72.0, 130.0];
        let shares = population.map(|count| count / 2500.0);
        let outcome = test(&sample, &shares.map(|share| share * 250.0), &Covariance::of_draws(250.0, &shares, 0.9));
        assert_close(outcome.statistic, 2.064_605_959_342_801_4);
        assert_close(outcome.degrees_of_freedom, 4.0);
        assert_close(outcome.p_value, 0.723_877_313_895_538_3);
    }

    #[test]
    fn an_endless_population_is_the_plain_goodness_of_fit() {
        // scipy 1.17.1: chisquare(sample, population / 2500 * 250)
        let shares = [0.04, 0.048, 0.1, 0.28, 0.532];
        let outcome = test(
            &[8.0, 10.0, 30.0, 72.0, 130.0],
            &shares.map(|share| share * 250.0),
            &Covariance::of_draws(250.0, &shares, 1.0),
        );
        assert_close(outcome.statistic, 1.858_145_363_408_521_4);
        assert_close(outcome.p_value, 0.761_828_914_579_185_7);
    }

    #[test]
    fn any_covariance_by_its_eigenvalues() {
        // numpy: eigenvalues l of diag(1/E) C; scale = sum(l^2) / sum(l), df = sum(l)^2 / sum(l^2);
        // scipy 1.17.1: chi2.sf(X2 / scale, df)
        let covariance = Covariance { size: 3, values: vec![6.0, -2.0, -4.0, -2.0, 5.0, -3.0, -4.0, -3.0, 7.0] };
        let outcome = test(&[14.0, 15.0, 31.0], &[10.0, 20.0, 30.0], &covariance);
        assert_close(outcome.statistic, 4.779_005_524_861_879);
        assert_close(outcome.degrees_of_freedom, 1.795_580_110_497_238);
        assert_close(outcome.scale, 0.603_333_333_333_333_3);
        assert_close(outcome.p_value, 0.075_894_636_477_866_57);
    }

    #[test]
    fn effect_sizes_by_hand() {
        // Shares 0.5, 0.5 against 0.25, 0.75: (0.25² / 0.25 + 0.25² / 0.75) / 1 = 1/3.
        assert!((cramers_v(&[5.0, 5.0], &[1.0, 3.0]) - (1.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((max_difference(&[5.0, 5.0], &[1.0, 3.0]) - 0.25).abs() < 1e-12);
    }
}
