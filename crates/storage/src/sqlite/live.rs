//! Events and preferences in SQLite.

use rusqlite::{Connection, OptionalExtension, params};

use super::catalogue::count;
use crate::{EventRecord, Preferences, error::Cause};

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
