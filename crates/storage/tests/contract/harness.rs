//! Runs a case on each back end.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use storage::{Product, Review, Store, block_on};

/// An empty store of its own for one case.
pub struct Place {
    /// What opens it.
    pub url: String,
    /// It, opened.
    pub store: Arc<dyn Store>,
}

impl Place {
    fn new(url: String) -> Self {
        let store = block_on(storage::open(&url)).unwrap();
        Self { url, store }
    }

    /// A second opening, as another process would have it.
    pub async fn open_again(&self) -> Arc<dyn Store> {
        storage::open(&self.url).await.unwrap()
    }
}

/// Runs a case on SQLite, and on MongoDB where there is one; what it returns must be equal.
#[expect(clippy::needless_pass_by_value, reason = "cases read best as closures without a borrow")]
pub fn on_each<R: PartialEq + Debug>(case: impl AsyncFn(&Place) -> R) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new folder/store.db");
    let embedded = Place::new(format!("sqlite://{}", path.display()));
    let on_sqlite = block_on(case(&embedded));
    let Some(url) = mongodb_url() else { return };
    let place = Place::new(url);
    // Its database is removed even if the case fails.
    let on_mongodb = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(case(&place))));
    drop_database(&place.url);
    match on_mongodb {
        Ok(on_mongodb) => assert_eq!(on_sqlite, on_mongodb, "SQLite (left) and MongoDB (right) differ"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The URL of a database that no other case uses, if there is a server.
pub fn mongodb_url() -> Option<String> {
    static CASES: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("MONGODB_URL") else {
        assert!(
            std::env::var("REQUIRE_SERVICES").as_deref() != Ok("1"),
            "MONGODB_URL is not set; run: eval \"$(scripts/services.sh up mongo)\""
        );
        println!("skipped on MongoDB: MONGODB_URL is not set; run: eval \"$(scripts/services.sh up mongo)\"");
        return None;
    };
    let (address, options) = server.split_once('?').unwrap_or((&server, ""));
    let (scheme, rest) = address.split_once("://").expect("MONGODB_URL has a scheme");
    let hosts = rest.split('/').next().unwrap_or_default();
    let case = CASES.fetch_add(1, Ordering::Relaxed);
    Some(format!("{scheme}://{hosts}/contract_{}_{case}?{options}", std::process::id()))
}

fn drop_database(url: &str) {
    block_on(async {
        let client = mongodb::Client::with_uri_str(url).await.unwrap();
        client.default_database().unwrap().drop().await.unwrap();
    });
}

/// Keys that could be taken for something else: operators, patterns, separators, quotes; and long.
pub fn odd_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "$where",
        "a.b",
        "a/b",
        "'; DROP TABLE products; --",
        "\"",
        "%_*",
        ".*",
        "Ünïcödé 日本語 🎁",
        " ",
        "{}",
        "\\",
        "0",
    ]
    .map(str::to_owned)
    .into();
    keys.extend(["k".repeat(300), "é".repeat(150), "null\0inside".into()]);
    keys
}

/// A product with nothing but a key.
pub fn bare(asin: &str) -> Product {
    Product { asin: asin.into(), ..Product::default() }
}

/// A product with everything.
pub fn full(asin: &str) -> Product {
    let odd = odd_keys();
    Product {
        asin: asin.into(),
        title: Some("A \"title\" with $set, a.b and 日本語".into()),
        brand: Some("O'Brand & Söhne".into()),
        categories: odd.clone(),
        price: Some(0.1),
        description: Some("line\nbreak\ttab \0 null".into()),
        image: Some("https://example.org/a?b=c&d=%20".into()),
        also_bought: odd.clone(),
        also_viewed: odd,
        rating_mean: Some(4.333_333_5),
        rating_count: u32::MAX,
    }
}

/// A review with nothing but its key and rating.
pub fn review(asin: &str, user: &str, time: i64) -> Review {
    Review { asin: asin.into(), user: user.into(), time, rating: 3.0, ..Review::default() }
}
