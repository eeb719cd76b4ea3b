//! Which loads there are, and the collections of each.
//!
//! A load has collections of its own (`reviews_7`), filled, indexed and dropped without touching
//! what readers see, and shown by the replacement of one document in `meta`. The views `reviews` and
//! `products` follow it, for people and other programs. A number is never used twice.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ::mongodb::{
    bson::{Document, doc},
    error::{Error, ErrorKind, Result},
    options::ReturnDocument,
};
use serde::{Deserialize, Serialize};

use super::{Mongo, schema, sharding};

/// Collections of a load, without their number.
pub(super) const PRODUCTS: &str = "products";
/// See [`PRODUCTS`].
pub(super) const REVIEWS: &str = "reviews";
/// See [`PRODUCTS`].
pub(super) const REVIEW_COUNTS: &str = "review_counts";

/// The server's code for a collection that is there already.
pub(super) const NAMESPACE_EXISTS: i32 = 48;
/// The server's code for a collection that is not there.
const NAMESPACE_NOT_FOUND: i32 = 26;

/// The name of a collection of a load.
pub(super) fn name(collection: &str, number: i64) -> String {
    format!("{collection}_{number}")
}

/// The document of `meta` that says which load readers see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Shown {
    pub number: i64,
    pub name: String,
}

/// A document of `generations`: a load that is written, or the shown one.
#[derive(Serialize, Deserialize)]
struct Generation {
    #[serde(rename = "_id")]
    name: String,
    number: i64,
    /// Whether its collections are there.
    #[serde(default)]
    made: bool,
}

/// What went wrong with a load.
pub(super) enum Failure {
    /// Another load took its place; what there is instead.
    Replaced(String),
    Driver(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

/// Numbers of the loads that were begun here and are not finished.
#[derive(Default)]
pub(super) struct Begun(Mutex<HashMap<String, i64>>);

impl Begun {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn shown(store: &Mongo) -> Result<Option<Shown>> {
    store.meta().clone_with_type().find_one(doc! { "_id": "catalogue" }).await
}

async fn next_number(store: &Mongo) -> Result<i64> {
    let counter = store
        .meta()
        .find_one_and_update(doc! { "_id": "generations" }, doc! { "$inc": { "last": 1_i64 } })
        .upsert(true)
        .return_document(ReturnDocument::After)
        .await?;
    let number = counter.and_then(|counter| counter.get_i64("last").ok());
    number.ok_or_else(|| Error::custom("document `generations` of `meta` holds no number `last`".to_owned()))
}

/// Starts a load afresh.
pub(super) async fn begin(store: &Mongo, name: &str) -> Result<()> {
    let number = next_number(store).await?;
    let generations = store.database.collection::<Generation>("generations");
    let before = generations
        .find_one_and_replace(doc! { "_id": name }, Generation { name: name.to_owned(), number, made: false })
        .upsert(true)
        .await?;
    store.begun.lock().insert(name.to_owned(), number);
    make(store, name, number).await?;
    if let Some(before) = before {
        let shown = shown(store).await?;
        if shown.is_none_or(|shown| shown.number != before.number) {
            remove(store, before.number).await?;
        }
    }
    Ok(())
}

/// The number of the load of this name that is written, with its collections in place.
pub(super) async fn writing(store: &Mongo, name: &str) -> std::result::Result<i64, Failure> {
    let begun = store.begun.lock().get(name).copied();
    let generations = store.database.collection::<Generation>("generations");
    let found = generations.find_one(doc! { "_id": name }).await?;
    let generation = match (begun, found) {
        (Some(begun), Some(found)) if begun == found.number => found,
        (Some(_), _) => return Err(Failure::Replaced("another load is written or shown".into())),
        (None, Some(found)) => found,
        (None, None) => {
            let number = next_number(store).await?;
            // Another process may have been first: then its number stays.
            let added = doc! { "$setOnInsert": { "number": number, "made": false } };
            let made = generations.find_one_and_update(doc! { "_id": name }, added).upsert(true);
            let made = made.return_document(ReturnDocument::After).await?;
            made.unwrap_or(Generation { name: name.to_owned(), number, made: false })
        }
    };
    if !generation.made {
        make(store, name, generation.number).await?;
    }
    Ok(generation.number)
}

/// Makes the collections of a load.
async fn make(store: &Mongo, generation: &str, number: i64) -> Result<()> {
    let sharded = sharding::is_sharded(store).await?;
    for (collection, validator) in [(PRODUCTS, schema::products()), (REVIEWS, schema::reviews())] {
        let made = store.database.create_collection(name(collection, number)).validator(validator).await;
        tolerate(made, NAMESPACE_EXISTS)?;
    }
    if sharded {
        sharding::spread(store, number).await?;
    }
    let key = doc! { "_id": generation, "number": number };
    let made = doc! { "$set": { "made": true } };
    store.database.collection::<Document>("generations").update_one(key, made).await?;
    Ok(())
}

/// Shows a load to readers and removes all others.
pub(super) async fn show(store: &Mongo, number: i64, generation: &str) -> std::result::Result<(), Failure> {
    // Looked at once more: between this and the next step no other process finishes a load of a shop.
    if writing(store, generation).await? != number {
        return Err(Failure::Replaced("another load is written or shown".into()));
    }
    let shown = doc! { "number": number, "name": generation };
    store.meta().replace_one(doc! { "_id": "catalogue" }, shown).upsert(true).await?;
    store.begun.lock().remove(generation);
    for collection in [PRODUCTS, REVIEWS] {
        let view = store.database.collection::<Document>(collection);
        view.drop().await?;
        store.database.create_collection(collection).view_on(name(collection, number)).pipeline(Vec::new()).await?;
    }
    let generations = store.database.collection::<Document>("generations");
    generations.delete_many(doc! { "number": { "$ne": number } }).await?;
    for other in numbers(store).await?.into_iter().filter(|other| *other != number) {
        remove(store, other).await?;
    }
    Ok(())
}

/// Numbers of all loads that have collections or a summary.
async fn numbers(store: &Mongo) -> Result<Vec<i64>> {
    let names = store.database.list_collection_names().await?;
    let number = |name: &str| {
        let (collection, number) = name.rsplit_once('_')?;
        [PRODUCTS, REVIEWS, REVIEW_COUNTS].contains(&collection).then(|| number.parse().ok())?
    };
    let mut numbers: Vec<i64> = names.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

async fn remove(store: &Mongo, number: i64) -> Result<()> {
    for collection in [PRODUCTS, REVIEWS, REVIEW_COUNTS] {
        tolerate(store.database.collection::<Document>(&name(collection, number)).drop().await, NAMESPACE_NOT_FOUND)?;
    }
    store.database.collection::<Document>("summaries").delete_one(doc! { "_id": number }).await?;
    Ok(())
}

/// The result, but that the server's refusal with this code is no failure.
pub(super) fn tolerate(result: Result<()>, code: i32) -> Result<()> {
    match result {
        Err(error) if matches!(error.kind.as_ref(), ErrorKind::Command(refusal) if refusal.code == code) => Ok(()),
        result => result,
    }
}
