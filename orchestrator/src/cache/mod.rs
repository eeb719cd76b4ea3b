//! The cache folder: artifacts, what is known of earlier runs, and the lock of the running one.
//!
//! ```text
//! .cache/artifacts/FINGERPRINT/   fingerprint.json, result.json and the outputs of one stage run
//! .cache/latest/PIPELINE/STAGE    link to the artifact of the last run, for people
//! .cache/failed/PIPELINE/STAGE    rows that the last run rejected, if it failed
//! .cache/state.json               the last fingerprint of each stage, for `explain`
//! .cache/tuning/PIPELINE/      what trials of `tune` gave, a line each, by stage
//! .cache/sources.json             hashes of input files by size and time, to spare re-hashing
//! .cache/tmp/                     what is being written; emptied when a run starts
//! .cache/lock                     held while a run writes
//! ```
//! An artifact comes into being by one rename of a folder that is already safe on disk. Deleting the
//! whole folder is always allowed: everything in it can be made again.

mod artifact;
mod durable;
mod failed;
mod sources;
mod state;

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

pub use artifact::{OutputRecord, Record, Unusable};
pub use sources::SourceHashes;
pub use state::{LastRun, State};

use crate::Error;

/// The cache folder.
pub struct Cache {
    root: PathBuf,
    numbers: AtomicU64,
    /// Artifacts that this process committed: later stages may be reading them.
    committed: Mutex<BTreeSet<String>>,
}

/// The right to write into a cache; ends when dropped or when the process dies.
pub struct Lock {
    file: File,
    temporary: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // What cannot be removed now is removed when the next run starts.
        let _ = fs::remove_dir_all(&self.temporary);
        let _ = self.file.unlock();
    }
}

impl Cache {
    /// The cache at `root`, which is made if needed.
    pub fn open(root: &Path) -> Result<Self, Error> {
        fs::create_dir_all(root.join("artifacts")).map_err(Error::cache("create folder", root))?;
        let root = root.canonicalize().map_err(Error::cache("find folder", root))?;
        Ok(Self { root, numbers: AtomicU64::new(0), committed: Mutex::default() })
    }

    /// Takes the cache for writing and removes what dead runs left half-written.
    pub fn lock(&self) -> Result<Lock, Error> {
        let path = self.root.join("lock");
        let open = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open.map_err(Error::cache("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                return Err(Error::Busy { cache: self.root.clone(), holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(Error::Cache { action: "lock", path, source }),
        }
        let write = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        write.map_err(Error::cache("write", &path))?;
        let tmp = self.root.join("tmp");
        remove_half_written(&tmp).map_err(Error::cache("remove", &tmp))?;
        fs::create_dir_all(&tmp).map_err(Error::cache("create folder", &tmp))?;
        Ok(Lock { file, temporary: tmp })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of an artifact, whether it exists or not.
    pub fn artifact(&self, fingerprint: &str) -> PathBuf {
        self.root.join("artifacts").join(fingerprint)
    }

    /// The link to a stage's last artifact.
    pub fn latest(&self, pipeline: &str, stage: &str) -> PathBuf {
        self.root.join("latest").join(pipeline).join(stage)
    }

    /// A fresh folder for something that is being written; the lock must be held.
    pub fn temporary(&self) -> Result<PathBuf, Error> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        // A stage whose program was killed may still write for a moment: never where this process does.
        let path = self.root.join("tmp").join(format!("{}-{number}", std::process::id()));
        fs::create_dir_all(&path).map_err(Error::cache("create folder", &path))?;
        Ok(path)
    }

    /// The folder of what trials of tuning gave.
    pub fn tuning(&self) -> PathBuf {
        self.root.join("tuning")
    }

    /// Fingerprints of all artifacts.
    pub fn artifacts(&self) -> Result<Vec<String>, Error> {
        let folder = self.root.join("artifacts");
        let entries = fs::read_dir(&folder).map_err(Error::cache("read folder", &folder))?;
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// Points the link of a stage to its artifact. The lock must be held.
    pub fn link_latest(&self, pipeline: &str, stage: &str, fingerprint: &str) -> Result<(), Error> {
        let link = self.latest(pipeline, stage);
        let target = Path::new("../../artifacts").join(fingerprint);
        if fs::read_link(&link).is_ok_and(|old| old == target) {
            return Ok(());
        }
        let folder = link.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(Error::cache("create folder", folder))?;
        let fresh = self.temporary()?.join("link");
        std::os::unix::fs::symlink(&target, &fresh).map_err(Error::cache("create link", &fresh))?;
        fs::rename(&fresh, &link).map_err(Error::cache("create link", &link))
    }

    /// Removes an artifact; the bytes that it took. The lock must be held.
    pub fn remove(&self, fingerprint: &str) -> Result<u64, Error> {
        let path = self.artifact(fingerprint);
        let size = durable::size(&path)?;
        // Renamed first: a half-removed artifact must never be found where a whole one is expected.
        let doomed = self.temporary()?.join("removed");
        fs::rename(&path, &doomed).map_err(Error::cache("remove", &path))?;
        fs::remove_dir_all(&doomed).map_err(Error::cache("remove", &doomed))?;
        Ok(size)
    }

    /// Removes the links whose artifact is gone. The lock must be held.
    pub fn unlink_dead(&self) -> Result<(), Error> {
        let below =
            |folder: &Path| fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        for link in below(&self.root.join("latest")).flat_map(|folder| below(&folder)) {
            if link.is_symlink() && !link.exists() {
                fs::remove_file(&link).map_err(Error::cache("remove", &link))?;
            }
        }
        Ok(())
    }
}

/// Removes a folder of half-written things, if there is one.
fn remove_half_written(folder: &Path) -> io::Result<()> {
    loop {
        match fs::remove_dir_all(folder) {
            // A stage that outlives its program made another file meanwhile; it is about to notice and end.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => return other,
        }
    }
}
