//! The embedded bus: a durable log in an SQLite file, shared by the threads of one process.
//!
//! One thread writes. What is sent while it waits for the disk goes into its next transaction, so that
//! many senders share one `fsync` and a single one waits for one only. Readers look at the ends of the
//! partitions in memory and go to the file only when there is something. Deliberately not here: a
//! network protocol, and a second process on the same file.

mod file;
mod reading;
mod topics;
mod writer;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use tokio::sync::oneshot;

use self::{
    reading::{GroupMember, Tail},
    topics::{Topic as Known, Topics},
    writer::{Command, Writer},
};
use crate::{Bus, Error, Member, Message, Place, Reader, Start, Topic, bus::MOST_BYTES, error::Cause};

/// What to look at when the file cannot be opened.
const ADVICE: &str = "look at the path, its permissions and the free space";

/// A log in a file.
pub(crate) struct Embedded {
    location: String,
    path: PathBuf,
    identity: String,
    topics: Arc<Topics>,
    writer: Writer,
    /// Held locked as long as the log is open.
    _lock: File,
}

impl Embedded {
    /// Opens or makes the log `path` of the URL `url`.
    pub(crate) fn open(url: &str, path: &str) -> Result<Self, Error> {
        let location = url.to_owned();
        if path.is_empty() || path.starts_with(":memory:") {
            return Err(Error::Url { url: location, problem: "it names no file".to_owned() });
        }
        let path = PathBuf::from(path);
        let unreachable = |source| Error::Unreachable { location: location.clone(), advice: ADVICE, source };
        let Some(lock) = lock(&path).map_err(&unreachable)? else { return Err(Error::Taken { location }) };
        let connection = file::open(&path).map_err(&unreachable)?;
        let identity = file::identity(&connection).map_err(&unreachable)?;
        let topics = Arc::new(Topics::read(&connection).map_err(&unreachable)?);
        let writer = Writer::start(connection, &path, Arc::clone(&topics)).map_err(&unreachable)?;
        Ok(Self { location, path, identity, topics, writer, _lock: lock })
    }

    fn topic(&self, action: &'static str, topic: &str) -> Result<Arc<Known>, Error> {
        let no_topic = || Error::NoTopic { action, topic: topic.to_owned(), location: self.location.clone() };
        self.topics.get(topic).ok_or_else(no_topic)
    }

    fn fault(&self, action: &'static str, topic: &str, source: Cause) -> Error {
        Error::Operation { action, topic: topic.to_owned(), location: self.location.clone(), source }
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<Result<T, Cause>>) -> Command) -> Result<T, Cause> {
        self.writer.ask(command).await
    }
}

/// The lock beside the log, if no other process holds it.
fn lock(path: &Path) -> Result<Option<File>, Cause> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&name)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[async_trait]
impl Bus for Embedded {
    fn location(&self) -> &str {
        &self.location
    }

    async fn ping(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn identity(&self) -> Result<String, Error> {
        Ok(self.identity.clone())
    }

    async fn ensure(&self, topic: &Topic) -> Result<(), Error> {
        if let Some(known) = self.topics.get(&topic.name) {
            known.set_durable(topic.durable);
            return Ok(());
        }
        let wanted = topic.clone();
        let made = self.ask(|reply| Command::Ensure { topic: wanted, reply }).await;
        made.map_err(|cause| self.fault("make", &topic.name, cause))
    }

    async fn send(&self, topic: &str, messages: Vec<Message>) -> Result<Vec<Place>, Error> {
        if let Some(found) = messages.iter().map(|message| message.payload.len()).find(|bytes| *bytes > MOST_BYTES) {
            return Err(Error::TooLong { topic: topic.to_owned(), most: MOST_BYTES, found });
        }
        let known = self.topic("send to", topic)?;
        let sent = self.ask(|reply| Command::Send { topic: known, messages, reply }).await;
        sent.map_err(|cause| self.fault("send to", topic, cause))
    }

    /// Names mean nothing here: members end with their process, and the log with it.
    async fn join(&self, topic: &str, group: &str, _name: Option<&str>) -> Result<Box<dyn Member>, Error> {
        let known = self.topic("join", topic)?;
        let tail = Tail::open(&self.location, &self.path, known);
        let tail = tail.map_err(|cause| self.fault("join", topic, cause))?;
        Ok(Box::new(GroupMember::join(tail, group, self.writer.clone())))
    }

    async fn follow(&self, topic: &str, start: Start) -> Result<Box<dyn Reader>, Error> {
        let known = self.topic("follow", topic)?;
        let mut tail = Tail::open(&self.location, &self.path, Arc::clone(&known))
            .map_err(|cause| self.fault("follow", topic, cause))?;
        tail.begin(match start {
            Start::Oldest => vec![0; known.partitions()],
            Start::Now => known.ends(),
        });
        Ok(Box::new(tail))
    }

    async fn ends(&self, topic: &str) -> Result<Vec<u64>, Error> {
        Ok(self.topic("read the ends of", topic)?.ends())
    }
}
