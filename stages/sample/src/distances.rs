//! How far apart two distributions are: effect sizes that do not depend on the number of rows.

/// Smallest share in the logarithms of the stability index, so that an empty bin is not infinitely far.
const SMALLEST_SHARE: f64 = 1e-4;

/// Shares of weights; zeros if all are.
pub(crate) fn shares(weights: &[f64]) -> Vec<f64> {
    let all: f64 = weights.iter().sum();
    weights.iter().map(|weight| if all > 0.0 { weight / all } else { 0.0 }).collect()
}

/// Total variation distance `½ Σ |q − p|`, 0 to 1: the share of rows in other bins than they should be.
pub(crate) fn total_variation(sample: &[f64], population: &[f64]) -> f64 {
    sample.iter().zip(population).map(|(q, p)| (q - p).abs()).sum::<f64>() / 2.0
}

/// Population stability index `Σ (q − p) ln(q / p)`, from 0 on.
pub(crate) fn stability_index(sample: &[f64], population: &[f64]) -> f64 {
    let floor = |share: &f64| share.max(SMALLEST_SHARE);
    sample
        .iter()
        .zip(population)
        .filter(|(_, p)| **p > 0.0)
        .map(|(q, p)| (floor(q), floor(p)))
        .map(|(q, p)| (q - p) * (q / p).ln())
        .sum()
}

/// Kolmogorov-Smirnov D: largest difference of the cumulative shares, 0 to 1.
pub(crate) fn kolmogorov_smirnov(sample: &[f64], population: &[f64]) -> f64 {
    let (mut difference, mut largest) = (0.0, 0.0_f64);
    for (q, p) in sample.iter().zip(population) {
        difference += q - p;
        largest = largest.max(f64::abs(difference));
    }
    largest
}

/// Wasserstein-1 distance over ascending values: the mean way from one distribution to the other.
pub(crate) fn wasserstein(values: &[f64], sample: &[f64], population: &[f64]) -> f64 {
    let (mut difference, mut sum) = (0.0, 0.0);
    for (index, (q, p)) in sample.iter().zip(population).enumerate() {
        difference += q - p;
        let next = values.get(index + 1).copied().unwrap_or(values[index]);
        sum += f64::abs(difference) * (next - values[index]);
    }
    sum
}

/// Standard deviation of a distribution over values.
pub(crate) fn deviation(values: &[f64], shares: &[f64]) -> f64 {
    let mean: f64 = values.iter().zip(shares).map(|(value, share)| value * share).sum();
    values.iter().zip(shares).map(|(value, share)| share * (value - mean).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn distances_by_hand() {
        let (q, p) = ([0.5, 0.5, 0.0], [0.25, 0.25, 0.5]);
        // ½ (0.25 + 0.25 + 0.5)
        assert!((total_variation(&q, &p) - 0.5).abs() < 1e-12);
        // Cumulative differences 0.25, 0.5, 0.
        assert!((kolmogorov_smirnov(&q, &p) - 0.5).abs() < 1e-12);
        // 0.25 over the way from 0 to 1, 0.5 over that from 1 to 10.
        assert!((wasserstein(&[0.0, 1.0, 10.0], &q, &p) - 4.75).abs() < 1e-12);
        // 2 x 0.25 ln 2 + (0.0001 − 0.5) ln(0.0001 / 0.5)
        let wanted = 0.5 * 2f64.ln() + (1e-4 - 0.5) * (1e-4_f64 / 0.5).ln();
        assert!((stability_index(&q, &p) - wanted).abs() < 1e-12);
        // Values 0, 1, 10 with shares ¼, ¼, ½: mean 5.25, variance ¼ 27.5625 + ¼ 18.0625 + ½ 22.5625 = 22.6875.
        assert!((deviation(&[0.0, 1.0, 10.0], &p) - 22.6875_f64.sqrt()).abs() < 1e-12);
    }

    /// A distance over values, of a sample from a population.
    type Distance = fn(&[f64], &[f64], &[f64]) -> f64;

    fn distribution() -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec(0.01..1.0, 6).prop_map(|weights| shares(&weights))
    }

    proptest! {
        /// The bound on a distance rests on this.
        #[test]
        fn distances_are_convex_in_the_sample(q in distribution(), r in distribution(), p in distribution(), t in 0.0..1.0) {
            let values = [0.0, 1.0, 3.0, 4.0, 10.0, 11.0];
            let between: Vec<f64> = q.iter().zip(&r).map(|(q, r)| t * q + (1.0 - t) * r).collect();
            let distances: [Distance; 4] = [
                |_, x, p| total_variation(x, p),
                |_, x, p| stability_index(x, p),
                |_, x, p| kolmogorov_smirnov(x, p),
                wasserstein,
            ];
            for distance in distances {
                prop_assert!(distance(&values, &p, &p) < 1e-12 && distance(&values, &q, &p) >= 0.0);
                let [q, r, between] = [&q, &r, &between].map(|x| distance(&values, x, &p));
                prop_assert!(between <= t * q + (1.0 - t) * r + 1e-9);
            }
        }
    }
}
