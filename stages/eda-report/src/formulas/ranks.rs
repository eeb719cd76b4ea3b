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

/// Ranks from 1; equal values share the mean of their ranks. Spearman's rho is Pearson's r of these.
pub fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(f64, u32)> = values.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for run in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let end = start + run.len();
        for (_, index) in run {
            ranks[*index as usize] = (start + end + 1) as f64 / 2.0;
        }
        start = end;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_ranks() {
        assert_eq!(mid_ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        assert!(mid_ranks(&[]).is_empty());
    }

    #[test]
    fn correlations_as_pandas_has_them() {
        // pandas: x = Series([1, 2, 2, 5, None, 7]); y = Series([3, 1, 4, 4, 2, 9]);
        // x.corr(y), x.corr(y, method="spearman"): the pair that lacks x is left out.
        let (x, y) = ([1.0, 2.0, 2.0, 5.0, 7.0], [3.0, 1.0, 4.0, 4.0, 9.0]);
        assert!((pearson(&x, &y).unwrap() - 0.830_701_920_934_935_4).abs() < 1e-12);
        assert!((pearson(&mid_ranks(&x), &mid_ranks(&y)).unwrap() - 0.763_157_894_736_842_1).abs() < 1e-12);
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
