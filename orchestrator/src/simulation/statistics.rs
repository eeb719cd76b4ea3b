//! Means over events with 95 % intervals that know that events of one user are alike.
//!
//! The variance of a mean is taken between users (each user's sum of deviations, squared). For shares the
//! interval is Wilson's with as many events as would give that variance if all were independent; so it stays
//! within 0 to 1 and is no point where nothing was hit. For other means it is the normal one.

use serde::Serialize;

/// Standard deviations on either side of 95 % of a normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A mean and the ends of its interval; not numbers without values, and the ends not where one user is all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Values with their users.
struct Clusters {
    count: f64,
    mean: f64,
    /// Variance of the mean.
    variance: f64,
}

impl Clusters {
    /// The pairs of a user must stand together.
    fn new(values: &[(u32, f64)]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().map(|(_, value)| value).sum::<f64>() / count;
        let users = values.chunk_by(|a, b| a.0 == b.0);
        let (users, squares) = users.fold((0.0, 0.0), |(users, squares), own| {
            let deviation: f64 = own.iter().map(|(_, value)| value - mean).sum();
            (users + 1.0, squares + deviation * deviation)
        });
        Self { count, mean, variance: squares / (count * count) * users / (users - 1.0) }
    }
}

/// The share of events for which something holds, by user; the pairs of a user must stand together.
pub fn share(values: &[(u32, bool)]) -> Estimate {
    let values: Vec<(u32, f64)> = values.iter().map(|(user, holds)| (*user, f64::from(u8::from(*holds)))).collect();
    let Clusters { count, mean, variance } = Clusters::new(&values);
    let independent = mean * (1.0 - mean) / (count - 1.0);
    let alike = variance / independent;
    // Without any spread, or with one user, likeness cannot be seen.
    let effective = if alike.is_finite() { count / alike.max(1.0) } else { count };
    let (low, high) = wilson(mean, effective);
    Estimate { value: mean, low, high }
}

/// The mean of values by user; the pairs of a user must stand together.
pub fn mean(values: &[(u32, f64)]) -> Estimate {
    let Clusters { mean, variance, .. } = Clusters::new(values);
    let half = Z * variance.sqrt();
    Estimate { value: mean, low: mean - half, high: mean + half }
}

/// Wilson's interval of a share of so many independent events (Wilson 1927).
fn wilson(share: f64, count: f64) -> (f64, f64) {
    let square = Z * Z / count;
    let middle = (share + square / 2.0) / (1.0 + square);
    let half = Z / (1.0 + square) * (share * (1.0 - share) / count + square / (4.0 * count)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// The value that a share of the sorted values does not exceed; not a number without values.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(estimate: Estimate, value: f64, low: f64, high: f64) {
        let pairs = [(estimate.value, value), (estimate.low, low), (estimate.high, high)];
        assert!(pairs.iter().all(|(a, b)| (a - b).abs() < 5e-5), "{estimate:?} is not {value}, {low} to {high}");
    }

    #[test]
    fn wilson_agrees_with_the_textbook() {
        // Newcombe (1998), table I: 81 of 263 give 0.2553 to 0.3662; 15 of 148 give 0.0624 to 0.1605;
        // 0 of 20 give 0 to 0.1611; 1 of 29 give 0.0061 to 0.1718.
        for (hits, count, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let values: Vec<(u32, bool)> = (0..count).map(|user| (user, user < hits)).collect();
            let found = share(&values);
            assert!((found.low - low).abs() < 6e-5 && (found.high - high).abs() < 6e-5, "{found:?} {low} {high}");
        }
    }

    #[test]
    fn events_of_one_user_count_less_when_they_are_alike() {
        // 4 users with 10 events each; two hit always, two never. Mean 1/2, each user's deviation is 5 or -5,
        // so variance = 4 * 25 / 1600 * 4/3 = 1/12, against 1/4 / 39 = 1/156, 13 times that: 40 events count as
        // 40/13 = 3.07692.
        let values: Vec<(u32, bool)> = (0..40).map(|event| (event / 10, event < 20)).collect();
        // Wilson: z² / 3.07692 = 1.24847; half = 1.95996 / 2.24847 * sqrt(0.25 * 2.24847 / 3.07692) = 0.37258.
        close(share(&values), 0.5, 0.12742, 0.87258);
        // Dealt out evenly they count in full: Wilson with 40: z²/40 = 0.096036;
        // half = 1.95996 / 1.096036 * sqrt(0.25 * 1.096036 / 40) = 0.14800.
        let values: Vec<(u32, bool)> = (0..40).map(|event| (event / 10, event % 2 == 0)).collect();
        close(share(&values), 0.5, 0.35200, 0.64800);
    }

    #[test]
    fn means_have_the_spread_between_users() {
        // Users 0: 1 and 0.5; 1: 0; 2: 0. Mean 0.375; deviations 0.75, -0.375, -0.375: squares 0.84375;
        // variance = 0.84375 / 16 * 3/2 = 0.0791016, half = 1.95996 * 0.281250 = 0.551240.
        close(mean(&[(0, 1.0), (0, 0.5), (1, 0.0), (2, 0.0)]), 0.375, -0.17624, 0.92624);
    }

    #[test]
    fn without_values_or_with_one_user_there_is_no_interval() {
        assert!(share(&[]).value.is_nan() && mean(&[]).value.is_nan() && quantile(&[], 0.5).is_nan());
        assert!(mean(&[(7, 1.0), (7, 0.0)]).low.is_nan());
        assert!(share(&[(7, true), (7, false)]).low > 0.0, "then as if events were independent");
    }

    #[test]
    fn quantiles_are_values_that_occurred() {
        let sorted = [1.0, 2.0, 3.0, 4.0];
        let at = |share| quantile(&sorted, share);
        assert_eq!([at(0.0), at(0.5), at(0.51), at(0.99), at(1.0)].map(|value| value as u8), [1, 2, 3, 4, 4]);
    }
}
