//! What can go wrong while interactions are filtered and divided.

use std::path::PathBuf;

/// Why interactions could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no review at all.
    #[error("preprocess {}: expected reviews, found a table of 0 rows; see the rejects of `load`", path.display())]
    NoReviews {
        /// The reviews.
        path: PathBuf,
    },
    /// A split and an input that do not go together.
    #[error("split interactions: split `{split}` {expected}")]
    Given {
        /// Name of the split.
        split: &'static str,
        /// What it needs.
        expected: &'static str,
    },
    /// Items without interactions are wanted, but not told.
    #[error("index items: `cold_items: true` needs the input `items`; connect it to `load.items`, or leave it out")]
    NoCatalogue,
    /// A row of the reviews lacks a value or holds an impossible one.
    #[error("read table {}: row {row}, column `{column}`: expected {expected}, found {found}", path.display())]
    BadRow {
        /// The reviews.
        path: PathBuf,
        /// Row from 0.
        row: usize,
        /// Name of the column.
        column: &'static str,
        /// What is allowed.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// More users or items than a `u32` can tell apart.
    #[error("read table {}: expected at most {} different keys in column `{column}`, found more", path.display(), u32::MAX)]
    TooManyKeys {
        /// The reviews.
        path: PathBuf,
        /// Name of the column.
        column: &'static str,
    },
    /// All interactions lie below `min_rating`.
    #[error(
        "filter interactions: none of {interactions} has a rating of at least min_rating = {min_rating}; \
         the highest is {highest}: lower `min_rating`"
    )]
    NoRatingHighEnough {
        /// Interactions before the filter.
        interactions: usize,
        /// The parameter.
        min_rating: f32,
        /// The highest rating found.
        highest: f32,
    },
    /// No user and item are left after the k-core filter.
    #[error(
        "filter interactions: no user has {min_user_interactions} items that have {min_item_interactions} users \
         each, out of {rows} reviews ({interactions} interactions of {users} users with {items} items); the largest \
         bound that leaves something is {largest}: set `min_user_interactions` and `min_item_interactions` to {largest} \
         or less, or take a larger sample"
    )]
    EmptyCore {
        /// Reviews that came in.
        rows: usize,
        /// Interactions before the filter.
        interactions: usize,
        /// Users before the filter.
        users: usize,
        /// Items before the filter.
        items: usize,
        /// The parameter.
        min_user_interactions: u32,
        /// The parameter.
        min_item_interactions: u32,
        /// The largest cap of both bounds that leaves something.
        largest: u32,
    },
    /// The split leaves nothing to train on.
    #[error(
        "split interactions: the {split} split puts none of {interactions} interactions into train ({validation} into \
         validation, {test} into test); lower `validation_ratio` and `test_ratio`, or take split `leave-last-out`"
    )]
    EmptyTrain {
        /// Name of the split.
        split: &'static str,
        /// Interactions to divide.
        interactions: usize,
        /// Those in validation.
        validation: usize,
        /// Those in test.
        test: usize,
    },
}
