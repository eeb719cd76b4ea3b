//! The embedded SQLite back end: one file, nothing to install.
//!
//! One connection writes (SQLite allows no more), a few read; readers see the last commit and wait
//! for nobody. SQLite calls block, so they run on tokio's blocking threads. Bulk data is written
//! with `synchronous = NORMAL`: safe against a crash of the program, and repeatable by a new run
//! after a loss of power. What cannot be repeated (events, preferences, which load and which version
//! count) is on disk when the call returns. Not here: what a record means.

mod catalogue;
mod live;
mod published;
mod schema;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::{Mutex, Semaphore};

use crate::{
    Error, EventRecord, Facets, ModelVersion, Page, Preferences, Product, ProductQuery, Recommended, ReportInfo,
    Review, SimilarItems, Store, UserRecommendations, error::Cause,
};

/// Most queries at a time; more of them wait their turn.
const MOST_READERS: usize = 8;

/// A store in an SQLite file.
pub(crate) struct Sqlite {
    location: String,
    path: PathBuf,
    writer: Arc<Mutex<Connection>>,
    readers: Arc<std::sync::Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

/// How sure a write is when the call returns.
#[derive(Clone, Copy)]
enum Durability {
    /// Survives a crash of the program.
    Bulk,
    /// Survives a loss of power.
    Durable,
}

impl Sqlite {
    /// Opens or makes the file `path` of the URL `url`.
    pub(crate) async fn open(url: &str, path: &str) -> Result<Self, Error> {
        let location = url.to_owned();
        if path.is_empty() || path.starts_with(":memory:") {
            let problem = "it names no file".to_owned();
            return Err(Error::Url { url: location, problem });
        }
        let path = PathBuf::from(path);
        let (path, opened) = blocking(move || (path.clone(), open_file(&path))).await;
        let (connection, path) = match opened {
            Ok((_, _, schema::State::Newer(found))) => {
                return Err(Error::Newer { location, found, known: schema::VERSION });
            }
            Ok((connection, path, schema::State::Ready)) => (connection, path),
            Err(cause) => return Err(cannot_open(location, &path, &cause)),
        };
        Ok(Self {
            location,
            path,
            writer: Arc::new(Mutex::new(connection)),
            readers: Arc::default(),
            turns: Arc::new(Semaphore::new(MOST_READERS)),
        })
    }

    /// Runs a query that sees one state of the file.
    async fn read<T: Send + 'static>(
        &self,
        action: &'static str,
        query: impl FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.expect("the semaphore is never closed");
        let (path, idle) = (self.path.clone(), Arc::clone(&self.readers));
        let result = blocking(move || {
            let reused = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match reused {
                Some(connection) => connection,
                None => open_reader(&path)?,
            };
            let value = query(&*connection.transaction()?)?;
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(turn);
            Ok(value)
        });
        result.await.map_err(|cause| self.fault(action, cause))
    }

    /// Runs changes that are all made or none.
    async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        durability: Durability,
        change: impl FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, Error> {
        let mut connection = Arc::clone(&self.writer).lock_owned().await;
        let result = blocking(move || {
            let level = match durability {
                Durability::Bulk => "NORMAL",
                Durability::Durable => "FULL",
            };
            connection.pragma_update(None, "synchronous", level)?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = change(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        result.await.map_err(|cause| self.fault(action, cause))
    }

    fn fault(&self, action: &'static str, cause: Cause) -> Error {
        let code = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        match code {
            Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase | ErrorCode::PermissionDenied) => {
                cannot_open(self.location.clone(), &self.path, &cause)
            }
            _ => Error::Operation { action, location: self.location.clone(), source: cause },
        }
    }
}

/// Runs blocking work on a thread that may block, whose panic becomes the caller's.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn open_file(path: &Path) -> Result<(Connection, PathBuf, schema::State), Cause> {
    let path = std::path::absolute(path)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut connection = Connection::open(&path)?;
    schema::configure(&connection)?;
    let state = schema::prepare(&mut connection)?;
    Ok((connection, path, state))
}

/// Opens one more connection to a file that [`open_file`] has made. It never makes a new file: one
/// that was removed under a running program is an error, not an empty store.
fn open_reader(path: &Path) -> Result<Connection, Cause> {
    use rusqlite::OpenFlags;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    schema::configure(&connection)?;
    Ok(connection)
}

fn cannot_open(location: String, path: &Path, cause: &Cause) -> Error {
    Error::Unreachable {
        location,
        advice: "is it an SQLite file of this program that you may read and write?",
        source: format!("{}: {cause}", path.display()).into(),
    }
}

#[async_trait]
impl Store for Sqlite {
    fn location(&self) -> &str {
        &self.location
    }

    async fn ping(&self) -> Result<(), Error> {
        self.read("ping", |connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?)).await
    }

    async fn put_products(&self, generation: &str, products: &[Product]) -> Result<(), Error> {
        let (generation, products) = (generation.to_owned(), products.to_vec());
        let change = move |connection: &Connection| catalogue::put_products(connection, &generation, &products);
        self.write("write products", Durability::Bulk, change).await
    }

    async fn put_reviews(&self, generation: &str, reviews: &[Review]) -> Result<(), Error> {
        let (generation, reviews) = (generation.to_owned(), reviews.to_vec());
        let change = move |connection: &Connection| catalogue::put_reviews(connection, &generation, &reviews);
        self.write("write reviews", Durability::Bulk, change).await
    }

    async fn finish_load(&self, generation: &str) -> Result<(), Error> {
        let name = generation.to_owned();
        self.write("finish a load", Durability::Durable, move |connection| catalogue::finish(connection, &name))
            .await?;
        // In steps, so that live events get their turn between them.
        while self.write("remove an old load", Durability::Bulk, catalogue::remove_some).await? {}
        Ok(())
    }

    async fn loaded(&self) -> Result<Option<String>, Error> {
        self.read("read the load", catalogue::loaded).await
    }

    async fn product(&self, asin: &str) -> Result<Option<Product>, Error> {
        Ok(self.products(&[asin.to_owned()]).await?.pop())
    }

    async fn products(&self, asins: &[String]) -> Result<Vec<Product>, Error> {
        let asins = asins.to_vec();
        self.read("read products", move |connection| catalogue::products(connection, &asins)).await
    }

    async fn search(&self, query: &ProductQuery) -> Result<Page<Product>, Error> {
        let query = query.clone();
        self.read("search products", move |connection| catalogue::search(connection, &query)).await
    }

    async fn facets(&self, limit: u64) -> Result<Facets, Error> {
        self.read("read facets", move |connection| catalogue::facets(connection, limit)).await
    }

    async fn reviews_of_product(&self, asin: &str, offset: u64, limit: u64) -> Result<Page<Review>, Error> {
        let asin = asin.to_owned();
        let query = move |connection: &Connection| catalogue::reviews_of_product(connection, &asin, offset, limit);
        self.read("read reviews of a product", query).await
    }

    async fn reviews_of_user(&self, user: &str, limit: u64) -> Result<Vec<Review>, Error> {
        let user = user.to_owned();
        self.read("read reviews of a user", move |connection| catalogue::reviews_of_user(connection, &user, limit))
            .await
    }

    async fn active_users(&self, limit: u64) -> Result<Vec<String>, Error> {
        self.read("read active users", move |connection| catalogue::active_users(connection, limit)).await
    }

    async fn put_event(&self, event: &EventRecord) -> Result<bool, Error> {
        let event = event.clone();
        self.write("write an event", Durability::Durable, move |connection| live::put_event(connection, &event)).await
    }

    async fn events_of_user(&self, user: &str, limit: u64) -> Result<Vec<EventRecord>, Error> {
        let user = user.to_owned();
        self.read("read events of a user", move |connection| live::events_of_user(connection, &user, limit)).await
    }

    async fn put_preferences(&self, user: &str, preferences: &Preferences) -> Result<(), Error> {
        let (user, preferences) = (user.to_owned(), preferences.clone());
        let change = move |connection: &Connection| live::put_preferences(connection, &user, &preferences);
        self.write("write preferences", Durability::Durable, change).await
    }

    async fn preferences(&self, user: &str) -> Result<Option<Preferences>, Error> {
        let user = user.to_owned();
        self.read("read preferences", move |connection| live::preferences(connection, &user)).await
    }

    async fn put_similar(&self, version: &str, lists: &[SimilarItems]) -> Result<(), Error> {
        let (version, lists) = (version.to_owned(), lists.to_vec());
        let change = move |connection: &Connection| published::put_similar(connection, &version, &lists);
        self.write("write similar items", Durability::Bulk, change).await
    }

    async fn put_recommendations(&self, version: &str, lists: &[UserRecommendations]) -> Result<(), Error> {
        let (version, lists) = (version.to_owned(), lists.to_vec());
        let change = move |connection: &Connection| published::put_recommendations(connection, &version, &lists);
        self.write("write recommendations", Durability::Bulk, change).await
    }

    async fn put_model_file(&self, version: &str, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let (version, name, bytes) = (version.to_owned(), name.to_owned(), bytes.to_vec());
        let change = move |connection: &Connection| published::put_model_file(connection, &version, &name, &bytes);
        self.write("write a model file", Durability::Bulk, change).await
    }

    async fn put_report(&self, version: &str, name: &str, title: &str, html: &str) -> Result<(), Error> {
        let [version, name, title, html] = [version, name, title, html].map(str::to_owned);
        let change = move |connection: &Connection| published::put_report(connection, &version, &name, &title, &html);
        self.write("write a report", Durability::Bulk, change).await
    }

    async fn activate(&self, version: &ModelVersion) -> Result<(), Error> {
        let version = version.clone();
        let change = move |connection: &Connection| published::activate(connection, &version);
        self.write("activate a version", Durability::Durable, change).await
    }

    async fn active(&self) -> Result<Option<ModelVersion>, Error> {
        self.read("read the active version", published::active).await
    }

    async fn keep_versions(&self, versions: &[String]) -> Result<(), Error> {
        let versions = versions.to_vec();
        let change = move |connection: &Connection| published::keep_versions(connection, &versions);
        self.write("remove old versions", Durability::Bulk, change).await
    }

    async fn similar(&self, version: &str, asin: &str) -> Result<Vec<Recommended>, Error> {
        let (version, asin) = (version.to_owned(), asin.to_owned());
        self.read("read similar items", move |connection| published::similar(connection, &version, &asin)).await
    }

    async fn recommendations(&self, version: &str, user: &str) -> Result<Option<Vec<Recommended>>, Error> {
        let (version, user) = (version.to_owned(), user.to_owned());
        self.read("read recommendations", move |connection| published::recommendations(connection, &version, &user))
            .await
    }

    async fn model_files(&self, version: &str) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let version = version.to_owned();
        self.read("read model files", move |connection| published::model_files(connection, &version)).await
    }

    async fn reports(&self, version: &str) -> Result<Vec<ReportInfo>, Error> {
        let version = version.to_owned();
        self.read("list reports", move |connection| published::reports(connection, &version)).await
    }

    async fn report(&self, version: &str, name: &str) -> Result<Option<String>, Error> {
        let (version, name) = (version.to_owned(), name.to_owned());
        self.read("read a report", move |connection| published::report(connection, &version, &name)).await
    }
}
