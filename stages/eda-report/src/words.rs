//! How long the texts of reviews are, by the place where they stand.

use anyhow::Context as _;
use pipeline::TextsReader;
use polars::{error::PolarsResult, frame::DataFrame};

/// A text that is not there; longer ones count as one word less than this.
const NONE: u16 = u16::MAX;

/// Words of title and text of every review, four bytes each.
pub(crate) struct Words {
    parts: Vec<Vec<[u16; 2]>>,
}

impl Words {
    /// Counts the words of all texts.
    pub(crate) fn read(texts: &TextsReader) -> anyhow::Result<Self> {
        let mut parts: Vec<Vec<[u16; 2]>> = texts.rows().into_iter().map(Vec::with_capacity).collect();
        for batch in texts.batches() {
            let batch = batch?;
            let part = &mut parts[batch.part as usize];
            append(&batch.frame, part).context("read the columns of the texts")?;
        }
        Ok(Self { parts })
    }

    /// Words of title and text of the review at a place; none where there is no text.
    pub(crate) fn at(&self, part: u32, row: u32) -> [Option<u32>; 2] {
        let words = self.parts.get(part as usize).and_then(|rows| rows.get(row as usize));
        words.map_or([None; 2], |words| words.map(|count| (count != NONE).then_some(u32::from(count))))
    }
}

fn append(frame: &DataFrame, part: &mut Vec<[u16; 2]>) -> PolarsResult<()> {
    let titles = frame.column("title")?.str()?.iter();
    let texts = frame.column("text")?.str()?.iter();
    part.extend(titles.zip(texts).map(|(title, text)| [words(title), words(text)]));
    Ok(())
}

fn words(text: Option<&str>) -> u16 {
    text.map_or(NONE, |text| text.split_whitespace().count().min(usize::from(NONE) - 1) as u16)
}
