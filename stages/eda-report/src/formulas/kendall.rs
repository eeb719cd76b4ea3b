//! Kendall's tau-b in `O(n log n)` (Knight 1966).

/// Kendall's tau-b: `(C − D) / √((P − Tx)(P − Ty))` of all `P` pairs, of which `C` are in the same order on both sides,
/// `D` in opposite order, `Tx` equal in x and `Ty` equal in y. None where a side does not vary.
pub fn tau_b(x: &[f64], y: &[f64]) -> Option<f64> {
    let mut pairs: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let all = pairs_of(pairs.len());
    let ties_x: u64 = pairs.chunk_by(|a, b| a.0 == b.0).map(|run| pairs_of(run.len())).sum();
    let ties_both: u64 = pairs.chunk_by(|a, b| a == b).map(|run| pairs_of(run.len())).sum();
    let mut y: Vec<f64> = pairs.into_iter().map(|pair| pair.1).collect();
    // Pairs in opposite order are what an insertion sort by y would have to swap.
    let swaps = sort_counting(&mut y);
    let ties_y: u64 = y.chunk_by(|a, b| a == b).map(|run| pairs_of(run.len())).sum();
    if ties_x == all || ties_y == all {
        return None;
    }
    let same_minus_opposite = (all + ties_both) as f64 - (ties_x + ties_y) as f64 - 2.0 * swaps as f64;
    let scale = ((all - ties_x) as f64).sqrt() * ((all - ties_y) as f64).sqrt();
    Some((same_minus_opposite / scale).clamp(-1.0, 1.0))
}

fn pairs_of(count: usize) -> u64 {
    let count = count as u64;
    count * count.saturating_sub(1) / 2
}

/// Sorts, and counts how many pairs stood in the wrong order.
fn sort_counting(values: &mut [f64]) -> u64 {
    let mut buffer = values.to_vec();
    let mut swaps = 0;
    let mut width = 1;
    while width < values.len() {
        for start in (0..values.len()).step_by(2 * width) {
            let middle = (start + width).min(values.len());
            let end = (start + 2 * width).min(values.len());
            swaps += merge(&values[start..middle], &values[middle..end], &mut buffer[start..end]);
        }
        values.copy_from_slice(&buffer);
        width *= 2;
    }
    swaps
}

fn merge(left: &[f64], right: &[f64], merged: &mut [f64]) -> u64 {
    let (mut i, mut j, mut swaps) = (0, 0, 0);
    for slot in merged {
        let takes_left = j == right.len() || (i < left.len() && left[i] <= right[j]);
        if takes_left {
            *slot = left[i];
            i += 1;
        } else {
            *slot = right[j];
            j += 1;
            swaps += (left.len() - i) as u64;
        }
    }
    swaps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tau_by_hand() {
        // Pairs of (1,1), (2,3), (3,2): two in the same order, one in opposite: (2 − 1) / 3.
        assert!((tau_b(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]).unwrap() - 1.0 / 3.0).abs() < 1e-12);
        // (1,1), (1,2), (2,2): one pair tied in x, one in y, one in the same order: 1 / √(2 · 2).
        assert!((tau_b(&[1.0, 1.0, 2.0], &[1.0, 2.0, 2.0]).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(tau_b(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(tau_b(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn tau_is_that_of_its_definition(pairs in proptest::collection::vec((0_i8..6, 0_i8..6), 2..40)) {
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).unzip();
            let (mut sum, mut free_x, mut free_y) = (0.0, 0.0, 0.0);
            for i in 0..x.len() {
                for j in 0..i {
                    let sign = |a: f64, b: f64| if a == b { 0.0 } else { (a - b).signum() };
                    sum += sign(x[i], x[j]) * sign(y[i], y[j]);
                    free_x += sign(x[i], x[j]).abs();
                    free_y += sign(y[i], y[j]).abs();
                }
            }
            let expected = (free_x > 0.0 && free_y > 0.0).then(|| sum / f64::sqrt(free_x * free_y));
            match (tau_b(&x, &y), expected) {
                (Some(tau), Some(expected)) => prop_assert!((tau - expected).abs() < 1e-12),
                (tau, expected) => prop_assert_eq!(tau, expected),
            }
        }
    }
}
