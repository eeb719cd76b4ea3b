//! A block of rows, parsed.

use pipeline::TextBlock;

use crate::{
    codec::Encoder,
    fault::{Fault, Place, Reason, Reject},
    ingest::Source,
    input::{Block, Row, Rows},
};

/// Sound rows as sortable bytes.
#[derive(Default)]
pub struct RowBytes {
    /// Sort keys.
    pub keys: Vec<u8>,
    /// What else is known of each row.
    pub payloads: Encoder,
    /// Ends of the rows in keys and payloads.
    ends: Vec<(usize, usize)>,
}

impl RowBytes {
    /// Ends a row: what was appended since the last one is its key and payload.
    pub fn end_row(&mut self) {
        self.ends.push((self.keys.len(), self.payloads.bytes.len()));
    }

    /// Takes back what was appended after the first `rows` rows.
    fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        let (key_end, payload_end) = self.ends.last().copied().unwrap_or_default();
        self.keys.truncate(key_end);
        self.payloads.bytes.truncate(payload_end);
    }
}

/// What became of a block.
#[derive(Default)]
pub struct ParsedBlock {
    bytes: RowBytes,
    /// Rows that are not sound.
    pub rejects: Vec<Reject>,
    /// Rows in all.
    pub rows: u64,
    /// Sound rows that a repair made so.
    pub repaired: u64,
    /// Lines of white space.
    pub empty_lines: u64,
}

impl ParsedBlock {
    /// Key and payload of each sound row.
    pub fn sound(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut start = (0, 0);
        self.bytes.ends.iter().map(move |end| {
            let row = (&self.bytes.keys[start.0..end.0], &self.bytes.payloads.bytes[start.1..end.1]);
            start = *end;
            row
        })
    }
}

/// Parses a block. Texts of its sound rows are appended to `texts`, so the i-th sound row has the i-th text.
pub fn parse(block: &Block, source: &Source, texts: &mut TextBlock) -> ParsedBlock {
    let mut parsing = Parsing { source, texts, parsed: ParsedBlock::default() };
    let mut place = block.first;
    match &block.rows {
        Rows::Lines(lines) => parsing.lines(lines, place),
        Rows::TooLong(start) => {
            let detail = "expected a line of at most `max_line_bytes`, found a longer one; its beginning is kept";
            let fault = Fault::of_row(Reason::TooLong, detail);
            parsing.parsed.rows += 1;
            parsing.faulty(&Row::Line(start), Reject { place, fault, raw: start.clone() });
        }
        Rows::Records { records, places, width, delimiter } => {
            for (line, byte_offset, fields) in records {
                (place.line, place.byte_offset) = (*line, *byte_offset);
                let row = Row::Record { fields, places, width: *width };
                parsing.row(&row, place, || as_csv(fields, *delimiter));
            }
        }
        Rows::Cells(rows) => {
            for cells in rows {
                parsing.row(&Row::Cells(cells), place, || format!("{cells:?}").into_bytes());
                place.line += 1;
                place.byte_offset += 1;
            }
        }
    }
    parsing.parsed
}

struct Parsing<'a> {
    source: &'a Source<'a>,
    texts: &'a mut TextBlock,
    parsed: ParsedBlock,
}

impl Parsing<'_> {
    fn lines(&mut self, lines: &[u8], mut place: Place) {
        let mut start = 0;
        while start < lines.len() {
            let end = memchr::memchr(b'\n', &lines[start..]).map_or(lines.len(), |length| start + length);
            let line = &lines[start..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.trim_ascii().is_empty() {
                self.parsed.empty_lines += 1;
            } else {
                self.row(&Row::Line(line), place, || line.to_vec());
            }
            place.line += 1;
            place.byte_offset += (end - start + 1) as u64;
            start = end + 1;
        }
    }

    fn row(&mut self, row: &Row, place: Place, raw: impl FnOnce() -> Vec<u8>) {
        match self.take(row, place) {
            Ok(rows) => self.parsed.rows += rows,
            Err(fault) => {
                self.parsed.rows += 1;
                self.faulty(row, Reject { place, fault, raw: raw() });
            }
        }
    }

    /// Takes what a row of the file holds; number of rows of the table, more than one in layout `sequences`.
    fn take(&mut self, row: &Row, place: Place) -> Result<u64, Fault> {
        let bytes = &mut self.parsed.bytes;
        let before = bytes.ends.len();
        let taken = self.source.parser.parse(row, place, bytes, self.texts);
        if taken.is_err() {
            bytes.truncate(before);
        }
        taken.map(|()| (bytes.ends.len() - before) as u64)
    }

    /// Rejects a row, unless there is a repair of it and that is sound.
    fn faulty(&mut self, row: &Row, reject: Reject) {
        let (source, place) = (self.source, reject.place);
        let Some(repair) = source.repairs.get(place, &reject.raw) else { return self.parsed.rejects.push(reject) };
        match repair.row(row, source.options, |row| self.take(row, place)) {
            Ok(rows) => {
                self.parsed.rows = self.parsed.rows + rows - 1;
                self.parsed.repaired += rows;
            }
            // It keeps its text as it stands in the file, which is what another repair is tied to.
            Err(fault) => {
                let fault = Fault { detail: format!("as repaired: {}", fault.detail), ..fault };
                self.parsed.rejects.push(Reject { fault, ..reject });
            }
        }
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
