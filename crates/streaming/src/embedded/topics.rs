//! What is known of the topics in memory: ends, groups, and who waits for them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::Connection;
use tokio::sync::watch;

use super::file::{self, TopicRow};
use crate::{Place, error::Cause};

/// All topics by name.
#[derive(Default)]
pub(super) struct Topics(Mutex<BTreeMap<String, Arc<Topic>>>);

/// A topic of the log.
pub(super) struct Topic {
    pub id: i64,
    pub name: String,
    pub retention_ms: i64,
    /// As it was asked for last; not kept in the file, as whoever uses the topic says it.
    durable: AtomicBool,
    /// The next offset of each partition; a change wakes readers, as does one of members.
    ends: watch::Sender<Vec<u64>>,
    groups: Mutex<BTreeMap<String, Group>>,
}

/// A group of a topic.
struct Group {
    /// In the order of joining.
    members: Vec<u64>,
    /// Rises with every change of members; the next member gets it as its name.
    generation: u64,
    committed: Vec<u64>,
}

/// What a member has to do.
pub(super) struct Assignment {
    /// That of the group when it was made.
    pub generation: u64,
    /// The partitions of the member, each with the offset to go on at.
    pub places: Vec<Place>,
}

impl Topics {
    /// Reads what the file has.
    pub fn read(connection: &Connection) -> Result<Self, Cause> {
        let topics = Self::default();
        for row in file::topics(connection)? {
            let committed = file::committed(connection, row.id)?;
            topics.add(row, &committed);
        }
        Ok(topics)
    }

    pub fn add(&self, row: TopicRow, committed: &[(String, u32, u64)]) -> Arc<Topic> {
        let partitions = row.partitions as usize;
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for (group, partition, next) in committed {
            let group = groups.entry(group.clone()).or_insert_with(|| Group::new(partitions));
            group.committed[*partition as usize] = *next;
        }
        let TopicRow { id, name, retention_ms, ends, .. } = row;
        let (durable, ends) = (AtomicBool::new(true), watch::Sender::new(ends));
        let topic = Topic { id, name: name.clone(), retention_ms, durable, ends, groups: groups.into() };
        let topic = Arc::new(topic);
        held(&self.0).insert(name, Arc::clone(&topic));
        topic
    }

    pub fn get(&self, name: &str) -> Option<Arc<Topic>> {
        held(&self.0).get(name).cloned()
    }

    pub fn all(&self) -> Vec<Arc<Topic>> {
        held(&self.0).values().cloned().collect()
    }
}

impl Topic {
    pub fn partitions(&self) -> usize {
        self.ends.borrow().len()
    }

    /// Whether a message must be on disk when it counts as sent.
    pub fn is_durable(&self) -> bool {
        self.durable.load(Ordering::Relaxed)
    }

    pub fn set_durable(&self, durable: bool) {
        self.durable.store(durable, Ordering::Relaxed);
    }

    /// The next offset of each partition.
    pub fn ends(&self) -> Vec<u64> {
        self.ends.borrow().clone()
    }

    /// Shows readers what was written.
    pub fn set_ends(&self, ends: Vec<u64>) {
        self.ends.send_replace(ends);
    }

    /// Tells of new ends and of changed groups.
    pub fn changes(&self) -> watch::Receiver<Vec<u64>> {
        self.ends.subscribe()
    }

    /// The partition of a key: FNV-1a, the same in every run.
    pub fn partition(&self, key: &str) -> usize {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325, step);
        // The low bits of FNV are its weakest.
        ((hash ^ (hash >> 32)) % self.partitions() as u64) as usize
    }

    /// Adds a member to a group; its name there.
    pub fn join(&self, group: &str) -> u64 {
        let partitions = self.partitions();
        let mut groups = held(&self.groups);
        let group = groups.entry(group.to_owned()).or_insert_with(|| Group::new(partitions));
        group.generation += 1;
        group.members.push(group.generation);
        let member = group.generation;
        drop(groups);
        self.ends.send_modify(|_| {});
        member
    }

    pub fn leave(&self, group: &str, member: u64) {
        if let Some(group) = held(&self.groups).get_mut(group) {
            group.members.retain(|other| *other != member);
            group.generation += 1;
        }
        self.ends.send_modify(|_| {});
    }

    /// The part of a member, if it is another than at `generation`.
    pub fn assignment(&self, group: &str, member: u64, generation: u64) -> Option<Assignment> {
        let groups = held(&self.groups);
        let group = groups.get(group).filter(|group| group.generation != generation)?;
        let rank = group.members.iter().position(|other| *other == member)?;
        let own = (0..group.committed.len()).filter(|partition| partition % group.members.len() == rank);
        let places = own.map(|partition| Place { partition: partition as u32, offset: group.committed[partition] });
        Some(Assignment { generation: group.generation, places: places.collect() })
    }

    /// Takes offsets to go on at for the partitions that are the member's; gives those that it took.
    pub fn commit(&self, group: &str, member: u64, done: &[Place]) -> Vec<(u32, u64)> {
        let mut groups = held(&self.groups);
        let Some(group) = groups.get_mut(group) else { return Vec::new() };
        let Some(rank) = group.members.iter().position(|other| *other == member) else { return Vec::new() };
        let own = done.iter().filter(|place| place.partition as usize % group.members.len() == rank);
        let taken: Vec<(u32, u64)> = own.map(|place| (place.partition, place.offset + 1)).collect();
        for (partition, next) in &taken {
            group.committed[*partition as usize] = *next;
        }
        taken
    }
}

impl Group {
    fn new(partitions: usize) -> Self {
        Self { members: Vec::new(), generation: 0, committed: vec![0; partitions] }
    }
}

/// What a lock protects is whole after every statement, also if a thread has panicked.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
