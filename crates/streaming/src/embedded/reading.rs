//! Readers of the log: one that sees everything, and members of groups.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    file,
    topics::Topic,
    writer::{Command, Writer},
};
use crate::{Error, Member, Place, Reader, Received, error::Cause};

/// Messages that are read in the time of a change of threads or two.
const FEW: u64 = 64;

/// Reads partitions on from where they stand.
pub(super) struct Tail {
    location: String,
    topic: Arc<Topic>,
    changes: watch::Receiver<Vec<u64>>,
    connection: Arc<Mutex<Connection>>,
    /// The next message of each partition that is read; the first of them is asked first.
    next: Vec<Place>,
}

impl Tail {
    pub fn open(location: &str, path: &Path, topic: Arc<Topic>) -> Result<Self, Cause> {
        let connection = Arc::new(Mutex::new(file::open_reading(path)?));
        let changes = topic.changes();
        Ok(Self { location: location.to_owned(), changes, topic, connection, next: Vec::new() })
    }

    /// Reads all partitions from these offsets on.
    pub fn begin(&mut self, offsets: Vec<u64>) {
        self.next = (0..).zip(offsets).map(|(partition, offset)| Place { partition, offset }).collect();
    }

    /// Where there is something to read, and how many messages in all.
    fn waiting(&self) -> (Vec<Place>, u64) {
        let ends = self.changes.borrow();
        let behind = |place: &Place| ends[place.partition as usize].saturating_sub(place.offset);
        let waiting: Vec<Place> = self.next.iter().filter(|place| behind(place) > 0).copied().collect();
        let count = waiting.iter().map(behind).sum();
        (waiting, count)
    }

    /// What is there already; nothing if there is nothing.
    async fn available(&mut self, most: usize) -> Result<Vec<Received>, Error> {
        let (waiting, count) = self.waiting();
        if waiting.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        let (connection, topic) = (Arc::clone(&self.connection), self.topic.id);
        let read = move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let mut found = Vec::new();
            for place in waiting {
                if found.len() < most {
                    file::read(&connection, topic, place, most - found.len(), &mut found)?;
                }
            }
            Ok(found)
        };
        // A change of threads takes longer than a few messages.
        let found: Result<Vec<Received>, Cause> = if count <= FEW {
            read()
        } else {
            tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(error.into()))
        };
        let found = found.map_err(|cause| self.fault("read", cause))?;
        for message in &found {
            for place in self.next.iter_mut().filter(|place| place.partition == message.place.partition) {
                place.offset = message.place.offset + 1;
            }
        }
        // Another partition is first the next time, so that none waits for ever.
        self.next.rotate_left(1);
        Ok(found)
    }

    /// From here on every change ends the next wait.
    fn look(&mut self) {
        self.changes.mark_unchanged();
    }

    fn fault(&self, action: &'static str, source: Cause) -> Error {
        Error::Operation { action, topic: self.topic.name.clone(), location: self.location.clone(), source }
    }

    async fn changed(&mut self) {
        // The sender lives in the topic, which this reader holds.
        _ = self.changes.changed().await;
    }
}

#[async_trait]
impl Reader for Tail {
    async fn receive(&mut self, most: usize) -> Result<Vec<Received>, Error> {
        loop {
            self.look();
            let found = self.available(most).await?;
            if !found.is_empty() {
                return Ok(found);
            }
            self.changed().await;
        }
    }
}

/// A member of a group.
pub(super) struct GroupMember {
    tail: Tail,
    group: String,
    member: u64,
    generation: u64,
    writer: Writer,
}

impl GroupMember {
    pub fn join(tail: Tail, group: &str, writer: Writer) -> Self {
        let member = tail.topic.join(group);
        Self { tail, group: group.to_owned(), member, generation: 0, writer }
    }
}

impl Drop for GroupMember {
    fn drop(&mut self) {
        self.tail.topic.leave(&self.group, self.member);
    }
}

#[async_trait]
impl Reader for GroupMember {
    async fn receive(&mut self, most: usize) -> Result<Vec<Received>, Error> {
        loop {
            self.tail.look();
            if let Some(assignment) = self.tail.topic.assignment(&self.group, self.member, self.generation) {
                self.generation = assignment.generation;
                self.tail.next = assignment.places;
            }
            let found = self.tail.available(most).await?;
            if !found.is_empty() {
                return Ok(found);
            }
            self.tail.changed().await;
        }
    }
}

#[async_trait]
impl Member for GroupMember {
    async fn commit(&mut self, done: &[Place]) -> Result<(), Error> {
        let topic = Arc::clone(&self.tail.topic);
        let next = topic.commit(&self.group, self.member, done);
        if next.is_empty() {
            return Ok(());
        }
        let group = self.group.clone();
        let written = self.writer.ask(|reply| Command::Commit { topic, group, next, reply }).await;
        written.map_err(|cause| self.tail.fault("commit to", cause))
    }

    async fn rewind(&mut self, to: Place) -> Result<(), Error> {
        for place in self.tail.next.iter_mut().filter(|place| place.partition == to.partition) {
            place.offset = to.offset;
        }
        Ok(())
    }
}
