//! Writing many documents.
//!
//! Mostly the documents are new, and then an insert is the fastest way. Those that turn out to be
//! there already are replaced by an `update` command. (The one command that could do both at once,
//! the client's bulk write, needs a server of version 8.)

use std::collections::HashMap;

use ::mongodb::{
    Collection, Database,
    bson::{RawArrayBuf, RawDocumentBuf, rawdoc, serialize_to_raw_document_buf},
    error::{Error, ErrorKind, Result},
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

/// Documents of one insert.
const CHUNK: usize = 2_000;

/// Inserts under way at once: the server works on one while the next is made.
const AT_ONCE: usize = 4;

/// The server's code for a key that is there already.
pub(super) const DUPLICATE_KEY: i32 = 11_000;

/// Bytes of one `update` command, well below the 48 MB of a message.
const UPDATE_BYTES: usize = 16 << 20;

/// Inserts or replaces documents whose `_id` is a subdocument. Of several with one `_id` the last counts.
pub(super) async fn upsert<T: Serialize>(
    database: &Database,
    collection: &str,
    documents: impl Iterator<Item = T>,
) -> Result<()> {
    let documents: Vec<RawDocumentBuf> =
        documents.map(|document| serialize_to_raw_document_buf(&document)).collect::<std::result::Result<_, _>>()?;
    let target = database.collection::<RawDocumentBuf>(collection);
    let inserts: Vec<_> =
        documents.chunks(CHUNK).enumerate().map(|(chunk, part)| insert(&target, part, chunk * CHUNK)).collect();
    let present: Vec<Vec<usize>> = stream::iter(inserts).buffer_unordered(AT_ONCE).try_collect().await?;
    replace(database, collection, &documents, &present.concat()).await
}

/// Inserts documents; gives the places (from `first` on) of those whose keys were there already.
async fn insert(
    collection: &Collection<RawDocumentBuf>,
    documents: &[RawDocumentBuf],
    first: usize,
) -> Result<Vec<usize>> {
    let Err(error) = collection.insert_many(documents).ordered(false).await else { return Ok(Vec::new()) };
    match error.kind.as_ref() {
        ErrorKind::InsertMany(failed) if failed.write_concern_error.is_none() => {
            let errors = failed.write_errors.as_deref().unwrap_or_default();
            if errors.iter().all(|error| error.code == DUPLICATE_KEY) {
                return Ok(errors.iter().map(|error| first + error.index).collect());
            }
            Err(error)
        }
        _ => Err(error),
    }
}

/// Replaces those documents of a call that were there already.
async fn replace(database: &Database, collection: &str, documents: &[RawDocumentBuf], present: &[usize]) -> Result<()> {
    if present.is_empty() {
        return Ok(());
    }
    let mut last = HashMap::new();
    for document in documents {
        last.insert(document.get_document("_id")?.as_bytes(), document);
    }
    let mut updates = RawArrayBuf::new();
    let (mut count, mut size) = (0, 0);
    for &place in present {
        let id = documents[place].get_document("_id")?;
        // Taken out of the map, so that a key given twice is replaced once, by its last document.
        let Some(document) = last.remove(id.as_bytes()) else { continue };
        size += id.as_bytes().len() + document.as_bytes().len();
        count += 1;
        updates.push(rawdoc! { "q": { "_id": id.to_owned() }, "u": document.clone(), "upsert": true });
        if count == CHUNK || size > UPDATE_BYTES {
            update(database, collection, std::mem::take(&mut updates)).await?;
            (count, size) = (0, 0);
        }
    }
    if count > 0 {
        update(database, collection, updates).await?;
    }
    Ok(())
}

async fn update(database: &Database, collection: &str, updates: RawArrayBuf) -> Result<()> {
    let command = rawdoc! {
        "update": collection, "updates": updates, "ordered": false, "writeConcern": { "w": "majority" },
    };
    let reply = database.run_raw_command(command).await?;
    for field in ["writeErrors", "writeConcernError"] {
        if let Some(error) = reply.get(field) {
            return Err(Error::custom(format!("cannot replace documents of `{collection}`: {error}")));
        }
    }
    Ok(())
}
