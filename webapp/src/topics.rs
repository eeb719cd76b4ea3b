//! What goes over the bus: the topics, and the messages that are not events.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use storage::LiveList;
use streaming::{Bus, Error, Topic};

use crate::recommend::Grounds;

const DAY: Duration = Duration::from_hours(24);

/// Names of the topics and of the workers' group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topics {
    /// What users do; one user's events lie in one partition.
    pub events: String,
    /// The lists that followed from it.
    pub updates: String,
    /// Events that cannot be taken, with the reason.
    pub dead: String,
    /// The group of the live workers.
    pub group: String,
}

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
    /// What its reasons are told from; looked up if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grounds: Option<Grounds>,
}

/// An event that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    /// Why.
    pub reason: String,
    /// Where it lies among the events.
    pub partition: u32,
    /// Where it lies among the events.
    pub offset: u64,
    /// Its key there.
    #[serde(default)]
    pub key: String,
    /// As it came; bytes that are no UTF-8 are replaced.
    pub payload: String,
}

impl Topics {
    /// The names with what stands before them.
    pub fn new(prefix: &str) -> Self {
        let named = |name: &str| format!("{prefix}{name}");
        Self {
            events: named("events"),
            updates: named("recommendations"),
            dead: named("events.dlq"),
            group: named("live"),
        }
    }

    /// Makes those that are missing. A list is kept a day only: it is in the store as well.
    pub async fn ensure(&self, bus: &dyn Bus, shape: Shape) -> Result<(), Error> {
        let Shape { partitions, replication } = shape;
        for (name, days, durable) in [(&self.events, 7, true), (&self.updates, 1, false), (&self.dead, 30, true)] {
            let retention = DAY.saturating_mul(days);
            bus.ensure(&Topic { name: name.clone(), partitions, retention, replication, durable }).await?;
        }
        Ok(())
    }
}
