//! Truncated singular value decomposition of a sparse matrix by randomised subspace iteration.
//!
//! A block of `l = factors + oversampling` random directions in item space is multiplied with `A'A`
//! and made orthonormal `iterations` times (Cholesky QR); the eigenvectors of the small matrix
//! `Q'A'AQ` then give singular values and item vectors. The error of a direction shrinks with
//! `(s(l) / s(k))^(2 * iterations)`: large singular values are exact after a few rounds, those at the
//! end of the block are approximate, which a low-pass filter or a ranking does not notice.
//!
//! Complexity: `O(iterations * (cells * l + (users + items) * l^2) + l^3)`, parallel; memory
//! `4 * l * (users + 2 * items)` bytes. Same result for any number of threads.
//!
//! Paper: Halko, Martinsson and Tropp, "Finding structure with randomness: probabilistic algorithms
//! for constructing approximate matrix decompositions", SIAM Review 2011, algorithms 4.4 and 5.1.

#![expect(clippy::inline_always, reason = "a function that is not inlined loses the instruction set of its caller")]

use pulp::{Arch, Simd, WithSimd};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::{
    dense::{gramian, multiplied},
    linear_algebra::Eigen,
    simd::{add_scaled, factorize, padded},
    sparse::SparseRows,
};

/// Rows of a sparse product that one task takes.
const CHUNK_ROWS: usize = 64;

/// How a matrix is decomposed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Truncation {
    /// Singular values wanted; fewer are given if the matrix has fewer rows or columns.
    pub factors: usize,
    /// Rounds of subspace iteration, at least 1.
    pub iterations: usize,
    /// Decides the directions at the start.
    pub seed: u64,
}

/// The largest singular values of a matrix of users times items and their item vectors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TruncatedSvd {
    /// Largest first; 0 where the matrix has no further direction.
    pub values: Vec<f32>,
    /// Items times factors, row by row: column `n` is the vector of length 1 of value `n` (of length 0
    /// for a value of 0).
    pub items: Vec<f32>,
}

impl TruncatedSvd {
    /// Decomposes a matrix given by its rows (users) and by the same matrix transposed.
    pub(crate) fn of(by_user: &SparseRows, by_item: &SparseRows, truncation: Truncation) -> Self {
        let smaller = by_user.len().min(by_item.len());
        let factors = truncation.factors.min(smaller);
        let block = (factors + 16.max(factors / 8)).min(smaller);
        let mut random = ChaCha8Rng::seed_from_u64(truncation.seed);
        let mut basis: Vec<f32> = (0..by_item.len() * block).map(|_| random.random_range(-1.0..1.0)).collect();
        orthonormalize(&mut basis, block);
        for _ in 0..truncation.iterations {
            basis = times(by_item, &times(by_user, &basis, block), block);
            orthonormalize(&mut basis, block);
        }
        let eigen = Eigen::of_symmetric(block, &gramian(&times(by_user, &basis, block), block));
        let largest = eigen.values.first().copied().unwrap_or(0.0);
        let is_kept = |square: f32| square > 1e-6 * largest;
        let values = eigen.values[..factors].iter().map(|square| if is_kept(*square) { square.sqrt() } else { 0.0 });
        let rotation: Vec<f32> = eigen
            .vectors
            .chunks(block.max(1))
            .flat_map(|row| row[..factors].iter().zip(&eigen.values))
            .map(|(cell, square)| if is_kept(*square) { *cell } else { 0.0 })
            .collect();
        Self { values: values.collect(), items: multiplied(&basis, block, &rotation, factors) }
    }
}

/// The sparse matrix times a dense one of `width` columns.
fn times(sparse: &SparseRows, dense: &[f32], width: usize) -> Vec<f32> {
    let mut product = vec![0.0; sparse.len() * width];
    product.par_chunks_mut((CHUNK_ROWS * width).max(1)).enumerate().for_each(|(chunk, rows)| {
        Arch::new().dispatch(Times { sparse, dense, width, first: chunk * CHUNK_ROWS, rows });
    });
    product
}

struct Times<'a> {
    sparse: &'a SparseRows,
    dense: &'a [f32],
    width: usize,
    first: usize,
    rows: &'a mut [f32],
}

impl WithSimd for Times<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (row, sums) in (self.first..).zip(self.rows.chunks_exact_mut(self.width)) {
            for (column, value) in self.sparse.row(row as u32) {
                let start = column as usize * self.width;
                add_scaled(simd, value, &self.dense[start..start + self.width], sums);
            }
        }
    }
}

/// Makes the columns orthonormal; twice, as once loses digits where they were nearly parallel.
fn orthonormalize(basis: &mut Vec<f32>, width: usize) {
    for _ in 0..2 {
        let mut inverse = vec![0.0; width * width];
        Arch::new().dispatch(InverseRoot { gram: &gramian(basis, width), size: width, inverse: &mut inverse });
        *basis = multiplied(basis, width, &inverse, width);
    }
}

/// The inverse of the upper Cholesky factor; columns of zeros stay zeros.
struct InverseRoot<'a> {
    gram: &'a [f32],
    size: usize,
    inverse: &'a mut [f32],
}

impl WithSimd for InverseRoot<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (size, width) = (self.size, padded(self.size));
        // Columns scaled to length 1: whether one depends on the others is then a matter of its pivot.
        let scale: Vec<f32> = (0..size)
            .map(|place| self.gram[place * size + place])
            .map(|square| if square > 0.0 { square.sqrt().recip() } else { 0.0 })
            .collect();
        let mut root = vec![0.0; size * width];
        for (row, cells) in root.chunks_exact_mut(width.max(1)).enumerate() {
            let line = self.gram[row * size..(row + 1) * size].iter().zip(&scale);
            cells.iter_mut().zip(line).for_each(|(cell, (value, other))| *cell = value * scale[row] * other);
            // Keeps a column that depends on those before it from blowing up rounding errors.
            cells[row] += 1e-6;
        }
        factorize(simd, size, &mut root);
        // Row by row from the last: inverse(r) = (unit(r) - sum over c > r of root(r, c) * inverse(c)) / root(r, r).
        for row in (0..size).rev() {
            let (head, below) = self.inverse.split_at_mut((row + 1) * size);
            let target = &mut head[row * size..];
            let pivot = root[row * width + row];
            target[row] = 1.0 / pivot;
            for (column, line) in (row + 1..size).zip(below.chunks_exact(size)) {
                add_scaled(simd, -root[row * width + column] / pivot, line, target);
            }
        }
        for (row, cells) in self.inverse.chunks_exact_mut(size.max(1)).enumerate() {
            for cell in cells {
                *cell *= scale[row];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dense::dot;

    fn decompose(rows: &[Vec<(u32, f32)>], items: usize, factors: usize) -> TruncatedSvd {
        let by_user = SparseRows::from_rows(items, rows);
        let truncation = Truncation { factors, iterations: 8, seed: 7 };
        TruncatedSvd::of(&by_user, &by_user.transposed(), truncation)
    }

    fn assert_close(found: f32, expected: f32, tolerance: f32) {
        assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected}");
    }

    #[test]
    fn golden_matrix_of_two_items() {
        // Rows (3, 0), (4, 5): A'A = [[25, 20], [20, 25]] with the values 45 and 5 and the vectors
        // (1, 1) / sqrt(2) and (1, -1) / sqrt(2).
        let svd = decompose(&[vec![(0, 3.0)], vec![(0, 4.0), (1, 5.0)]], 2, 2);
        assert_close(svd.values[0], 45.0_f32.sqrt(), 1e-5);
        assert_close(svd.values[1], 5.0_f32.sqrt(), 1e-5);
        // V V' is the same whatever the signs: the first direction projects onto (1, 1) / 2.
        assert_close(svd.items[0] * svd.items[2], 0.5, 1e-5);
        assert_close(svd.items[1] * svd.items[3], -0.5, 1e-5);
    }

    #[test]
    fn finds_a_known_spectrum_in_a_larger_matrix() {
        // Blocks of equal cells: block n has 20 users x 4 items of value n + 1, so its singular value is
        // (n + 1) * sqrt(80) and its vector 1/2 on each of its items.
        let rows: Vec<Vec<(u32, f32)>> = (0..600_u32)
            .map(|user| (0..4).map(|item| (user / 20 * 4 + item, (user / 20 + 1) as f32)).collect())
            .collect();
        let svd = decompose(&rows, 120, 5);
        assert_eq!((svd.values.len(), svd.items.len()), (5, 600));
        for place in 0..5 {
            let block = 29 - place;
            assert_close(svd.values[place], (block + 1) as f32 * 80.0_f32.sqrt(), 2e-2);
            let column: Vec<f32> = svd.items.iter().skip(place).step_by(5).copied().collect();
            assert_close(dot(&column, &column), 1.0, 1e-4);
            assert_close(column[block * 4].abs(), 0.5, 2e-2);
        }
    }

    #[test]
    fn directions_beyond_the_rank_are_zero() {
        // Two users of the same taste: one direction.
        let svd = decompose(&[vec![(0, 1.0), (2, 1.0)], vec![(0, 1.0), (2, 1.0)]], 4, 3);
        assert_eq!(svd.values.len(), 2, "no more than users");
        assert_close(svd.values[0], 2.0, 1e-5);
        assert_close(svd.values[1], 0.0, 0.0);
        assert!(svd.items.iter().skip(1).step_by(2).all(|cell| *cell == 0.0));
        assert_eq!(decompose(&[vec![], vec![]], 3, 2).values, [0.0; 2]);
    }
}
