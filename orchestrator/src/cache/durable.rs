//! Files and folders that survive a power cut: written, synchronised, then renamed into place.

use std::{
    fs::{self, File},
    path::Path,
};

use crate::Error;

/// Writes a file so that either the old or the new content is there whatever happens.
pub fn write(path: &Path, temporary: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(temporary, bytes).map_err(Error::cache("write", temporary))?;
    sync(temporary)?;
    fs::rename(temporary, path).map_err(Error::cache("write", path))?;
    path.parent().map_or(Ok(()), sync)
}

/// Waits until a file or folder itself, not what is below it, is on disk.
pub fn sync(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|file| file.sync_all()).map_err(Error::cache("synchronise", path))
}

/// Waits until a folder and everything below it is on disk.
pub fn sync_all(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(Error::cache("read folder", path))? {
            sync_all(&entry.map_err(Error::cache("read folder", path))?.path())?;
        }
    }
    sync(path)
}

/// Bytes of a file, or of all files below a folder.
pub fn size(path: &Path) -> Result<u64, Error> {
    let metadata = fs::symlink_metadata(path).map_err(Error::cache("read", path))?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    let entries = fs::read_dir(path).map_err(Error::cache("read folder", path))?;
    entries.map(|entry| size(&entry.map_err(Error::cache("read folder", path))?.path())).sum()
}
