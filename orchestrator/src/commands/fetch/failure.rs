//! Why a file could not be fetched.

use std::path::PathBuf;

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection came about, or none that can be trusted.
    #[error(
        "reach {url}{attempts}; check the network and the proxy that HTTPS_PROXY and NO_PROXY name, or give a mirror \
         by --base-url{kept}"
    )]
    Unreachable {
        /// The address.
        url: String,
        /// ` in 6 attempts`, or nothing.
        attempts: String,
        /// What came so far, if anything did.
        kept: String,
        /// What went wrong the last time.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The server does not give the file.
    #[error("fetch {url}: the server answered {status}{hint}{kept}")]
    Status {
        /// The address.
        url: String,
        /// Code and words, such as `404 Not Found`.
        status: String,
        /// What may help.
        hint: &'static str,
        /// What came so far, if anything did.
        kept: String,
    },
    /// The connection ended before the file did, again and again.
    #[error("fetch {url}: the connection ended {place}{attempts}{kept}")]
    Cut {
        /// The address.
        url: String,
        /// ` in 6 attempts`, or nothing.
        attempts: String,
        /// Where, such as `at byte 10 of 20`.
        place: String,
        /// What came so far, if anything did.
        kept: String,
        /// What went wrong the last time.
        #[source]
        source: std::io::Error,
    },
    /// The server tells what cannot be, such as another part than the one that was asked for.
    #[error("fetch {url}: the server contradicts itself: {what}{kept}")]
    Contradiction {
        /// The address.
        url: String,
        /// In which way.
        what: String,
        /// What came so far, if anything did.
        kept: String,
    },
    /// The bytes are not those that the checksum was made of.
    #[error("check {}: {by} gives {algorithm} {wanted}, found {found}; {advice}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// `the server` or `--sha256`.
        by: &'static str,
        /// Such as `sha256`.
        algorithm: &'static str,
        /// In hexadecimal digits.
        wanted: String,
        /// In hexadecimal digits.
        found: String,
        /// What became of the file.
        advice: &'static str,
    },
    /// The file is no gzip file, or not a whole one.
    #[error("check {}: expected a whole gzip file, found {found}; {advice}", path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
        /// What became of the file.
        advice: &'static str,
    },
    /// Another process fetches the same file.
    #[error("write {}: another process is fetching this file; wait for it", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("{action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
}

impl FetchError {
    /// Maps an I/O error at `path`.
    pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// Whether the server could not be reached.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
