//! The `orchestrator` command: plans a pipeline, runs what is out of date, says why, serves the result.
//!
//! A pipeline file as written (`configuration`) becomes a checked `plan`; `execution` runs it
//! stage by stage in child processes and keeps the results in the `cache`; `output` tells people
//! and programs about it. What a stage computes is not known here: `registry` lists the stages and
//! that is all.

mod arguments;
mod cache;
mod commands;
mod configuration;
mod error;
mod execution;
mod exit;
mod logging;
mod output;
mod plan;
mod registry;
mod simulation;
mod tuning;

use std::io::{self, Write};

pub use arguments::Arguments;
use arguments::Command;
pub use error::Error;
pub use exit::Exit;
use registry::Registry;

/// Does what the arguments ask and tells how it ended.
pub fn start(arguments: Arguments) -> Exit {
    logging::start(arguments.log_format);
    let registry = Registry::standard();
    let format = arguments.log_format;
    let result = match arguments.command {
        Command::Run(arguments) => commands::run(&arguments, &registry, format),
        Command::Tune(arguments) => commands::tune(&arguments, &registry, format),
        Command::Status(arguments) => commands::status(&arguments, &registry),
        Command::Dag(arguments) => commands::dag(&arguments, &registry),
        Command::Explain(arguments) => commands::explain(&arguments, &registry),
        Command::Clean(arguments) => commands::clean(&arguments, &registry),
        Command::Serve(arguments) => commands::serve(&arguments, &registry),
        Command::Stages(arguments) => commands::stages(&arguments, &registry),
        Command::Schema => Ok(commands::schema(&registry)),
        Command::Rejects(arguments) => commands::rejects(&arguments, &registry, format),
        Command::Report(arguments) => commands::report(&arguments),
        Command::Fetch(arguments) => commands::fetch(&arguments),
        Command::Generate(arguments) => commands::generate(&arguments),
        Command::Simulate(arguments) => commands::simulate(&arguments, &registry),
        Command::Stage => Ok(execution::run_child(&registry)),
    };
    result.unwrap_or_else(|error| {
        print_error(&error);
        error.exit()
    })
}

/// Prints an error and its causes on standard error, once.
fn print_error(error: &Error) {
    let mut text = match error {
        Error::Faults(faults) => format!("{faults}\n"),
        other => format!("error: {other}\n"),
    };
    let mut last = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let message = inner.to_string();
        if message != last {
            text.extend(["  caused by: ", &message, "\n"]);
            last = message;
        }
        cause = inner.source();
    }
    write_error(&text);
}

/// Writes a text to standard error; there is nowhere to tell that this failed.
fn write_error(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes a text to standard output; a reader that has gone, as in `| head`, is no error.
fn write_output(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}
