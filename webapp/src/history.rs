//! What a user did, from reviews and live events together.

use std::collections::{BTreeMap, HashMap, HashSet};

use recommender::{Interaction, Scored};
use serde::{Deserialize, Serialize};
use storage::{EventRecord, Review};

use crate::live::LiveModel;
use crate::strangers::StandIns;

/// How many reviews and how many events of a user count: the newest.
pub(crate) const HISTORY: u64 = 500;

/// What was done with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// Its page was opened.
    Viewed,
    /// It was put into the cart.
    AddedToCart,
    /// It was bought.
    Bought,
    /// It was rated or reviewed.
    Rated,
}

impl Action {
    fn of(kind: &str) -> Self {
        match kind {
            "rating" => Self::Rated,
            "purchase" => Self::Bought,
            "cart" => Self::AddedToCart,
            _ => Self::Viewed,
        }
    }

    /// In a sentence after "you".
    pub fn verb(self) -> &'static str {
        match self {
            Self::Viewed => "viewed",
            Self::AddedToCart => "put in your cart",
            Self::Bought => "bought",
            Self::Rated => "rated",
        }
    }
}

/// What a user did with one item last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Item key.
    pub asin: String,
    /// What was done.
    pub action: Action,
    /// Strength in the units of ratings, 1 to 5.
    pub weight: f32,
    /// Unix milliseconds, UTC.
    pub time_ms: i64,
}

/// One entry an item, newest first.
///
/// Of several things done with an item the last one counts, but a view never hides anything else:
/// looking at a thing again does not undo its purchase.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    /// Newest first; of the same time the last asin first, as in the histories that lists are published from.
    pub entries: Vec<Entry>,
}

/// A history as a model understands it.
#[derive(Default)]
pub(crate) struct Told {
    /// Known items only, each once, oldest first. Where the user did something with an item that the model
    /// does not know, its stand-ins, weaker by how little they are like it.
    pub interactions: Vec<Interaction>,
    /// For which item each of them stands in.
    strangers: HashMap<u32, String>,
}

impl Told {
    /// The item of the user's own history that an item of the interactions is there for.
    pub fn key<'a>(&'a self, live: &'a LiveModel, item: u32) -> &'a str {
        self.strangers.get(&item).map_or_else(|| live.key(item), String::as_str)
    }
}

impl Entry {
    /// From a review.
    pub fn reviewed(review: &Review) -> Self {
        Self {
            asin: review.asin.clone(),
            action: Action::Rated,
            weight: review.rating,
            time_ms: review.time.saturating_mul(1000),
        }
    }

    /// From an event.
    pub fn done(event: &EventRecord) -> Self {
        Self { asin: event.asin.clone(), action: Action::of(&event.kind), weight: event.weight, time_ms: event.time_ms }
    }
}

impl History {
    /// Of entries in any order; of two of one item at one time the later one given counts.
    pub fn of(entries: impl Iterator<Item = Entry>) -> Self {
        let mut last: BTreeMap<String, Entry> = BTreeMap::new();
        for entry in entries {
            let rank = |entry: &Entry| (entry.action != Action::Viewed, entry.time_ms);
            match last.get(&entry.asin) {
                Some(other) if rank(other) > rank(&entry) => {}
                _ => drop(last.insert(entry.asin.clone(), entry)),
            }
        }
        let mut entries: Vec<Entry> = last.into_values().collect();
        entries.sort_by_key(|entry| entry.time_ms);
        entries.reverse();
        Self { entries }
    }

    /// What was done with an item.
    pub fn action(&self, asin: &str) -> Option<Action> {
        self.entries.iter().find(|entry| entry.asin == asin).map(|entry| entry.action)
    }

    /// The history in the words of a model.
    pub fn told(&self, live: &LiveModel, stand_ins: &StandIns) -> Told {
        self.told_with(|asin| live.index(asin), stand_ins)
    }

    fn told_with(&self, index: impl Fn(&str) -> Option<u32>, stand_ins: &StandIns) -> Told {
        let mut told = Told::default();
        let mut taken: HashSet<u32> = self.entries.iter().filter_map(|entry| index(&entry.asin)).collect();
        // From the newest, so that an item stands in for the newest stranger.
        for Entry { asin, weight, time_ms, .. } in &self.entries {
            let time = Interaction::time_of(time_ms.div_euclid(1000));
            if let Some(item) = index(asin) {
                told.interactions.push(Interaction { item, weight: *weight, time });
                continue;
            }
            for Scored { item, score } in stand_ins.get(asin) {
                if taken.insert(*item) {
                    told.interactions.push(Interaction { item: *item, weight: weight * score, time });
                    told.strangers.insert(*item, asin.clone());
                }
            }
        }
        told.interactions.reverse();
        told
    }

    /// Keys of the items that need no recommendation any more: rated, bought, or in the cart. What
    /// was only viewed may come again: a look is interest, not possession.
    pub fn settled(&self) -> HashSet<&str> {
        self.entries.iter().filter(|entry| entry.action != Action::Viewed).map(|entry| entry.asin.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(asin: &str, kind: &str, time_ms: i64) -> EventRecord {
        EventRecord {
            id: format!("{asin}{kind}{time_ms}"),
            user: "u".into(),
            asin: asin.into(),
            kind: kind.into(),
            weight: 3.0,
            time_ms,
        }
    }

    fn history(events: &[EventRecord]) -> History {
        History::of(events.iter().map(Entry::done))
    }

    #[test]
    fn a_later_view_does_not_hide_a_purchase() {
        let history = history(&[event("a", "view", 9), event("a", "purchase", 5), event("b", "view", 7)]);
        let seen: Vec<_> = history.entries.iter().map(|entry| (entry.asin.as_str(), entry.action)).collect();
        assert_eq!(seen, [("b", Action::Viewed), ("a", Action::Bought)]);
        assert_eq!(history.settled(), HashSet::from(["a"]));
    }

    #[test]
    fn known_items_stand_in_for_a_stranger_but_not_for_what_was_done_itself() {
        let history = history(&[event("a", "view", 1_000), event("new", "purchase", 3_000), event("b", "cart", 2_000)]);
        let index = |asin: &str| ["a", "b", "c", "d"].iter().position(|key| *key == asin).map(|item| item as u32);
        let told = history.told_with(index, &StandIns::for_test("new", &[(1, 0.9), (2, 0.5), (3, 0.25)]));
        let rows: Vec<_> = told.interactions.iter().map(|row| (row.item, row.weight)).collect();
        // Oldest first; b was put into the cart itself. 3 * 0.25 and 3 * 0.5.
        assert_eq!(rows, [(0, 3.0), (1, 3.0), (3, 0.75), (2, 1.5)]);
        assert_eq!(told.strangers, HashMap::from([(2, "new".to_owned()), (3, "new".to_owned())]));
        let none = history.told_with(index, &StandIns::default());
        assert_eq!(none.interactions.len(), 2);
    }

    #[test]
    fn the_last_rating_of_an_item_counts_whether_review_or_event() {
        let review = Review { asin: "a".into(), user: "u".into(), time: 2, rating: 1.0, ..Review::default() };
        let later = EventRecord { weight: 5.0, ..event("a", "rating", 3_000) };
        let history = History::of([Entry::reviewed(&review), Entry::done(&later)].into_iter());
        assert_eq!(history.entries.len(), 1);
        assert_eq!((history.entries[0].weight, history.entries[0].time_ms), (5.0, 3_000));
    }
}
