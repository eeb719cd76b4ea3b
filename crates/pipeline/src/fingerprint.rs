//! What decides a stage's output, and its hash.
//!
//! | part | what is hashed |
//! |---|---|
//! | `stage`, `code` | name of the registered stage; its sources and those of the crates it uses |
//! | `name`, `pipeline` | the stage's name in the pipeline file, and the pipeline's: a stage can read both |
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
    io::Read,
    mem,
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
    /// Name of the stage in the pipeline file.
    #[serde(default)]
    pub name: String,
    /// Name of the pipeline.
    #[serde(default)]
    pub pipeline: String,
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
            name: String::new(),
            pipeline: String::new(),
            code: code.to_owned(),
            params,
            inputs: BTreeMap::new(),
            sources: BTreeMap::new(),
            schema_version: SCHEMA_VERSION,
            engine: "embedded".to_owned(),
        }
    }

    /// The hash: 32 hexadecimal digits of BLAKE3 over the parts as JSON, keys of maps in order.
    ///
    /// # Panics
    /// Never: the struct is plain data.
    pub fn hash(&self) -> String {
        let mut value = serde_json::to_value(self).expect("a fingerprint is plain data");
        // Whether maps keep the order of insertion depends on what else is built into the program.
        value.sort_all_objects();
        short(&blake3::hash(value.to_string().as_bytes()))
    }

    /// What changed from `before` to `self`, part by part.
    ///
    /// # Panics
    /// Never: the struct is plain data.
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

/// Bytes that are hashed at once, by all threads.
const PIECE_BYTES: u64 = 4 << 20;

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
        let mut file = File::open(path).map_err(Error::io("open", path))?;
        // Read, not mapped: a mapped file that another program cuts short would kill this one.
        let mut read = |mut piece: Vec<u8>| {
            piece.clear();
            (&mut file).take(PIECE_BYTES).read_to_end(&mut piece).map_err(Error::io("read", path)).map(|_| piece)
        };
        let (mut piece, mut spare) = (read(Vec::new())?, Vec::new());
        while !piece.is_empty() {
            let (_, next) = rayon::join(|| hasher.update_rayon(&piece), || read(spare));
            spare = mem::replace(&mut piece, next?);
        }
        Ok(())
    }
}

/// Short form of a content hash: 32 hexadecimal digits.
fn short(hash: &blake3::Hash) -> String {
    hash.as_bytes()[..16].iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_is_no_change() {
        let one: Value = serde_json::from_str(r#"{"a": 1, "b": {"c": 2, "d": 3}}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"b": {"d": 3, "c": 2}, "a": 1}"#).unwrap();
        assert_eq!(Fingerprint::new("s", "c", one).hash(), Fingerprint::new("s", "c", other).hash());
    }

    #[test]
    fn changes_name_the_part_with_both_values() {
        let before = Fingerprint::new("s", "c", json!({"factors": 32, "old": 1}));
        let mut now = Fingerprint::new("s", "c", json!({"factors": 64}));
        now.sources.insert("a.b/c".into(), "00".into());
        let parts: Vec<_> = now.changes(&before).into_iter().map(|c| (c.part, c.before, c.now)).collect();
        let expected =
            [("params.factors", "32", "64"), ("params.old", "1", "none"), ("sources.a.b/c", "none", "\"00\"")];
        assert_eq!(parts, expected.map(|(part, before, now)| (part.into(), before.into(), now.into())));
    }

    #[test]
    fn a_folder_is_hashed_by_names_and_contents() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/a"), "1").unwrap();
        let first = hash_path(folder.path()).unwrap();
        fs::rename(folder.path().join("sub/a"), folder.path().join("sub/b")).unwrap();
        let renamed = hash_path(folder.path()).unwrap();
        fs::rename(folder.path().join("sub/b"), folder.path().join("sub/a")).unwrap();
        assert_ne!(first, renamed);
        assert_eq!(first, hash_path(folder.path()).unwrap());
        fs::write(folder.path().join("sub/a"), "2").unwrap();
        assert_ne!(first, hash_path(folder.path()).unwrap());
    }

    proptest! {
        #[test]
        fn the_hash_changes_if_and_only_if_a_part_does(one in parts(), other in parts()) {
            let (one, other) = (fingerprint(one), fingerprint(other));
            prop_assert_eq!(one == other, one.hash() == other.hash());
            prop_assert_eq!(one == other, one.changes(&other).is_empty());
        }
    }

    /// Few values each, so that equal fingerprints come up as well as different ones.
    fn parts() -> impl Strategy<Value = [u8; 6]> {
        prop::array::uniform6(0_u8..2)
    }

    fn fingerprint([stage, name, code, param, input, source]: [u8; 6]) -> Fingerprint {
        let mut fingerprint = Fingerprint::new(&stage.to_string(), &code.to_string(), json!({"x": param}));
        fingerprint.name = name.to_string();
        let input = InputHash { from: "a.b".into(), hash: input.to_string() };
        fingerprint.inputs.insert("in".into(), vec![input]);
        fingerprint.sources.insert("file".into(), source.to_string());
        fingerprint
    }
}
