//! What goes over the bus: the topics, and the messages that are not events.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use storage::LiveList;
use streaming::{Bus, Error, Topic};

/// What users do; one user's events lie in one partition.
pub(crate) const EVENTS: &str = "events";
/// The lists that followed from it.
pub(crate) const UPDATES: &str = "recommendations";
/// Events that cannot be taken, with the reason.
pub(crate) const DEAD: &str = "events.dlq";
/// The group of the live workers.
pub(crate) const GROUP: &str = "live";

const DAY: Duration = Duration::from_secs(86_400);
/// How long each topic keeps messages: a list is in the store as well.
const TOPICS: [(&str, Duration); 3] = [(EVENTS, DAY.saturating_mul(7)), (UPDATES, DAY), (DEAD, DAY.saturating_mul(30))];

/// How topics are made that are not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Partitions of each topic: as many workers can share the work.
    pub partitions: u32,
    /// Brokers that keep a copy.
    pub replication: u16,
}

/// A user's new list, as workers tell it to the nodes that have pages open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Update {
    /// The list, and where in the log the event lies after which it was made.
    pub list: LiveList,
}

/// An event that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    /// Why.
    pub reason: String,
    /// Where it lies in [`EVENTS`].
    pub partition: u32,
    /// Where it lies in [`EVENTS`].
    pub offset: u64,
    /// As it came; bytes that are no UTF-8 are replaced.
    pub payload: String,
}

/// Makes the topics that are missing.
pub(crate) async fn ensure(bus: &dyn Bus, shape: Shape) -> Result<(), Error> {
    for (name, retention) in TOPICS {
        let Shape { partitions, replication } = shape;
        bus.ensure(&Topic { name: name.to_owned(), partitions, retention, replication }).await?;
    }
    Ok(())
}
