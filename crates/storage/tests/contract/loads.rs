//! Loads that are begun afresh, that break off, and that get in each other's way.

use std::sync::Arc;

use storage::{Bulk, Error, Product, Review, block_on};

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

/// What a database of version 1 kept of loads goes; what cannot be made again stays.
#[test]
fn an_older_database_keeps_its_live_data() {
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
