//! What can go wrong while models are evaluated.

/// Why models could not be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to predict.
    #[error(
        "evaluate split `{split}`: expected interactions to predict, found none; leave-last-out needs users with \
         three interactions, the other splits a {split}_ratio above 0 (parameters of `preprocess`)"
    )]
    NothingHeldOut {
        /// Name of the split.
        split: &'static str,
    },
    /// Everything to predict is known already.
    #[error(
        "evaluate split `{split}`: all {interactions} interactions are of items that the user's history already has, \
         so nothing can be predicted; do these tables come from the same run of `preprocess`?"
    )]
    NothingUnseen {
        /// Name of the split.
        split: &'static str,
        /// Interactions in it.
        interactions: usize,
    },
    /// A model was trained on another item index.
    #[error(
        "evaluate model `{model}`: expected scores of {expected} items as in the item index, found {found}; \
         model and index tables must come from the same run of `preprocess`"
    )]
    WrongItems {
        /// Name of the stage that trained it.
        model: String,
        /// Items in the index.
        expected: usize,
        /// Items that the model scores.
        found: usize,
    },
}
