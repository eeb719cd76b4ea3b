//! Rows in memory.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use rayon::slice::ParallelSliceMut;

use super::Row;
use crate::Error;

/// Rows one after another, and where each lies.
#[derive(Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    rows: Vec<Span>,
}

/// Where a row lies in the buffer.
#[derive(Clone, Copy)]
struct Span {
    /// The first bytes of the key, which nearly always decide, so that sorting rarely looks at the row.
    prefix: u128,
    start: usize,
    key: u32,
    payload: u32,
}

impl Buffer {
    /// Its size if a row of so many bytes were added.
    pub fn size_with(&self, bytes: usize) -> usize {
        self.bytes.len() + bytes + (self.rows.len() + 1) * size_of::<Span>()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row.
    pub fn push(&mut self, key: &[u8], payload: [&[u8]; 2]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(payload[0]);
        self.bytes.extend_from_slice(payload[1]);
        let payload = (payload[0].len() + payload[1].len()) as u32;
        self.rows.push(Span { prefix: prefix(key), start, key: key.len() as u32, payload });
    }

    /// Brings the rows into the order of their keys.
    pub fn sort(&mut self) {
        let bytes = &self.bytes;
        let key = |row: &Span| &bytes[row.start..row.start + row.key as usize];
        self.rows
            .par_sort_unstable_by(|one, other| one.prefix.cmp(&other.prefix).then_with(|| key(one).cmp(key(other))));
    }

    /// Row number `row`, if there are so many.
    pub fn row(&self, row: usize) -> Option<Row<'_>> {
        let span = self.rows.get(row)?;
        let key_end = span.start + span.key as usize;
        Some((&self.bytes[span.start..key_end], &self.bytes[key_end..key_end + span.payload as usize]))
    }

    /// Writes the rows as a run.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let mut run = RunWriter::create(path)?;
        (0..self.rows.len()).filter_map(|row| self.row(row)).try_for_each(|row| run.write(row))?;
        run.finish()
    }

    /// Removes all rows, and keeps the room for as many.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
    }
}

/// The first 16 bytes as a number that compares as they do, filled up with zeros: where a key ends early
/// the whole keys decide.
pub fn prefix(key: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let length = key.len().min(16);
    bytes[..length].copy_from_slice(&key[..length]);
    u128::from_be_bytes(bytes)
}

/// Writes rows to disk: the lengths of key and payload, then both.
pub struct RunWriter<'a> {
    path: &'a Path,
    file: BufWriter<File>,
}

impl<'a> RunWriter<'a> {
    /// Starts a run.
    pub fn create(path: &'a Path) -> Result<Self, Error> {
        let file = File::create(path).map_err(Error::io("create", path))?;
        Ok(Self { path, file: BufWriter::with_capacity(1 << 20, file) })
    }

    /// Appends a row.
    pub fn write(&mut self, (key, payload): Row) -> Result<(), Error> {
        let lengths = [(key.len() as u32).to_le_bytes(), (payload.len() as u32).to_le_bytes()];
        let written = self.file.write_all(lengths.as_flattened());
        let written = written.and_then(|()| self.file.write_all(key)).and_then(|()| self.file.write_all(payload));
        written.map_err(Error::io("write", self.path))
    }

    /// Ends the run.
    pub fn finish(mut self) -> Result<(), Error> {
        self.file.flush().map_err(Error::io("write", self.path))
    }
}
