//! Power laws of counts: exponent, where the law starts, and whether a log-normal fits better.
//!
//! After Clauset, Shalizi and Newman 2009, "Power-law distributions in empirical data", SIAM Review 51(4). Not in here:
//! their bootstrap test of whether a power law is plausible at all.

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use super::{
    counts::Counts,
    log_normal::{self, LogNormal},
};

/// Exponents that are looked at.
const EXPONENTS: (f64, f64) = (1.0001, 30.0);
/// Starts that are all tried; of the counts above them, as many again, evenly spread over their places.
const STARTS: usize = 150;

/// A discrete power law: `P(x) = x^−α / ζ(α, start)` for `x = start, start + 1, ...`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PowerLaw {
    /// The exponent α of the greatest likelihood.
    pub alpha: f64,
    /// Its standard error, from the curvature of the likelihood.
    pub alpha_error: f64,
    /// Largest distance between the cumulated shares of the counts and of the law (Kolmogorov-Smirnov).
    pub distance: f64,
    /// Logarithm of its likelihood.
    pub log_likelihood: f64,
}

/// A power law and a log-normal, both of the counts from a start on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fits {
    /// Smallest count that they describe.
    pub start: u32,
    /// Units with at least so many.
    pub units: u64,
    /// The power law.
    pub power_law: PowerLaw,
    /// The log-normal.
    pub log_normal: LogNormal,
    /// Log-likelihood of the power law less that of the log-normal: above 0 where the power law fits better.
    pub log_likelihood_ratio: f64,
    /// How likely a ratio at least so far from 0 is if both fit equally well (Vuong 1989, "Likelihood ratio tests for
    /// model selection and non-nested hypotheses", Econometrica 57): small means that the better one is truly better.
    pub vuong_p: f64,
}

/// `ζ(s, q) = Σ (q + k)^−s` over `k = 0, 1, ...`, for `s` above 1 and `q` above 0: first terms one by one, the rest by
/// the formula of Euler and Maclaurin.
pub fn hurwitz_zeta(s: f64, q: f64) -> f64 {
    /// `B₂ₖ / (2k)!`
    const BERNOULLI: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30_240.0,
        -1.0 / 1_209_600.0,
        1.0 / 47_900_160.0,
        -691.0 / 1_307_674_368_000.0,
        1.0 / 74_724_249_600.0,
    ];
    let (mut sum, mut from) = (0.0, q);
    while from < 10.0 + s {
        sum += from.powf(-s);
        from += 1.0;
    }
    let power = from.powf(-s);
    sum += power * from / (s - 1.0) + power / 2.0;
    let mut term = s * power / from;
    for (place, factor) in (0..).zip(BERNOULLI) {
        sum += factor * term;
        let next = s + f64::from(2 * place + 1);
        term *= next * (next + 1.0) / (from * from);
    }
    sum
}

/// The place of the lowest value of a function with one valley, by golden sections.
fn lowest(function: impl Fn(f64) -> f64, (mut low, mut high): (f64, f64)) -> f64 {
    let golden = (5_f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_left, mut at_right) = (function(left), function(right));
    while high - low > 1e-9 {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - golden * (high - low);
            at_left = function(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + golden * (high - low);
            at_right = function(right);
        }
    }
    f64::midpoint(low, high)
}

/// Units and the sum of the logarithms of their counts.
fn logarithms(groups: &[(u32, u64)]) -> (f64, f64) {
    groups.iter().fold((0.0, 0.0), |(units, sum), (count, group)| {
        (units + *group as f64, sum + *group as f64 * f64::from(*count).ln())
    })
}

/// Share of a power law that lies at `count` or above.
pub fn share_from(alpha: f64, start: u32, count: f64) -> f64 {
    hurwitz_zeta(alpha, count) / hurwitz_zeta(alpha, f64::from(start))
}

/// The power law of the greatest likelihood for groups, the first of which is at its start or above.
pub fn fit(groups: &[(u32, u64)], start: u32) -> PowerLaw {
    let (units, logs) = logarithms(groups);
    let log_zeta = |alpha: f64| hurwitz_zeta(alpha, f64::from(start)).ln();
    let alpha = lowest(|alpha| alpha * logs + units * log_zeta(alpha), EXPONENTS);
    let step = (1e-3_f64).min((alpha - 1.0) / 4.0);
    let curvature = (log_zeta(alpha + step) - 2.0 * log_zeta(alpha) + log_zeta(alpha - step)) / (step * step);
    let mut left = units;
    let mut distance: f64 = 0.0;
    for (count, group) in groups {
        left -= *group as f64;
        distance = distance.max((left / units - share_from(alpha, start, f64::from(*count) + 1.0)).abs());
    }
    PowerLaw {
        alpha,
        alpha_error: 1.0 / (units * curvature).sqrt(),
        distance,
        log_likelihood: -alpha * logs - units * log_zeta(alpha),
    }
}

/// Where a power law starts best: the count from which on its distance to the counts is smallest, of those that leave
/// at least two different counts; none with fewer. Of many different counts not all are tried.
pub fn best_start(counts: &Counts) -> Option<u32> {
    let groups = counts.groups();
    let last = groups.len().checked_sub(1)?;
    let spread = last.saturating_sub(STARTS).min(STARTS);
    let rest = (1..=spread).map(|step| STARTS + (last - STARTS) * step / spread).map(|place| place - 1);
    let places: Vec<usize> = (0..last.min(STARTS)).chain(rest).collect();
    let tried: Vec<(f64, u32)> = places
        .into_par_iter()
        .map(|place| (fit(&groups[place..], groups[place].0).distance, groups[place].0))
        .collect();
    // Of equal distances the longer tail.
    tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, start)| start)
}

/// Both laws of the counts from a start on; none where these are not at least two different ones.
pub fn compare(counts: &Counts, start: u32) -> Option<Fits> {
    let groups = counts.within(start..u32::MAX);
    if groups.len() < 2 {
        return None;
    }
    let power_law = fit(groups, start);
    let (log_normal, masses) = log_normal::fit(groups, start);
    let log_zeta = hurwitz_zeta(power_law.alpha, f64::from(start)).ln();
    let of_power_law = |count: u32| -power_law.alpha * f64::from(count).ln() - log_zeta;
    let (mut units, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for ((count, group), of_log_normal) in groups.iter().zip(masses) {
        let (group, difference) = (*group as f64, of_power_law(*count) - of_log_normal);
        units += group;
        sum += group * difference;
        squares += group * difference * difference;
    }
    let spread = (units * (squares / units - (sum / units).powi(2)).max(0.0)).sqrt();
    Some(Fits {
        start,
        units: units as u64,
        power_law,
        log_normal,
        log_likelihood_ratio: sum,
        vuong_p: if spread > 0.0 { erfc(sum.abs() / (2_f64.sqrt() * spread)) } else { 1.0 },
    })
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zetas_of_the_books() {
        // ζ(2) = π²/6, ζ(4) = π⁴/90, ζ(2, 2) = ζ(2) − 1; scipy.special.zeta(2.5, 7), (30, 3), (1.0001, 5).
        for (s, q, wanted) in
            [(2.0, 1.0, PI * PI / 6.0), (4.0, 1.0, PI.powi(4) / 90.0), (2.0, 2.0, PI * PI / 6.0 - 1.0)]
        {
            let found = hurwitz_zeta(s, q);
            assert!((found / wanted - 1.0).abs() < 1e-13, "{s} {q}: {found}");
        }
        // The next start lacks the first term, whatever the formula is.
        for (s, q) in [(1.0001, 5.0), (2.5, 7.0), (30.0, 3.0), (2.2, 1e6)] {
            let (all, rest): (f64, f64) = (hurwitz_zeta(s, q), hurwitz_zeta(s, q + 1.0));
            assert!(((all - rest) / q.powf(-s) - 1.0).abs() < 1e-6, "{s} {q}");
        }
    }

    /// Counts that follow a power law as nearly as whole numbers can.
    fn by_law(alpha: f64, start: u32, units: f64) -> Vec<u32> {
        let mut counts = Vec::new();
        let mut owed = 0.0;
        for count in start..3000 {
            owed += units * f64::from(count).powf(-alpha) / hurwitz_zeta(alpha, f64::from(start));
            while owed >= 0.5 {
                counts.push(count);
                owed -= 1.0;
            }
        }
        counts
    }

    #[test]
    fn the_law_that_made_the_counts_is_found() {
        let counts = Counts::of(&by_law(2.5, 3, 20_000.0));
        let fits = compare(&counts, 3).unwrap();
        assert!((fits.power_law.alpha - 2.5).abs() < 3.0 * fits.power_law.alpha_error, "{fits:?}");
        assert!(fits.power_law.distance < 0.001 && (0.005..0.02).contains(&fits.power_law.alpha_error), "{fits:?}");
        // A log-normal bends; it can at most come near.
        assert!(fits.log_likelihood_ratio > -0.5, "{fits:?}");
    }

    #[test]
    fn the_start_is_where_the_law_begins() {
        // Below 10 as many units each as at 10: no power law there.
        let mut values = by_law(2.2, 10, 5_000.0);
        let at_ten = values.iter().filter(|count| **count == 10).count();
        values.extend((1..10).flat_map(|count| vec![count; at_ten]));
        assert_eq!(best_start(&Counts::of(&values)), Some(10));
    }

    #[test]
    fn counts_of_a_log_normal_are_told_from_a_power_law() {
        // Quantiles of a log-normal with mean 3 and deviation 0.5 of the logarithms.
        let normal = statrs::distribution::Normal::new(3.0, 0.5).unwrap();
        let quantile = |place: u32| {
            statrs::distribution::ContinuousCDF::inverse_cdf(&normal, (f64::from(place) + 0.5) / 2000.0).exp().round()
        };
        let counts = Counts::of(&(0..2000).map(|place| quantile(place) as u32).collect::<Vec<u32>>());
        let fits = compare(&counts, counts.groups()[0].0).unwrap();
        assert!(fits.log_likelihood_ratio < 0.0 && fits.vuong_p < 1e-6, "{fits:?}");
        assert!((fits.log_normal.mu - 3.0).abs() < 0.02 && (fits.log_normal.sigma - 0.5).abs() < 0.02, "{fits:?}");
    }

    #[test]
    fn one_count_has_no_law() {
        let counts = Counts::of(&[4, 4, 4]);
        assert_eq!((best_start(&counts), compare(&counts, 4)), (None, None));
        assert_eq!((best_start(&Counts::of(&[])), compare(&Counts::of(&[]), 1)), (None, None));
    }

    proptest! {
        #[test]
        fn figures_are_finite(counts in proptest::collection::vec(1_u32..2_000, 2..60)) {
            let counts = Counts::of(&counts);
            if let Some(start) = best_start(&counts) {
                let fits = compare(&counts, start).unwrap();
                prop_assert!((0.0..=1.0).contains(&fits.vuong_p) && (0.0..=1.0).contains(&fits.power_law.distance));
                prop_assert!(fits.log_likelihood_ratio.is_finite() && fits.log_normal.log_likelihood.is_finite());
                let smallest = counts.groups()[0].0;
                prop_assert!(fits.power_law.distance <= fit(counts.groups(), smallest).distance + 1e-12);
            }
        }
    }
}
