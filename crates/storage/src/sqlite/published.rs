//! Published model versions in SQLite.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    ModelVersion, Recommended, ReportInfo, SimilarItems, UserRecommendations, error::Cause, records::odd_score,
};

/// The number of the version with the name given first.
const VERSION: &str = "(SELECT id FROM versions WHERE name = ?1)";

/// Most bytes in one row: far below SQLite's limit of 1 GB.
const CHUNK_BYTES: usize = 16 << 20;

/// Tables with rows of versions.
const TABLES: [&str; 4] = ["similar", "recommendations", "model_files", "reports"];

fn version_number(connection: &Connection, version: &str) -> Result<i64, Cause> {
    connection.prepare_cached("INSERT OR IGNORE INTO versions (name) VALUES (?)")?.execute([version])?;
    let mut statement = connection.prepare_cached("SELECT id FROM versions WHERE name = ?")?;
    Ok(statement.query_row([version], |row| row.get(0))?)
}

pub(super) fn put_similar(connection: &Connection, version: &str, lists: &[SimilarItems]) -> Result<(), Cause> {
    let sql = "INSERT OR REPLACE INTO similar (version, asin, items) VALUES (?, ?, ?)";
    put_lists(connection, sql, version, lists.iter().map(|list| (&list.asin, &list.items)))
}

pub(super) fn put_recommendations(
    connection: &Connection,
    version: &str,
    lists: &[UserRecommendations],
) -> Result<(), Cause> {
    let sql = "INSERT OR REPLACE INTO recommendations (version, user, items) VALUES (?, ?, ?)";
    put_lists(connection, sql, version, lists.iter().map(|list| (&list.user, &list.items)))
}

fn put_lists<'a>(
    connection: &Connection,
    sql: &str,
    version: &str,
    lists: impl Iterator<Item = (&'a String, &'a Vec<Recommended>)>,
) -> Result<(), Cause> {
    let version = version_number(connection, version)?;
    let mut insert = connection.prepare_cached(sql)?;
    for (key, items) in lists {
        if let Some(fault) = odd_score(key, items) {
            return Err(fault.into());
        }
        insert.execute(params![version, key, serde_json::to_string(items)?])?;
    }
    Ok(())
}

pub(super) fn put_model_file(connection: &Connection, version: &str, name: &str, bytes: &[u8]) -> Result<(), Cause> {
    let version = version_number(connection, version)?;
    connection.execute("DELETE FROM model_files WHERE version = ? AND name = ?", params![version, name])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO model_files (version, name, chunk, bytes) VALUES (?, ?, ?, ?)")?;
    let mut parts: Vec<&[u8]> = bytes.chunks(CHUNK_BYTES).collect();
    if parts.is_empty() {
        // An empty file has one empty chunk, so that it is there.
        parts.push(&[]);
    }
    for (chunk, part) in (0_i64..).zip(parts) {
        insert.execute(params![version, name, chunk, part])?;
    }
    Ok(())
}

pub(super) fn put_report(
    connection: &Connection,
    version: &str,
    name: &str,
    title: &str,
    html: &str,
) -> Result<(), Cause> {
    let version = version_number(connection, version)?;
    connection.execute(
        "INSERT OR REPLACE INTO reports (version, name, title, html) VALUES (?, ?, ?, ?)",
        params![version, name, title, html],
    )?;
    Ok(())
}

pub(super) fn activate(connection: &Connection, version: &ModelVersion) -> Result<(), Cause> {
    let number = version_number(connection, &version.version)?;
    let info = serde_json::to_string(version)?;
    connection.execute("UPDATE versions SET info = ?2 WHERE id = ?1", params![number, info])?;
    connection.execute("UPDATE versions SET active = (id = ?)", [number])?;
    Ok(())
}

pub(super) fn active(connection: &Connection) -> Result<Option<ModelVersion>, Cause> {
    let mut statement = connection.prepare_cached("SELECT info FROM versions WHERE active = 1")?;
    let info: Option<String> = statement.query_row([], |row| row.get(0)).optional()?;
    Ok(info.map(|info| serde_json::from_str(&info)).transpose()?)
}

pub(super) fn keep_versions(connection: &Connection, versions: &[String]) -> Result<(), Cause> {
    let mut statement = connection.prepare("SELECT id, name FROM versions")?;
    let known: Vec<(i64, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (id, _) in known.iter().filter(|(_, name)| !versions.contains(name)) {
        for table in TABLES {
            connection.execute(&format!("DELETE FROM {table} WHERE version = ?"), [id])?;
        }
        connection.execute("DELETE FROM versions WHERE id = ?", [id])?;
    }
    Ok(())
}

pub(super) fn similar(connection: &Connection, version: &str, asin: &str) -> Result<Vec<Recommended>, Cause> {
    let sql = format!("SELECT items FROM similar WHERE version = {VERSION} AND asin = ?2");
    Ok(list(connection, &sql, version, asin)?.unwrap_or_default())
}

pub(super) fn recommendations(
    connection: &Connection,
    version: &str,
    user: &str,
) -> Result<Option<Vec<Recommended>>, Cause> {
    list(
        connection,
        &format!("SELECT items FROM recommendations WHERE version = {VERSION} AND user = ?2"),
        version,
        user,
    )
}

fn list(connection: &Connection, sql: &str, version: &str, key: &str) -> Result<Option<Vec<Recommended>>, Cause> {
    let mut statement = connection.prepare_cached(sql)?;
    let items: Option<String> = statement.query_row([version, key], |row| row.get(0)).optional()?;
    Ok(items.map(|items| serde_json::from_str(&items)).transpose()?)
}

pub(super) fn model_files(connection: &Connection, version: &str) -> Result<BTreeMap<String, Vec<u8>>, Cause> {
    let sql = format!("SELECT name, bytes FROM model_files WHERE version = {VERSION} ORDER BY name, chunk");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([version])?;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        files.entry(row.get(0)?).or_default().extend_from_slice(row.get_ref(1)?.as_blob()?);
    }
    Ok(files)
}

pub(super) fn reports(connection: &Connection, version: &str) -> Result<Vec<ReportInfo>, Cause> {
    let sql = format!("SELECT name, title, octet_length(html) FROM reports WHERE version = {VERSION} ORDER BY name");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([version], |row| {
        Ok(ReportInfo { name: row.get(0)?, title: row.get(1)?, size_bytes: row.get::<_, i64>(2)?.unsigned_abs() })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn report(connection: &Connection, version: &str, name: &str) -> Result<Option<String>, Cause> {
    let sql = format!("SELECT html FROM reports WHERE version = {VERSION} AND name = ?2");
    Ok(connection.prepare_cached(&sql)?.query_row([version, name], |row| row.get(0)).optional()?)
}
