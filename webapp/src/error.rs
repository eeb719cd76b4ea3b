//! What can go wrong with the server as a whole; a failed request is a `Failure`.

use std::net::SocketAddr;

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
