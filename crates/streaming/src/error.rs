//! What can go wrong with a bus.

/// What a driver says; the end of the chain of causes.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a bus could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL names no known bus, or not fully.
    #[error("open bus `{url}`: {problem}; expected embedded:PATH or kafka://HOST:PORT")]
    Url {
        /// The URL without secrets.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The bus does not answer, or its file cannot be opened.
    #[error("reach bus {location}; {advice}")]
    Unreachable {
        /// The URL without secrets.
        location: String,
        /// What to look at.
        advice: &'static str,
        /// The driver's message.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process works with the embedded log.
    #[error(
        "open bus {location}: another process has the log open; stop that one, or let several processes share a \
         broker (kafka://HOST:PORT)"
    )]
    Taken {
        /// The URL without secrets.
        location: String,
    },
    /// There is no such topic.
    #[error("{action} topic `{topic}` of bus {location}: there is no such topic")]
    NoTopic {
        /// What was tried, such as `send to`.
        action: &'static str,
        /// The topic.
        topic: String,
        /// The URL without secrets.
        location: String,
    },
    /// A message that no bus takes.
    #[error("send to topic `{topic}`: expected a payload of at most {most} bytes, found {found}")]
    TooLong {
        /// The topic.
        topic: String,
        /// The bound.
        most: usize,
        /// Bytes of the payload.
        found: usize,
    },
    /// The bus refused or failed an operation.
    #[error("{action} topic `{topic}` of bus {location}")]
    Operation {
        /// What was tried, such as `send to`.
        action: &'static str,
        /// The topic.
        topic: String,
        /// The URL without secrets.
        location: String,
        /// The driver's message.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Whether the bus could not be reached at all (exit code 3 of the program).
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
