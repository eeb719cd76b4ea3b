//! Kendall's tau-b in `O(n log n)` (Knight 1966), from dense ranks.

use super::ranks::counts;

/// Kendall's tau-b: `(C − D) / √((P − Tx)(P − Ty))` of all `P` pairs, of which `C` are in the same order on both sides,
/// `D` in opposite order, `Tx` equal in x and `Ty` equal in y. None where a side does not vary.
pub fn tau_b(x: &[u32], y: &[u32]) -> Option<f64> {
    let all = pairs_of(x.len() as u32);
    let ties = |ranks: &[u32]| counts(ranks).into_iter().map(pairs_of).sum::<u64>();
    let (ties_x, ties_y) = (ties(x), ties(y));
    if ties_x == all || ties_y == all {
        return None;
    }
    // By x, and by y where x is equal.
    let by_y = ordered((0..y.len() as u32).collect(), y);
    let pairs: Vec<(u32, u32)> =
        ordered(by_y, x).into_iter().map(|place| (x[place as usize], y[place as usize])).collect();
    let ties_both: u64 = pairs.chunk_by(|a, b| a == b).map(|run| pairs_of(run.len() as u32)).sum();
    let same_minus_opposite = (all + ties_both) as f64 - (ties_x + ties_y) as f64 - 2.0 * opposite(&pairs) as f64;
    let scale = ((all - ties_x) as f64).sqrt() * ((all - ties_y) as f64).sqrt();
    Some((same_minus_opposite / scale).clamp(-1.0, 1.0))
}

fn pairs_of(count: u32) -> u64 {
    u64::from(count) * u64::from(count).saturating_sub(1) / 2
}

/// The places in the order of their ranks, equal ones as they were.
fn ordered(places: Vec<u32>, ranks: &[u32]) -> Vec<u32> {
    let mut next = 0;
    let start = |count: u32| {
        next += count;
        next - count
    };
    let mut starts: Vec<u32> = counts(ranks).into_iter().map(start).collect();
    let mut ordered = vec![0; places.len()];
    for place in places {
        let slot = &mut starts[ranks[place as usize] as usize];
        ordered[*slot as usize] = place;
        *slot += 1;
    }
    ordered
}

/// Pairs in opposite order: for each the earlier ones with a larger y, counted with a binary indexed tree (Fenwick 1994).
fn opposite(pairs: &[(u32, u32)]) -> u64 {
    let size = pairs.iter().map(|pair| pair.1 as usize + 1).max().unwrap_or(0);
    let mut tree = vec![0_u32; size + 1];
    let mut opposite = 0;
    for (earlier, (_, y)) in (0..).zip(pairs) {
        let first = *y as usize + 1;
        let (mut node, mut at_most) = (first, 0);
        while node > 0 {
            at_most += tree[node];
            node &= node - 1;
        }
        opposite += u64::from(earlier - at_most);
        node = first;
        while node <= size {
            tree[node] += 1;
            node += node & node.wrapping_neg();
        }
    }
    opposite
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tau_by_hand() {
        // Pairs of (1,1), (2,3), (3,2): two in the same order, one in opposite: (2 − 1) / 3.
        assert!((tau_b(&[0, 1, 2], &[0, 2, 1]).unwrap() - 1.0 / 3.0).abs() < 1e-12);
        // (1,1), (1,2), (2,2): one pair tied in x, one in y, one in the same order: 1 / √(2 · 2).
        assert!((tau_b(&[0, 0, 1], &[0, 1, 1]).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(tau_b(&[0, 0], &[0, 1]), None);
        assert_eq!(tau_b(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn tau_is_that_of_its_definition(pairs in proptest::collection::vec((0_u32..6, 0_u32..6), 2..40)) {
            let (x, y): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
            let (mut sum, mut free_x, mut free_y) = (0.0, 0.0, 0.0);
            for i in 0..x.len() {
                for j in 0..i {
                    let sign = |a: u32, b: u32| (f64::from(a) - f64::from(b)).clamp(-1.0, 1.0);
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
