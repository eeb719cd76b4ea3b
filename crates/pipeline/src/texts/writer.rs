//! Writing a part.

use std::{
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
};

use polars::prelude::{BatchedWriter, ParquetCompression};
use polars_parquet::parquet::page::CompressedPage;

use super::{file_name, flusher::Flusher, pages::EncodedTexts};
use crate::{Error, Kind, table};

/// A row group ends when it holds so many bytes of text; so much a reader has in memory at once.
const ROW_GROUP_BYTES: usize = 16 << 20;

/// Writes the texts of one source file, block by block, in bounded memory.
pub struct TextsPart {
    path: PathBuf,
    writer: BatchedWriter<BufWriter<File>>,
    /// Titles and texts of the row group at hand.
    pages: [Vec<CompressedPage>; 2],
    group_rows: u32,
    group_bytes: usize,
    rows: u32,
    flusher: Flusher,
}

impl TextsPart {
    /// Starts part number `part` in `folder`, which is made if it is not there.
    pub fn create(folder: &Path, part: u32, stage: &str) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let path = folder.join(file_name(part));
        // The pages come compressed.
        let writer = table::writer(&path, Kind::ReviewTexts, stage, &[], ParquetCompression::Uncompressed)?;
        Ok(Self {
            flusher: Flusher::new(&path),
            path,
            writer,
            pages: [Vec::new(), Vec::new()],
            group_rows: 0,
            group_bytes: 0,
            rows: 0,
        })
    }

    /// Appends a block; the row of its first text.
    pub fn append(&mut self, block: EncodedTexts) -> Result<u32, Error> {
        let first = self.rows;
        if block.rows == 0 {
            return Ok(first);
        }
        let too_many = || Error::TooManyTexts { path: self.path.clone() };
        self.rows = self.rows.checked_add(block.rows).ok_or_else(too_many)?;
        self.group_rows += block.rows;
        self.group_bytes += block.bytes;
        self.pages[0].push(block.titles);
        self.pages[1].push(block.texts);
        if self.group_bytes >= ROW_GROUP_BYTES {
            self.flush()?;
        }
        Ok(first)
    }

    fn flush(&mut self) -> Result<(), Error> {
        let written = self.writer.write_row_group(u64::from(self.group_rows), &self.pages);
        written.map_err(Error::table("write", &self.path))?;
        self.flusher.written(self.group_bytes);
        self.pages.iter_mut().for_each(Vec::clear);
        (self.group_rows, self.group_bytes) = (0, 0);
        Ok(())
    }

    /// Ends the part; the number of texts in it.
    pub fn finish(mut self) -> Result<u32, Error> {
        if self.group_rows > 0 {
            self.flush()?;
        }
        self.writer.finish().map_err(Error::table("write", &self.path))?;
        Ok(self.rows)
    }
}
