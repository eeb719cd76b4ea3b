//! Means, shares and differences of means with their 95 % intervals.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Count, sum and sum of squares of values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// How many values.
    pub count: u64,
    sum: f64,
    squares: f64,
}

/// A difference of two means with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// First mean minus second mean.
    pub value: f64,
    /// Ends of the interval.
    pub interval: [f64; 2],
    /// Degrees of freedom by Welch and Satterthwaite.
    pub degrees_of_freedom: f64,
}

impl Sums {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.squares += value * value;
    }

    /// Mean; none without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Variance of a sample, divided by n − 1; none for fewer than two values.
    pub fn variance(&self) -> Option<f64> {
        let n = self.count as f64;
        (self.count > 1).then(|| ((self.squares - self.sum * self.sum / n) / (n - 1.0)).max(0.0))
    }

    /// Student's 95 % interval of the mean; none for fewer than two values.
    pub fn interval(&self) -> Option<[f64; 2]> {
        let (mean, variance) = (self.mean()?, self.variance()?);
        let n = self.count as f64;
        let half = t_quantile(n - 1.0) * (variance / n).sqrt();
        Some([mean - half, mean + half])
    }
}

/// Welch's interval of the difference of two means, whose variances may differ; none where a side has fewer than two
/// values or neither varies.
pub fn welch(first: &Sums, second: &Sums) -> Option<Difference> {
    let error = |sums: &Sums| Some(sums.variance()? / sums.count as f64);
    let (a, b) = (error(first)?, error(second)?);
    let spread = a + b;
    if spread <= 0.0 {
        return None;
    }
    let parts = a * a / (first.count - 1) as f64 + b * b / (second.count - 1) as f64;
    let degrees_of_freedom = spread * spread / parts;
    let value = first.mean()? - second.mean()?;
    let half = t_quantile(degrees_of_freedom) * spread.sqrt();
    Some(Difference { value, interval: [value - half, value + half], degrees_of_freedom })
}

/// Wilson's 95 % interval of a share (1927); 0 to 1 without trials.
pub fn wilson(successes: u64, trials: u64) -> [f64; 2] {
    if trials == 0 {
        return [0.0, 1.0];
    }
    let (n, share) = (trials as f64, successes as f64 / trials as f64);
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    [((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0)]
}

/// 97.5 % quantile of Student's t.
fn t_quantile(degrees: f64) -> f64 {
    if degrees >= 200.0 {
        return expansion(degrees);
    }
    StudentsT::new(0.0, 1.0, degrees).map_or(Z, |t| t.inverse_cdf(0.975))
}

/// The same by the expansion around the normal quantile (Abramowitz and Stegun 26.7.5): off by less than 1e-9 from 200
/// degrees on, where the incomplete beta function loses digits.
fn expansion(n: f64) -> f64 {
    let z = Z;
    let terms = [
        (z.powi(3) + z) / 4.0,
        (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0,
        (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0,
        (79.0 * z.powi(9) + 776.0 * z.powi(7) + 1482.0 * z.powi(5) - 1920.0 * z.powi(3) - 945.0 * z) / 92_160.0,
    ];
    terms.iter().rev().fold(0.0, |sum, term| (sum + term) / n) + z
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Sums {
        let mut sums = Sums::default();
        for value in values {
            sums.add(*value);
        }
        sums
    }

    #[test]
    fn a_mean_by_hand() {
        // 1, 2, 3: mean 2, variance 1, two degrees of freedom: 2 ± 4.302653 / √3.
        let sums = of(&[1.0, 2.0, 3.0]);
        let [low, high] = sums.interval().unwrap();
        assert!((sums.variance().unwrap() - 1.0).abs() < 1e-12);
        assert!((low - (2.0 - 2.484_138)).abs() < 1e-5 && (high - (2.0 + 2.484_138)).abs() < 1e-5, "{low} {high}");
        assert_eq!((of(&[]).mean(), of(&[4.0]).interval()), (None, None));
    }

    #[test]
    fn welch_by_hand() {
        // Means 3 and 6, variances 2.5 and 10, five values each: errors 0.5 and 2, spread 2.5;
        // degrees 6.25 / (0.0625 + 1) = 5.882353; t there is 2.4589 (scipy.stats.ttest_ind gives ±3.88775).
        let found = welch(&of(&[1.0, 2.0, 3.0, 4.0, 5.0]), &of(&[2.0, 4.0, 6.0, 8.0, 10.0])).unwrap();
        assert!((found.value + 3.0).abs() < 1e-12 && (found.degrees_of_freedom - 5.882_352_941).abs() < 1e-8);
        let half = (found.interval[1] - found.interval[0]) / 2.0;
        assert!((half - 2.4589 * 2.5_f64.sqrt()).abs() < 1e-3, "{half}");
        assert_eq!(welch(&of(&[1.0, 1.0]), &of(&[2.0, 2.0])), None);
    }

    #[test]
    fn quantiles_of_tables() {
        // Of tables of Student's t.
        for (degrees, wanted) in [(1.0, 12.706_204_7), (10.0, 2.228_138_9), (199.0, 1.971_956_5), (1e9, Z)] {
            assert!((t_quantile(degrees) - wanted).abs() < 1e-6, "{degrees}: {}", t_quantile(degrees));
        }
        assert!((t_quantile(199.999) - t_quantile(200.0)).abs() < 1e-7, "both ways meet");
    }

    #[test]
    fn shares_by_hand() {
        // Newcombe (1998): 81 of 263 gives 0.2553 to 0.3662.
        let [low, high] = wilson(81, 263);
        assert!((low - 0.2553).abs() < 1e-4 && (high - 0.3662).abs() < 1e-4);
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
    }

    proptest! {
        #[test]
        fn intervals_hold_their_value(values in proptest::collection::vec(1.0_f64..5.0, 2..40), hits in 0_u64..50) {
            let sums = of(&values);
            let ([low, high], mean) = (sums.interval().unwrap(), sums.mean().unwrap());
            prop_assert!(low <= mean && mean <= high);
            let ([low, high], share) = (wilson(hits, 50), hits as f64 / 50.0);
            prop_assert!(0.0 <= low && low <= share + 1e-12 && share <= high + 1e-12 && high <= 1.0);
        }

        #[test]
        fn a_difference_turns_its_sign(first in proptest::collection::vec(1.0_f64..5.0, 3..20), second in proptest::collection::vec(1.0_f64..5.0, 3..20)) {
            if let (Some(one), Some(other)) = (welch(&of(&first), &of(&second)), welch(&of(&second), &of(&first))) {
                prop_assert!((one.value + other.value).abs() < 1e-12);
                prop_assert!((one.interval[0] + other.interval[1]).abs() < 1e-9);
            }
        }
    }
}
