//! Reading files of any form, block by block, in bounded memory.

mod csv;
mod files;
mod lines;
mod parquet;
mod stream;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
    mpsc::SyncSender,
};

pub use files::{Form, SourceFile, expand};

use crate::{
    Error,
    fault::Place,
    parse::{cell::Cell, mapped::Mapping},
};

/// Some rows of one file, in order.
#[derive(Debug)]
pub struct Block {
    /// Where the first row stands.
    pub first: Place,
    /// The rows.
    pub rows: Rows,
}

/// The rows of a block.
#[derive(Debug)]
pub enum Rows {
    /// Lines with their breaks; the last one may lack it.
    Lines(Vec<u8>),
    /// The beginning of a line that is too long.
    TooLong(Vec<u8>),
    /// CSV records, each with line and byte offset.
    Records {
        /// The records.
        records: Vec<(u64, u64, ::csv::ByteRecord)>,
        /// Where the mapped columns are.
        places: Arc<[Option<usize>]>,
        /// Number of fields that every record must have.
        width: usize,
        /// For writing rejected records as they were.
        delimiter: u8,
    },
    /// Rows of Parquet: the values of the mapped columns.
    Cells(Vec<Vec<Cell<'static>>>),
}

/// One row.
#[derive(Debug)]
pub enum Row<'a> {
    /// A line without its break.
    Line(&'a [u8]),
    /// A CSV record.
    Record {
        /// All its fields.
        fields: &'a ::csv::ByteRecord,
        /// Where the mapped columns are.
        places: &'a [Option<usize>],
        /// Number of fields that it must have.
        width: usize,
    },
    /// The values of the mapped columns.
    Cells(&'a [Cell<'static>]),
}

impl Row<'_> {
    /// A hash of all that the row says: equal rows have equal ones, and no others.
    pub fn digest(&self) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        match self {
            Self::Line(line) => {
                hasher.update(line);
            }
            Self::Record { fields, .. } => {
                for field in *fields {
                    hasher.update(&(field.len() as u64).to_le_bytes()).update(field);
                }
            }
            Self::Cells(cells) => {
                hasher.update(format!("{cells:?}").as_bytes());
            }
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        digest
    }
}

/// How CSV is written, and how long a row may be.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// What separates CSV fields.
    pub delimiter: u8,
    /// Whether CSV begins with the names of the columns.
    pub has_header: bool,
    /// Longer lines are cut and rejected.
    pub max_line_bytes: usize,
}

/// Where blocks go. An error ends the reading.
pub type Sink = SyncSender<Result<Block, Error>>;

/// Reads files one after another into `sink`; counts the compressed bytes in `progress`.
///
/// The reading ends early when nobody listens any more.
pub fn read_all(
    files: &[SourceFile],
    mapping: &Mapping,
    options: &ReadOptions,
    sink: &Sink,
    progress: &Arc<AtomicU64>,
) {
    let mut done = progress.load(Ordering::Relaxed);
    for (number, file) in files.iter().enumerate() {
        let read = match file.form {
            Form::Lines => lines::read(file, number as u32, options, sink, progress),
            Form::Csv => csv::read(file, number as u32, mapping, options, sink, progress),
            Form::Parquet => parquet::read(file, number as u32, mapping, sink),
        };
        done += file.size_bytes;
        progress.store(done, Ordering::Relaxed);
        match read {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                let _ = sink.send(Err(error));
                return;
            }
        }
    }
}
