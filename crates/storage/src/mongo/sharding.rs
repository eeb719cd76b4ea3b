//! Spreading a load over the shards of a cluster, by asin.
//!
//! Connected to a router (its hello says `isdbgrid`), the collections of a load are sharded before
//! anything is written: reviews by `asin`, products by their `_id`, which is the asin. They are split
//! at once, so that all shards take part in the bulk from its start: at asins that cut the shown load
//! into even parts, or, before the first, at those that cut the usual keys of the shop whose files
//! this reads. The chunks are dealt out in turn. Small collections (events, preferences, lists of a
//! version) stay on the primary shard.

use ::mongodb::{
    Collection, IndexModel,
    bson::{Bson, Document, doc},
    error::Result,
};
use futures::TryStreamExt;

use super::{
    Mongo,
    generations::{PRODUCTS, REVIEW_COUNTS, REVIEWS, name, shown, tolerate},
};

/// Chunks for each shard: enough that the balancer can even out what the cut did not foresee.
const CHUNKS_PER_SHARD: usize = 8;

/// The server's code for a collection that is sharded already.
const ALREADY_INITIALIZED: i32 = 23;

/// Whether the server is the router of a sharded cluster.
pub(super) async fn is_sharded(store: &Mongo) -> Result<bool> {
    let hello = store.database.run_command(doc! { "hello": 1 }).await?;
    Ok(hello.get_str("msg").is_ok_and(|message| message == "isdbgrid"))
}

/// Shards the empty collections of a load and deals their chunks out.
pub(super) async fn spread(store: &Mongo, number: i64) -> Result<()> {
    let database = store.database.name();
    admin(store, doc! { "enableSharding": database }).await?;
    let shards = shards(store).await?;
    let points = split_points(store, shards.len() * CHUNKS_PER_SHARD).await?;
    let by_time = IndexModel::builder().keys(doc! { "asin": 1, "time": -1 }).build();
    store.database.collection::<Document>(&name(REVIEWS, number)).create_index(by_time).await?;
    for (collection, key) in [(REVIEWS, "asin"), (PRODUCTS, "_id")] {
        let namespace = format!("{database}.{}", name(collection, number));
        let sharded = admin(store, doc! { "shardCollection": &namespace, "key": { key: 1 } }).await;
        tolerate(sharded, ALREADY_INITIALIZED)?;
        for point in &points {
            admin(store, doc! { "split": &namespace, "middle": { key: point } }).await?;
        }
        for (point, shard) in points.iter().zip(shards.iter().cycle().skip(1)) {
            admin(store, doc! { "moveChunk": &namespace, "find": { key: point }, "to": shard }).await?;
        }
    }
    Ok(())
}

async fn admin(store: &Mongo, command: Document) -> Result<()> {
    store.database.client().database("admin").run_command(command).await.map(drop)
}

async fn shards(store: &Mongo) -> Result<Vec<String>> {
    let listed = store.database.client().database("admin").run_command(doc! { "listShards": 1 }).await?;
    let shards = listed.get_array("shards").map(Vec::as_slice).unwrap_or_default();
    let id = |shard: &Bson| shard.as_document()?.get_str("_id").ok().map(str::to_owned);
    Ok(shards.iter().filter_map(id).collect())
}

/// Asins that cut the keys into `parts`.
async fn split_points(store: &Mongo, parts: usize) -> Result<Vec<String>> {
    let Some(shown) = shown(store).await? else { return Ok(usual_points(parts)) };
    let counts: Collection<Document> = store.database.collection(&name(REVIEW_COUNTS, shown.number));
    let cut = doc! { "$bucketAuto": { "groupBy": "$_id", "buckets": i64::try_from(parts).unwrap_or(i64::MAX) } };
    let buckets: Vec<Document> = counts.aggregate([cut]).allow_disk_use(true).await?.try_collect().await?;
    let lowest = |bucket: &Document| bucket.get_document("_id").ok()?.get_str("min").ok().map(str::to_owned);
    let points: Vec<String> = buckets.iter().skip(1).filter_map(lowest).collect();
    Ok(if points.is_empty() { usual_points(parts) } else { points })
}

/// Cuts the usual keys: books' numbers (from `0` to `9`), then `B000` to `B01Z`, of which most are
/// below `B00Z`, as the shop gave them out one after another.
fn usual_points(parts: usize) -> Vec<String> {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let after = |prefix: &str| -> Vec<String> {
        DIGITS.iter().map(|digit| format!("{prefix}{}", char::from(*digit))).collect()
    };
    let mut starts = vec!["1".to_owned()];
    starts.extend(after("B00"));
    starts.extend(after("B01").into_iter().take(18));
    let parts = parts.min(starts.len());
    (1..parts).map(|part| starts[part * starts.len() / parts].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_points_are_different_and_in_order() {
        for parts in 0..100 {
            let points = usual_points(parts);
            assert!(points.is_sorted_by(|one, other| one < other), "{points:?}");
            assert_eq!(points.len(), parts.clamp(1, 55) - 1);
        }
        // 55 starts: `1`, 36 of `B00.`, 18 of `B01.`; the half of them is place 27, so `B00` and digit 26.
        assert_eq!(usual_points(2), ["B00Q"]);
    }
}
