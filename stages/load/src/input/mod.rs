//! Reading files of any form, block by block, in bounded memory.

mod csv;
mod files;
mod lines;
mod parquet;
mod stream;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

pub use files::{Form, SourceFile, expand};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

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
    /// A hash of all that the row says (XXH3, 128 bits). It is compared only among reviews of one item,
    /// user and time, where two different ones meet by chance less than once in 10^30 pairs.
    pub fn digest(&self) -> [u8; 16] {
        let digest = match self {
            Self::Line(line) => xxh3_128(line),
            Self::Record { fields, .. } => {
                let mut hasher = Xxh3::new();
                for field in *fields {
                    hasher.update(&(field.len() as u64).to_le_bytes());
                    hasher.update(field);
                }
                hasher.digest128()
            }
            Self::Cells(cells) => xxh3_128(format!("{cells:?}").as_bytes()),
        };
        digest.to_le_bytes()
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

/// Where blocks go; false when nobody wants more of them.
pub type Sink<'a> = dyn FnMut(Block) -> bool + 'a;

/// Reads file number `number` block by block into `sink`, and counts the bytes on disk in `progress`.
/// False if the reading ended early because nobody wanted more.
pub fn read(
    file: &SourceFile,
    number: u32,
    mapping: &Mapping,
    options: &ReadOptions,
    sink: &mut Sink,
    progress: &Arc<AtomicU64>,
) -> Result<bool, Error> {
    match file.form {
        Form::Lines => lines::read(file, number, options, sink, progress),
        Form::Csv => csv::read(file, number, mapping, options, sink, progress),
        Form::Parquet => {
            let read = parquet::read(file, number, mapping, sink);
            progress.fetch_add(file.size_bytes, Ordering::Relaxed);
            read
        }
    }
}
