//! Files of one row a line, as blocks of whole lines.

use std::sync::{Arc, atomic::AtomicU64};

use memchr::{memchr, memchr_iter, memrchr};

use super::{Block, ReadOptions, Rows, Sink, SourceFile, stream::Stream};
use crate::{Error, fault::Place};

/// Bytes of a block, as long as no line is longer.
const BLOCK_BYTES: usize = 1 << 20;

/// How much of a line that is too long is kept for the reject.
const KEPT_BYTES: usize = 1024;

/// Reads a file; false if nobody listens any more.
pub fn read(
    file: &SourceFile,
    number: u32,
    options: &ReadOptions,
    sink: &mut Sink,
    progress: &Arc<AtomicU64>,
) -> Result<bool, Error> {
    let mut stream = Stream::open(file, progress)?;
    let mut cutter =
        Cutter { number, line: 1, offset: 0, rest: Vec::new(), too_long: None, limit: options.max_line_bytes };
    let mut is_first = true;
    loop {
        let start = cutter.rest.len();
        let mut buffer = std::mem::take(&mut cutter.rest);
        buffer.resize(start + BLOCK_BYTES, 0);
        let length = stream.fill(&mut buffer[start..])?;
        buffer.truncate(start + length);
        if is_first {
            if length == 0 {
                return Err(Error::Empty { path: file.path.clone() });
            }
            cutter.skip_mark(&mut buffer);
            is_first = false;
        }
        let is_last = length < BLOCK_BYTES;
        for block in cutter.cut(buffer, is_last) {
            if !sink(block) {
                return Ok(false);
            }
        }
        if is_last {
            return Ok(true);
        }
    }
}

/// Cuts what was read into whole lines.
struct Cutter {
    number: u32,
    /// Line and offset of the first byte that is not in a block yet.
    line: u64,
    offset: u64,
    /// The beginning of a line whose end was not read yet.
    rest: Vec<u8>,
    /// The beginning of a line that is too long and whose end was not read yet, and how much of it was
    /// read.
    too_long: Option<(Vec<u8>, usize)>,
    limit: usize,
}

impl Cutter {
    /// Passes over the mark with which some programs begin UTF-8 files.
    fn skip_mark(&mut self, buffer: &mut Vec<u8>) {
        if buffer.starts_with(b"\xEF\xBB\xBF") {
            buffer.drain(..3);
            self.offset = 3;
        }
    }

    fn place(&self) -> Place {
        Place { file: self.number, line: self.line, byte_offset: self.offset }
    }

    fn cut(&mut self, mut buffer: Vec<u8>, is_last: bool) -> Vec<Block> {
        let mut blocks = Vec::new();
        if let Some((kept, length)) = self.too_long.take() {
            let end = memchr(b'\n', &buffer);
            let more = end.map_or(buffer.len(), |end| end + 1);
            if end.is_none() && !is_last {
                self.too_long = Some((kept, length + more));
                return blocks;
            }
            blocks.push(self.take_too_long(kept, length + more));
            buffer.drain(..more);
        }
        let whole = if is_last { buffer.len() } else { memrchr(b'\n', &buffer).map_or(0, |end| end + 1) };
        let mut rest = buffer.split_off(whole);
        self.push_lines(buffer, &mut blocks);
        if rest.len() > self.limit {
            let length = rest.len();
            rest.truncate(KEPT_BYTES);
            self.too_long = Some((rest, length));
        } else {
            self.rest = rest;
        }
        blocks
    }

    fn take_too_long(&mut self, kept: Vec<u8>, length: usize) -> Block {
        let block = Block { first: self.place(), rows: Rows::TooLong(kept) };
        self.line += 1;
        self.offset += length as u64;
        block
    }

    /// Blocks for whole lines; lines that are too long get blocks of their own.
    fn push_lines(&mut self, lines: Vec<u8>, blocks: &mut Vec<Block>) {
        let is_any_too_long =
            lines.len() > self.limit && lines.split(|byte| *byte == b'\n').any(|line| line.len() > self.limit);
        if !is_any_too_long {
            self.push_block(lines, blocks);
            return;
        }
        let mut short = Vec::new();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if line.strip_suffix(b"\n").unwrap_or(line).len() > self.limit {
                self.push_block(std::mem::take(&mut short), blocks);
                let text = line.strip_suffix(b"\n").unwrap_or(line);
                blocks.push(self.take_too_long(text[..text.len().min(KEPT_BYTES)].to_vec(), line.len()));
            } else {
                short.extend_from_slice(line);
            }
        }
        self.push_block(short, blocks);
    }

    fn push_block(&mut self, lines: Vec<u8>, blocks: &mut Vec<Block>) {
        if lines.is_empty() {
            return;
        }
        let first = self.place();
        self.line += memchr_iter(b'\n', &lines).count() as u64;
        self.offset += lines.len() as u64;
        blocks.push(Block { first, rows: Rows::Lines(lines) });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::input::Form;

    /// Every line of a file with its place, as blocks give them.
    fn lines(content: &[u8], limit: usize) -> Vec<(u64, u64, bool, Vec<u8>)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, content).unwrap();
        let file = SourceFile { path, form: Form::Lines, is_gzip: false, size_bytes: content.len() as u64 };
        let options = ReadOptions { delimiter: b',', has_header: true, max_line_bytes: limit };
        let mut blocks = Vec::new();
        let mut sink = |block| {
            blocks.push(block);
            true
        };
        assert!(read(&file, 0, &options, &mut sink, &Arc::default()).unwrap());
        let mut found = Vec::new();
        for block in blocks {
            let Place { mut line, mut byte_offset, .. } = block.first;
            match block.rows {
                Rows::Lines(bytes) => {
                    for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                        found.push((line, byte_offset, false, part.strip_suffix(b"\n").unwrap_or(part).to_vec()));
                        line += 1;
                        byte_offset += part.len() as u64;
                    }
                }
                Rows::TooLong(kept) => found.push((line, byte_offset, true, kept)),
                _ => panic!("lines only"),
            }
        }
        found
    }

    #[test]
    fn long_lines_are_cut_and_places_stay_right() {
        // Line 2 has 3 MiB, more than two blocks; line 3 is at the limit of 2,000 bytes; line 4 above it.
        let content = [vec![b'a'], vec![b'b'; 3 << 20], vec![b'c'; 2000], vec![b'd'; 2001], vec![b'e']].join(&b'\n');
        let found = lines(&content, 2000);
        let short: Vec<_> =
            found.iter().map(|(line, offset, cut, bytes)| (*line, *offset, *cut, bytes.len())).collect();
        let base = 2 + (3 << 20) + 1;
        assert_eq!(
            short,
            [
                (1, 0, false, 1),
                (2, 2, true, 1024),
                (3, base, false, 2000),
                (4, base + 2001, true, 1024),
                (5, base + 2001 + 2002, false, 1)
            ]
        );
    }

    #[test]
    fn a_long_last_line_without_break_is_found_too() {
        let content = [vec![b'a'], vec![b'b'; 2 << 20]].join(&b'\n');
        assert_eq!(lines(&content, 10).last().map(|(line, offset, cut, _)| (*line, *offset, *cut)), Some((2, 2, true)));
    }

    #[test]
    fn a_byte_order_mark_is_no_content() {
        assert_eq!(lines(b"\xEF\xBB\xBF{}\n", 10), [(1, 3, false, b"{}".to_vec())]);
    }

    proptest! {
        #[test]
        fn lines_are_those_of_a_plain_split(text in prop::collection::vec(prop::collection::vec(1_u8..20, 0..30), 1..40)) {
            let content = text.join(&b'\n');
            prop_assume!(!content.is_empty() && !content.starts_with(b"\xEF\xBB\xBF"));
            let mut expected = Vec::new();
            let mut offset = 0;
            for (number, part) in content.split_inclusive(|byte| *byte == b'\n').enumerate() {
                let line = part.strip_suffix(b"\n").unwrap_or(part).to_vec();
                expected.push((number as u64 + 1, offset, line.len() > 12, line));
                offset += part.len() as u64;
            }
            prop_assert_eq!(lines(&content, 12), expected);
        }
    }
}
