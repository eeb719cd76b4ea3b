//! Eigenvalues and eigenvectors of small symmetric matrices.

use faer::{MatRef, Side};

/// A symmetric matrix taken apart: `matrix = vectors * diagonal(values) * vectors^T`.
pub(crate) struct Eigen {
    /// Largest first.
    pub values: Vec<f32>,
    /// Row by row; column `n` belongs to value `n`. The sign of a column is such that its largest cell
    /// is positive.
    pub vectors: Vec<f32>,
}

impl Eigen {
    /// Of `size * size` finite cells; one thread, `O(size^3)`.
    ///
    /// Values that should be 0 may come out as small numbers of either sign.
    pub(crate) fn of_symmetric(size: usize, matrix: &[f32]) -> Self {
        let cells: Vec<f64> = matrix.iter().map(|value| f64::from(*value)).collect();
        let matrix = MatRef::from_column_major_slice(&cells, size, size);
        let eigen = matrix.self_adjoint_eigen(Side::Lower).expect("a symmetric matrix of finite cells converges");
        let (values, columns) = (eigen.S().column_vector(), eigen.U());
        let mut vectors = vec![0.0; size * size];
        for place in 0..size {
            let column = columns.col(size - 1 - place);
            let largest =
                column.iter().copied().fold(0.0_f64, |best, cell| if cell.abs() > best.abs() { cell } else { best });
            for (row, cell) in column.iter().enumerate() {
                vectors[row * size + place] = (cell * largest.signum()) as f32;
            }
        }
        Self { values: values.iter().rev().map(|value| *value as f32).collect(), vectors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_matrix_of_two() {
        // [[2, 1], [1, 2]] has the values 3 and 1 with vectors (1, 1) and (1, -1), each / sqrt(2).
        let eigen = Eigen::of_symmetric(2, &[2.0, 1.0, 1.0, 2.0]);
        let half = 0.5_f32.sqrt();
        let close = |found: &[f32], expected: &[f32]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(close(&eigen.values, &[3.0, 1.0]), "{:?}", eigen.values);
        assert!(close(&[eigen.vectors[0], eigen.vectors[2]], &[half, half]), "{:?}", eigen.vectors);
        assert!((eigen.vectors[1] + eigen.vectors[3]).abs() < 1e-6, "{:?}", eigen.vectors);
    }

    #[test]
    fn a_matrix_without_any_value_has_values_of_zero() {
        assert_eq!(Eigen::of_symmetric(3, &[0.0; 9]).values, [0.0; 3]);
        assert!(Eigen::of_symmetric(0, &[]).values.is_empty());
    }
}
