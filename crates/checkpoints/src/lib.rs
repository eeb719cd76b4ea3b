//! Keeps the write-ahead log of an SQLite file short, beside the connection that writes.
//!
//! Left to itself SQLite copies the log into the file within a commit, which then waits for the disk for tens of
//! milliseconds. Here a thread with a connection of its own copies it while something is written, without holding
//! the writer up. A log that is never copied to its end, as more is written all the time, would grow for ever: a
//! long one is brought to its end under the writer's lock, which is short as little is left by then. The method is
//! that of the SQLite manual, "Write-Ahead Logging", section 3.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

/// Time from the first commit after a copy to the next copy.
const EVERY: Duration = Duration::from_secs(1);
/// After as many commits it does not wait that long: what small ones left is written in a moment, and nobody who
/// waits for the disk has to wait for a second's worth of it.
const MANY: u32 = 20;
/// A log of more pages is brought to its end: 64 MB of pages of 1 KiB, 256 MB in files of before, with 4 KiB.
const LONG: i64 = 65_536;
/// As many pages are copied and synced in a moment, while the writer waits.
const SHORT: i64 = 256;
/// Copies in a row at most that are to leave no more than that.
const MOST: usize = 8;
/// How long readers may hold up the end of a long log; the writer waits meanwhile.
const PATIENCE: Duration = Duration::from_millis(5);

/// The thread that copies; it ends when this is dropped.
pub struct Checkpoints {
    /// Commits since the last copy began.
    commits: Arc<AtomicU32>,
    wake: mpsc::Sender<()>,
}

impl Checkpoints {
    /// Takes over from a connection in WAL mode, which no longer copies by itself.
    pub fn of(writer: &Connection, path: &Path) -> rusqlite::Result<Self> {
        writer.pragma_update(None, "wal_autocheckpoint", 0)?;
        Self::start(path.to_owned()).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }

    fn start(path: PathBuf) -> io::Result<Self> {
        let (wake, woken) = mpsc::channel();
        let commits = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&commits);
        thread::Builder::new().name("checkpoints".to_owned()).spawn(move || run(&path, &counted, &woken))?;
        Ok(Self { commits, wake })
    }

    /// To be called after each commit; costs next to nothing.
    pub fn committed(&self) {
        let before = self.commits.fetch_add(1, Ordering::Relaxed);
        if before == 0 || before == MANY {
            // It lives as long as this; a copy that fails is tried again after the next commit.
            _ = self.wake.send(());
        }
    }
}

fn run(path: &Path, commits: &AtomicU32, woken: &mpsc::Receiver<()>) {
    let mut connection = None;
    // A call for many that comes after its copy has begun makes one copy more, which finds little to do.
    while woken.recv().is_ok() {
        if woken.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Disconnected) {
            return;
        }
        commits.store(0, Ordering::Relaxed);
        if let Err(error) = copy(&mut connection, path) {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "failed to copy the write-ahead log of {}", path.display());
            connection = None;
        }
    }
}

fn copy(connection: &mut Option<Connection>, path: &Path) -> rusqlite::Result<()> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(open(path)?),
    };
    let mut log = checkpoint(connection, "PASSIVE")?;
    if log.pages < LONG {
        return Ok(());
    }
    // Each copy leaves what was written meanwhile, which is less and less.
    for _ in 0..MOST {
        if log.pages - log.copied <= SHORT {
            break;
        }
        log = checkpoint(connection, "PASSIVE")?;
    }
    checkpoint(connection, "RESTART").map(drop)
}

/// It never makes a new file: one that was removed is an error.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// A log after a copy.
struct Log {
    pages: i64,
    copied: i64,
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    connection.query_row(&sql, [], |row| Ok(Log { pages: row.get(1)?, copied: row.get(2)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE numbers (number INTEGER)").unwrap();
        connection
    }

    fn write(connection: &Connection, count: i64) {
        for number in 0..count {
            connection.execute("INSERT INTO numbers VALUES (?)", [number]).unwrap();
        }
    }

    /// Rows in the file itself, as a program sees it that has no log.
    fn rows_without_log(path: &Path) -> i64 {
        let copy = path.with_extension("copy");
        std::fs::copy(path, &copy).unwrap();
        let connection = Connection::open(copy).unwrap();
        connection.query_row("SELECT count(*) FROM numbers", [], |row| row.get(0)).unwrap_or(-1)
    }

    #[test]
    fn what_was_committed_comes_into_the_file_while_the_writer_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.db");
        let connection = writer(&path);
        let checkpoints = Checkpoints::of(&connection, &path).unwrap();
        write(&connection, 2_000);
        // More than SQLite's own 1,000 pages.
        assert_eq!(rows_without_log(&path), -1, "the writer does not copy by itself any more");
        checkpoints.committed();
        while rows_without_log(&path) < 2_000 {
            thread::yield_now();
        }
    }

    #[test]
    fn a_long_log_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.db");
        let connection = writer(&path);
        write(&connection, 100);
        let other = &mut None;
        copy(other, &path).unwrap();
        assert!(checkpoint(other.as_ref().unwrap(), "PASSIVE").unwrap().pages >= 100, "a copied log keeps its pages");
        checkpoint(other.as_ref().unwrap(), "RESTART").unwrap();
        write(&connection, 1);
        assert_eq!(checkpoint(other.as_ref().unwrap(), "PASSIVE").unwrap().pages, 1);
    }

    #[test]
    fn a_file_that_was_removed_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(copy(&mut None, &folder.path().join("none.db")).is_err());
    }
}
