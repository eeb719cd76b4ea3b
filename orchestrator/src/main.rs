//! The `orchestrator` command; everything it does is in the library.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    orchestrator::start(orchestrator::Arguments::parse()).into()
}
