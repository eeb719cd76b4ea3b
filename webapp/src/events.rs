//! The one place where an event comes in, from a form or the API.
//!
//! Checked as a whole, then kept: a faulty batch changes nothing. The bus will stand between the
//! check and the store here.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use rocket::http::Status;
use serde::Serialize;
use storage::{EventRecord, Store};
use streaming::{Event, EventKind};

use crate::failure::{Detail, Failure};

/// Most events in one batch.
pub(crate) const BATCH: usize = 1_000;
/// Most faults that are told of one batch.
const FAULTS: usize = 20;

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Receipt {
    /// New events, kept.
    pub accepted: usize,
    /// Events whose id was there already; they changed nothing.
    pub duplicates: usize,
}

/// Checks events and keeps them; all or, if any is faulty, none.
pub(crate) async fn accept(store: &dyn Store, events: Vec<Event>) -> Result<Receipt, Failure> {
    let faults = check(store, &events).await?;
    if !faults.is_empty() {
        return Err(rejected(faults));
    }
    let mut receipt = Receipt::default();
    for event in events {
        if store.put_event(&record(event)).await? {
            receipt.accepted += 1;
        } else {
            receipt.duplicates += 1;
        }
    }
    Ok(receipt)
}

async fn check(store: &dyn Store, events: &[Event]) -> Result<Vec<Detail>, Failure> {
    let items: HashSet<&str> = events.iter().map(|event| event.item.as_str()).collect();
    let items: Vec<String> = items.into_iter().map(str::to_owned).collect();
    let known: HashSet<String> = store.products(&items).await?.into_iter().map(|product| product.asin).collect();
    let faults = events.iter().enumerate().filter_map(|(index, event)| match event.check() {
        Err(fault) => Some(Detail { index, field: fault.field.to_owned(), message: fault.to_string() }),
        Ok(()) if !known.contains(&event.item) => {
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

fn record(event: Event) -> EventRecord {
    let weight = event.weight();
    EventRecord {
        id: event.event_id.unwrap_or_else(unique_id),
        user: event.user,
        asin: event.item,
        kind: kind_name(event.kind).to_owned(),
        weight,
        time_ms: event.time_ms.unwrap_or_else(now_ms),
    }
}

fn kind_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::View => "view",
        EventKind::Cart => "cart",
        EventKind::Purchase => "purchase",
        EventKind::Rating => "rating",
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
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
