//! JSON and other whole-file artifacts.

use std::{fs, path::Path};

use serde::{Serialize, de::DeserializeOwned};

use crate::Error;

/// Reads a JSON artifact.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|source| Error::Json { path: path.to_owned(), source })
}

/// Writes a JSON artifact, indented, with a final line break.
///
/// # Panics
/// If the value cannot be JSON (a map whose keys are not strings).
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("artifacts are plain structs");
    bytes.push(b'\n');
    write_file(path, &bytes)
}

/// Writes a file as a whole.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(Error::io("write", path))
}
