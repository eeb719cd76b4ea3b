//! What can go wrong while weights are learned.

/// Why a hybrid could not be trained.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is nothing to learn weights from.
    #[error(
        "learn weights: none of {users} users has both a history and a validation interaction with an item outside \
         it; let `preprocess` hold out validation interactions, or set `weights`"
    )]
    NoValidation {
        /// Number of users.
        users: usize,
    },
    /// `weights` names a part that is not there.
    #[error("use weights: unknown part `{found}`, expected one of {expected}")]
    UnknownPart {
        /// The name found.
        found: String,
        /// The known names, separated by commas.
        expected: String,
    },
    /// The earlier blend has a part that is not there.
    #[error("use the earlier blend: it gives part `{part}` a share, but the models are {found}; connect all of them")]
    MissingPart {
        /// The name in the blend.
        part: String,
        /// The names of the connected models, separated by commas.
        found: String,
    },
    /// The learner refused its input.
    #[error("learn weights from {rows} rows: {message}")]
    Learner {
        /// Number of rows given.
        rows: usize,
        /// The learner's message.
        message: String,
    },
}
