//! Products and the end of a load in MongoDB.

use std::{collections::HashMap, future::IntoFuture};

use ::mongodb::{
    Collection, IndexModel,
    bson::{Document, doc},
    error::Result,
};
use futures::TryStreamExt;

use super::{
    Mongo,
    documents::{ProductDocument, SummaryDocument},
    generations::{self, Failure, PRODUCTS, REVIEWS, name},
    reviews,
    write::{Target, upsert},
};
use crate::{Facet, Facets, MOST_FACETS, Page, Product, ProductQuery, words};

/// Rows skipped or given at most: the server adds the two, and the sum must fit its integers.
pub(super) const MOST_ROWS: u64 = 1 << 40;

fn products_of(store: &Mongo, number: i64) -> Collection<ProductDocument<'static>> {
    store.database.collection(&name(PRODUCTS, number))
}

fn summaries_of(store: &Mongo) -> Collection<SummaryDocument> {
    store.database.collection("summaries")
}

/// A count as MongoDB takes it.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) async fn put_products(store: &Mongo, number: i64, products: &[Product]) -> Result<()> {
    let target = Target { collection: &name(PRODUCTS, number), by_asin: false };
    upsert(store, target, products.iter().map(ProductDocument::from)).await
}

/// Builds what reads of a load need, from all its documents, and shows it.
pub(super) async fn finish(store: &Mongo, generation: &str) -> std::result::Result<(), Failure> {
    let number = generations::writing(store, generation).await?;
    let ((), (), active_users) = futures::future::try_join3(
        async {
            make_product_indexes(store, number).await?;
            reviews::make_indexes(store, number).await
        },
        reviews::count_all(store, number),
        commonest(store, REVIEWS, number, "$user", false),
    )
    .await?;
    let summary = SummaryDocument {
        number,
        categories: commonest(store, PRODUCTS, number, "$categories", true).await?,
        brands: commonest(store, PRODUCTS, number, "$brand", false).await?,
        active_users,
    };
    summaries_of(store).replace_one(doc! { "_id": number }, summary).upsert(true).await?;
    generations::show(store, number, generation).await
}

async fn make_product_indexes(store: &Mongo, number: i64) -> Result<()> {
    let index = |keys| IndexModel::builder().keys(keys).build();
    let by_count = |field: &str| {
        let mut keys = Document::new();
        if !field.is_empty() {
            keys.insert(field, 1);
        }
        keys.extend(doc! { "rating_count": -1, "_id": 1 });
        index(keys)
    };
    let indexes = [by_count(""), by_count("categories"), by_count("brand"), index(doc! { "words": 1 })];
    products_of(store, number).create_indexes(indexes).await?;
    Ok(())
}

/// The most frequent values of a field, or of the elements of one that is a list.
async fn commonest(store: &Mongo, collection: &str, number: i64, field: &str, list: bool) -> Result<Vec<Facet>> {
    let mut steps = Vec::new();
    if list {
        // A set: a value that a document names twice counts once.
        steps.push(doc! { "$project": { "_id": 0, "value": { "$setUnion": [field, []] } } });
        steps.push(doc! { "$unwind": "$value" });
    }
    steps.extend([
        doc! { "$group": { "_id": if list { "$value" } else { field }, "count": { "$sum": 1_i64 } } },
        doc! { "$match": { "_id": { "$type": "string" } } },
        doc! { "$sort": { "count": -1, "_id": 1 } },
        doc! { "$limit": count(MOST_FACETS) },
        doc! { "$project": { "_id": 0, "name": "$_id", "count": 1 } },
    ]);
    let collection = store.database.collection::<Document>(&name(collection, number));
    collection.aggregate(steps).allow_disk_use(true).with_type::<Facet>().await?.try_collect().await
}

pub(super) async fn products(store: &Mongo, number: i64, asins: &[String]) -> Result<Vec<Product>> {
    let found: Vec<ProductDocument> =
        products_of(store, number).find(doc! { "_id": { "$in": asins } }).await?.try_collect().await?;
    let found: HashMap<String, Product> =
        found.into_iter().map(Product::from).map(|product| (product.asin.clone(), product)).collect();
    Ok(asins.iter().filter_map(|asin| found.get(asin).cloned()).collect())
}

pub(super) async fn search(store: &Mongo, number: i64, query: &ProductQuery) -> Result<Page<Product>> {
    let ProductQuery { offset, limit, .. } = *query;
    let Some(filter) = filter(query) else { return Ok(Page { rows: Vec::new(), total: 0, offset }) };
    let collection = products_of(store, number);
    let total = collection.count_documents(filter.clone()).into_future();
    // MongoDB takes a limit of 0 as none.
    if limit == 0 {
        return Ok(Page { rows: Vec::new(), total: total.await?, offset });
    }
    let (skip, most) = (offset.min(MOST_ROWS), count(limit.min(MOST_ROWS)));
    let rows = async {
        let find = collection.find(filter).sort(doc! { "rating_count": -1, "_id": 1 }).skip(skip).limit(most);
        find.await?.map_ok(Product::from).try_collect().await
    };
    let (total, rows) = futures::future::try_join(total, rows).await?;
    Ok(Page { rows, total, offset })
}

/// The filter of a search; none if nothing can match.
fn filter(query: &ProductQuery) -> Option<Document> {
    let mut filter = Document::new();
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

pub(super) async fn facets(store: &Mongo, number: i64, limit: u64) -> Result<Facets> {
    let summary = summary(store, number, limit, &["categories", "brands"]).await?;
    Ok(Facets { categories: summary.categories, brands: summary.brands })
}

pub(super) async fn active_users(store: &Mongo, number: i64, limit: u64) -> Result<Vec<String>> {
    let summary = summary(store, number, limit, &["active_users"]).await?;
    Ok(summary.active_users.into_iter().map(|user| user.name).collect())
}

/// The first `limit` entries of lists in the summary of a load.
async fn summary(store: &Mongo, number: i64, limit: u64, lists: &[&str]) -> Result<SummaryDocument> {
    if limit == 0 {
        return Ok(SummaryDocument::default());
    }
    let slice = count(limit.min(MOST_FACETS));
    let mut parts = doc! { "_id": 1 };
    for list in lists {
        parts.insert(*list, doc! { "$slice": [format!("${list}"), slice] });
    }
    let found = summaries_of(store).find_one(doc! { "_id": number }).projection(parts).await?;
    Ok(found.unwrap_or_default())
}
