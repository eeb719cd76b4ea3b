//! CSV files, as blocks of records.
//!
//! A record may hold line breaks, so the file is split into records here, on one thread; what they
//! mean is found on many.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Block, ReadOptions, Rows, Sink, SourceFile, stream::Stream};
use crate::{Error, fault::Place, parse::mapped::Mapping};

/// Records and bytes of a block, whichever comes first.
const BLOCK_RECORDS: usize = 4096;
const BLOCK_BYTES: usize = 1 << 20;

/// Refuses to read on while one record has no end.
struct Guarded {
    inner: Box<dyn Read>,
    /// Bytes read.
    read: u64,
    /// Where the current record begins.
    record_start: Arc<AtomicU64>,
    limit: u64,
}

/// What [`Guarded`] fails with.
#[derive(Debug, thiserror::Error)]
#[error("record too long")]
struct TooLong;

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // What the parser has buffered but not yet used may count into a record, hence the slack.
        let slack = 2 * buffer.len() as u64;
        if self.read - self.record_start.load(Ordering::Relaxed).min(self.read) > self.limit + slack {
            return Err(io::Error::other(TooLong));
        }
        let length = self.inner.read(buffer)?;
        self.read += length as u64;
        Ok(length)
    }
}

/// Reads a file; false if nobody listens any more.
pub fn read(
    file: &SourceFile,
    number: u32,
    mapping: &Mapping,
    options: &ReadOptions,
    sink: &mut Sink,
    progress: &Arc<AtomicU64>,
) -> Result<bool, Error> {
    let (inner, stream) = Stream::open(file, progress)?.into_reader();
    let record_start = Arc::new(AtomicU64::new(0));
    let guarded =
        Guarded { inner, read: 0, record_start: Arc::clone(&record_start), limit: options.max_line_bytes as u64 };
    let mut records = Records {
        reader: csv::ReaderBuilder::new()
            .delimiter(options.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(guarded),
        next: None,
        record_start,
        file,
        stream,
        limit: options.max_line_bytes,
    };
    let Some(first) = records.record()? else { return Err(Error::Empty { path: file.path.clone() }) };
    let width = first.2.len();
    let places: Arc<[Option<usize>]> = places(file, mapping, options.has_header, &first.2, width)?.into();
    if !options.has_header {
        records.next = Some(first);
    }
    records.send_all(number, &places, width, options.delimiter, sink)
}

type Record = (u64, u64, csv::ByteRecord);

struct Records<'a> {
    reader: csv::Reader<Guarded>,
    /// A record that was read but not yet given out.
    next: Option<Record>,
    record_start: Arc<AtomicU64>,
    file: &'a SourceFile,
    stream: Stream,
    limit: usize,
}

impl Records<'_> {
    /// The next record with its line and byte offset.
    fn record(&mut self) -> Result<Option<Record>, Error> {
        if let Some(record) = self.next.take() {
            return Ok(Some(record));
        }
        let mut record = csv::ByteRecord::new();
        let line = self.reader.position().line();
        self.record_start.store(self.reader.position().byte(), Ordering::Relaxed);
        match self.reader.read_byte_record(&mut record) {
            Ok(true) => {
                let place = record.position().map(|place| (place.line(), place.byte()));
                let (line, offset) = place.unwrap_or_default();
                Ok(Some((line, offset, record)))
            }
            Ok(false) => Ok(None),
            Err(error) => Err(self.failure(error, line)),
        }
    }

    fn failure(&self, error: csv::Error, line: u64) -> Error {
        let source = match error.into_kind() {
            csv::ErrorKind::Io(source) => source,
            other => io::Error::other(format!("{other:?}")),
        };
        let is_endless = source.get_ref().and_then(|inner| inner.downcast_ref::<TooLong>()).is_some();
        if is_endless {
            return Error::EndlessRecord { path: self.file.path.clone(), line, limit: self.limit };
        }
        self.stream.damaged(source)
    }

    fn send_all(
        &mut self,
        number: u32,
        places: &Arc<[Option<usize>]>,
        width: usize,
        delimiter: u8,
        sink: &mut Sink,
    ) -> Result<bool, Error> {
        loop {
            let mut records = Vec::new();
            let mut bytes = 0;
            while records.len() < BLOCK_RECORDS && bytes < BLOCK_BYTES {
                let Some(record) = self.record()? else { break };
                bytes += record.2.as_slice().len();
                records.push(record);
            }
            let Some((line, byte_offset, _)) = records.first() else { return Ok(true) };
            let first = Place { file: number, line: *line, byte_offset: *byte_offset };
            let rows = Rows::Records { records, places: Arc::clone(places), width, delimiter };
            if !sink(Block { first, rows }) {
                return Ok(false);
            }
        }
    }
}

/// Where each mapped column is in the records.
fn places(
    file: &SourceFile,
    mapping: &Mapping,
    has_header: bool,
    first: &csv::ByteRecord,
    width: usize,
) -> Result<Vec<Option<usize>>, Error> {
    let header: Vec<String> = first.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let place = |name: &String| {
        let found = if has_header {
            header.iter().position(|column| column == name)
        } else {
            name.parse().ok().filter(|place| *place < width)
        };
        found.map(Some).ok_or_else(|| Error::Column {
            path: file.path.clone(),
            column: name.clone(),
            found: if has_header {
                header.join(", ")
            } else {
                format!("{width} columns without names (`has_header: false`), numbered from 0 to {}", width - 1)
            },
        })
    };
    mapping.names.iter().map(|name| name.as_ref().map_or(Ok(None), place)).collect()
}
