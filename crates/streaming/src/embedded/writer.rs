//! The thread that writes the log.

use std::{
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use checkpoints::Checkpoints;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::{
    file,
    topics::{Topic, Topics},
};
use crate::{Message, Place, error::Cause};

/// Commands that wait at most; senders wait for a place.
const WAITING: usize = 1024;
/// Messages of one transaction, about.
const MOST: usize = 8192;
/// How often old messages are looked for.
const TRIM_EVERY: Duration = Duration::from_mins(1);
/// Messages that are removed at a time, a partition.
const TRIM_MOST: u32 = 20_000;

type Reply<T> = oneshot::Sender<Result<T, Cause>>;

/// What the thread is asked for.
pub(super) enum Command {
    Ensure { topic: crate::Topic, reply: Reply<()> },
    Send { topic: Arc<Topic>, messages: Vec<Message>, reply: Reply<Vec<Place>> },
    Commit { topic: Arc<Topic>, group: String, next: Vec<(u32, u64)>, reply: Reply<()> },
}

/// The way to the thread; it ends with the last of them.
#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Command>);

impl Writer {
    pub fn start(connection: Connection, path: &Path, topics: Arc<Topics>) -> Result<Self, Cause> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let checkpoints = Checkpoints::of(&connection, path)?;
        let log = Log { connection, checkpoints, topics, is_durable: false, trimmed: None };
        thread::Builder::new().name("event-log".to_owned()).spawn(move || log.run(receiver))?;
        Ok(Self(sender))
    }

    pub async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Cause> {
        let (reply, answer) = oneshot::channel();
        let ended = || Cause::from("the thread that writes the log has ended");
        self.0.send(command(reply)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

struct Log {
    connection: Connection,
    checkpoints: Checkpoints,
    topics: Arc<Topics>,
    /// Whether the connection waits for the disk at a commit.
    is_durable: bool,
    trimmed: Option<Instant>,
}

/// What to do when the transaction has ended, well or with an error.
type Finish = Box<dyn FnOnce(Result<(), &Cause>)>;

impl Log {
    fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut batch = vec![first];
            let mut messages = batch[0].messages();
            while messages < MOST
                && let Ok(command) = commands.try_recv()
            {
                messages += command.messages();
                batch.push(command);
            }
            self.apply(batch);
            self.trim();
        }
    }

    /// One transaction for all commands; their callers learn of its end.
    fn apply(&mut self, batch: Vec<Command>) {
        let is_durable = batch.iter().any(Command::is_durable);
        let mut finishes = Vec::with_capacity(batch.len());
        let mut failed = Vec::new();
        let result = self.transact(is_durable, batch, &mut finishes, &mut failed);
        for finish in finishes {
            finish(result.as_ref().copied());
        }
        if let Err(cause) = &result {
            // Commands that the transaction did not come to.
            for command in failed {
                refuse(command, cause);
            }
            tracing::error!(error = %cause, "failed to write the event log");
        }
    }

    fn transact(
        &mut self,
        is_durable: bool,
        batch: Vec<Command>,
        finishes: &mut Vec<Finish>,
        left: &mut Vec<Command>,
    ) -> Result<(), Cause> {
        let mut commands = batch.into_iter();
        let mut run = || -> Result<(), Cause> {
            if is_durable != self.is_durable {
                self.connection.pragma_update(None, "synchronous", if is_durable { "FULL" } else { "NORMAL" })?;
                self.is_durable = is_durable;
            }
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut ends = Ends::default();
            for command in commands.by_ref() {
                finishes.push(execute(&transaction, &self.topics, &mut ends, command)?);
            }
            ends.write(&transaction)?;
            transaction.commit()?;
            self.checkpoints.committed();
            ends.show();
            Ok(())
        };
        let result = run();
        left.extend(commands);
        result
    }

    /// Removes what is older than its topic keeps it.
    fn trim(&mut self) {
        if self.trimmed.is_some_and(|at| at.elapsed() < TRIM_EVERY) {
            return;
        }
        self.trimmed = Some(Instant::now());
        for topic in self.topics.all() {
            let oldest = now_ms().saturating_sub(topic.retention_ms);
            for partition in 0..topic.partitions() as u32 {
                if let Err(cause) = file::trim(&self.connection, topic.id, partition, oldest, TRIM_MOST) {
                    tracing::warn!(error = %cause, "failed to remove old messages from the event log");
                }
            }
        }
    }
}

impl Command {
    /// Whether it must be on disk when its caller goes on. What is not committed comes again.
    fn is_durable(&self) -> bool {
        match self {
            Self::Ensure { .. } => true,
            Self::Send { topic, .. } => topic.is_durable(),
            Self::Commit { .. } => false,
        }
    }

    fn messages(&self) -> usize {
        if let Self::Send { messages, .. } = self { messages.len() } else { 1 }
    }
}

/// The ends of partitions as a transaction moves them.
#[derive(Default)]
struct Ends(Vec<(Arc<Topic>, Vec<u64>)>);

impl Ends {
    fn of(&mut self, topic: &Arc<Topic>) -> &mut Vec<u64> {
        let place = self.0.iter().position(|(other, _)| Arc::ptr_eq(other, topic)).unwrap_or_else(|| {
            self.0.push((Arc::clone(topic), topic.ends()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    fn write(&self, connection: &Connection) -> Result<(), Cause> {
        for (topic, ends) in &self.0 {
            let before = topic.ends();
            for (partition, next) in ends.iter().enumerate().filter(|(partition, next)| before[*partition] != **next) {
                file::set_end(connection, topic.id, partition, *next)?;
            }
        }
        Ok(())
    }

    fn show(self) {
        for (topic, ends) in self.0 {
            topic.set_ends(ends);
        }
    }
}

/// Does what a command says; what is left is to tell its caller.
fn execute(connection: &Connection, topics: &Arc<Topics>, ends: &mut Ends, command: Command) -> Result<Finish, Cause> {
    match command {
        Command::Ensure { topic, reply } => {
            if topics.get(&topic.name).is_some() {
                return Ok(Box::new(move |result| answer(reply, result)));
            }
            let row = file::make_topic(connection, &topic)?;
            let topics = Arc::clone(topics);
            Ok(Box::new(move |result| {
                if result.is_ok() {
                    topics.add(row, &[]).set_durable(topic.durable);
                }
                answer(reply, result);
            }))
        }
        Command::Send { topic, messages, reply } => {
            let time_ms = now_ms();
            let mut places = Vec::with_capacity(messages.len());
            for message in &messages {
                let partition = topic.partition(&message.key);
                let next = &mut ends.of(&topic)[partition];
                let place = Place { partition: partition as u32, offset: *next };
                file::append(connection, topic.id, place, message, time_ms)?;
                *next += 1;
                places.push(place);
            }
            Ok(Box::new(move |result| answer(reply, result.map(|()| places))))
        }
        Command::Commit { topic, group, next, reply } => {
            file::commit(connection, topic.id, &group, &next)?;
            Ok(Box::new(move |result| answer(reply, result)))
        }
    }
}

/// Nobody may wait any more; then there is nobody to tell.
fn answer<T>(reply: Reply<T>, result: Result<T, &Cause>) {
    _ = reply.send(result.map_err(|cause| Cause::from(cause.to_string())));
}

fn refuse(command: Command, cause: &Cause) {
    match command {
        Command::Ensure { reply, .. } | Command::Commit { reply, .. } => answer(reply, Err(cause)),
        Command::Send { reply, .. } => answer(reply, Err(cause)),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
