//! Merging sorted rows.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, binary_heap::PeekMut},
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    Row,
    buffer::{Buffer, RunWriter, prefix},
};
use crate::Error;

/// Bytes of a run that are read at once.
const READ_BYTES: usize = 256 << 10;

/// Rows in order, from runs on disk and a sorted buffer.
pub struct Merge {
    sources: Vec<Source>,
    heads: BinaryHeap<Head>,
    is_started: bool,
}

impl Merge {
    /// Starts with the first row of each.
    pub fn new(runs: Vec<RunReader>, buffer: Buffer) -> Result<Self, Error> {
        let mut sources: Vec<Source> = runs.into_iter().map(Source::Run).collect();
        sources.push(Source::Buffer { buffer, next: 0 });
        let mut heads = BinaryHeap::with_capacity(sources.len());
        for (number, source) in sources.iter_mut().enumerate() {
            if source.advance()? {
                let key = source.row().0;
                heads.push(Head { prefix: prefix(key), key: key.to_vec(), source: number });
            }
        }
        Ok(Self { sources, heads, is_started: false })
    }

    /// The next row, if there is one.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        if self.is_started
            && let Some(mut head) = self.heads.peek_mut()
        {
            let source = &mut self.sources[head.source];
            if source.advance()? {
                let key = source.row().0;
                head.prefix = prefix(key);
                head.key.clear();
                head.key.extend_from_slice(key);
            } else {
                PeekMut::pop(head);
            }
        }
        self.is_started = true;
        Ok(self.heads.peek().map(|head| self.sources[head.source].row()))
    }
}

/// Merges runs into one at `path`, and removes them.
pub fn to_run(runs: &[PathBuf], path: &Path) -> Result<(), Error> {
    let mut run = RunWriter::create(path)?;
    let readers = runs.iter().map(|path| RunReader::open(path)).collect::<Result<_, _>>()?;
    let mut merge = Merge::new(readers, Buffer::default())?;
    while let Some(row) = merge.next()? {
        run.write(row)?;
    }
    for path in runs {
        fs::remove_file(path).map_err(Error::io("remove", path))?;
    }
    run.finish()
}

enum Source {
    Run(RunReader),
    Buffer { buffer: Buffer, next: usize },
}

impl Source {
    /// Moves to the next row; false after the last one.
    fn advance(&mut self) -> Result<bool, Error> {
        match self {
            Self::Run(run) => run.advance(),
            Self::Buffer { buffer, next } => {
                *next += 1;
                Ok(buffer.row(*next - 1).is_some())
            }
        }
    }

    /// The row at hand.
    fn row(&self) -> Row<'_> {
        match self {
            Self::Run(run) => (run.key(), run.payload()),
            Self::Buffer { buffer, next } => buffer.row(next.wrapping_sub(1)).unwrap_or_default(),
        }
    }
}

/// The key of the row at the head of a source.
struct Head {
    prefix: u128,
    key: Vec<u8>,
    source: usize,
}

// The heap gives its greatest first, and the smallest key is wanted.
impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        let keys = || other.key.cmp(&self.key).then_with(|| other.source.cmp(&self.source));
        other.prefix.cmp(&self.prefix).then_with(keys)
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

/// A run that is read piece by piece.
pub struct RunReader {
    path: PathBuf,
    file: File,
    /// What was read and not yet passed over: `buffer[start..]`.
    buffer: Vec<u8>,
    start: usize,
    /// Ends of the key and of the whole row at `start`.
    key_end: usize,
    end: usize,
}

/// Bytes in front of a row: the lengths of its key and payload.
const LENGTHS: usize = 8;

impl RunReader {
    /// Opens a run.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        Ok(Self { path: path.to_owned(), file, buffer: Vec::new(), start: 0, key_end: 0, end: 0 })
    }

    /// Moves to the next row; false at the end of the run.
    fn advance(&mut self) -> Result<bool, Error> {
        self.start = self.end;
        if !self.holds(LENGTHS)? {
            let is_whole = self.start == self.buffer.len();
            return if is_whole { Ok(false) } else { Err(Error::Scratch { path: self.path.clone() }) };
        }
        let (lengths, _) = self.buffer[self.start..].as_chunks::<4>();
        let [key, payload] = [lengths[0], lengths[1]].map(|length| u32::from_le_bytes(length) as usize);
        if !self.holds(LENGTHS + key + payload)? {
            return Err(Error::Scratch { path: self.path.clone() });
        }
        self.key_end = self.start + LENGTHS + key;
        self.end = self.key_end + payload;
        Ok(true)
    }

    /// Reads on until so many bytes follow `start`; false if the run ends before.
    fn holds(&mut self, bytes: usize) -> Result<bool, Error> {
        if self.buffer.len() - self.start >= bytes {
            return Ok(true);
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let wanted = bytes.max(READ_BYTES) - self.buffer.len();
        let mut piece = (&self.file).take(wanted as u64);
        piece.read_to_end(&mut self.buffer).map_err(Error::io("read", &self.path))?;
        Ok(self.buffer.len() >= bytes)
    }

    fn key(&self) -> &[u8] {
        &self.buffer[self.start + LENGTHS..self.key_end]
    }

    fn payload(&self) -> &[u8] {
        &self.buffer[self.key_end..self.end]
    }
}
