//! What happens when a store cannot be opened, and that a store outlives its opening.

use std::fs;

use storage::{Error, block_on, open};

use super::harness::{bare, on_each};

fn failure(url: &str) -> Error {
    match block_on(open(url)) {
        Ok(_) => panic!("`{url}` was opened"),
        Err(error) => error,
    }
}

/// The error and its causes, as the program prints them.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[test]
fn a_store_outlives_its_opening() {
    on_each(async |place| {
        place.store.put_products("g", &[bare("a")]).await.unwrap();
        place.store.finish_load("g").await.unwrap();
        let again = place.open_again().await;
        again.ping().await.unwrap();
        assert_eq!(again.product("a").await.unwrap(), Some(bare("a")));
        assert_eq!(again.location(), place.url.split('?').next().unwrap());
    });
}

#[test]
fn a_file_that_is_no_store_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.db");
    fs::write(&text, "this is no database, just some text that is long enough for a header of one".repeat(20)).unwrap();
    for path in [text.clone(), folder.path().to_owned(), text.join("below/a/file.db")] {
        let error = failure(&format!("sqlite://{}", path.display()));
        assert!(error.is_unreachable(), "{error:?}");
        assert!(chain(&error).contains(&path.display().to_string()), "{}", chain(&error));
    }
    assert!(fs::read_to_string(&text).unwrap().starts_with("this is no database"), "it is left as it was");
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE products (x)").unwrap();
    let error = failure(&format!("sqlite://{}", path.display()));
    assert!(chain(&error).contains("another program"), "{}", chain(&error));
    let tables: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    drop(block_on(open(&url)).unwrap());
    let path = url.strip_prefix("sqlite://").unwrap();
    rusqlite::Connection::open(path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let error = failure(&url);
    assert!(matches!(error, Error::Newer { found: 7, known: 4, .. }), "{error:?}");
}

#[test]
fn a_server_that_is_not_there_is_unreachable_and_no_password_is_shown() {
    // Port 1 is the multiplexer's, which nobody runs.
    let error = failure("mongodb://ann:s3cret@127.0.0.1:1/shop?serverSelectionTimeoutMS=100");
    assert!(error.is_unreachable(), "{error:?}");
    assert!(chain(&error).starts_with("reach store mongodb://ann:***@127.0.0.1:1/shop;"), "{}", chain(&error));
    for text in [chain(&error), format!("{error:?}")] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_url_that_is_wrong_is_shown_without_its_password() {
    for url in [
        "mongodb://ann:s3cret@/shop",
        "mongodb://ann:s3c%ret@h/shop",
        "mongodb://ann:s3cret@h:port/shop",
        "mongodb://ann:s3/cret@h/shop",
        "mongodb://h/shop?noSuchOption=1&x=s3cret",
        "mongodb://",
        "sqlite://",
        "sqlite://:memory:",
    ] {
        let error = failure(url);
        assert!(matches!(error, Error::Url { .. }), "{url}: {error:?}");
        assert!(!chain(&error).contains("s3"), "{}", chain(&error));
    }
}
