//! How the shares of a fair sample vary, known from the population: for parts (a) and (c).
//!
//! A share is a ratio of totals, so by linearisation (Cochran 1977, chapter 11) the covariance of the
//! shares is `Σ (1 − π) / π d dᵀ / N²` over all units of the population, with `d = n − P · size` of a
//! unit's counts `n`. The sum is taken over 64 groups of units, which gives the same on average. A sample's
//! own variance would miss a large product that happens not to be in it.

use crate::{
    distances::shares,
    layout::{Layout, SUMS},
    tally::{GROUPS, Layer, Tally},
};

/// The noise of the shares of a fair sample.
pub(crate) struct Noise {
    /// The covariance is the sum of the products of these rows; each has one number a bin.
    pub(crate) rows: Vec<Vec<f64>>,
}

impl Noise {
    pub(crate) fn new(tally: &Tally<'_>) -> Self {
        let population = all_shares(tally.layout, &tally.population);
        let rows = tally.fair.iter().flat_map(|layer| of_layer(tally, layer, &population)).collect();
        Self { rows }
    }

    /// The covariance of shares, given as functions of a row.
    pub(crate) fn covariance(&self, shares: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
        let rows: Vec<Vec<f64>> = self.rows.iter().map(|row| shares(row)).collect();
        let size = rows.first().map_or(0, Vec::len);
        let of = |a: usize, b: usize| rows.iter().map(|row| row[a] * row[b]).sum();
        (0..size).map(|a| (0..size).map(|b| of(a, b)).collect()).collect()
    }
}

/// Shares of the bins of every variable, one after another.
pub(crate) fn all_shares(layout: &Layout, totals: &[f64]) -> Vec<f64> {
    layout.variables.iter().flat_map(|variable| shares(&totals[variable.bins.clone()])).collect()
}

fn of_layer(tally: &Tally<'_>, layer: &Layer, population: &[f64]) -> Vec<Vec<f64>> {
    let width = tally.layout.width;
    let mut rows: Vec<Vec<f64>> = layer
        .groups
        .chunks_exact(width)
        .map(|group| {
            let mut row = vec![0.0; width - SUMS];
            for variable in &tally.layout.variables {
                let size: f64 = group[variable.bins.clone()].iter().sum();
                let all: f64 = tally.population[variable.bins.clone()].iter().sum();
                for bin in variable.bins.clone() {
                    row[bin] = (group[bin] - population[bin] * size) / all.max(1.0);
                }
            }
            row
        })
        .collect();
    let mut mean = vec![0.0; width - SUMS];
    for row in &rows {
        mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / GROUPS as f64);
    }
    let scale = (GROUPS as f64 / (GROUPS - 1) as f64).sqrt();
    for row in &mut rows {
        row.iter_mut().zip(&mean).for_each(|(value, mean)| *value = (*value - mean) * scale);
    }
    rows
}
