//! Events, preferences and what comes of them in MongoDB.

use std::collections::BTreeMap;

use ::mongodb::{
    Collection, IndexModel,
    bson::{Bson, Document, deserialize_from_document, doc, serialize_to_document},
    error::{ErrorKind, Result, WriteFailure},
};
use futures::TryStreamExt;

use super::{
    Mongo,
    catalogue::count,
    documents::{EventDocument, LiveListDocument, OffsetDocument},
    generations::{NAMESPACE_EXISTS, tolerate},
    published::between,
    write::DUPLICATE_KEY,
};
use crate::{EventRecord, LiveList, Preferences};

/// Makes what is not there: a transaction should find its collections, as to make one it would have
/// to be the only one that does.
pub(super) async fn make_collections(store: &Mongo) -> Result<()> {
    for collection in ["events", "preferences", "offsets", "live_lists", "item_activity", "item_pairs"] {
        tolerate(store.database.create_collection(collection).await, NAMESPACE_EXISTS)?;
    }
    let by_user = IndexModel::builder().keys(doc! { "user": 1, "time_ms": -1, "_id": 1 }).build();
    store.database.collection::<Document>("events").create_index(by_user).await?;
    let by = |field: &str, order: i32| IndexModel::builder().keys(doc! { field: order }).build();
    let activity = store.database.collection::<Document>("item_activity");
    activity.create_indexes([by("trend", -1), by("_id.asin", 1)]).await?;
    Ok(())
}

pub(super) async fn put_event(store: &Mongo, event: &EventRecord) -> Result<bool> {
    let events = store.database.collection::<EventDocument<'_>>("events");
    let Err(error) = events.insert_one(EventDocument::from(event)).await else { return Ok(true) };
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(cause)) if cause.code == DUPLICATE_KEY => Ok(false),
        _ => Err(error),
    }
}

pub(super) async fn events_of_user(store: &Mongo, user: &str, limit: u64) -> Result<Vec<EventRecord>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let events: Collection<EventDocument> = store.database.collection("events");
    let find = events.find(doc! { "user": user }).sort(doc! { "time_ms": -1, "_id": 1 }).limit(count(limit));
    let found: Vec<EventDocument> = find.await?.try_collect().await?;
    Ok(found.into_iter().map(EventRecord::from).collect())
}

pub(super) async fn put_preferences(store: &Mongo, user: &str, preferences: &Preferences) -> Result<()> {
    let document = serialize_to_document(preferences)?;
    let collection = store.database.collection::<Document>("preferences");
    collection.replace_one(doc! { "_id": user }, document).upsert(true).await?;
    Ok(())
}

pub(super) async fn preferences(store: &Mongo, user: &str) -> Result<Option<Preferences>> {
    let collection = store.database.collection::<Document>("preferences");
    let found = collection.find_one(doc! { "_id": user }).await?;
    Ok(found.map(deserialize_from_document).transpose()?)
}

pub(super) async fn offsets(store: &Mongo, log: &str) -> Result<BTreeMap<u32, u64>> {
    let offsets: Collection<OffsetDocument> = store.database.collection("offsets");
    let of_log = between(doc! { "log": log }..=doc! { "log": log, "partition": Bson::MaxKey });
    let found: Vec<OffsetDocument> = offsets.find(of_log).await?.try_collect().await?;
    Ok(found.into_iter().map(|offset| (offset.key.partition, offset.next)).collect())
}

pub(super) async fn live_list(store: &Mongo, user: &str) -> Result<Option<LiveList>> {
    let lists: Collection<LiveListDocument> = store.database.collection("live_lists");
    Ok(lists.find_one(doc! { "_id": user }).await?.map(LiveList::from))
}
