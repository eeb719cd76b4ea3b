//! What a stage is, what an artifact is, and how both are fingerprinted.
//!
//! Stages depend on this crate and never on one another: they meet only in artifacts, whose columns
//! stand in [`schema`]. This is the one place that reads and writes Parquet. Which stage runs when,
//! in which process and whether at all is the orchestrator's business, not decided here.

mod context;
mod cost;
mod error;
pub mod fingerprint;
mod interactions;
mod json;
mod model_folder;
mod port;
pub mod schema;
mod stage;
mod table;
mod texts;

pub use context::{Context, Input, Message, Task};
pub use cost::Cost;
pub use error::Error;
pub use interactions::{read_interactions, read_keys, write_interactions, write_keys};
pub use json::{read_json, write_file, write_json};
pub use model_folder::{read_model, write_model};
pub use port::{Arity, Kind, Port};
pub use stage::{ParameterError, Stage, StageEntry, within};
pub use table::{TableReader, TableWriter};
pub use texts::{EncodedTexts, Text, TextBatch, TextBlock, TextCompression, TextPiece, TextsPart, TextsReader};
