//! Correlations among what is known of a review.

use serde::{Deserialize, Serialize};

use crate::counts::Units;

/// A row kept for the correlations.
pub(crate) struct Sampled {
    pub(crate) user: u32,
    pub(crate) item: u32,
    pub(crate) rating: f32,
    pub(crate) time: i64,
    pub(crate) words: Option<u32>,
    pub(crate) title_words: Option<u32>,
    pub(crate) votes: Option<u32>,
}

/// Correlations of every pair of variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlations {
    /// Names of the variables: rows and columns of the matrices.
    pub names: Vec<String>,
    /// Pearson's r; none where a variable does not vary or the two are never known together.
    pub pearson: Vec<Vec<Option<f64>>>,
    /// Spearman's rho (Pearson's r of mid-ranks).
    pub spearman: Vec<Vec<Option<f64>>>,
    /// Rows that it was taken over; each pair uses those of them that know both.
    pub rows: u64,
}

/// Correlations of the kept rows.
pub(crate) fn correlations(rows: &[Sampled], users: &Units, items: &Units) -> Correlations {
    let optional = |value: fn(&Sampled) -> Option<u32>| -> Vec<Option<f64>> {
        rows.iter().map(|row| value(row).map(f64::from)).collect()
    };
    let columns: [(&str, Vec<Option<f64>>); 7] = [
        ("rating", rows.iter().map(|row| Some(f64::from(row.rating))).collect()),
        ("words", optional(|row| row.words)),
        ("title", optional(|row| row.title_words)),
        ("votes", optional(|row| row.votes)),
        ("time", rows.iter().map(|row| Some(row.time as f64)).collect()),
        ("product", rows.iter().map(|row| Some(items.reviews[row.item as usize] as f64)).collect()),
        ("user", rows.iter().map(|row| Some(users.reviews[row.user as usize] as f64)).collect()),
    ];
    let mut pearson_matrix = vec![vec![None; columns.len()]; columns.len()];
    let mut spearman_matrix = pearson_matrix.clone();
    for (row, (_, first)) in columns.iter().enumerate() {
        for (column, (_, second)) in columns.iter().enumerate().take(row + 1) {
            let (x, y): (Vec<f64>, Vec<f64>) = first.iter().zip(second).filter_map(|(x, y)| (*x).zip(*y)).unzip();
            let (r, rho) = (pearson(&x, &y), pearson(&mid_ranks(&x), &mid_ranks(&y)));
            (pearson_matrix[row][column], pearson_matrix[column][row]) = (r, r);
            (spearman_matrix[row][column], spearman_matrix[column][row]) = (rho, rho);
        }
    }
    Correlations {
        names: columns.iter().map(|(name, _)| (*name).to_owned()).collect(),
        pearson: pearson_matrix,
        spearman: spearman_matrix,
        rows: rows.len() as u64,
    }
}

/// Pearson's r; none where a side does not vary.
fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
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
    let varies = |sum: f64, mean: f64| sum > 1e-12 * count * mean * mean && sum > 0.0;
    (x.len() > 1 && varies(xx, mean_x) && varies(yy, mean_y)).then(|| (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

/// Ranks from 1; equal values share the mean of their ranks.
fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]).then(a.cmp(b)));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start]];
        let end = start + order[start..].iter().take_while(|index| values[**index].total_cmp(&value).is_eq()).count();
        for index in &order[start..end] {
            ranks[*index] = (start + end + 1) as f64 / 2.0;
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
