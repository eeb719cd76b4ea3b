//! Which review a text belongs to.

use anyhow::ensure;
use pipeline::TextsReader;
use polars::frame::DataFrame;

use super::reviews::NONE;

/// Rows of reviews by part and row of their text, 4 bytes a text.
pub struct Places {
    /// [`NONE`] where no review refers to the text, as its review was a duplicate.
    parts: Vec<Vec<u32>>,
}

impl Places {
    /// Places of texts that no review refers to yet.
    pub fn new(texts: &TextsReader) -> Self {
        Self { parts: texts.rows().into_iter().map(|rows| vec![NONE; rows]).collect() }
    }

    /// Notes where the texts of a batch of reviews stand, of which the first one is review `start`.
    pub fn add(&mut self, batch: &DataFrame, start: usize) -> anyhow::Result<()> {
        let places = batch.column("part")?.u32()?.iter().zip(batch.column("row")?.u32()?.iter());
        for (review, place) in (start as u32..).zip(places) {
            let (Some(part), Some(row)) = place else { continue };
            let slot = self.parts.get_mut(part as usize).and_then(|rows| rows.get_mut(row as usize));
            let Some(slot) = slot else {
                let (parts, rows) = (self.parts.len(), self.parts.get(part as usize).map_or(0, Vec::len));
                anyhow::bail!(
                    "review {review} has its text at row {row} of part {part}, but `texts` has {parts} parts and {rows} \
                     rows in that one; connect the texts of the same load"
                );
            };
            ensure!(*slot == NONE, "reviews {slot} and {review} have the same text: row {row} of part {part}");
            *slot = review;
        }
        Ok(())
    }

    /// Rows of the reviews of consecutive texts.
    pub fn of(&self, part: u32, first_row: u32, rows: usize) -> &[u32] {
        &self.parts[part as usize][first_row as usize..first_row as usize + rows]
    }

    /// Part and row of the texts of these reviews; none for those that have none.
    pub fn find(&self, reviews: &[u32]) -> Vec<Option<(u32, u32)>> {
        let mut wanted: Vec<(u32, usize)> = reviews.iter().copied().zip(0..).collect();
        wanted.sort_unstable();
        let mut found = vec![None; reviews.len()];
        for (part, rows) in self.parts.iter().enumerate() {
            for (row, review) in rows.iter().enumerate() {
                let first = wanted.partition_point(|(other, _)| other < review);
                for (_, index) in wanted[first..].iter().take_while(|(other, _)| other == review) {
                    found[*index] = Some((part as u32, row as u32));
                }
            }
        }
        found
    }
}
