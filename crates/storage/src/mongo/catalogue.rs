//! Products and reviews in MongoDB.
//!
//! Every document carries the number of its generation; readers ask for the one that `meta` shows,
//! so that a load appears all at once when it is finished.

use std::{collections::HashMap, future::IntoFuture};

use ::mongodb::{
    Collection, IndexModel,
    bson::{Document, doc, serialize_to_bson, serialize_to_document},
    error::Result,
    options::ReturnDocument,
};
use futures::TryStreamExt;
use serde::de::DeserializeOwned;

use super::{
    Mongo,
    documents::{GenerationDocument, ProductDocument, ReviewDocument, ShownDocument},
    write::upsert,
};
use crate::{Facet, Facets, MOST_FACETS, Page, Product, ProductQuery, Review, words};

/// Rows skipped or given at most: the server adds the two, and the sum must fit its integers.
const MOST_ROWS: u64 = 1 << 40;

fn products_of(store: &Mongo) -> Collection<ProductDocument<'static>> {
    store.database.collection("products")
}

fn reviews_of(store: &Mongo) -> Collection<ReviewDocument<'static>> {
    store.database.collection("reviews")
}

fn generations_of(store: &Mongo) -> Collection<GenerationDocument> {
    store.database.collection("generations")
}

/// A count as MongoDB takes it.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The generation that readers see.
pub(super) async fn shown(store: &Mongo) -> Result<Option<ShownDocument>> {
    store.meta().clone_with_type().find_one(doc! { "_id": "catalogue" }).await
}

/// The number of a generation; a new one gets the next. No number is ever used twice.
async fn number(store: &Mongo, generation: &str) -> Result<i64> {
    let generations = generations_of(store);
    let key = doc! { "_id": generation };
    if let Some(known) = generations.find_one(key.clone()).await? {
        return Ok(known.number);
    }
    let next = store
        .meta()
        .find_one_and_update(doc! { "_id": "generations" }, doc! { "$inc": { "last": 1_i64 } })
        .upsert(true)
        .return_document(ReturnDocument::After)
        .await?
        .and_then(|counter| counter.get_i64("last").ok())
        .unwrap_or(1);
    // Another process may have been first: then its number stays.
    let made = generations
        .find_one_and_update(key, doc! { "$setOnInsert": { "number": next } })
        .upsert(true)
        .return_document(ReturnDocument::After)
        .await?;
    Ok(made.map_or(next, |made| made.number))
}

pub(super) async fn put_products(store: &Mongo, generation: &str, products: &[Product]) -> Result<()> {
    let number = number(store, generation).await?;
    let documents = products.iter().map(|product| ProductDocument::new(number, product));
    upsert(&store.database, "products", documents).await
}

pub(super) async fn put_reviews(store: &Mongo, generation: &str, reviews: &[Review]) -> Result<()> {
    let number = number(store, generation).await?;
    let documents = reviews.iter().map(|review| ReviewDocument::new(number, review));
    upsert(&store.database, "reviews", documents).await
}

pub(super) async fn finish(store: &Mongo, generation: &str) -> Result<()> {
    let number = number(store, generation).await?;
    make_indexes(store).await?;
    let summary = GenerationDocument {
        number,
        categories: commonest(store, "products", number, "$categories", true).await?,
        brands: commonest(store, "products", number, "$brand", false).await?,
        active_users: commonest(store, "reviews", number, "$_id.user", false).await?,
    };
    let summary = doc! { "$set": serialize_to_bson(&serialize_to_document(&summary)?)? };
    generations_of(store).update_one(doc! { "_id": generation }, summary).upsert(true).await?;
    let shown = doc! { "number": number, "name": generation };
    store.meta().replace_one(doc! { "_id": "catalogue" }, shown).upsert(true).await?;
    for collection in ["products", "reviews"] {
        // Keys sort by their generation first.
        let older = doc! { "_id": { "$lt": { "generation": number } } };
        let newer = doc! { "_id": { "$gte": { "generation": number + 1 } } };
        let collection = store.database.collection::<Document>(collection);
        collection.delete_many(older).await?;
        collection.delete_many(newer).await?;
    }
    generations_of(store).delete_many(doc! { "_id": { "$ne": generation } }).await?;
    Ok(())
}

async fn make_indexes(store: &Mongo) -> Result<()> {
    let index = |keys| IndexModel::builder().keys(keys).build();
    let by_count = |field: &str| {
        let mut keys = doc! { "_id.generation": 1 };
        if !field.is_empty() {
            keys.insert(field, 1);
        }
        keys.extend(doc! { "rating_count": -1, "_id.asin": 1 });
        index(keys)
    };
    let words = index(doc! { "_id.generation": 1, "words": 1 });
    let indexes = [by_count(""), by_count("categories"), by_count("brand"), words];
    products_of(store).create_indexes(indexes).await?;
    let mut by_product = doc! { "_id.generation": 1, "_id.asin": 1 };
    by_product.extend(by_helpfulness());
    let mut by_user = doc! { "_id.generation": 1, "_id.user": 1 };
    by_user.extend(by_newest());
    reviews_of(store).create_indexes([index(by_product), index(by_user)]).await?;
    Ok(())
}

/// Order of a product's reviews.
fn by_helpfulness() -> Document {
    doc! { "helpful_votes": -1, "_id.time": -1, "_id.user": 1, "_id.ordinal": 1 }
}

/// Order of a user's reviews.
fn by_newest() -> Document {
    doc! { "_id.time": -1, "_id.asin": 1, "_id.ordinal": 1 }
}

/// The most frequent values of a field, or of the elements of one that is a list.
async fn commonest(store: &Mongo, collection: &str, number: i64, field: &str, list: bool) -> Result<Vec<Facet>> {
    let value = if list { doc! { "$setUnion": [field, []] }.into() } else { ::mongodb::bson::Bson::from(field) };
    let mut steps = vec![doc! { "$match": { "_id.generation": number } }, doc! { "$project": { "value": value } }];
    if list {
        steps.push(doc! { "$unwind": "$value" });
    }
    steps.extend([
        doc! { "$match": { "value": { "$type": "string" } } },
        doc! { "$group": { "_id": "$value", "count": { "$sum": 1_i64 } } },
        doc! { "$sort": { "count": -1, "_id": 1 } },
        doc! { "$limit": count(MOST_FACETS) },
        doc! { "$project": { "_id": 0, "name": "$_id", "count": 1 } },
    ]);
    let collection = store.database.collection::<Document>(collection);
    collection.aggregate(steps).allow_disk_use(true).with_type::<Facet>().await?.try_collect().await
}

pub(super) async fn products(store: &Mongo, asins: &[String]) -> Result<Vec<Product>> {
    let found = store.consistent(|generation| find_products(store, generation, asins)).await?;
    Ok(asins.iter().filter_map(|asin| found.get(asin).cloned()).collect())
}

async fn find_products(store: &Mongo, generation: i64, asins: &[String]) -> Result<HashMap<String, Product>> {
    let keys: Vec<Document> = asins.iter().map(|asin| doc! { "generation": generation, "asin": asin }).collect();
    let found: Vec<ProductDocument> =
        products_of(store).find(doc! { "_id": { "$in": keys } }).await?.try_collect().await?;
    Ok(found.into_iter().map(Product::from).map(|product| (product.asin.clone(), product)).collect())
}

pub(super) async fn search(store: &Mongo, query: &ProductQuery) -> Result<Page<Product>> {
    store.consistent(|generation| find_page(store, generation, query)).await
}

async fn find_page(store: &Mongo, generation: i64, query: &ProductQuery) -> Result<Page<Product>> {
    let ProductQuery { offset, limit, .. } = *query;
    let Some(filter) = filter(generation, query) else { return Ok(Page { rows: Vec::new(), total: 0, offset }) };
    let order = doc! { "rating_count": -1, "_id.asin": 1 };
    page(&products_of(store), filter, order, offset, limit).await
}

/// A part of the documents that a filter selects, and how many they are.
async fn page<D, T>(
    collection: &Collection<D>,
    filter: Document,
    order: Document,
    offset: u64,
    limit: u64,
) -> Result<Page<T>>
where
    D: DeserializeOwned + Send + Sync + Unpin,
    T: From<D>,
{
    let total = collection.count_documents(filter.clone()).into_future();
    // MongoDB takes a limit of 0 as none.
    if limit == 0 {
        return Ok(Page { rows: Vec::new(), total: total.await?, offset });
    }
    let (skip, most) = (offset.min(MOST_ROWS), limit.min(MOST_ROWS).cast_signed());
    let rows = async { collection.find(filter).sort(order).skip(skip).limit(most).await?.try_collect().await };
    let (total, rows): (u64, Vec<D>) = futures::future::try_join(total, rows).await?;
    Ok(Page { rows: rows.into_iter().map(T::from).collect(), total, offset })
}

/// The filter of a search; none if nothing can match.
fn filter(generation: i64, query: &ProductQuery) -> Option<Document> {
    let mut filter = doc! { "_id.generation": generation };
    if let Some(words) = words::of_query(query) {
        if words.is_empty() {
            return None;
        }
        // A word starts with `w` if it lies between `w` and `w` followed by the last character there
        // is: a comparison of values, in the index, without a pattern.
        let conditions = words.into_iter().map(|word| {
            let end = format!("{word}\u{10FFFF}");
            doc! { "words": { "$elemMatch": { "$gte": word, "$lt": end } } }
        });
        filter.insert("$and", conditions.collect::<Vec<_>>());
    }
    if let Some(category) = &query.category {
        filter.insert("categories", doc! { "$eq": category });
    }
    if let Some(brand) = &query.brand {
        filter.insert("brand", doc! { "$eq": brand });
    }
    let mut price = Document::new();
    for (comparison, bound) in [("$gte", query.price_min), ("$lte", query.price_max)] {
        if let Some(bound) = bound {
            price.insert(comparison, f64::from(bound));
        }
    }
    if !price.is_empty() {
        filter.insert("price", price);
    }
    Some(filter)
}

pub(super) async fn facets(store: &Mongo, limit: u64) -> Result<Facets> {
    let summary = summary(store, limit, &["categories", "brands"]).await?;
    Ok(Facets { categories: summary.categories, brands: summary.brands })
}

pub(super) async fn active_users(store: &Mongo, limit: u64) -> Result<Vec<String>> {
    let summary = summary(store, limit, &["active_users"]).await?;
    Ok(summary.active_users.into_iter().map(|user| user.name).collect())
}

/// The first `limit` entries of lists in the summary of the shown generation.
async fn summary(store: &Mongo, limit: u64, lists: &[&str]) -> Result<GenerationDocument> {
    if limit == 0 {
        return Ok(GenerationDocument::default());
    }
    let slice = count(limit.min(MOST_FACETS));
    let mut parts = doc! { "number": 1 };
    for list in lists {
        parts.insert(*list, doc! { "$slice": [format!("${list}"), slice] });
    }
    let generations = &generations_of(store);
    let find = |generation| {
        let find = generations.find_one(doc! { "number": generation }).projection(parts.clone());
        async move { find.await }
    };
    Ok(store.consistent(find).await?.unwrap_or_default())
}

pub(super) async fn reviews_of_product(store: &Mongo, asin: &str, offset: u64, limit: u64) -> Result<Page<Review>> {
    store.consistent(|generation| find_reviews(store, generation, asin, offset, limit)).await
}

async fn find_reviews(store: &Mongo, generation: i64, asin: &str, offset: u64, limit: u64) -> Result<Page<Review>> {
    let filter = doc! { "_id.generation": generation, "_id.asin": asin };
    page(&reviews_of(store), filter, by_helpfulness(), offset, limit).await
}

pub(super) async fn reviews_of_user(store: &Mongo, user: &str, limit: u64) -> Result<Vec<Review>> {
    store.consistent(|generation| find_reviews_of_user(store, generation, user, limit)).await
}

async fn find_reviews_of_user(store: &Mongo, generation: i64, user: &str, limit: u64) -> Result<Vec<Review>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let filter = doc! { "_id.generation": generation, "_id.user": user };
    let found: Vec<ReviewDocument> =
        reviews_of(store).find(filter).sort(by_newest()).limit(count(limit)).await?.try_collect().await?;
    Ok(found.into_iter().map(Review::from).collect())
}
