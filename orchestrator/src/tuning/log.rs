//! What trials gave: one JSON object a line, by pipeline and stage, in the folder `tuning` of the cache.
//!
//! A line is known again by its `key`, which covers everything that decides it. So the log may hold
//! trials of other data, code and searches, and a line that cannot be read is no trial.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, cache::Cache};

/// What a trial gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Hash of all that decides it.
    pub key: String,
    /// The varied parameters by path.
    pub params: BTreeMap<String, Value>,
    /// Metrics on validation; none if it failed.
    pub metrics: BTreeMap<String, f64>,
    /// Why it failed; empty if it did not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub failure: String,
    /// How long fitting took.
    pub duration_ms: u64,
    /// Processor time of fitting.
    pub cpu_ms: u64,
    /// The most memory that fitting held.
    pub peak_memory_bytes: u64,
}

/// The trials of a stage.
pub struct Log {
    path: PathBuf,
    known: BTreeMap<String, Trial>,
}

impl Log {
    /// What earlier searches left.
    pub fn open(cache: &Cache, pipeline: &str, stage: &str) -> Self {
        let path = cache.tuning().join(pipeline).join(format!("{stage}.jsonl"));
        let text = fs::read_to_string(&path).unwrap_or_default();
        let trials = text.lines().filter_map(|line| serde_json::from_str::<Trial>(line).ok());
        let known = trials.map(|trial| (trial.key.clone(), trial)).collect();
        Self { path, known }
    }

    /// Where it lies.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The trial with this key; one that failed is to be tried again.
    pub fn get(&self, key: &str) -> Option<&Trial> {
        self.known.get(key).filter(|trial| trial.failure.is_empty())
    }

    /// Appends a trial. The lock of the cache must be held.
    pub fn add(&mut self, trial: Trial) -> Result<(), Error> {
        let folder = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder).map_err(Error::cache("create folder", folder))?;
        let mut line = serde_json::to_vec(&trial).expect("a trial is plain data");
        line.push(b'\n');
        let append = |path: &PathBuf| {
            let mut file = File::options().create(true).append(true).open(path)?;
            file.write_all(&line)
        };
        append(&self.path).map_err(Error::cache("write", &self.path))?;
        self.known.insert(trial.key.clone(), trial);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_found_again_and_half_a_line_is_none() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        let mut log = Log::open(&cache, "shop", "als");
        let trial = Trial {
            key: "k".to_owned(),
            params: BTreeMap::from([("factors".to_owned(), 8.into())]),
            metrics: BTreeMap::from([("ndcg@10".to_owned(), 0.25)]),
            failure: String::new(),
            duration_ms: 1,
            cpu_ms: 2,
            peak_memory_bytes: 3,
        };
        log.add(trial.clone()).unwrap();
        let mut text = fs::read_to_string(log.path()).unwrap();
        text.push_str("{\"key\": \"x\", \"par");
        fs::write(log.path(), text).unwrap();
        let again = Log::open(&cache, "shop", "als");
        assert_eq!((again.get("k"), again.get("x"), again.known.len()), (Some(&trial), None, 1));
        assert!(Log::open(&cache, "shop", "other").get("k").is_none());
    }
}
