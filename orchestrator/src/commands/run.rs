//! `run`: brings a pipeline up to date, tells what came of it, and serves it if asked.

use std::{
    io::{self, IsTerminal},
    thread,
};

use super::{
    interrupts::Interrupts,
    open,
    preflight::check_sources,
    rejects::command,
    serve::serve_plan,
    tune::{Request, tune_plan},
};
use crate::{
    Error,
    arguments::RunArguments,
    cache::Cache,
    execution::{self, Options, Outcome, RunResult},
    exit::Exit,
    logging::{self, LogFormat},
    output::{Bars, Event, JsonLines, Lines, Observer, Summary},
    plan::{Plan, compile_untuned},
    registry::Registry,
    tuning::tunable,
    write_error, write_output,
};

/// Runs `orchestrator run`.
pub fn run(arguments: &RunArguments, registry: &Registry, format: LogFormat) -> Result<Exit, Error> {
    let (file, _) = arguments.pipeline.split()?;
    let untuned = compile_untuned(&file, &arguments.pipeline.settings, registry)?;
    if untuned.tune.on_run {
        let exit = tune_first(arguments, &untuned, registry, format)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    let (plan, stages, cache) = open(&arguments.pipeline, registry)?;
    let options = options(arguments, &plan, &stages, format)?;
    check_sources(&plan, &options.selected)?;
    if arguments.serve {
        super::serve::store_of(&plan)?;
    }
    let exit = bring_up(&plan, &options, &cache, arguments.json)?;
    if exit == Exit::Done && arguments.serve {
        return serve_plan(&plan, &arguments.listen);
    }
    Ok(exit)
}

/// Tunes what the selected stages need, as the pipeline wants it before each run.
fn tune_first(
    arguments: &RunArguments,
    plan: &Plan,
    registry: &Registry,
    log_format: LogFormat,
) -> Result<Exit, Error> {
    let (_, stages) = arguments.pipeline.split()?;
    let options = options(arguments, plan, &stages, log_format)?;
    check_sources(plan, &options.selected)?;
    let selected = || options.selected.iter().map(|position| &plan.stages[*position]);
    // A stage that is like another one needs the parameters of that, not its model.
    let needed = |position: &usize| selected().any(|stage| stage.known_as() == plan.stages[*position].name);
    let positions: Vec<usize> = tunable(plan).into_iter().filter(needed).collect();
    if positions.is_empty() {
        return Ok(Exit::Done);
    }
    let jobs = arguments.jobs.map(usize::from);
    let request = Request { plan, positions, jobs, log_format, prints_trials: false, prints: !arguments.json };
    tune_plan(&request, &Cache::open(&arguments.pipeline.cache)?, registry)
}

/// Brings the selected stages up to date and tells how it went.
pub fn bring_up(plan: &Plan, options: &Options, cache: &Cache, json: bool) -> Result<Exit, Error> {
    let lock = cache.lock()?;
    let mut observer = observer(json);
    let names = options.selected.iter().map(|position| plan.stages[*position].name.as_str()).collect();
    observer.observe(&Event::RunStarted { pipeline: &plan.name, stages: names, jobs: options.jobs });
    let interrupts = Interrupts::watch();
    let result = execution::run(plan, options, cache, &mut *observer, |sender| interrupts.connect(sender))?;
    drop(interrupts);
    drop(lock);
    Ok(tell(plan, cache, &result, json, &mut *observer))
}

fn options(arguments: &RunArguments, plan: &Plan, stages: &[String], log_format: LogFormat) -> Result<Options, Error> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let selected = plan.with_upstream(stages)?;
    let mut forced = plan.positions(&arguments.force)?;
    forced.extend(plan.with_downstream(&arguments.from)?);
    for name in arguments.force.iter().chain(&arguments.from) {
        if !selected.contains(&plan.position(name)?) {
            let message = format!("`{name}` is to be run by force but is none of the named stages, nor needed by them");
            return Err(Error::Arguments(message));
        }
    }
    let jobs = arguments.jobs.map_or(threads, usize::from);
    Ok(Options { selected, forced, jobs, threads, log_format, remember: true })
}

/// Whoever tells how a run goes.
pub fn observer(json: bool) -> Box<dyn Observer> {
    if json {
        Box::new(JsonLines(io::stdout()))
    } else if io::stderr().is_terminal() {
        Box::new(Bars::new(logging::screen()))
    } else {
        Box::new(Lines)
    }
}

/// Tells how the run went: to people on standard output, failures on standard error.
pub fn tell(plan: &Plan, cache: &Cache, result: &RunResult, json: bool, observer: &mut dyn Observer) -> Exit {
    let summary = Summary::new(plan, cache, result);
    observer.observe(&Event::RunFinished(&summary));
    if !json {
        write_output(&format!("{summary}\n"));
    }
    for (stage, messages) in &summary.failures {
        write_error(&format!("error: stage `{stage}` failed: {}\n", messages.join("\n  caused by: ")));
        if cache.failed(&plan.name, stage).exists() {
            write_error(&format!("  what it rejected: {}\n", command("list", plan, stage, cache)));
        }
    }
    exit_of(result)
}

/// The exit code that tells how a run went.
pub fn exit_of(result: &RunResult) -> Exit {
    let failures = || {
        result.stages.iter().filter_map(|stage| match &stage.outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        })
    };
    if result.interrupted {
        Exit::Interrupted
    } else if failures().any(execution::Failure::is_unreachable) {
        Exit::Unreachable
    } else if failures().next().is_some() {
        Exit::Failed
    } else {
        Exit::Done
    }
}
