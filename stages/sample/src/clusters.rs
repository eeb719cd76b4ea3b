//! How counts of rows vary when whole products or users are drawn.
//!
//! For bin shares `p` and cluster counts `n`, the share in a sample is a ratio of sums, and by
//! linearisation (Cochran 1977, chapter 11) the counts of a sample that holds a share `f` of the
//! clusters have covariance `f (1 − f) Σ (nᵢ_b − p_b nᵢ)(nᵢ_c − p_c nᵢ)` over all clusters `i`.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use pipeline::TableReader;
use polars::error::PolarsResult;
use reports::bins::month;

use crate::{
    Params,
    chi_square::Covariance,
    selection::{By, Selector, is_below},
    tally::half_stars,
};

/// The sum is taken over about this many clusters at most, chosen by hash, and scaled up.
const TRACKED: f64 = 100_000.0;

/// Counts of a cluster by group of bins; few groups have any.
type Counts = BTreeMap<u16, f64>;

/// Which value of a row is counted, and into which group of bins each value falls.
pub(crate) struct Binning {
    group_of: HashMap<i64, u16>,
    groups: usize,
}

impl Binning {
    /// Values in order, and the ranges of them that are pooled.
    pub(crate) fn new(values: &[i64], groups: &[Range<usize>]) -> Self {
        let mut group_of = HashMap::new();
        for (number, group) in groups.iter().enumerate() {
            for value in &values[group.clone()] {
                group_of.insert(*value, number as u16);
            }
        }
        Self { group_of, groups: groups.len() }
    }
}

/// The covariances of the rating counts and of the month counts, up to the factor `f (1 − f)`.
pub(crate) fn covariances(
    params: &Params,
    reader: &TableReader,
    clusters: u64,
    ratings: &Binning,
    months: &Binning,
) -> anyhow::Result<[Covariance; 2]> {
    let selector = Selector::new(params);
    let tracked_share = (TRACKED / clusters.max(1) as f64).min(1.0);
    let column = if params.by == By::User { "user" } else { "item" };
    let mut tracked: HashMap<u64, [Counts; 2]> = HashMap::new();
    for batch in reader.batches(&[column, "rating", "time"]) {
        let batch = batch?;
        let mut read = || -> PolarsResult<()> {
            let values = batch.column("rating")?.f32()?.iter().zip(batch.column("time")?.i64()?.iter());
            for (key, (rating, time)) in batch.column(column)?.str()?.iter().zip(values) {
                let key = key.unwrap_or_default();
                let hash = if params.by == By::User { selector.user_hash(key) } else { selector.item_hash(key) };
                // Other bits than those that choose the sample.
                if !is_below(hash.rotate_left(32), tracked_share) {
                    continue;
                }
                let counts = tracked.entry(hash).or_default();
                let bins =
                    [(ratings, half_stars(rating.unwrap_or_default())), (months, month(time.unwrap_or_default()))];
                for (counts, (binning, value)) in counts.iter_mut().zip(bins) {
                    if let Some(group) = binning.group_of.get(&value) {
                        *counts.entry(*group).or_insert(0.0) += 1.0;
                    }
                }
            }
            Ok(())
        };
        read()?;
    }
    // In the order of the hashes, so that sums of floats are the same each time.
    let mut ordered: Vec<(u64, [Counts; 2])> = tracked.into_iter().collect();
    ordered.sort_unstable_by_key(|(hash, _)| *hash);
    let scale = clusters as f64 / ordered.len().max(1) as f64;
    let of = |which: usize, binning: &Binning| {
        let counts: Vec<&Counts> = ordered.iter().map(|(_, counts)| &counts[which]).collect();
        covariance(&counts, binning.groups, scale)
    };
    Ok([of(0, ratings), of(1, months)])
}

/// `scale · Σ (nᵢ_b − p_b nᵢ)(nᵢ_c − p_c nᵢ)` of clusters, with `p` their own shares.
///
/// Multiplied out, so that only the groups that a cluster has are touched for it.
fn covariance(clusters: &[&Counts], groups: usize, scale: f64) -> Covariance {
    let mut products = Covariance::zero(groups);
    let (mut with_size, mut totals, mut squares) = (vec![0.0; groups], vec![0.0; groups], 0.0);
    for counts in clusters {
        let size: f64 = counts.values().sum();
        squares += size * size;
        for (row, n) in *counts {
            with_size[usize::from(*row)] += n * size;
            totals[usize::from(*row)] += n;
            for (column, m) in *counts {
                *products.at(usize::from(*row), usize::from(*column)) += n * m;
            }
        }
    }
    let all: f64 = totals.iter().sum::<f64>().max(1.0);
    for row in 0..groups {
        for column in 0..groups {
            let (p, q) = (totals[row] / all, totals[column] / all);
            let value = products.at(row, column);
            *value = scale * (*value - p * with_size[column] - q * with_size[row] + p * q * squares);
        }
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covariance_by_its_definition() {
        let clusters = [vec![3.0, 0.0, 1.0], vec![0.0, 2.0, 2.0], vec![1.0, 1.0, 0.0]];
        let counts: Vec<Counts> = clusters
            .iter()
            .map(|row| row.iter().enumerate().filter(|(_, n)| **n > 0.0).map(|(b, n)| (b as u16, *n)).collect())
            .collect();
        let mut found = covariance(&counts.iter().collect::<Vec<_>>(), 3, 2.0);
        let total: f64 = clusters.iter().flatten().sum();
        let share = |bin: usize| clusters.iter().map(|row| row[bin]).sum::<f64>() / total;
        for b in 0..3 {
            for c in 0..3 {
                let wanted: f64 = clusters
                    .iter()
                    .map(|row| {
                        let size: f64 = row.iter().sum();
                        2.0 * (row[b] - share(b) * size) * (row[c] - share(c) * size)
                    })
                    .sum();
                assert!((*found.at(b, c) - wanted).abs() < 1e-9, "{b} {c}");
            }
        }
    }
}
