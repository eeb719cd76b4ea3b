//! The contract that every bus fulfils: topics of partitions, groups that share them, places to go on from.
//!
//! Messages of one key lie in one partition, in the order in which they were sent. Delivery is at
//! least once: what a group has not committed comes again. What makes that "exactly once" is not
//! here but where the effect is: whoever applies messages keeps the place with the effect.

use std::time::Duration;

use async_trait::async_trait;

use crate::Error;

/// A topic as it is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Letters, digits, `.`, `-` and `_`.
    pub name: String,
    /// How many partitions, 1 to 1000: as many members of a group can share the work.
    pub partitions: u32,
    /// How long a message is kept at least.
    pub retention: Duration,
    /// How many brokers keep a copy, 1 or more; an embedded log has one.
    pub replication: u16,
    /// Whether messages that were sent must outlive a loss of power where there is no other copy. What is told of
    /// things that are safe elsewhere need not, and then costs an embedded log no wait for the disk.
    pub durable: bool,
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Messages of the same key keep their order.
    pub key: String,
    /// At most [`MOST_BYTES`].
    pub payload: Vec<u8>,
}

/// Longest payload.
pub const MOST_BYTES: usize = 900_000;

/// Where a message lies in its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// From 0.
    pub partition: u32,
    /// Rises by one or more from message to message.
    pub offset: u64,
}

/// A message as it comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Where it lies.
    pub place: Place,
    /// As it was sent.
    pub key: String,
    /// As it was sent.
    pub payload: Vec<u8>,
    /// When the bus took it: Unix milliseconds.
    pub time_ms: i64,
}

/// Where a reader without a group begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the oldest message that is kept.
    Oldest,
    /// With the first that is sent after [`Bus::follow`] has returned.
    Now,
}

/// How live messages move between processes.
#[async_trait]
pub trait Bus: Send + Sync {
    /// The URL without secrets, for messages.
    fn location(&self) -> &str;

    /// Whether it answers.
    async fn ping(&self) -> Result<(), Error>;

    /// What tells this bus from any other, also one that takes its place: offsets mean nothing elsewhere.
    async fn identity(&self) -> Result<String, Error>;

    /// Makes a topic if it is not there; one that is there keeps what it was made with.
    async fn ensure(&self, topic: &Topic) -> Result<(), Error>;

    /// Sends messages; when it returns all of them are safe: on disk, or with all replicas in sync.
    ///
    /// Gives their places. After an error some may have been taken; sending them again is harmless
    /// where messages have ids.
    async fn send(&self, topic: &str, messages: Vec<Message>) -> Result<Vec<Place>, Error>;

    /// Becomes a member of a group, whose members share the partitions of the topic; leaves it when
    /// dropped. A group that has committed nothing begins with the oldest message.
    ///
    /// A member with a name keeps its partitions while it is away for seconds, and whoever comes back
    /// under that name has them at once; no two members of a group may have the same name.
    async fn join(&self, topic: &str, group: &str, name: Option<&str>) -> Result<Box<dyn Member>, Error>;

    /// Reads all partitions, whoever else does.
    async fn follow(&self, topic: &str, start: Start) -> Result<Box<dyn Reader>, Error>;

    /// The offset that the next message of each partition gets.
    async fn ends(&self, topic: &str) -> Result<Vec<u64>, Error>;
}

/// Reads messages in the order of each partition.
#[async_trait]
pub trait Reader: Send {
    /// Waits for messages and gives at least one, at most `most`. A call that is not awaited to its
    /// end loses nothing.
    async fn receive(&mut self, most: usize) -> Result<Vec<Received>, Error>;
}

/// A member of a group.
#[async_trait]
pub trait Member: Reader {
    /// Says that everything up to these places, themselves included, need not come again. Partitions
    /// that went to another member meanwhile are passed over.
    async fn commit(&mut self, done: &[Place]) -> Result<(), Error>;

    /// Goes on at this place of its partition, or at the oldest message after it that is kept. A
    /// partition that went to another member meanwhile is passed over.
    async fn rewind(&mut self, to: Place) -> Result<(), Error>;
}

/// The last place of each partition among messages: what to commit after handling them all.
pub fn last_places(messages: &[Received]) -> Vec<Place> {
    let mut last: std::collections::BTreeMap<u32, u64> = std::collections::BTreeMap::new();
    for message in messages {
        let offset = last.entry(message.place.partition).or_default();
        *offset = message.place.offset.max(*offset);
    }
    last.into_iter().map(|(partition, offset)| Place { partition, offset }).collect()
}
