//! What events teach about items, in MongoDB: documents for each item and partition.

use std::collections::HashMap;

use ::mongodb::{
    ClientSession, Collection,
    bson::{Bson, Document, deserialize_from_bson, doc, serialize_to_bson},
    error::{Error, Result},
};
use futures::TryStreamExt;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Mongo,
    catalogue::count,
    documents::{ActivityDocument, ActivityKey, PairsDocument},
    published::between,
    write::{chunks, replace_within},
};
use crate::{
    ItemActivity, ItemPair, LiveBatch,
    activity::{Trending, add_levels, by_item, total},
    pairs,
};

/// Adds what a batch teaches to what its partition has.
pub(super) async fn add_within(store: &Mongo, session: &mut ClientSession, batch: &LiveBatch) -> Result<()> {
    add_items(store, session, batch).await?;
    add_pairs(store, session, batch).await
}

async fn add_items(store: &Mongo, session: &mut ClientSession, batch: &LiveBatch) -> Result<()> {
    let partition = batch.partition;
    let increments = by_item(&batch.activity);
    let keys = increments.keys().map(|asin| ActivityKey { asin: (*asin).into(), partition });
    let kept: Vec<ActivityDocument> = kept_within(store, session, "item_activity", keys).await?;
    let mut kept: HashMap<String, ItemActivity> =
        kept.into_iter().map(ItemActivity::from).map(|item| (item.asin.clone(), item)).collect();
    let documents = increments.into_iter().map(|(asin, mut row)| {
        if let Some(kept) = kept.remove(asin) {
            row.add(&kept);
        }
        ActivityDocument::new(row, partition)
    });
    replace_within(store, session, "item_activity", documents).await
}

async fn add_pairs(store: &Mongo, session: &mut ClientSession, batch: &LiveBatch) -> Result<()> {
    let partition = batch.partition;
    let increments = pairs::by_item(&batch.pairs);
    let keys = increments.keys().map(|asin| ActivityKey { asin: (*asin).into(), partition });
    let kept: Vec<PairsDocument> = kept_within(store, session, "item_pairs", keys).await?;
    let kept: HashMap<&str, &[u8]> =
        kept.iter().map(|document| (&*document.key.asin, &*document.pairs.bytes)).collect();
    let mut documents = Vec::with_capacity(increments.len());
    for (asin, increments) in &increments {
        let block = pairs::add(kept.get(asin).copied().unwrap_or_default(), increments).map_err(Error::custom)?;
        documents.push(PairsDocument::new(asin, partition, block));
    }
    replace_within(store, session, "item_pairs", documents.into_iter()).await
}

/// Those documents of a collection that are there.
async fn kept_within<T: DeserializeOwned + Send + Sync>(
    store: &Mongo,
    session: &mut ClientSession,
    collection: &str,
    keys: impl Iterator<Item = impl Serialize>,
) -> Result<Vec<T>> {
    let keys: Vec<Bson> = keys.map(|key| serialize_to_bson(&key)).collect::<std::result::Result<_, _>>()?;
    let collection = store.database.collection::<Document>(collection);
    let mut kept = Vec::new();
    for (_, part) in chunks(&keys, |key| key.as_document().map_or(0, |key| key.to_string().len())) {
        // All of them in one answer, not 101.
        let size = u32::try_from(part.len()).unwrap_or(u32::MAX);
        let find = collection.find(doc! { "_id": { "$in": part } }).batch_size(size);
        let mut found = find.session(&mut *session).await?;
        while let Some(document) = found.stream(session).try_next().await? {
            kept.push(deserialize_from_bson(Bson::Document(document))?);
        }
    }
    Ok(kept)
}

pub(super) async fn trending(store: &Mongo, limit: u64) -> Result<Vec<(String, f64)>> {
    let partitions = store.database.collection::<Document>("offsets").distinct("_id.partition", doc! {}).await?;
    let mut search = Trending::new(limit, partitions.len());
    let collection: Collection<ActivityDocument> = store.database.collection("item_activity");
    loop {
        let highest = collection.find(doc! {}).sort(doc! { "trend": -1 }).limit(count(search.rows as u64));
        let rows: Vec<ActivityDocument> = highest.await?.try_collect().await?;
        let rows: Vec<ItemActivity> = rows.into_iter().map(ItemActivity::from).collect();
        let (read, lowest) = (rows.len(), rows.last().map_or(f64::NEG_INFINITY, |row| row.trend));
        let asins: Vec<&str> = rows.iter().map(|row| row.asin.as_str()).collect();
        let of_these = doc! { "_id.asin": { "$in": asins } };
        let mut all: Vec<ActivityDocument> = collection.find(of_these).await?.try_collect().await?;
        // Equal sums on every store: they are made in one order.
        all.sort_by_key(|document| document.key.partition);
        let mut totals: HashMap<String, f64> = HashMap::new();
        for row in all.into_iter().map(ItemActivity::from) {
            let sum = totals.entry(row.asin).or_insert(f64::NEG_INFINITY);
            *sum = add_levels(*sum, row.trend);
        }
        if let Some(best) = search.settled(totals.into_iter().collect(), read, lowest) {
            return Ok(best);
        }
    }
}

pub(super) async fn activity(store: &Mongo, asin: &str) -> Result<ItemActivity> {
    let collection: Collection<ActivityDocument> = store.database.collection("item_activity");
    let rows: Vec<ActivityDocument> =
        collection.find(of_item(asin)).sort(doc! { "_id": 1 }).await?.try_collect().await?;
    Ok(total(asin, rows.into_iter().map(ItemActivity::from)))
}

pub(super) async fn together(store: &Mongo, asin: &str, limit: u64) -> Result<Vec<ItemPair>> {
    let collection: Collection<PairsDocument> = store.database.collection("item_pairs");
    let rows: Vec<PairsDocument> = collection.find(of_item(asin)).sort(doc! { "_id": 1 }).await?.try_collect().await?;
    pairs::together(asin, rows.into_iter().map(|row| row.pairs.bytes), limit).map_err(Error::custom)
}

/// All partitions' documents of an item.
fn of_item(asin: &str) -> Document {
    between(doc! { "asin": asin }..=doc! { "asin": asin, "partition": Bson::MaxKey })
}
