//! Variances from the delete-one-group jackknife over 64 groups of whole units.
//!
//! With `Z_g` the weighted totals of group `g`, each row shrunk by the root of its finite-population
//! factor, replicate `g` is `f(T − (Z_g − Z̄) G / (G − 1))` and the variance of `f(T)` is
//! `(G − 1) / G Σ (replicate − f(T))²` (Shao and Tu 1995, chapter 2; Kott 2001). For totals under
//! Bernoulli sampling it is unbiased. Where users and products are both drawn, the variances of both
//! layers are added and that of the rows, which is in both, is taken off (Cameron, Gelbach and Miller 2011).

use crate::tally::{GROUPS, Layer, Tally};

/// Degrees of freedom of the variances.
pub(crate) const FREEDOM: f64 = (GROUPS - 1) as f64;

/// The replicates of some statistics of a tally.
pub(crate) struct Replicates {
    /// The statistics of the whole sample.
    pub(crate) values: Vec<f64>,
    /// Of each layer, its sign and the differences of its replicates from `values`, a row a group.
    layers: Vec<(f64, Vec<Vec<f64>>)>,
}

impl Replicates {
    /// Of `statistics`, which must give equally many numbers for every flat row of totals.
    pub(crate) fn new(tally: &Tally<'_>, statistics: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        let values = statistics(&tally.estimate);
        let of_layer = |layer: &Layer| {
            let width = tally.layout.width;
            let mean = mean_row(&layer.groups, width);
            let scale = GROUPS as f64 / FREEDOM;
            let replicate = |group: &[f64]| {
                let totals: Vec<f64> =
                    tally.estimate.iter().zip(group.iter().zip(&mean)).map(|(t, (z, m))| t - (z - m) * scale).collect();
                statistics(&totals).iter().zip(&values).map(|(found, value)| found - value).collect()
            };
            (layer.sign, layer.groups.chunks_exact(width).map(replicate).collect())
        };
        Self { layers: tally.layers.iter().map(of_layer).collect(), values }
    }

    /// The variance of a statistic; at least that of its largest layer, as it must be.
    pub(crate) fn variance(&self, place: usize) -> f64 {
        let of_layer = |rows: &Vec<Vec<f64>>| {
            rows.iter().map(|row| row[place] * row[place]).sum::<f64>() * FREEDOM / GROUPS as f64
        };
        let all: f64 = self.layers.iter().map(|(sign, rows)| sign * of_layer(rows)).sum();
        let added = self.layers.iter().filter(|(sign, _)| *sign > 0.0);
        all.max(added.map(|(_, rows)| of_layer(rows)).fold(0.0, f64::max))
    }
}

fn mean_row(groups: &[f64], width: usize) -> Vec<f64> {
    let mut mean = vec![0.0; width];
    for group in groups.chunks_exact(width) {
        mean.iter_mut().zip(group).for_each(|(mean, value)| *mean += value / GROUPS as f64);
    }
    mean
}
