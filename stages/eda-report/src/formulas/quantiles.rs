//! Quantiles of sorted values.

/// The quantile at a level from 0 to 1, with linear interpolation between the two values around `(n − 1) · level`,
/// as numpy and pandas have it by default. Not a number without values.
pub fn quantile(sorted: &[f64], level: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = last as f64 * level;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

/// Median of the absolute distances from the median. Not a number without values.
pub fn median_absolute_deviation(sorted: &[f64]) -> f64 {
    let median = quantile(sorted, 0.5);
    // Distances grow to both sides of the median: merged, they come out in order.
    let middle = sorted.partition_point(|value| *value < median);
    let (mut below, mut above) = (sorted[..middle].iter().rev().peekable(), sorted[middle..].iter().peekable());
    let mut next = || {
        let left = below.peek().map(|value| median - **value);
        let right = above.peek().map(|value| **value - median);
        match (left, right) {
            (Some(left), Some(right)) if left < right => below.next().map(|_| left),
            (Some(left), None) => below.next().map(|_| left),
            (_, Some(right)) => above.next().map(|_| right),
            (None, None) => None,
        }
    };
    let half = sorted.len() / 2;
    let mut last = (f64::NAN, f64::NAN);
    for _ in 0..=half {
        last = (last.1, next().unwrap_or(f64::NAN));
    }
    if sorted.len() % 2 == 1 { last.1 } else { f64::midpoint(last.0, last.1) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_by_hand() {
        // Places 0, 0.75, 1.5, 3 of 1, 2, 4, 8: 1; 1 + 0.75; 2 + 0.5 · 2; 8.
        let values = [1.0, 2.0, 4.0, 8.0];
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|level| quantile(&values, level)), [1.0, 1.75, 3.0, 8.0]);
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn deviations_by_hand() {
        // Median 3: distances 2, 1, 1, 5, in order 1, 1, 2, 5: (1 + 2) / 2.
        assert_eq!(median_absolute_deviation(&[1.0, 2.0, 4.0, 8.0]), 1.5);
        // Median 4: distances 3, 2, 0, 4, 5.
        assert_eq!(median_absolute_deviation(&[1.0, 2.0, 4.0, 8.0, 9.0]), 3.0);
        assert_eq!(median_absolute_deviation(&[5.0]), 0.0);
        assert!(median_absolute_deviation(&[]).is_nan());
    }

    proptest! {
        #[test]
        fn deviations_are_those_of_their_definition(values in proptest::collection::vec(-50_i32..50, 1..40)) {
            let sorted = |values: &mut Vec<f64>| values.sort_by(f64::total_cmp);
            let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
            sorted(&mut values);
            let median = quantile(&values, 0.5);
            let mut distances: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
            sorted(&mut distances);
            prop_assert_eq!(median_absolute_deviation(&values), quantile(&distances, 0.5));
        }

        #[test]
        fn quantiles_are_ordered_and_inside(values in proptest::collection::vec(-50_i32..50, 1..40), a in 0.0..1.0, b in 0.0..1.0) {
            let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
            values.sort_by(f64::total_cmp);
            let (low, high) = (quantile(&values, f64::min(a, b)), quantile(&values, f64::max(a, b)));
            prop_assert!(values[0] <= low && low <= high && high <= values[values.len() - 1]);
        }
    }
}
