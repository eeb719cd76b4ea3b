//! Everything known of one user: what a list is made from.

use std::collections::BTreeSet;

use rocket::futures::future::try_join3;
use storage::{EventRecord, Preferences, Store};

use crate::history::{Entry, HISTORY, History};
use crate::live::LiveModel;
use crate::strangers::MOST_OF_USER;

/// What a user reviewed, did and wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    /// From the newest reviews, newest first.
    reviewed: Vec<Entry>,
    /// The newest events, newest first, ties by id.
    events: Vec<Done>,
    /// What the user wants.
    pub preferences: Preferences,
}

/// An event as it is remembered: of its kind no more than [`Entry`] tells, and the user is known.
#[derive(Clone, Debug, PartialEq)]
struct Done {
    id: Box<str>,
    entry: Entry,
}

impl Done {
    fn new(event: &EventRecord) -> Self {
        Self { id: event.id.as_str().into(), entry: Entry::done(event) }
    }
}

impl Known {
    /// What the store has.
    pub async fn load(store: &dyn Store, user: &str) -> Result<Self, storage::Error> {
        let (reviews, events, preferences) = try_join3(
            store.reviews_of_user(user, HISTORY),
            store.events_of_user(user, HISTORY),
            store.preferences(user),
        )
        .await?;
        let reviewed = reviews.iter().map(Entry::reviewed).collect();
        let events = events.iter().map(Done::new).collect();
        Ok(Self { reviewed, events, preferences: preferences.unwrap_or_default() })
    }

    /// Takes in what the store does not have yet, and leaves what the store would then give.
    pub fn learn(&mut self, events: &[EventRecord], preferences: Option<&Preferences>) {
        self.events.extend(events.iter().map(Done::new));
        let order = |a: &Done, b: &Done| b.entry.time_ms.cmp(&a.entry.time_ms).then_with(|| a.id.cmp(&b.id));
        self.events.sort_by(order);
        self.events.truncate(HISTORY as usize);
        if let Some(preferences) = preferences {
            self.preferences = preferences.clone();
        }
    }

    /// Whether nothing has come from the user but reviews.
    pub fn is_untouched(&self) -> bool {
        self.events.is_empty() && self.preferences == Preferences::default()
    }

    /// Reviews and events as one.
    pub fn history(&self) -> History {
        History::of(self.reviewed.iter().cloned().chain(self.done().cloned()))
    }

    /// What the newest events did, newest first.
    pub fn done(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.events.iter().map(|event| &event.entry)
    }

    /// The newest items that the model does not know.
    pub fn strangers<'a>(&'a self, live: &LiveModel) -> BTreeSet<&'a str> {
        let mut strangers = BTreeSet::new();
        for Entry { asin, .. } in self.done().chain(&self.reviewed) {
            if strangers.len() == MOST_OF_USER {
                break;
            }
            if live.index(asin).is_none() {
                strangers.insert(asin.as_str());
            }
        }
        strangers
    }

    /// How much there is to keep in memory, in entries.
    pub fn size(&self) -> usize {
        1 + self.reviewed.len() + self.events.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, time_ms: i64) -> EventRecord {
        let (id, user, asin, kind) = (id.to_owned(), "u".to_owned(), id.to_owned(), "view".to_owned());
        EventRecord { id, user, asin, kind, weight: 3.0, time_ms }
    }

    #[test]
    fn what_is_learnt_stands_as_the_store_would_give_it() {
        let mut known = Known::default();
        known.learn(&[event("b", 5), event("c", 9)], None);
        assert!(!known.is_untouched());
        known.learn(&[event("a", 5), event("d", 7)], None);
        let ids: Vec<&str> = known.events.iter().map(|event| &*event.id).collect();
        assert_eq!(ids, ["c", "d", "a", "b"]);
        let many: Vec<EventRecord> = (0..600).map(|time| event(&format!("n{time}"), time)).collect();
        known.learn(&many, None);
        assert_eq!((known.events.len(), known.events[0].entry.time_ms), (500, 599));
        assert_eq!(known.size(), 501);
    }

    #[test]
    fn new_preferences_take_the_place_of_the_old() {
        let mut known = Known::default();
        let wishes = Preferences { brands: vec!["Acme".into()], ..Preferences::default() };
        known.learn(&[], Some(&wishes));
        assert_eq!(known.preferences, wishes);
        known.learn(&[], None);
        assert!(!known.is_untouched());
    }
}
