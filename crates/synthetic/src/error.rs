//! What can go wrong when data is made.

use std::path::PathBuf;

/// Why no data was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is outside what the generator can do.
    #[error("make data: setting `{name}`: expected {expected}, found {found}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// What would do.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A layout's name is unknown.
    #[error("make data: unknown layout `{found}`; expected amazon-2014, amazon-2018 or amazon-2023")]
    UnknownLayout {
        /// The name given.
        found: String,
    },
    /// A file could not be written.
    #[error("write {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Maps an I/O error at `path`.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
