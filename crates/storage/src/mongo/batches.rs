//! Applying what a log brought, each batch in one transaction.
//!
//! The offset is moved first: then of two workers at one partition the later meets a conflict at
//! once, and the driver begins its transaction anew, which finds the offset moved. Event ids that are
//! there are left out before the insert, as a refused document would end the transaction.

use std::collections::BTreeSet;

use ::mongodb::{
    ClientSession,
    bson::{Document, doc},
    error::{Error, ErrorKind, Result},
    options::{ReadPreference, SelectionCriteria},
};
use futures::{FutureExt, TryStreamExt};

use super::{
    Mongo, activity,
    catalogue::count,
    documents::{EventDocument, LiveListDocument, OffsetDocument, OffsetKey, PreferencesDocument},
    write::{chunks, replace_within},
};
use crate::LiveBatch;

/// The server's code for a transaction where none is possible.
const ILLEGAL_OPERATION: i32 = 20;

pub(super) async fn apply(store: &Mongo, batch: &LiveBatch) -> Result<bool> {
    if let Some(fault) = batch.fault() {
        return Err(Error::custom(fault));
    }
    let mut session = store.database.client().start_session().await?;
    // The only member with transactions, whatever the URL prefers for reads.
    let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
    let transaction = session.start_transaction().selection_criteria(primary);
    let applied = transaction.and_run((store, batch), |session, &mut (store, batch)| {
        async move { apply_within(store, session, batch).await }.boxed()
    });
    applied.await.map_err(explained)
}

/// The error, but for that of a server without transactions, of which the driver speaks as of another fault.
fn explained(error: Error) -> Error {
    match error.kind.as_ref() {
        ErrorKind::Command(refusal) if refusal.code == ILLEGAL_OPERATION => Error::custom(
            "the server has no transactions, as it is no member of a replica set; \
             start it with --replSet, even alone, and initiate the set"
                .to_owned(),
        ),
        _ => error,
    }
}

/// All that a batch changes; all errors must reach the driver, which knows which of them pass.
async fn apply_within(store: &Mongo, session: &mut ClientSession, batch: &LiveBatch) -> Result<bool> {
    if !go_on(store, session, batch).await? {
        return Ok(false);
    }
    keep_events(store, session, batch).await?;
    let preferences = batch.preferences.iter();
    let preferences = preferences.map(|set| PreferencesDocument { user: &set.user, preferences: &set.preferences });
    replace_within(store, session, "preferences", preferences).await?;
    replace_within(store, session, "live_lists", batch.lists.iter().map(LiveListDocument::from)).await?;
    activity::add_within(store, session, batch).await?;
    Ok(true)
}

/// Moves the kept offset to the end of the batch, unless it is beyond the start.
async fn go_on(store: &Mongo, session: &mut ClientSession, batch: &LiveBatch) -> Result<bool> {
    let LiveBatch { log, partition, from, next, .. } = batch;
    let offsets = store.database.collection::<OffsetDocument<'_>>("offsets");
    let key = doc! { "_id": { "log": log, "partition": partition } };
    let mut not_beyond = key.clone();
    not_beyond.insert("next", doc! { "$lte": count(*from) });
    let end = doc! { "$set": { "next": count(*next) } };
    if offsets.update_one(not_beyond, end).session(&mut *session).await?.matched_count == 1 {
        return Ok(true);
    }
    if offsets.find_one(key).session(&mut *session).await?.is_some() {
        return Ok(false);
    }
    let first = OffsetDocument { key: OffsetKey { log: log.into(), partition: *partition }, next: *next };
    offsets.insert_one(first).session(session).await?;
    Ok(true)
}

async fn keep_events(store: &Mongo, session: &mut ClientSession, batch: &LiveBatch) -> Result<()> {
    let ids: Vec<&str> = batch.events.iter().map(|event| event.id.as_str()).collect();
    let known = known_within(store, session, &ids).await?;
    let mut seen: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    let new: Vec<_> = batch.events.iter().filter(|event| seen.insert(&event.id)).map(EventDocument::from).collect();
    if !new.is_empty() {
        store.database.collection("events").insert_many(new).session(session).await?;
    }
    Ok(())
}

pub(super) async fn known_events(store: &Mongo, ids: &[String]) -> Result<BTreeSet<String>> {
    let mut session = store.database.client().start_session().await?;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    known_within(store, &mut session, &ids).await
}

async fn known_within(store: &Mongo, session: &mut ClientSession, ids: &[&str]) -> Result<BTreeSet<String>> {
    let events = store.database.collection::<Document>("events");
    let mut known = BTreeSet::new();
    for (_, part) in chunks(ids, |id| id.len()) {
        let find = events.find(doc! { "_id": { "$in": part } }).projection(doc! { "_id": 1 });
        // All of them in one answer, not 101.
        let size = u32::try_from(part.len()).unwrap_or(u32::MAX);
        let mut found = find.batch_size(size).session(&mut *session).await?;
        while let Some(event) = found.stream(session).try_next().await? {
            known.extend(event.get_str("_id").map(str::to_owned));
        }
    }
    Ok(known)
}
