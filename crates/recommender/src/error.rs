//! What can go wrong while fitting, saving or loading a recommender.

/// Why a recommender could not be fitted, saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter lies outside its allowed range.
    #[error("use {parameter} = {found} of {algorithm}: expected {expected}")]
    Parameter {
        /// Name of the algorithm, as in `pipeline.yaml`.
        algorithm: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// What the parameter was set to.
        found: String,
        /// The range that is allowed.
        expected: &'static str,
    },
    /// There is nothing to learn from.
    #[error("fit {algorithm}: the training interactions are empty; check the filters of `preprocess`")]
    NoInteractions {
        /// Name of the algorithm.
        algorithm: &'static str,
    },
    /// Fitting would need more memory than the parameters allow.
    #[error(
        "fit {algorithm} to {items} items: it needs {needed_mb} MB, more than max_memory_mb = {max_memory_mb}; \
         set `max_items` to {fitting_items} or fewer, raise `max_memory_mb`, or use `slim`, which is sparse"
    )]
    TooLarge {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// Number of items that would take part.
        items: usize,
        /// What they need, in megabytes.
        needed_mb: u64,
        /// What is allowed, in megabytes.
        max_memory_mb: u32,
        /// Number of items for which it would be enough.
        fitting_items: usize,
    },
    /// The regularised matrix of common users cannot be inverted in 32 bits.
    #[error("fit {algorithm}: the matrix cannot be inverted with regularization = {regularization}; raise it")]
    NotInvertible {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// What the parameter was set to.
        regularization: f32,
    },
    /// No item has a usable word.
    #[error(
        "fit {algorithm}: none of {items} items has a usable word; load metadata with titles or descriptions, \
         or lower `min_df`"
    )]
    NoText {
        /// Name of the algorithm.
        algorithm: &'static str,
        /// Number of items.
        items: usize,
    },
    /// Recommenders that do not fit together.
    #[error("combine recommenders: part `{part}`: expected {expected}, found {found}")]
    WrongPart {
        /// Name of the part.
        part: String,
        /// What every part must have.
        expected: String,
        /// What this one has.
        found: String,
    },
    /// A saved model names an algorithm that this program does not have.
    #[error("load model: unknown algorithm `{found}`, expected one of {expected}")]
    UnknownAlgorithm {
        /// The name found in `model.json`.
        found: String,
        /// The known names, separated by commas.
        expected: String,
    },
    /// A file of a saved model is missing.
    #[error("load model: file `{file}` is missing")]
    MissingFile {
        /// Name of the file inside the model's folder.
        file: String,
    },
    /// The parameters in a saved model are not those of its algorithm.
    #[error("load model: the parameters are not those of {algorithm}")]
    SavedParameters {
        /// Name of the algorithm.
        algorithm: String,
        /// The parser's message.
        #[source]
        source: serde_json::Error,
    },
    /// A file of a saved model does not hold what `model.json` says.
    #[error("load model: file `{file}`: expected {expected}, found {found}")]
    CorruptFile {
        /// Name of the file inside the model's folder.
        file: String,
        /// What `model.json` announces.
        expected: String,
        /// What the file holds.
        found: String,
    },
    /// `model.json` is not valid JSON of the expected form.
    #[error("load model: file `{file}` is not a model header")]
    Header {
        /// Name of the file inside the model's folder.
        file: String,
        /// The parser's message, with line and column.
        #[source]
        source: serde_json::Error,
    },
}
