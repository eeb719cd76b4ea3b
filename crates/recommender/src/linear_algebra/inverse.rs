//! Inverses of large symmetric matrices, by `faer`.
//!
//! Work is cut into tiles whose places depend on the size of the matrix alone, each tile is one
//! sequential call of `faer`, and rayon shares the tiles among threads: the result is the same for any
//! number of threads. Matrices are inverted in their own memory, with a few tiles beside.

use faer::{
    Accum, MatMut, MatRef, Par, Spec,
    dyn_stack::{MemBuffer, MemStack},
    linalg::{
        cholesky::llt::factor::{LltRegularization, cholesky_in_place, cholesky_in_place_scratch},
        matmul::{matmul, triangular},
        triangular_inverse::invert_lower_triangular,
        triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place},
    },
    reborrow::{Reborrow, ReborrowMut},
};
use rayon::prelude::*;

/// Rows and columns of what one call of `faer` takes: large enough that packing its input costs little.
const TILE: usize = 256;

/// Side of the squares that [`mirror`] copies, which fit into the first-level cache.
const SQUARE: usize = 32;

/// Replaces a symmetric positive definite matrix of `size * size` cells by its inverse, in place.
///
/// Only one half of it is read. `size^3` multiplications and additions each (Cholesky, inverse of the
/// factor, product of that with itself: a third each). False if it is not positive definite in `f32`;
/// the content is then undefined.
#[must_use]
pub(crate) fn invert(matrix: &mut [f32], size: usize) -> bool {
    let mut lower = MatMut::from_column_major_slice_mut(matrix, size, size);
    if !factorise(lower.rb_mut()) {
        return false;
    }
    invert_factor(lower.rb_mut());
    square(lower.rb_mut());
    mirror(matrix, size);
    true
}

/// Half of the size, in whole tiles.
fn half(size: usize) -> usize {
    (size / TILE).div_ceil(2).max(1) * TILE
}

/// The lower half of `A` becomes `L` with `A = L L^T`; false if there is none.
fn factorise(matrix: MatMut<'_, f32>) -> bool {
    let size = matrix.nrows();
    if size <= TILE {
        let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f32>(size, Par::Seq, Spec::default()));
        let stack = MemStack::new(&mut memory);
        return cholesky_in_place(matrix, LltRegularization::default(), Par::Seq, stack, Spec::default()).is_ok();
    }
    let (mut first, _, mut below, mut last) = matrix.split_at_mut(half(size), half(size));
    if !factorise(first.rb_mut()) {
        return false;
    }
    let first = first.rb();
    by_columns(below.rb_mut().transpose_mut(), &|columns| solve_lower_triangular_in_place(first, columns, Par::Seq));
    add_product(last.rb_mut(), below.rb(), below.rb().transpose(), -1.0, true);
    factorise(last)
}

/// The lower half of `L` becomes that of `L^-1`.
fn invert_factor(matrix: MatMut<'_, f32>) {
    let size = matrix.nrows();
    if size <= TILE {
        return in_place(matrix, |result, copy| invert_lower_triangular(result, copy, Par::Seq));
    }
    let (first, _, mut below, last) = matrix.split_at_mut(half(size), half(size));
    let (upper, lower) = (first.rb().transpose(), last.rb());
    by_columns(below.rb_mut(), &|columns| solve_lower_triangular_in_place(lower, columns, Par::Seq));
    by_columns(below.rb_mut().transpose_mut(), &|mut columns| {
        solve_upper_triangular_in_place(upper, columns.rb_mut(), Par::Seq);
        for column in columns.col_iter_mut() {
            column.iter_mut().for_each(|value| *value = -*value);
        }
    });
    rayon::join(|| invert_factor(first), || invert_factor(last));
}

/// The lower half of `L` becomes that of `L^T L`.
fn square(matrix: MatMut<'_, f32>) {
    let size = matrix.nrows();
    if size <= TILE {
        return in_place(matrix, |result, copy| multiply_by_transposed_lower(result, copy, copy, true));
    }
    let (mut first, _, mut below, last) = matrix.split_at_mut(half(size), half(size));
    square(first.rb_mut());
    add_product(first, below.rb().transpose(), below.rb(), 1.0, true);
    let lower = last.rb();
    by_columns(below.rb_mut(), &|columns| {
        in_place(columns, |result, copy| multiply_by_transposed_lower(result, lower, copy, false));
    });
    square(last);
}

/// `result = lower^T * right`, where `right` is a lower triangle too if told so.
fn multiply_by_transposed_lower(
    result: MatMut<'_, f32>,
    lower: MatRef<'_, f32>,
    right: MatRef<'_, f32>,
    is_right_lower: bool,
) {
    use triangular::BlockStructure::{Rectangular, TriangularLower, TriangularUpper};
    let structures = if is_right_lower { (TriangularLower, TriangularLower) } else { (Rectangular, Rectangular) };
    let left = lower.transpose();
    let (of_result, of_right) = structures;
    triangular::matmul(result, of_result, Accum::Replace, left, TriangularUpper, right, of_right, 1.0, Par::Seq);
}

/// Lets `change` compute a matrix from a copy of it.
fn in_place(mut matrix: MatMut<'_, f32>, change: impl FnOnce(MatMut<'_, f32>, MatRef<'_, f32>)) {
    let copy = matrix.rb().to_owned();
    change(matrix.rb_mut(), copy.as_ref());
}

/// Lets `change` work on tiles of columns, in parallel.
fn by_columns(matrix: MatMut<'_, f32>, change: &(impl Fn(MatMut<'_, f32>) + Sync)) {
    if matrix.ncols() <= TILE {
        return change(matrix);
    }
    let (left, right) = {
        let middle = half(matrix.ncols());
        matrix.split_at_col_mut(middle)
    };
    rayon::join(|| by_columns(left, change), || by_columns(right, change));
}

/// `result += factor * left * right`, tile by tile in parallel; of a symmetric result only the tiles
/// that have a part of the lower half.
fn add_product(
    result: MatMut<'_, f32>,
    left: MatRef<'_, f32>,
    right: MatRef<'_, f32>,
    factor: f32,
    is_symmetric: bool,
) {
    let (rows, columns) = (result.nrows(), result.ncols());
    if rows <= TILE && columns <= TILE {
        return matmul(result, Accum::Add, left, right, factor, Par::Seq);
    }
    if is_symmetric {
        let middle = half(rows);
        let ((above, below), (before, after)) = (left.split_at_row(middle), right.split_at_col(middle));
        let (first, _, corner, last) = result.split_at_mut(middle, middle);
        let corners = || add_product(corner, below, before, factor, false);
        let last = || add_product(last, below, after, factor, true);
        rayon::join(|| add_product(first, above, before, factor, true), || rayon::join(corners, last));
    } else if columns >= rows {
        let (first, last) = result.split_at_col_mut(half(columns));
        let (before, after) = right.split_at_col(half(columns));
        let first = || add_product(first, left, before, factor, false);
        rayon::join(first, || add_product(last, left, after, factor, false));
    } else {
        let (first, last) = result.split_at_row_mut(half(rows));
        let (above, below) = left.split_at_row(half(rows));
        let first = || add_product(first, above, right, factor, false);
        rayon::join(first, || add_product(last, below, right, factor, false));
    }
}

/// Makes a matrix symmetric: cells after the diagonal of each stored vector go to the vectors after it.
fn mirror(matrix: &mut [f32], size: usize) {
    for start in (0..size).step_by(SQUARE) {
        let end = (start + SQUARE).min(size);
        // The vectors of this band are the source; they end before those that are written.
        let (band, after) = matrix.split_at_mut(end * size);
        for row in start..end {
            for column in start..row {
                band[row * size + column] = band[column * size + row];
            }
        }
        let band = &band[start * size..];
        after.par_chunks_mut(size).enumerate().for_each(|(place, vector)| {
            for (column, cell) in vector[start..end].iter_mut().enumerate() {
                *cell = band[column * size + end + place];
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `X^T X + 2 I` for a sparse pattern of ones.
    fn gramian(size: usize) -> Vec<f32> {
        let mut matrix = vec![0.0; size * size];
        for user in 0..3 * size {
            let chosen = [0, 1, 2, 3].map(|draw: usize| (user * (draw * 7 + 3) + draw * draw * 11) % size);
            for row in chosen {
                for column in chosen {
                    matrix[row * size + column] += 1.0;
                }
            }
        }
        (0..size).for_each(|place| matrix[place * size + place] += 2.0);
        matrix
    }

    #[test]
    fn golden_inverse_of_two() {
        // [[4, 2], [2, 3]]: determinant 8.
        let mut matrix = [4.0, 2.0, 2.0, 3.0];
        assert!(invert(&mut matrix, 2));
        let expected = [3.0 / 8.0, -2.0 / 8.0, -2.0 / 8.0, 4.0 / 8.0];
        matrix.iter().zip(expected).for_each(|(found, wanted)| assert!((found - wanted).abs() < 1e-6, "{matrix:?}"));
    }

    #[test]
    fn what_is_not_positive_definite_is_told() {
        assert!(!invert(&mut [1.0, 2.0, 2.0, 1.0], 2));
        let size = 2 * TILE + 3;
        let mut matrix = gramian(size);
        matrix[(size - 1) * size + size - 1] = -1.0;
        assert!(!invert(&mut matrix, size));
    }

    #[test]
    fn matrix_times_inverse_is_one_for_sizes_around_the_tiles_and_any_number_of_threads() {
        for size in [1, SQUARE + 1, TILE - 1, TILE + 1, 2 * TILE, 3 * TILE + 7] {
            let matrix = gramian(size);
            let inverse_with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let mut inverse = matrix.clone();
                assert!(pool.install(|| invert(&mut inverse, size)));
                inverse
            };
            let inverse = inverse_with(1);
            assert_eq!(inverse, inverse_with(3), "{size}");
            let mut product = vec![0.0; size * size];
            for (row, sums) in product.chunks_exact_mut(size).enumerate() {
                for (value, other) in matrix[row * size..].iter().zip(inverse.chunks_exact(size)) {
                    sums.iter_mut().zip(other).for_each(|(sum, cell)| *sum += value * cell);
                }
                sums[row] -= 1.0;
            }
            let largest = product.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            assert!(largest < 1e-3, "{size}: {largest}");
        }
    }
}
