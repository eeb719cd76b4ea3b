//! How live events move: the event itself with its schema and checks, and the bus that carries it.
//!
//! A bus is opened by URL: a durable embedded log in one process, or Kafka among many. Both fulfil one
//! contract ([`Bus`]), held by one suite of tests. What an event does to a list is not known here.

mod bus;
mod embedded;
mod error;
mod event;
mod kafka;
mod open;
mod product;

pub use bus::{Bus, MOST_BYTES, Member, Message, Place, Reader, Received, Start, Topic, last_places};
pub use error::Error;
pub use event::{Event, EventKind, InvalidEvent, SCHEMA_VERSION, Wishes, event_schema};
pub use open::{Options, open};
pub use product::Details;
