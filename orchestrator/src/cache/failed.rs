//! What is kept of a stage that failed: the rows that it rejected, so that its user can look at them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pipeline::{Kind, TableReader};

use super::Cache;
use crate::{Error, plan::Output};

impl Cache {
    /// Where the rejects of a stage are whose last run failed; there is nothing if it did not.
    pub fn failed(&self, pipeline: &str, stage: &str) -> PathBuf {
        self.root.join("failed").join(pipeline).join(stage)
    }

    /// Keeps the Rejects tables among the outputs that a failed stage left in `folder`, as far as they
    /// are whole. The lock must be held.
    pub fn keep_failed(&self, pipeline: &str, stage: &str, folder: &Path, outputs: &[Output]) -> Result<(), Error> {
        self.forget_failed(pipeline, stage)?;
        let target = self.failed(pipeline, stage);
        for output in outputs.iter().filter(|output| output.kind == Kind::Rejects) {
            let path = folder.join(output.file_name());
            if TableReader::open(&path, Kind::Rejects).is_ok_and(|table| table.rows() > 0) {
                fs::create_dir_all(&target).map_err(Error::cache("create folder", &target))?;
                fs::rename(&path, target.join(output.file_name())).map_err(Error::cache("keep", &path))?;
            }
        }
        Ok(())
    }

    /// Removes what was kept of an earlier run of a stage. The lock must be held.
    pub fn forget_failed(&self, pipeline: &str, stage: &str) -> Result<(), Error> {
        remove(&self.failed(pipeline, stage))
    }

    /// Removes what was kept of all stages. The lock must be held.
    pub fn forget_all_failed(&self) -> Result<(), Error> {
        remove(&self.root.join("failed"))
    }

    /// Forgets what trials of tuning gave. The lock must be held.
    pub fn forget_trials(&self) -> Result<(), Error> {
        remove(&self.tuning())
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    if path.exists() { fs::remove_dir_all(path).map_err(Error::cache("remove", path)) } else { Ok(()) }
}
