//! The first pass: from files to rows that wait in a sorter, and to rejects.
//!
//! One thread reads and decompresses; all others parse whole blocks; the results are taken in the
//! order of the blocks, so the number of threads changes nothing but the time.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
};

use pipeline::Context;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::{
    Error,
    account::Account,
    codec::Encoder,
    fault::{Fault, Place, Reason, Reject},
    input::{self, Block, ReadOptions, Row, Rows, SourceFile},
    parse::{RowParser, mapped::Mapping},
    sorter::Sorter,
    tables::RejectTable,
};

/// The files of one parameter and how to understand them.
pub struct Source<'a> {
    /// The files.
    pub files: &'a [SourceFile],
    /// What a row means.
    pub parser: &'a dyn RowParser,
    /// Which columns are wanted.
    pub mapping: &'a Mapping,
    /// How the files are written.
    pub options: &'a ReadOptions,
}

/// How far the reading is, in bytes on disk.
pub struct Progress<'a> {
    /// Where to tell it.
    pub context: &'a Context,
    /// Bytes read.
    pub done: Arc<AtomicU64>,
    /// Bytes in all.
    pub total: u64,
}

/// Reads all rows of `source` into `sorter`, and what is wrong with the others into `rejects`.
pub fn ingest(
    source: &Source,
    sorter: &mut Sorter,
    account: &mut Account,
    rejects: &mut RejectTable,
    progress: &Progress,
) -> Result<(), Error> {
    let threads = rayon::current_num_threads();
    let (sender, receiver) = mpsc::sync_channel(2 * threads);
    thread::scope(|scope| {
        let done = Arc::clone(&progress.done);
        scope.spawn(move || input::read_all(source.files, source.mapping, source.options, &sender, &done));
        // The receiver goes when this closure ends, also by an error: then the reader ends too.
        let receiver = receiver;
        let mut parsed: Vec<Parsed> = Vec::new();
        loop {
            let blocks = take(&receiver, 2 * threads)?;
            let is_last = blocks.is_empty();
            let waiting = mem::take(&mut parsed);
            let (next, kept) = rayon::join(
                || blocks.par_iter().map(|block| parse(block, source.parser)).collect::<Vec<_>>(),
                || waiting.into_iter().try_for_each(|parsed| keep(parsed, sorter, account, rejects)),
            );
            kept?;
            parsed = next;
            progress.context.progress(progress.done.load(Ordering::Relaxed), Some(progress.total), "bytes");
            if is_last {
                return Ok(());
            }
        }
    })
}

/// The next blocks: at least one unless all were read, and no more than there are without waiting.
fn take(receiver: &Receiver<Result<Block, Error>>, most: usize) -> Result<Vec<Block>, Error> {
    let mut blocks: Vec<Block> = receiver.recv().into_iter().collect::<Result<_, _>>()?;
    while blocks.len() < most {
        let Ok(block) = receiver.try_recv() else { break };
        blocks.push(block?);
    }
    Ok(blocks)
}

/// What became of a block.
#[derive(Default)]
struct Parsed {
    keys: Vec<u8>,
    payloads: Encoder,
    /// Ends of the sound rows in the two.
    ends: Vec<(usize, usize)>,
    rejects: Vec<Reject>,
    rows: u64,
    empty_lines: u64,
}

impl Parsed {
    fn row(&mut self, parser: &dyn RowParser, row: &Row, place: Place, raw: impl FnOnce() -> Vec<u8>) {
        self.rows += 1;
        let (key_end, payload_end) = self.ends.last().copied().unwrap_or_default();
        match parser.parse(row, place, &mut self.keys, &mut self.payloads) {
            Ok(()) => self.ends.push((self.keys.len(), self.payloads.bytes.len())),
            Err(fault) => {
                self.keys.truncate(key_end);
                self.payloads.bytes.truncate(payload_end);
                self.rejects.push(Reject { place, fault, raw: raw() });
            }
        }
    }
}

fn parse(block: &Block, parser: &dyn RowParser) -> Parsed {
    let mut parsed = Parsed::default();
    let mut place = block.first;
    match &block.rows {
        Rows::Lines(lines) => parse_lines(lines, place, parser, &mut parsed),
        Rows::TooLong(start) => {
            let detail = "expected a line of at most `max_line_bytes`, found a longer one; its beginning is kept";
            let fault = Fault::of_row(Reason::TooLong, detail);
            parsed.rows += 1;
            parsed.rejects.push(Reject { place, fault, raw: start.clone() });
        }
        Rows::Records { records, places, width, delimiter } => {
            for (line, byte_offset, fields) in records {
                (place.line, place.byte_offset) = (*line, *byte_offset);
                let row = Row::Record { fields, places, width: *width };
                parsed.row(parser, &row, place, || as_csv(fields, *delimiter));
            }
        }
        Rows::Cells(rows) => {
            for cells in rows {
                parsed.row(parser, &Row::Cells(cells), place, || format!("{cells:?}").into_bytes());
                place.line += 1;
                place.byte_offset += 1;
            }
        }
    }
    parsed
}

fn parse_lines(lines: &[u8], mut place: Place, parser: &dyn RowParser, parsed: &mut Parsed) {
    let mut start = 0;
    while start < lines.len() {
        let end = memchr::memchr(b'\n', &lines[start..]).map_or(lines.len(), |length| start + length);
        let line = &lines[start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            parsed.empty_lines += 1;
        } else {
            parsed.row(parser, &Row::Line(line), place, || line.to_vec());
        }
        place.line += 1;
        place.byte_offset += (end - start + 1) as u64;
        start = end + 1;
    }
}

/// A record as it would be written again.
fn as_csv(fields: &csv::ByteRecord, delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_byte_record(fields);
    let mut line = writer.into_inner().unwrap_or_default();
    line.pop();
    line
}

fn keep(parsed: Parsed, sorter: &mut Sorter, account: &mut Account, rejects: &mut RejectTable) -> Result<(), Error> {
    account.rows_in += parsed.rows;
    account.empty_lines += parsed.empty_lines;
    let (mut key, mut payload) = (0, 0);
    for (key_end, payload_end) in parsed.ends {
        sorter.push(&parsed.keys[key..key_end], &parsed.payloads.bytes[payload..payload_end])?;
        (key, payload) = (key_end, payload_end);
    }
    for reject in parsed.rejects {
        account.reject(&reject);
        rejects.push(account.file(reject.place.file), &reject)?;
    }
    account.check_early()
}
