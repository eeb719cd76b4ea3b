//! The pipeline file as it is written, before anything in it has been checked against the stages.
//!
//! Every word keeps its place in the file, so that each later complaint can point at it. Faults are
//! collected and never end the reading, but for text that is no YAML at all. What the words mean is
//! decided in [`crate::plan`].

mod fault;
mod nearest;
mod node;
mod pipeline;
mod scalar;
mod tuning;
mod variables;

pub use fault::{Fault, Faults};
pub use nearest::{did_you_mean, list_of, nearest_file};
pub use node::{Entry, Node, NodeValue, Place, Word};
pub use pipeline::{Pipeline, StageAsWritten};
pub use tuning::{TuneAsWritten, Tuned, overlaid};
pub use variables::Variables;
