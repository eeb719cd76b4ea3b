//! Row-by-row matrices of vectors of equal length.

#![expect(clippy::inline_always, reason = "a function that is not inlined loses the instruction set of its caller")]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::{
    Scored,
    simd::{Terms, add_gramian, add_product, inner_product, pack_panels, panel_products},
    top_k::best,
};

/// Rows summed up by one task; fixed, so that sums do not depend on the number of threads.
const CHUNK_ROWS: usize = 1024;

/// A row of a matrix, if there is such a row.
pub(crate) fn row(matrix: &[f32], width: usize, row: u32) -> Option<&[f32]> {
    let start = row as usize * width;
    matrix.get(start..start + width)
}

/// The inner product.
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    Arch::new().dispatch(Dot { left, right })
}

struct Dot<'a> {
    left: &'a [f32],
    right: &'a [f32],
}

impl WithSimd for Dot<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        inner_product(simd, self.left, self.right)
    }
}

/// The rows of a matrix, laid out for their inner products with any vectors: some rows side by side, term by
/// term. Then no sum runs across a vector of the machine, and rows are read once for several vectors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Panels {
    width: usize,
    rows: usize,
    values: Vec<f32>,
}

impl Panels {
    /// Lays out a matrix of rows of this width. As large again as the matrix.
    pub(crate) fn of(matrix: &[f32], width: usize) -> Self {
        let values = Arch::new().dispatch(Pack { matrix, width });
        Self { width, rows: matrix.len().checked_div(width).unwrap_or(0), values }
    }

    /// The inner products of each vector with each row, one row of `products` a vector; 0 where vectors have no
    /// terms. Each is the same whatever the others are. On one thread.
    ///
    /// # Panics
    /// If there is not one row of products a vector, with one product a row.
    pub(crate) fn products(&self, vectors: &[f32], products: &mut [f32]) {
        let Some(count) = vectors.len().checked_div(self.width) else { return products.fill(0.0) };
        assert_eq!(products.len(), count * self.rows, "one row of products a vector");
        Arch::new().dispatch(Products { panels: self, vectors, out: products });
    }
}

struct Pack<'a> {
    matrix: &'a [f32],
    width: usize,
}

impl WithSimd for Pack<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f32> {
        pack_panels::<S>(self.matrix, self.width)
    }
}

struct Products<'a> {
    panels: &'a Panels,
    vectors: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Panels { width, rows, values } = self.panels;
        panel_products(simd, (values, *width), self.vectors, (self.out, *rows));
    }
}

/// Adds the product of two matrices.
struct Product<'a> {
    terms: usize,
    sides: (Terms<'a>, Terms<'a>),
    sums: (&'a mut [f32], usize),
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        add_product(simd, self.terms, self.sides, self.sums);
    }
}

/// One side of a product, see [`add_product_of`].
#[derive(Clone, Copy)]
pub(crate) struct Side<'a>(Terms<'a>);

impl<'a> Side<'a> {
    /// The rows of a matrix: the sum runs along them.
    pub(crate) fn rows(values: &'a [f32], width: usize) -> Self {
        Self(Terms { values, step: 1, stride: width, places: values.len() / width })
    }

    /// The columns of a matrix: the sum runs down them.
    pub(crate) fn columns(values: &'a [f32], width: usize) -> Self {
        Self(Terms { values, step: width, stride: 1, places: width })
    }

    /// `count` columns from `first`.
    pub(crate) fn some_columns(values: &'a [f32], width: usize, first: usize, count: usize) -> Self {
        Self(Terms { values: &values[first..], step: width, stride: 1, places: count })
    }
}

/// `sums(i, j) += sum over terms of left(i, term) * right(j, term)` for rows of `width` sums. On one thread.
pub(crate) fn add_product_of(terms: usize, (left, right): (Side, Side), sums: (&mut [f32], usize)) {
    Arch::new().dispatch(Product { terms, sides: (left.0, right.0), sums });
}

/// Adds the upper half of the transposed rows times the rows.
struct Gramian<'a> {
    rows: &'a [f32],
    width: usize,
    sums: &'a mut [f32],
}

impl WithSimd for Gramian<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.width;
        let values = Terms { values: self.rows, step: width, stride: 1, places: width };
        add_gramian(simd, self.rows.len() / width, values, (self.sums, width), &mut Vec::new());
    }
}

/// Transposed matrix times matrix, `width * width` cells. Parallel; the same for any number of threads.
///
/// Complexity: `rows * width^2 / 2` multiplications.
pub(crate) fn gramian(matrix: &[f32], width: usize) -> Vec<f32> {
    let partial = |rows: &[f32]| {
        let mut sums = vec![0.0; width * width];
        Arch::new().dispatch(Gramian { rows, width, sums: &mut sums });
        sums
    };
    // A few partial matrices at a time, or wide matrices of many rows would need a lot of memory.
    let mut sums = vec![0.0_f64; width * width];
    for rows in matrix.chunks(16 * CHUNK_ROWS * width.max(1)) {
        let partials: Vec<Vec<f32>> = rows.par_chunks(CHUNK_ROWS * width).map(partial).collect();
        for partial in partials {
            sums.iter_mut().zip(partial).for_each(|(sum, value)| *sum += f64::from(value));
        }
    }
    let upper = |place: usize| (place / width).min(place % width) * width + (place / width).max(place % width);
    (0..width * width).map(|place| sums[upper(place)] as f32).collect()
}

/// Rows of `width` values times a matrix of `width` rows and `columns` columns. Parallel over rows.
pub(crate) fn multiplied(rows: &[f32], width: usize, matrix: &[f32], columns: usize) -> Vec<f32> {
    assert_eq!(matrix.len(), width * columns, "a row for each value");
    let mut out = vec![0.0; rows.len() / width.max(1) * columns];
    let chunks = rows.par_chunks(CHUNK_ROWS * width.max(1));
    out.par_chunks_mut(CHUNK_ROWS * columns.max(1)).zip(chunks).for_each(|(out, rows)| {
        add_product_of(width, (Side::rows(rows, width), Side::columns(matrix, columns)), (out, columns));
    });
    out
}

/// The `k` rows with the largest cosine to this one, best first, without itself and without rows of
/// no positive cosine.
pub(crate) fn most_alike(matrix: &[f32], width: usize, item: u32, k: usize) -> Vec<Scored> {
    let Some(target) = row(matrix, width, item).filter(|target| !target.is_empty()) else { return Vec::new() };
    let length = dot(target, target).sqrt();
    let cosine = |(other, vector): (u32, &[f32])| {
        let score = dot(target, vector) / (length * dot(vector, vector).sqrt());
        (other != item && score > 0.0 && score.is_finite()).then_some(Scored { item: other, score })
    };
    best((0..).zip(matrix.chunks_exact(width)).filter_map(cosine).collect(), k)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn golden_gramian_and_cosine() {
        // Rows (1, 2), (3, 4), (2, 4): sums 1+9+4, 2+12+8, 4+16+16.
        let matrix = [1.0, 2.0, 3.0, 4.0, 2.0, 4.0];
        assert_eq!(gramian(&matrix, 2), [14.0, 22.0, 22.0, 36.0]);
        let alike = most_alike(&matrix, 2, 0, 5);
        assert_eq!(alike.iter().map(|scored| scored.item).collect::<Vec<_>>(), [2, 1]);
        assert!((alike[0].score - 1.0).abs() < 1e-6);
        // (1 * 3 + 2 * 4) / (sqrt(5) * 5)
        assert!((alike[1].score - 11.0 / (5.0_f32.sqrt() * 5.0)).abs() < 1e-6);
    }

    #[test]
    fn golden_product() {
        // (1, 2) times [[1, 0, 2], [3, 1, 0]] = (7, 2, 2), (0, -1) times it = (-3, -1, 0).
        let matrix = [1.0, 0.0, 2.0, 3.0, 1.0, 0.0];
        assert_eq!(multiplied(&[1.0, 2.0, 0.0, -1.0], 2, &matrix, 3), [7.0, 2.0, 2.0, -3.0, -1.0, 0.0]);
    }

    #[test]
    fn the_product_does_not_miss_the_rest_of_a_chunk() {
        for length in [1, 11, 64, 75, 200] {
            let ones: Vec<f32> = vec![1.0; length];
            assert!((dot(&ones, &ones) - length as f32).abs() < f32::EPSILON, "{length}");
        }
        assert!(most_alike(&[0.0, 0.0, 1.0, 0.0], 2, 0, 3).is_empty(), "a zero vector is like nothing");
        assert!(most_alike(&[1.0], 1, 7, 3).is_empty(), "no such item");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn products_of_any_size_are_those_of_the_definition(rows in 1_usize..1100, width in 1_usize..70, columns in 1_usize..70) {
            // Small whole numbers: sums are exact in any order, a missing term is one half or more.
            let value = |place: usize| (place * 7 % 11) as f32 - 5.0;
            let matrix: Vec<f32> = (0..rows * width).map(value).collect();
            let other: Vec<f32> = (0..width * columns).map(value).collect();
            let product = multiplied(&matrix, width, &other, columns);
            let gram = gramian(&matrix, width);
            for (row, column) in [(0, 0), (rows - 1, columns - 1), (rows / 2, columns / 2)] {
                let expected: f32 = (0..width).map(|term| matrix[row * width + term] * other[term * columns + column]).sum();
                prop_assert!((product[row * columns + column] - expected).abs() < 0.5);
            }
            for (left, right) in [(0, width - 1), (width - 1, width / 2), (width - 1, width - 1)] {
                let expected: f32 = matrix.chunks(width).map(|row| row[left] * row[right]).sum();
                prop_assert!((gram[left * width + right] - expected).abs() < 0.5);
            }
        }
    }
}
