//! Mean, variance, skewness and kurtosis.

/// Moments of values; what needs more values than there are, or values that differ, is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// How many values.
    pub count: usize,
    /// Their sum.
    pub sum: f64,
    /// `Σ x / n`.
    pub mean: f64,
    /// Of a sample: `Σ (x − mean)² / (n − 1)`.
    pub variance: Option<f64>,
    /// Adjusted Fisher-Pearson, as pandas has it: `√(n (n − 1)) / (n − 2) · m₃ / m₂^1.5`.
    pub skewness: Option<f64>,
    /// Excess kurtosis without bias, as pandas has it:
    /// `(n − 1) / ((n − 2)(n − 3)) · ((n + 1) (m₄ / m₂² − 3) + 6)`.
    pub kurtosis: Option<f64>,
}

impl Moments {
    /// Moments of values, in two passes.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let sum: f64 = values.iter().sum();
        let mean = if values.is_empty() { 0.0 } else { sum / n };
        let (mut m2, mut m3, mut m4) = (0.0, 0.0, 0.0);
        for value in values {
            let distance = value - mean;
            let square = distance * distance;
            m2 += square;
            m3 += square * distance;
            m4 += square * square;
        }
        let variance = (values.len() > 1).then(|| m2 / (n - 1.0));
        (m2, m3, m4) = (m2 / n, m3 / n, m4 / n);
        // Rounding leaves a trace of variance where all values are equal and not a whole number.
        let varies = m2 > 1e-24 * mean * mean && m2 > 0.0;
        let skewness = (values.len() > 2 && varies).then(|| (n * (n - 1.0)).sqrt() / (n - 2.0) * m3 / m2.powf(1.5));
        let kurtosis = (values.len() > 3 && varies)
            .then(|| (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * (m4 / (m2 * m2) - 3.0) + 6.0));
        Self { count: values.len(), sum, mean, variance, skewness, kurtosis }
    }

    /// Square root of the variance.
    pub fn standard_deviation(&self) -> Option<f64> {
        self.variance.map(f64::sqrt)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn moments_by_hand() {
        // 1, 2, 3, 10: mean 4; distances −3, −2, −1, 6; squares 9, 4, 1, 36 = 50; cubes −27, −8, −1, 216 = 180;
        // fourths 81, 16, 1, 1296 = 1394. m₂ = 12.5, m₃ = 45, m₄ = 348.5.
        let moments = Moments::of(&[1.0, 2.0, 3.0, 10.0]);
        assert_eq!((moments.mean, moments.variance), (4.0, Some(50.0 / 3.0)));
        // √12 / 2 · 45 / 12.5^1.5 = 1.763632614803888 (pandas: Series([1, 2, 3, 10]).skew()).
        assert!((moments.skewness.unwrap() - 1.763_632_614_803_888).abs() < 1e-12);
        // 3 / 2 · (5 · (348.5 / 156.25 − 3) + 6) = 3.228 (pandas: .kurt()).
        assert!((moments.kurtosis.unwrap() - 3.228).abs() < 1e-12);
    }

    #[test]
    fn too_few_values_or_equal_ones_have_no_shape() {
        assert_eq!(Moments::of(&[]), Moments::default());
        assert_eq!(Moments::of(&[2.0]).variance, None);
        let equal = Moments::of(&[0.1; 9]);
        assert!(equal.skewness.is_none() && equal.kurtosis.is_none() && equal.variance.unwrap() < 1e-30);
        assert_eq!(Moments::of(&[1.0, 2.0, 3.0]).kurtosis, None);
    }

    proptest! {
        #[test]
        fn shape_does_not_depend_on_unit_and_origin(
            values in proptest::collection::vec(-100_i32..100, 5..60), scale in 1_i32..50, shift in -1000_i32..1000,
        ) {
            let of = |scale: i32, shift: i32| {
                let values: Vec<f64> = values.iter().map(|value| f64::from(value * scale + shift)).collect();
                Moments::of(&values)
            };
            let (plain, moved) = (of(1, 0), of(scale, shift));
            prop_assert_eq!(plain.skewness.is_some(), moved.skewness.is_some());
            if let (Some(one), Some(other)) = (plain.skewness, moved.skewness) {
                prop_assert!((one - other).abs() < 1e-6, "{} {}", one, other);
            }
            if let (Some(one), Some(other)) = (plain.kurtosis, moved.kurtosis) {
                prop_assert!((one - other).abs() < 1e-6, "{} {}", one, other);
            }
        }
    }
}
