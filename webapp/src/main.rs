//! The `webapp` command: nodes and workers of a site that runs on more than one process.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use webapp::{Error, Node, Role, Settings};

/// Serves the site and the REST API over a store, applies live events, and looks after what could not be taken.
#[derive(Debug, Parser)]
#[command(name = "webapp", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The store, such as `mongodb://HOST:PORT/DATABASE`.
    #[arg(long, global = true, value_name = "URL", default_value = "sqlite://.cache/store.db")]
    store: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves pages and the REST API, and applies events.
    Serve {
        /// Leaves the events to workers elsewhere.
        #[arg(long)]
        no_worker: bool,
        #[command(flatten)]
        node: Node,
    },
    /// Applies events only; serves /metrics and /health.
    Worker {
        #[command(flatten)]
        node: Node,
    },
    /// Looks after events that could not be taken.
    Dlq {
        #[command(subcommand)]
        action: DlqAction,
    },
}

#[derive(Debug, Subcommand)]
enum DlqAction {
    /// Prints them, one JSON object a line: reason, origin, payload.
    List {
        /// How many to print at most; 0 for all.
        #[arg(long, value_name = "N", default_value_t = 0)]
        limit: usize,
        #[command(flatten)]
        node: Node,
    },
    /// Sends them again; what cannot be taken still comes back.
    Replay {
        /// Lines as `dlq list` prints them, with repaired payloads (- for standard input) [default: all that are kept].
        file: Option<PathBuf>,
        #[command(flatten)]
        node: Node,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,rocket=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "ended");
            ExitCode::from(if error.is_unreachable() { 3 } else { 1 })
        }
    }
}

fn run(Arguments { command, store }: Arguments) -> Result<(), Error> {
    match command {
        Command::Serve { no_worker, node } => {
            let role = if no_worker { Role::Pages } else { Role::Both };
            webapp::serve(Settings { store, node, role })
        }
        Command::Worker { node } => webapp::serve(Settings { store, node, role: Role::Worker }),
        Command::Dlq { action: DlqAction::List { limit, node } } => {
            let count = webapp::list_dead_letters(&store, &node, limit, &mut io::stdout().lock())?;
            tracing::info!("{count} events could not be taken");
            Ok(())
        }
        Command::Dlq { action: DlqAction::Replay { file, node } } => {
            let count = webapp::replay_dead_letters(&store, &node, file.as_deref())?;
            tracing::info!("sent {count} events again");
            Ok(())
        }
    }
}
