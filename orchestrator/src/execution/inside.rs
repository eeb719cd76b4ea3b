//! The inside of a child process: reads its task, runs the stage, tells how it went.

use std::{
    io::{self, BufRead, Read},
    process::{Command, Stdio},
    thread,
};

use anyhow::Context as _;
use pipeline::{Context, Message, Task};
use rustix::process::{Pid, Signal, getpgrp, getpid, kill_process_group};
use tracing::info_span;

use super::survey::chain;
use crate::{
    error::is_unreachable,
    exit::Exit,
    plan::{COMMAND, expand_command},
    registry::Registry,
};

/// Runs the stage whose task stands on standard input.
pub fn run_child(registry: &Registry) -> Exit {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line).context("read the task from standard input");
    let task = read.and_then(|_| serde_json::from_str::<Task>(&line).context("read the task; `__stage` is internal"));
    let task = match task {
        Ok(task) => task,
        Err(error) => {
            tracing::error!("{error:#}");
            return Exit::BadPipeline;
        }
    };
    die_with_parent();
    let context = Context::new(task.clone(), Box::new(io::stdout()));
    let span = info_span!("stage", name = %task.name);
    let result =
        span.in_scope(|| if task.stage == COMMAND { run_command(&task) } else { run_stage(registry, &task, &context) });
    match result {
        Ok(()) => Exit::Done,
        Err(error) => {
            context.send(&Message::Failure { chain: chain(&error), unreachable: is_unreachable(&error) });
            Exit::Failed
        }
    }
}

fn run_stage(registry: &Registry, task: &Task, context: &Context) -> anyhow::Result<()> {
    let registered = registry.find(&task.stage).with_context(|| format!("find stage `{}`", task.stage))?;
    (registered.entry.run)(&task.params, context)
}

/// Runs a command with the paths of its inputs and outputs filled in; no shell.
fn run_command(task: &Task) -> anyhow::Result<()> {
    let arguments = expand_command(task);
    let (program, rest) = arguments.split_first().context("the command is empty")?;
    let status = Command::new(program)
        .args(rest)
        .env("TMPDIR", &task.scratch)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("start command `{program}`; is it installed and on the PATH?"))?;
    anyhow::ensure!(status.success(), "command `{program}` ended with {status}; its messages are in the log");
    Ok(())
}

/// Ends this process and all that it started when its parent has gone.
fn die_with_parent() {
    thread::spawn(|| {
        let mut rest = Vec::new();
        let _ = io::stdin().lock().read_to_end(&mut rest);
        end_group(getpgrp(), getpid());
    });
}

fn end_group(group: Pid, own: Pid) {
    // Only as the leader of a group of its own, as the orchestrator starts it: by hand, the group
    // would be that of the user's shell.
    if group == own {
        let _ = kill_process_group(group, Signal::KILL);
    }
    std::process::exit(1);
}
