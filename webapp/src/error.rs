//! What can go wrong with the server as a whole; a failed request is a `Failure`.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the site could not be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] storage::Error),
    /// The bus cannot be opened.
    #[error(transparent)]
    Bus(#[from] streaming::Error),
    /// The file of settings for the bus cannot be used.
    #[error("read the bus options in {}: {problem}", file.display())]
    Options {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file of dead letters cannot be used.
    #[error("{action} {}: {problem}", file.display())]
    Letters {
        /// What was tried.
        action: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The address cannot be listened on.
    #[error("listen on {address}: is the port in use by another program? choose another port or address")]
    Bind {
        /// Where to listen.
        address: SocketAddr,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// The threads that serve cannot be started.
    #[error("start the threads of the web server")]
    Threads {
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// The server ended otherwise.
    #[error("run the web server: {message}")]
    Server {
        /// What the server says.
        message: String,
    },
}

impl Error {
    /// Whether a server could not be reached (exit code 3 of the programs).
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_unreachable(),
            Self::Bus(error) => error.is_unreachable(),
            _ => false,
        }
    }
}
