//! How every stage of a plan stands, without running anything.

use pipeline::fingerprint::InputHash;

use super::{
    decision::{Decider, Inputs, Standing, resolve},
    reason::{Reason, reasons},
};
use crate::{
    cache::{Cache, Record, SourceHashes, State},
    plan::{Plan, PlannedStage},
};

/// How a stage stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing to do.
    Cached {
        /// Hash of its fingerprint.
        hash: String,
        /// What its run gave.
        record: Box<Record>,
    },
    /// It would run.
    Stale {
        /// Why.
        reasons: Vec<Reason>,
    },
    /// A stage before it would run; what is known already stands in the reasons.
    Waiting {
        /// The stages that it waits for, and what changed for certain.
        reasons: Vec<Reason>,
    },
    /// It cannot be told, as something that it needs is not there.
    Unknown {
        /// The chain of errors, outermost first.
        problem: Vec<String>,
    },
}

/// How the stages of a plan stand, in its order.
pub fn survey(plan: &Plan, cache: &Cache, sources: &SourceHashes, state: &State) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(plan.stages.len());
    for stage in &plan.stages {
        let last = state.last(&plan.name, &stage.name);
        let decider = Decider { pipeline: &plan.name, cache, sources, last, forced: false };
        let inputs = resolve(
            stage,
            |position| plan.stages[position].known_as(),
            |position| match &verdicts[position] {
                Verdict::Cached { hash, record } => Some((hash.as_str(), &**record)),
                _ => None,
            },
            |hash| cache.artifact(hash),
            |_| false,
        );
        let verdict = match inputs {
            Some(inputs) => decided(&decider, stage, &inputs),
            None => waiting(&decider, plan, stage, &verdicts),
        };
        verdicts.push(verdict.unwrap_or_else(|error| Verdict::Unknown { problem: chain(&error) }));
    }
    verdicts
}

fn decided(decider: &Decider, stage: &PlannedStage, inputs: &Inputs) -> anyhow::Result<Verdict> {
    let decision = decider.decide(stage, inputs)?;
    Ok(match decision.standing {
        Standing::Cached(record) => Verdict::Cached { hash: decision.hash, record },
        Standing::Stale(reasons) => Verdict::Stale { reasons },
    })
}

/// What is known of a stage whose inputs are not all there.
fn waiting(decider: &Decider, plan: &Plan, stage: &PlannedStage, verdicts: &[Verdict]) -> anyhow::Result<Verdict> {
    let is_open = |position: &usize| !matches!(verdicts[*position], Verdict::Cached { .. });
    let waits = stage.upstream().into_iter().filter(is_open);
    let mut found: Vec<Reason> =
        waits.map(|position| Reason::Waiting { upstream: plan.stages[position].name.clone() }).collect();
    match decider.last {
        None => found.insert(0, Reason::NeverRun),
        Some(last) => {
            let mut now = decider.fingerprint(stage, &Inputs::new())?;
            now.inputs = assumed_inputs(plan, stage, &last.fingerprint.inputs);
            found.splice(0..0, reasons(&now, &last.fingerprint));
        }
    }
    Ok(Verdict::Waiting { reasons: found })
}

/// The inputs of a stage as if nothing before it changed: the same content from where it is now connected.
fn assumed_inputs(
    plan: &Plan,
    stage: &PlannedStage,
    before: &std::collections::BTreeMap<String, Vec<InputHash>>,
) -> std::collections::BTreeMap<String, Vec<InputHash>> {
    let old = before.values().flatten();
    let hash = |from: &str| old.clone().find(|input| input.from == from).map_or("", |input| &input.hash).to_owned();
    let ports = stage.inputs.iter().map(|(port, connections)| {
        let from = connections.iter().map(|one| format!("{}.{}", plan.stages[one.stage].known_as(), one.port));
        (port.clone(), from.map(|from| InputHash { hash: hash(&from), from }).collect())
    });
    ports.collect()
}

/// The messages of an error, outermost first.
pub fn chain(error: &anyhow::Error) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        if messages.last() != Some(&cause) {
            messages.push(cause);
        }
    }
    messages
}
