//! The inner loops of dense algebra in `f32`, written once for vectors of any length.
//!
//! `pulp` compiles each for every instruction set and picks the machine's at run time. Sums are taken
//! in an order that depends on the instruction set and on nothing else. Vector operations stand in loops,
//! never in closures: a closure handed to a function of the standard library loses the instruction set,
//! and each of its operations becomes a call.

#![expect(clippy::inline_always, reason = "a function that is not inlined loses the instruction set of its caller")]

use std::ops::Range;

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

/// `sums += sum over rows of factor(place, row . vector) * row`, where a row is as long as the vector.
///
/// Four rows at a time: their products do not wait for one another, and the sums are loaded once.
#[inline(always)]
pub(crate) fn add_rows<S: Simd>(
    simd: S,
    rows: &[f32],
    vector: &[f32],
    factor: impl Fn(usize, f32) -> f32,
    sums: &mut [f32],
) {
    let width = vector.len();
    let fours = rows.chunks_exact(4 * width);
    let rest = fours.remainder();
    let first = (rows.len() - rest.len()) / width;
    for (place, four) in (0..).step_by(4).zip(fours) {
        let products = four_products(simd, four, vector);
        let factors = [0, 1, 2, 3].map(|row| factor(place + row, products[row]));
        add_four_scaled(simd, factors, four, sums);
    }
    for (place, row) in (first..).zip(rest.chunks_exact(width)) {
        add_scaled(simd, factor(place, inner_product(simd, row, vector)), row, sums);
    }
}

#[inline(always)]
fn in_four(four: &[f32]) -> [&[f32]; 4] {
    let (lower, upper) = four.split_at(four.len() / 2);
    let ((first, second), (third, fourth)) = (lower.split_at(lower.len() / 2), upper.split_at(upper.len() / 2));
    [first, second, third, fourth]
}

#[inline(always)]
fn four_products<S: Simd>(simd: S, four: &[f32], vector: &[f32]) -> [f32; 4] {
    let [a, b, c, d] = in_four(four).map(|row| S::as_simd_f32s(row));
    let (whole, rest) = S::as_simd_f32s(vector);
    let mut sums = [simd.splat_f32s(0.0); 4];
    for ((((value, a), b), c), d) in whole.iter().zip(a.0).zip(b.0).zip(c.0).zip(d.0) {
        for (sum, cell) in sums.iter_mut().zip([a, b, c, d]) {
            *sum = simd.mul_add_e_f32s(*cell, *value, *sum);
        }
    }
    let mut products = [0.0; 4];
    for (row, cells) in [a.1, b.1, c.1, d.1].into_iter().enumerate() {
        let of_rest: f32 = cells.iter().zip(rest).map(|(a, b)| a * b).sum();
        products[row] = simd.reduce_sum_f32s(sums[row]) + of_rest;
    }
    products
}

#[inline(always)]
fn add_four_scaled<S: Simd>(simd: S, factors: [f32; 4], four: &[f32], sums: &mut [f32]) {
    let [a, b, c, d] = in_four(four).map(|row| S::as_simd_f32s(row));
    let (whole, rest) = S::as_mut_simd_f32s(sums);
    let mut scales = [simd.splat_f32s(0.0); 4];
    for (scale, factor) in scales.iter_mut().zip(factors) {
        *scale = simd.splat_f32s(factor);
    }
    for ((((sum, a), b), c), d) in whole.iter_mut().zip(a.0).zip(b.0).zip(c.0).zip(d.0) {
        let left = simd.mul_add_e_f32s(scales[1], *b, simd.mul_add_e_f32s(scales[0], *a, *sum));
        *sum = simd.mul_add_e_f32s(scales[3], *d, simd.mul_add_e_f32s(scales[2], *c, left));
    }
    for (place, sum) in rest.iter_mut().enumerate() {
        let cells = [a.1[place], b.1[place], c.1[place], d.1[place]];
        *sum += factors.iter().zip(cells).map(|(factor, cell)| factor * cell).sum::<f32>();
    }
}

/// `sums[i * width + j] += sum over t < count of left(t, i) * right(t, j)`.
#[inline(always)]
pub(crate) fn add_product<S: Simd>(
    simd: S,
    count: usize,
    (left, right): (Terms, Terms),
    (sums, width): (&mut [f32], usize),
) {
    let across = VECTORS * S::F32_LANES;
    let (mut rows, mut panel) = (Vec::new(), Vec::new());
    for first in (0..count).step_by(TERMS) {
        let terms = first..count.min(first + TERMS);
        rows.clear();
        for row in (0..left.places).step_by(ROWS) {
            pack(left, terms.clone(), row, ROWS, &mut rows);
        }
        for column in (0..right.places).step_by(across) {
            panel.clear();
            pack(right, terms.clone(), column, across, &mut panel);
            for (row, values) in (0..left.places).step_by(ROWS).zip(rows.chunks_exact(terms.len() * ROWS)) {
                let tile = tile(simd, (values, ROWS), &panel);
                let valid = across.min(right.places - column);
                for (line, cells) in (row..left.places).zip(tile) {
                    let start = line * width + column;
                    store(simd, cells, &mut sums[start..start + valid]);
                }
            }
        }
    }
}

/// `sums[i * width + j] += sum over t < count of value(t, i) * value(t, j)` for `j >= i`; cells below the
/// diagonal are left in any state. `panels` is room that is kept between calls.
#[inline(always)]
pub(crate) fn add_gramian<S: Simd>(
    simd: S,
    count: usize,
    values: Terms,
    (sums, width): (&mut [f32], usize),
    panels: &mut Vec<f32>,
) {
    let across = VECTORS * S::F32_LANES;
    for first in (0..count).step_by(TERMS) {
        let terms = first..count.min(first + TERMS);
        panels.clear();
        for column in (0..values.places).step_by(across) {
            pack(values, terms.clone(), column, across, panels);
        }
        let length = across * terms.len();
        for (column, panel) in (0..values.places).step_by(across).zip(panels.chunks_exact(length)) {
            let valid = across.min(values.places - column);
            for row in (0..values.places.min(column + across)).step_by(ROWS) {
                let left = &panels[row / across * length + row % across..];
                let tile = tile(simd, (left, across), panel);
                for (line, cells) in (row..values.places).zip(tile) {
                    let start = line * width + column;
                    store(simd, cells, &mut sums[start..start + valid]);
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

/// Copies `across` places of some terms side by side, zeros beyond the last place.
#[inline(always)]
fn pack(values: Terms, terms: Range<usize>, place: usize, across: usize, panel: &mut Vec<f32>) {
    let valid = across.min(values.places - place);
    for term in terms {
        let start = term * values.step + place * values.stride;
        if values.stride == 1 {
            panel.extend_from_slice(&values.values[start..start + valid]);
        } else {
            panel.extend(values.values[start..].iter().step_by(values.stride).take(valid));
        }
        panel.resize(panel.len() + across - valid, 0.0);
    }
}

/// The sums of a tile over all terms of the right panel; the left rows of a term stand `step` apart from
/// those of the next.
#[inline(always)]
fn tile<S: Simd>(simd: S, (left, step): (&[f32], usize), right: &[f32]) -> [[S::f32s; VECTORS]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    let right = S::as_simd_f32s(right).0.as_chunks::<VECTORS>().0;
    for (values, vectors) in left.chunks(step).zip(right) {
        let values = values.first_chunk::<ROWS>().expect("rows of a tile never straddle two panels");
        for row in 0..ROWS {
            let value = simd.splat_f32s(values[row]);
            for vector in 0..VECTORS {
                sums[row][vector] = simd.mul_add_e_f32s(value, vectors[vector], sums[row][vector]);
            }
        }
    }
    sums
}

/// All rows of a matrix in panels of [`VECTORS`] vectors of rows, the last filled up with zeros.
#[inline(always)]
pub(crate) fn pack_panels<S: Simd>(matrix: &[f32], width: usize) -> Vec<f32> {
    let Some(places) = matrix.len().checked_div(width) else { return Vec::new() };
    let across = VECTORS * S::F32_LANES;
    let mut panels = Vec::with_capacity(places.div_ceil(across) * across * width);
    for first in (0..places).step_by(across) {
        pack(Terms { values: matrix, step: 1, stride: width, places }, 0..width, first, across, &mut panels);
    }
    panels
}

/// The products of each vector of `width` terms with the `rows` rows in panels, each summed up in the order of
/// terms, whichever other vectors there are.
#[inline(always)]
pub(crate) fn panel_products<S: Simd>(
    simd: S,
    (panels, width): (&[f32], usize),
    vectors: &[f32],
    (products, rows): (&mut [f32], usize),
) {
    let across = VECTORS * S::F32_LANES;
    let fours = vectors.chunks_exact(ROWS * width);
    let rest = fours.remainder();
    let (of_fours, of_rest) = products.split_at_mut((vectors.len() - rest.len()) / width * rows);
    let mut packed = Vec::with_capacity(vectors.len());
    for four in fours {
        pack(Terms { values: four, step: 1, stride: width, places: ROWS }, 0..width, 0, ROWS, &mut packed);
    }
    for (first, panel) in (0..rows).step_by(across).zip(panels.chunks_exact(across * width)) {
        let valid = first..rows.min(first + across);
        for (values, products) in packed.chunks_exact(ROWS * width).zip(of_fours.chunks_exact_mut(ROWS * rows)) {
            let tile = tile(simd, (values, ROWS), panel);
            for (cells, products) in tile.into_iter().zip(products.chunks_exact_mut(rows)) {
                put(simd, cells, &mut products[valid.clone()]);
            }
        }
    }
    for (vector, products) in rest.chunks_exact(width).zip(of_rest.chunks_exact_mut(rows)) {
        one_vector_products(simd, panels, vector, products);
    }
}

/// As many panels at a time as a tile has rows: so many sums do not wait for one another.
#[inline(always)]
fn one_vector_products<S: Simd>(simd: S, panels: &[f32], vector: &[f32], products: &mut [f32]) {
    let across = VECTORS * S::F32_LANES;
    let length = across * vector.len();
    for (panels, products) in panels.chunks(ROWS * length).zip(products.chunks_mut(ROWS * across)) {
        // In place of those beyond the last panel the first is summed up again, for nothing.
        let panel = |place: usize| panels.get(place * length..(place + 1) * length).unwrap_or(&panels[..length]);
        let [a, b, c, d] = [0, 1, 2, 3].map(|place| S::as_simd_f32s(panel(place)).0.as_chunks::<VECTORS>().0);
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        for ((((value, a), b), c), d) in vector.iter().zip(a).zip(b).zip(c).zip(d) {
            let value = simd.splat_f32s(*value);
            for (sums, cells) in sums.iter_mut().zip([a, b, c, d]) {
                for (sum, cell) in sums.iter_mut().zip(cells) {
                    *sum = simd.mul_add_e_f32s(value, *cell, *sum);
                }
            }
        }
        for (sums, products) in sums.into_iter().zip(products.chunks_mut(across)) {
            put(simd, sums, products);
        }
    }
}

/// Writes as many cells of vectors as there are.
#[inline(always)]
fn put<S: Simd>(simd: S, values: [S::f32s; VECTORS], target: &mut [f32]) {
    target.fill(0.0);
    store(simd, values, target);
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
        for cell in S::as_mut_simd_f32s(&mut row[aligned..]).0 {
            *cell = simd.mul_f32s(*cell, factor);
        }
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

/// The same for as many right sides as a row of `rows` is wide: `rows` is a matrix of `size` rows.
#[inline(always)]
pub(crate) fn substitute_rows<S: Simd>(simd: S, size: usize, upper: &[f32], rows: &mut [f32], width: usize) {
    let stride = padded(size);
    for row in 0..size {
        let (head, below) = rows.split_at_mut((row + 1) * width);
        let (cells, solved) = (&upper[row * stride..][..size], &mut head[row * width..]);
        for value in solved.iter_mut() {
            *value /= cells[row];
        }
        for (cell, other) in cells[row + 1..].iter().zip(below.chunks_exact_mut(width)) {
            add_scaled(simd, -cell, solved, other);
        }
    }
    for row in (0..size).rev() {
        let (head, below) = rows.split_at_mut((row + 1) * width);
        let (cells, solved) = (&upper[row * stride..][..size], &mut head[row * width..]);
        for (cell, other) in cells[row + 1..].iter().zip(below.chunks_exact(width)) {
            add_scaled(simd, -cell, other, solved);
        }
        for value in solved.iter_mut() {
            *value /= cells[row];
        }
    }
}
