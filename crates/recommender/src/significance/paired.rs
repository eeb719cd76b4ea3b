//! Whether two models differ on the same users, and by how much.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The difference of two models on the same users.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// Users with a value of both.
    pub users: u64,
    /// Mean of the first less mean of the second.
    pub difference: f64,
    /// How often chance alone gives at least such a difference: two-sided paired t-test.
    pub p_value: f64,
    /// Effect size: the difference in standard deviations of the users' differences (Cohen's `d_z`). About
    /// 0.2 is small, 0.5 medium, 0.8 large.
    pub effect: f64,
}

/// Compares two columns of values of the same users; users without a value of both are left out.
///
/// Where all differences are equal, the p-value is 1 if they are 0 and else 0, and the effect is 0.
///
/// ```
/// let [a, b] = [[0.9_f32, 0.5, 0.7, 0.6], [0.5, 0.4, 0.2, 0.4]];
/// let found = recommender::significance::paired(&a, &b);
/// assert!((found.difference - 0.3).abs() < 1e-6 && found.p_value < 0.06);
/// ```
///
/// # Panics
/// If the columns differ in length.
pub fn paired(first: &[f32], second: &[f32]) -> Paired {
    assert_eq!(first.len(), second.len(), "the same users");
    let differences: Vec<f64> = first
        .iter()
        .zip(second)
        .map(|(a, b)| f64::from(*a) - f64::from(*b))
        .filter(|difference| !difference.is_nan())
        .collect();
    let users = differences.len() as f64;
    let difference = if differences.is_empty() { 0.0 } else { differences.iter().sum::<f64>() / users };
    let squares: f64 = differences.iter().map(|value| (value - difference).powi(2)).sum();
    let deviation = if users > 1.0 { (squares / (users - 1.0)).sqrt() } else { 0.0 };
    let is_spread = deviation > 1e-12 * difference.abs();
    let effect = if is_spread { difference / deviation } else { 0.0 };
    let p_value = match users {
        users if users < 2.0 => 1.0,
        _ if is_spread => two_sided(effect * users.sqrt(), users - 1.0),
        _ => f64::from(u8::from(difference.abs() <= 0.0)),
    };
    Paired { users: differences.len() as u64, difference, p_value, effect }
}

/// How often Student's t with that many degrees of freedom lies at least so far from 0.
fn two_sided(t: f64, freedom: f64) -> f64 {
    let student = StudentsT::new(0.0, 1.0, freedom).expect("one or more degrees of freedom are allowed");
    (2.0 * student.cdf(-t.abs())).min(1.0)
}

/// p-values corrected so that the chance of one or more false alarms among all of them stays below the
/// level at which they are read, whatever their dependence (Holm 1979).
///
/// ```
/// // 3 * 0.01; 2 * 0.02, not below the one before; 1 * 0.04, neither.
/// assert_eq!(recommender::significance::holm(&[0.01, 0.04, 0.02]), [0.03, 0.04, 0.04]);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut highest = 0.0_f64;
    for (rank, place) in order.into_iter().enumerate() {
        highest = highest.max(p_values[place] * (p_values.len() - rank) as f64).min(1.0);
        corrected[place] = highest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn golden_paired_test() {
        // Differences 1, 2, 3, 4: mean 2.5, variance 5/3, t = 2.5 / sqrt(5/12) = 3.8730; three degrees of freedom.
        let found = paired(&[2.0, 4.0, 6.0, 8.0, f32::NAN], &[1.0, 2.0, 3.0, 4.0, 0.0]);
        assert_eq!(found.users, 4);
        assert!((found.difference - 2.5).abs() < 1e-12);
        assert!((found.effect - 2.5 / (5.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        // scipy.stats.ttest_rel([2, 4, 6, 8], [1, 2, 3, 4]).pvalue
        assert!((found.p_value - 0.030_466_291_662_170_7).abs() < 1e-9, "{}", found.p_value);
    }

    #[test]
    fn without_spread_there_is_certainty_or_no_difference() {
        let of = |a: &[f32], b: &[f32]| (paired(a, b).p_value, paired(a, b).effect);
        assert_eq!(of(&[1.0, 1.0], &[1.0, 1.0]), (1.0, 0.0));
        assert_eq!(of(&[1.0, 1.0], &[0.0, 0.0]), (0.0, 0.0));
        assert_eq!(of(&[1.0], &[0.0]), (1.0, 0.0));
        assert_eq!(of(&[], &[]), (1.0, 0.0));
    }

    #[test]
    fn equal_models_differ_significantly_in_about_5_of_100_cases() {
        // Two models of the same quality that find the items of other users: hits with probability 0.2.
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let alarms = (0..2000)
            .filter(|_| {
                let mut hits = || (0..200).map(|_| f32::from(u8::from(random.random_bool(0.2)))).collect::<Vec<f32>>();
                paired(&hits(), &hits()).p_value < 0.05
            })
            .count();
        // 100 of 2000, give or take 3 * sqrt(2000 * 0.05 * 0.95) = 29.
        assert!((71..=129).contains(&alarms), "{alarms} of 2000");
    }

    #[test]
    fn corrected_tests_of_equal_models_rarely_raise_any_alarm() {
        let mut random = ChaCha8Rng::seed_from_u64(6);
        let alarms = (0..1000)
            .filter(|_| {
                let mut values = || (0..60).map(|_| random.random::<f32>()).collect::<Vec<f32>>();
                let models: Vec<Vec<f32>> = (0..5).map(|_| values()).collect();
                let pairs = (0..5).flat_map(|a| (0..a).map(move |b| (a, b)));
                let p_values: Vec<f64> = pairs.map(|(a, b)| paired(&models[a], &models[b]).p_value).collect();
                holm(&p_values).iter().any(|p| *p < 0.05)
            })
            .count();
        // At most 50 of 1000, give or take 3 * sqrt(1000 * 0.05 * 0.95) = 21.
        assert!(alarms <= 71, "{alarms} of 1000");
    }

    proptest! {
        #[test]
        fn correction_keeps_the_order_and_never_lowers(
            p_values in proptest::collection::vec(0.0_f64..1.0, 0..12)
        ) {
            let corrected = holm(&p_values);
            for (a, corrected_a) in p_values.iter().zip(&corrected) {
                prop_assert!(corrected_a >= a && *corrected_a <= 1.0);
                for (b, corrected_b) in p_values.iter().zip(&corrected) {
                    prop_assert!(a > b || corrected_a <= corrected_b);
                }
            }
        }
    }
}
