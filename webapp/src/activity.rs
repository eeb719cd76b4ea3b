//! What a batch of events teaches about items: counts, what is trending, what is looked at together.

use std::collections::BTreeMap;

use storage::{EventRecord, ItemActivity, ItemPair, add_levels, level};

use crate::history::Entry;

/// How long items count as looked at together, in milliseconds: a visit to a shop.
const TOGETHER_MS: u64 = 30 * 60_000;
/// Items before it that an event is paired with, at most.
const PARTNERS: usize = 3;

/// Increments of items and pairs.
#[derive(Default)]
pub(crate) struct Gains {
    items: BTreeMap<String, ItemActivity>,
    pairs: BTreeMap<(String, String), ItemPair>,
}

impl Gains {
    /// Adds a user's new events, given what the user did before (newest first) and the time now: an event
    /// from the future must not trend until then.
    pub fn add<'a>(&mut self, before: impl Iterator<Item = &'a Entry> + Clone, new: &'a [EventRecord], now_ms: i64) {
        let before = before.map(|entry| (entry.asin.as_str(), entry.time_ms));
        for (place, event) in new.iter().enumerate() {
            let time_ms = event.time_ms.min(now_ms);
            self.item(event, time_ms);
            let earlier = new[..place].iter().rev().map(|event| (event.asin.as_str(), event.time_ms));
            let earlier = earlier.chain(before.clone());
            for partner in partners(event, earlier) {
                self.pair(&event.asin, partner, time_ms);
            }
        }
    }

    /// Items and pairs, each once.
    pub fn into_parts(self) -> (Vec<ItemActivity>, Vec<ItemPair>) {
        (self.items.into_values().collect(), self.pairs.into_values().collect())
    }

    fn item(&mut self, event: &EventRecord, time_ms: i64) {
        let item = self.items.entry(event.asin.clone()).or_insert_with(|| ItemActivity::new(&event.asin));
        match event.kind.as_str() {
            "cart" => item.carts += 1,
            "purchase" => item.purchases += 1,
            "rating" => {
                item.ratings += 1;
                item.rating_sum += f64::from(event.weight);
            }
            _ => item.views += 1,
        }
        item.trend = add_levels(item.trend, level(weight(event), time_ms));
    }

    fn pair(&mut self, one: &str, other: &str, time_ms: i64) {
        let (first, second) = if one < other { (one, other) } else { (other, one) };
        let new = || ItemPair { asin: first.to_owned(), other: second.to_owned(), ..ItemPair::default() };
        let pair = self.pairs.entry((first.to_owned(), second.to_owned())).or_insert_with(new);
        pair.count += 1;
        pair.trend = add_levels(pair.trend, level(1.0, time_ms));
    }
}

/// How much an event makes an item trend: the more it costs the user, the more it says. A rating of 2 or
/// less says that something is wrong with the item, not that it is wanted, and counts nothing; one of 5 as
/// much as a cart.
fn weight(event: &EventRecord) -> f64 {
    match event.kind.as_str() {
        "cart" => 3.0,
        "purchase" => 5.0,
        "rating" => (f64::from(event.weight) - 2.0).max(0.0),
        _ => 1.0,
    }
}

/// The other items last done something with in the same visit; none if this one was among them already:
/// then it was paired with them, and a page that is loaded again must not count again.
fn partners<'a>(event: &EventRecord, earlier: impl Iterator<Item = (&'a str, i64)>) -> Vec<&'a str> {
    let mut partners = Vec::new();
    for (other, _) in earlier.filter(|(_, time_ms)| time_ms.abs_diff(event.time_ms) <= TOGETHER_MS) {
        if other == event.asin {
            return Vec::new();
        }
        if partners.len() < PARTNERS && !partners.contains(&other) {
            partners.push(other);
        }
    }
    partners
}

#[cfg(test)]
mod tests {
    use storage::weight_at;

    use super::*;

    const NOW_MS: i64 = 1_767_225_600_000;
    const MINUTE_MS: i64 = 60_000;

    fn event(asin: &str, kind: &str, weight: f32, time_ms: i64) -> EventRecord {
        let (id, user) = (format!("{asin}{kind}{time_ms}"), "u".to_owned());
        EventRecord { id, user, asin: asin.into(), kind: kind.into(), weight, time_ms }
    }

    fn view(asin: &str, minutes_ago: i64) -> EventRecord {
        event(asin, "view", 3.0, NOW_MS - minutes_ago * MINUTE_MS)
    }

    fn gains(before: &[EventRecord], new: &[EventRecord]) -> (Vec<ItemActivity>, Vec<ItemPair>) {
        let mut gains = Gains::default();
        let before: Vec<Entry> = before.iter().map(Entry::done).collect();
        gains.add(before.iter(), new, NOW_MS);
        gains.into_parts()
    }

    fn pairs(before: &[EventRecord], new: &[EventRecord]) -> Vec<(String, u64)> {
        let pairs = gains(before, new).1.into_iter();
        pairs.map(|pair| (format!("{}-{}", pair.asin, pair.other), pair.count)).collect()
    }

    #[test]
    fn each_kind_is_counted_and_weighs_what_it_says() {
        let kinds = [("view", 3.0), ("cart", 4.0), ("purchase", 5.0), ("rating", 4.5), ("rating", 1.0)];
        let events = kinds.map(|(kind, weight)| event("a", kind, weight, NOW_MS));
        let (items, pairs) = gains(&[], &events);
        let ItemActivity { views, carts, purchases, ratings, rating_sum, trend, .. } = items[0];
        assert_eq!((items.len(), pairs.len(), views, carts, purchases, ratings), (1, 0, 1, 1, 1, 2));
        assert!((rating_sum - 5.5).abs() < 1e-12);
        // 1 + 3 + 5 + 2.5 + 0
        assert!((weight_at(trend, NOW_MS) - 11.5).abs() < 1e-9);
    }

    #[test]
    fn an_event_from_the_future_counts_as_one_of_now() {
        let (items, _) = gains(&[], &[event("a", "view", 3.0, NOW_MS + 1_000_000_000_000)]);
        assert!((weight_at(items[0].trend, NOW_MS) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn an_item_is_paired_with_the_three_before_it_in_the_same_visit() {
        let before = [view("e", 1), view("d", 2), view("e", 3), view("c", 4), view("b", 5), view("old", 31)];
        let found = pairs(&before, &[view("a", 0)]);
        assert_eq!(found, [("a-c".to_owned(), 1), ("a-d".to_owned(), 1), ("a-e".to_owned(), 1)]);
        assert_eq!(pairs(&before[5..], &[view("a", 0)]), []);
        // Half an hour is together, and a little more is not; also for what comes late.
        assert_eq!(pairs(&[view("b", 30)], &[view("a", 0)]).len(), 1);
        assert_eq!(pairs(&[view("b", 0)], &[view("a", 30)]).len(), 1);
        assert_eq!(pairs(&[view("b", 0)], &[view("a", 31)]), []);
    }

    #[test]
    fn events_of_one_batch_are_paired_and_a_page_loaded_again_is_not() {
        let found = pairs(&[], &[view("b", 3), view("a", 2), view("a", 1), view("b", 0)]);
        assert_eq!(found, [("a-b".to_owned(), 1)]);
        // The next day is another visit.
        let found = pairs(&[view("a", 1_500), view("b", 1_501)], &[view("b", 1), view("a", 0)]);
        assert_eq!(found, [("a-b".to_owned(), 1)]);
    }
}
