//! The one place where an event comes in, from a form or the API, and what is made of it.
//!
//! Checked as a whole, then handed to the bus: a faulty batch changes nothing. The answer comes when the
//! bus has the events safe; a live worker applies them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};

use rocket::http::Status;
use serde::Serialize;
use storage::{EventRecord, Preferences, UserPreferences};
use streaming::{Event, EventKind, Message, Place, Received, Wishes};

use crate::api::stream;
use crate::failure::{Detail, Failure};
use crate::metrics::now_ms;
use crate::preferences;
use crate::products::Described;
use crate::site::Site;

/// Most events in one batch.
pub(crate) const BATCH: usize = 1_000;
/// Most faults that are told of one batch.
const FAULTS: usize = 20;

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Receipt {
    /// New events; the bus has them safe.
    pub accepted: usize,
    /// Events whose id was there already; they changed nothing.
    pub duplicates: usize,
    /// Where the newest one of each partition lies, in the words of [`stream::place_name`]: a list of that place
    /// or a later one in the partition knows of the event.
    pub places: Vec<String>,
}

/// Events that the bus has safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// What the sender gets to know.
    pub receipt: Receipt,
    /// Where the new ones lie.
    places: Vec<Place>,
}

impl Accepted {
    /// Waits until what this user did shows in what is read from the store; not for ever.
    pub async fn shown(&self, site: &Site, user: &str) {
        if let Some(place) = self.places.last() {
            site.shown(user, *place).await;
        }
    }
}

/// Sends a user's new preferences, which have been checked, and waits until they show.
pub(crate) async fn wish(site: &Site, user: &str, preferences: &Preferences) -> Result<(), Failure> {
    let Preferences { categories, brands, price_min, price_max, excluded_items } = preferences.clone();
    let wishes = Wishes { categories, brands, price_min, price_max, excluded_items };
    let event = Event { preferences: Some(wishes), ..Event::new(user, "", EventKind::Preferences) };
    accept(site, vec![event]).await?.shown(site, user).await;
    Ok(())
}

fn preferences_of(wishes: Wishes) -> Result<Preferences, Failure> {
    let Wishes { categories, brands, price_min, price_max, excluded_items } = wishes;
    preferences::checked(Preferences { categories, brands, price_min, price_max, excluded_items })
}

/// Checks events and sends them; all or, if any is faulty, none. Those with a known id are not sent again.
pub(crate) async fn accept(site: &Site, events: Vec<Event>) -> Result<Accepted, Failure> {
    let faults = check(site, &events).await?;
    if !faults.is_empty() {
        return Err(rejected(faults));
    }
    let ids: Vec<String> = events.iter().filter_map(|event| event.event_id.clone()).collect();
    let mut known = if ids.is_empty() { BTreeSet::new() } else { site.store.known_events(&ids).await? };
    let count = events.len();
    let is_new = |event: &Event| event.event_id.as_ref().is_none_or(|id| known.insert(id.clone()));
    let messages: Vec<Message> = events.into_iter().filter(is_new).map(message).collect();
    let accepted = messages.len();
    if !site.is_live() {
        return Err(Failure::no_bus());
    }
    let places = site.bus.send(&site.topics.events, messages).await?;
    site.metrics.accepted.add(accepted);
    let receipt = Receipt { accepted, duplicates: count - accepted, places: newest(&places) };
    Ok(Accepted { receipt, places })
}

/// The last place in each partition.
fn newest(places: &[Place]) -> Vec<String> {
    let last: BTreeMap<u32, u64> = places.iter().map(|place| (place.partition, place.offset)).collect();
    last.into_iter().map(|(partition, offset)| stream::place_name(partition, offset)).collect()
}

/// An event as it goes over the bus: with an id and a time, so that whoever reads it again finds the same.
fn message(mut event: Event) -> Message {
    event.event_id.get_or_insert_with(unique_id);
    event.time_ms.get_or_insert_with(now_ms);
    let payload = serde_json::to_vec(&event).expect("an event is made of texts and finite numbers");
    Message { key: event.user, payload }
}

/// What a message of the bus says.
pub(crate) enum Deed {
    /// Something was done with an item.
    Done(EventRecord),
    /// Other preferences.
    Wished(UserPreferences),
    /// Somebody tells of a product.
    Described(String, Described),
}

impl Deed {
    /// Whose deed it is.
    pub fn user(self) -> String {
        match self {
            Self::Done(record) => record.user,
            Self::Wished(wished) => wished.user,
            Self::Described(user, _) => user,
        }
    }
}

/// What a message of the bus holds, checked like an event of the API, or why it cannot be taken.
pub(crate) fn parse(message: &Received) -> Result<Deed, String> {
    let mut event: Event = serde_json::from_slice(&message.payload).map_err(|error| error.to_string())?;
    event.check().map_err(|fault| fault.to_string())?;
    if let Some(wishes) = event.preferences.take() {
        let preferences = preferences_of(wishes).map_err(|failure| failure.message)?;
        return Ok(Deed::Wished(UserPreferences { user: event.user, preferences }));
    }
    if let Some(details) = event.product.take() {
        return Ok(Deed::Described(event.user, Described { asin: event.item, details }));
    }
    let id = format!("event-{}-{}", message.place.partition, message.place.offset);
    Ok(Deed::Done(record(event, id, message.time_ms)))
}

async fn check(site: &Site, events: &[Event]) -> Result<Vec<Detail>, Failure> {
    let live = site.live().await.ok();
    let is_known = |item: &str| live.as_ref().is_some_and(|live| live.index(item).is_some());
    let items: HashSet<&str> = events.iter().map(|event| event.item.as_str()).filter(|item| !is_known(item)).collect();
    let items: Vec<String> = items.into_iter().map(str::to_owned).collect();
    let found = if items.is_empty() { Vec::new() } else { site.store.products(&items).await? };
    let mut known: HashSet<String> = found.into_iter().map(|product| product.asin).collect();
    // A product may come in one batch with what is done with it.
    let described = events.iter().filter(|event| event.kind == EventKind::Product);
    known.extend(described.map(|event| event.item.clone()));
    let faults = events.iter().enumerate().filter_map(|(index, event)| match event.check() {
        Err(fault) => Some(Detail { index, field: fault.field.to_owned(), message: fault.to_string() }),
        Ok(()) if event.kind == EventKind::Preferences => {
            let failure = preferences_of(event.preferences.clone().unwrap_or_default()).err()?;
            Some(Detail { index, field: failure.field.unwrap_or_default(), message: failure.message })
        }
        Ok(()) if !is_known(&event.item) && !known.contains(&event.item) => {
            let message = format!("no product has the key `{}`", event.item);
            Some(Detail { index, field: "item".to_owned(), message })
        }
        Ok(()) => None,
    });
    Ok(faults.collect())
}

/// The failure that names the first faults; `faults` must not be empty.
pub(crate) fn rejected(mut faults: Vec<Detail>) -> Failure {
    let count = faults.len();
    faults.truncate(FAULTS);
    let first = faults.first();
    Failure {
        status: Status::UnprocessableEntity,
        code: "invalid_event",
        message: format!(
            "No event was taken, {count} are faulty. Event {}: {}.",
            first.map_or(0, |fault| fault.index),
            first.map_or("", |fault| fault.message.as_str()),
        ),
        field: first.map(|fault| fault.field.clone()),
        details: faults,
    }
}

/// `id` and `time_ms` are for an event without: the same however often it is read.
fn record(event: Event, id: String, time_ms: i64) -> EventRecord {
    let weight = event.weight();
    EventRecord {
        id: event.event_id.unwrap_or(id),
        user: event.user,
        asin: event.item,
        kind: kind_name(event.kind).to_owned(),
        weight,
        time_ms: event.time_ms.unwrap_or(time_ms),
    }
}

fn kind_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::View => "view",
        EventKind::Cart => "cart",
        EventKind::Purchase => "purchase",
        EventKind::Rating => "rating",
        EventKind::Preferences => "preferences",
        EventKind::Product => "product",
    }
}

/// A name that no other event or guest has: 128 bits from the system's randomness.
pub(crate) fn unique_id() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ() {
        let ids: HashSet<String> = (0..1_000).map(|_| unique_id()).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().all(|id| id.len() == 32));
    }
}
