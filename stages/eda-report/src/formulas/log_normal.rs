//! The log-normal of counts: what a power law is compared with.

use std::f64::consts::{PI, SQRT_2};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use super::simplex;

/// Bounds of `ln(1 / σ²)`: beyond them the curve is as straight as a power law, or a single count.
const CURVATURES: (f64, f64) = (-11.5, 9.0);

/// A log-normal of whole numbers: the mass of `x` is that of the continuous one from `x − ½` to `x + ½`, as a share of
/// all from `start − ½` on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogNormal {
    /// Mean of the logarithms; far below 0 where the curve is nearly a power law.
    pub mu: f64,
    /// Standard deviation of the logarithms.
    pub sigma: f64,
    /// Logarithm of its likelihood.
    pub log_likelihood: f64,
}

/// Logarithm of the share of the standard normal distribution above `z`, also where that share is too small for a
/// number.
fn log_above(z: f64) -> f64 {
    if z < 8.0 {
        return (erfc(z / SQRT_2) / 2.0).ln();
    }
    // The first terms of the asymptotic series (Abramowitz and Stegun 26.2.12).
    let square = (z * z).recip();
    let series = -square * (1.0 - square * (3.0 - square * (15.0 - square * (105.0 - 945.0 * square))));
    -z * z / 2.0 - z.ln() - (2.0 * PI).ln() / 2.0 + series.ln_1p()
}

impl LogNormal {
    fn new(mu: f64, sigma: f64) -> Self {
        Self { mu, sigma, log_likelihood: 0.0 }
    }

    /// Logarithm of the share above the lower edge of a count.
    fn log_from(&self, count: f64) -> f64 {
        log_above(((count - 0.5).ln() - self.mu) / self.sigma)
    }

    /// Share of the distribution from `start` on that lies at `count` or above.
    pub fn share_from(&self, start: u32, count: f64) -> f64 {
        (self.log_from(count) - self.log_from(f64::from(start))).exp()
    }

    /// Logarithm of the mass of each count.
    fn log_masses(&self, groups: &[(u32, u64)], start: u32) -> Vec<f64> {
        let all = self.log_from(f64::from(start));
        let mut last = (start, all);
        let of_count = |(count, _): &(u32, u64)| {
            let from = if *count == last.0 { last.1 } else { self.log_from(f64::from(*count)) };
            let after = self.log_from(f64::from(*count) + 1.0);
            last = (count + 1, after);
            let mass = from - all + (-(after - from).exp_m1()).ln();
            // What is too small for a number still counts as far off, so that the search finds its way back.
            if mass.is_finite() { mass } else { -750.0 }
        };
        groups.iter().map(of_count).collect()
    }
}

/// The log-normal of the greatest likelihood, and the logarithm of its mass for each group.
///
/// The search is over `μ / σ²` and `ln(1 / σ²)`: with these, the nearer the curve is to a straight line, the nearer the
/// point is to an edge, and not infinitely far away.
pub fn fit(groups: &[(u32, u64)], start: u32) -> (LogNormal, Vec<f64>) {
    let units: f64 = groups.iter().map(|(_, units)| *units as f64).sum();
    let mean = |of: &dyn Fn(f64) -> f64| {
        groups.iter().map(|(count, units)| of(f64::from(*count).ln()) * *units as f64).sum::<f64>() / units
    };
    let center = mean(&|log| log);
    let variance = mean(&|log| (log - center).powi(2)).max(1e-3);
    let at = |[slope, curvature]: [f64; 2]| {
        let square = (-curvature.clamp(CURVATURES.0, CURVATURES.1)).exp();
        LogNormal::new(slope * square, square.sqrt())
    };
    let likelihood = |masses: &[f64]| masses.iter().zip(groups).map(|(mass, (_, units))| mass * *units as f64).sum();
    let loss = |point: [f64; 2]| {
        let found: f64 = likelihood(&at(point).log_masses(groups, start));
        -found
    };
    let begin = [center / variance, -variance.ln()];
    let first = simplex::lowest(loss, begin, [1.0, 1.0]);
    // Once more from there: a simplex may collapse early.
    let second = simplex::lowest(loss, first, [0.5, 0.5]);
    let mut best = at(second);
    let masses = best.log_masses(groups, start);
    best.log_likelihood = likelihood(&masses);
    (best, masses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_tails_of_the_normal_distribution() {
        // Python: math.log(0.5 * math.erfc(z / math.sqrt(2))), and scipy.stats.norm.logsf for the last.
        for (z, wanted) in [
            (-1.0, -0.172_753_779_023_449_9),
            (0.0, -std::f64::consts::LN_2),
            (7.999, -35.005_316_284_6),
            (8.0, -35.013_437_159_914_5),
            (40.0, -804.608_442_013_753_9),
        ] {
            assert!((log_above(z) - wanted).abs() < 1e-6, "{z}: {}", log_above(z));
        }
    }

    #[test]
    fn masses_sum_to_all() {
        let groups: Vec<(u32, u64)> = (3..4000).map(|count| (count, 1)).collect();
        let law = LogNormal::new(1.5, 0.8);
        let sum: f64 = law.log_masses(&groups, 3).iter().map(|mass| mass.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        assert!((law.share_from(3, 3.0) - 1.0).abs() < 1e-12);
        let from_ten: f64 = law.log_masses(&groups, 3)[7..].iter().map(|mass| mass.exp()).sum();
        assert!((law.share_from(3, 10.0) - from_ten).abs() < 1e-9);
    }
}
