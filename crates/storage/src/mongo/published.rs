//! Published model versions in MongoDB.

use std::{borrow::Cow, collections::BTreeMap, ops::RangeInclusive};

use ::mongodb::{
    Collection,
    bson::{Binary, Bson, Document, doc, spec::BinarySubtype},
    error::{Error, Result},
};
use futures::TryStreamExt;

use super::{
    Mongo,
    documents::{ChunkDocument, ChunkKey, ListDocument, ListKey},
    write::{Target, upsert},
};
use crate::{ModelVersion, Recommended, ReportInfo, SimilarItems, UserRecommendations, records::odd_score};

/// Most bytes of a file in one document, which may have 16 MB.
const CHUNK_BYTES: usize = 8 << 20;

/// Collections with documents of versions.
const COLLECTIONS: [&str; 4] = ["similar", "recommendations", "model_files", "reports"];

/// Remembers that there is something of a version, so that it can be removed.
async fn remember(store: &Mongo, version: &str) -> Result<()> {
    let versions = store.database.collection::<Document>("versions");
    versions.update_one(doc! { "_id": version }, doc! { "$set": { "known": true } }).upsert(true).await?;
    Ok(())
}

pub(super) async fn put_similar(store: &Mongo, version: &str, lists: &[SimilarItems]) -> Result<()> {
    put_lists(store, "similar", version, lists.iter().map(|list| (list.asin.as_str(), list.items.as_slice()))).await
}

pub(super) async fn put_recommendations(store: &Mongo, version: &str, lists: &[UserRecommendations]) -> Result<()> {
    let lists = lists.iter().map(|list| (list.user.as_str(), list.items.as_slice()));
    put_lists(store, "recommendations", version, lists).await
}

async fn put_lists<'a>(
    store: &Mongo,
    collection: &str,
    version: &str,
    lists: impl Iterator<Item = (&'a str, &'a [Recommended])> + Clone + Send,
) -> Result<()> {
    if let Some(fault) = lists.clone().find_map(|(key, items)| odd_score(key, items)) {
        return Err(Error::custom(fault));
    }
    remember(store, version).await?;
    let documents = lists.map(|(key, items)| ListDocument {
        key: ListKey { version: Cow::from(version), key: Cow::from(key) },
        items: Cow::from(items),
    });
    upsert(store, Target { collection, by_asin: false }, documents).await
}

pub(super) async fn similar(store: &Mongo, version: &str, asin: &str) -> Result<Vec<Recommended>> {
    Ok(list(store, "similar", version, asin).await?.unwrap_or_default())
}

pub(super) async fn recommendations(store: &Mongo, version: &str, user: &str) -> Result<Option<Vec<Recommended>>> {
    list(store, "recommendations", version, user).await
}

async fn list(store: &Mongo, collection: &str, version: &str, key: &str) -> Result<Option<Vec<Recommended>>> {
    let lists: Collection<ListDocument> = store.database.collection(collection);
    let found = lists.find_one(doc! { "_id": { "version": version, "key": key } }).await?;
    Ok(found.map(|list| list.items.into_owned()))
}

pub(super) async fn put_model_file(store: &Mongo, version: &str, name: &str, bytes: &[u8]) -> Result<()> {
    put_file(store, "model_files", version, name, None, bytes).await
}

pub(super) async fn put_report(store: &Mongo, version: &str, name: &str, title: &str, html: &str) -> Result<()> {
    put_file(store, "reports", version, name, Some(title), html.as_bytes()).await
}

async fn put_file(
    store: &Mongo,
    collection: &str,
    version: &str,
    name: &str,
    title: Option<&str>,
    bytes: &[u8],
) -> Result<()> {
    remember(store, version).await?;
    let mut parts: Vec<&[u8]> = bytes.chunks(CHUNK_BYTES).collect();
    if parts.is_empty() {
        // An empty file has one empty chunk, so that it is there.
        parts.push(&[]);
    }
    let mut chunk = 0_i64;
    for part in parts {
        let document = ChunkDocument {
            key: ChunkKey { version: Cow::from(version), name: Cow::from(name), chunk },
            size_bytes: bytes.len() as u64,
            title: title.map(Cow::from),
            data: Some(Binary { subtype: BinarySubtype::Generic, bytes: part.to_vec() }),
        };
        upsert(store, Target { collection, by_asin: false }, std::iter::once(document)).await?;
        chunk += 1;
    }
    // Of a longer file that had the name before.
    let first = doc! { "version": version, "name": name, "chunk": chunk };
    let last = doc! { "version": version, "name": name, "chunk": Bson::MaxKey };
    store.database.collection::<Document>(collection).delete_many(between(first..=last)).await?;
    Ok(())
}

/// Keys from one to another; keys sort by their fields in turn.
pub(super) fn between(keys: RangeInclusive<Document>) -> Document {
    let (first, last) = keys.into_inner();
    doc! { "_id": { "$gte": first, "$lte": last } }
}

/// All keys of a version.
fn of_version(version: &str) -> Document {
    between(doc! { "version": version }..=doc! { "version": version, "key": Bson::MaxKey })
}

/// Chunks that a filter selects, by name and place.
async fn chunks(store: &Mongo, collection: &str, filter: Document) -> Result<Vec<ChunkDocument<'static>>> {
    let chunks: Collection<ChunkDocument> = store.database.collection(collection);
    chunks.find(filter).sort(doc! { "_id": 1 }).await?.try_collect().await
}

/// Puts chunks of files together again.
fn joined(chunks: Vec<ChunkDocument<'_>>) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut sizes = BTreeMap::new();
    for chunk in chunks {
        sizes.insert(chunk.key.name.to_string(), chunk.size_bytes);
        let bytes = chunk.data.map(|data| data.bytes).unwrap_or_default();
        files.entry(chunk.key.name.into_owned()).or_default().extend(bytes);
    }
    for (name, bytes) in &files {
        let wanted = sizes[name];
        if bytes.len() as u64 != wanted {
            let found = bytes.len();
            return Err(Error::custom(format!("`{name}` is not complete: {found} of {wanted} bytes are there")));
        }
    }
    Ok(files)
}

pub(super) async fn model_files(store: &Mongo, version: &str) -> Result<BTreeMap<String, Vec<u8>>> {
    joined(chunks(store, "model_files", of_version(version)).await?)
}

pub(super) async fn reports(store: &Mongo, version: &str) -> Result<Vec<ReportInfo>> {
    let first_chunks = doc! { "$and": [of_version(version), { "_id.chunk": 0 }] };
    let reports: Collection<ChunkDocument> = store.database.collection("reports");
    let found: Vec<ChunkDocument> =
        reports.find(first_chunks).sort(doc! { "_id": 1 }).projection(doc! { "data": 0 }).await?.try_collect().await?;
    let info = |chunk: ChunkDocument| ReportInfo {
        name: chunk.key.name.into_owned(),
        title: chunk.title.map(Cow::into_owned).unwrap_or_default(),
        size_bytes: chunk.size_bytes,
    };
    Ok(found.into_iter().map(info).collect())
}

pub(super) async fn report(store: &Mongo, version: &str, name: &str) -> Result<Option<String>> {
    let first = doc! { "version": version, "name": name };
    let last = doc! { "version": version, "name": name, "chunk": Bson::MaxKey };
    let mut files = joined(chunks(store, "reports", between(first..=last)).await?)?;
    let text = |bytes| String::from_utf8(bytes).map_err(|error| Error::custom(format!("`{name}`: {error}")));
    files.remove(name).map(text).transpose()
}

pub(super) async fn activate(store: &Mongo, version: &ModelVersion) -> Result<()> {
    remember(store, &version.version).await?;
    // As text: metrics may have any field names.
    let info = serde_json::to_string(version).map_err(|error| Error::custom(error.to_string()))?;
    let active = doc! { "version": &version.version, "info": info };
    store.meta().replace_one(doc! { "_id": "active" }, active).upsert(true).await?;
    Ok(())
}

pub(super) async fn active(store: &Mongo) -> Result<Option<ModelVersion>> {
    let Some(active) = store.meta().find_one(doc! { "_id": "active" }).await? else { return Ok(None) };
    let info = active.get_str("info").unwrap_or_default();
    serde_json::from_str(info).map(Some).map_err(|error| Error::custom(format!("active version: {error}")))
}

pub(super) async fn keep_versions(store: &Mongo, versions: &[String]) -> Result<()> {
    store.meta().delete_one(doc! { "_id": "active", "version": { "$nin": versions } }).await?;
    let known = store.database.collection::<Document>("versions");
    let old: Vec<Document> = known.find(doc! { "_id": { "$nin": versions } }).await?.try_collect().await?;
    for version in old.iter().filter_map(|version| version.get_str("_id").ok()) {
        for collection in COLLECTIONS {
            store.database.collection::<Document>(collection).delete_many(of_version(version)).await?;
        }
        known.delete_one(doc! { "_id": version }).await?;
    }
    Ok(())
}
