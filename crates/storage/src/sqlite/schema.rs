//! Tables of the SQLite back end and how a connection is set up.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, config::DbConfig};

use crate::error::Cause;

/// Raised when a table changes; older files are then brought up in [`prepare`].
pub(super) const VERSION: i64 = 4;

/// Marks a file as this program's: "RECO" in ASCII.
const APPLICATION: i64 = 0x5245_434F;

/// The store's own file: what changes while the site is up, and which load it shows. All of version 2.
const TABLES: &str = "
CREATE TABLE generations (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE shown (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, name TEXT NOT NULL) STRICT;
CREATE TABLE events (
    id TEXT PRIMARY KEY, user TEXT NOT NULL, asin TEXT NOT NULL, kind TEXT NOT NULL, weight REAL NOT NULL,
    time_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_user ON events (user, time_ms DESC, id);
CREATE TABLE preferences (user TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, active INTEGER NOT NULL DEFAULT 0, info TEXT
) STRICT;
CREATE TABLE similar (
    version INTEGER NOT NULL, asin TEXT NOT NULL, items TEXT NOT NULL, PRIMARY KEY (version, asin)
) STRICT, WITHOUT ROWID;
CREATE TABLE recommendations (
    version INTEGER NOT NULL, user TEXT NOT NULL, items TEXT NOT NULL, PRIMARY KEY (version, user)
) STRICT, WITHOUT ROWID;
CREATE TABLE model_files (
    version INTEGER NOT NULL, name TEXT NOT NULL, chunk INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (version, name, chunk)
) STRICT;
CREATE TABLE reports (
    version INTEGER NOT NULL, name TEXT NOT NULL, title TEXT NOT NULL, html TEXT NOT NULL,
    PRIMARY KEY (version, name)
) STRICT;
";

/// What version 1 kept of loads in the same file; a new run of `load` writes it to a file of its own.
const REMOVE_VERSION_1: &str = "
DROP TABLE product_words; DROP TABLE product_categories; DROP TABLE products; DROP TABLE reviews;
DROP TABLE generations;
CREATE TABLE generations (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE shown (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, name TEXT NOT NULL) STRICT;
";

/// What version 3 added: how far the logs of live events are applied, and the lists made of them. Lists
/// are long rows, which a table with row ids holds best.
const ADDED_BY_VERSION_3: &str = "
CREATE TABLE offsets (
    log TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (log, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE live_lists (
    user TEXT PRIMARY KEY, version TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
    items TEXT NOT NULL
) STRICT;
";

/// What version 4 added: what events teach about items, apart for each partition of a log, as each has a
/// worker of its own.
const ADDED_BY_VERSION_4: &str = "
CREATE TABLE item_activity (
    asin TEXT NOT NULL, partition INTEGER NOT NULL, views INTEGER NOT NULL, carts INTEGER NOT NULL,
    purchases INTEGER NOT NULL, ratings INTEGER NOT NULL, rating_sum REAL NOT NULL, trend REAL NOT NULL,
    PRIMARY KEY (asin, partition)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_activity_by_trend ON item_activity (trend DESC);
CREATE TABLE item_pairs (
    asin TEXT NOT NULL, partition INTEGER NOT NULL, pairs BLOB NOT NULL, PRIMARY KEY (asin, partition)
) STRICT;
";

/// A load. Reviews are clustered by product, as they are read: one product's reviews are one stretch
/// of the file.
const CATALOGUE: &str = "
CREATE TABLE IF NOT EXISTS products (
    id INTEGER PRIMARY KEY, asin TEXT NOT NULL UNIQUE, title TEXT, brand TEXT, categories TEXT NOT NULL,
    price REAL, description TEXT, image TEXT, also_bought TEXT NOT NULL, also_viewed TEXT NOT NULL,
    rating_mean REAL, rating_count INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS product_categories (
    product INTEGER NOT NULL, category TEXT NOT NULL, PRIMARY KEY (product, category)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS product_words USING fts5 (
    words, content = '', contentless_delete = 1, detail = 'none', prefix = '2 3', tokenize = 'ascii'
);
CREATE TABLE IF NOT EXISTS reviews (
    asin TEXT NOT NULL, user TEXT NOT NULL, time INTEGER NOT NULL, ordinal INTEGER NOT NULL, rating REAL NOT NULL,
    title TEXT, text TEXT, verified INTEGER, helpful_votes INTEGER, PRIMARY KEY (asin, user, time, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS review_counts (asin TEXT PRIMARY KEY, reviews INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS summary (
    one INTEGER PRIMARY KEY CHECK (one = 1), facets TEXT NOT NULL, active_users TEXT NOT NULL
) STRICT;
";

/// Indexes of a load, built when all its rows are there: faster than keeping them up to date.
pub(super) const CATALOGUE_INDEXES: &str = "
CREATE INDEX IF NOT EXISTS products_by_count ON products (rating_count DESC, asin);
CREATE INDEX IF NOT EXISTS products_by_brand ON products (brand, rating_count DESC, asin);
CREATE INDEX IF NOT EXISTS products_by_category ON product_categories (category, product);
CREATE INDEX IF NOT EXISTS reviews_by_user ON reviews (user, time DESC, asin);
CREATE INDEX IF NOT EXISTS reviews_by_helpfulness
    ON reviews (asin, helpful_votes DESC, time DESC, user, ordinal);
";

/// Settings of every connection. Readers never wait for writers (WAL); a writer of another process
/// is waited for. The log of a load is copied into its file by who writes it, after 8,000 pages; that of live data is
/// copied beside its writer, by [`checkpoints::Checkpoints`], which turns this off there.
pub(super) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(20))?;
    connection.set_prepared_statement_cache_capacity(64);
    // Otherwise a statement with `LIMIT ?` is planned anew for each value, which takes longer than to run it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;
         PRAGMA mmap_size = 268435456; PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 8000;",
    )
}

/// What a file holds.
pub(super) enum State {
    /// The tables are there.
    Ready,
    /// A newer program wrote it, with this schema version.
    Newer(i64),
}

/// Makes the tables of an empty file and checks those of another.
pub(super) fn prepare(connection: &mut Connection) -> Result<State, Cause> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && pragma("application_id")? != APPLICATION {
        return Err("the file is an SQLite database of another program".into());
    }
    // 0 for an empty file.
    let found = pragma("user_version")?;
    match found {
        found if found > VERSION => return Ok(State::Newer(found)),
        VERSION => return Ok(State::Ready),
        _ if tables == 0 => transaction.execute_batch(TABLES)?,
        1 => transaction.execute_batch(REMOVE_VERSION_1)?,
        _ => {}
    }
    if found < 3 {
        transaction.execute_batch(ADDED_BY_VERSION_3)?;
    }
    transaction.execute_batch(ADDED_BY_VERSION_4)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(State::Ready)
}

/// Opens the file of a load and makes it and its tables if they are not there.
pub(super) fn make_catalogue(path: &Path) -> Result<Connection, Cause> {
    let mut connection = Connection::open(path)?;
    // Pages that hold the longest usual reviews whole, before the first is made.
    connection.execute_batch("PRAGMA page_size = 8192;")?;
    configure(&connection)?;
    // The log is copied into the file in large steps. What is sorted for an index may be larger than
    // memory: it is sorted by several threads, in files.
    connection.execute_batch("PRAGMA wal_autocheckpoint = 8000; PRAGMA threads = 4; PRAGMA temp_store = FILE;")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(CATALOGUE)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(connection)
}
