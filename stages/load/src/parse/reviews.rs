//! Rows of review files.

use pipeline::TextBlock;

use super::{
    RowParser, amazon_reviews,
    fields::utf8,
    mapped::{self, Mapping},
    sequences,
};
use crate::{
    block::RowBytes,
    fault::{Fault, Place, Reason},
    input::Row,
    params::{Layout, Params, TimeUnit},
    review::{FieldNames, Fields, StoredReview},
};

/// Parses the rows of review files.
pub struct ReviewParser {
    layout: Layout,
    mapping: Mapping,
    time_unit: TimeUnit,
    /// Whether texts are sorted with their rows, because the store wants both together.
    keeps_texts: bool,
}

impl ReviewParser {
    /// The parser for these parameters.
    pub fn new(params: &Params) -> Self {
        let mapping = params.columns.as_ref().map(Mapping::of_reviews).unwrap_or_default();
        Self { layout: params.layout, mapping, time_unit: params.time_unit, keeps_texts: params.store().is_some() }
    }

    /// The mapping of columns; without names for the Amazon layouts.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }
}

impl RowParser for ReviewParser {
    fn parse(&self, row: &Row, place: Place, bytes: &mut RowBytes, texts: &mut TextBlock) -> Result<(), Fault> {
        let mut push = |stored: &StoredReview| {
            stored.push_key(&mut bytes.keys);
            stored.encode(self.keeps_texts, &mut bytes.payloads);
            bytes.end_row();
            texts.push(stored.review.title, stored.review.text);
        };
        let mut store = |fields: &Fields, names: FieldNames| {
            push(&StoredReview { review: fields.check(names)?, place, digest: row.digest() });
            Ok(())
        };
        match (self.layout, row) {
            (Layout::Columns, _) => self.mapping.with_cells(row, |cells| {
                store(&mapped::review(&self.mapping, self.time_unit, cells)?, self.mapping.review_names())
            }),
            (Layout::Sequences, Row::Line(line)) => {
                sequences::reviews(utf8(line)?, place).for_each(|stored| push(&stored));
                Ok(())
            }
            (layout, Row::Line(line)) => {
                store(&amazon_reviews::parse(layout, utf8(line)?)?, amazon_reviews::names(layout))
            }
            // Files of other forms are refused for these layouts before they are opened.
            _ => Err(Fault::of_row(Reason::WrongType, "expected a line of text")),
        }
    }
}
