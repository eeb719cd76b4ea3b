//! Sorting more rows than fit into memory.
//!
//! Rows are collected in a buffer of fixed size; when it is full they are sorted and written to disk
//! as one run, and at the end all runs are merged. The order is that of the keys alone, so neither
//! the size of the buffer nor the number of threads can change the result. Keys must be distinct.

use std::{
    cmp::Ordering,
    collections::BinaryHeap,
    fs::{self, File},
    io::{BufReader, BufWriter, ErrorKind, Read, Write},
    mem,
    path::{Path, PathBuf},
};

use rayon::slice::ParallelSliceMut;

use crate::Error;

/// Runs merged at once: enough for terabytes in two passes, few enough for the limit on open files.
const FAN_IN: usize = 128;

/// Collects rows to be sorted.
pub struct Sorter {
    folder: PathBuf,
    name: &'static str,
    limit: usize,
    bytes: Vec<u8>,
    rows: Vec<Span>,
    runs: Vec<PathBuf>,
    runs_made: usize,
}

/// Key and payload of a row.
pub type Row<'a> = (&'a [u8], &'a [u8]);

/// Where a row lies in the buffer.
#[derive(Clone, Copy)]
pub struct Span {
    /// The first bytes of the key, which nearly always decide, so that sorting rarely looks at the row.
    prefix: u128,
    start: usize,
    key_end: usize,
    end: usize,
}

impl Sorter {
    /// A sorter that holds about `limit` bytes in memory and keeps the rest in `folder`.
    pub fn new(folder: &Path, name: &'static str, limit: usize) -> Self {
        let folder = folder.to_owned();
        Self { folder, name, limit, bytes: Vec::new(), rows: Vec::new(), runs: Vec::new(), runs_made: 0 }
    }

    /// Where rows wait that do not fit into memory.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds a row. Its payload is given in two parts and comes back as one.
    pub fn push(&mut self, key: &[u8], payload: [&[u8]; 2]) -> Result<(), Error> {
        let length = key.len() + payload[0].len() + payload[1].len();
        let needed = self.bytes.len() + length + (self.rows.len() + 1) * size_of::<Span>();
        if needed > self.limit && !self.rows.is_empty() {
            self.spill()?;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(payload[0]);
        self.bytes.extend_from_slice(payload[1]);
        let prefix = prefix(&self.bytes[start..key_end]);
        self.rows.push(Span { prefix, start, key_end, end: self.bytes.len() });
        Ok(())
    }

    /// Ends the collecting; the rows in order.
    pub fn finish(mut self) -> Result<Sorted, Error> {
        if self.runs.is_empty() {
            self.sort();
            return Ok(Sorted::Memory { bytes: self.bytes, rows: self.rows, next: 0 });
        }
        if !self.rows.is_empty() {
            self.spill()?;
        }
        self.bytes = Vec::new();
        self.rows = Vec::new();
        while self.runs.len() > FAN_IN {
            let merged: Vec<PathBuf> = self.runs.drain(..FAN_IN).collect();
            let run = self.merge_to_run(&merged)?;
            self.runs.push(run);
        }
        Merge::open(&self.runs).map(Sorted::Disk)
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.rows.par_sort_unstable_by(|one, other| {
            let rest = || bytes[one.start..one.key_end].cmp(&bytes[other.start..other.key_end]);
            one.prefix.cmp(&other.prefix).then_with(rest)
        });
    }

    fn spill(&mut self) -> Result<(), Error> {
        self.sort();
        let mut run = RunWriter::create(self.next_path())?;
        for row in &self.rows {
            run.write(&self.bytes[row.start..row.key_end], &self.bytes[row.key_end..row.end])?;
        }
        self.runs.push(run.finish()?);
        self.bytes.clear();
        self.rows.clear();
        Ok(())
    }

    fn merge_to_run(&mut self, runs: &[PathBuf]) -> Result<PathBuf, Error> {
        let mut run = RunWriter::create(self.next_path())?;
        let mut merge = Merge::open(runs)?;
        while merge.advance()? {
            run.write(&merge.current.key, &merge.current.payload)?;
        }
        for path in runs {
            fs::remove_file(path).map_err(Error::io("remove", path))?;
        }
        run.finish()
    }

    fn next_path(&mut self) -> PathBuf {
        self.runs_made += 1;
        self.folder.join(format!("{}-{:05}.run", self.name, self.runs_made))
    }
}

/// The first 16 bytes as a number that compares as they do, filled up with zeros: where a key ends early
/// the whole keys decide.
fn prefix(key: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let length = key.len().min(16);
    bytes[..length].copy_from_slice(&key[..length]);
    u128::from_be_bytes(bytes)
}

/// Sorted rows, to be taken one after another.
pub enum Sorted {
    /// All were in the buffer.
    Memory {
        /// Keys and payloads.
        bytes: Vec<u8>,
        /// Where the rows lie in them, in order.
        rows: Vec<Span>,
        /// The first row that was not taken yet.
        next: usize,
    },
    /// They are on disk.
    Disk(Merge),
}

impl Sorted {
    /// Key and payload of the next row.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        match self {
            Self::Memory { bytes, rows, next } => {
                let Some(row) = rows.get(*next) else { return Ok(None) };
                *next += 1;
                Ok(Some((&bytes[row.start..row.key_end], &bytes[row.key_end..row.end])))
            }
            Self::Disk(merge) => {
                let is_any = merge.advance()?;
                Ok(is_any.then_some((merge.current.key.as_slice(), merge.current.payload.as_slice())))
            }
        }
    }
}

struct RunWriter {
    path: PathBuf,
    file: BufWriter<File>,
}

impl RunWriter {
    fn create(path: PathBuf) -> Result<Self, Error> {
        let file = File::create(&path).map_err(Error::io("create", &path))?;
        Ok(Self { path, file: BufWriter::with_capacity(1 << 20, file) })
    }

    fn write(&mut self, key: &[u8], payload: &[u8]) -> Result<(), Error> {
        let lengths = [(key.len() as u32).to_le_bytes(), (payload.len() as u32).to_le_bytes()];
        let written = self.file.write_all(lengths.as_flattened());
        let written = written.and_then(|()| self.file.write_all(key)).and_then(|()| self.file.write_all(payload));
        written.map_err(Error::io("write", &self.path))
    }

    fn finish(mut self) -> Result<PathBuf, Error> {
        self.file.flush().map_err(Error::io("write", &self.path))?;
        Ok(self.path)
    }
}

/// A row at the head of a run.
#[derive(Default)]
struct Head {
    key: Vec<u8>,
    payload: Vec<u8>,
    run: usize,
}

// The heap gives its greatest first, and the smallest key is wanted.
impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.cmp(&self.key).then_with(|| other.run.cmp(&self.run))
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

/// Runs that are merged while they are read.
pub struct Merge {
    runs: Vec<(PathBuf, BufReader<File>)>,
    heads: BinaryHeap<Head>,
    current: Head,
    is_started: bool,
}

impl Merge {
    fn open(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut runs = Vec::with_capacity(paths.len());
        for path in paths {
            let file = File::open(path).map_err(Error::io("open", path))?;
            runs.push((path.clone(), BufReader::with_capacity(128 << 10, file)));
        }
        let mut merge = Self { runs, heads: BinaryHeap::new(), current: Head::default(), is_started: false };
        for run in 0..merge.runs.len() {
            let mut head = Head { run, ..Head::default() };
            if merge.read(&mut head)? {
                merge.heads.push(head);
            }
        }
        Ok(merge)
    }

    /// Moves to the next row; false after the last one.
    fn advance(&mut self) -> Result<bool, Error> {
        if self.is_started {
            let mut head = mem::take(&mut self.current);
            if self.read(&mut head)? {
                self.heads.push(head);
            }
        }
        self.is_started = false;
        let Some(head) = self.heads.pop() else { return Ok(false) };
        self.current = head;
        self.is_started = true;
        Ok(true)
    }

    /// Reads the next row of the head's run into it; false at the end of the run.
    fn read(&mut self, head: &mut Head) -> Result<bool, Error> {
        let (path, file) = &mut self.runs[head.run];
        let mut lengths = [[0; 4]; 2];
        match file.read_exact(lengths.as_flattened_mut()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(Error::io("read", &*path)(error)),
        }
        head.key.resize(u32::from_le_bytes(lengths[0]) as usize, 0);
        head.payload.resize(u32::from_le_bytes(lengths[1]) as usize, 0);
        let read = file.read_exact(&mut head.key).and_then(|()| file.read_exact(&mut head.payload));
        read.map_err(|_| Error::Scratch { path: path.clone() })?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sorted(rows: &[Vec<u8>], limit: usize) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(folder.path(), "test", limit);
        for row in rows {
            sorter.push(row, [&row[..row.len() / 2], &row[row.len() / 2..]]).unwrap();
        }
        let mut rows = sorter.finish().unwrap();
        let mut found = Vec::new();
        while let Some((key, payload)) = rows.next().unwrap() {
            assert_eq!(key, payload);
            found.push(payload.to_vec());
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_buffer_gives_the_same_order(
            rows in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 0..6), 0..60),
            order: u64,
            limit in 0_usize..2000,
        ) {
            let expected: Vec<Vec<u8>> = rows.into_iter().collect();
            let mut shuffled = expected.clone();
            shuffled.sort_by_key(|row| xxhash_rust::xxh3::xxh3_64_with_seed(row, order));
            prop_assert_eq!(sorted(&shuffled, limit), expected);
        }
    }

    #[test]
    fn more_runs_than_can_be_merged_at_once() {
        // A buffer of nothing makes each row a run of its own: 1,000 rows need merges in between.
        let rows: Vec<Vec<u8>> = (0..1000_u32).rev().map(|row| row.to_be_bytes().to_vec()).collect();
        let expected: Vec<Vec<u8>> = rows.iter().rev().cloned().collect();
        assert_eq!(sorted(&rows, 0), expected);
    }

    #[test]
    fn a_damaged_run_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(folder.path(), "test", 0);
        sorter.push(b"a", [b"pay", b"load"]).unwrap();
        sorter.push(b"b", [b"pay", b"load"]).unwrap();
        let run = folder.path().join("test-00001.run");
        let bytes = fs::read(&run).unwrap();
        fs::write(&run, &bytes[..bytes.len() - 3]).unwrap();
        let message = sorter.finish().err().map(|error| error.to_string()).unwrap();
        assert!(message.ends_with("it was damaged or changed"), "{message}");
    }
}
