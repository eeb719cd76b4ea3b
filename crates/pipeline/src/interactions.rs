//! Index tables and interactions between tables and the recommender's own form.

use std::path::Path;

use polars::{df, frame::DataFrame, prelude::UInt32Chunked};
use recommender::{Filling, Interaction, Interactions};

use crate::{Context, Error, Kind, TableReader, TableWriter};

/// Reads an index table: the keys in the order of their indices.
pub fn read_keys(path: &Path, kind: Kind) -> Result<Vec<String>, Error> {
    let frame = TableReader::open(path, kind)?.read(&["key"])?;
    let keys = frame.column("key").and_then(|column| column.str().cloned()).map_err(Error::table("read", path))?;
    Ok(keys.iter().map(|key| key.unwrap_or_default().to_owned()).collect())
}

/// Writes an index table to output `port`: key `i` gets index `i`.
pub fn write_keys(context: &Context, port: &str, kind: Kind, keys: &[String]) -> Result<(), Error> {
    let indices: Vec<u32> = (0..keys.len() as u32).collect();
    let frame = df!("index" => indices, "key" => keys).map_err(Error::table("write", context.output(port)?))?;
    let mut writer = TableWriter::create(context, port, kind)?;
    writer.write(&frame)?;
    writer.finish().map(|_| ())
}

/// Reads interactions of `users` users and `items` items (the sizes of the index tables).
///
/// The table is read twice, a row group at a time: once to count, once to fill. So no more is held than
/// the interactions themselves, 12 bytes each, and 16 bytes a user.
pub fn read_interactions(path: &Path, users: usize, items: usize) -> Result<Interactions, Error> {
    let table = TableReader::open(path, Kind::Interactions)?;
    let mut counts = vec![0; users];
    for batch in table.batches(&["user", "item"]) {
        let (user, item) = indices(&batch?, path)?;
        for (user, item) in user.into_no_null_iter().zip(item.into_no_null_iter()) {
            if user as usize >= users || item as usize >= items {
                return Err(Error::IndexOutOfRange { path: path.to_owned(), user, item, users, items });
            }
            counts[user as usize] += 1;
        }
    }
    let mut filling = Filling::new(items, &counts);
    for batch in table.batches(&["user", "item", "weight", "time"]) {
        let batch = batch?;
        let (user, item) = indices(&batch, path)?;
        let weight = batch.column("weight").and_then(|column| column.f32().cloned());
        let time = batch.column("time").and_then(|column| column.i64().cloned());
        let [failed_weight, failed_time] = [Error::table("read", path), Error::table("read", path)];
        let (weight, time) = (weight.map_err(failed_weight)?, time.map_err(failed_time)?);
        let values = weight.into_no_null_iter().zip(time.into_no_null_iter());
        for ((user, item), (weight, time)) in user.into_no_null_iter().zip(item.into_no_null_iter()).zip(values) {
            filling.push(user, Interaction { item, weight, time: Interaction::time_of(time) });
        }
    }
    Ok(filling.finish())
}

/// The columns `user` and `item` of some rows of the table at `path`.
fn indices(rows: &DataFrame, path: &Path) -> Result<(UInt32Chunked, UInt32Chunked), Error> {
    let column = |name: &str| rows.column(name).and_then(|column| column.u32().cloned());
    Ok((column("user").map_err(Error::table("read", path))?, column("item").map_err(Error::table("read", path))?))
}

/// Writes interactions to output `port`, sorted by user and time.
pub fn write_interactions(context: &Context, port: &str, interactions: &Interactions) -> Result<(), Error> {
    let mut user = Vec::with_capacity(interactions.len());
    let mut item = Vec::with_capacity(interactions.len());
    let mut weight = Vec::with_capacity(interactions.len());
    let mut time = Vec::with_capacity(interactions.len());
    for (index, history) in interactions.histories().enumerate() {
        for entry in history {
            user.push(index as u32);
            item.push(entry.item);
            weight.push(entry.weight);
            time.push(i64::from(entry.time));
        }
    }
    let frame = df!("user" => user, "item" => item, "weight" => weight, "time" => time)
        .map_err(Error::table("write", context.output(port)?))?;
    let mut writer = TableWriter::create(context, port, Kind::Interactions)?;
    writer.write(&frame)?;
    writer.finish().map(|_| ())
}
