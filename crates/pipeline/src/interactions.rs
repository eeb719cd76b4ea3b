//! Index tables and interactions between tables and the recommender's own form.

use std::path::Path;

use polars::df;
use recommender::{Interaction, Interactions};

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
pub fn read_interactions(path: &Path, users: usize, items: usize) -> Result<Interactions, Error> {
    let failed = || Error::table("read", path);
    let frame = TableReader::open(path, Kind::Interactions)?.read(&["user", "item", "weight", "time"])?;
    let user = frame.column("user").and_then(|column| column.u32().cloned()).map_err(failed())?;
    let item = frame.column("item").and_then(|column| column.u32().cloned()).map_err(failed())?;
    let weight = frame.column("weight").and_then(|column| column.f32().cloned()).map_err(failed())?;
    let time = frame.column("time").and_then(|column| column.i64().cloned()).map_err(failed())?;
    let rows = user.into_no_null_iter().zip(item.into_no_null_iter());
    let values = weight.into_no_null_iter().zip(time.into_no_null_iter());
    let mut pairs = Vec::with_capacity(frame.height());
    for ((user, item), (weight, time)) in rows.zip(values) {
        if user as usize >= users || item as usize >= items {
            return Err(Error::IndexOutOfRange { path: path.to_owned(), user, item, users, items });
        }
        pairs.push((user, Interaction { item, weight, time: Interaction::time_of(time) }));
    }
    Ok(Interactions::from_pairs(users, items, &pairs))
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
