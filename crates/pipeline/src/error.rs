//! What can go wrong with artifacts.

use std::path::PathBuf;

/// Why an artifact could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An input of the stage is not connected.
    #[error("run stage `{stage}`: its input `{port}` is not connected; add it under `inputs` in the pipeline file")]
    NoInput {
        /// Name of the stage.
        stage: String,
        /// Name of the port.
        port: String,
    },
    /// The stage asks for an output that it does not declare.
    #[error("run stage `{stage}`: it has no output `{port}`")]
    NoOutput {
        /// Name of the stage.
        stage: String,
        /// Name of the port.
        port: String,
    },
    /// A file could not be read or written.
    #[error("{action} {}", path.display())]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// A file is not Parquet, or damaged.
    #[error("{action} table {}", path.display())]
    Table {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The engine's message.
        #[source]
        source: polars::error::PolarsError,
    },
    /// A table is of another kind or schema version than the reader wants.
    #[error(
        "read table {}: expected kind {expected}, found {found} (written by stage `{writer}`)",
        path.display()
    )]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// Wanted kind and schema version.
        expected: String,
        /// Found kind and schema version.
        found: String,
        /// The stage that wrote it, from the file's metadata.
        writer: String,
    },
    /// A column is missing or of another type.
    #[error(
        "{action} table {}: column `{column}`: expected {expected}, found {found} (written by stage `{writer}`)",
        path.display()
    )]
    WrongColumn {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Name of the column.
        column: String,
        /// Wanted type.
        expected: String,
        /// Found type, or `none`.
        found: String,
        /// The stage that wrote it.
        writer: String,
    },
    /// A review names a text that is not there.
    #[error(
        "read texts {}: found no row {row} of part {part}; reviews and texts must come from the same run of `load`",
        folder.display()
    )]
    NoText {
        /// The folder of the texts.
        folder: PathBuf,
        /// The part asked for.
        part: u32,
        /// The row asked for.
        row: u32,
    },
    /// A source file has more reviews than a row number can count.
    #[error("write texts {}: expected at most 4,294,967,295 reviews of one source file; split the file", path.display())]
    TooManyTexts {
        /// The file of the texts.
        path: PathBuf,
    },
    /// Text could not be encoded or compressed.
    #[error("encode texts of reviews")]
    EncodeTexts(#[source] polars_parquet::parquet::error::ParquetError),
    /// An interaction names a user or item that the index tables do not have.
    #[error(
        "read table {}: user {user}, item {item}: expected indices below {users} and {items}; \
         interactions and index tables must come from the same run of `preprocess`",
        path.display()
    )]
    IndexOutOfRange {
        /// The file.
        path: PathBuf,
        /// The user index found.
        user: u32,
        /// The item index found.
        item: u32,
        /// Number of users in the index table.
        users: usize,
        /// Number of items in the index table.
        items: usize,
    },
    /// A JSON artifact does not have the expected form.
    #[error("read {}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The parser's message, with line and column.
        #[source]
        source: serde_json::Error,
    },
    /// A model folder is incomplete or damaged.
    #[error("read model {}", path.display())]
    Model {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: recommender::Error,
    },
}

impl Error {
    /// Maps an I/O error at `path`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// Maps an engine's error at `path`.
    pub(crate) fn table(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(polars::error::PolarsError) -> Self {
        let path = path.into();
        move |source| Self::Table { action, path, source }
    }
}
