//! What can go wrong with the program itself, and the exit code of each.

use std::path::PathBuf;

use crate::{commands::FetchError, configuration::Faults, exit::Exit, simulation::SimulationError};

/// Why the program ends without doing what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The pipeline file cannot be read.
    #[error("read pipeline file {}{hint}", file.display())]
    PipelineFile {
        /// The file.
        file: PathBuf,
        /// The nearest name in its folder.
        hint: String,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// The pipeline file is wrong.
    #[error("{0}")]
    Faults(Faults),
    /// The command line names a stage that the pipeline does not have.
    #[error("there is no stage `{name}` in {}{hint}\nits stages are {known}", file.display())]
    UnknownStage {
        /// The wrong name.
        name: String,
        /// The pipeline file.
        file: PathBuf,
        /// The nearest right name.
        hint: String,
        /// All names.
        known: String,
    },
    /// Something on the command line does not fit.
    #[error("{0}")]
    Arguments(String),
    /// Another run has the cache.
    #[error("use cache {}: process {holder} is running a pipeline in it; wait for it, or give another --cache", cache.display())]
    Busy {
        /// The cache.
        cache: PathBuf,
        /// The process that holds it.
        holder: String,
    },
    /// The cache cannot be read or written.
    #[error("{action} {}", path.display())]
    Cache {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's message.
        #[source]
        source: std::io::Error,
    },
    /// An artifact cannot be read or written.
    #[error(transparent)]
    Artifact(#[from] pipeline::Error),
    /// A file cannot be downloaded.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A site cannot be asked.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// Anything that one of the parts (a stage, the web site, the generator) reports.
    #[error(transparent)]
    Part(#[from] anyhow::Error),
}

impl Error {
    /// Maps an I/O error at `path`.
    pub(crate) fn cache(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Cache { action, path, source }
    }

    /// The exit code that tells this error.
    pub fn exit(&self) -> Exit {
        match self {
            Self::PipelineFile { .. }
            | Self::Faults(_)
            | Self::UnknownStage { .. }
            | Self::Arguments(_)
            | Self::Busy { .. } => Exit::BadPipeline,
            Self::Part(error) if is_unreachable(error) => Exit::Unreachable,
            Self::Fetch(error) if error.is_unreachable() => Exit::Unreachable,
            Self::Simulation(error) if error.is_unreachable() => Exit::Unreachable,
            Self::Cache { .. } | Self::Artifact(_) | Self::Fetch(_) | Self::Simulation(_) | Self::Part(_) => {
                Exit::Failed
            }
        }
    }
}

/// Whether somewhere in the chain stands a service that cannot be reached.
pub fn is_unreachable(error: &anyhow::Error) -> bool {
    error.chain().filter_map(store_error).any(storage::Error::is_unreachable)
}

/// The store's error in a cause. A transparent wrapper hides it from the chain, so those are opened.
fn store_error<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a storage::Error> {
    if let Some(load::Error::Store(error)) = cause.downcast_ref() {
        return Some(error);
    }
    match cause.downcast_ref() {
        Some(webapp::Error::Store(error)) => Some(error),
        _ => cause.downcast_ref(),
    }
}
