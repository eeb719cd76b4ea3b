//! The MongoDB back end.
use crate::{Error, sqlite::Sqlite};
pub(crate) struct Mongo;
impl Mongo { pub(crate) async fn open(url: &str) -> Result<Sqlite, Error> { Sqlite::open(url, "").await } }
