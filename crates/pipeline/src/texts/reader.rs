//! Reading texts, in order or by place.

use std::path::{Path, PathBuf};

use polars::frame::DataFrame;

use super::file_name;
use crate::{Error, Kind, TableReader};

/// The texts of a load.
pub struct TextsReader {
    folder: PathBuf,
    parts: Vec<TableReader>,
}

/// Consecutive texts of one part.
pub struct TextBatch {
    /// Number of the part.
    pub part: u32,
    /// Row of the first one.
    pub first_row: u32,
    /// Columns `title` and `text`.
    pub frame: DataFrame,
}

/// Where consecutive texts stand: a row group of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextPiece {
    /// Number of the part.
    pub part: u32,
    /// Row of the first one.
    pub first_row: u32,
    /// How many.
    pub rows: u32,
}

/// Title and text of one review.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Headline.
    pub title: Option<String>,
    /// Body.
    pub text: Option<String>,
}

impl TextsReader {
    /// Opens the folder; its parts are numbered without gaps.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let mut parts = Vec::new();
        loop {
            let path = folder.join(file_name(parts.len() as u32));
            if !path.exists() && !parts.is_empty() {
                return Ok(Self { folder: folder.to_owned(), parts });
            }
            parts.push(TableReader::open(&path, Kind::ReviewTexts)?);
        }
    }

    /// Number of texts in each part.
    pub fn rows(&self) -> Vec<usize> {
        self.parts.iter().map(TableReader::rows).collect()
    }

    /// All texts in the order of the files, some megabytes at a time.
    pub fn batches(&self) -> impl Iterator<Item = Result<TextBatch, Error>> + '_ {
        self.parts.iter().zip(0_u32..).flat_map(|(reader, part)| {
            let mut first_row = 0;
            reader.batches(&[]).map(move |frame| {
                let batch = TextBatch { part, first_row, frame: frame? };
                first_row += batch.frame.height() as u32;
                Ok(batch)
            })
        })
    }

    /// What [`TextsReader::read`] reads at once: the files in pieces of some megabytes, in their order.
    pub fn pieces(&self) -> Vec<TextPiece> {
        let of_part = |(reader, part): (&TableReader, u32)| {
            let groups = reader.row_groups().into_iter();
            groups.map(move |(first, rows)| TextPiece { part, first_row: first as u32, rows: rows as u32 })
        };
        self.parts.iter().zip(0_u32..).flat_map(of_part).collect()
    }

    /// The texts of one piece. Pieces may be read on several threads at the same time.
    pub fn read(&self, piece: TextPiece) -> Result<TextBatch, Error> {
        let TextPiece { part, first_row, rows } = piece;
        let missing = || Error::NoText { folder: self.folder.clone(), part, row: first_row };
        let reader = self.parts.get(part as usize).ok_or_else(missing)?;
        Ok(TextBatch { part, first_row, frame: reader.read_rows(&[], first_row as usize, rows as usize)? })
    }

    /// The texts at these places (part and row), in this order. Reads each piece of the files that holds
    /// one of them once, so many places that lie close to one another are cheapest.
    pub fn gather(&self, places: &[(u32, u32)]) -> Result<Vec<Text>, Error> {
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_unstable_by_key(|index| places[*index]);
        let mut found = vec![Text::default(); places.len()];
        let mut rest = order.as_slice();
        while let Some(first) = rest.first() {
            let (part, row) = places[*first];
            let missing = || Error::NoText { folder: self.folder.clone(), part, row };
            let reader = self.parts.get(part as usize).ok_or_else(missing)?;
            let (start, rows) = reader.row_group_of(row as usize).ok_or_else(missing)?;
            let frame = reader.read_rows(&[], start, rows)?;
            let column =
                |name| frame.column(name).and_then(|column| column.str()).map_err(Error::table("read", &self.folder));
            let (titles, texts) = (column("title")?, column("text")?);
            let here =
                rest.partition_point(|index| places[*index].0 == part && (places[*index].1 as usize) < start + rows);
            for index in &rest[..here] {
                let row = places[*index].1 as usize - start;
                let owned = |text: Option<&str>| text.map(str::to_owned);
                found[*index] = Text { title: owned(titles.get(row)), text: owned(texts.get(row)) };
            }
            rest = &rest[here..];
        }
        Ok(found)
    }
}
