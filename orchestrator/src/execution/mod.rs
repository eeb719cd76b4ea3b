//! Running a plan: what is out of date, in which process, and how it ended.
//!
//! One dispatcher owns all state and starts a thread a stage. That thread hashes what the stage
//! reads, looks for the artifact, and only if there is none runs the stage in a child process, so that
//! whatever happens there ends the stage and not the run.

mod child;
mod decision;
mod dispatcher;
mod failure;
mod inside;
mod job;
mod reason;
mod survey;

pub use decision::{Decider, Inputs, resolve, source_files};
pub use dispatcher::{Options, Outcome, RunResult, Signal, run};
pub use failure::Failure;
pub use inside::run_child;
pub use reason::Reason;
pub use survey::{Verdict, chain, survey};
