//! Loads that are begun afresh, that break off, and that get in each other's way.

use std::sync::Arc;

use storage::{Bulk, Error, Product, block_on};

use super::harness::{bare, full, mongodb_url, on_each, review};

#[test]
fn a_load_begun_afresh_is_apart_from_the_finished_one_of_its_name() {
    on_each(async |place| {
        let store = &place.store;
        store.put_products("g", &[full("a"), bare("b")]).await.unwrap();
        store.put_reviews("g", &[review("a", "u", 1)]).await.unwrap();
        store.finish_load("g").await.unwrap();
        let reader = place.open_again().await;

        store.begin_load("g").await.unwrap();
        store.put_products("g", &[bare("a")]).await.unwrap();
        store.put_reviews("g", &[review("a", "u", 2)]).await.unwrap();
        assert_eq!(reader.loaded().await.unwrap().as_deref(), Some("g"));
        assert_eq!(reader.product("a").await.unwrap(), Some(full("a")), "the new one is not seen yet");
        assert_eq!(reader.reviews_of_user("u", 9).await.unwrap(), [review("a", "u", 1)]);
        store.finish_load("g").await.unwrap();
        assert_eq!(reader.product("a").await.unwrap(), Some(bare("a")));
        assert_eq!(reader.product("b").await.unwrap(), None, "nothing of the old one is left");
        assert_eq!(reader.reviews_of_user("u", 9).await.unwrap(), [review("a", "u", 2)]);
    });
}

#[test]
fn beginning_afresh_removes_what_a_broken_load_left() {
    on_each(async |place| {
        let broken = place.open_again().await;
        broken.begin_load("g").await.unwrap();
        broken.put_reviews("g", &[review("a", "left", 1)]).await.unwrap();
        drop(broken);
        place.store.begin_load("g").await.unwrap();
        place.store.put_reviews("g", &[review("a", "u", 1)]).await.unwrap();
        place.store.finish_load("g").await.unwrap();
        let page = place.store.reviews_of_product("a", 0, 9).await.unwrap();
        assert_eq!((page.rows, page.total), (vec![review("a", "u", 1)], 1));
    });
}

#[test]
fn a_load_that_another_took_the_place_of_fails_and_shows_nothing() {
    on_each(async |place| {
        let other = place.open_again().await;
        for (ours, theirs) in [("one", "one"), ("one", "two")] {
            place.store.begin_load(ours).await.unwrap();
            place.store.put_reviews(ours, &[review("a", "ours", 1)]).await.unwrap();
            other.begin_load(theirs).await.unwrap();
            other.put_reviews(theirs, &[review("a", "theirs", 1)]).await.unwrap();
            other.finish_load(theirs).await.unwrap();
            for error in [
                place.store.put_reviews(ours, &[review("b", "ours", 1)]).await.unwrap_err(),
                place.store.put_products(ours, &[bare("b")]).await.unwrap_err(),
                place.store.finish_load(ours).await.unwrap_err(),
            ] {
                assert!(matches!(error, Error::Replaced { .. }), "{error:?}");
            }
            assert_eq!(place.store.loaded().await.unwrap().as_deref(), Some(theirs));
            let page = place.store.reviews_of_product("a", 0, 9).await.unwrap();
            assert_eq!(page.rows, [review("a", "theirs", 1)]);
        }
    });
}

#[test]
fn a_bulk_load_holds_every_row_whatever_the_batches() {
    on_each(async |place| {
        for (count, name) in [(0, "none"), (1, "one"), (2_000, "batch"), (11_234, "many")] {
            let store = Arc::clone(&place.store);
            let load = tokio::task::spawn_blocking(move || {
                let mut bulk = Bulk::begin(store, name).unwrap();
                for number in 0..count {
                    bulk.review(review(&format!("p{:02}", number % 90), &format!("u{number}"), number)).unwrap();
                    if number % 3 == 0 {
                        bulk.product(Product { rating_count: 1, ..bare(&format!("p{number}")) }).unwrap();
                    }
                }
                bulk.finish().unwrap();
            });
            load.await.unwrap();
            let counts = place.store.review_counts(name, None, 1_000).await.unwrap();
            assert_eq!(counts.iter().map(|count| count.reviews).sum::<u64>(), count as u64);
            let found = place.store.search(&storage::ProductQuery::default()).await.unwrap();
            assert_eq!(found.total, (count as u64).div_ceil(3));
        }
    });
}

#[test]
fn a_bulk_load_tells_what_the_store_refused() {
    on_each(async |place| {
        let store = Arc::clone(&place.store);
        let other = place.open_again().await;
        let load = tokio::task::spawn_blocking(move || {
            let mut bulk = Bulk::begin(store, "ours").unwrap();
            bulk.review(review("a", "u", 1)).unwrap();
            block_on(async {
                other.begin_load("theirs").await.unwrap();
                other.finish_load("theirs").await.unwrap();
            });
            bulk.finish().unwrap_err()
        });
        let error = load.await.unwrap();
        assert!(matches!(error, Error::Replaced { .. }), "{error:?}");
    });
}

#[test]
fn only_the_files_of_the_shown_load_stay() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let store = block_on(storage::open(&url)).unwrap();
    // A name like a load's, but of nobody's number.
    std::fs::write(folder.path().join("store.db-catalogue-x"), "kept").unwrap();
    for generation in ["one", "two", "three"] {
        block_on(store.put_reviews(generation, &[review("a", "u", 1)])).unwrap();
        block_on(store.finish_load(generation)).unwrap();
    }
    drop(store);
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["store.db", "store.db-catalogue-3", "store.db-catalogue-x"]);
}

#[test]
fn live_data_is_written_while_a_load_holds_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = block_on(storage::open(&format!("sqlite://{}", path.display()))).unwrap();
    block_on(store.begin_load("g")).unwrap();
    block_on(store.put_reviews("g", &[review("a", "u", 1)])).unwrap();
    let load = rusqlite::Connection::open(folder.path().join("store.db-catalogue-1")).unwrap();
    load.busy_timeout(std::time::Duration::ZERO).unwrap();
    load.execute_batch("BEGIN IMMEDIATE; CREATE INDEX of_a_long_load ON reviews (rating)").unwrap();
    let preferences = storage::Preferences { brands: vec!["Acme".into()], ..storage::Preferences::default() };
    block_on(store.put_preferences("u", &preferences)).unwrap();
    assert_eq!(block_on(store.preferences("u")).unwrap(), Some(preferences));
}

#[test]
fn the_server_checks_and_indexes_reviews_by_asin_and_user() {
    use futures::TryStreamExt;
    use mongodb::bson::{Bson, Document, doc};
    let Some(url) = mongodb_url() else { return };
    block_on(async {
        let store = storage::open(&url).await.unwrap();
        store.put_reviews("g", &[review("a", "u", 1), review("a", "u", 2)]).await.unwrap();
        store.put_products("g", &[full("a")]).await.unwrap();
        store.finish_load("g").await.unwrap();
        let database = mongodb::Client::with_uri_str(&url).await.unwrap().default_database().unwrap();
        let reviews = database.collection::<Document>("reviews_1");
        let indexes: Vec<_> = reviews.list_indexes().await.unwrap().try_collect().await.unwrap();
        let keys: Vec<&Document> = indexes.iter().map(|index| &index.keys).collect();
        assert!(keys.contains(&&doc! { "asin": 1, "time": -1 }), "{keys:?}");
        assert!(keys.iter().any(|keys| keys.keys().next().is_some_and(|first| first == "user")), "{keys:?}");
        let sound = reviews.find_one(doc! { "_id": "a u a1" }).await.unwrap().unwrap();
        let with = |field: &str, value: Bson| {
            let mut document = sound.clone();
            document.insert("_id", format!("another {field}"));
            document.insert(field, value);
            document
        };
        reviews.insert_one(with("helpful_votes", 3.into())).await.unwrap();
        for (field, value) in [
            ("rating", Bson::from(6.0)),
            ("rating", "5".into()),
            ("time", "2018".into()),
            ("helpful_votes", (-1).into()),
            ("asin", Bson::Null),
            ("reviewText", "a field of no review".into()),
        ] {
            let refused = reviews.insert_one(with(field, value.clone())).await;
            assert!(refused.unwrap_err().to_string().contains("validation"), "{field}: {value}");
        }
        let product = doc! { "_id": "b", "rating_count": 1 };
        let refused = database.collection::<Document>("products_1").insert_one(product).await;
        assert!(refused.unwrap_err().to_string().contains("validation"), "a product without categories");
        // The views by which people and other programs read follow the shown load.
        assert_eq!(database.collection::<Document>("reviews").count_documents(doc! {}).await.unwrap(), 3);
        database.drop().await.unwrap();
    });
}
