//! From a row of a file to a review or product, or to what is wrong with it.

mod amazon_items;
mod amazon_reviews;
pub mod cell;
mod fields;
mod items;
pub mod mapped;
mod python;
mod reviews;
mod sequences;

pub use items::ItemParser;
pub use reviews::ReviewParser;

use pipeline::TextBlock;

use crate::{
    block::RowBytes,
    fault::{Fault, Place},
    input::Row,
};

/// Turns rows into sortable bytes. Rows are independent of one another, so many threads share one.
pub trait RowParser: Sync {
    /// Appends what a sound row holds (one row of the table; in layout `sequences` any number) to `bytes`
    /// and its texts, if rows of this kind have any, to `texts`, or says what is wrong. After a fault
    /// `bytes` may hold a part of the row; `texts` never does.
    fn parse(&self, row: &Row, place: Place, bytes: &mut RowBytes, texts: &mut TextBlock) -> Result<(), Fault>;
}
