//! Categories against categories and against numbers.

/// Counts of pairs of categories; rows and columns without any pair are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Contingency {
    /// How many rows and columns have pairs.
    pub rows: usize,
    /// Columns likewise.
    pub columns: usize,
    counts: Vec<f64>,
    row_sums: Vec<f64>,
    column_sums: Vec<f64>,
    /// All pairs.
    pub total: f64,
}

impl Contingency {
    /// Counts pairs of categories numbered from 0.
    pub fn of(pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut cells: Vec<Vec<f64>> = Vec::new();
        let mut columns = 0;
        for (row, column) in pairs {
            if row >= cells.len() {
                cells.resize(row + 1, Vec::new());
            }
            if column >= cells[row].len() {
                cells[row].resize(column + 1, 0.0);
                columns = columns.max(column + 1);
            }
            cells[row][column] += 1.0;
        }
        cells.retain(|row| !row.is_empty());
        for row in &mut cells {
            row.resize(columns, 0.0);
        }
        let sums: Vec<f64> = (0..columns).map(|column| cells.iter().map(|row| row[column]).sum()).collect();
        let kept: Vec<usize> = (0..columns).filter(|column| sums[*column] > 0.0).collect();
        let counts: Vec<f64> = cells.iter().flat_map(|row| kept.iter().map(|column| row[*column])).collect();
        let row_sums: Vec<f64> = cells.iter().map(|row| row.iter().sum()).collect();
        let total = row_sums.iter().sum();
        let column_sums: Vec<f64> = kept.iter().map(|column| sums[*column]).collect();
        Self { rows: cells.len(), columns: kept.len(), counts, row_sums, column_sums, total }
    }

    /// Pearson's chi-squared, without a correction for continuity: `Σ (observed − expected)² / expected`.
    pub fn chi_squared(&self) -> f64 {
        let mut sum = 0.0;
        for (row, counts) in self.counts.chunks(self.columns.max(1)).enumerate() {
            for (column, observed) in counts.iter().enumerate() {
                let expected = self.row_sums[row] * self.column_sums[column] / self.total;
                sum += (observed - expected).powi(2) / expected;
            }
        }
        sum
    }

    /// Cramér's V with the correction for bias of Bergsma (2013): 0 for independent categories, 1 where one follows
    /// from the other. None where a side has one category only, or too few pairs.
    pub fn cramers_v(&self) -> Option<f64> {
        let (rows, columns, n) = (self.rows as f64, self.columns as f64, self.total);
        if self.rows < 2 || self.columns < 2 || n < 2.0 {
            return None;
        }
        let phi_squared = (self.chi_squared() / n - (rows - 1.0) * (columns - 1.0) / (n - 1.0)).max(0.0);
        let corrected = |size: f64| size - (size - 1.0).powi(2) / (n - 1.0);
        let smaller = corrected(rows).min(corrected(columns)) - 1.0;
        (smaller > 0.0).then(|| (phi_squared / smaller).sqrt().min(1.0))
    }
}

/// Correlation ratio eta of numbers in categories: the root of the share of variance that lies between the means of the
/// categories: `√(Σ n_c (mean_c − mean)² / Σ (x − mean)²)`. None where the numbers do not vary, or there is one category.
pub fn correlation_ratio(categories: &[usize], values: &[f64]) -> Option<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let mut groups: Vec<(f64, f64)> = Vec::new();
    let mut all = 0.0;
    for (category, value) in categories.iter().zip(values) {
        if *category >= groups.len() {
            groups.resize(category + 1, (0.0, 0.0));
        }
        groups[*category].0 += 1.0;
        groups[*category].1 += value - mean;
        all += (value - mean).powi(2);
    }
    let filled = groups.iter().filter(|(count, _)| *count > 0.0);
    let between: f64 = filled.clone().map(|(count, sum)| sum * sum / count).sum();
    let varies = all > 1e-24 * values.len() as f64 * mean * mean && all > 0.0;
    (filled.count() > 1 && varies).then(|| (between / all).sqrt().min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts 10, 20 / 30, 40 in rows and columns 0 and 2 of which row 1 and column 1 are empty.
    fn example() -> Contingency {
        let cells = [((0, 0), 10), ((0, 2), 20), ((2, 0), 30), ((2, 2), 40)];
        Contingency::of(cells.into_iter().flat_map(|(pair, count)| std::iter::repeat_n(pair, count)))
    }

    #[test]
    fn chi_squared_by_hand() {
        // Expected 12, 18, 28, 42: 4/12 + 4/18 + 4/28 + 4/42 = 0.793651.
        let table = example();
        assert_eq!((table.rows, table.columns, table.total), (2, 2, 100.0));
        assert!((table.chi_squared() - (4.0 / 12.0 + 4.0 / 18.0 + 4.0 / 28.0 + 4.0 / 42.0)).abs() < 1e-12);
    }

    #[test]
    fn cramers_v_by_hand() {
        // φ² = 0.00793651 − 1/99 < 0: independent as far as a hundred pairs can tell.
        assert_eq!(example().cramers_v(), Some(0.0));
        // Two categories that are always the same: φ² = 1 − 1/(n−1), both sides 2 − 1/(n−1), so V = 1.
        let same = Contingency::of((0..50).map(|place| (place % 2, place % 2)));
        assert!((same.cramers_v().unwrap() - 1.0).abs() < 1e-12);
        // 3, 1 / 1, 3: χ² = 4 · 1/2 = 2, φ² = 2/8 − 1/7 = 3/28; size 2 − 1/7 − 1 = 6/7; V = √(3/28 · 7/6) = √(1/8).
        let cells = [((0, 0), 3), ((0, 1), 1), ((1, 0), 1), ((1, 1), 3)];
        let table = Contingency::of(cells.into_iter().flat_map(|(pair, count)| std::iter::repeat_n(pair, count)));
        assert!((table.cramers_v().unwrap() - 0.125_f64.sqrt()).abs() < 1e-12);
        assert_eq!(Contingency::of([(0, 0), (0, 1)].into_iter()).cramers_v(), None);
        assert_eq!(Contingency::of(std::iter::empty()).cramers_v(), None);
    }

    #[test]
    fn correlation_ratios_by_hand() {
        // Groups 1, 3 and 5: means 2 and 5, mean of all 3; between 2 · 1 + 4 = 6; all 4 + 0 + 4 = 8.
        assert!((correlation_ratio(&[0, 0, 3], &[1.0, 3.0, 5.0]).unwrap() - 0.75_f64.sqrt()).abs() < 1e-12);
        assert_eq!(correlation_ratio(&[0, 0], &[1.0, 3.0]), None);
        assert_eq!(correlation_ratio(&[0, 1], &[0.1, 0.1]), None);
        assert_eq!(correlation_ratio(&[], &[]), None);
    }
}
