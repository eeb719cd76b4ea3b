//! The inner loops of dense algebra in `f32`, written once for vectors of any length.
//!
//! `pulp` compiles each for every instruction set and picks the machine's at run time. Sums are taken
//! in an order that depends on the instruction set and on nothing else.

#![expect(clippy::inline_always, reason = "a function that is not inlined loses the instruction set of its caller")]

use pulp::Simd;

/// Rows of a tile.
const ROWS: usize = 4;
/// Vectors side by side in a tile: with 4 rows 8 sums, enough to hide the latency of an addition.
const VECTORS: usize = 2;
/// Longest tile: two vectors of 16.
const LONGEST: usize = 32;
/// Terms summed up from one packed panel, which then fits into the first-level cache.
const TERMS: usize = 256;

/// A matrix as a sum of outer products sees it: `value(term, place) = values[term * step + place * stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) step: usize,
    pub(crate) stride: usize,
    pub(crate) places: usize,
}

/// Panels that [`add_outer_products`] packs its operands into; kept between calls.
#[derive(Default)]
pub(crate) struct Panels {
    left: Vec<f32>,
    right: Vec<f32>,
}

/// `target += scale * source`.
#[inline(always)]
pub(crate) fn add_scaled<S: Simd>(simd: S, scale: f32, source: &[f32], target: &mut [f32]) {
    let (source, source_rest) = S::as_simd_f32s(source);
    let (target, target_rest) = S::as_mut_simd_f32s(target);
    let factor = simd.splat_f32s(scale);
    for (cell, value) in target.iter_mut().zip(source) {
        *cell = simd.mul_add_e_f32s(factor, *value, *cell);
    }
    for (cell, value) in target_rest.iter_mut().zip(source_rest) {
        *cell += scale * value;
    }
}

/// The inner product.
#[inline(always)]
pub(crate) fn inner_product<S: Simd>(simd: S, left: &[f32], right: &[f32]) -> f32 {
    let ((left, left_rest), (right, right_rest)) = (S::as_simd_f32s(left), S::as_simd_f32s(right));
    let mut sums = [simd.splat_f32s(0.0); 4];
    let (left_fours, right_fours) = (left.as_chunks::<4>(), right.as_chunks::<4>());
    for (a, b) in left_fours.0.iter().zip(right_fours.0) {
        for lane in 0..4 {
            sums[lane] = simd.mul_add_e_f32s(a[lane], b[lane], sums[lane]);
        }
    }
    for (a, b) in left_fours.1.iter().zip(right_fours.1) {
        sums[0] = simd.mul_add_e_f32s(*a, *b, sums[0]);
    }
    let sum = simd.add_f32s(simd.add_f32s(sums[0], sums[1]), simd.add_f32s(sums[2], sums[3]));
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum();
    simd.reduce_sum_f32s(sum) + rest
}

/// `sums[i * width + j] += sum over t < terms of left(t, i) * right(t, j)`; with `upper` only where
/// `j >= i` (cells below the diagonal are then left in any state).
#[inline(always)]
pub(crate) fn add_outer_products<S: Simd>(
    simd: S,
    terms: usize,
    (left, right): (Terms, Terms),
    panels: &mut Panels,
    (sums, width): (&mut [f32], usize),
    upper: bool,
) {
    let across = VECTORS * S::F32_LANES;
    for first in (0..terms).step_by(TERMS) {
        let count = TERMS.min(terms - first);
        panels.left.clear();
        for row in (0..left.places).step_by(ROWS) {
            pack(left, first, count, row, ROWS, &mut panels.left);
        }
        for column in (0..right.places).step_by(across) {
            panels.right.clear();
            pack(right, first, count, column, across, &mut panels.right);
            let reach = if upper { left.places.min(column + across) } else { left.places };
            for (row, panel) in (0..reach).step_by(ROWS).zip(panels.left.chunks_exact(count * ROWS)) {
                let tile = tile(simd, panel, &panels.right);
                let valid = across.min(right.places - column);
                for (line, cells) in (row..left.places).zip(tile) {
                    let start = line * width + column;
                    store::<S>(simd, cells, &mut sums[start..start + valid]);
                }
            }
        }
    }
}

/// Adds vectors to as many cells as there are.
#[inline(always)]
fn store<S: Simd>(simd: S, values: [S::f32s; VECTORS], target: &mut [f32]) {
    let (whole, rest) = S::as_mut_simd_f32s(target);
    for (cell, value) in whole.iter_mut().zip(values) {
        *cell = simd.add_f32s(*cell, value);
    }
    if !rest.is_empty() {
        let mut lanes = [0.0; LONGEST];
        S::as_mut_simd_f32s(&mut lanes).0[0] = values[whole.len()];
        rest.iter_mut().zip(lanes).for_each(|(cell, value)| *cell += value);
    }
}

/// Copies `across` places of `count` terms side by side, zeros beyond the last place.
#[inline(always)]
fn pack(terms: Terms, first: usize, count: usize, place: usize, across: usize, panel: &mut Vec<f32>) {
    let valid = across.min(terms.places - place);
    for term in first..first + count {
        let start = term * terms.step + place * terms.stride;
        if terms.stride == 1 {
            panel.extend_from_slice(&terms.values[start..start + valid]);
        } else {
            panel.extend(terms.values[start..].iter().step_by(terms.stride).take(valid));
        }
        panel.resize(panel.len() + across - valid, 0.0);
    }
}

#[inline(always)]
fn tile<S: Simd>(simd: S, left: &[f32], right: &[f32]) -> [[S::f32s; VECTORS]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    let right = S::as_simd_f32s(right).0.as_chunks::<VECTORS>().0;
    for (values, vectors) in left.as_chunks::<ROWS>().0.iter().zip(right) {
        for row in 0..ROWS {
            let value = simd.splat_f32s(values[row]);
            for vector in 0..VECTORS {
                sums[row][vector] = simd.mul_add_e_f32s(value, vectors[vector], sums[row][vector]);
            }
        }
    }
    sums
}

/// Cells of a row of a matrix of `size` columns, rounded up so that rows start at whole vectors.
pub(crate) const fn padded(size: usize) -> usize {
    size.div_ceil(LONGEST) * LONGEST
}

/// `matrix = upper^T * upper` in place, for rows of [`padded`] length; only cells right of the diagonal
/// count. A pivot that rounding made tiny or negative is lifted, so that no input gives a value that
/// is not a number.
#[inline(always)]
pub(crate) fn factorize<S: Simd>(simd: S, size: usize, matrix: &mut [f32]) {
    let width = padded(size);
    for pivot in 0..size {
        let (head, below) = matrix.split_at_mut((pivot + 1) * width);
        let row = &mut head[pivot * width..];
        let scale = 1.0 / row[pivot].max(1e-12).sqrt();
        let aligned = pivot / S::F32_LANES * S::F32_LANES;
        let factor = simd.splat_f32s(scale);
        S::as_mut_simd_f32s(&mut row[aligned..]).0.iter_mut().for_each(|cell| *cell = simd.mul_f32s(*cell, factor));
        for (place, line) in (pivot + 1..size).zip(below.chunks_exact_mut(width)) {
            let aligned = place / S::F32_LANES * S::F32_LANES;
            add_scaled(simd, -row[place], &row[aligned..], &mut line[aligned..]);
        }
    }
}

/// Replaces the right side by the solution of `upper^T * upper * x = right`.
#[inline(always)]
pub(crate) fn substitute<S: Simd>(simd: S, size: usize, upper: &[f32], right: &mut [f32]) {
    let width = padded(size);
    for row in 0..size {
        let cells = &upper[row * width..row * width + size];
        let value = right[row] / cells[row];
        right[row] = value;
        add_scaled(simd, -value, &cells[row + 1..], &mut right[row + 1..size]);
    }
    for row in (0..size).rev() {
        let cells = &upper[row * width..row * width + size];
        right[row] = (right[row] - inner_product(simd, &cells[row + 1..], &right[row + 1..size])) / cells[row];
    }
}
