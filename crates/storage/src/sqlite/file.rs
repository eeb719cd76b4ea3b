//! One SQLite file: a connection that writes and some that read, on threads that may block.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use checkpoints::Checkpoints;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{Mutex, Semaphore},
};

use super::schema;
use crate::error::Cause;

/// Most queries at a time; more of them wait their turn.
const MOST_READERS: usize = 8;

/// Most keys that are looked up in the time of a change of threads or two.
const FEW: usize = 64;

/// How sure a write is when the call returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Survives a crash of the program.
    Bulk,
    /// Survives a loss of power.
    Durable,
}

/// How long a query takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Some rows by key: microseconds. It runs where it is asked, as a change of threads would take longer.
    Quick,
    /// Anything else. It runs on a thread that may block.
    Slow,
}

impl Pace {
    /// Of a query for so many keys.
    pub(super) fn of(keys: usize) -> Self {
        if keys <= FEW { Self::Quick } else { Self::Slow }
    }
}

/// The connection that writes, and how sure its writes are.
struct Writer {
    connection: Connection,
    durability: Option<Durability>,
}

impl Writer {
    fn new(connection: Connection) -> Self {
        Self { connection, durability: None }
    }

    /// The connection, of which a write is so sure from here on.
    fn with(&mut self, durability: Durability) -> rusqlite::Result<&mut Connection> {
        if self.durability != Some(durability) {
            let level = match durability {
                Durability::Bulk => "NORMAL",
                Durability::Durable => "FULL",
            };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.durability = Some(durability);
        }
        Ok(&mut self.connection)
    }
}

/// A file that exists, with its connections.
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// None until the first write.
    writer: Arc<Mutex<Option<Writer>>>,
    readers: Arc<std::sync::Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
    /// What copies the log into the file; without it the writer does.
    checkpoints: Option<Checkpoints>,
}

impl DatabaseFile {
    /// A file, with the connection that made it if this program did.
    pub(super) fn new(path: PathBuf, writer: Option<Connection>) -> Self {
        let writer = Arc::new(Mutex::new(writer.map(Writer::new)));
        let turns = Arc::new(Semaphore::new(MOST_READERS));
        Self { path, writer, readers: Arc::default(), turns, checkpoints: None }
    }

    /// The same with the log copied beside the writer, which then never waits for that.
    pub(super) fn with(self, checkpoints: Checkpoints) -> Self {
        Self { checkpoints: Some(checkpoints), ..self }
    }

    fn committed(&self) {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.committed();
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs a query that sees one state of the file.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        pace: Pace,
        query: impl FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, Cause> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.expect("the semaphore is never closed");
        let (path, idle) = (self.path.clone(), Arc::clone(&self.readers));
        let read = move || {
            let reused = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match reused {
                Some(connection) => connection,
                None => connect(&path)?,
            };
            let value = query(&*connection.transaction()?)?;
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(turn);
            Ok(value)
        };
        match pace {
            Pace::Quick => read(),
            Pace::Slow => blocking(read).await,
        }
    }

    /// Runs a quick query on the connection that writes, when no write goes on: the others have to read their pages
    /// anew after each write, this one has not.
    pub(super) async fn read_between_writes<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, Cause> + Send,
    ) -> Result<T, Cause> {
        query(&connected(&mut *self.writer.lock().await, &self.path)?.connection)
    }

    /// Runs changes that are all made or none.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        durability: Durability,
        change: impl FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, Cause> {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        let path = self.path.clone();
        let written = blocking(move || transact(&mut writer, &path, durability, change)).await;
        self.committed();
        written
    }

    /// Like [`write`](Self::write) in bulk, on this thread, so that many rows need not be copied.
    pub(super) async fn write_here<T>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, Cause> + Send,
    ) -> Result<T, Cause> {
        let mut writer = self.writer.lock().await;
        let work = || transact(&mut writer, &self.path, Durability::Bulk, change);
        let written = match Handle::current().runtime_flavor() {
            // It has no other thread that could go on meanwhile.
            RuntimeFlavor::CurrentThread => work(),
            _ => tokio::task::block_in_place(work),
        };
        self.committed();
        written
    }

    /// Moves what was written into the file itself and onto the disk.
    pub(super) async fn checkpoint(&self) -> Result<(), Cause> {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        let path = self.path.clone();
        let flush = move || {
            let connection = connected(&mut writer, &path)?.with(Durability::Durable)?;
            Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
        };
        blocking(flush).await
    }
}

fn connected<'a>(writer: &'a mut Option<Writer>, path: &Path) -> Result<&'a mut Writer, Cause> {
    match writer {
        Some(writer) => Ok(writer),
        None => Ok(writer.insert(Writer::new(connect(path)?))),
    }
}

fn transact<T>(
    writer: &mut Option<Writer>,
    path: &Path,
    durability: Durability,
    change: impl FnOnce(&Connection) -> Result<T, Cause>,
) -> Result<T, Cause> {
    let connection = connected(writer, path)?.with(durability)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = change(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// Opens one more connection to a file that is there. It never makes a new file: one that was
/// removed under a running program is an error, not an empty store.
fn connect(path: &Path) -> Result<Connection, Cause> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    schema::configure(&connection)?;
    Ok(connection)
}

/// Runs blocking work on a thread that may block, whose panic becomes the caller's.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
