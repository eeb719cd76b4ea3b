//! A file that is being fetched: `NAME.part` with what came so far, and beside it `NAME.part.json`,
//! which tells of which version of the file that is.
//!
//! The description is written before the first byte, so what stands in the part always belongs to the
//! version that stands beside it; a process may be killed at any moment.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::failure::FetchError;

/// One version of a file on a server, as far as the server describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its strong entity tag, quotation marks included.
    pub etag: Option<String>,
    /// When it was changed, as the server writes it.
    pub last_modified: Option<String>,
    /// Bytes of the whole file.
    pub total: Option<u64>,
    /// Checksums of the whole file in hexadecimal digits, by algorithm.
    pub checksums: BTreeMap<String, String>,
}

impl Version {
    /// What a request names so that only the rest of this very version is sent.
    pub fn validator(&self) -> Option<&str> {
        self.etag.as_deref().or(self.last_modified.as_deref())
    }

    /// Whether nothing tells the two apart.
    pub fn may_equal(&self, other: &Self) -> bool {
        fn fits<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.zip(other).is_none_or(|(one, other)| one == other)
        }
        fits(self.etag.as_ref(), other.etag.as_ref())
            && fits(self.last_modified.as_ref(), other.last_modified.as_ref())
            && fits(self.total.as_ref(), other.total.as_ref())
    }
}

#[derive(Serialize, Deserialize)]
struct Description {
    url: String,
    version: Version,
}

/// A file that is being fetched; other processes are kept from it.
pub struct Part {
    target: PathBuf,
    url: String,
    file: File,
    version: Version,
    length: u64,
}

impl Part {
    /// The part that will become `target`, with what an earlier process left of the same address.
    pub fn open(target: &Path, url: &str) -> Result<Self, FetchError> {
        let path = beside(target, ".part");
        let open = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open.map_err(FetchError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FetchError::Busy { path }),
            Err(TryLockError::Error(source)) => return Err(FetchError::Io { action: "lock", path, source }),
        }
        let described = fs::read(beside(target, ".part.json")).ok();
        let described = described.and_then(|bytes| serde_json::from_slice::<Description>(&bytes).ok());
        let length = file.seek(SeekFrom::End(0)).map_err(FetchError::io("read", &path))?;
        let mut part =
            Self { target: target.to_owned(), url: url.to_owned(), file, version: Version::default(), length };
        match described.filter(|description| description.url == url) {
            Some(description) if description.version.total.is_none_or(|total| length <= total) => {
                part.version = description.version;
            }
            _ => part.begin(Version::default())?,
        }
        Ok(part)
    }

    /// Throws away what came so far and begins anew with a version.
    pub fn begin(&mut self, version: Version) -> Result<(), FetchError> {
        let path = self.path();
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map_err(FetchError::io("empty", &path))?;
        (self.length, self.version) = (0, version);
        let description = Description { url: self.url.clone(), version: self.version.clone() };
        let bytes = serde_json::to_vec_pretty(&description).expect("a description is plain data");
        let (path, fresh) = (beside(&self.target, ".part.json"), beside(&self.target, ".part.json.new"));
        fs::write(&fresh, bytes).map_err(FetchError::io("write", &fresh))?;
        fs::rename(&fresh, &path).map_err(FetchError::io("write", &path))
    }

    /// Appends bytes.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).map_err(FetchError::io("write", self.path()))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Where it stands.
    pub fn path(&self) -> PathBuf {
        beside(&self.target, ".part")
    }

    /// Bytes that came so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The version of which they are.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Whether all bytes are there, as far as their number is known.
    pub fn is_complete(&self) -> bool {
        self.version.total == Some(self.length)
    }

    /// Makes it the file that it was to become, safe on disk.
    pub fn finish(self) -> Result<(), FetchError> {
        let path = self.path();
        self.file.sync_all().map_err(FetchError::io("write", &path))?;
        fs::rename(&path, &self.target).map_err(FetchError::io("write", &self.target))?;
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(FetchError::io("write", folder))?;
        remove(&beside(&self.target, ".part.json"))
    }

    /// Removes it.
    pub fn discard(self) -> Result<(), FetchError> {
        remove(&beside(&self.target, ".part.json"))?;
        remove(&self.path())
    }
}

fn remove(path: &Path) -> Result<(), FetchError> {
    fs::remove_file(path).map_err(FetchError::io("remove", path))
}

fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(target);
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://localhost/a.gz";

    fn tagged(etag: &str) -> Version {
        Version { etag: Some(etag.to_owned()), total: Some(6), ..Version::default() }
    }

    #[test]
    fn what_came_is_found_again_by_the_same_address_only() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.gz");
        let mut part = Part::open(&target, URL).unwrap();
        part.begin(tagged("\"1\"")).unwrap();
        part.append(b"abc").unwrap();
        assert!(matches!(Part::open(&target, URL), Err(FetchError::Busy { .. })), "it is locked");
        drop(part);
        let mut part = Part::open(&target, URL).unwrap();
        assert_eq!((part.length(), part.version().validator(), part.is_complete()), (3, Some("\"1\""), false));
        part.append(b"def").unwrap();
        assert!(part.is_complete());
        part.finish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"abcdef");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        let mut part = Part::open(&target, URL).unwrap();
        part.begin(tagged("\"1\"")).unwrap();
        part.append(b"abc").unwrap();
        drop(part);
        assert_eq!(Part::open(&target, "http://localhost/b.gz").unwrap().length(), 0);
    }

    #[test]
    fn a_part_without_a_fitting_description_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.gz");
        for description in ["", "{", &serde_json::json!({"url": URL, "version": tagged("\"1\"")}).to_string()] {
            fs::write(folder.path().join("a.gz.part"), "longer than 6").unwrap();
            fs::write(folder.path().join("a.gz.part.json"), description).unwrap();
            assert_eq!(Part::open(&target, URL).unwrap().length(), 0, "{description}");
        }
    }

    #[test]
    fn versions_differ_only_by_what_both_tell() {
        let bare = Version::default();
        assert!(tagged("\"1\"").may_equal(&bare) && bare.may_equal(&tagged("\"1\"")));
        assert!(!tagged("\"1\"").may_equal(&tagged("\"2\"")));
        assert!(!tagged("\"1\"").may_equal(&Version { total: Some(7), ..Version::default() }));
    }
}
