//! `run`: brings a pipeline up to date, tells what came of it, and serves it if asked.

use std::{
    io::{self, IsTerminal},
    process,
    sync::mpsc::Sender,
    thread,
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};

use super::{open, preflight::check_sources, rejects::command, serve::serve_plan};
use crate::{
    Error,
    arguments::RunArguments,
    cache::Cache,
    execution::{self, Options, Outcome, RunResult, Signal},
    exit::Exit,
    logging::{self, LogFormat},
    output::{Bars, Event, JsonLines, Lines, Observer, Summary},
    plan::Plan,
    registry::Registry,
    write_error, write_output,
};

/// Runs `orchestrator run`.
pub fn run(arguments: &RunArguments, registry: &Registry, format: LogFormat) -> Result<Exit, Error> {
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

/// Brings the selected stages up to date and tells how it went.
pub fn bring_up(plan: &Plan, options: &Options, cache: &Cache, json: bool) -> Result<Exit, Error> {
    let lock = cache.lock()?;
    let mut observer = observer(json);
    let names = options.selected.iter().map(|position| plan.stages[*position].name.as_str()).collect();
    observer.observe(&Event::RunStarted { pipeline: &plan.name, stages: names, jobs: options.jobs });
    let result = execution::run(plan, options, cache, &mut *observer, stop_on_signals)?;
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
    Ok(Options { selected, forced, jobs, threads, log_format })
}

fn observer(json: bool) -> Box<dyn Observer> {
    if json {
        Box::new(JsonLines(io::stdout()))
    } else if io::stderr().is_terminal() {
        Box::new(Bars::new(logging::screen()))
    } else {
        Box::new(Lines)
    }
}

/// Ends the run on Ctrl-C or a request to terminate, and the program at once on a second one.
fn stop_on_signals(sender: Sender<Signal>) {
    let mut signals = match Signals::new([SIGINT, SIGTERM]) {
        Ok(signals) => signals,
        Err(error) => {
            tracing::warn!("Ctrl-C will not wait for anything: {error}");
            return;
        }
    };
    thread::spawn(move || {
        let mut asked = false;
        for _ in signals.forever() {
            // Once the run is over nobody listens, and the signal is for whoever serves then.
            if sender.send(Signal::Interrupt).is_err() {
                return;
            }
            if asked {
                process::exit(130);
            }
            asked = true;
        }
    });
}

/// Tells how the run went: to people on standard output, failures on standard error.
fn tell(plan: &Plan, cache: &Cache, result: &RunResult, json: bool, observer: &mut dyn Observer) -> Exit {
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
    exit(result)
}

fn exit(result: &RunResult) -> Exit {
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
