//! Which loads there are, and the file of each.
//!
//! A load is a file of its own beside the store's, `STORE-catalogue-NUMBER`: filled, indexed and
//! removed without holding up the live data, and shown by one change in the store's file. A number
//! is never used twice.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    file::{DatabaseFile, Durability, Pace, blocking},
    schema,
};
use crate::error::Cause;

/// A load, as readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub number: i64,
    pub name: String,
}

/// What went wrong with a load.
pub(super) enum Failure {
    /// Another load took its place; what there is instead.
    Replaced(String),
    Cause(Cause),
}

impl<E: Into<Cause>> From<E> for Failure {
    fn from(cause: E) -> Self {
        Self::Cause(cause.into())
    }
}

pub(super) fn shown(connection: &Connection) -> Result<Option<Shown>, Cause> {
    let mut statement = connection.prepare_cached("SELECT number, name FROM shown")?;
    Ok(statement.query_row([], |row| Ok(Shown { number: row.get(0)?, name: row.get(1)? })).optional()?)
}

fn number(connection: &Connection, name: &str) -> Result<Option<i64>, Cause> {
    let mut statement = connection.prepare_cached("SELECT number FROM generations WHERE name = ?")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

fn add(connection: &Connection, name: &str) -> Result<i64, Cause> {
    connection.execute("INSERT OR IGNORE INTO generations (name) VALUES (?)", [name])?;
    number(connection, name)?.ok_or_else(|| "a row just written is not there".into())
}

/// The loads of a store.
pub(super) struct Generations {
    main: Arc<DatabaseFile>,
    files: Mutex<BTreeMap<i64, Arc<DatabaseFile>>>,
    /// Numbers of the loads that were begun here and are not finished.
    begun: Mutex<HashMap<String, i64>>,
}

impl Generations {
    pub(super) fn new(main: Arc<DatabaseFile>) -> Self {
        Self { main, files: Mutex::default(), begun: Mutex::default() }
    }

    fn begun(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<i64, Arc<DatabaseFile>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, number: i64) -> PathBuf {
        let mut name = self.main.path().as_os_str().to_owned();
        name.push(format!("-catalogue-{number}"));
        name.into()
    }

    /// The load that readers see.
    pub(super) async fn shown(&self) -> Result<Option<Shown>, Cause> {
        self.main.read(Pace::Quick, shown).await
    }

    /// Runs a query on the load that readers see, which must be `wanted` if that is given.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        wanted: Option<&str>,
        pace: Pace,
        query: impl FnOnce(&Connection) -> Result<T, Cause> + Clone + Send + 'static,
    ) -> Result<Option<T>, Failure> {
        let mut shown = self.shown().await?;
        loop {
            let found = shown.as_ref().map(|shown| shown.name.as_str());
            if wanted.is_some() && wanted != found {
                return Err(Failure::Replaced(is_loaded(found)));
            }
            let Some(Shown { number, .. }) = shown else { return Ok(None) };
            let result = self.file(number).read(pace, query.clone()).await;
            if result.is_ok() {
                return Ok(result.map(Some)?);
            }
            // Its file may have been removed after another load was shown.
            let now = self.shown().await?;
            if now.as_ref().map(|now| now.number) == Some(number) {
                return Ok(result.map(Some)?);
            }
            shown = now;
        }
    }

    /// The file of a load that is there; connections to others are given up.
    fn file(&self, number: i64) -> Arc<DatabaseFile> {
        let begun = self.begun();
        let mut files = self.files();
        if let Some(file) = files.get(&number) {
            return Arc::clone(file);
        }
        files.retain(|other, _| begun.values().any(|begun| begun == other));
        let file = Arc::new(DatabaseFile::new(self.path(number), None));
        Arc::clone(files.entry(number).or_insert(file))
    }

    /// Starts a load afresh.
    pub(super) async fn begin(&self, name: &str) -> Result<(), Cause> {
        let owned = name.to_owned();
        let begin = move |connection: &Connection| {
            let before = number(connection, &owned)?;
            connection.execute("DELETE FROM generations WHERE name = ?", [&owned])?;
            let shown = shown(connection)?.map(|shown| shown.number);
            Ok((add(connection, &owned)?, before.filter(|before| shown != Some(*before))))
        };
        let (number, unfinished) = self.main.write(Durability::Durable, begin).await?;
        self.begun().insert(name.to_owned(), number);
        if let Some(unfinished) = unfinished {
            self.files().remove(&unfinished);
            let path = self.path(unfinished);
            blocking(move || remove(&path)).await?;
        }
        Ok(())
    }

    /// The file that a load of this name is written to.
    pub(super) async fn writing(&self, name: &str) -> Result<(i64, Arc<DatabaseFile>), Failure> {
        let (begun, owned) = (self.begun().get(name).copied(), name.to_owned());
        let found = self.main.read(Pace::Quick, move |connection| number(connection, &owned)).await?;
        let number = match (begun, found) {
            (Some(begun), Some(found)) if begun == found => begun,
            (Some(_), _) => return Err(Failure::Replaced("another load is written or shown".into())),
            (None, Some(found)) => found,
            (None, None) => {
                let owned = name.to_owned();
                self.main.write(Durability::Durable, move |connection| add(connection, &owned)).await?
            }
        };
        if let Some(file) = self.files().get(&number) {
            return Ok((number, Arc::clone(file)));
        }
        let path = self.path(number);
        let made = path.clone();
        let connection = blocking(move || schema::make_catalogue(&made)).await?;
        let file = Arc::new(DatabaseFile::new(path, Some(connection)));
        Ok((number, Arc::clone(self.files().entry(number).or_insert(file))))
    }

    /// Shows a load to readers and removes all others.
    pub(super) async fn show(&self, number: i64, name: &str) -> Result<(), Failure> {
        let owned = name.to_owned();
        let show = move |connection: &Connection| {
            let known = "SELECT 1, number, name FROM generations WHERE number = ? AND name = ?";
            let sql = format!("INSERT OR REPLACE INTO shown (one, number, name) {known}");
            Ok(connection.execute(&sql, params![number, owned])? == 1)
        };
        if !self.main.write(Durability::Durable, show).await? {
            return Err(Failure::Replaced("another load is written or shown".into()));
        }
        self.begun().remove(name);
        let forget = move |connection: &Connection| {
            Ok(connection.execute("DELETE FROM generations WHERE number <> ?", [number])?)
        };
        self.main.write(Durability::Bulk, forget).await?;
        self.files().retain(|other, _| *other == number);
        let (main, kept) = (self.main.path().to_owned(), self.path(number));
        Ok(blocking(move || remove_others(&main, &kept)).await?)
    }
}

fn is_loaded(found: Option<&str>) -> String {
    found.map_or_else(|| "none is loaded".to_owned(), |found| format!("`{found}` is loaded"))
}

/// Removes a file of a load with its log.
fn remove(path: &Path) -> Result<(), Cause> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("cannot remove the old {}: {error}", Path::new(&name).display()).into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes the files of all loads of a store but one.
fn remove_others(main: &Path, kept: &Path) -> Result<(), Cause> {
    let file_name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (prefix, kept) = (format!("{}-catalogue-", file_name(main)), file_name(kept));
    let folder = main.parent().unwrap_or(Path::new("."));
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = file_name(&path);
        let number =
            name.strip_prefix(&prefix).unwrap_or_default().trim_end_matches(['-', 'w', 'a', 'l', 's', 'h', 'm']);
        let is_load = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if is_load && format!("{prefix}{number}") != kept {
            remove(&path)?;
        }
    }
    Ok(())
}
