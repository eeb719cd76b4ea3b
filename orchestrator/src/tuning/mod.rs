//! Tuning: which parameters of a stage give the best model, judged on validation rows alone.
//!
//! A trial is an ordinary cached run of the stage with other parameters, followed by an `evaluate` of
//! that one model on validation, which no file mentions (`trial`). What a trial gave is kept (`log`), so
//! that a repeated search costs nothing and an interrupted one goes on; models that lost are removed.
//! `space` reads the ranges, `search` says what to try, `study` tries it, `found` keeps what was found.

mod found;
mod log;
mod search;
mod space;
mod study;
mod trial;

pub use found::keep;
pub use study::{Machine, Study, tunable};
