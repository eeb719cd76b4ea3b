//! A block of rows, parsed.

use pipeline::TextBlock;

use crate::{
    codec::Encoder,
    fault::{Fault, Place, Reason, Reject},
    input::{Block, Row, Rows},
    parse::RowParser,
};

/// Sound rows as sortable bytes.
#[derive(Default)]
pub struct RowBytes {
    /// Sort keys.
    pub keys: Vec<u8>,
    /// What else is known of each row.
    pub payloads: Encoder,
}

/// What became of a block.
#[derive(Default)]
pub struct ParsedBlock {
    bytes: RowBytes,
    /// Ends of the sound rows in keys and payloads.
    ends: Vec<(usize, usize)>,
    /// Rows that are not sound.
    pub rejects: Vec<Reject>,
    /// Rows in all.
    pub rows: u64,
    /// Lines of white space.
    pub empty_lines: u64,
}

impl ParsedBlock {
    /// Key and payload of each sound row.
    pub fn sound(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut start = (0, 0);
        self.ends.iter().map(move |end| {
            let row = (&self.bytes.keys[start.0..end.0], &self.bytes.payloads.bytes[start.1..end.1]);
            start = *end;
            row
        })
    }
}

/// Parses a block. Texts of its sound rows are appended to `texts`, so the i-th sound row has the i-th text.
pub fn parse(block: &Block, parser: &dyn RowParser, texts: &mut TextBlock) -> ParsedBlock {
    let mut parsing = Parsing { parser, texts, parsed: ParsedBlock::default() };
    let mut place = block.first;
    match &block.rows {
        Rows::Lines(lines) => parsing.lines(lines, place),
        Rows::TooLong(start) => {
            let detail = "expected a line of at most `max_line_bytes`, found a longer one; its beginning is kept";
            let fault = Fault::of_row(Reason::TooLong, detail);
            parsing.parsed.rows += 1;
            parsing.parsed.rejects.push(Reject { place, fault, raw: start.clone() });
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
    parser: &'a dyn RowParser,
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
        let parsed = &mut self.parsed;
        parsed.rows += 1;
        let (key_end, payload_end) = parsed.ends.last().copied().unwrap_or_default();
        match self.parser.parse(row, place, &mut parsed.bytes, self.texts) {
            Ok(()) => parsed.ends.push((parsed.bytes.keys.len(), parsed.bytes.payloads.bytes.len())),
            Err(fault) => {
                parsed.bytes.keys.truncate(key_end);
                parsed.bytes.payloads.bytes.truncate(payload_end);
                parsed.rejects.push(Reject { place, fault, raw: raw() });
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
