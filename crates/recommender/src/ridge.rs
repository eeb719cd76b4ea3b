//! Ridge regression of one row on few or many observations.
//!
//! Minimises `sum over observations of weight * (row . x - target)^2 + sum of penalty * x^2`. With
//! `Z = sqrt(weight) * row / sqrt(penalty)` and `s = sqrt(weight) * target` the solution is
//! `x = z / sqrt(penalty)`, `z = (I + Z'Z)^-1 Z's = Z' (I + ZZ')^-1 s`: a system as large as the vectors
//! are long, or as there are observations, whichever is smaller. Most histories are short, so the
//! second form saves most of the work. The identity keeps either system well conditioned in `f32`.
//!
//! Complexity with `n` observations of length `f`: `O(max(n, f) * min(n, f)^2)`; by blocks of `b`
//! coefficients `O(n * f * b + f * b^2)`; a step of conjugate gradients `O(n * f)`.

#![expect(clippy::inline_always, reason = "a function that is not inlined loses the instruction set of its caller")]

use pulp::{Arch, Simd, WithSimd};

use crate::simd::{
    Terms, add_gramian, add_rows, add_scaled, factorize, inner_product, padded, substitute, substitute_rows,
};

/// An observation: a row of the matrix with its weight and target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Observation {
    /// Row of the matrix; it must exist.
    pub row: u32,
    /// 0 or more.
    pub weight: f32,
    /// What the row times the coefficients should be.
    pub target: f32,
}

/// Room for one regression after another.
#[derive(Default)]
pub(crate) struct Ridge {
    observations: Vec<Observation>,
    /// `1 / sqrt(penalty)`, one a coefficient.
    scales: Vec<f32>,
    /// `Z`, row by row, and `s`.
    rows: Vec<f32>,
    targets: Vec<f32>,
    /// The system, factorised by [`Self::solve`].
    system: Vec<f32>,
    panels: Vec<f32>,
    /// Rest of the gradient, direction and its image, for [`Self::descend`].
    residual: Vec<f32>,
    direction: Vec<f32>,
    image: Vec<f32>,
    coefficients: Vec<f32>,
    /// `(I + ZZ')^-1 Z`, row by row, for [`Self::contributions`]; empty until they are asked for.
    shares: Vec<f32>,
}

impl Ridge {
    /// Starts a regression with these penalties, one a coefficient, each above 0.
    pub(crate) fn start(&mut self, penalties: impl Iterator<Item = f32>) {
        self.scales.clear();
        self.scales.extend(penalties.map(|penalty| 1.0 / penalty.sqrt()));
        self.observations.clear();
        self.shares.clear();
    }

    /// Adds an observation.
    pub(crate) fn observe(&mut self, observation: Observation) {
        self.observations.push(observation);
    }

    /// The coefficients that minimise the loss, given the matrix that the observations point into.
    pub(crate) fn solve(&mut self, matrix: &[f32]) -> &[f32] {
        Arch::new().dispatch(Solve { ridge: self, matrix });
        &self.coefficients
    }

    /// One round of exact steps in blocks of coefficients, from where `start` is (iALS++).
    pub(crate) fn improve(&mut self, matrix: &[f32], start: &[f32], block: usize) -> &[f32] {
        Arch::new().dispatch(Improve { ridge: self, matrix, start, block });
        &self.coefficients
    }

    /// Some steps of conjugate gradients from where `start` is.
    pub(crate) fn descend(&mut self, matrix: &[f32], start: &[f32], steps: usize) -> &[f32] {
        Arch::new().dispatch(Descend { ridge: self, matrix, start, steps });
        &self.coefficients
    }

    /// After [`Self::solve`]: what each observation adds to `features . x`.
    pub(crate) fn contributions(&mut self, features: &[f32]) -> Vec<f32> {
        Arch::new().dispatch(Contributions { ridge: self, features })
    }

    /// Whether the system is as large as there are observations.
    fn is_dual(&self) -> bool {
        self.observations.len() < self.scales.len()
    }

    /// Room for a system: the identity.
    fn clear_system(&mut self, size: usize) {
        self.system.clear();
        self.system.resize(size * padded(size), 0.0);
        (0..size).for_each(|place| self.system[place * padded(size) + place] = 1.0);
    }

    #[inline(always)]
    fn gather(&mut self, matrix: &[f32]) {
        let width = self.scales.len();
        self.rows.resize(self.observations.len() * width, 0.0);
        self.targets.clear();
        for (observation, target) in self.observations.iter().zip(self.rows.chunks_exact_mut(width.max(1))) {
            let root = observation.weight.sqrt();
            let source = &matrix[observation.row as usize * width..][..width];
            for ((cell, value), scale) in target.iter_mut().zip(source).zip(&self.scales) {
                *cell = root * value * scale;
            }
            self.targets.push(root * observation.target);
        }
    }

    #[inline(always)]
    fn factorize<S: Simd>(&mut self, simd: S) {
        let (width, count) = (self.scales.len(), self.observations.len());
        let (size, terms) = if self.is_dual() { (count, width) } else { (width, count) };
        let (step, stride) = if self.is_dual() { (1, width) } else { (width, 1) };
        self.clear_system(size);
        let values = Terms { values: &self.rows, step, stride, places: size };
        add_gramian(simd, terms, values, (&mut self.system, padded(size)), &mut self.panels);
        factorize(simd, size, &mut self.system);
    }

    /// Starts from given coefficients.
    #[inline(always)]
    fn begin_at(&mut self, start: &[f32]) {
        self.coefficients.clear();
        self.coefficients.extend(start.iter().zip(&self.scales).map(|(value, scale)| value / scale));
    }

    /// From `z` to the coefficients in their own units.
    #[inline(always)]
    fn finish(&mut self) {
        self.coefficients.iter_mut().zip(&self.scales).for_each(|(value, scale)| *value *= scale);
    }

    /// `Z' * values`.
    #[inline(always)]
    fn combined<S: Simd>(simd: S, rows: &[f32], values: &[f32], sums: &mut [f32]) {
        for (row, value) in rows.chunks_exact(sums.len().max(1)).zip(values) {
            add_scaled(simd, *value, row, sums);
        }
    }
}

struct Solve<'a> {
    ridge: &'a mut Ridge,
    matrix: &'a [f32],
}

impl WithSimd for Solve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ridge = self.ridge;
        ridge.gather(self.matrix);
        ridge.factorize(simd);
        ridge.coefficients.clear();
        ridge.coefficients.resize(ridge.scales.len(), 0.0);
        if ridge.is_dual() {
            substitute(simd, ridge.targets.len(), &ridge.system, &mut ridge.targets);
            Ridge::combined(simd, &ridge.rows, &ridge.targets, &mut ridge.coefficients);
        } else {
            Ridge::combined(simd, &ridge.rows, &ridge.targets, &mut ridge.coefficients);
            substitute(simd, ridge.scales.len(), &ridge.system, &mut ridge.coefficients);
        }
        ridge.finish();
    }
}

struct Improve<'a> {
    ridge: &'a mut Ridge,
    matrix: &'a [f32],
    start: &'a [f32],
    block: usize,
}

impl WithSimd for Improve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ridge = self.ridge;
        ridge.gather(self.matrix);
        ridge.begin_at(self.start);
        let width = ridge.scales.len();
        // What is left to explain: s - Z z.
        for (left, row) in ridge.targets.iter_mut().zip(ridge.rows.chunks_exact(width)) {
            *left -= inner_product(simd, row, &ridge.coefficients);
        }
        let mut step = Vec::with_capacity(self.block);
        for first in (0..width).step_by(self.block) {
            let places = first..width.min(first + self.block);
            ridge.clear_system(places.len());
            let values = Terms { values: &ridge.rows[first..], step: width, stride: 1, places: places.len() };
            let sums = (&mut ridge.system[..], padded(places.len()));
            add_gramian(simd, ridge.targets.len(), values, sums, &mut ridge.panels);
            factorize(simd, places.len(), &mut ridge.system);
            step.clear();
            step.extend(ridge.coefficients[places.clone()].iter().map(|value| -value));
            for (row, left) in ridge.rows.chunks_exact(width).zip(&ridge.targets) {
                add_scaled(simd, *left, &row[places.clone()], &mut step);
            }
            substitute(simd, places.len(), &ridge.system, &mut step);
            for (row, left) in ridge.rows.chunks_exact(width).zip(&mut ridge.targets) {
                *left -= inner_product(simd, &row[places.clone()], &step);
            }
            ridge.coefficients[places].iter_mut().zip(&step).for_each(|(value, change)| *value += change);
        }
        ridge.finish();
    }
}

struct Descend<'a> {
    ridge: &'a mut Ridge,
    matrix: &'a [f32],
    start: &'a [f32],
    steps: usize,
}

impl WithSimd for Descend<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ridge = self.ridge;
        ridge.gather(self.matrix);
        ridge.begin_at(self.start);
        let Ridge { rows, targets, residual, direction, image, coefficients, .. } = ridge;
        residual.clear();
        residual.extend(coefficients.iter().map(|value| -value));
        add_rows(simd, rows, coefficients, |place, product| targets[place] - product, residual);
        direction.clone_from(residual);
        let mut square = inner_product(simd, residual, residual);
        let enough = 1e-10 * square;
        for _ in 0..self.steps {
            if square <= enough {
                break;
            }
            image.clone_from(direction);
            add_rows(simd, rows, direction, |_, product| product, image);
            let length = square / inner_product(simd, direction, image);
            add_scaled(simd, length, direction, coefficients);
            add_scaled(simd, -length, image, residual);
            let before = std::mem::replace(&mut square, inner_product(simd, residual, residual));
            let ratio = square / before;
            direction.iter_mut().zip(&*residual).for_each(|(cell, value)| *cell = value + ratio * *cell);
        }
        ridge.finish();
    }
}

struct Contributions<'a> {
    ridge: &'a mut Ridge,
    features: &'a [f32],
}

impl WithSimd for Contributions<'_> {
    type Output = Vec<f32>;

    /// With `q = features / sqrt(penalty)`: `s * (I + ZZ')^-1 Z q`, or `s * Z (I + Z'Z)^-1 q`. Few observations
    /// have their system solved once for all features.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let ridge = self.ridge;
        let mut scaled: Vec<f32> = self.features.iter().zip(&ridge.scales).map(|(a, b)| a * b).collect();
        let width = scaled.len().max(1);
        if !ridge.is_dual() {
            substitute(simd, scaled.len(), &ridge.system, &mut scaled);
        } else if ridge.shares.is_empty() {
            ridge.shares.extend_from_slice(&ridge.rows[..ridge.observations.len() * width]);
            substitute_rows(simd, ridge.observations.len(), &ridge.system, &mut ridge.shares, width);
        }
        let rows = if ridge.is_dual() { &ridge.shares } else { &ridge.rows };
        let mut values = Vec::with_capacity(ridge.observations.len());
        for (row, one) in rows.chunks_exact(width).zip(&ridge.observations) {
            values.push(one.weight.sqrt() * one.target * inner_product(simd, row, &scaled));
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn regression(rows: &[Vec<f32>], penalty: f32) -> (Ridge, Vec<f32>) {
        let mut ridge = Ridge::default();
        ridge.start(std::iter::repeat_n(penalty, rows.first().map_or(0, Vec::len)));
        for row in 0..rows.len() as u32 {
            ridge.observe(Observation { row, weight: 1.0 + (row % 3) as f32, target: 2.0 - (row % 3) as f32 });
        }
        (ridge, rows.concat())
    }

    #[test]
    fn golden_regression_on_one_and_on_three_observations() {
        // One observation (1, 2) with weight 1, target 2, penalty 1: x = row * 2 / (1 + 1 + 4) = (1/3, 2/3).
        let (mut ridge, matrix) = regression(&[vec![1.0, 2.0]], 1.0);
        let x = ridge.solve(&matrix).to_vec();
        assert!((x[0] - 1.0 / 3.0).abs() < 1e-6 && (x[1] - 2.0 / 3.0).abs() < 1e-6, "{x:?}");
        // Weights 1, 2, 3 and targets 2, 1, 0 for the rows (1), (1), (2), penalty 1:
        // x = (2 + 2 + 0) / (1 + 2 + 12 + 1) = 1/4, of which the first two observations give 1/8 each.
        let (mut ridge, matrix) = regression(&[vec![1.0], vec![1.0], vec![2.0]], 1.0);
        assert!((ridge.solve(&matrix)[0] - 0.25).abs() < 1e-6);
        let parts = ridge.contributions(&[1.0]);
        assert!(parts.iter().zip([0.125, 0.125, 0.0]).all(|(a, b)| (a - b).abs() < 1e-6), "{parts:?}");
    }

    proptest! {
        #[test]
        fn the_gradient_is_zero_parts_add_up_and_other_ways_come_to_the_same(
            rows in proptest::collection::vec(proptest::collection::vec(-2.0_f32..2.0, 19), 1..40),
        ) {
            let (mut ridge, matrix) = regression(&rows, 0.5);
            let x = ridge.solve(&matrix).to_vec();
            let product = |row: &[f32], x: &[f32]| row.iter().zip(x).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            for place in 0..19 {
                let errors = rows.iter().enumerate().map(|(n, row)| {
                    (1.0 + (n % 3) as f64) * (product(row, &x) - 2.0 + (n % 3) as f64) * f64::from(row[place])
                });
                let gradient: f64 = errors.sum::<f64>() + 0.5 * f64::from(x[place]);
                prop_assert!(gradient.abs() < 0.05, "{gradient}");
            }
            let parts: f32 = ridge.contributions(&rows[0]).iter().sum();
            prop_assert!((f64::from(parts) - product(&rows[0], &x)).abs() < 1e-2, "{parts}");
            let mut near = x.clone();
            for _ in 0..5 {
                near = ridge.improve(&matrix, &near, 6).to_vec();
            }
            prop_assert!(near.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-2), "{near:?} {x:?}");
            let near = ridge.descend(&matrix, &[1.0; 19], 40).to_vec();
            prop_assert!(near.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-2), "{near:?} {x:?}");
        }
    }
}
