//! Many open streams of lists (Server-Sent Events), read by one thread: cheap enough for thousands.
//!
//! Requests are of HTTP/1.0, whose answers are not cut into chunks: what comes are the lines themselves.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    runtime::{Builder, Runtime},
};

/// A list that came over a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// Index of the stream's user among those that streams were opened for.
    pub stream: usize,
    /// Partition of the event after which the list was made.
    pub partition: u32,
    /// Offset of that event in the partition.
    pub offset: u64,
    /// When the last byte of it was here.
    pub at: Instant,
}

/// Open streams, one a user; closed when dropped.
pub struct Streams {
    updates: mpsc::Receiver<Update>,
    latest: Arc<Mutex<Vec<String>>>,
    _reader: Runtime,
}

impl Streams {
    /// Opens streams at a server (`HOST:PORT`), one after the other; keys must be letters, digits and `-`.
    ///
    /// # Panics
    /// If one cannot be opened.
    pub fn open(server: &str, users: &[String]) -> Self {
        let reader = Builder::new_multi_thread().worker_threads(1).enable_io().build().expect("a thread can start");
        let (sender, updates) = mpsc::channel();
        let latest = Arc::new(Mutex::new(vec![String::new(); users.len()]));
        for (stream, user) in users.iter().enumerate() {
            let lines = reader.block_on(connect(server, user));
            let lines = lines.unwrap_or_else(|error| panic!("the stream of {user} at {server}: {error}"));
            let follower = Follower { lines, stream, sender: sender.clone(), latest: Arc::clone(&latest) };
            reader.spawn(follower.follow());
        }
        Self { updates, latest, _reader: reader }
    }

    /// The next update of any stream; none if it does not come in time or all streams have ended.
    pub fn next(&self, patience: Duration) -> Option<Update> {
        self.updates.recv_timeout(patience).ok()
    }

    /// The data of the last update of a stream; empty before the first.
    pub fn latest(&self, stream: usize) -> String {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)[stream].clone()
    }
}

/// The lines of a stream, from the first after the answer's head.
async fn connect(server: &str, user: &str) -> io::Result<BufReader<TcpStream>> {
    let mut connection = BufReader::new(TcpStream::connect(server).await?);
    let request = format!("GET /api/v1/users/{user}/stream HTTP/1.0\r\nHost: {server}\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut line = String::new();
    connection.read_line(&mut line).await?;
    if !line.contains(" 200 ") {
        return Err(io::Error::other(format!("expected status 200, found `{}`", line.trim_end())));
    }
    while !line.trim_end().is_empty() {
        line.clear();
        connection.read_line(&mut line).await?;
    }
    Ok(connection)
}

struct Follower {
    lines: BufReader<TcpStream>,
    stream: usize,
    sender: mpsc::Sender<Update>,
    latest: Arc<Mutex<Vec<String>>>,
}

impl Follower {
    /// Tells of every event that has an id, until the stream ends.
    async fn follow(mut self) {
        let (mut line, mut data) = (String::new(), String::new());
        let mut place = None;
        while matches!(self.lines.read_line(&mut line).await, Ok(1..)) {
            let text = line.trim_end();
            if let Some(id) = text.strip_prefix("id:") {
                place = id.split_once('-').and_then(|(partition, offset)| {
                    Some((partition.trim().parse::<u32>().ok()?, offset.parse::<u64>().ok()?))
                });
            } else if let Some(rest) = text.strip_prefix("data:") {
                rest.clone_into(&mut data);
            } else if text.is_empty()
                && let Some((partition, offset)) = place.take()
            {
                let at = Instant::now();
                data.clone_into(&mut self.latest.lock().unwrap_or_else(PoisonError::into_inner)[self.stream]);
                let update = Update { stream: self.stream, partition, offset, at };
                if self.sender.send(update).is_err() {
                    return;
                }
            }
            line.clear();
        }
    }
}
