//! What older versions of this program wrote is brought up to date, and what cannot be made again stays.

use storage::{
    EventRecord, ItemActivity, ItemPair, LiveBatch, ModelVersion, Preferences, Recommended, Review, Store, block_on,
};

use super::harness::{mongodb_url, review};

#[test]
fn a_file_of_version_1_keeps_its_live_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let url = format!("sqlite://{}", path.display());
    let preferences = Preferences { brands: vec!["Acme".into()], ..Preferences::default() };
    let store = block_on(storage::open(&url)).unwrap();
    block_on(store.put_preferences("ann", &preferences)).unwrap();
    drop(store);
    // As version 1 had it: loads in tables of the same file.
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(
            "DROP TABLE generations; DROP TABLE shown; DROP TABLE offsets; DROP TABLE live_lists;
             DROP TABLE item_activity; DROP TABLE item_pairs;
             CREATE TABLE generations (id INTEGER PRIMARY KEY, name TEXT, loaded INTEGER);
             CREATE TABLE products (id INTEGER PRIMARY KEY, asin TEXT);
             CREATE TABLE product_categories (product INTEGER, category TEXT);
             CREATE VIRTUAL TABLE product_words USING fts5 (words);
             CREATE TABLE reviews (generation INTEGER, asin TEXT);
             INSERT INTO generations VALUES (1, 'old', 1);
             PRAGMA user_version = 1;",
        )
        .unwrap();
    let store = block_on(storage::open(&url)).unwrap();
    assert_eq!(block_on(store.loaded()).unwrap(), None, "what `load` can write again is not kept");
    assert_eq!(block_on(store.preferences("ann")).unwrap(), Some(preferences));
    block_on(store.put_reviews("new", &[review("a", "u", 1)])).unwrap();
    block_on(store.finish_load("new")).unwrap();
    assert_eq!(block_on(store.reviews_of_user("u", 9)).unwrap(), [review("a", "u", 1)]);
}

/// As version 2 made a file, with something in each table.
const VERSION_2: &str = r#"
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
INSERT INTO generations VALUES (4, 'g');
INSERT INTO shown VALUES (1, 4, 'g');
INSERT INTO events VALUES ('1', 'ann', 'a', 'view', 3.0, 5);
INSERT INTO preferences VALUES ('ann', '{"categories":[],"brands":["Acme"]}');
INSERT INTO versions VALUES (2, 'v', 1,
    '{"version":"v","pipeline":"p","model":"m","algorithm":"als","items":1,"users":1,"metrics":{}}');
INSERT INTO similar VALUES (2, 'a', '[{"asin":"b","score":0.5}]');
INSERT INTO recommendations VALUES (2, 'ann', '[{"asin":"b","score":0.5}]');
INSERT INTO model_files VALUES (2, 'model.json', 0, x'7b7d');
INSERT INTO reports VALUES (2, 'report', 'Title', '<p>');
PRAGMA application_id = 0x5245434F;
PRAGMA user_version = 2;
"#;

fn ann_saw_a() -> EventRecord {
    EventRecord { id: "1".into(), user: "ann".into(), asin: "a".into(), kind: "view".into(), weight: 3.0, time_ms: 5 }
}

/// What all versions have kept of live data is there, and what was added works.
async fn check_live_data(store: &dyn Store) {
    assert_eq!(store.events_of_user("ann", 9).await.unwrap(), [ann_saw_a()]);
    assert_eq!(store.preferences("ann").await.unwrap().unwrap().brands, ["Acme"]);
    assert!(store.offsets("events").await.unwrap().is_empty());
    assert_eq!(store.live_list("ann").await.unwrap(), None);
    let batch = LiveBatch { log: "events".into(), next: 1, events: vec![ann_saw_a()], ..LiveBatch::default() };
    assert!(store.apply(&batch).await.unwrap());
    assert_eq!(store.offsets("events").await.unwrap().into_iter().collect::<Vec<_>>(), [(0, 1)]);
    assert_eq!(store.events_of_user("ann", 9).await.unwrap().len(), 1);
    let viewed = ItemActivity { views: 1, trend: 5.0, ..ItemActivity::new("a") };
    let pair = ItemPair { asin: "b".into(), other: "a".into(), count: 1, trend: 5.0 };
    let (activity, pairs) = (vec![viewed.clone()], vec![pair]);
    let batch = LiveBatch { log: "events".into(), from: 1, next: 2, activity, pairs, ..LiveBatch::default() };
    assert!(store.apply(&batch).await.unwrap());
    assert_eq!(store.activity("a").await.unwrap(), viewed);
    assert_eq!(store.trending(9).await.unwrap(), [("a".to_owned(), 5.0)]);
    assert_eq!(store.together("a", 9).await.unwrap()[0].other, "b");
}

#[test]
fn a_file_of_version_2_keeps_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(VERSION_2).unwrap();
    // Opened twice: it is brought up to date once.
    for _ in 0..2 {
        drop(block_on(storage::open(&format!("sqlite://{}", path.display()))).unwrap());
    }
    let version: i64 =
        rusqlite::Connection::open(&path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 4);
    block_on(async {
        let store = storage::open(&format!("sqlite://{}", path.display())).await.unwrap();
        check_live_data(&*store).await;
        assert_eq!(store.loaded().await.unwrap().as_deref(), Some("g"));
        let ModelVersion { version, .. } = store.active().await.unwrap().unwrap();
        let items = [Recommended { asin: "b".into(), score: 0.5, causes: Vec::new() }];
        assert_eq!(store.similar(&version, "a").await.unwrap(), items);
        assert_eq!(store.recommendations(&version, "ann").await.unwrap().unwrap(), items);
        assert_eq!(store.model_files(&version).await.unwrap()["model.json"], b"{}");
        assert_eq!(store.report(&version, "report").await.unwrap().as_deref(), Some("<p>"));
    });
}

/// What version 3 added to a file of version 2, with something in each table.
const VERSION_3: &str = r#"
CREATE TABLE offsets (
    log TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (log, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE live_lists (
    user TEXT PRIMARY KEY, version TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
    items TEXT NOT NULL
) STRICT;
INSERT INTO offsets VALUES ('other', 0, 7);
INSERT INTO live_lists VALUES ('ben', 'v', 0, 6, '[{"asin":"b","score":0.5}]');
PRAGMA user_version = 3;
"#;

#[test]
fn a_file_of_version_3_keeps_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch(VERSION_2).unwrap();
    file.execute_batch(VERSION_3).unwrap();
    drop(file);
    block_on(async {
        let store = storage::open(&format!("sqlite://{}", path.display())).await.unwrap();
        check_live_data(&*store).await;
        assert_eq!(store.offsets("other").await.unwrap().into_iter().collect::<Vec<_>>(), [(0, 7)]);
        assert_eq!(store.live_list("ben").await.unwrap().unwrap().items[0].asin, "b");
    });
}

/// What a database of version 1 kept of loads goes; what cannot be made again stays.
#[test]
fn a_database_of_version_1_keeps_its_live_data() {
    let Some(url) = mongodb_url() else { return };
    block_on(async {
        use mongodb::bson::{Document, doc};
        let client = mongodb::Client::with_uri_str(&url).await.unwrap();
        let database = client.default_database().unwrap();
        let insert = async |collection: &str, document: Document| {
            database.collection::<Document>(collection).insert_one(document).await.unwrap();
        };
        insert("meta", doc! { "_id": "schema", "version": 1_i64 }).await;
        insert("meta", doc! { "_id": "catalogue", "number": 1_i64, "name": "old" }).await;
        insert("meta", doc! { "_id": "generations", "last": 1_i64 }).await;
        insert("reviews", doc! { "_id": { "generation": 1_i64, "asin": "a" } }).await;
        insert("products", doc! { "_id": { "generation": 1_i64, "asin": "a" } }).await;
        insert("generations", doc! { "_id": "old", "number": 1_i64 }).await;
        insert("preferences", doc! { "_id": "ann", "brands": ["Acme"] }).await;
        let store = storage::open(&url).await.unwrap();
        assert_eq!(store.loaded().await.unwrap(), None);
        assert_eq!(store.preferences("ann").await.unwrap().unwrap().brands, ["Acme"]);
        let reviews = [Review { rating: 4.0, ..review("a", "u", 1) }];
        store.put_reviews("old", &reviews).await.unwrap();
        store.finish_load("old").await.unwrap();
        assert_eq!(store.reviews_of_product("a", 0, 9).await.unwrap().rows, reviews);
        database.drop().await.unwrap();
    });
}

#[test]
fn a_database_of_version_2_keeps_all() {
    let Some(url) = mongodb_url() else { return };
    block_on(async {
        use mongodb::bson::{Document, doc};
        let store = storage::open(&url).await.unwrap();
        store.put_reviews("g", &[review("a", "u", 1)]).await.unwrap();
        store.finish_load("g").await.unwrap();
        store.put_event(&ann_saw_a()).await.unwrap();
        let preferences = Preferences { brands: vec!["Acme".into()], ..Preferences::default() };
        store.put_preferences("ann", &preferences).await.unwrap();
        drop(store);
        // As version 2 had it: without offsets, live lists and what events teach about items.
        let database = mongodb::Client::with_uri_str(&url).await.unwrap().default_database().unwrap();
        for collection in ["offsets", "live_lists", "item_activity", "item_pairs"] {
            database.collection::<Document>(collection).drop().await.unwrap();
        }
        let meta = database.collection::<Document>("meta");
        let schema = doc! { "_id": "schema" };
        meta.update_one(schema.clone(), doc! { "$set": { "version": 2_i64 } }).await.unwrap();
        let store = storage::open(&url).await.unwrap();
        check_live_data(&*store).await;
        assert_eq!(store.reviews_of_user("u", 9).await.unwrap(), [review("a", "u", 1)]);
        assert_eq!(meta.find_one(schema).await.unwrap().unwrap().get_i64("version").unwrap(), 4);
        database.drop().await.unwrap();
    });
}
