//! What events teach about items, in SQLite: rows for each item and partition.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::catalogue::count;
use crate::{
    ItemActivity, ItemPair, LiveBatch,
    activity::{Trending, add_levels, by_item, total},
    error::Cause,
    pairs,
};

/// What [`item`] reads.
const COUNTS: &str = "views, carts, purchases, ratings, rating_sum, trend";

/// Adds what a batch teaches to what its partition has.
pub(super) fn add(connection: &Connection, batch: &LiveBatch) -> Result<(), Cause> {
    add_items(connection, batch)?;
    add_pairs(connection, batch)
}

fn add_items(connection: &Connection, batch: &LiveBatch) -> Result<(), Cause> {
    let sql = format!("SELECT {COUNTS} FROM item_activity WHERE asin = ? AND partition = ?");
    let mut get = connection.prepare_cached(&sql)?;
    let sql = "INSERT INTO item_activity (asin, partition, views, carts, purchases, ratings, rating_sum, trend)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (asin, partition) DO UPDATE
               SET views = ?3, carts = ?4, purchases = ?5, ratings = ?6, rating_sum = ?7, trend = ?8";
    let mut put = connection.prepare_cached(sql)?;
    for (asin, mut row) in by_item(&batch.activity) {
        if let Some(kept) = get.query_row(params![asin, batch.partition], |row| item(asin, row)).optional()? {
            row.add(&kept);
        }
        let ItemActivity { views, carts, purchases, ratings, rating_sum, trend, .. } = row;
        let [views, carts, purchases, ratings] = [views, carts, purchases, ratings].map(count);
        put.execute(params![asin, batch.partition, views, carts, purchases, ratings, rating_sum, trend])?;
    }
    Ok(())
}

fn add_pairs(connection: &Connection, batch: &LiveBatch) -> Result<(), Cause> {
    let mut get = connection.prepare_cached("SELECT pairs FROM item_pairs WHERE asin = ? AND partition = ?")?;
    let sql = "INSERT INTO item_pairs (asin, partition, pairs) VALUES (?1, ?2, ?3)
               ON CONFLICT (asin, partition) DO UPDATE SET pairs = ?3";
    let mut put = connection.prepare_cached(sql)?;
    for (asin, increments) in pairs::by_item(&batch.pairs) {
        let mut rows = get.query(params![asin, batch.partition])?;
        let block = match rows.next()? {
            Some(row) => pairs::add(row.get_ref(0)?.as_blob()?, &increments)?,
            None => pairs::add(&[], &increments)?,
        };
        put.execute(params![asin, batch.partition, block])?;
    }
    Ok(())
}

pub(super) fn trending(connection: &Connection, limit: u64) -> Result<Vec<(String, f64)>, Cause> {
    let partitions: u32 =
        connection.prepare_cached("SELECT count(DISTINCT partition) FROM offsets")?.query_row([], |row| row.get(0))?;
    let mut search = Trending::new(limit, partitions as usize);
    let mut highest = connection.prepare_cached("SELECT asin, trend FROM item_activity ORDER BY trend DESC LIMIT ?")?;
    let mut levels = connection.prepare_cached("SELECT trend FROM item_activity WHERE asin = ? ORDER BY partition")?;
    loop {
        let rows = highest.query_map([count(search.rows as u64)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows: Vec<(String, f64)> = rows.collect::<Result<_, _>>()?;
        let (read, lowest) = (rows.len(), rows.last().map_or(f64::NEG_INFINITY, |(_, level)| *level));
        let mut asins: Vec<String> = rows.into_iter().map(|(asin, _)| asin).collect();
        asins.sort_unstable();
        asins.dedup();
        let mut totals = Vec::with_capacity(asins.len());
        for asin in asins {
            let mut sum = f64::NEG_INFINITY;
            for level in levels.query_map([&asin], |row| row.get(0))? {
                sum = add_levels(sum, level?);
            }
            totals.push((asin, sum));
        }
        if let Some(best) = search.settled(totals, read, lowest) {
            return Ok(best);
        }
    }
}

pub(super) fn activity(connection: &Connection, asin: &str) -> Result<ItemActivity, Cause> {
    let sql = format!("SELECT {COUNTS} FROM item_activity WHERE asin = ? ORDER BY partition");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows: Vec<ItemActivity> = statement.query_map([asin], |row| item(asin, row))?.collect::<Result<_, _>>()?;
    Ok(total(asin, rows))
}

pub(super) fn together(connection: &Connection, asin: &str, limit: u64) -> Result<Vec<ItemPair>, Cause> {
    let sql = "SELECT pairs FROM item_pairs WHERE asin = ? ORDER BY partition";
    let mut statement = connection.prepare_cached(sql)?;
    let blocks: Vec<Vec<u8>> = statement.query_map([asin], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(pairs::together(asin, blocks, limit)?)
}

/// Reads a row of [`COUNTS`].
fn item(asin: &str, row: &Row) -> rusqlite::Result<ItemActivity> {
    Ok(ItemActivity {
        asin: asin.to_owned(),
        views: number(row, 0)?,
        carts: number(row, 1)?,
        purchases: number(row, 2)?,
        ratings: number(row, 3)?,
        rating_sum: row.get(4)?,
        trend: row.get(5)?,
    })
}

fn number(row: &Row, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}
