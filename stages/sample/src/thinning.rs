//! What becomes of counts when only some of the rows are kept.
//!
//! Who had `n` reviews keeps a binomial number of them when each is kept with probability `share`.

use std::collections::BTreeMap;

use reports::bins::{doubling, last_of_doubling};
use statrs::distribution::{Binomial, DiscreteCDF};

use crate::{chi_square::Covariance, tally::Pair};

/// Units a bin.
pub(crate) fn binned(by_count: &BTreeMap<u64, Pair>) -> Vec<Pair> {
    let mut bins = vec![Pair::default(); by_count.keys().next_back().map_or(0, |count| doubling(*count) + 1)];
    for (count, pair) in by_count {
        bins[doubling(*count)].population += pair.population;
        bins[doubling(*count)].sample += pair.sample;
    }
    bins
}

/// Each unit's chances to end in each bin, by its count in the population, with how many such units there are.
pub(crate) fn chances(by_count: &BTreeMap<u64, Pair>, share: f64) -> Vec<(f64, Vec<f64>)> {
    let bins = binned(by_count).len();
    let of_count = |count: u64| -> Vec<f64> {
        let Ok(distribution) = Binomial::new(share.clamp(0.0, 1.0), count) else { return vec![0.0; bins] };
        let mut below = 0.0;
        (0..bins)
            .map(|bin| {
                let upto = distribution.cdf(last_of_doubling(bin));
                let chance = (upto - below).max(0.0);
                below = upto;
                chance
            })
            .collect()
    };
    by_count
        .iter()
        .filter(|(_, pair)| pair.population > 0)
        .map(|(count, pair)| (pair.population as f64, of_count(*count)))
        .collect()
}

/// Expected units a bin, and how they vary when every row is kept or left out for itself.
pub(crate) fn expected(chances: &[(f64, Vec<f64>)]) -> Vec<f64> {
    let mut sums = vec![0.0; chances.first().map_or(0, |(_, shares)| shares.len())];
    for (units, shares) in chances {
        for (sum, share) in sums.iter_mut().zip(shares) {
            *sum += units * share;
        }
    }
    sums
}

/// Covariance of the units a group of bins.
pub(crate) fn covariance(chances: &[(f64, Vec<f64>)], groups: &[std::ops::Range<usize>]) -> Covariance {
    let mut covariance = Covariance::zero(groups.len());
    for (units, shares) in chances {
        covariance.add_multinomial(*units, &crate::chi_square::pooled(shares, groups));
    }
    covariance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_units_as_scipy_has_them() {
        // scipy 1.17.1: sum over n of units * diff(binom.cdf([0, 1, 2, 4, 8, 16, 32, 64], n, 0.3))
        let pair = |population| Pair { population, sample: 0 };
        let by_count = BTreeMap::from([(1, pair(50)), (3, pair(20)), (10, pair(5)), (40, pair(2))]);
        let found = expected(&chances(&by_count, 0.3));
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
    fn a_unit_of_three_rows_halved() {
        // 3 rows, each kept with 1/2: 0 in 1/8, 1 in 3/8, 2 in 3/8, 3 in 1/8 of cases.
        let by_count = BTreeMap::from([(3, Pair { population: 8, sample: 0 })]);
        let expected = expected(&chances(&by_count, 0.5));
        for (found, wanted) in expected.iter().zip([1.0, 3.0, 3.0, 1.0]) {
            assert!((found - wanted).abs() < 1e-9, "{expected:?}");
        }
    }
}
