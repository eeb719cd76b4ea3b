//! How live events move: today the event itself, its schema and its checks.
//!
//! The bus (an embedded log, or Kafka) and the push to open pages have their place here; until then
//! the web app hands events straight to its store. What an event does to a list is not known here.

mod event;

pub use event::{Event, EventKind, InvalidEvent, SCHEMA_VERSION};
