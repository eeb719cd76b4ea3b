//! What each command does, one file a command or group of small ones.

mod clean;
mod explain;
mod fetch;
mod generate;
mod interrupts;
mod list;
mod preflight;
mod rejects;
mod report;
mod run;
mod serve;
mod simulate;
mod status;
mod tune;

pub use clean::clean;
pub use explain::explain;
pub use fetch::{Dump, FetchError, fetch};
pub use generate::generate;
pub use interrupts::Interrupts;
pub use list::{dag, schema, stages};
pub use rejects::rejects;
pub use report::report;
pub use run::run;
pub use serve::serve;
pub use simulate::simulate;
pub use status::status;
pub use tune::tune;

use crate::{
    Error,
    arguments::PipelineArguments,
    cache::Cache,
    plan::{Plan, compile},
    registry::Registry,
};

/// The plan that the arguments name, the stages that they name, and the cache.
fn open(arguments: &PipelineArguments, registry: &Registry) -> Result<(Plan, Vec<String>, Cache), Error> {
    let (file, stages) = arguments.split()?;
    let plan = compile(&file, &arguments.settings, registry)?;
    plan.positions(&stages)?;
    Ok((plan, stages, Cache::open(&arguments.cache)?))
}
