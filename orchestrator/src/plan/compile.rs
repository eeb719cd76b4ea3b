//! From a pipeline as written to a plan, or to the list of all that is wrong with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use pipeline::{Arity, Kind};
use serde_json::Value;

use super::{
    COMMAND, Connection, Origins, Output, Plan, PlannedStage, Tune, Work, command,
    order::order,
    parameters, timeout,
    wiring::{InputPort, Link, connect},
};
use crate::{
    Error,
    configuration::{
        Fault, Faults, Pipeline, StageAsWritten, Tuned, Variables, Word, did_you_mean, list_of, nearest_file, overlaid,
    },
    registry::Registry,
};

/// A stage halfway between written and planned.
pub struct Draft {
    /// As written.
    pub written: StageAsWritten,
    /// Which registered stage it is, or `command`.
    pub stage: String,
    /// What it does; none if that is not known.
    work: Option<Work>,
    /// Canonical parameters; none if they have a fault.
    params: Option<Value>,
    origins: Origins,
    /// Its inputs; none if they are not known.
    pub inputs: Option<Vec<InputPort>>,
    /// Its outputs; none if they are not known.
    pub outputs: Option<Vec<Output>>,
    timeout: Option<Duration>,
}

impl Draft {
    /// Its name in the pipeline.
    pub fn name(&self) -> &str {
        &self.written.name.text
    }

    /// Takes the tuned values of parameters that the pipeline file does not write.
    fn take_tuned(&mut self, registry: &Registry, overlay: &mut Overlay) {
        let written = &self.written;
        self.origins = Origins {
            written: written.params.leaves(""),
            tuned: Vec::new(),
            like: written.like.as_ref().map(|word| word.text.clone()),
            trials: written.trials,
        };
        let whose = written.like.as_ref().unwrap_or(&written.name);
        let Some((name, params)) = overlay.tuned.of(&whose.text) else { return };
        // Where the stage or its own parameters are wrong, that is told first.
        let (Some(found), Some(_)) = (registry.find(&self.stage), &self.params) else { return };
        let (merged, tuned) = overlaid(&written.params, params);
        // What is told here can only come from the tuned values: the others are sound by themselves.
        self.params = parameters::check(&found.entry, name, &merged, &mut overlay.faults);
        self.origins.tuned = tuned;
    }
}

/// Reads and checks a pipeline file and its tuned values; `settings` are the pairs of `--set`.
pub fn compile(file: &Path, settings: &[(String, String)], registry: &Registry) -> Result<Plan, Error> {
    compile_with(file, settings, registry, true)
}

/// The same without the tuned values.
pub fn compile_untuned(file: &Path, settings: &[(String, String)], registry: &Registry) -> Result<Plan, Error> {
    compile_with(file, settings, registry, false)
}

fn compile_with(
    file: &Path,
    settings: &[(String, String)],
    registry: &Registry,
    with_tuned: bool,
) -> Result<Plan, Error> {
    let read = |file: &Path| {
        fs::read_to_string(file).map_err(|source| {
            let hint = nearest_file(file);
            Error::PipelineFile { file: file.to_owned(), hint, source }
        })
    };
    let text = read(file)?;
    let mut faults = Vec::new();
    let Some(pipeline) = Pipeline::read(&text, settings, &mut faults) else {
        return Err(Error::Faults(Faults::new(file.to_owned(), text, faults)));
    };
    let tune = pipeline.tune.clone().map_or_else(Tune::default, Tune::from);
    let mut overlay = Overlay::default();
    let tuned_file = tune.file.clone().filter(|file| with_tuned && file.exists());
    let tuned_text = tuned_file.as_deref().map(read).transpose()?.unwrap_or_default();
    if tuned_file.is_some() {
        overlay.tuned = Tuned::read(&tuned_text, &mut overlay.faults);
        let names = pipeline.stages.iter().map(|stage| stage.name.text.as_str());
        let names: Vec<&str> = names.chain(pipeline.left_out.iter().map(String::as_str)).collect();
        overlay.tuned.check_names(&names, &mut overlay.faults);
    }
    let plan = plan(pipeline, file, registry, &mut overlay, &mut faults);
    match (plan, tuned_file) {
        (Some(plan), _) if faults.is_empty() && overlay.faults.is_empty() => {
            Ok(Plan { settings: settings.to_vec(), tune, ..plan })
        }
        (_, Some(file)) if faults.is_empty() => Err(Error::Faults(Faults::new(file, tuned_text, overlay.faults))),
        _ => Err(Error::Faults(Faults::new(file.to_owned(), text, faults))),
    }
}

/// The tuned values, and what is wrong with them.
#[derive(Default)]
struct Overlay {
    tuned: Tuned,
    faults: Vec<Fault>,
}

fn plan(
    pipeline: Pipeline,
    file: &Path,
    registry: &Registry,
    overlay: &mut Overlay,
    faults: &mut Vec<Fault>,
) -> Option<Plan> {
    let Pipeline { name, variables, stages, .. } = pipeline;
    let mut drafts: Vec<Draft> =
        stages.into_iter().map(|written| draft(written, &variables, registry, faults)).collect();
    for draft in &mut drafts {
        draft.take_tuned(registry, overlay);
    }
    let links: Vec<_> = (0..drafts.len()).map(|position| connect(position, &drafts, faults)).collect();
    let upstream: Vec<BTreeSet<usize>> = links
        .iter()
        .map(|ports| ports.iter().flat_map(|(_, links)| links.iter().map(|link| link.0)).collect())
        .collect();
    let order = match order(&upstream) {
        Ok(order) => order,
        Err(cycle) => {
            faults.push(cycle_fault(&cycle, &drafts));
            return None;
        }
    };
    let mut rank = vec![0; order.len()];
    order.iter().enumerate().for_each(|(new, old)| rank[*old] = new);
    let mut stages: Vec<(usize, PlannedStage)> = drafts
        .into_iter()
        .zip(links)
        .enumerate()
        .filter_map(|(old, (draft, links))| Some((rank[old], finish(draft, links, &rank)?)))
        .collect();
    stages.sort_by_key(|(rank, _)| *rank);
    let stages = stages.into_iter().map(|(_, stage)| stage).collect();
    Some(Plan { name, file: file.to_owned(), settings: Vec::new(), tune: Tune::default(), stages })
}

fn finish(draft: Draft, links: Vec<(String, Vec<Link>)>, rank: &[usize]) -> Option<PlannedStage> {
    let connections =
        |links: Vec<Link>| links.into_iter().map(|(old, port)| Connection { stage: rank[old], port }).collect();
    let inputs: BTreeMap<_, _> = links.into_iter().map(|(port, links)| (port, connections(links))).collect();
    Some(PlannedStage {
        place: draft.written.name.place,
        name: draft.written.name.text,
        work: draft.work?,
        params: draft.params?,
        origins: draft.origins,
        inputs,
        outputs: draft.outputs?,
        sources: draft.written.sources.into_iter().map(|word| PathBuf::from(word.text)).collect(),
        timeout: draft.timeout,
    })
}

fn cycle_fault(cycle: &[usize], drafts: &[Draft]) -> Fault {
    let names: Vec<&str> = cycle.iter().chain(cycle.first()).map(|position| drafts[*position].name()).collect();
    let message = format!("stages need each other in a circle: {}", names.join(" -> "));
    let note = "an arrow points from a stage to one that reads from it; cut one of them under `inputs`";
    Fault::new(message).at(drafts[cycle[0]].written.name.place).note(note)
}

fn draft(written: StageAsWritten, variables: &Variables, registry: &Registry, faults: &mut Vec<Fault>) -> Draft {
    let timeout = written.timeout.as_ref().and_then(|word| {
        let duration = timeout::parse(&word.text);
        if duration.is_none() {
            let message = format!("timeout `{}`: expected a duration such as 90s, 10m or 1h30m", word.text);
            faults.push(Fault::new(message).at(word.place));
        }
        duration
    });
    if let (Some(stage), Some(_)) = (&written.stage, &written.run) {
        let message = format!("stage `{}` has both `stage` and `run`; expected one of them", written.name.text);
        faults.push(Fault::new(message).at(stage.place));
    }
    if written.run.is_some() {
        command_draft(written, variables, timeout, faults)
    } else {
        registered_draft(written, registry, timeout, faults)
    }
}

fn registered_draft(
    written: StageAsWritten,
    registry: &Registry,
    timeout: Option<Duration>,
    faults: &mut Vec<Fault>,
) -> Draft {
    only_for_commands(&written, faults);
    let word = written.stage.as_ref().unwrap_or(&written.name).clone();
    let Some(found) = registry.find(&word.text) else {
        let (hint, known) = registry.hints(&word.text);
        // What is wrong with `like` was told already.
        let is_told = written.like.is_some();
        let note = if written.stage.is_none() {
            "name the stage with `stage: NAME`, or a command with `run: ...`"
        } else {
            ""
        };
        let fault = Fault::new(format!("there is no stage `{}`{hint}", word.text))
            .at(word.place)
            .note(format!("stages: {known}"));
        let fault = if note.is_empty() { fault } else { fault.note(note) };
        faults.extend(Some(fault).filter(|_| !is_told));
        return Draft {
            written,
            stage: word.text,
            work: None,
            params: None,
            origins: Origins::default(),
            inputs: None,
            outputs: None,
            timeout,
        };
    };
    let entry = &found.entry;
    let inputs =
        entry.inputs.iter().map(|port| InputPort { name: port.name.to_owned(), kind: port.kind, arity: port.arity });
    let outputs = entry.outputs.iter().map(|port| Output { name: port.name.to_owned(), kind: port.kind });
    Draft {
        stage: word.text,
        params: parameters::check(entry, &written.name, &written.params, faults),
        origins: Origins::default(),
        inputs: Some(inputs.collect()),
        outputs: Some(outputs.collect()),
        work: Some(Work::Registered(Box::new(entry.clone()), found.code.clone())),
        written,
        timeout,
    }
}

fn only_for_commands(written: &StageAsWritten, faults: &mut Vec<Fault>) {
    let message = |key| format!("stage `{}`: `{key}` is only for commands (`run: ...`)", written.name.text);
    if let Some((word, _)) = written.outputs.first() {
        faults.push(Fault::new(message("outputs")).at(word.place));
    }
    if let Some(word) = written.sources.first() {
        faults.push(Fault::new(message("sources")).at(word.place));
    }
}

fn command_draft(
    written: StageAsWritten,
    variables: &Variables,
    timeout: Option<Duration>,
    faults: &mut Vec<Fault>,
) -> Draft {
    if let Some(entry) = written.params.entries().first() {
        let message = format!("stage `{}`: a command has no `params`; write them into `run`", written.name.text);
        faults.push(Fault::new(message).at(entry.key.place));
    }
    let input =
        |(word, _): &(Word, Vec<Word>)| InputPort { name: word.text.clone(), kind: Kind::Any, arity: Arity::Many };
    let inputs: Vec<InputPort> = written.inputs.iter().map(input).collect();
    let outputs: Vec<Output> = written.outputs.iter().filter_map(|(word, kind)| output(word, kind, faults)).collect();
    if written.outputs.is_empty() {
        let message = format!("stage `{}` writes nothing; name what it writes under `outputs`", written.name.text);
        faults.push(Fault::new(message).at(written.name.place).note("such as outputs: {result: any}"));
    }
    let input_names: Vec<&str> = inputs.iter().map(|port| port.name.as_str()).collect();
    let output_names: Vec<&str> = written.outputs.iter().map(|(word, _)| word.text.as_str()).collect();
    let run = written.run.as_ref().map(|run| command::read(run, variables, &input_names, &output_names));
    let params = run.and_then(|params| params.map_err(|mut found| faults.append(&mut found)).ok());
    Draft {
        stage: COMMAND.to_owned(),
        work: Some(Work::Command),
        params,
        origins: Origins::default(),
        inputs: Some(inputs),
        outputs: Some(outputs),
        timeout,
        written,
    }
}

fn output(word: &Word, kind: &Word, faults: &mut Vec<Fault>) -> Option<Output> {
    let found = Kind::ALL.into_iter().find(|other| other.name() == kind.text);
    if found.is_none() {
        let names = || Kind::ALL.into_iter().map(Kind::name);
        let message =
            format!("output `{}`: unknown kind `{}`{}", word.text, kind.text, did_you_mean(&kind.text, names()));
        faults.push(Fault::new(message).at(kind.place).note(format!("kinds: {}", list_of(names()))));
    }
    Some(Output { name: word.text.clone(), kind: found? })
}
