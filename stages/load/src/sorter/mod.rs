//! Sorting more rows than fit into memory.
//!
//! Rows are collected in a buffer of fixed size; when it is full they are sorted and written to disk
//! as one run, while a second buffer takes the next ones; at the end all runs are merged. The order is
//! that of the keys alone, so neither the size of the buffers nor the number of threads can change the
//! result. Keys must be distinct.

mod buffer;
mod merge;

use std::{
    mem,
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

use self::{
    buffer::Buffer,
    merge::{Merge, RunReader},
};
use crate::Error;

/// Runs merged at once: enough for terabytes in two passes, few enough for the limit on open files.
const FAN_IN: usize = 128;

/// Key and payload of a row.
pub type Row<'a> = (&'a [u8], &'a [u8]);

/// Collects rows to be sorted.
pub struct Sorter {
    folder: PathBuf,
    name: &'static str,
    /// Most bytes of one of the two buffers.
    limit: usize,
    buffer: Buffer,
    /// The other buffer, while it is sorted and written.
    spilling: Option<JoinHandle<Result<Buffer, Error>>>,
    runs: Vec<PathBuf>,
    runs_made: usize,
}

impl Sorter {
    /// A sorter that holds about `limit` bytes in memory and keeps the rest in `folder`.
    pub fn new(folder: &Path, name: &'static str, limit: usize) -> Self {
        let folder = folder.to_owned();
        Self {
            folder,
            name,
            limit: limit / 2,
            buffer: Buffer::default(),
            spilling: None,
            runs: Vec::new(),
            runs_made: 0,
        }
    }

    /// Where rows wait that do not fit into memory.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds a row. Its payload is given in two parts and comes back as one.
    pub fn push(&mut self, key: &[u8], payload: [&[u8]; 2]) -> Result<(), Error> {
        let length = key.len() + payload[0].len() + payload[1].len();
        if self.buffer.size_with(length) > self.limit && !self.buffer.is_empty() {
            self.spill()?;
        }
        self.buffer.push(key, payload);
        Ok(())
    }

    /// Ends the collecting; the rows in order.
    pub fn finish(mut self) -> Result<Sorted, Error> {
        self.buffer.sort();
        self.wait()?;
        while self.runs.len() > FAN_IN {
            let merged: Vec<PathBuf> = self.runs.drain(..FAN_IN).collect();
            let path = self.next_path();
            merge::to_run(&merged, &path)?;
            self.runs.push(path);
        }
        let runs = self.runs.iter().map(|path| RunReader::open(path)).collect::<Result<_, _>>()?;
        Ok(Sorted(Merge::new(runs, self.buffer)?))
    }

    /// Has the buffer sorted and written in the background, as soon as the one before it is.
    fn spill(&mut self) -> Result<(), Error> {
        let emptied = self.wait()?;
        let mut full = mem::replace(&mut self.buffer, emptied);
        let path = self.next_path();
        self.runs.push(path.clone());
        let write = move || {
            full.sort();
            full.write(&path)?;
            full.clear();
            Ok(full)
        };
        let started = thread::Builder::new().name("load-sort".to_owned()).spawn(write);
        self.spilling = Some(started.map_err(|source| Error::Thread { source })?);
        Ok(())
    }

    /// Waits for the buffer that is being written; it comes back empty.
    fn wait(&mut self) -> Result<Buffer, Error> {
        let Some(spilling) = self.spilling.take() else { return Ok(Buffer::default()) };
        spilling.join().unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn next_path(&mut self) -> PathBuf {
        self.runs_made += 1;
        self.folder.join(format!("{}-{:05}.run", self.name, self.runs_made))
    }
}

/// Sorted rows, to be taken one after another.
pub struct Sorted(Merge);

impl Sorted {
    /// Key and payload of the next row.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        self.0.next()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        // The third row has the second one written, which waits for the first.
        sorter.push(b"c", [b"pay", b"load"]).unwrap();
        let run = folder.path().join("test-00001.run");
        let bytes = fs::read(&run).unwrap();
        fs::write(&run, &bytes[..bytes.len() - 3]).unwrap();
        let message = sorter.finish().err().map(|error| error.to_string()).unwrap();
        assert!(message.ends_with("it was damaged or changed"), "{message}");
    }
}
