//! Makes review files that look like a shop's, for demos, tests and benchmarks.
//!
//! Users have tastes over latent groups of products, products follow a Zipf law, texts fit product
//! and rating, and faulty rows of every kind can be mixed in, with a count of each as the truth to
//! test against. The same settings give the same bytes on every machine: randomness comes from
//! `ChaCha8` alone, and no figure passes through a function of the system's mathematics library.
//! It does not try to match the statistics of any one real shop.

mod catalogue;
mod dice;
mod error;
mod faults;
mod layout;
mod lines;
mod phrases;
mod prose;
mod settings;
mod shopper;
mod truth;
mod vocabulary;
mod write;

pub use error::Error;
pub use layout::Layout;
pub use settings::Settings;
pub use truth::{FaultyLine, FileTruth, Truth};
pub use write::write;
