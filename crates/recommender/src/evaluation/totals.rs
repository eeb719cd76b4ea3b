//! Sums over users, in their order, and the figures that they become.

use std::collections::BTreeMap;

use super::{
    Catalogue,
    ranking::{ACCURACY, Ranking},
    segments::{ITEM_SEGMENTS, SegmentMetrics, UserSegment},
};
use crate::metrics::RatingErrors;

/// Everything that is summed up while users are ranked.
pub(super) struct Totals<'a> {
    ks: &'a [u32],
    names: Vec<String>,
    has_segments: bool,
    users: u64,
    by_users: [Sums; 3],
    by_items: [Sums; 2],
    /// How often each item stands in a list, for each k.
    exposures: Vec<Vec<u32>>,
}

/// Sums of one group.
#[derive(Clone, Default)]
struct Sums {
    users: u64,
    values: Vec<Mean>,
    errors: RatingErrors,
}

/// A mean of the values that are numbers.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Sums {
    fn new(metrics: usize) -> Self {
        Self { values: vec![Mean::default(); metrics], ..Self::default() }
    }

    fn add(&mut self, values: &[f64]) {
        self.users += 1;
        for (mean, value) in self.values.iter_mut().zip(values).filter(|(_, value)| !value.is_nan()) {
            mean.sum += value;
            mean.count += 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.users += other.users;
        for (mean, other) in self.values.iter_mut().zip(&other.values) {
            mean.sum += other.sum;
            mean.count += other.count;
        }
        self.errors.merge(&other.errors);
    }

    /// The means with these names, and the errors of ratings.
    fn named(&self, names: &[String]) -> BTreeMap<String, f64> {
        let means = names.iter().zip(&self.values).filter(|(_, mean)| mean.count > 0);
        let means = means.map(|(name, mean)| (name.clone(), mean.sum / mean.count as f64));
        let errors = [("rmse", self.errors.rmse()), ("mae", self.errors.mae())];
        means.chain(errors.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))).collect()
    }
}

impl<'a> Totals<'a> {
    pub(super) fn new(ks: &'a [u32], items: usize, catalogue: Option<&Catalogue>) -> Self {
        let names = metric_names(ks, catalogue);
        let [by_users, by_items] = [names.len(), ACCURACY.len() * ks.len()].map(Sums::new);
        Self {
            ks,
            has_segments: catalogue.is_some(),
            users: 0,
            by_users: [by_users.clone(), by_users.clone(), by_users],
            by_items: [by_items.clone(), by_items],
            exposures: vec![vec![0; items]; ks.len()],
            names,
        }
    }

    /// Names of the metrics of each user.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn add(&mut self, ranking: &Ranking) {
        self.users += 1;
        let sums = &mut self.by_users[ranking.segment as usize];
        sums.add(&ranking.values);
        for ((sums_of_items, values), errors) in self.by_items.iter_mut().zip(&ranking.by_items).zip(&ranking.errors) {
            if let Some(values) = values {
                sums_of_items.add(values);
            }
            sums_of_items.errors.merge(errors);
            sums.errors.merge(errors);
        }
        for (k, counts) in self.ks.iter().zip(&mut self.exposures) {
            ranking.list.iter().take(*k as usize).for_each(|scored| counts[scored.item as usize] += 1);
        }
    }

    /// The figures of the model and of its groups; nothing without users.
    pub(super) fn finish(self) -> (BTreeMap<String, f64>, Vec<SegmentMetrics>) {
        if self.users == 0 {
            return (BTreeMap::new(), Vec::new());
        }
        let mut all = Sums::new(self.names.len());
        self.by_users.iter().for_each(|sums| all.merge(sums));
        let mut values = all.named(&self.names);
        for (k, counts) in self.ks.iter().zip(&self.exposures) {
            values.insert(format!("coverage@{k}"), coverage(counts));
            values.insert(format!("gini@{k}"), gini(counts));
        }
        let segments = if self.has_segments { self.segments() } else { Vec::new() };
        (values, segments)
    }

    fn segments(&self) -> Vec<SegmentMetrics> {
        let users = UserSegment::ALL.iter().zip(&self.by_users).map(|(segment, sums)| (segment.name(), sums));
        let items = ITEM_SEGMENTS.into_iter().zip(&self.by_items);
        let items_names: Vec<String> = names_at_k(&ACCURACY, self.ks).collect();
        let of = |(name, sums): (&str, &Sums), names: &[String]| SegmentMetrics {
            name: name.to_owned(),
            users: sums.users,
            values: sums.named(names),
        };
        users.map(|one| of(one, &self.names)).chain(items.map(|one| of(one, &items_names))).collect()
    }
}

fn names_at_k<'a>(names: &'a [&'a str], ks: &'a [u32]) -> impl Iterator<Item = String> + 'a {
    ks.iter().flat_map(move |k| names.iter().map(move |name| format!("{name}@{k}")))
}

/// Accuracy at each k, the reciprocal rank in the whole ranking, then what the lists are like at each k.
fn metric_names(ks: &[u32], catalogue: Option<&Catalogue>) -> Vec<String> {
    let lists = catalogue.map_or(&[][..], Catalogue::metrics);
    names_at_k(&ACCURACY, ks).chain(["mrr".to_owned()]).chain(names_at_k(lists, ks)).collect()
}

/// Share of all items that are in at least one list.
fn coverage(counts: &[u32]) -> f64 {
    counts.iter().filter(|count| **count > 0).count() as f64 / counts.len() as f64
}

/// Gini coefficient of the items' places in lists: 0 if all items are shown equally often, near 1 if one
/// item has all places. `sum over i of (2 i - n - 1) x_i / (n sum of x)` with `x` ascending, `i` from 1.
fn gini(counts: &[u32]) -> f64 {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    let total: f64 = sorted.iter().copied().map(f64::from).sum();
    let items = sorted.len() as f64;
    let weighted: f64 = (1_u32..).zip(&sorted).map(|(i, x)| (2.0 * f64::from(i) - items - 1.0) * f64::from(*x)).sum();
    if total > 0.0 { weighted / (items * total) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_coverage_and_gini() {
        assert!((coverage(&[0, 2, 1, 0]) - 0.5).abs() < 1e-12);
        assert!(gini(&[3, 3, 3]).abs() < 1e-12);
        // One of four items has everything: (2 * 4 - 5) * 8 / (4 * 8) = 3/4.
        assert!((gini(&[0, 8, 0, 0]) - 0.75).abs() < 1e-12);
        // 1 2 3: (-2 * 1 + 0 * 2 + 2 * 3) / (3 * 6) = 4/18.
        assert!((gini(&[3, 1, 2]) - 4.0 / 18.0).abs() < 1e-12);
        assert!(gini(&[0, 0]).abs() < 1e-12);
    }
}
