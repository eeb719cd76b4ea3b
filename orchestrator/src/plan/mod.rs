//! The checked plan that alone can run: every stage known, every parameter typed, every input
//! connected to an output of its kind, in an order without cycles.
//!
//! Making it collects all faults of the file at once. Whether a stage is out of date is no part of
//! the plan; [`crate::execution`] decides that when what it reads exists.

mod command;
mod compile;
mod order;
mod parameters;
mod render;
mod schema;
mod timeout;
mod wiring;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use pipeline::{Arity, Kind, StageEntry};
use serde_json::Value;

pub use command::{COMMAND, expand as expand_command};
pub use compile::{compile, compile_untuned};
pub use parameters::describe;
pub use render::{mermaid, text, tuned_text};
pub use schema::pipeline_schema;

use crate::{
    Error,
    configuration::{Place, TuneAsWritten, did_you_mean, list_of},
};

/// A pipeline that can run.
#[derive(Clone)]
pub struct Plan {
    /// Name of the pipeline.
    pub name: String,
    /// The file that it was read from.
    pub file: PathBuf,
    /// The pairs of `--set` that it was made with.
    pub settings: Vec<(String, String)>,
    /// How its parameters are tuned.
    pub tune: Tune,
    /// Its stages: each after all that it reads from; else in the order of the file.
    pub stages: Vec<PlannedStage>,
}

/// How the parameters of a pipeline are tuned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tune {
    /// File of the values that were found; none if the pipeline names none. It may not exist yet.
    pub file: Option<PathBuf>,
    /// The metric to improve.
    pub metric: String,
    /// How many sets of parameters are tried for a stage.
    pub trials: u32,
    /// Decides what is tried.
    pub seed: u64,
    /// Whether `run` tunes first.
    pub on_run: bool,
}

impl Default for Tune {
    fn default() -> Self {
        TuneAsWritten::default().into()
    }
}

impl From<TuneAsWritten> for Tune {
    fn from(written: TuneAsWritten) -> Self {
        let TuneAsWritten { file, metric, trials, seed, on_run } = written;
        Self { file: file.map(|word| PathBuf::from(word.text)), metric, trials, seed, on_run }
    }
}

/// Where the parameters of a stage come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Paths of those that the pipeline file writes.
    pub written: Vec<String>,
    /// Paths of those that the file of tuned values gives.
    pub tuned: Vec<String>,
    /// The stage whose parameters they are.
    pub like: Option<String>,
    /// How many sets of them tuning tries, where that is not what the pipeline says.
    pub trials: Option<u32>,
}

/// A stage that can run.
#[derive(Clone)]
pub struct PlannedStage {
    /// Its name in the pipeline.
    pub name: String,
    /// Where that stands in the file.
    pub place: Place,
    /// What it does.
    pub work: Work,
    /// Canonical parameters: defaults filled in, variables replaced.
    pub params: Value,
    /// Where these come from.
    pub origins: Origins,
    /// Connections by input port.
    pub inputs: BTreeMap<String, Vec<Connection>>,
    /// What it writes.
    pub outputs: Vec<Output>,
    /// Files from outside that a command names itself; registered stages tell theirs when asked.
    pub sources: Vec<PathBuf>,
    /// After what time it is stopped.
    pub timeout: Option<Duration>,
}

/// What a stage does.
#[derive(Clone)]
pub enum Work {
    /// A stage of this program, and the hash of its code.
    Registered(Box<StageEntry>, String),
    /// A command; its arguments are the parameter `run`.
    Command,
}

/// An output of an earlier stage that an input reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Position of the stage in [`Plan::stages`].
    pub stage: usize,
    /// Its output.
    pub port: String,
}

/// Something that a stage writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The port.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

impl Output {
    /// Name of its file or folder.
    pub fn file_name(&self) -> String {
        format!("{}{}", self.name, self.kind.extension())
    }
}

impl PlannedStage {
    /// Which registered stage it is, or `command`.
    pub fn stage(&self) -> &str {
        match &self.work {
            Work::Registered(entry, _) => entry.name,
            Work::Command => COMMAND,
        }
    }

    /// What those who read from it call it: a stage that is like another one goes by the name of that, so
    /// that a model fitted again keeps its name in blends and reports.
    pub fn known_as(&self) -> &str {
        self.origins.like.as_deref().unwrap_or(&self.name)
    }

    /// The tuned parameters with their values.
    pub fn tuned(&self) -> Vec<(&str, &Value)> {
        let value = |path: &str| path.split('.').try_fold(&self.params, |value, key| value.get(key));
        self.origins.tuned.iter().filter_map(|path| Some((path.as_str(), value(path)?))).collect()
    }

    /// Positions of the stages that it reads from.
    pub fn upstream(&self) -> BTreeSet<usize> {
        self.inputs.values().flatten().map(|connection| connection.stage).collect()
    }

    /// Positions of those among them without whose outputs it cannot run.
    pub fn needed(&self) -> BTreeSet<usize> {
        let needed = self.inputs.iter().filter(|(port, _)| !self.can_do_without(port));
        needed.flat_map(|(_, connections)| connections).map(|connection| connection.stage).collect()
    }

    /// Whether it runs without an input where that could not be made.
    pub fn can_do_without(&self, port: &str) -> bool {
        let Work::Registered(entry, _) = &self.work else { return false };
        entry.inputs.iter().any(|input| input.name == port && input.arity == Arity::IfThere)
    }
}

impl Plan {
    /// Position of the stage of this name.
    pub fn position(&self, name: &str) -> Result<usize, Error> {
        let names = || self.stages.iter().map(|stage| stage.name.as_str());
        names().position(|other| other == name).ok_or_else(|| Error::UnknownStage {
            name: name.to_owned(),
            file: self.file.clone(),
            hint: did_you_mean(name, names()),
            known: list_of(names()),
        })
    }

    /// The stages of these names and all that they need; all stages for no name.
    pub fn with_upstream(&self, names: &[String]) -> Result<BTreeSet<usize>, Error> {
        if names.is_empty() {
            return Ok((0..self.stages.len()).collect());
        }
        let mut wanted = self.positions(names)?;
        // Stages stand after what they read from, so one pass from the end finds everything.
        for position in (0..self.stages.len()).rev() {
            if wanted.contains(&position) {
                wanted.extend(self.stages[position].upstream());
            }
        }
        Ok(wanted)
    }

    /// The stages of these names and all that read from them, directly or not.
    pub fn with_downstream(&self, names: &[String]) -> Result<BTreeSet<usize>, Error> {
        let mut wanted = self.positions(names)?;
        for (position, stage) in self.stages.iter().enumerate() {
            if stage.upstream().iter().any(|upstream| wanted.contains(upstream)) {
                wanted.insert(position);
            }
        }
        Ok(wanted)
    }

    /// The stages of these names.
    pub fn positions(&self, names: &[String]) -> Result<BTreeSet<usize>, Error> {
        names.iter().map(|name| self.position(name)).collect()
    }
}

#[cfg(test)]
mod tests;
