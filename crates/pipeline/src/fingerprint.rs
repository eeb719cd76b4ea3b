//! What decides a stage's output, and its hash.
//!
//! | part | what is hashed |
//! |---|---|
//! | `stage`, `code` | name of the registered stage; its sources and those of the crates it uses |
//! | `params` | canonical parameters, defaults filled in |
//! | `inputs` | content hash of each connected artifact, by port, in order, with its stage's name |
//! | `sources` | content hash of each file from outside the pipeline |
//! | `schema_version`, `engine` | layout of the tables; the engine that runs the stage |
//!
//! Modification times are no part of it. The orchestrator may use them to spare re-hashing a file
//! that it hashed before, never to decide that content is the same.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    path::Path,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, schema::SCHEMA_VERSION};

/// Everything that decides the output of a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Name of the registered stage, or `command`.
    pub stage: String,
    /// Hash of the stage's own code and of the workspace crates that it uses.
    pub code: String,
    /// Canonical parameters.
    pub params: Value,
    /// Connected artifacts by input port.
    pub inputs: BTreeMap<String, Vec<InputHash>>,
    /// Content hash of each file from outside, by path.
    pub sources: BTreeMap<String, String>,
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// The engine that runs the stage.
    pub engine: String,
}

/// A connected artifact and its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputHash {
    /// The stage that wrote it and its output port, as in `pipeline.yaml`.
    pub from: String,
    /// Content hash.
    pub hash: String,
}

/// One part in which two fingerprints differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Change {
    /// Which part, such as `params.factors`.
    pub part: String,
    /// Value before, or `none`.
    pub before: String,
    /// Value now, or `none`.
    pub now: String,
}

impl Fingerprint {
    /// A fingerprint of this program's schema version and engine.
    pub fn new(stage: &str, code: &str, params: Value) -> Self {
        Self {
            stage: stage.to_owned(),
            code: code.to_owned(),
            params,
            inputs: BTreeMap::new(),
            sources: BTreeMap::new(),
            schema_version: SCHEMA_VERSION,
            engine: "embedded".to_owned(),
        }
    }

    /// The hash: 32 hexadecimal digits of BLAKE3.
    ///
    /// # Panics
    /// Never: the struct is plain data.
    pub fn hash(&self) -> String {
        let bytes = serde_json::to_vec(self).expect("a fingerprint is plain data");
        short(&blake3::hash(&bytes))
    }

    /// What changed from `before` to `self`, part by part.
    pub fn changes(&self, before: &Self) -> Vec<Change> {
        let flat = |fingerprint: &Self| {
            let mut parts = BTreeMap::new();
            let value = serde_json::to_value(fingerprint).expect("a fingerprint is plain data");
            flatten("", &value, &mut parts);
            parts
        };
        let (old, new) = (flat(before), flat(self));
        let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let text = |parts: &BTreeMap<String, String>, name: &String| {
            parts.get(name).cloned().unwrap_or_else(|| "none".to_owned())
        };
        names
            .into_iter()
            .filter(|name| old.get(*name) != new.get(*name))
            .map(|name| Change { part: name.clone(), before: text(&old, name), now: text(&new, name) })
            .collect()
    }
}

fn flatten(path: &str, value: &Value, parts: &mut BTreeMap<String, String>) {
    let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| flatten(&join(name), value, parts)),
        Value::Array(values) if values.iter().any(Value::is_object) => {
            values.iter().enumerate().for_each(|(index, value)| flatten(&join(&index.to_string()), value, parts));
        }
        other => {
            parts.insert(path.to_owned(), other.to_string());
        }
    }
}

/// Content hash of a file or, for a folder, of the names and contents below it.
pub fn hash_path(path: &Path) -> Result<String, Error> {
    let mut hasher = blake3::Hasher::new();
    hash_into(&mut hasher, path)?;
    Ok(short(&hasher.finalize()))
}

fn hash_into(hasher: &mut blake3::Hasher, path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        let mut names = Vec::new();
        for entry in fs::read_dir(path).map_err(Error::io("read folder", path))? {
            names.push(entry.map_err(Error::io("read folder", path))?.file_name());
        }
        names.sort();
        for name in names {
            let mut part = blake3::Hasher::new();
            hash_into(&mut part, &path.join(&name))?;
            hasher.update(name.as_encoded_bytes()).update(&[0]).update(part.finalize().as_bytes());
        }
        Ok(())
    } else {
        let file = File::open(path).map_err(Error::io("open", path))?;
        hasher.update_reader(file).map_err(Error::io("read", path))?;
        Ok(())
    }
}

fn short(hash: &blake3::Hash) -> String {
    hash.as_bytes()[..16].iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
