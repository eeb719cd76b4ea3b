//! What can go wrong with a store.

/// What a driver says; the end of the chain of causes.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL names no known back end, or not fully.
    #[error("open store `{url}`: {problem}; expected sqlite://PATH or mongodb://HOST:PORT/DATABASE")]
    Url {
        /// The URL without its password.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The store does not answer, or its file cannot be opened.
    #[error("reach store {location}; {advice}")]
    Unreachable {
        /// The URL without its password.
        location: String,
        /// What to look at.
        advice: &'static str,
        /// The driver's message.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store was written by a newer program.
    #[error(
        "open store {location}: its schema has version {found}, this program knows up to {known}; \
         use the newer program, or another store"
    )]
    Newer {
        /// The URL without its password.
        location: String,
        /// The version of the schema in the store.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// Another load took the place of the one that is read or written.
    #[error("{action} of load `{wanted}` in store {location}: {found} now; begin again with what is there")]
    Replaced {
        /// What was tried, such as `read reviews`.
        action: &'static str,
        /// The URL without its password.
        location: String,
        /// The generation that was asked for.
        wanted: String,
        /// What is there instead.
        found: String,
    },
    /// The store refused or failed an operation.
    #[error("{action} in store {location}")]
    Operation {
        /// What was tried, such as `write reviews`.
        action: &'static str,
        /// The URL without its password.
        location: String,
        /// The driver's message.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Whether the store could not be reached at all (exit code 3 of the program).
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
