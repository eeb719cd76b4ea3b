//! What a load leaves in the embedded store.

mod support;

use load::{Load, Params};
use pipeline::Stage;
use serde_json::json;
use storage::block_on;
use support::{file, run_as};

fn line(user: &str, item: &str, rating: u8, text: &str) -> String {
    format!(
        "{{\"overall\": {rating}, \"reviewerID\": \"{user}\", \"asin\": \"{item}\", \"reviewText\": \"{text}\", \
         \"unixReviewTime\": 1529193600}}\n"
    )
}

#[test]
fn products_have_their_ratings_and_reviews_their_ordinals() {
    let folder = tempfile::tempdir().unwrap();
    let reviews =
        [line("A1", "B1", 5, "x"), line("A1", "B1", 2, "y"), line("A1", "B1", 2, "y"), line("A2", "B2", 4, "z")];
    let reviews = file(folder.path(), "r.json", reviews.concat().as_bytes());
    let metadata = file(
        folder.path(),
        "m.json",
        br#"{"asin": "B1", "title": "One"}
{"asin": "B3", "title": "Three"}"#,
    );
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let value = json!({"layout": "amazon-2018", "reviews": reviews, "metadata": metadata, "store": url});
    let params: Params = serde_json::from_value(value.clone()).unwrap();
    assert!(!Load::is_in_place(&params, "f1").unwrap());
    run_as(value, "f1").unwrap();
    assert!(Load::is_in_place(&params, "f1").unwrap());
    assert!(!Load::is_in_place(&params, "f2").unwrap());

    let store = block_on(storage::open(&url)).unwrap();
    let product = block_on(store.product("B1")).unwrap().unwrap();
    // (5 + 2) / 2; the third row is a duplicate.
    assert_eq!((product.rating_mean, product.rating_count), (Some(3.5), 2));
    assert_eq!(product.title.as_deref(), Some("One"));
    let bare = block_on(store.product("B2")).unwrap().unwrap();
    assert_eq!((bare.title, bare.rating_count), (None, 1));
    let unrated = block_on(store.product("B3")).unwrap().unwrap();
    assert_eq!((unrated.rating_mean, unrated.rating_count), (None, 0));
    let page = block_on(store.reviews_of_product("B1", 0, 10)).unwrap();
    let mut ordinals: Vec<u32> = page.rows.iter().map(|review| review.ordinal).collect();
    ordinals.sort_unstable();
    assert_eq!((page.total, ordinals), (2, vec![0, 1]));
}

#[test]
fn an_unreachable_store_shows_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    // The file is broken, which the load would find when it reads it.
    let reviews = file(folder.path(), "r.json.gz", b"");
    let url = "mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200&connectTimeoutMS=200";
    let error = run_as(json!({"layout": "amazon-2018", "reviews": reviews, "store": url}), "f").err().unwrap();
    assert!(error.starts_with("reach store mongodb://127.0.0.1:1/shop"), "{error}");
}
