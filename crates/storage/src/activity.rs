//! What events teach about items: exact counts, and weights that fade without being touched.
//!
//! A weight is kept as a *level*: log2 of the sum over events of `w * 2^(t / h)`, t the time of the event in
//! seconds since the Unix epoch, h the half-life. As all of it fades at one rate, levels compare at any
//! moment, and what a level is worth now is `2^(level - now / h)` (forward decay: Cormode et al., 2009).
//! Adding is commutative and associative, so increments can be added in any order and grouping. Not here:
//! what an event weighs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::pairs::sum;

/// Time in which a weight becomes half of what it was: a trend of days, not of hours or months.
const HALF_LIFE_SECONDS: f64 = 2.0 * 86_400.0;

/// The level of nothing.
const NOTHING: f64 = f64::NEG_INFINITY;

/// Room for rounding where sums of levels are compared with a bound: levels of our time are near 10,000.
const ROUNDING: f64 = 1e-9;

/// The level of one event of a weight, at a moment in Unix milliseconds.
pub fn level(weight: f64, time_ms: i64) -> f64 {
    weight.log2() + half_lives(time_ms)
}

/// What a level is worth at a moment, in the units of weights.
pub fn weight_at(level: f64, time_ms: i64) -> f64 {
    (level - half_lives(time_ms)).exp2()
}

/// The level of two together.
pub fn add_levels(one: f64, other: f64) -> f64 {
    let (high, low) = if one >= other { (one, other) } else { (other, one) };
    if low == NOTHING { high } else { high + (low - high).exp2().ln_1p() / std::f64::consts::LN_2 }
}

fn half_lives(time_ms: i64) -> f64 {
    time_ms as f64 / 1_000.0 / HALF_LIFE_SECONDS
}

/// What was done with an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemActivity {
    /// Item key.
    pub asin: String,
    /// How often its page was opened.
    pub views: u64,
    /// How often it was put into a cart.
    pub carts: u64,
    /// How often it was bought.
    pub purchases: u64,
    /// How often it was rated.
    pub ratings: u64,
    /// Sum of these ratings.
    pub rating_sum: f64,
    /// Level of all of it, faded; negative infinity for nothing.
    pub trend: f64,
}

impl Default for ItemActivity {
    fn default() -> Self {
        Self { asin: String::new(), views: 0, carts: 0, purchases: 0, ratings: 0, rating_sum: 0.0, trend: NOTHING }
    }
}

impl ItemActivity {
    /// An item with which nothing was done.
    pub fn new(asin: &str) -> Self {
        Self { asin: asin.to_owned(), ..Self::default() }
    }

    /// Adds what was done with the same item elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.views = sum(self.views, other.views);
        self.carts = sum(self.carts, other.carts);
        self.purchases = sum(self.purchases, other.purchases);
        self.ratings = sum(self.ratings, other.ratings);
        self.rating_sum += other.rating_sum;
        self.trend = add_levels(self.trend, other.trend);
    }
}

/// Two items that users looked at together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemPair {
    /// Key of one item.
    pub asin: String,
    /// Key of the other.
    pub other: String,
    /// How often.
    pub count: u64,
    /// Level of that, faded; negative infinity for never.
    pub trend: f64,
}

impl Default for ItemPair {
    fn default() -> Self {
        Self { asin: String::new(), other: String::new(), count: 0, trend: NOTHING }
    }
}

/// Why no store could add these, however often it is tried.
pub(crate) fn fault(activity: &[ItemActivity], pairs: &[ItemPair]) -> Option<String> {
    let is_level = |level: f64| level < f64::INFINITY;
    if let Some(odd) = activity.iter().find(|item| !item.rating_sum.is_finite() || !is_level(item.trend)) {
        let ItemActivity { asin, rating_sum, trend, .. } = odd;
        return Some(format!(
            "the activity of `{asin}` has the sum of ratings {rating_sum} and the level {trend}; both must be numbers"
        ));
    }
    let odd = pairs.iter().find(|pair| pair.asin == pair.other || !is_level(pair.trend))?;
    let ItemPair { asin, other, trend, .. } = odd;
    Some(format!("the pair `{asin}`, `{other}` has the level {trend}; it must be a number, and the items two"))
}

/// Increments of one item as one.
pub(crate) fn by_item(increments: &[ItemActivity]) -> BTreeMap<&str, ItemActivity> {
    let mut items: BTreeMap<&str, ItemActivity> = BTreeMap::new();
    for increment in increments {
        items.entry(&increment.asin).or_insert_with(|| ItemActivity::new(&increment.asin)).add(increment);
    }
    items
}

/// What all partitions have of one item, in the order of the partitions.
pub(crate) fn total(asin: &str, rows: impl IntoIterator<Item = ItemActivity>) -> ItemActivity {
    let mut total = ItemActivity::new(asin);
    rows.into_iter().for_each(|row| total.add(&row));
    total
}

/// The search for the items of highest level, where each partition has a row of its own for an item.
///
/// The highest rows are read first. An item of which none is among them has at most as many rows as there
/// are partitions, each not above the last one read; so once enough items are above the sum of these, no
/// other can be among the best.
pub(crate) struct Trending {
    limit: usize,
    partitions: f64,
    /// How many of the highest rows to read next.
    pub rows: usize,
}

impl Trending {
    /// Partitions: as many as ever were applied.
    pub(crate) fn new(limit: u64, partitions: usize) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(1 << 20);
        Self { limit, partitions: partitions.max(1) as f64, rows: limit.saturating_mul(4).max(64) }
    }

    /// The best, if they are certain after `read` rows of which the last has the level `lowest`; else more
    /// rows are wanted.
    pub(crate) fn settled(
        &mut self,
        mut totals: Vec<(String, f64)>,
        read: usize,
        lowest: f64,
    ) -> Option<Vec<(String, f64)>> {
        totals.retain(|(_, level)| *level > NOTHING);
        totals.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let bound = lowest + self.partitions.log2() + ROUNDING;
        let is_certain = read < self.rows
            || lowest == NOTHING
            || self.limit.checked_sub(1).is_none_or(|last| totals.get(last).is_some_and(|(_, level)| *level > bound));
        self.rows = self.rows.saturating_mul(4);
        totals.truncate(self.limit);
        is_certain.then_some(totals)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-01-01 and some days after it.
    const NOW_MS: i64 = 1_767_225_600_000;
    const DAY_MS: i64 = 86_400_000;

    fn close(one: f64, other: f64) -> bool {
        one.to_bits() == other.to_bits() || (one - other).abs() <= 1e-9
    }

    #[test]
    fn a_weight_halves_in_two_days_and_levels_add_up() {
        let one = level(3.0, NOW_MS);
        assert!(close(weight_at(one, NOW_MS), 3.0));
        assert!(close(weight_at(one, NOW_MS + 2 * DAY_MS), 1.5));
        // 8 four days ago are 2 today, and 3 more make 5.
        let both = add_levels(one, level(8.0, NOW_MS - 4 * DAY_MS));
        assert!(close(weight_at(both, NOW_MS), 5.0), "{}", weight_at(both, NOW_MS));
        assert!(level(0.0, NOW_MS) == NOTHING && add_levels(NOTHING, NOTHING) == NOTHING);
        assert_eq!(add_levels(NOTHING, one).to_bits(), one.to_bits());
        assert!(close(weight_at(NOTHING, NOW_MS), 0.0));
    }

    #[test]
    fn levels_of_far_times_do_not_overflow() {
        let (first, last) = (level(1.0, 0), level(1.0, 253_402_300_799_999));
        assert_eq!(add_levels(first, last).to_bits(), last.to_bits());
        assert!(last.is_finite() && close(weight_at(first, 253_402_300_799_999), 0.0));
    }

    fn event() -> impl Strategy<Value = ItemActivity> {
        (0..3_u8, 0..4_u8, 1..=10_u8, 0..40 * DAY_MS).prop_map(|(item, kind, half_stars, before)| {
            let rating = f64::from(half_stars) / 2.0;
            let (weight, rated) = if kind == 3 { ((rating - 2.0).max(0.0), 1) } else { (f64::from(kind) + 1.0, 0) };
            ItemActivity {
                asin: format!("item {item}"),
                views: u64::from(kind == 0),
                carts: u64::from(kind == 1),
                purchases: u64::from(kind == 2),
                ratings: rated,
                rating_sum: if rated == 1 { rating } else { 0.0 },
                trend: level(weight, NOW_MS - before),
            }
        })
    }

    proptest! {
        #[test]
        fn any_order_and_grouping_gives_the_same(
            events in prop::collection::vec(event(), 1..200),
            order in any::<prop::sample::Index>(),
            size in 1..30_usize,
        ) {
            let at_once = by_item(&events);
            let mut turned = events.clone();
            turned.rotate_left(order.index(events.len()));
            turned.reverse();
            let groups: Vec<ItemActivity> =
                turned.chunks(size).flat_map(|part| by_item(part).into_values().collect::<Vec<_>>()).collect();
            let in_groups = by_item(&groups);
            prop_assert_eq!(at_once.len(), in_groups.len());
            for (one, other) in at_once.values().zip(in_groups.values()) {
                let counts = |item: &ItemActivity| (item.views, item.carts, item.purchases, item.ratings);
                prop_assert_eq!(counts(one), counts(other));
                prop_assert!(close(one.rating_sum, other.rating_sum));
                prop_assert!(close(one.trend, other.trend), "{} {}", one.trend, other.trend);
            }
        }

        #[test]
        fn the_best_are_found_among_few_rows(
            rows in prop::collection::vec((0..300_u16, 0..8_u32, 0.0..20.0_f64), 0..1_500),
            limit in 0..20_u64,
        ) {
            let rows: BTreeMap<(u16, u32), f64> = rows.into_iter().map(|(item, part, level)| ((item, part), level)).collect();
            let sum = |item: u16| {
                let of_item = rows.range((item, 0)..=(item, u32::MAX));
                (format!("{item:03}"), of_item.fold(NOTHING, |sum, (_, level)| add_levels(sum, *level)))
            };
            let mut all: Vec<_> = (0..300).map(sum).filter(|(_, level)| *level > NOTHING).collect();
            all.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            all.truncate(limit as usize);
            let mut highest: Vec<_> = rows.iter().map(|((item, _), level)| (*level, *item)).collect();
            highest.sort_by(|a, b| b.0.total_cmp(&a.0));
            let mut search = Trending { rows: 4, ..Trending::new(limit, 8) };
            let found = loop {
                let read = &highest[..search.rows.min(highest.len())];
                let mut items: Vec<u16> = read.iter().map(|(_, item)| *item).collect();
                items.sort_unstable();
                items.dedup();
                let lowest = read.last().map_or(NOTHING, |(level, _)| *level);
                if let Some(found) = search.settled(items.into_iter().map(sum).collect(), read.len(), lowest) {
                    break found;
                }
            };
            prop_assert_eq!(found, all);
        }
    }
}
