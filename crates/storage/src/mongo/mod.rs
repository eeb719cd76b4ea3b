//! The MongoDB back end: for several nodes, and for data beyond one machine.
//!
//! Keys are subdocuments in `_id`, so that writing is idempotent by itself and no text of a user
//! can run into another key; user text is only ever a value, never an operator or a pattern.
//! Everything is written with majority write concern. What readers see changes by the replacement
//! of one document in `meta`. Not here: sharding, and what a record means.

mod catalogue;
mod documents;
mod live;
mod published;
mod write;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use ::mongodb::{
    Client, Database,
    bson::{Document, doc},
    error::{Error as DriverError, ErrorKind, Result as DriverResult},
    options::{ClientOptions, WriteConcern},
};
use async_trait::async_trait;

use crate::{
    Error, EventRecord, Facets, ModelVersion, Page, Preferences, Product, ProductQuery, Recommended, ReportInfo,
    Review, SimilarItems, Store, UserRecommendations, open::without_password,
};

/// Raised when documents change their form.
const SCHEMA: i64 = 1;

/// The database if the URL names none.
const DATABASE: &str = "recommender";

/// How long a server is looked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A store in a MongoDB database.
pub(crate) struct Mongo {
    location: String,
    database: Database,
    /// Number of the generation that was the loaded one when last looked at; 0 for none.
    generation: AtomicI64,
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
        options.app_name.get_or_insert_with(|| "recommender".into());
        options.connect_timeout.get_or_insert(PATIENCE);
        options.server_selection_timeout.get_or_insert(PATIENCE);
        options.write_concern.get_or_insert_with(WriteConcern::majority);
        let name = options.default_database.clone().unwrap_or_else(|| DATABASE.into());
        let client = Client::with_options(options)
            .map_err(|error| Error::Url { problem: scrubbed(&message(&error), url), url: location.clone() })?;
        let store = Self { location, database: client.database(&name), generation: AtomicI64::new(0) };
        match store.prepare().await.map_err(|error| store.fault("open", &error))? {
            found if found > SCHEMA => Err(Error::Newer { location: store.location, found, known: SCHEMA }),
            _ => Ok(store),
        }
    }

    /// Makes what an empty database lacks; gives the version of its schema.
    async fn prepare(&self) -> DriverResult<i64> {
        self.database.run_command(doc! { "ping": 1 }).await?;
        let meta = self.meta();
        if let Some(schema) = meta.find_one(doc! { "_id": "schema" }).await? {
            return Ok(schema.get_i64("version").unwrap_or(i64::MAX));
        }
        live::make_indexes(self).await?;
        let schema = doc! { "$set": { "version": SCHEMA } };
        meta.update_one(doc! { "_id": "schema" }, schema).upsert(true).await?;
        Ok(SCHEMA)
    }

    /// Documents that exist once: the schema, the loaded generation, the active version.
    fn meta(&self) -> ::mongodb::Collection<Document> {
        self.database.collection("meta")
    }

    /// Runs a query of the catalogue so that it sees one generation whole.
    ///
    /// An old generation is removed only after another is shown. So a query has seen all of its
    /// generation if that is still the shown one afterwards; else the query is made again.
    async fn consistent<T, F>(&self, query: impl Fn(i64) -> F + Send) -> DriverResult<T>
    where
        F: Future<Output = DriverResult<T>> + Send,
        T: Send,
    {
        let mut generation = self.generation.load(Ordering::Relaxed);
        loop {
            let result = query(generation).await?;
            let now = catalogue::shown(self).await?.map_or(0, |shown| shown.number);
            if now == generation {
                return Ok(result);
            }
            generation = now;
            self.generation.store(now, Ordering::Relaxed);
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

    async fn put_products(&self, generation: &str, products: &[Product]) -> Result<(), Error> {
        let done = catalogue::put_products(self, generation, products).await;
        done.map_err(|error| self.fault("write products", &error))
    }

    async fn put_reviews(&self, generation: &str, reviews: &[Review]) -> Result<(), Error> {
        let done = catalogue::put_reviews(self, generation, reviews).await;
        done.map_err(|error| self.fault("write reviews", &error))
    }

    async fn finish_load(&self, generation: &str) -> Result<(), Error> {
        catalogue::finish(self, generation).await.map_err(|error| self.fault("finish a load", &error))
    }

    async fn loaded(&self) -> Result<Option<String>, Error> {
        let shown = catalogue::shown(self).await.map_err(|error| self.fault("read the load", &error))?;
        Ok(shown.map(|shown| shown.name))
    }

    async fn product(&self, asin: &str) -> Result<Option<Product>, Error> {
        Ok(self.products(&[asin.to_owned()]).await?.pop())
    }

    async fn products(&self, asins: &[String]) -> Result<Vec<Product>, Error> {
        catalogue::products(self, asins).await.map_err(|error| self.fault("read products", &error))
    }

    async fn search(&self, query: &ProductQuery) -> Result<Page<Product>, Error> {
        catalogue::search(self, query).await.map_err(|error| self.fault("search products", &error))
    }

    async fn facets(&self, limit: u64) -> Result<Facets, Error> {
        catalogue::facets(self, limit).await.map_err(|error| self.fault("read facets", &error))
    }

    async fn reviews_of_product(&self, asin: &str, offset: u64, limit: u64) -> Result<Page<Review>, Error> {
        let page = catalogue::reviews_of_product(self, asin, offset, limit).await;
        page.map_err(|error| self.fault("read reviews of a product", &error))
    }

    async fn reviews_of_user(&self, user: &str, limit: u64) -> Result<Vec<Review>, Error> {
        let reviews = catalogue::reviews_of_user(self, user, limit).await;
        reviews.map_err(|error| self.fault("read reviews of a user", &error))
    }

    async fn active_users(&self, limit: u64) -> Result<Vec<String>, Error> {
        catalogue::active_users(self, limit).await.map_err(|error| self.fault("read active users", &error))
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
    fn a_message_about_a_url_never_holds_its_password() {
        let url = "mongodb://ann:se/cret@host/db";
        assert_eq!(scrubbed("cannot parse `ann:se/cret` or se/cret", url), "cannot parse `***` or ***");
        assert_eq!(scrubbed("no host", "mongodb://host/db"), "no host");
    }
}
