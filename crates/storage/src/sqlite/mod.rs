//! The embedded SQLite back end: a file for live data and one for the load, nothing to install.
//!
//! One connection a file writes (SQLite allows no more), a few read; readers see the last commit and
//! wait for nobody, and live events do not wait for a load. Bulk data and batches of a log are written
//! with `synchronous = NORMAL`: safe against a crash of the program, and repeatable by a new run, or
//! by the log, after a loss of power. What cannot be repeated (events, preferences, which load and which version
//! count) is on disk when the call returns. Not here: what a record means.

mod activity;
mod catalogue;
mod file;
mod generations;
mod live;
mod published;
mod reviews;
mod schema;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use checkpoints::Checkpoints;
use rusqlite::{Connection, ErrorCode};

use self::{
    file::{DatabaseFile, Durability, Pace, blocking},
    generations::{Failure, Generations},
};
use crate::{
    Error, EventRecord, Facets, ItemActivity, ItemPair, LiveBatch, LiveList, ModelVersion, Page, Preferences, Product,
    ProductQuery, Recommended, ReportInfo, Review, ReviewCount, ReviewRange, SimilarItems, Store, UserRecommendations,
    error::Cause,
};

/// A store in an SQLite file, with a file of its own for each load.
pub(crate) struct Sqlite {
    location: String,
    main: Arc<DatabaseFile>,
    generations: Generations,
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
        let checkpoints = match Checkpoints::of(&connection, &path) {
            Ok(checkpoints) => checkpoints,
            Err(error) => return Err(cannot_open(location, &path, &error.into())),
        };
        let main = Arc::new(DatabaseFile::new(path, Some(connection)).with(checkpoints));
        Ok(Self { location, generations: Generations::new(Arc::clone(&main)), main })
    }

    /// Runs a query that sees one state of the live data.
    async fn read<T: Send + 'static>(
        &self,
        action: &'static str,
        pace: Pace,
        query: impl FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, Error> {
        self.main.read(pace, query).await.map_err(|cause| self.fault(action, cause))
    }

    /// Runs changes of the live data that are all made or none.
    async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        durability: Durability,
        change: impl FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, Error> {
        self.main.write(durability, change).await.map_err(|cause| self.fault(action, cause))
    }

    /// Runs a query on the shown load; none if there is none.
    async fn read_load<T: Send + 'static>(
        &self,
        action: &'static str,
        pace: Pace,
        query: impl FnOnce(&Connection) -> Result<T, Cause> + Clone + Send + 'static,
    ) -> Result<Option<T>, Error> {
        self.generations.read(None, pace, query).await.map_err(|failure| self.failure(action, "", failure))
    }

    /// Runs a query on a load that must be the shown one.
    async fn read_only_load<T: Send + Default + 'static>(
        &self,
        action: &'static str,
        generation: &str,
        query: impl FnOnce(&Connection) -> Result<T, Cause> + Clone + Send + 'static,
    ) -> Result<T, Error> {
        let found = self.generations.read(Some(generation), Pace::Slow, query).await;
        Ok(found.map_err(|failure| self.failure(action, generation, failure))?.unwrap_or_default())
    }

    /// Writes rows of a load.
    async fn write_load(
        &self,
        action: &'static str,
        generation: &str,
        change: impl FnOnce(&Connection) -> Result<(), Cause> + Send,
    ) -> Result<(), Error> {
        let file = self.generations.writing(generation).await;
        let (_, file) = file.map_err(|failure| self.failure(action, generation, failure))?;
        file.write_here(change).await.map_err(|cause| self.fault(action, cause))
    }

    async fn finish(&self, generation: &str) -> Result<(), Failure> {
        let (number, file) = self.generations.writing(generation).await?;
        file.write(Durability::Bulk, catalogue::finish).await?;
        file.checkpoint().await?;
        self.generations.show(number, generation).await
    }

    fn failure(&self, action: &'static str, generation: &str, failure: Failure) -> Error {
        let location = self.location.clone();
        match failure {
            Failure::Replaced(found) => Error::Replaced { action, location, wanted: generation.to_owned(), found },
            Failure::Cause(cause) => self.fault(action, cause),
        }
    }

    fn fault(&self, action: &'static str, cause: Cause) -> Error {
        let code = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        match code {
            Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase | ErrorCode::PermissionDenied) => {
                cannot_open(self.location.clone(), self.main.path(), &cause)
            }
            _ => Error::Operation { action, location: self.location.clone(), source: cause },
        }
    }
}

fn open_file(path: &Path) -> Result<(Connection, PathBuf, schema::State), Cause> {
    let path = std::path::absolute(path)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut connection = Connection::open(&path)?;
    // An event changes a row here and there, and every page that it touches is written whole, twice.
    connection.pragma_update(None, "page_size", 1024)?;
    schema::configure(&connection)?;
    let state = schema::prepare(&mut connection)?;
    Ok((connection, path, state))
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
        self.read("ping", Pace::Quick, |connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?)).await
    }

    async fn begin_load(&self, generation: &str) -> Result<(), Error> {
        self.generations.begin(generation).await.map_err(|cause| self.fault("begin a load", cause))
    }

    async fn put_products(&self, generation: &str, products: &[Product]) -> Result<(), Error> {
        let change = |connection: &Connection| catalogue::put_products(connection, products);
        self.write_load("write products", generation, change).await
    }

    async fn put_reviews(&self, generation: &str, reviews: &[Review]) -> Result<(), Error> {
        self.write_load("write reviews", generation, |connection| reviews::put(connection, reviews)).await
    }

    async fn finish_load(&self, generation: &str) -> Result<(), Error> {
        self.finish(generation).await.map_err(|failure| self.failure("finish a load", generation, failure))
    }

    async fn loaded(&self) -> Result<Option<String>, Error> {
        let shown = self.generations.shown().await.map_err(|cause| self.fault("read the load", cause))?;
        Ok(shown.map(|shown| shown.name))
    }

    async fn product(&self, asin: &str) -> Result<Option<Product>, Error> {
        Ok(self.products(&[asin.to_owned()]).await?.pop())
    }

    async fn products(&self, asins: &[String]) -> Result<Vec<Product>, Error> {
        let (asins, pace) = (asins.to_vec(), Pace::of(asins.len()));
        let query = move |connection: &Connection| catalogue::products(connection, &asins);
        Ok(self.read_load("read products", pace, query).await?.unwrap_or_default())
    }

    async fn search(&self, query: &ProductQuery) -> Result<Page<Product>, Error> {
        let offset = query.offset;
        let query = query.clone();
        let found = self
            .read_load("search products", Pace::Slow, move |connection| catalogue::search(connection, &query))
            .await?;
        Ok(found.unwrap_or(Page { rows: Vec::new(), total: 0, offset }))
    }

    async fn facets(&self, limit: u64) -> Result<Facets, Error> {
        let query = move |connection: &Connection| catalogue::facets(connection, limit);
        Ok(self.read_load("read facets", Pace::Slow, query).await?.unwrap_or_default())
    }

    async fn reviews_of_product(&self, asin: &str, offset: u64, limit: u64) -> Result<Page<Review>, Error> {
        let asin = asin.to_owned();
        let query = move |connection: &Connection| reviews::of_product(connection, &asin, offset, limit);
        let found = self.read_load("read reviews of a product", Pace::Slow, query).await?;
        Ok(found.unwrap_or(Page { rows: Vec::new(), total: 0, offset }))
    }

    async fn review_counts(
        &self,
        generation: &str,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<ReviewCount>, Error> {
        let after = after.map(str::to_owned);
        let query = move |connection: &Connection| reviews::counts(connection, after.as_deref(), limit);
        self.read_only_load("count reviews", generation, query).await
    }

    async fn reviews_by_key(&self, generation: &str, range: &ReviewRange, limit: u64) -> Result<Vec<Review>, Error> {
        let range = range.clone();
        let query = move |connection: &Connection| reviews::by_key(connection, &range, limit);
        self.read_only_load("read reviews", generation, query).await
    }

    async fn reviews_of_user(&self, user: &str, limit: u64) -> Result<Vec<Review>, Error> {
        let user = user.to_owned();
        let query = move |connection: &Connection| reviews::of_user(connection, &user, limit);
        Ok(self.read_load("read reviews of a user", Pace::Quick, query).await?.unwrap_or_default())
    }

    async fn active_users(&self, limit: u64) -> Result<Vec<String>, Error> {
        let query = move |connection: &Connection| catalogue::active_users(connection, limit);
        Ok(self.read_load("read active users", Pace::Slow, query).await?.unwrap_or_default())
    }

    async fn put_event(&self, event: &EventRecord) -> Result<bool, Error> {
        let event = event.clone();
        self.write("write an event", Durability::Durable, move |connection| live::put_event(connection, &event)).await
    }

    async fn events_of_user(&self, user: &str, limit: u64) -> Result<Vec<EventRecord>, Error> {
        let user = user.to_owned();
        self.read("read events of a user", Pace::Quick, move |connection| {
            live::events_of_user(connection, &user, limit)
        })
        .await
    }

    async fn put_preferences(&self, user: &str, preferences: &Preferences) -> Result<(), Error> {
        let (user, preferences) = (user.to_owned(), preferences.clone());
        let change = move |connection: &Connection| live::put_preferences(connection, &user, &preferences);
        self.write("write preferences", Durability::Durable, change).await
    }

    async fn preferences(&self, user: &str) -> Result<Option<Preferences>, Error> {
        let user = user.to_owned();
        self.read("read preferences", Pace::Quick, move |connection| live::preferences(connection, &user)).await
    }

    async fn apply(&self, batch: &LiveBatch) -> Result<bool, Error> {
        // No fsync: a loss of power takes the last batches whole, offsets and all, so that the log,
        // which is asked to go on at the offsets that are left, delivers them once more.
        let applied = self.main.write_here(|connection| live::apply(connection, batch)).await;
        applied.map_err(|cause| self.fault("apply a batch", cause))
    }

    async fn offsets(&self, log: &str) -> Result<BTreeMap<u32, u64>, Error> {
        let log = log.to_owned();
        self.read("read offsets", Pace::Quick, move |connection| live::offsets(connection, &log)).await
    }

    async fn known_events(&self, ids: &[String]) -> Result<BTreeSet<String>, Error> {
        match Pace::of(ids.len()) {
            // A live worker asks before each of its small writes.
            Pace::Quick => {
                let known = self.main.read_between_writes(|connection| live::known_events(connection, ids)).await;
                known.map_err(|cause| self.fault("look up events", cause))
            }
            Pace::Slow => {
                let ids = ids.to_vec();
                self.read("look up events", Pace::Slow, move |connection| live::known_events(connection, &ids)).await
            }
        }
    }

    async fn live_list(&self, user: &str) -> Result<Option<LiveList>, Error> {
        let user = user.to_owned();
        self.read("read a live list", Pace::Quick, move |connection| live::live_list(connection, &user)).await
    }

    async fn trending(&self, limit: u64) -> Result<Vec<(String, f64)>, Error> {
        self.read("read what is trending", Pace::Slow, move |connection| activity::trending(connection, limit)).await
    }

    async fn activity(&self, asin: &str) -> Result<ItemActivity, Error> {
        let asin = asin.to_owned();
        self.read("read the activity of an item", Pace::Quick, move |connection| activity::activity(connection, &asin))
            .await
    }

    async fn together(&self, asin: &str, limit: u64) -> Result<Vec<ItemPair>, Error> {
        let asin = asin.to_owned();
        self.read("read pairs of an item", Pace::Slow, move |connection| activity::together(connection, &asin, limit))
            .await
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
        self.read("read the active version", Pace::Quick, published::active).await
    }

    async fn keep_versions(&self, versions: &[String]) -> Result<(), Error> {
        let versions = versions.to_vec();
        let change = move |connection: &Connection| published::keep_versions(connection, &versions);
        self.write("remove old versions", Durability::Bulk, change).await
    }

    async fn similar(&self, version: &str, asin: &str) -> Result<Vec<Recommended>, Error> {
        let (version, asin) = (version.to_owned(), asin.to_owned());
        self.read("read similar items", Pace::Quick, move |connection| published::similar(connection, &version, &asin))
            .await
    }

    async fn recommendations(&self, version: &str, user: &str) -> Result<Option<Vec<Recommended>>, Error> {
        let (version, user) = (version.to_owned(), user.to_owned());
        self.read("read recommendations", Pace::Quick, move |connection| {
            published::recommendations(connection, &version, &user)
        })
        .await
    }

    async fn model_files(&self, version: &str) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let version = version.to_owned();
        self.read("read model files", Pace::Slow, move |connection| published::model_files(connection, &version)).await
    }

    async fn reports(&self, version: &str) -> Result<Vec<ReportInfo>, Error> {
        let version = version.to_owned();
        self.read("list reports", Pace::Slow, move |connection| published::reports(connection, &version)).await
    }

    async fn report(&self, version: &str, name: &str) -> Result<Option<String>, Error> {
        let (version, name) = (version.to_owned(), name.to_owned());
        self.read("read a report", Pace::Slow, move |connection| published::report(connection, &version, &name)).await
    }
}
