//! What becomes of counts when only some of the rows are kept.
//!
//! Who had `n` reviews keeps a binomial number of them when each is kept with probability `share`. So
//! it is with the products of a sample of users, as long as hardly a user reviews a product twice.

use reports::bins::{doubling, last_of_doubling};
use statrs::distribution::{Binomial, DiscreteCDF};

use crate::{
    census::degrees,
    distances::{kolmogorov_smirnov, shares},
};

/// Units by [`doubling`] bins of their counts.
pub(crate) fn binned(rows: &[u32]) -> Vec<f64> {
    let mut bins = vec![0.0; rows.iter().max().map_or(0, |most| doubling(u64::from(*most)) + 1)];
    for rows in rows {
        bins[doubling(u64::from(*rows))] += 1.0;
    }
    bins
}

/// Expected units a [`doubling`] bin when each row is kept with this probability; bin 0 lost all.
pub(crate) fn expected(rows: &[u32], share: f64) -> Vec<f64> {
    let mut bins = vec![0.0; binned(rows).len()];
    for (count, units) in degrees(rows).into_iter().enumerate().filter(|(_, units)| *units > 0) {
        let Ok(distribution) = Binomial::new(share.clamp(0.0, 1.0), count as u64) else { continue };
        let mut below = 0.0;
        for (bin, sum) in bins.iter_mut().enumerate() {
            let upto = distribution.cdf(last_of_doubling(bin));
            *sum += units as f64 * (upto - below).max(0.0);
            below = upto;
        }
    }
    bins
}

/// Kolmogorov-Smirnov D between the counts that are expected to be left, and those of before.
pub(crate) fn distance(rows: &[u32], share: f64) -> f64 {
    let (before, after) = (binned(rows), expected(rows, share));
    // Who lost all is no longer there.
    let seen = |bins: &[f64]| shares(bins.get(1..).unwrap_or_default());
    kolmogorov_smirnov(&seen(&after), &seen(&before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_units_as_scipy_has_them() {
        // scipy 1.17.1: sum over n of units * diff(binom.cdf([0, 1, 2, 4, 8, 16, 32, 64], n, 0.3))
        let rows: Vec<u32> =
            [(1, 50), (3, 20), (10, 5), (40, 2)].into_iter().flat_map(|(n, units)| vec![n; units]).collect();
        let found = expected(&rows, 0.3);
        let wanted = [
            42.001_238_897_861_15,
            24.425_325_934_048_32,
            4.947_554_630_975_27,
            2.879_660_666_257_07,
            0.967_519_791_857_778_8,
            1.652_074_328_043_594_3,
            0.126_625_750_938_116_57,
            1.869e-11,
        ];
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-9, "{found} instead of {wanted}");
        }
    }

    #[test]
    fn units_of_three_rows_halved() {
        // 3 rows, each kept with 1/2: 0 in 1/8, 1 in 3/8, 2 in 3/8, 3 in 1/8 of cases.
        let found = expected(&[3; 8], 0.5);
        for (found, wanted) in found.iter().zip([1.0, 3.0, 3.0, 1.0]) {
            assert!((found - wanted).abs() < 1e-9, "{found}");
        }
        // Of those that are left 3/7 have one, 3/7 two, 1/7 three; before all had three.
        assert!((distance(&[3; 8], 0.5) - 6.0 / 7.0).abs() < 1e-9);
    }
}
