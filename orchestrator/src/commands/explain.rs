//! `explain`: why a stage would run, or what its artifact was made from.

use std::fmt::Write as _;

use super::{open, status::StageStatus};
use crate::{
    Error,
    arguments::ReportArguments,
    cache::{Cache, SourceHashes, State},
    execution::{Verdict, survey},
    exit::Exit,
    plan::{PlannedStage, tuned_text},
    registry::Registry,
    write_output,
};

/// Runs `orchestrator explain`.
pub fn explain(arguments: &ReportArguments, registry: &Registry) -> Result<Exit, Error> {
    let (plan, names, cache) = open(&arguments.pipeline, registry)?;
    if names.is_empty() {
        return Err(Error::Arguments("name the stage to explain, such as `explain load`".to_owned()));
    }
    let verdicts = survey(&plan, &cache, &SourceHashes::open(&cache), &State::open(&cache));
    for name in &names {
        let position = plan.position(name)?;
        let (stage, verdict) = (&plan.stages[position], &verdicts[position]);
        if arguments.json {
            let line = serde_json::to_string(&StageStatus::new(name, verdict)).expect("a status is plain data");
            write_output(&format!("{line}\n"));
        } else {
            let tuned = tuned_text(&plan, stage).map_or_else(String::new, |tuned| format!("  {tuned}\n"));
            write_output(&(text(stage, verdict, &cache) + &tuned));
        }
    }
    Ok(Exit::Done)
}

fn text(stage: &PlannedStage, verdict: &Verdict, cache: &Cache) -> String {
    let name = &stage.name;
    let mut text = match verdict {
        Verdict::Cached { hash, .. } => {
            format!("{name} is up to date\n  artifact: {}\n", cache.artifact(hash).display())
        }
        Verdict::Stale { .. } => format!("{name} would run\n"),
        Verdict::Waiting { .. } => format!("{name} may run\n"),
        Verdict::Unknown { .. } => format!("{name}: it cannot be told whether it would run\n"),
    };
    let lines: Vec<String> = match verdict {
        Verdict::Cached { .. } => Vec::new(),
        Verdict::Stale { reasons } | Verdict::Waiting { reasons } => reasons.iter().map(ToString::to_string).collect(),
        Verdict::Unknown { problem } => problem.clone(),
    };
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
    text
}
