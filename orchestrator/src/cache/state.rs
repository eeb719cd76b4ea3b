//! The last fingerprint of every stage by name, so that the next one can be compared with it.

use std::{collections::BTreeMap, fs, path::PathBuf};

use pipeline::fingerprint::Fingerprint;
use serde::{Deserialize, Serialize};

use super::{Cache, durable};
use crate::Error;

/// What a stage's last successful run was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastRun {
    /// Hash of the fingerprint: the name of the artifact.
    pub hash: String,
    /// The fingerprint.
    pub fingerprint: Fingerprint,
}

/// The last runs, by pipeline and stage.
#[derive(Debug)]
pub struct State {
    file: PathBuf,
    runs: BTreeMap<String, BTreeMap<String, LastRun>>,
}

impl State {
    /// What earlier runs left; nothing if that cannot be read.
    pub fn open(cache: &Cache) -> Self {
        let file = cache.root().join("state.json");
        let runs = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file, runs }
    }

    /// The last run of a stage.
    pub fn last(&self, pipeline: &str, stage: &str) -> Option<&LastRun> {
        self.runs.get(pipeline)?.get(stage)
    }

    /// Remembers a run.
    pub fn set(&mut self, pipeline: &str, stage: &str, run: LastRun) {
        self.runs.entry(pipeline.to_owned()).or_default().insert(stage.to_owned(), run);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.runs.clear();
    }

    /// Writes the state. The lock of the cache must be held.
    pub fn save(&self, cache: &Cache) -> Result<(), Error> {
        let bytes = serde_json::to_vec_pretty(&self.runs).expect("fingerprints are plain data");
        durable::write(&self.file, &cache.temporary()?.join("state.json"), &bytes)
    }
}
