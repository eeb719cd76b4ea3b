//! What can stop a load.

use std::path::PathBuf;

use crate::repairs::RepairError;

/// Why files could not be loaded. Faulty rows are no error; they are rejects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Parameters contradict one another.
    #[error("check parameter `{name}`: expected {expected}, found {found}")]
    Parameter {
        /// Name of the parameter.
        name: String,
        /// What would do.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A path or glob names no file.
    #[error(
        "find files of `{parameter}`: no file matches `{pattern}`; give the path of a file, or a glob such as `reviews/*.json.gz`"
    )]
    NoFile {
        /// Name of the parameter.
        parameter: &'static str,
        /// Its value.
        pattern: String,
    },
    /// A glob is malformed.
    #[error("understand glob `{pattern}` of `{parameter}`")]
    Pattern {
        /// Name of the parameter.
        parameter: &'static str,
        /// Its value.
        pattern: String,
        /// Where it is wrong.
        #[source]
        source: glob::PatternError,
    },
    /// A file's name does not tell a form that can be read.
    #[error("read {}: expected a name that ends in {expected}, found `{found}`", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Endings that would do.
        expected: &'static str,
        /// The ending found.
        found: String,
    },
    /// A file or folder could not be opened or written.
    #[error("{action} {}", path.display())]
    Io {
        /// What was tried, such as `open`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be read to its end.
    #[error(
        "read {}: stopped {decompressed} bytes into its content, {compressed} bytes into the file; \
         is it cut short or damaged?",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Bytes of content that were read.
        decompressed: u64,
        /// Bytes of the file that were read.
        compressed: u64,
        /// The decompressor's message.
        #[source]
        source: std::io::Error,
    },
    /// A file has no rows.
    #[error("read {}: expected rows, found an empty file", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A mapped column is not in the file.
    #[error("read {}: expected column `{column}`, found {found}; correct the mapping of the columns", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column that the mapping names.
        column: String,
        /// The columns there are.
        found: String,
    },
    /// A CSV record does not end.
    #[error(
        "read {}: the record that begins at line {line} is longer than {limit} bytes; is a quote not closed?",
        path.display()
    )]
    EndlessRecord {
        /// The file.
        path: PathBuf,
        /// Line on which it begins.
        line: u64,
        /// `max_line_bytes`.
        limit: usize,
    },
    /// Too many rows are faulty.
    #[error(
        "accept the rows of `{parameter}`: {rejects} of {rows} rows are rejected, which is {percent} %; \
         `max_reject_ratio` allows {limit} %\n    \
         most often {reason} ({count} of {rejects}), such as\n      {examples}\n    \
         if most rows are faulty, check `layout`{hint}; if few are, repair them or raise `max_reject_ratio`"
    )]
    TooManyRejects {
        /// Name of the parameter that gives the files.
        parameter: &'static str,
        /// Rejected rows, duplicates not counted.
        rejects: u64,
        /// Rows read.
        rows: u64,
        /// Their share.
        percent: String,
        /// The limit.
        limit: String,
        /// The commonest reason.
        reason: String,
        /// How many rows were rejected for it.
        count: u64,
        /// Two places with what is wrong there, one a line.
        examples: String,
        /// What else to check.
        hint: &'static str,
    },
    /// Rows got lost: a fault of this program.
    #[error(
        "account for the rows of `{parameter}`: {rows_in} read, but {rows_out} written, {rejects} rejected and {duplicates} duplicate; please report this"
    )]
    Accounting {
        /// Name of the parameter that gives the files.
        parameter: &'static str,
        /// Rows read.
        rows_in: u64,
        /// Rows written.
        rows_out: u64,
        /// Rows rejected.
        rejects: u64,
        /// Duplicate rows.
        duplicates: u64,
    },
    /// The system gave no thread.
    #[error("start a thread; lower `--jobs`, or raise the limit on processes (`ulimit -u`)")]
    Thread {
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// A temporary file does not hold what was written to it.
    #[error("read back temporary file {}: it was damaged or changed", path.display())]
    Scratch {
        /// The file.
        path: PathBuf,
    },
    /// Repaired rows cannot be used.
    #[error(transparent)]
    Repair(#[from] RepairError),
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] pipeline::Error),
    /// Rows could not be brought into the form of a table.
    #[error("build rows of a table")]
    Frame(#[from] polars::error::PolarsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] storage::Error),
}

impl Error {
    /// Maps an I/O error at `path`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
