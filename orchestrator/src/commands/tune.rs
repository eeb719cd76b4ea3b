//! `tune`: searches for better parameters on validation rows, and keeps what it finds for the pipeline.

use std::{collections::BTreeSet, thread};

use super::{
    interrupts::Interrupts,
    preflight::check_sources,
    run::{exit_of, observer, tell},
};
use crate::{
    Error,
    arguments::TuneArguments,
    cache::Cache,
    execution::{self, Options, RunResult},
    exit::Exit,
    logging::LogFormat,
    output::{Align, figures, table},
    plan::{Plan, compile_untuned},
    registry::Registry,
    tuning::{Machine, Study, keep, tunable},
    write_output,
};

/// How many trials run at the same time if nobody says so: more would share the processor's caches.
const JOBS: usize = 2;

/// What is tuned, and how.
pub struct Request<'a> {
    /// The plan without tuned values.
    pub plan: &'a Plan,
    /// Positions of the stages to tune.
    pub positions: Vec<usize>,
    /// How many trials run at the same time.
    pub jobs: Option<usize>,
    /// How logs are written.
    pub log_format: LogFormat,
    /// Whether all trials are printed.
    pub prints_trials: bool,
    /// Whether anything is printed.
    pub prints: bool,
}

/// Runs `orchestrator tune`.
pub fn tune(arguments: &TuneArguments, registry: &Registry, log_format: LogFormat) -> Result<Exit, Error> {
    let (file, names) = arguments.pipeline.split()?;
    let mut plan = compile_untuned(&file, &arguments.pipeline.settings, registry)?;
    if let Some(metric) = &arguments.metric {
        plan.tune.metric.clone_from(metric);
    }
    plan.tune.trials = arguments.trials.unwrap_or(plan.tune.trials);
    plan.tune.seed = arguments.seed.unwrap_or(plan.tune.seed);
    let positions = if names.is_empty() { tunable(&plan) } else { plan.positions(&names)?.into_iter().collect() };
    if arguments.trials.is_some() {
        for position in &positions {
            plan.stages[*position].origins.trials = None;
        }
    }
    if positions.is_empty() {
        let message = format!("there is nothing to tune in {}: no stage has a parameter with a range", file.display());
        return Err(Error::Arguments(message));
    }
    let cache = Cache::open(&arguments.pipeline.cache)?;
    let jobs = arguments.jobs.map(usize::from);
    let request = Request { plan: &plan, positions, jobs, log_format, prints_trials: true, prints: true };
    tune_plan(&request, &cache, registry)
}

/// Tunes stages of a plan one after the other, and keeps what is found.
pub fn tune_plan(request: &Request, cache: &Cache, registry: &Registry) -> Result<Exit, Error> {
    let plan = request.plan;
    let Some(file) = &plan.tune.file else {
        let message = format!(
            "{} names no file for what tuning finds; add one such as `tune: {{file: tuned/{}.yaml}}`",
            plan.file.display(),
            plan.name
        );
        return Err(Error::Arguments(message));
    };
    let _lock = cache.lock()?;
    let interrupts = Interrupts::watch();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let jobs = request.jobs.unwrap_or(threads.min(JOBS));
    let machine = Machine { cache, jobs, threads, log_format: request.log_format, interrupts: &interrupts };
    let mut rows = Vec::new();
    for position in &request.positions {
        let mut study = Study::new(plan, *position, registry, &machine)?;
        let before = match prepare(plan, &study, &machine)? {
            Ok(before) => before,
            Err(exit) => return Ok(exit),
        };
        study.search(&before)?;
        let name = &plan.stages[*position].name;
        if request.prints && request.prints_trials {
            write_output(&format!("{name}\n{}\n", trials_table(plan, &study)));
        }
        if study.is_interrupted {
            return Ok(Exit::Interrupted);
        }
        let comment = comment(plan, &study);
        rows.push(summary_row(name, &study));
        match study.best {
            Some(best) => keep(file, name, &comment, &study.tried[best].params)?,
            None => {
                return Err(Error::Part(anyhow::anyhow!(
                    "tune `{name}`: every trial failed: {}",
                    study.tried[0].failure
                )));
            }
        }
    }
    if request.prints {
        write_output(&summary(plan, &rows));
        write_output(&format!("kept in {}\n\n", file.display()));
    }
    Ok(Exit::Done)
}

/// Runs what stands before a stage and its `evaluate`; the exit code if that fails.
fn prepare(plan: &Plan, study: &Study, machine: &Machine) -> Result<Result<RunResult, Exit>, Error> {
    let selected: BTreeSet<usize> = study.upstream().into_iter().collect();
    check_sources(plan, &selected)?;
    let Machine { cache, threads, log_format, interrupts, .. } = *machine;
    let options = Options { selected, forced: BTreeSet::new(), jobs: threads, threads, log_format, remember: true };
    let mut observer = observer(false);
    let result = execution::run(plan, &options, cache, &mut *observer, |sender| interrupts.connect(sender))?;
    drop(observer);
    let is_whole = result.stages.iter().all(|stage| stage.outcome.artifact().is_some());
    if is_whole && !interrupts.asked() {
        return Ok(Ok(result));
    }
    tell(plan, cache, &result, false, &mut crate::output::Lines);
    Ok(Err(if interrupts.asked() { Exit::Interrupted } else { exit_of(&result) }))
}

fn text(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.5}"))
}

/// All trials of a stage, the best one marked.
fn trials_table(plan: &Plan, study: &Study) -> String {
    let rows: Vec<Vec<String>> = study
        .tried
        .iter()
        .enumerate()
        .map(|(at, tried)| {
            let mark = if study.best == Some(at) { "*" } else { "" };
            let params = study.paths().into_iter().map(|path| tried.params[path].to_string());
            let time = if tried.is_known { "known".to_owned() } else { figures::milliseconds(tried.duration_ms) };
            [vec![format!("{at}{mark}"), text(tried.value)], params.collect(), vec![time]].concat()
        })
        .collect();
    let paths = study.paths();
    let heads = ["trial", plan.tune.metric.as_str()].into_iter().chain(paths).chain(["fit in"]);
    let columns: Vec<(&str, Align)> =
        heads.map(|head| (head, if head == "trial" { Align::Left } else { Align::Right })).collect();
    table(&columns, &rows) + &format!("all trials: {}\n", study.log().display())
}

fn gain(study: &Study) -> String {
    match study.values() {
        (Some(before), Some(after)) if before != 0.0 => format!("{:+.1} %", (after / before - 1.0) * 100.0),
        _ => "-".to_owned(),
    }
}

/// What the file says of a stage.
fn comment(plan: &Plan, study: &Study) -> String {
    let (before, after) = study.values();
    let (metric, seed) = (&plan.tune.metric, plan.tune.seed);
    format!(
        "{metric} on validation: {} -> {} ({}); {} trials, seed {seed}",
        text(before),
        text(after),
        gain(study),
        study.tried.len()
    )
}

fn summary_row(name: &str, study: &Study) -> Vec<String> {
    let (before, after) = study.values();
    vec![name.to_owned(), study.tried.len().to_string(), text(before), text(after), gain(study)]
}

fn summary(plan: &Plan, rows: &[Vec<String>]) -> String {
    let right = Align::Right;
    let columns = [("tuned", Align::Left), ("trials", right), ("before", right), ("after", right), ("gain", right)];
    format!("{} on validation\n{}", plan.tune.metric, table(&columns, rows))
}
