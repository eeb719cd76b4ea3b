//! The MongoDB back end: for several nodes, and for data beyond one machine.
//!
//! Keys are subdocuments in `_id`, so that writing is idempotent by itself and no text of a user
//! can run into another key; user text is only ever a value, never an operator or a pattern.
//! Everything is written with majority write concern. What readers see changes by the replacement
//! of one document in `meta`; what a log brought is applied in a transaction, which a server alone
//! does not have: it must be a replica set, if only of one. Not here: sharding, and what a record
//! means.

mod activity;
mod batches;
mod catalogue;
mod documents;
mod generations;
mod key;
mod live;
mod published;
mod reviews;
mod schema;
mod sharding;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use ::mongodb::{
    Client, Database,
    bson::{Document, RawDocumentBuf, doc, serialize_to_raw_document_buf},
    error::{Error as DriverError, ErrorKind, Result as DriverResult},
    options::{ClientOptions, Compressor, ServerAddress, WriteConcern},
};
use async_trait::async_trait;

use self::generations::{Begun, Failure, Shown};
use crate::{
    Error, EventRecord, Facets, ItemActivity, ItemPair, LiveBatch, LiveList, ModelVersion, Page, Preferences, Product,
    ProductQuery, Recommended, ReportInfo, Review, ReviewCount, ReviewRange, SimilarItems, Store, UserRecommendations,
    open::without_password,
};

/// Raised when documents change their form.
const SCHEMA: i64 = 4;

/// The database if the URL names none.
const DATABASE: &str = "recommender";

/// How long a server is looked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A store in a MongoDB database.
pub(crate) struct Mongo {
    location: String,
    database: Database,
    /// Of commands that the driver does not know as writes.
    write_concern: RawDocumentBuf,
    begun: Begun,
    /// Number of the load that was shown when last looked at; 0 for none.
    number: AtomicI64,
}

impl Mongo {
    /// Connects to the server of a URL and checks that it answers.
    pub(crate) async fn open(url: &str) -> Result<Self, Error> {
        let location = without_password(url);
        let mut options = match ClientOptions::parse(url).await {
            Ok(options) => options,
            Err(error) if is_unreachable(&error) => return Err(unreachable(location, message(&error))),
            Err(error) => return Err(Error::Url { problem: scrubbed(&message(&error), url), url: location }),
        };
        if options.compressors.is_none() && !options.hosts.iter().all(is_on_this_machine) {
            options.compressors = Some(vec![Compressor::Zstd { level: None }]);
        }
        options.app_name.get_or_insert_with(|| "recommender".into());
        options.connect_timeout.get_or_insert(PATIENCE);
        options.server_selection_timeout.get_or_insert(PATIENCE);
        let write_concern = options.write_concern.get_or_insert_with(WriteConcern::majority);
        let write_concern = serialize_to_raw_document_buf(write_concern)
            .map_err(|error| Error::Url { problem: error.to_string(), url: location.clone() })?;
        let name = options.default_database.clone().unwrap_or_else(|| DATABASE.into());
        let client = Client::with_options(options)
            .map_err(|error| Error::Url { problem: scrubbed(&message(&error), url), url: location.clone() })?;
        let database = client.database(&name);
        let store = Self { location, database, write_concern, begun: Begun::default(), number: AtomicI64::new(0) };
        match store.prepare().await.map_err(|error| store.fault("open", &error))? {
            found if found > SCHEMA => Err(Error::Newer { location: store.location, found, known: SCHEMA }),
            _ => Ok(store),
        }
    }

    /// Makes what an empty database lacks; gives the version of its schema.
    async fn prepare(&self) -> DriverResult<i64> {
        self.database.run_command(doc! { "ping": 1 }).await?;
        let meta = self.meta();
        match meta.find_one(doc! { "_id": "schema" }).await?.map(|schema| schema.get_i64("version").unwrap_or(i64::MAX))
        {
            Some(found) if found >= SCHEMA => return Ok(found),
            // Version 1 kept all loads in these; a new run of `load` writes collections of its own.
            Some(found) if found < 2 => {
                for collection in ["products", "reviews", "generations"] {
                    self.database.collection::<Document>(collection).drop().await?;
                }
                meta.delete_one(doc! { "_id": "catalogue" }).await?;
            }
            _ => {}
        }
        live::make_collections(self).await?;
        let schema = doc! { "$set": { "version": SCHEMA } };
        meta.update_one(doc! { "_id": "schema" }, schema).upsert(true).await?;
        Ok(SCHEMA)
    }

    /// Documents that exist once: the schema, the loaded generation, the active version.
    fn meta(&self) -> ::mongodb::Collection<Document> {
        self.database.collection("meta")
    }

    /// Runs a query so that it sees the shown load whole; none if no load is shown.
    ///
    /// An old load is removed only after another is shown. So a query has seen all of its load if
    /// that is still the shown one afterwards; else the query is made again.
    async fn consistent<T, F>(&self, query: impl Fn(i64) -> F + Send) -> DriverResult<Option<T>>
    where
        F: Future<Output = DriverResult<T>> + Send,
        T: Send,
    {
        let mut number = self.number.load(Ordering::Relaxed);
        loop {
            let result = if number == 0 { Ok(None) } else { query(number).await.map(Some) };
            let now = generations::shown(self).await?.map_or(0, |shown| shown.number);
            if now == number {
                return result;
            }
            number = now;
            self.number.store(now, Ordering::Relaxed);
        }
    }

    /// The same, where an answer can show that it is whole, as a load that was removed answers with less.
    /// Then it is enough that the load was the shown one while the query ran, which saves a round trip.
    async fn consistent_if_whole<T, F>(
        &self,
        query: impl Fn(i64) -> F + Send,
        is_whole: impl FnOnce(&T) -> bool + Send,
    ) -> DriverResult<Option<T>>
    where
        F: Future<Output = DriverResult<T>> + Send,
        T: Send,
    {
        let number = self.number.load(Ordering::Relaxed);
        if number != 0
            && let (Ok(result), Ok(Some(shown))) = futures::future::join(query(number), generations::shown(self)).await
            && shown.number == number
            && is_whole(&result)
        {
            return Ok(Some(result));
        }
        self.consistent(query).await
    }

    /// Runs a query on a load that must be the shown one, before and after.
    async fn only<T, F>(&self, generation: &str, query: impl FnOnce(i64) -> F + Send) -> Result<T, Failure>
    where
        F: Future<Output = DriverResult<T>> + Send,
        T: Send,
    {
        let replaced = |shown: Option<Shown>| {
            let found =
                shown.map_or_else(|| "none is loaded".to_owned(), |shown| format!("`{}` is loaded", shown.name));
            Failure::Replaced(found)
        };
        let before = match generations::shown(self).await? {
            Some(shown) if shown.name == generation => shown,
            other => return Err(replaced(other)),
        };
        let result = query(before.number).await;
        match generations::shown(self).await? {
            Some(after) if after == before => Ok(result?),
            other => Err(replaced(other)),
        }
    }

    fn failure(&self, action: &'static str, generation: &str, failure: Failure) -> Error {
        let location = self.location.clone();
        match failure {
            Failure::Replaced(found) => Error::Replaced { action, location, wanted: generation.to_owned(), found },
            Failure::Driver(error) => self.fault(action, &error),
        }
    }

    fn fault(&self, action: &'static str, error: &DriverError) -> Error {
        let message = message(error);
        if is_unreachable(error) {
            return unreachable(self.location.clone(), message);
        }
        Error::Operation { action, location: self.location.clone(), source: message.into() }
    }
}

/// Whether messages to a server pass through no wire: then compressing them only takes time.
fn is_on_this_machine(address: &ServerAddress) -> bool {
    let ServerAddress::Tcp { host, .. } = address else { return true };
    let is_loopback = |address: std::net::IpAddr| address.is_loopback();
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(is_loopback)
}

fn unreachable(location: String, message: String) -> Error {
    Error::Unreachable { location, advice: "is it running, and is the address right?", source: message.into() }
}

fn is_unreachable(error: &DriverError) -> bool {
    matches!(
        *error.kind,
        ErrorKind::ServerSelection { .. }
            | ErrorKind::Io(_)
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::ConnectionPoolCleared { .. }
    )
}

/// What happened, without the driver's inner state.
fn message(error: &DriverError) -> String {
    error.get_custom::<String>().cloned().unwrap_or_else(|| error.kind.to_string())
}

/// A message about a URL, without the credentials of that URL.
fn scrubbed(message: &str, url: &str) -> String {
    let credentials = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(name, _)| name);
    let password = credentials.and_then(|credentials| credentials.split_once(':')).map(|(_, password)| password);
    match (credentials, password) {
        (Some(credentials), Some(password)) if !password.is_empty() => {
            message.replace(credentials, "***").replace(password, "***")
        }
        _ => message.to_owned(),
    }
}

#[async_trait]
impl Store for Mongo {
    fn location(&self) -> &str {
        &self.location
    }

    async fn ping(&self) -> Result<(), Error> {
        let pong = self.database.run_command(doc! { "ping": 1 }).await;
        pong.map(drop).map_err(|error| self.fault("ping", &error))
    }

    async fn begin_load(&self, generation: &str) -> Result<(), Error> {
        generations::begin(self, generation).await.map_err(|error| self.fault("begin a load", &error))
    }

    async fn put_products(&self, generation: &str, products: &[Product]) -> Result<(), Error> {
        let number = generations::writing(self, generation).await;
        let number = number.map_err(|failure| self.failure("write products", generation, failure))?;
        let done = catalogue::put_products(self, number, products).await;
        done.map_err(|error| self.fault("write products", &error))
    }

    async fn put_reviews(&self, generation: &str, reviews: &[Review]) -> Result<(), Error> {
        let number = generations::writing(self, generation).await;
        let number = number.map_err(|failure| self.failure("write reviews", generation, failure))?;
        reviews::put(self, number, reviews).await.map_err(|error| self.fault("write reviews", &error))
    }

    async fn finish_load(&self, generation: &str) -> Result<(), Error> {
        let done = catalogue::finish(self, generation).await;
        done.map_err(|failure| self.failure("finish a load", generation, failure))
    }

    async fn loaded(&self) -> Result<Option<String>, Error> {
        let shown = generations::shown(self).await.map_err(|error| self.fault("read the load", &error))?;
        Ok(shown.map(|shown| shown.name))
    }

    async fn product(&self, asin: &str) -> Result<Option<Product>, Error> {
        Ok(self.products(&[asin.to_owned()]).await?.pop())
    }

    async fn products(&self, asins: &[String]) -> Result<Vec<Product>, Error> {
        let found = self.consistent(|number| catalogue::products(self, number, asins)).await;
        Ok(found.map_err(|error| self.fault("read products", &error))?.unwrap_or_default())
    }

    async fn search(&self, query: &ProductQuery) -> Result<Page<Product>, Error> {
        let found = self.consistent(|number| catalogue::search(self, number, query)).await;
        let nothing = Page { rows: Vec::new(), total: 0, offset: query.offset };
        Ok(found.map_err(|error| self.fault("search products", &error))?.unwrap_or(nothing))
    }

    async fn facets(&self, limit: u64) -> Result<Facets, Error> {
        let found = self.consistent(|number| catalogue::facets(self, number, limit)).await;
        Ok(found.map_err(|error| self.fault("read facets", &error))?.unwrap_or_default())
    }

    async fn reviews_of_product(&self, asin: &str, offset: u64, limit: u64) -> Result<Page<Review>, Error> {
        let is_whole = |page: &Page<Review>| {
            page.total > 0 && page.rows.len() as u64 == page.total.saturating_sub(offset).min(limit)
        };
        let query = |number| reviews::of_product(self, number, asin, offset, limit);
        let found = self.consistent_if_whole(query, is_whole).await;
        let nothing = Page { rows: Vec::new(), total: 0, offset };
        Ok(found.map_err(|error| self.fault("read reviews of a product", &error))?.unwrap_or(nothing))
    }

    async fn review_counts(
        &self,
        generation: &str,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<ReviewCount>, Error> {
        let found = self.only(generation, |number| reviews::page_of_counts(self, number, after, limit)).await;
        found.map_err(|failure| self.failure("count reviews", generation, failure))
    }

    async fn reviews_by_key(&self, generation: &str, range: &ReviewRange, limit: u64) -> Result<Vec<Review>, Error> {
        let found = self.only(generation, |number| reviews::by_key(self, number, range, limit)).await;
        found.map_err(|failure| self.failure("read reviews", generation, failure))
    }

    async fn reviews_of_user(&self, user: &str, limit: u64) -> Result<Vec<Review>, Error> {
        let found = self.consistent(|number| reviews::of_user(self, number, user, limit)).await;
        Ok(found.map_err(|error| self.fault("read reviews of a user", &error))?.unwrap_or_default())
    }

    async fn active_users(&self, limit: u64) -> Result<Vec<String>, Error> {
        let found = self.consistent(|number| catalogue::active_users(self, number, limit)).await;
        Ok(found.map_err(|error| self.fault("read active users", &error))?.unwrap_or_default())
    }

    async fn put_event(&self, event: &EventRecord) -> Result<bool, Error> {
        live::put_event(self, event).await.map_err(|error| self.fault("write an event", &error))
    }

    async fn events_of_user(&self, user: &str, limit: u64) -> Result<Vec<EventRecord>, Error> {
        live::events_of_user(self, user, limit).await.map_err(|error| self.fault("read events of a user", &error))
    }

    async fn put_preferences(&self, user: &str, preferences: &Preferences) -> Result<(), Error> {
        live::put_preferences(self, user, preferences).await.map_err(|error| self.fault("write preferences", &error))
    }

    async fn preferences(&self, user: &str) -> Result<Option<Preferences>, Error> {
        live::preferences(self, user).await.map_err(|error| self.fault("read preferences", &error))
    }

    async fn apply(&self, batch: &LiveBatch) -> Result<bool, Error> {
        batches::apply(self, batch).await.map_err(|error| self.fault("apply a batch", &error))
    }

    async fn offsets(&self, log: &str) -> Result<BTreeMap<u32, u64>, Error> {
        live::offsets(self, log).await.map_err(|error| self.fault("read offsets", &error))
    }

    async fn known_events(&self, ids: &[String]) -> Result<BTreeSet<String>, Error> {
        batches::known_events(self, ids).await.map_err(|error| self.fault("look up events", &error))
    }

    async fn live_list(&self, user: &str) -> Result<Option<LiveList>, Error> {
        live::live_list(self, user).await.map_err(|error| self.fault("read a live list", &error))
    }

    async fn trending(&self, limit: u64) -> Result<Vec<(String, f64)>, Error> {
        activity::trending(self, limit).await.map_err(|error| self.fault("read what is trending", &error))
    }

    async fn activity(&self, asin: &str) -> Result<ItemActivity, Error> {
        activity::activity(self, asin).await.map_err(|error| self.fault("read the activity of an item", &error))
    }

    async fn together(&self, asin: &str, limit: u64) -> Result<Vec<ItemPair>, Error> {
        activity::together(self, asin, limit).await.map_err(|error| self.fault("read pairs of an item", &error))
    }

    async fn put_similar(&self, version: &str, lists: &[SimilarItems]) -> Result<(), Error> {
        let done = published::put_similar(self, version, lists).await;
        done.map_err(|error| self.fault("write similar items", &error))
    }

    async fn put_recommendations(&self, version: &str, lists: &[UserRecommendations]) -> Result<(), Error> {
        let done = published::put_recommendations(self, version, lists).await;
        done.map_err(|error| self.fault("write recommendations", &error))
    }

    async fn put_model_file(&self, version: &str, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let done = published::put_model_file(self, version, name, bytes).await;
        done.map_err(|error| self.fault("write a model file", &error))
    }

    async fn put_report(&self, version: &str, name: &str, title: &str, html: &str) -> Result<(), Error> {
        let done = published::put_report(self, version, name, title, html).await;
        done.map_err(|error| self.fault("write a report", &error))
    }

    async fn activate(&self, version: &ModelVersion) -> Result<(), Error> {
        published::activate(self, version).await.map_err(|error| self.fault("activate a version", &error))
    }

    async fn active(&self) -> Result<Option<ModelVersion>, Error> {
        published::active(self).await.map_err(|error| self.fault("read the active version", &error))
    }

    async fn keep_versions(&self, versions: &[String]) -> Result<(), Error> {
        published::keep_versions(self, versions).await.map_err(|error| self.fault("remove old versions", &error))
    }

    async fn similar(&self, version: &str, asin: &str) -> Result<Vec<Recommended>, Error> {
        published::similar(self, version, asin).await.map_err(|error| self.fault("read similar items", &error))
    }

    async fn recommendations(&self, version: &str, user: &str) -> Result<Option<Vec<Recommended>>, Error> {
        let list = published::recommendations(self, version, user).await;
        list.map_err(|error| self.fault("read recommendations", &error))
    }

    async fn model_files(&self, version: &str) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        published::model_files(self, version).await.map_err(|error| self.fault("read model files", &error))
    }

    async fn reports(&self, version: &str) -> Result<Vec<ReportInfo>, Error> {
        published::reports(self, version).await.map_err(|error| self.fault("list reports", &error))
    }

    async fn report(&self, version: &str, name: &str) -> Result<Option<String>, Error> {
        published::report(self, version, name).await.map_err(|error| self.fault("read a report", &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others() {
        for (address, here) in [
            ("localhost", true),
            ("127.0.0.1:27017", true),
            ("127.1.2.3", true),
            ("[::1]:27017", true),
            ("10.0.0.1", false),
            ("localhost.example.org:27017", false),
            ("db", false),
        ] {
            assert_eq!(is_on_this_machine(&ServerAddress::parse(address).unwrap()), here, "{address}");
        }
    }

    #[test]
    fn a_message_about_a_url_never_holds_its_password() {
        let url = "mongodb://ann:se/cret@host/db";
        assert_eq!(scrubbed("cannot parse `ann:se/cret` or se/cret", url), "cannot parse `***` or ***");
        assert_eq!(scrubbed("no host", "mongodb://host/db"), "no host");
    }
}
