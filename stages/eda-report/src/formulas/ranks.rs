//! Pearson's and Spearman's correlation.

/// Pearson's r; none where a side does not vary.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let count = x.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (x, y) = (x - mean_x, y - mean_y);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    // Rounding leaves a trace of variance where all values are equal and not a whole number.
    let varies = |sum: f64, mean: f64| sum > 1e-24 * count * mean * mean && sum > 0.0;
    (x.len() > 1 && varies(xx, mean_x) && varies(yy, mean_y)).then(|| (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

/// [`dense_ranks`] of the values that are known.
pub fn known_ranks(values: &[Option<f64>]) -> Vec<Option<u32>> {
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let mut ranks = dense_ranks(&known).into_iter();
    values.iter().map(|value| value.and_then(|_| ranks.next())).collect()
}

/// Values as whole numbers in the same order, from 0; equal values are equal numbers. `O(n log n)`: what is computed of
/// these does not sort again.
fn dense_ranks(values: &[f64]) -> Vec<u32> {
    let mut order: Vec<(f64, u32)> = values.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0; values.len()];
    for (rank, run) in (0..).zip(order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq())) {
        for (_, index) in run {
            ranks[*index as usize] = rank;
        }
    }
    ranks
}

/// What is known on both sides.
pub fn both<T: Copy>(x: &[Option<T>], y: &[Option<T>]) -> (Vec<T>, Vec<T>) {
    x.iter().zip(y).filter_map(|(x, y)| (*x).zip(*y)).unzip()
}

/// Spearman's rho of what is known on both sides, from [`known_ranks`]; none where a side does not vary there.
pub fn spearman(x: &[Option<u32>], y: &[Option<u32>]) -> Option<f64> {
    let (x, y) = both(x, y);
    pearson(&mid_ranks(&x), &mid_ranks(&y))
}

/// Ranks from 1 of dense ranks; equal ones share the mean of their ranks. Spearman's rho is Pearson's r of
/// these.
fn mid_ranks(ranks: &[u32]) -> Vec<f64> {
    let mut before = 0;
    let mean = |count: u32| {
        before += count;
        f64::from(2 * before - count + 1) / 2.0
    };
    let means: Vec<f64> = counts(ranks).into_iter().map(mean).collect();
    ranks.iter().map(|rank| means[*rank as usize]).collect()
}

/// How often each dense rank occurs.
pub fn counts(ranks: &[u32]) -> Vec<u32> {
    let mut counts = vec![0; ranks.iter().max().map_or(0, |largest| *largest as usize + 1)];
    for rank in ranks {
        counts[*rank as usize] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_ranks() {
        assert_eq!(dense_ranks(&[3.0, 1.0, 3.0, 2.0]), [2, 0, 2, 1]);
        assert_eq!(known_ranks(&[Some(3.0), None, Some(1.0), Some(3.0)]), [Some(1), None, Some(0), Some(1)]);
        assert_eq!(mid_ranks(&[2, 0, 2, 1]), [3.5, 1.0, 3.5, 2.0]);
        assert_eq!(mid_ranks(&[7, 0, 7, 3]), [3.5, 1.0, 3.5, 2.0], "some ranks may be missing");
        assert!(mid_ranks(&dense_ranks(&[])).is_empty());
    }

    #[test]
    fn correlations_as_pandas_has_them() {
        // pandas: x = Series([1, 2, 2, 5, None, 7]); y = Series([3, 1, 4, 4, 2, 9]);
        // x.corr(y), x.corr(y, method="spearman"): the pair that lacks x is left out.
        let (x, y) = ([1.0, 2.0, 2.0, 5.0, 7.0], [3.0, 1.0, 4.0, 4.0, 9.0]);
        assert!((pearson(&x, &y).unwrap() - 0.830_701_920_934_935_4).abs() < 1e-12);
        assert!(
            (pearson(&mid_ranks(&dense_ranks(&x)), &mid_ranks(&dense_ranks(&y))).unwrap() - 0.763_157_894_736_842_1)
                .abs()
                < 1e-12
        );
    }

    #[test]
    fn correlations_by_hand() {
        // x − mean = −1, 0, 1; y − mean = −1, 1, 0: 1 / √(2 · 2).
        assert!((pearson(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]).unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(pearson(&[1.0, 2.0], &[0.1, 0.1]), None);
        assert_eq!(pearson(&[1.0], &[1.0]), None);
        assert_eq!(pearson(&[0.1; 7], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), None);
    }
}
