//! Where the rows of the files went, as `load` tells it.

use serde::Deserialize;

/// The output `account` of `load`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LoadAccount {
    /// Of the review files.
    pub reviews: FileAccount,
    /// Of the files of product metadata.
    pub metadata: Option<FileAccount>,
}

/// Rows of one kind of file: `rows_in = rows_out + duplicates + rejected`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FileAccount {
    /// Paths as given.
    pub files: Vec<String>,
    /// Rows read; empty lines are none.
    pub rows_in: u64,
    /// Rows kept.
    pub rows_out: u64,
    /// Rows that a repair made sound.
    pub repaired: u64,
    /// Rows that repeat an earlier one.
    pub duplicates: u64,
    /// Lines of nothing but white space.
    pub empty_lines: u64,
    /// Rows that were rejected.
    pub rejected: u64,
    /// The same by reason, in the order of the reasons.
    pub reasons: Vec<Reason>,
}

/// Rows rejected for one reason.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Reason {
    /// Code such as `broken-json`.
    pub code: String,
    /// Rows.
    pub rows: u64,
    /// The first ones: file, line and what was wrong.
    pub examples: Vec<String>,
}
