//! Writing many documents.
//!
//! Mostly the documents are new, and then an insert is the fastest way. Those that turn out to be
//! there already are replaced by an `update` command. (The one command that could do both at once,
//! the client's bulk write, needs a server of version 8.) A write that a broken connection or a new
//! primary cut short is sent once more: what it had already done is then replaced by the same.

use std::collections::HashMap;

use ::mongodb::{
    ClientSession,
    bson::{
        RawArrayBuf, RawDocument, RawDocumentBuf, cstr, deserialize_from_document, rawdoc,
        serialize_to_raw_document_buf,
    },
    error::{Error, ErrorKind, Result},
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{Mongo, is_unreachable};

/// Documents of one command.
const CHUNK: usize = 2_000;

/// Bytes of one command, well below the 48 MB of a message.
const CHUNK_BYTES: usize = 16 << 20;

/// Commands of one call under way at once: the server works on one while the next is made.
const AT_ONCE: usize = 2;

/// The server's code for a key that is there already.
pub(super) const DUPLICATE_KEY: i32 = 11_000;

/// The server's codes for a member that is not, or no longer, the primary, or that shuts down.
const NO_PRIMARY: [i32; 7] = [91, 189, 10_107, 11_600, 11_602, 13_435, 13_436];

/// Where documents go.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub collection: &'a str,
    /// Whether the collection may be sharded by the field `asin`, so that an update must name it.
    pub by_asin: bool,
}

/// What the server says of a write.
#[derive(Deserialize)]
struct Reply {
    #[serde(default, rename = "writeErrors")]
    errors: Vec<WriteError>,
    #[serde(default, rename = "writeConcernError")]
    concern: Option<::mongodb::bson::Document>,
}

#[derive(Deserialize)]
struct WriteError {
    index: usize,
    code: i32,
    #[serde(default, rename = "errmsg")]
    message: String,
}

/// Inserts or replaces documents. Of several with one `_id` the last counts.
pub(super) async fn upsert<T: Serialize>(
    store: &Mongo,
    target: Target<'_>,
    documents: impl Iterator<Item = T>,
) -> Result<()> {
    let documents = serialized(documents)?;
    let inserts: Vec<_> =
        chunks(&documents, size).into_iter().map(|(first, part)| insert(store, target, part, first)).collect();
    let present: Vec<Vec<usize>> = stream::iter(inserts).buffer_unordered(AT_ONCE).try_collect().await?;
    replace(store, target, &documents, &present.concat()).await
}

/// Replaces documents as part of a transaction, and makes those that are not there. Of several with
/// one `_id` the last counts.
pub(super) async fn replace_within<T: Serialize>(
    store: &Mongo,
    session: &mut ClientSession,
    collection: &str,
    documents: impl Iterator<Item = T>,
) -> Result<()> {
    let target = Target { collection, by_asin: false };
    let mut updates = Vec::new();
    for document in serialized(documents)? {
        updates.push(rawdoc! { "q": query(target, &document)?, "u": document, "upsert": true });
    }
    for (_, part) in chunks(&updates, size) {
        // Neither sent again nor with a write concern: both are the transaction's.
        let command = rawdoc! { "update": collection, "updates": list(part) };
        let reply = store.database.run_raw_command(command).session(&mut *session).await?;
        accepted(target, &deserialize_from_document(reply)?)?;
    }
    Ok(())
}

fn serialized<T: Serialize>(documents: impl Iterator<Item = T>) -> Result<Vec<RawDocumentBuf>> {
    Ok(documents.map(|document| serialize_to_raw_document_buf(&document)).collect::<std::result::Result<_, _>>()?)
}

fn size(document: &RawDocumentBuf) -> usize {
    document.as_bytes().len()
}

fn list(documents: &[RawDocumentBuf]) -> RawArrayBuf {
    let mut list = RawArrayBuf::new();
    for document in documents {
        list.push(&**document);
    }
    list
}

/// Parts that fit into a command each, with the place of their first element.
pub(super) fn chunks<T>(all: &[T], size_of: impl Fn(&T) -> usize) -> Vec<(usize, &[T])> {
    let mut chunks = Vec::new();
    let (mut first, mut size) = (0, 0);
    for (place, element) in all.iter().enumerate() {
        size += size_of(element);
        if place > first && (place - first == CHUNK || size > CHUNK_BYTES) {
            chunks.push((first, &all[first..place]));
            (first, size) = (place, size_of(element));
        }
    }
    if first < all.len() {
        chunks.push((first, &all[first..]));
    }
    chunks
}

/// Inserts documents; gives the places (from `first` on) of those whose keys were there already.
async fn insert(store: &Mongo, target: Target<'_>, documents: &[RawDocumentBuf], first: usize) -> Result<Vec<usize>> {
    let command = rawdoc! {
        "insert": target.collection, "documents": list(documents), "ordered": false,
        "writeConcern": store.write_concern.clone(),
    };
    let reply = send(store, target, command).await?;
    if let Some(error) = reply.errors.iter().find(|error| error.code != DUPLICATE_KEY) {
        let WriteError { code, message, .. } = error;
        return Err(Error::custom(format!(
            "the server refuses a document for `{}`: {message} ({code})",
            target.collection
        )));
    }
    Ok(reply.errors.iter().map(|error| first + error.index).collect())
}

/// Replaces those documents of a call that were there already.
async fn replace(store: &Mongo, target: Target<'_>, documents: &[RawDocumentBuf], present: &[usize]) -> Result<()> {
    let mut last = HashMap::new();
    if !present.is_empty() {
        for document in documents {
            last.insert(query(target, document)?.into_bytes(), document);
        }
    }
    let mut updates = RawArrayBuf::new();
    let (mut count, mut size) = (0, 0);
    for &place in present {
        // Taken out of the map, so that a key given twice is replaced once, by its last document.
        let query = query(target, &documents[place])?;
        let Some(document) = last.remove(query.as_bytes()) else { continue };
        size += query.as_bytes().len() + document.as_bytes().len();
        count += 1;
        updates.push(rawdoc! { "q": query, "u": document.clone(), "upsert": true });
        if count == CHUNK || size > CHUNK_BYTES {
            update(store, target, std::mem::take(&mut updates)).await?;
            (count, size) = (0, 0);
        }
    }
    if count > 0 {
        update(store, target, updates).await?;
    }
    Ok(())
}

/// What finds a document.
fn query(target: Target<'_>, document: &RawDocument) -> Result<RawDocumentBuf> {
    let mut query = RawDocumentBuf::new();
    if let Some(id) = document.get("_id")? {
        query.append(cstr!("_id"), id);
    }
    if let (true, Some(asin)) = (target.by_asin, document.get("asin")?) {
        query.append(cstr!("asin"), asin);
    }
    Ok(query)
}

async fn update(store: &Mongo, target: Target<'_>, updates: RawArrayBuf) -> Result<()> {
    let command = rawdoc! {
        "update": target.collection, "updates": updates, "ordered": false, "writeConcern": store.write_concern.clone(),
    };
    accepted(target, &send(store, target, command).await?)
}

/// Fails if the server refused a document.
fn accepted(target: Target<'_>, reply: &Reply) -> Result<()> {
    let Some(WriteError { code, message, .. }) = reply.errors.first() else { return Ok(()) };
    Err(Error::custom(format!("the server refuses a document for `{}`: {message} ({code})", target.collection)))
}

/// Sends a write, once more if it was cut short.
async fn send(store: &Mongo, target: Target<'_>, command: RawDocumentBuf) -> Result<Reply> {
    let reply = match store.database.run_raw_command(command.clone()).await {
        Err(error) if is_cut_short(&error) => store.database.run_raw_command(command).await?,
        reply => reply?,
    };
    let reply: Reply = deserialize_from_document(reply)?;
    match reply.concern {
        Some(concern) => {
            Err(Error::custom(format!("cannot make sure of documents of `{}`: {concern}", target.collection)))
        }
        None => Ok(reply),
    }
}

fn is_cut_short(error: &Error) -> bool {
    is_unreachable(error)
        || matches!(error.kind.as_ref(), ErrorKind::Command(refusal) if NO_PRIMARY.contains(&refusal.code))
}
