//! Reviews in MongoDB.

use std::future::IntoFuture;

use ::mongodb::{
    Collection, IndexModel,
    bson::{Document, doc},
    error::Result,
    options::Hint,
};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use super::{
    Mongo,
    catalogue::{MOST_ROWS, count},
    documents::ReviewDocument,
    generations::{REVIEW_COUNTS, REVIEWS, name},
    key,
    write::{Target, upsert},
};
use crate::{Page, Review, ReviewCount, ReviewRange};

/// Most documents of one answer when many are read.
const BATCH: u32 = 5_000;

/// A document of `review_counts`.
#[derive(Serialize, Deserialize)]
struct CountDocument {
    #[serde(rename = "_id")]
    asin: String,
    reviews: i64,
}

fn collection(store: &Mongo, number: i64) -> Collection<ReviewDocument<'static>> {
    store.database.collection(&name(REVIEWS, number))
}

fn counts(store: &Mongo, number: i64) -> Collection<CountDocument> {
    store.database.collection(&name(REVIEW_COUNTS, number))
}

pub(super) async fn put(store: &Mongo, number: i64, reviews: &[Review]) -> Result<()> {
    let target = Target { collection: &name(REVIEWS, number), by_asin: true };
    upsert(store, target, reviews.iter().map(ReviewDocument::from)).await
}

/// Order of a product's reviews.
fn by_helpfulness() -> Document {
    doc! { "helpful_votes": -1, "time": -1, "user": 1, "ordinal": 1 }
}

/// Order of a user's reviews.
fn by_newest() -> Document {
    doc! { "time": -1, "asin": 1, "ordinal": 1 }
}

/// Indexes of a load, built when all its reviews are there.
pub(super) async fn make_indexes(store: &Mongo, number: i64) -> Result<()> {
    let index = |keys| IndexModel::builder().keys(keys).build();
    let mut by_product = doc! { "asin": 1 };
    by_product.extend(by_helpfulness());
    let mut by_user = doc! { "user": 1 };
    by_user.extend(by_newest());
    let reviews = collection(store, number);
    let of_products = reviews.create_indexes([index(doc! { "asin": 1, "time": -1 }), index(by_product)]);
    futures::future::try_join(of_products.into_future(), reviews.create_index(index(by_user)).into_future()).await?;
    Ok(())
}

/// Counts the reviews of each product.
pub(super) async fn count_all(store: &Mongo, number: i64) -> Result<()> {
    let steps = [
        doc! { "$group": { "_id": "$asin", "reviews": { "$sum": 1_i64 } } },
        doc! { "$out": name(REVIEW_COUNTS, number) },
    ];
    collection(store, number).aggregate(steps).allow_disk_use(true).await?.try_collect::<Vec<_>>().await?;
    Ok(())
}

pub(super) async fn page_of_counts(
    store: &Mongo,
    number: i64,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<ReviewCount>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let filter = after.map_or_else(Document::new, |after| doc! { "_id": { "$gt": after } });
    let counts = counts(store, number);
    let find = counts.find(filter).sort(doc! { "_id": 1 }).limit(count(limit.min(MOST_ROWS)));
    let found: Vec<CountDocument> = find.batch_size(BATCH).await?.try_collect().await?;
    let record = |found: CountDocument| ReviewCount { asin: found.asin, reviews: found.reviews.unsigned_abs() };
    Ok(found.into_iter().map(record).collect())
}

pub(super) async fn by_key(store: &Mongo, number: i64, range: &ReviewRange, limit: u64) -> Result<Vec<Review>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut id = doc! { "$gte": key::start(&range.first), "$lt": key::end(&range.last) };
    if let Some(after) = &range.after {
        id.insert("$gt", key::of(after));
    }
    // The asins say which shards are asked; the key gives the order.
    let filter = doc! { "asin": { "$gte": &range.first, "$lte": &range.last }, "_id": id };
    let order = doc! { "_id": 1 };
    let reviews = collection(store, number);
    let find = reviews.find(filter).sort(order.clone()).limit(count(limit.min(MOST_ROWS))).batch_size(BATCH);
    let found = find.hint(Hint::Keys(order)).await?;
    found.map_ok(Review::from).try_collect().await
}

pub(super) async fn of_product(
    store: &Mongo,
    number: i64,
    asin: &str,
    offset: u64,
    limit: u64,
) -> Result<Page<Review>> {
    let counts = counts(store, number);
    let total = async {
        let found = counts.find_one(doc! { "_id": asin }).await?;
        Ok(found.map_or(0, |found| found.reviews.unsigned_abs()))
    };
    // MongoDB takes a limit of 0 as none.
    if limit == 0 {
        return Ok(Page { rows: Vec::new(), total: total.await?, offset });
    }
    let (skip, most) = (offset.min(MOST_ROWS), count(limit.min(MOST_ROWS)));
    let rows = async {
        let reviews = collection(store, number);
        let find = reviews.find(doc! { "asin": asin }).sort(by_helpfulness());
        find.skip(skip).limit(most).await?.map_ok(Review::from).try_collect().await
    };
    let (total, rows) = futures::future::try_join(total, rows).await?;
    Ok(Page { rows, total, offset })
}

pub(super) async fn of_user(store: &Mongo, number: i64, user: &str, limit: u64) -> Result<Vec<Review>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let reviews = collection(store, number);
    let find = reviews.find(doc! { "user": user }).sort(by_newest());
    find.limit(count(limit.min(MOST_ROWS))).await?.map_ok(Review::from).try_collect().await
}
