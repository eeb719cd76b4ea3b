//! `rejects`: shows the rows that a stage rejected, and loads them when they are repaired.
//!
//! The rows are those of the last run, be it that it failed; what a row of the table means is known
//! to the stage `load` alone, which also reads the repairs.

mod replay;
mod table;

use std::path::{Path, PathBuf};

use pipeline::Kind;

use crate::{
    Error,
    arguments::{RejectsAction, RejectsArguments, RejectsOf},
    cache::Cache,
    configuration::list_of,
    exit::Exit,
    logging::LogFormat,
    output::{quoted, settings_text},
    plan::{Plan, PlannedStage, compile},
    registry::Registry,
};

/// Runs `orchestrator rejects`.
pub fn rejects(arguments: &RejectsArguments, registry: &Registry, format: LogFormat) -> Result<Exit, Error> {
    match &arguments.action {
        RejectsAction::List { pipeline, limit, reason, of } => {
            Rejected::open(pipeline, of, registry)?.list(reason.as_deref(), *limit)
        }
        RejectsAction::Export { pipeline, file, reason, of } => {
            Rejected::open(pipeline, of, registry)?.export(file, reason.as_deref())
        }
        RejectsAction::Replay { pipeline, file, of } => {
            replay::replay(Rejected::open(pipeline, of, registry)?, file, of, registry, format)
        }
    }
}

/// The rejects of one stage of a pipeline.
struct Rejected {
    plan: Plan,
    cache: Cache,
    /// Position of the stage.
    position: usize,
}

impl Rejected {
    fn open(pipeline: &Path, of: &RejectsOf, registry: &Registry) -> Result<Self, Error> {
        let plan = compile(pipeline, &of.settings, registry)?;
        let position = match &of.stage {
            Some(name) => plan.position(name)?,
            None => only_one(&plan)?,
        };
        if file_name(&plan.stages[position]).is_none() {
            let (name, names) = (&plan.stages[position].name, rejecting(&plan));
            let message = format!("stage `{name}` rejects no rows; those that do: {}", list_of(names));
            return Err(Error::Arguments(message));
        }
        Ok(Self { cache: Cache::open(&of.cache)?, plan, position })
    }

    fn stage(&self) -> &PlannedStage {
        &self.plan.stages[self.position]
    }

    /// The table of the last run, failed or not.
    fn path(&self) -> Result<PathBuf, Error> {
        let (pipeline, stage) = (&self.plan.name, &self.stage().name);
        let name = file_name(self.stage()).unwrap_or_default();
        let places = [self.cache.failed(pipeline, stage), self.cache.latest(pipeline, stage)];
        places.into_iter().map(|folder| folder.join(&name)).find(|path| path.exists()).ok_or_else(|| {
            let file = self.plan.file.display();
            Error::Arguments(format!("stage `{stage}` has not run yet; run it first: orchestrator run {file} {stage}"))
        })
    }

    fn command(&self, action: &str) -> String {
        command(action, &self.plan, &self.stage().name, &self.cache)
    }
}

/// The command that does something with the rejects of a stage.
pub fn command(action: &str, plan: &Plan, stage: &str, cache: &Cache) -> String {
    let mut text = format!("orchestrator rejects {action} {}", quoted(&plan.file.display().to_string()));
    text += &settings_text(plan.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if only_one(plan).is_err() {
        text.extend([" --stage ", stage]);
    }
    if Path::new(".cache").canonicalize().ok().as_deref() != Some(cache.root()) {
        text.extend([" --cache ", &quoted(&cache.root().display().to_string())]);
    }
    text
}

/// The file with the rejects of a stage, if it writes any.
fn file_name(stage: &PlannedStage) -> Option<String> {
    stage.outputs.iter().find(|output| output.kind == Kind::Rejects).map(crate::plan::Output::file_name)
}

fn rejecting(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.stages.iter().filter(|stage| file_name(stage).is_some()).map(|stage| stage.name.as_str())
}

fn only_one(plan: &Plan) -> Result<usize, Error> {
    let mut positions = (0..plan.stages.len()).filter(|position| file_name(&plan.stages[*position]).is_some());
    match (positions.next(), positions.next()) {
        (Some(position), None) => Ok(position),
        (None, _) => Err(Error::Arguments(format!("no stage of {} rejects rows", plan.file.display()))),
        (Some(_), Some(_)) => {
            let names = list_of(rejecting(plan));
            Err(Error::Arguments(format!("several stages reject rows: name one with --stage, of {names}")))
        }
    }
}
