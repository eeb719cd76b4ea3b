//! Counts of all rows and of the kept ones, in memory bounded by users and items.

use std::collections::{BTreeMap, HashMap};

use polars::{
    error::PolarsResult,
    frame::DataFrame,
    prelude::{BooleanChunked, NewChunkedArray},
};
use reports::bins::month;

use crate::{
    proof::Size,
    selection::{Decision, Selector},
};

/// How often something occurs in the population and in the sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) population: u64,
    pub(crate) sample: u64,
}

/// What is counted while the rows pass.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) population: Size,
    pub(crate) sample: Size,
    /// By rating in half stars.
    pub(crate) ratings: BTreeMap<i64, Pair>,
    /// By month, counted from year 0.
    pub(crate) months: BTreeMap<i64, Pair>,
    /// Reviews of each item, by the item's hash.
    items: HashMap<u64, [u32; 2]>,
    /// Reviews of each user, by the user's hash.
    users: HashMap<u64, [u32; 2]>,
    /// How many items have that many reviews in population and sample.
    pub(crate) reviews_of_item: BTreeMap<u64, Pair>,
    /// How many users have that many reviews in population and sample; zero holds those who lost all.
    pub(crate) reviews_of_user: BTreeMap<u64, Pair>,
}

impl Tally {
    /// Counts a batch; which of its rows are kept.
    pub(crate) fn add(&mut self, batch: &DataFrame, selector: &mut Selector) -> PolarsResult<BooleanChunked> {
        let mut mask = Vec::with_capacity(batch.height());
        let keys = batch.column("user")?.str()?.iter().zip(batch.column("item")?.str()?.iter());
        let values = batch.column("rating")?.f32()?.iter().zip(batch.column("time")?.i64()?.iter());
        for ((user, item), (rating, time)) in keys.zip(values) {
            let time = time.unwrap_or_default();
            let decision = selector.decide(user.unwrap_or_default(), item.unwrap_or_default(), time);
            self.count(&decision, rating.unwrap_or_default(), time);
            mask.push(decision.keep);
        }
        Ok(BooleanChunked::from_slice("keep".into(), &mask))
    }

    fn count(&mut self, decision: &Decision, rating: f32, time: i64) {
        let kept = u64::from(decision.keep);
        for pair in [self.ratings.entry(half_stars(rating)).or_default(), self.months.entry(month(time)).or_default()] {
            pair.population += 1;
            pair.sample += kept;
        }
        for counts in [self.items.entry(decision.item).or_default(), self.users.entry(decision.user).or_default()] {
            counts[0] = counts[0].saturating_add(1);
            counts[1] = counts[1].saturating_add(u32::from(decision.keep));
        }
        self.population.rows += 1;
        self.sample.rows += kept;
    }

    pub(crate) fn rows_seen(&self) -> u64 {
        self.population.rows
    }

    /// Turns the counts of each user and item into distributions.
    pub(crate) fn finish(&mut self) {
        self.reviews_of_item = distribution(&std::mem::take(&mut self.items));
        self.reviews_of_user = distribution(&std::mem::take(&mut self.users));
        (self.population.items, self.sample.items) = sizes(&self.reviews_of_item);
        (self.population.users, self.sample.users) = sizes(&self.reviews_of_user);
    }
}

fn distribution(counts: &HashMap<u64, [u32; 2]>) -> BTreeMap<u64, Pair> {
    let mut by_count: BTreeMap<u64, Pair> = BTreeMap::new();
    for [population, sample] in counts.values() {
        by_count.entry(u64::from(*population)).or_default().population += 1;
        by_count.entry(u64::from(*sample)).or_default().sample += 1;
    }
    by_count
}

fn sizes(by_count: &BTreeMap<u64, Pair>) -> (u64, u64) {
    let population = by_count.values().map(|pair| pair.population).sum();
    let lost = by_count.get(&0).map_or(0, |pair| pair.sample);
    (population, population - lost)
}

/// A rating in half stars, rounded.
pub(crate) fn half_stars(rating: f32) -> i64 {
    (f64::from(rating) * 2.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_go_to_the_nearest_half() {
        assert_eq!([5.0, 4.5, 1.2].map(half_stars), [10, 9, 2]);
    }
}
