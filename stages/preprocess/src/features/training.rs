//! What the training interactions say about each item.

use super::numeric::Numeric;
use crate::{ratings::Rating, split::Part};

const SECONDS_A_DAY: f64 = 86_400.0;

/// Sums over the training interactions of each item.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Whether train has the item.
    pub has_item: Vec<bool>,
    counts: Vec<u32>,
    rating_sums: Vec<f64>,
    length_sums: Vec<f64>,
    length_counts: Vec<u32>,
    last_times: Vec<i64>,
    end: i64,
}

impl Training {
    /// Sums up those of `entries` whose part is train; entries in an order of their own, so that
    /// sums are the same in every run.
    pub fn new(items: usize, entries: &[Rating], parts: &[Part]) -> Self {
        let mut sums = Self {
            has_item: vec![false; items],
            counts: vec![0; items],
            rating_sums: vec![0.0; items],
            length_sums: vec![0.0; items],
            length_counts: vec![0; items],
            last_times: vec![i64::MIN; items],
            end: i64::MIN,
        };
        for (entry, _) in entries.iter().zip(parts).filter(|(_, part)| **part == Part::Train) {
            sums.add(entry);
        }
        sums
    }

    fn add(&mut self, entry: &Rating) {
        let item = entry.item as usize;
        self.has_item[item] = true;
        self.counts[item] += 1;
        self.rating_sums[item] += f64::from(entry.value);
        if entry.length > 0 {
            self.length_sums[item] += f64::from(entry.length);
            self.length_counts[item] += 1;
        }
        self.last_times[item] = self.last_times[item].max(entry.time);
        self.end = self.end.max(entry.time);
    }

    /// The numeric features.
    pub fn numerics(&self) -> [Numeric; 4] {
        let column = |value: &dyn Fn(usize) -> Option<f64>| (0..self.counts.len()).map(value).collect();
        let known = |item: usize| self.has_item[item].then_some(item);
        let popularity = column(&|item| Some(f64::from(self.counts[item]).ln_1p()));
        let recency = column(&|item| {
            // As doubles, because a difference of extreme times does not fit into 64 bits.
            let days = |item: usize| (self.end as f64 - self.last_times[item] as f64) / SECONDS_A_DAY;
            known(item).map(|item| days(item).ln_1p())
        });
        let rating = column(&|item| known(item).map(|item| self.rating_sums[item] / f64::from(self.counts[item])));
        let length = column(&|item| {
            let count = self.length_counts[item];
            (count > 0).then(|| (self.length_sums[item] / f64::from(count)).ln_1p())
        });
        [
            Numeric { name: "popularity", indicator: None, values: popularity },
            Numeric { name: "recency", indicator: Some("cold"), values: recency },
            Numeric { name: "rating_mean", indicator: None, values: rating },
            Numeric { name: "review_length", indicator: Some("review_length_missing"), values: length },
        ]
    }
}
