//! Content hashes of input files, and a memory of them that only spares hashing an unchanged file.
//!
//! A file counts as unchanged if size, inode, time of modification and time of status change are all
//! the same and lie far enough back that a change within the clock's tick cannot hide.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{SystemTime, UNIX_EPOCH},
};

use pipeline::fingerprint::hash_path;
use serde::{Deserialize, Serialize};

use super::{Cache, durable};
use crate::Error;

/// Seconds that a file must have been left alone before its hash is remembered.
const SETTLED_S: i64 = 2;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    size: u64,
    inode: u64,
    modified_ns: i128,
    changed_ns: i128,
    hash: String,
}

/// Hashes of input files.
pub struct SourceHashes {
    file: PathBuf,
    known: Mutex<BTreeMap<String, Known>>,
}

impl SourceHashes {
    /// What earlier runs remembered; nothing if that cannot be read.
    pub fn open(cache: &Cache) -> Self {
        let file = cache.root().join("sources.json");
        let known = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { file, known: Mutex::new(known) }
    }

    /// Content hash of a file or folder.
    pub fn hash(&self, path: &Path) -> Result<String, Error> {
        let metadata = fs::metadata(path).map_err(Error::cache("read input file", path))?;
        if metadata.is_dir() {
            return Ok(hash_path(path)?);
        }
        let absolute = path.canonicalize().map_err(Error::cache("read input file", path))?;
        let found = describe(&metadata, String::new());
        // A path that is no Unicode text is hashed each time: the memory is a JSON file.
        let Some(key) = absolute.to_str() else { return Ok(hash_path(path)?) };
        let known = self.known.lock().expect("no holder of the lock panics").get(key).cloned();
        if let Some(known) = known.filter(|known| Known { hash: String::new(), ..known.clone() } == found) {
            return Ok(known.hash);
        }
        let hash = hash_path(path)?;
        if is_settled(&metadata) {
            let known = Known { hash: hash.clone(), ..found };
            self.known.lock().expect("no holder of the lock panics").insert(key.to_owned(), known);
        }
        Ok(hash)
    }

    /// Remembers the hashes for later runs. The lock of the cache must be held.
    pub fn save(&self, cache: &Cache) -> Result<(), Error> {
        let mut known = self.known.lock().expect("no holder of the lock panics");
        known.retain(|path, _| Path::new(path).exists());
        let bytes = serde_json::to_vec_pretty(&*known).expect("a map of texts and numbers is valid JSON");
        durable::write(&self.file, &cache.temporary()?.join("sources.json"), &bytes)
    }
}

fn describe(metadata: &fs::Metadata, hash: String) -> Known {
    let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    Known {
        size: metadata.len(),
        inode: metadata.ino(),
        modified_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        changed_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        hash,
    }
}

fn is_settled(metadata: &fs::Metadata) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs().cast_signed());
    now - metadata.mtime().max(metadata.ctime()) > SETTLED_S
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_same_size_is_seen_at_once() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        let hashes = SourceHashes::open(&cache);
        let file = root.path().join("file");
        fs::write(&file, "one").unwrap();
        let first = hashes.hash(&file).unwrap();
        fs::write(&file, "two").unwrap();
        assert_ne!(first, hashes.hash(&file).unwrap());
        fs::write(&file, "one").unwrap();
        assert_eq!(first, hashes.hash(&file).unwrap());
    }

    #[test]
    fn a_remembered_hash_is_used_only_for_the_very_same_file() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::open(root.path()).unwrap();
        let _lock = cache.lock().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "one").unwrap();
        let known = describe(&fs::metadata(&file).unwrap(), "remembered".into());
        let hashes = SourceHashes::open(&cache);
        hashes.known.lock().unwrap().insert(file.canonicalize().unwrap().to_str().unwrap().to_owned(), known);
        hashes.save(&cache).unwrap();
        let again = SourceHashes::open(&cache);
        assert_eq!(again.hash(&file).unwrap(), "remembered");
        fs::rename(&file, root.path().join("old")).unwrap();
        fs::write(&file, "one").unwrap();
        assert_ne!(again.hash(&file).unwrap(), "remembered");
    }
}
