//! The tables of the log, and every statement on them.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig, params};

use crate::{Message, Place, Received, error::Cause};

/// Marks a file as such a log.
const APPLICATION: i64 = 0x7265_6c67;
/// Raised when older programs can no longer read the tables.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE identity (id TEXT NOT NULL);
    INSERT INTO identity SELECT lower(hex(randomblob(16)));
    CREATE TABLE topics (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, retention_ms INTEGER NOT NULL
    );
    CREATE TABLE messages (
        topic INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
        key TEXT NOT NULL, payload BLOB NOT NULL, time_ms INTEGER NOT NULL,
        PRIMARY KEY (topic, partition, offset)
    ) WITHOUT ROWID;
    CREATE TABLE ends (
        topic INTEGER NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (topic, partition)
    ) WITHOUT ROWID;
    CREATE TABLE committed (
        topic INTEGER NOT NULL, name TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
        PRIMARY KEY (topic, name, partition)
    ) WITHOUT ROWID;
";

/// A topic as the file has it.
#[derive(Clone, Debug)]
pub(super) struct TopicRow {
    pub id: i64,
    pub name: String,
    pub partitions: u32,
    pub retention_ms: i64,
    pub ends: Vec<u64>,
}

/// Opens the log for writing and makes its tables.
pub(super) fn open(path: &Path) -> Result<Connection, Cause> {
    let mut connection = Connection::open(path)?;
    connection
        // A small message is written with its whole page.
        .execute_batch(
            "PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA busy_timeout = 5000;",
        )?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    } else if pragma("application_id")? != APPLICATION {
        return Err("the file is an SQLite database of another program".into());
    } else if pragma("user_version")? != VERSION {
        return Err("the log was written by a newer program; use that one".into());
    }
    transaction.commit()?;
    Ok(connection)
}

/// Opens the log for reading.
pub(super) fn open_reading(path: &Path) -> Result<Connection, Cause> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch("PRAGMA busy_timeout = 5000;")?;
    // Otherwise a statement with `LIMIT ?` is planned anew for each value, which takes longer than to run it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// The name that the log got when it was made.
pub(super) fn identity(connection: &Connection) -> Result<String, Cause> {
    Ok(connection.query_row("SELECT id FROM identity", [], |row| row.get(0))?)
}

/// All topics with the ends of their partitions.
pub(super) fn topics(connection: &Connection) -> Result<Vec<TopicRow>, Cause> {
    let mut statement = connection.prepare("SELECT id, name, partitions, retention_ms FROM topics ORDER BY id")?;
    let rows = statement.query_map([], |row| {
        Ok(TopicRow {
            id: row.get(0)?,
            name: row.get(1)?,
            partitions: row.get(2)?,
            retention_ms: row.get(3)?,
            ends: Vec::new(),
        })
    })?;
    let mut topics = rows.collect::<Result<Vec<TopicRow>, _>>()?;
    for topic in &mut topics {
        topic.ends = vec![0; topic.partitions as usize];
        let mut statement = connection.prepare_cached("SELECT partition, next FROM ends WHERE topic = ?")?;
        let mut rows = statement.query([topic.id])?;
        while let Some(row) = rows.next()? {
            topic.ends[row.get::<_, usize>(0)?] = row.get(1)?;
        }
    }
    Ok(topics)
}

/// Group, partition and offset of everything that was committed in a topic.
pub(super) fn committed(connection: &Connection, topic: i64) -> Result<Vec<(String, u32, u64)>, Cause> {
    let mut statement = connection.prepare("SELECT name, partition, next FROM committed WHERE topic = ?")?;
    let rows = statement.query_map([topic], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn make_topic(connection: &Connection, topic: &crate::Topic) -> Result<TopicRow, Cause> {
    let retention_ms = i64::try_from(topic.retention.as_millis()).unwrap_or(i64::MAX);
    connection.execute(
        "INSERT INTO topics (name, partitions, retention_ms) VALUES (?, ?, ?)",
        params![topic.name, topic.partitions, retention_ms],
    )?;
    Ok(TopicRow {
        id: connection.last_insert_rowid(),
        name: topic.name.clone(),
        partitions: topic.partitions,
        retention_ms,
        ends: vec![0; topic.partitions as usize],
    })
}

/// Adds a message at a place.
pub(super) fn append(
    connection: &Connection,
    topic: i64,
    place: Place,
    message: &Message,
    time_ms: i64,
) -> Result<(), Cause> {
    let sql = "INSERT INTO messages (topic, partition, offset, key, payload, time_ms) VALUES (?, ?, ?, ?, ?, ?)";
    let values = params![topic, place.partition, place.offset, message.key, message.payload, time_ms];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

pub(super) fn set_end(connection: &Connection, topic: i64, partition: usize, next: u64) -> Result<(), Cause> {
    let sql = "INSERT OR REPLACE INTO ends (topic, partition, next) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![topic, partition, next])?;
    Ok(())
}

pub(super) fn commit(connection: &Connection, topic: i64, group: &str, next: &[(u32, u64)]) -> Result<(), Cause> {
    let sql = "INSERT OR REPLACE INTO committed (topic, name, partition, next) VALUES (?, ?, ?, ?)";
    let mut statement = connection.prepare_cached(sql)?;
    for (partition, next) in next {
        statement.execute(params![topic, group, partition, next])?;
    }
    Ok(())
}

/// Messages of a partition from an offset on.
pub(super) fn read(
    connection: &Connection,
    topic: i64,
    from: Place,
    most: usize,
    found: &mut Vec<Received>,
) -> Result<(), Cause> {
    let sql = "SELECT offset, key, payload, time_ms FROM messages WHERE topic = ? AND partition = ? AND offset >= ?
               ORDER BY offset LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![topic, from.partition, from.offset, most])?;
    while let Some(row) = rows.next()? {
        let place = Place { partition: from.partition, offset: row.get(0)? };
        found.push(Received { place, key: row.get(1)?, payload: row.get(2)?, time_ms: row.get(3)? });
    }
    Ok(())
}

/// Removes up to `most` of the oldest messages of a partition that are older than `time_ms`.
pub(super) fn trim(connection: &Connection, topic: i64, partition: u32, time_ms: i64, most: u32) -> Result<(), Cause> {
    let sql = "DELETE FROM messages WHERE topic = ?1 AND partition = ?2 AND offset IN (
                   SELECT offset FROM (
                       SELECT offset, time_ms FROM messages WHERE topic = ?1 AND partition = ?2 ORDER BY offset LIMIT ?4
                   ) WHERE time_ms < ?3
               )";
    connection.prepare_cached(sql)?.execute(params![topic, partition, time_ms, most])?;
    Ok(())
}
