//! Running the built `orchestrator`, and what a run leaves in its cache.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::workspace_root;

/// The built `orchestrator`.
///
/// # Panics
/// If it is not built.
pub fn binary() -> PathBuf {
    built("orchestrator")
}

/// A built program of this workspace: cargo builds it beside the tests and benchmarks.
///
/// # Panics
/// If it is not built.
pub fn built(program: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a running program has a path");
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let beside = this.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).find(|path| path.exists());
    beside.unwrap_or_else(|| panic!("{name} is not built; run `cargo build --release` first"))
}

/// The program with a cache of its own, run from the root of the workspace.
#[derive(Clone, Debug)]
pub struct Program {
    cache: PathBuf,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// The JSON lines of standard output.
    ///
    /// # Panics
    /// If a line is not JSON.
    pub fn events(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(parse).collect()
    }
}

impl Program {
    /// The program with its cache in this folder.
    pub fn with_cache(cache: &Path) -> Self {
        Self { cache: cache.to_owned() }
    }

    /// A command that takes `--cache`, to be started by the caller.
    pub fn command<I, S>(&self, arguments: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new(binary());
        command.current_dir(workspace_root()).args(arguments).arg("--cache").arg(&self.cache);
        command
    }

    /// Runs a command that takes `--cache`.
    ///
    /// # Panics
    /// If the program cannot be started.
    pub fn run<I, S>(&self, arguments: I) -> Outcome
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let output = self.command(arguments).output().expect("the program can be started");
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// As [`Self::run`], for a run that must end well.
    ///
    /// # Panics
    /// If it does not, with all that it said.
    pub fn run_well<I, S>(&self, arguments: I) -> Outcome
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "exit code {}\n{}\n{}", outcome.code, outcome.stdout, outcome.stderr);
        outcome
    }

    /// The newest record of each stage in the cache (`result.json`), by name, with its folder.
    ///
    /// # Panics
    /// If the cache cannot be read.
    pub fn records(&self) -> BTreeMap<String, (PathBuf, Value)> {
        let mut newest: BTreeMap<String, (PathBuf, Value)> = BTreeMap::new();
        for entry in fs::read_dir(self.cache.join("artifacts")).expect("the run left artifacts") {
            let folder = entry.expect("an entry of a readable folder").path();
            let bytes = fs::read(folder.join("result.json")).expect("an artifact has a record");
            let record: Value = serde_json::from_slice(&bytes).expect("a record is JSON");
            let name = record["name"].as_str().expect("a record names its stage").to_owned();
            let ended = |record: &Value| record["ended_at"].as_u64();
            if newest.get(&name).is_none_or(|(_, before)| ended(before) <= ended(&record)) {
                newest.insert(name, (folder, record));
            }
        }
        newest
    }
}
