//! How a stage can fail, and what its user reads.

use std::time::Duration;

use crate::{error::is_unreachable, execution::survey::chain, output::figures};

/// Why a stage did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It told an error itself.
    Told {
        /// One message a cause, outermost first.
        chain: Vec<String>,
        /// Whether a service could not be reached.
        unreachable: bool,
    },
    /// Its process ended without a word.
    Crashed {
        /// The exit code.
        code: i32,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// Its process was killed.
    Killed {
        /// The signal.
        signal: i32,
        /// The most memory that it held.
        peak_memory_bytes: u64,
        /// The last lines of its log.
        log: Vec<String>,
    },
    /// It took longer than its `timeout`.
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// It ended well but did not write an output.
    NotWritten {
        /// The output.
        port: String,
    },
    /// The user stopped the run.
    Interrupted,
}

const SIGKILL: i32 = 9;

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Told { chain: chain(&error), unreachable: is_unreachable(&error) }
    }
}

impl From<crate::Error> for Failure {
    fn from(error: crate::Error) -> Self {
        anyhow::Error::new(error).into()
    }
}

impl Failure {
    /// Whether a service could not be reached.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Told { unreachable: true, .. })
    }

    /// What happened, outermost message first.
    pub fn messages(&self) -> Vec<String> {
        match self {
            Self::Told { chain, .. } => chain.clone(),
            Self::Crashed { code, log } => with_log(format!("its process crashed with exit code {code}"), log),
            Self::Killed { signal: SIGKILL, peak_memory_bytes, log } => {
                let peak = figures::bytes(*peak_memory_bytes);
                let message = format!(
                    "its process was killed by signal 9 (SIGKILL) after holding {peak}; \
                     most often the system does that when memory runs out"
                );
                with_log(message, log)
            }
            Self::Killed { signal, log, .. } => with_log(format!("its process was killed by signal {signal}"), log),
            Self::TimedOut { limit } => {
                vec![format!("it took longer than its timeout of {} and was stopped", figures::duration(*limit))]
            }
            Self::NotWritten { port } => vec![format!("it ended without writing its output `{port}`")],
            Self::Interrupted => vec!["interrupted".to_owned()],
        }
    }
}

fn with_log(message: String, log: &[String]) -> Vec<String> {
    let mut messages = vec![message];
    if !log.is_empty() {
        messages.push(format!("the last lines of its log:\n    {}", log.join("\n    ")));
    }
    messages
}
