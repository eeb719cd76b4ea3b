//! What can go wrong before anything is published.

use std::path::PathBuf;

/// Why a model could not be published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model was trained on another item index.
    #[error(
        "publish model `{model}`: expected scores of {expected} items as in the item index, found {found}; \
         model and index tables must come from the same run of `preprocess`"
    )]
    WrongItems {
        /// Name of the stage that trained it.
        model: String,
        /// Items in the index.
        expected: usize,
        /// Items that the model scores.
        found: usize,
    },
    /// An item key cannot be a line of the vocabulary.
    #[error(
        "write vocabulary: item {index}: expected a key without control characters, found `{}`; \
         reject such rows in `load`",
        key.escape_debug()
    )]
    Key {
        /// Item index.
        index: usize,
        /// The key.
        key: String,
    },
    /// A row lacks a value that the store needs.
    #[error("read table {}: row {row}, column `{column}`: expected a value, found none", path.display())]
    NoValue {
        /// The table.
        path: PathBuf,
        /// Row from 0.
        row: usize,
        /// Name of the column.
        column: &'static str,
    },
}
