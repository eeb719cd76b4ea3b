//! What a running stage is given: its inputs, outputs, and ways to tell how it goes.
//!
//! A stage runs in a child process. It tells the orchestrator about itself by [`Message`]s, one JSON
//! object a line on standard output; its logs go to standard error.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;

/// One artifact that is connected to an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Name of the stage that wrote it, as in `pipeline.yaml` (such as `item-knn`).
    pub stage: String,
    /// Name of the output port there (such as `model`).
    pub port: String,
    /// The file or folder.
    pub path: PathBuf,
}

/// Everything that a child process needs to know to run one stage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Name of the stage in `pipeline.yaml`.
    pub name: String,
    /// Which registered stage it is ([`crate::Stage::NAME`]).
    pub stage: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Fingerprint of this run, in hexadecimal.
    pub fingerprint: String,
    /// Canonical parameters.
    pub params: Value,
    /// Artifacts by input port.
    pub inputs: BTreeMap<String, Vec<Input>>,
    /// Where to write, by output port.
    pub outputs: BTreeMap<String, PathBuf>,
    /// A folder for temporary files; it is removed after the run.
    pub scratch: PathBuf,
}

/// What a running stage tells the orchestrator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// How far it is.
    Progress {
        /// Units done.
        done: u64,
        /// Units in all, where known.
        total: Option<u64>,
        /// What is counted, such as `bytes` or `rows`.
        unit: String,
    },
    /// A figure for the summary, kept with the artifact.
    Summary {
        /// Its name, such as `rows_in`.
        name: String,
        /// Its value.
        value: Value,
    },
    /// The stage ended with an error: the chain, outermost first.
    Failure {
        /// One message a cause.
        chain: Vec<String>,
        /// Whether a service could not be reached (exit code 3).
        unreachable: bool,
    },
}

/// The world as a running stage sees it.
pub struct Context {
    task: Task,
    sink: Mutex<Box<dyn Write + Send>>,
    last_progress: Mutex<Option<Instant>>,
}

impl Context {
    /// A context that writes its messages to `sink`.
    pub fn new(task: Task, sink: Box<dyn Write + Send>) -> Self {
        Self { task, sink: Mutex::new(sink), last_progress: Mutex::new(None) }
    }

    /// Name of the stage in `pipeline.yaml`.
    pub fn name(&self) -> &str {
        &self.task.name
    }

    /// Which registered stage it is.
    pub fn stage(&self) -> &str {
        &self.task.stage
    }

    /// Name of the pipeline.
    pub fn pipeline(&self) -> &str {
        &self.task.pipeline
    }

    /// Fingerprint of this run, in hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.task.fingerprint
    }

    /// A folder for temporary files, on the same file system as the outputs.
    pub fn scratch(&self) -> &Path {
        &self.task.scratch
    }

    /// The artifact at an input of exactly one.
    pub fn input(&self, port: &str) -> Result<&Path, Error> {
        self.optional_input(port).ok_or_else(|| Error::NoInput { stage: self.task.name.clone(), port: port.to_owned() })
    }

    /// The artifact at an input that may be left out.
    pub fn optional_input(&self, port: &str) -> Option<&Path> {
        self.inputs(port).first().map(|input| input.path.as_path())
    }

    /// All artifacts at an input, in the order of `pipeline.yaml`.
    pub fn inputs(&self, port: &str) -> &[Input] {
        self.task.inputs.get(port).map_or(&[], Vec::as_slice)
    }

    /// Where an output is to be written.
    pub fn output(&self, port: &str) -> Result<&Path, Error> {
        self.task
            .outputs
            .get(port)
            .map(PathBuf::as_path)
            .ok_or_else(|| Error::NoOutput { stage: self.task.name.clone(), port: port.to_owned() })
    }

    /// Tells how far the stage is; may be called as often as one likes.
    pub fn progress(&self, done: u64, total: Option<u64>, unit: &str) {
        let mut last = self.last_progress.lock().unwrap_or_else(PoisonError::into_inner);
        let is_last = Some(done) == total;
        if !is_last && last.is_some_and(|at| at.elapsed() < Duration::from_millis(100)) {
            return;
        }
        *last = Some(Instant::now());
        self.send(&Message::Progress { done, total, unit: unit.to_owned() });
    }

    /// Adds a figure to the summary that the orchestrator prints and keeps with the artifact.
    ///
    /// The value must be decided by inputs and parameters alone (no durations).
    pub fn summary(&self, name: &str, value: impl Into<Value>) {
        self.send(&Message::Summary { name: name.to_owned(), value: value.into() });
    }

    /// Sends a message. A closed channel is no error: the orchestrator has gone and will not listen.
    pub fn send(&self, message: &Message) {
        let Ok(mut line) = serde_json::to_vec(message) else { return };
        line.push(b'\n');
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = sink.write_all(&line).and_then(|()| sink.flush());
    }
}
