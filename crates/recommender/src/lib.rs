//! The field's words, algorithms and metrics: interactions, recommenders, top-k, ranking metrics.
//!
//! Pure by design: no files, no network, no async, no clock. Everything a stage or the web app needs
//! to learn from interactions, to score items from a history and to measure how good that was.
//! Users and items are dense `u32` indices here; their text keys stay outside.

pub mod algorithms;
pub mod blending;
mod cooccurrence;
mod dense;
mod error;
pub mod evaluation;
mod explanation;
mod gradient;
mod interactions;
mod linear_algebra;
pub mod metrics;
mod model;
mod recency;
mod ridge;
pub mod significance;
mod simd;
mod sparse;
mod svd;
mod text;
mod top_k;

pub use algorithms::{Algorithm, Fit, LinearModel, LinearParameters, load};
pub use error::Error;
pub use explanation::{Contribution, Evidence, Explanation, Reason};
pub use interactions::{Filling, Interaction, Interactions};
pub use model::{Explainer, MODEL_FORMAT, ModelData, ModelHeader, Recommender, Tensor, batch_size};
pub use top_k::{Scored, top_k};
