//! From a row of a file to a review or product, or to what is wrong with it.

mod amazon_items;
mod amazon_reviews;
pub mod cell;
mod fields;
mod items;
pub mod mapped;
mod python;
mod reviews;

pub use items::ItemParser;
pub use reviews::ReviewParser;

use crate::{
    codec::Encoder,
    fault::{Fault, Place},
    input::Row,
};

/// Turns rows into sortable bytes. Rows are independent of one another, so many threads share one.
pub trait RowParser: Sync {
    /// Appends the row's sort key to `key` and its content to `payload`, or says what is wrong. After
    /// a fault both may hold a part of the row.
    fn parse(&self, row: &Row, place: Place, key: &mut Vec<u8>, payload: &mut Encoder) -> Result<(), Fault>;
}
