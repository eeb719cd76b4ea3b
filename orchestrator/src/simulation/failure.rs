//! Why a simulation cannot begin or go on.

/// Why a simulation cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// Nobody answers.
    #[error("reach the site at {base}; start one in another terminal: orchestrator serve (or name another by --to)")]
    Unreachable {
        /// The address of the site.
        base: String,
        /// The client's message.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The answer is another one than the API of the site gives.
    #[error("ask {url}: expected {expected}, the answer was {found}; is this the address of a recommender's site?")]
    Answer {
        /// The address.
        url: String,
        /// What was wanted.
        expected: &'static str,
        /// Status and message, or what is wrong with the body.
        found: String,
    },
    /// The site has nothing to recommend from.
    #[error("ask {base} for its model: {message} Publish one: orchestrator run")]
    NotReady {
        /// The address of the site.
        base: String,
        /// The site's own words.
        message: String,
    },
}

impl SimulationError {
    /// Whether a service is missing, not an answer wrong.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::NotReady { .. })
    }
}
