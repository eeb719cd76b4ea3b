//! One review as the choice and the proof see it: hashes and numbers, no text.

use std::collections::BTreeMap;

use polars::{error::PolarsResult, frame::DataFrame};

use crate::{Unit, hashing::Hasher};

/// Columns that are read for the choice and the proof.
pub(crate) const COLUMNS: [&str; 7] = ["user", "item", "rating", "time", "verified", "helpful_votes", "text_length"];

/// One review.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Review {
    /// Hash of the user.
    pub(crate) user: u64,
    /// Hash of the product.
    pub(crate) item: u64,
    /// Hash of the row; where rows are no units, of user and product.
    pub(crate) row: u64,
    pub(crate) rating: f32,
    /// Unix seconds.
    pub(crate) time: i64,
    pub(crate) verified: Option<bool>,
    /// 0 where unknown.
    pub(crate) votes: u32,
    /// Characters; 0 where unknown.
    pub(crate) length: u32,
}

/// Turns batches of the table into reviews.
pub(crate) struct Decoder {
    unit: Unit,
    hasher: Hasher,
    item_key: String,
    item: u64,
    /// Equal rows seen of the current product. The table is sorted by product, so equal rows are near
    /// one another; were it not, equal rows far apart would only share their fate.
    equal: BTreeMap<(u64, i64), u64>,
}

impl Decoder {
    pub(crate) fn new(unit: Unit, seed: u64) -> Self {
        let mut hasher = Hasher::new(seed);
        let item = hasher.item("");
        Self { unit, hasher, item_key: String::new(), item, equal: BTreeMap::new() }
    }

    /// The reviews of a batch that has [`COLUMNS`], in order.
    pub(crate) fn decode(&mut self, batch: &DataFrame) -> PolarsResult<Vec<Review>> {
        let (users, items) = (batch.column("user")?.str()?, batch.column("item")?.str()?);
        let (ratings, times) = (batch.column("rating")?.f32()?, batch.column("time")?.i64()?);
        let verified = batch.column("verified")?.bool()?;
        let (votes, lengths) = (batch.column("helpful_votes")?.u32()?, batch.column("text_length")?.u32()?);
        let keys = users.iter().zip(items.iter());
        let numbers = ratings.iter().zip(times.iter()).zip(verified.iter()).zip(votes.iter().zip(lengths.iter()));
        let rows = keys.zip(numbers).map(|((user, item), (((rating, time), verified), (votes, length)))| {
            let (user_key, time) = (user.unwrap_or_default(), time.unwrap_or_default());
            let item = self.item(item.unwrap_or_default());
            let user = self.hasher.user(user_key);
            Review {
                user,
                item,
                row: self.row(user_key, user, time),
                rating: rating.unwrap_or_default(),
                time,
                verified,
                votes: votes.unwrap_or_default(),
                length: length.unwrap_or_default(),
            }
        });
        Ok(rows.collect())
    }

    fn item(&mut self, key: &str) -> u64 {
        if self.item_key != key {
            key.clone_into(&mut self.item_key);
            self.item = self.hasher.item(key);
            self.equal.clear();
        }
        self.item
    }

    fn row(&mut self, user_key: &str, user: u64, time: i64) -> u64 {
        if self.unit != Unit::Row {
            return pair(user, self.item);
        }
        let number = self.equal.entry((user, time)).or_insert(0);
        *number += 1;
        self.hasher.row(user_key, &self.item_key, time, *number - 1)
    }
}

/// A hash of user and product together.
pub(crate) fn pair(user: u64, item: u64) -> u64 {
    crate::hashing::mix(user ^ item.rotate_left(32))
}
