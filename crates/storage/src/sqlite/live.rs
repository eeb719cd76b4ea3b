//! Events, preferences and what comes of them in SQLite.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::{activity, catalogue::count};
use crate::{EventRecord, LiveBatch, LiveList, Preferences, UserPreferences, error::Cause};

pub(super) fn put_event(connection: &Connection, event: &EventRecord) -> Result<bool, Cause> {
    let sql = "INSERT INTO events (id, user, asin, kind, weight, time_ms) VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT (id) DO NOTHING";
    let values = params![event.id, event.user, event.asin, event.kind, event.weight, event.time_ms];
    Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
}

pub(super) fn events_of_user(connection: &Connection, user: &str, limit: u64) -> Result<Vec<EventRecord>, Cause> {
    let sql = "SELECT id, user, asin, kind, weight, time_ms FROM events WHERE user = ?
               ORDER BY time_ms DESC, id LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![user, count(limit)], |row| {
        Ok(EventRecord {
            id: row.get(0)?,
            user: row.get(1)?,
            asin: row.get(2)?,
            kind: row.get(3)?,
            weight: row.get(4)?,
            time_ms: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn put_preferences(connection: &Connection, user: &str, preferences: &Preferences) -> Result<(), Cause> {
    let value = serde_json::to_string(preferences)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO preferences (user, value) VALUES (?, ?)")?
        .execute(params![user, value])?;
    Ok(())
}

pub(super) fn preferences(connection: &Connection, user: &str) -> Result<Option<Preferences>, Cause> {
    let mut statement = connection.prepare_cached("SELECT value FROM preferences WHERE user = ?")?;
    let value: Option<String> = statement.query_row([user], |row| row.get(0)).optional()?;
    Ok(value.map(|value| serde_json::from_str(&value)).transpose()?)
}

pub(super) fn apply(connection: &Connection, batch: &LiveBatch) -> Result<bool, Cause> {
    if let Some(fault) = batch.fault() {
        return Err(fault.into());
    }
    if !go_on(connection, batch)? {
        return Ok(false);
    }
    for event in &batch.events {
        put_event(connection, event)?;
    }
    for UserPreferences { user, preferences } in &batch.preferences {
        put_preferences(connection, user, preferences)?;
    }
    put_live_lists(connection, &batch.lists)?;
    activity::add(connection, batch)?;
    Ok(true)
}

/// Moves the kept offset to the end of the batch, unless it is beyond the start.
fn go_on(connection: &Connection, batch: &LiveBatch) -> Result<bool, Cause> {
    let sql = "INSERT INTO offsets (log, partition, next) VALUES (?1, ?2, ?4)
               ON CONFLICT (log, partition) DO UPDATE SET next = ?4 WHERE next <= ?3";
    let LiveBatch { log, partition, from, next, .. } = batch;
    Ok(connection.prepare_cached(sql)?.execute(params![log, partition, count(*from), count(*next)])? == 1)
}

fn put_live_lists(connection: &Connection, lists: &[LiveList]) -> Result<(), Cause> {
    let sql = "INSERT INTO live_lists (user, version, partition, offset, items) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (user) DO UPDATE SET version = ?2, partition = ?3, offset = ?4, items = ?5";
    let mut put = connection.prepare_cached(sql)?;
    for LiveList { user, version, partition, offset, items } in lists {
        put.execute(params![user, version, partition, count(*offset), serde_json::to_string(items)?])?;
    }
    Ok(())
}

pub(super) fn offsets(connection: &Connection, log: &str) -> Result<BTreeMap<u32, u64>, Cause> {
    let mut statement = connection.prepare_cached("SELECT partition, next FROM offsets WHERE log = ?")?;
    let rows = statement.query_map([log], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn known_events(connection: &Connection, ids: &[String]) -> Result<BTreeSet<String>, Cause> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM events WHERE id = ?")?;
    let mut known = BTreeSet::new();
    for id in ids {
        if statement.exists([id])? {
            known.insert(id.clone());
        }
    }
    Ok(known)
}

pub(super) fn live_list(connection: &Connection, user: &str) -> Result<Option<LiveList>, Cause> {
    let sql = "SELECT version, partition, offset, items FROM live_lists WHERE user = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([user])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(LiveList {
        user: user.to_owned(),
        version: row.get(0)?,
        partition: row.get(1)?,
        offset: row.get::<_, i64>(2)?.unsigned_abs(),
        items: serde_json::from_str(row.get_ref(3)?.as_str()?)?,
    }))
}
