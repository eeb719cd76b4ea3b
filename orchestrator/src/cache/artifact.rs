//! What is kept of a stage run, and how it comes into the cache in one step.

use std::{collections::BTreeMap, fmt, fs, panic::resume_unwind, path::Path, thread};

use pipeline::{
    Kind,
    fingerprint::{Fingerprint, hash_path},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Cache, durable};
use crate::{Error, plan::Output};

const RESULT: &str = "result.json";
const FINGERPRINT: &str = "fingerprint.json";

/// What one stage run gave: the content of `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Name of the stage in its pipeline.
    pub name: String,
    /// What it wrote, by port.
    pub outputs: BTreeMap<String, OutputRecord>,
    /// Figures that the stage told, in the order in which it told them.
    pub summary: Map<String, Value>,
    /// When it ended, in Unix seconds.
    pub ended_at: u64,
    /// How long it ran.
    pub duration_ms: u64,
    /// The most memory that it held at once; 0 where the system does not tell.
    pub peak_memory_bytes: u64,
    /// Processor time that it used, over all threads.
    pub cpu_ms: u64,
}

/// One output of a stage run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRecord {
    /// What it is.
    pub kind: Kind,
    /// Name of its file or folder within the artifact.
    pub file: String,
    /// Content hash.
    pub hash: String,
    /// Bytes.
    pub size_bytes: u64,
}

/// Why an artifact cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// There is none.
    Missing,
    /// Part of it is gone or has another size.
    Damaged(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("there is none"),
            Self::Damaged(what) => formatter.write_str(what),
        }
    }
}

impl Record {
    /// Bytes of all outputs.
    pub fn size_bytes(&self) -> u64 {
        self.outputs.values().map(|output| output.size_bytes).sum()
    }
}

impl Cache {
    /// The record of an artifact whose parts are all there with their sizes.
    pub fn record(&self, fingerprint: &str) -> Result<Record, Unusable> {
        let folder = self.artifact(fingerprint);
        if !folder.is_dir() {
            return Err(Unusable::Missing);
        }
        let damaged = |what: String| Unusable::Damaged(what);
        let bytes = fs::read(folder.join(RESULT)).map_err(|error| damaged(format!("{RESULT}: {error}")))?;
        let record: Record = serde_json::from_slice(&bytes).map_err(|error| damaged(format!("{RESULT}: {error}")))?;
        for output in record.outputs.values() {
            let found = durable::size(&folder.join(&output.file)).ok();
            match found {
                Some(size) if size == output.size_bytes => {}
                Some(size) => {
                    let wanted = output.size_bytes;
                    return Err(damaged(format!("{} has {size} bytes, expected {wanted}", output.file)));
                }
                None => return Err(damaged(format!("{} is gone", output.file))),
            }
        }
        Ok(record)
    }

    /// Hashes the outputs in `folder`; the name of the first that is not there as the inner error.
    ///
    /// Brings them to the disk at the same time: one keeps the processor busy, the other the disk.
    pub fn measure(folder: &Path, outputs: &[Output]) -> Result<Result<BTreeMap<String, OutputRecord>, String>, Error> {
        thread::scope(|scope| {
            let synced = scope.spawn(|| durable::sync_all(folder));
            let records = Self::hash(folder, outputs);
            synced.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            records
        })
    }

    fn hash(folder: &Path, outputs: &[Output]) -> Result<Result<BTreeMap<String, OutputRecord>, String>, Error> {
        let mut records = BTreeMap::new();
        for output in outputs {
            let file = output.file_name();
            let path = folder.join(&file);
            if !path.exists() {
                return Ok(Err(output.name.clone()));
            }
            let record =
                OutputRecord { kind: output.kind, hash: hash_path(&path)?, size_bytes: durable::size(&path)?, file };
            records.insert(output.name.clone(), record);
        }
        Ok(Ok(records))
    }

    /// Makes the folder at `folder`, which holds the outputs, the artifact of this fingerprint.
    ///
    /// What was written by this same process is not replaced, as later stages may be reading it.
    pub fn commit(&self, folder: &Path, fingerprint: &Fingerprint, record: &Record) -> Result<(), Error> {
        pipeline::write_json(&folder.join(FINGERPRINT), fingerprint)?;
        pipeline::write_json(&folder.join(RESULT), record)?;
        durable::sync_all(folder)?;
        let hash = fingerprint.hash();
        let target = self.artifact(&hash);
        let mut committed = self.committed.lock().expect("no holder of the lock panics");
        if committed.contains(&hash) && self.record(&hash).is_ok() {
            return Ok(());
        }
        if target.exists() {
            self.remove(&hash)?;
        }
        fs::rename(folder, &target).map_err(Error::cache("create artifact", &target))?;
        committed.insert(hash);
        durable::sync(&self.root.join("artifacts"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(cache: &Cache) -> (Fingerprint, Record) {
        let folder = cache.temporary().unwrap();
        fs::write(folder.join("result"), "12345").unwrap();
        let outputs = [Output { name: "result".into(), kind: Kind::Any }];
        let outputs = Cache::measure(&folder, &outputs).unwrap().unwrap();
        let summary = Map::from_iter([("rows".to_owned(), json!(5))]);
        let (ended_at, duration_ms, peak_memory_bytes, cpu_ms) = (1, 2, 3, 4);
        let record = Record { name: "a".into(), outputs, summary, ended_at, duration_ms, peak_memory_bytes, cpu_ms };
        let fingerprint = Fingerprint::new("s", "c", json!({}));
        cache.commit(&folder, &fingerprint, &record).unwrap();
        (fingerprint, record)
    }

    #[test]
    fn what_is_committed_is_found_until_it_is_damaged() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        let _lock = cache.lock().unwrap();
        let (fingerprint, record) = made(&cache);
        let hash = fingerprint.hash();
        assert_eq!(cache.record(&hash), Ok(record));
        assert_eq!(cache.record("other"), Err(Unusable::Missing));
        fs::write(cache.artifact(&hash).join("result"), "1234").unwrap();
        let expected = Unusable::Damaged("result has 4 bytes, expected 5".into());
        assert_eq!(cache.record(&hash), Err(expected));
        fs::remove_file(cache.artifact(&hash).join("result")).unwrap();
        assert_eq!(cache.record(&hash), Err(Unusable::Damaged("result is gone".into())));
        made(&cache);
        assert!(cache.record(&hash).is_ok(), "a damaged artifact is replaced");
    }

    #[test]
    fn an_output_that_was_not_written_is_named() {
        let root = tempfile::tempdir().unwrap();
        let outputs = [Output { name: "result".into(), kind: Kind::Report }];
        assert_eq!(Cache::measure(root.path(), &outputs).unwrap(), Err("result".to_owned()));
    }

    #[test]
    fn a_second_run_is_told_who_has_the_cache() {
        let root = tempfile::tempdir().unwrap();
        let (one, other) = (Cache::open(root.path()).unwrap(), Cache::open(root.path()).unwrap());
        let lock = one.lock().unwrap();
        let error = other.lock().err().unwrap().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(lock);
        fs::create_dir_all(root.path().join("tmp/7/half-written")).unwrap();
        let _lock = other.lock().unwrap();
        assert_eq!(fs::read_dir(root.path().join("tmp")).unwrap().count(), 0);
    }
}
