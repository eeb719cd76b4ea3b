//! `status`: how every stage stands.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::open;
use crate::{
    Error,
    arguments::ReportArguments,
    cache::{SourceHashes, State},
    execution::{Reason, Verdict, survey},
    exit::Exit,
    output::{Align, figures, table},
    registry::Registry,
    write_output,
};

/// One stage, as `--json` tells it.
#[derive(Serialize)]
pub struct StageStatus<'a> {
    /// The stage.
    stage: &'a str,
    /// `cached`, `stale`, `waiting` or `unknown`.
    state: &'static str,
    /// Hash of the fingerprint of a cached stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'a str>,
    /// Why a stage would run.
    #[serde(skip_serializing_if = "<[Reason]>::is_empty")]
    reasons: &'a [Reason],
    /// Why nothing can be told.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    problem: &'a [String],
}

impl<'a> StageStatus<'a> {
    /// The status of a stage.
    pub fn new(stage: &'a str, verdict: &'a Verdict) -> Self {
        let (word, fingerprint, reasons, problem): (_, _, &[Reason], &[String]) = match verdict {
            Verdict::Cached { hash, .. } => ("cached", Some(hash.as_str()), &[], &[]),
            Verdict::Stale { reasons } => ("stale", None, reasons, &[]),
            Verdict::Waiting { reasons } => ("waiting", None, reasons, &[]),
            Verdict::Unknown { problem } => ("unknown", None, &[], problem),
        };
        Self { stage, state: word, fingerprint, reasons, problem }
    }

    /// The words of a line: the state and the first reason.
    pub fn words(&self) -> String {
        let why = self.reasons.first().map(ToString::to_string).or_else(|| self.problem.first().cloned());
        why.map_or_else(|| self.state.to_owned(), |why| format!("{}: {why}", self.state))
    }
}

/// Runs `orchestrator status`.
pub fn status(arguments: &ReportArguments, registry: &Registry) -> Result<Exit, Error> {
    let (plan, names, cache) = open(&arguments.pipeline, registry)?;
    let verdicts = survey(&plan, &cache, &SourceHashes::open(&cache), &State::open(&cache));
    let selected = plan.with_upstream(&names)?;
    let chosen = plan.stages.iter().zip(&verdicts).enumerate().filter(|(position, _)| selected.contains(position));
    let mut rows = Vec::new();
    for (_, (stage, verdict)) in chosen {
        let status = StageStatus::new(&stage.name, verdict);
        if arguments.json {
            let line = serde_json::to_string(&status).expect("a status is plain data");
            write_output(&format!("{line}\n"));
        }
        rows.push([vec![stage.name.clone(), status.words()], figures_of(verdict)].concat());
    }
    if !arguments.json {
        let (left, right) = (Align::Left, Align::Right);
        let columns = [
            ("stage", left),
            ("state", left),
            ("fingerprint", left),
            ("age", right),
            ("size", right),
            ("time", right),
            ("memory", right),
        ];
        write_output(&table(&columns, &rows));
    }
    Ok(Exit::Done)
}

fn figures_of(verdict: &Verdict) -> Vec<String> {
    let Verdict::Cached { hash, record } = verdict else { return vec![String::new(); 5] };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    vec![
        hash.chars().take(12).collect(),
        figures::duration(Duration::from_secs(now.saturating_sub(record.ended_at))),
        figures::bytes(record.size_bytes()),
        figures::milliseconds(record.duration_ms),
        figures::bytes(record.peak_memory_bytes),
    ]
}
