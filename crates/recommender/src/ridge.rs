//! Regularised least squares for one row: the normal equations and their solution by Cholesky.
//!
//! The matrices are small (as many rows as a model has factors), symmetric and, thanks to the
//! regularisation, positive definite. `f64` throughout: sums of many products lose too much in `f32`.

/// The equations `matrix * x = right` of a weighted ridge regression, summed up observation by
/// observation.
pub(crate) struct NormalEquations {
    size: usize,
    /// Row by row; only the lower triangle is kept up to date.
    matrix: Vec<f64>,
    right: Vec<f64>,
}

/// A factorised system, for one or more right sides.
pub(crate) struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl NormalEquations {
    /// Starts from a symmetric matrix (such as a Gramian), row by row.
    pub(crate) fn from_matrix(size: usize, matrix: &[f32]) -> Self {
        Self { size, matrix: matrix.iter().map(|value| f64::from(*value)).collect(), right: vec![0.0; size] }
    }

    /// Starts without any observation.
    pub(crate) fn empty(size: usize) -> Self {
        Self { size, matrix: vec![0.0; size * size], right: vec![0.0; size] }
    }

    /// Adds `penalty` to one diagonal cell.
    pub(crate) fn penalize(&mut self, place: usize, penalty: f64) {
        self.matrix[place * self.size + place] += penalty;
    }

    /// Adds an observation: `matrix += weight * row * row^T`, `right += target * row`.
    pub(crate) fn add(&mut self, row: &[f32], weight: f64, target: f64) {
        for (place, value) in row.iter().enumerate() {
            let value = f64::from(*value);
            self.right[place] += target * value;
            let cells = &mut self.matrix[place * self.size..=place * self.size + place];
            for (cell, other) in cells.iter_mut().zip(row) {
                *cell += weight * value * f64::from(*other);
            }
        }
    }

    /// Factorises and solves for the right side that the observations gave.
    pub(crate) fn solve(self) -> (Vec<f64>, Cholesky) {
        let cholesky = Cholesky::new(self.size, self.matrix);
        (cholesky.solve(&self.right), cholesky)
    }
}

impl Cholesky {
    /// `matrix = lower * lower^T`, `size^3 / 6` multiplications. A pivot that rounding made tiny or
    /// negative is lifted, so that no input gives a value that is not a number.
    fn new(size: usize, mut matrix: Vec<f64>) -> Self {
        for row in 0..size {
            let (above, below) = matrix.split_at_mut(row * size);
            let current = &mut below[..=row];
            for column in 0..row {
                let earlier = &above[column * size..=column * size + column];
                let sum = current[column] - dot(&current[..column], &earlier[..column]);
                current[column] = sum / earlier[column];
            }
            let pivot = current[row] - dot(&current[..row], &current[..row]);
            current[row] = pivot.max(1e-12).sqrt();
        }
        Self { size, lower: matrix }
    }

    /// The `x` with `matrix * x = right`.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut x = right.to_vec();
        for row in 0..self.size {
            let cells = &self.lower[row * self.size..=row * self.size + row];
            x[row] = (x[row] - dot(&cells[..row], &x[..row])) / cells[row];
        }
        for row in (0..self.size).rev() {
            let cells = &self.lower[row * self.size..=row * self.size + row];
            let value = x[row] / cells[row];
            x[row] = value;
            x[..row].iter_mut().zip(cells).for_each(|(earlier, cell)| *earlier -= value * cell);
        }
        x
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn golden_system_of_two() {
        // [[4, 2], [2, 3]] x = [2, 5]: determinant 8, x = [(2*3 - 2*5) / 8, (4*5 - 2*2) / 8] = [-0.5, 2].
        let equations = NormalEquations { size: 2, matrix: vec![4.0, 2.0, 2.0, 3.0], right: vec![2.0, 5.0] };
        let (x, _) = equations.solve();
        assert!((x[0] + 0.5).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12, "{x:?}");
    }

    proptest! {
        #[test]
        fn the_solution_fulfils_the_equations(
            rows in proptest::collection::vec(proptest::collection::vec(-2.0_f32..2.0, 5), 0..12),
        ) {
            let mut equations = NormalEquations::empty(5);
            (0..5).for_each(|place| equations.penalize(place, 0.1));
            for row in &rows {
                equations.add(row, 1.5, 2.0);
            }
            let (matrix, right) = (equations.matrix.clone(), equations.right.clone());
            let (x, _) = equations.solve();
            for row in 0..5 {
                let cell = |column: usize| matrix[row.max(column) * 5 + row.min(column)];
                let found: f64 = (0..5).map(|column| cell(column) * x[column]).sum();
                prop_assert!((found - right[row]).abs() < 1e-6, "{found} {}", right[row]);
            }
        }
    }
}
