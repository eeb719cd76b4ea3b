//! `clean`: removes artifacts that the pipeline as it stands does not use.

use std::collections::BTreeSet;

use super::open;
use crate::{
    Error,
    arguments::CleanArguments,
    cache::{Cache, SourceHashes, State},
    execution::{Verdict, survey},
    exit::Exit,
    output::figures,
    plan::Plan,
    registry::Registry,
    write_output,
};

/// Runs `orchestrator clean`.
pub fn clean(arguments: &CleanArguments, registry: &Registry) -> Result<Exit, Error> {
    let (cache, used) = if arguments.all {
        (Cache::open(&arguments.pipeline.cache)?, BTreeSet::new())
    } else {
        let (plan, _, cache) = open(&arguments.pipeline, registry)?;
        let used = used(&plan, &cache);
        (cache, used)
    };
    let _lock = cache.lock()?;
    let (mut count, mut size) = (0_usize, 0);
    for fingerprint in cache.artifacts()?.into_iter().filter(|fingerprint| !used.contains(fingerprint)) {
        size += cache.remove(&fingerprint)?;
        count += 1;
    }
    cache.unlink_dead()?;
    if arguments.all {
        cache.forget_all_failed()?;
        cache.forget_trials()?;
        let mut state = State::open(&cache);
        state.clear();
        state.save(&cache)?;
    }
    let noun = if count == 1 { "artifact" } else { "artifacts" };
    write_output(&format!("removed {count} {noun}, {}\n", figures::bytes(size)));
    Ok(Exit::Done)
}

/// The artifacts that a plan uses: those that are up to date, and the last ones of stages that wait.
///
/// What a stage that waits will need cannot be told before the stages that it waits for have run;
/// its last artifact is kept as it is needed again if they write what they wrote before.
fn used(plan: &Plan, cache: &Cache) -> BTreeSet<String> {
    let state = State::open(cache);
    let verdicts = survey(plan, cache, &SourceHashes::open(cache), &state);
    let fingerprint = |(stage, verdict): (&crate::plan::PlannedStage, Verdict)| match verdict {
        Verdict::Cached { hash, .. } => Some(hash),
        Verdict::Stale { .. } => None,
        Verdict::Waiting { .. } | Verdict::Unknown { .. } => {
            state.last(&plan.name, &stage.name).map(|last| last.hash.clone())
        }
    };
    plan.stages.iter().zip(verdicts).filter_map(fingerprint).collect()
}
