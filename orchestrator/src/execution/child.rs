//! The child process of one stage: started, listened to, measured, and never left behind.
//!
//! The child is this same program (`__stage`), also for commands, which it runs in turn. It leads a
//! process group of its own, so that one signal ends it with everything that it started; and it dies
//! by itself when its standard input closes, which happens whenever its parent ends, however that is.

use std::{
    collections::VecDeque,
    env,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
};

use anyhow::Context as _;
use pipeline::{Message, Task};
use rustix::process::{Pid, Signal, kill_process_group};
use wait4::{ResourceUsage, Wait4};

use crate::logging::LogFormat;

/// Lines of log that are kept for the message about a crash.
const KEPT_LINES: usize = 10;

/// What a child tells while it runs.
pub enum Told {
    /// A message.
    Message(Message),
    /// A line of its log.
    Log(String),
}

/// How a child ended.
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// What it used.
    pub usage: ResourceUsage,
    /// The last lines of its log.
    pub log: Vec<String>,
}

/// A running child.
pub struct StageProcess {
    child: Child,
}

impl StageProcess {
    /// Starts this program as the child of a stage. `threads` is its share of the processor.
    pub fn start(threads: usize, format: LogFormat) -> anyhow::Result<Self> {
        let program = env::current_exe().context("find this program's own file")?;
        let child = Command::new(program)
            .args(["__stage", "--log-format", format.name()])
            .env("RAYON_NUM_THREADS", threads.to_string())
            .env("POLARS_MAX_THREADS", threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("start the process of a stage")?;
        Ok(Self { child })
    }

    /// Its process id, which is also that of its group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Gives it its task and listens until it ends.
    pub fn run(mut self, task: &Task, tell: &(dyn Fn(Told) + Sync)) -> anyhow::Result<Ended> {
        let group = self.id();
        let mut input = self.child.stdin.take().context("standard input of the child is a pipe")?;
        let output = self.child.stdout.take().context("standard output of the child is a pipe")?;
        let errors = self.child.stderr.take().context("standard error of the child is a pipe")?;
        let mut line = serde_json::to_vec(task).context("write the task as JSON")?;
        line.push(b'\n');
        // A child that died at once does not read; its status says why.
        let _ = input.write_all(&line).and_then(|()| input.flush());
        thread::scope(|scope| {
            let messages = scope.spawn(|| listen(output, tell));
            let log = scope.spawn(|| forward(errors, tell));
            // `input` stays open until the child has ended: its end is what tells the child to die.
            let ended = self.child.wait4().context("wait for the process of a stage");
            kill_group(group);
            drop(input);
            let _ = messages.join();
            let log = log.join().unwrap_or_default();
            let ended = ended?;
            Ok(Ended { status: ended.status, usage: ended.rusage, log })
        })
    }
}

/// The signal that ended a process, if one did.
pub fn signal(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// Kills a process group; what is gone already is no error.
pub fn kill_group(group: u32) {
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Reads lines of any bytes until the end of a pipe.
fn lines(pipe: impl Read) -> impl Iterator<Item = String> {
    BufReader::new(pipe)
        .split(b'\n')
        .map_while(io::Result::ok)
        .map(|line| String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
}

fn listen(pipe: impl Read, tell: &(dyn Fn(Told) + Sync)) {
    for line in lines(pipe) {
        match serde_json::from_str::<Message>(&line) {
            Ok(message) => tell(Told::Message(message)),
            // A command may print whatever it likes.
            Err(_) => tell(Told::Log(line)),
        }
    }
}

fn forward(pipe: impl Read, tell: &(dyn Fn(Told) + Sync)) -> Vec<String> {
    let mut last = VecDeque::with_capacity(KEPT_LINES);
    for line in lines(pipe) {
        if last.len() == KEPT_LINES {
            last.pop_front();
        }
        last.push_back(line.clone());
        tell(Told::Log(line));
    }
    last.into()
}
