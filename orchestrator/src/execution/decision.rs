//! Whether a stage is out of date, and why.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use pipeline::{
    Input,
    fingerprint::{Fingerprint, InputHash},
};

use serde_json::Value;
use storage::without_password;

use super::reason::{Reason, reasons};
use crate::{
    cache::{Cache, LastRun, Record, SourceHashes, Unusable},
    plan::{PlannedStage, Work},
};

/// Code hash of commands; raised when the way in which they are run changes what they write.
const COMMAND_CODE: &str = "command-1";

/// An artifact that is connected to an input, with its content hash.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Where it comes from and where it lies.
    pub input: Input,
    /// Content hash.
    pub hash: String,
}

/// Artifacts by input port.
pub type Inputs = BTreeMap<String, Vec<Resolved>>;

/// What is needed to decide about a stage.
#[derive(Clone, Copy)]
pub struct Decider<'a> {
    /// Name of the pipeline.
    pub pipeline: &'a str,
    /// The artifacts.
    pub cache: &'a Cache,
    /// Hashes of input files.
    pub sources: &'a SourceHashes,
    /// The last run of the stage, if there was one.
    pub last: Option<&'a LastRun>,
    /// Whether the command line wants it to run whatever is there.
    pub forced: bool,
}

/// A stage's fingerprint and how it stands.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The fingerprint.
    pub fingerprint: Fingerprint,
    /// Its hash.
    pub hash: String,
    /// Whether there is something to do.
    pub standing: Standing,
}

/// The parameters with passwords in URLs replaced: a fingerprint is kept on disk and told in logs, and
/// another password for the same store changes nothing that the stage writes.
fn without_passwords(params: &Value) -> Value {
    match params {
        Value::String(text) if text.contains("://") && text.contains('@') => without_password(text).into(),
        Value::Array(values) => values.iter().map(without_passwords).collect(),
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), without_passwords(value))).collect(),
        other => other.clone(),
    }
}

/// Whether there is something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Its artifact is there and whole.
    Cached(Box<Record>),
    /// It has to run.
    Stale(Vec<Reason>),
}

impl Decider<'_> {
    /// Decides about a stage whose inputs are known.
    pub fn decide(&self, stage: &PlannedStage, inputs: &Inputs) -> anyhow::Result<Decision> {
        let fingerprint = self.fingerprint(stage, inputs)?;
        let hash = fingerprint.hash();
        let standing = self.standing(stage, &fingerprint, &hash)?;
        Ok(Decision { fingerprint, hash, standing })
    }

    /// Everything that decides the stage's output.
    pub fn fingerprint(&self, stage: &PlannedStage, inputs: &Inputs) -> anyhow::Result<Fingerprint> {
        let code = match &stage.work {
            Work::Registered(_, code) => code,
            Work::Command => COMMAND_CODE,
        };
        let mut fingerprint = Fingerprint::new(stage.stage(), code, without_passwords(&stage.params));
        stage.name.clone_into(&mut fingerprint.name);
        self.pipeline.clone_into(&mut fingerprint.pipeline);
        for (port, resolved) in inputs {
            let hash = |one: &Resolved| InputHash {
                from: format!("{}.{}", one.input.stage, one.input.port),
                hash: one.hash.clone(),
            };
            fingerprint.inputs.insert(port.clone(), resolved.iter().map(hash).collect());
        }
        for path in source_files(stage)? {
            let hash = self.sources.hash(&path)?;
            fingerprint.sources.insert(path.to_string_lossy().into_owned(), hash);
        }
        Ok(fingerprint)
    }

    fn standing(&self, stage: &PlannedStage, fingerprint: &Fingerprint, hash: &str) -> anyhow::Result<Standing> {
        if self.forced {
            return Ok(Standing::Stale(vec![Reason::Forced]));
        }
        let record = match self.cache.record(hash) {
            Ok(record) => record,
            Err(Unusable::Damaged(what)) => return Ok(Standing::Stale(vec![Reason::ArtifactDamaged { what }])),
            Err(Unusable::Missing) => return Ok(Standing::Stale(self.why(fingerprint))),
        };
        let is_in_place = match &stage.work {
            Work::Registered(entry, _) => (entry.is_in_place)(&stage.params, hash)?,
            Work::Command => true,
        };
        Ok(if is_in_place { Standing::Cached(Box::new(record)) } else { Standing::Stale(vec![Reason::EffectGone]) })
    }

    /// Why there is no artifact of this fingerprint.
    pub fn why(&self, now: &Fingerprint) -> Vec<Reason> {
        let Some(last) = self.last else { return vec![Reason::NeverRun] };
        let reasons = reasons(now, &last.fingerprint);
        if reasons.is_empty() { vec![Reason::ArtifactGone] } else { reasons }
    }
}

/// The files outside the pipeline that a stage reads.
pub fn source_files(stage: &PlannedStage) -> anyhow::Result<Vec<PathBuf>> {
    match &stage.work {
        Work::Registered(entry, _) => (entry.sources)(&stage.params),
        Work::Command => Ok(stage.sources.clone()),
    }
}

/// The input artifacts of a stage, from the records of those that it reads from.
///
/// `upstream` gives the fingerprint's hash and the record of a stage by position, and `can_do_without` says of an input
/// whether it is left out where there is none.
pub fn resolve<'a>(
    stage: &PlannedStage,
    names: impl Fn(usize) -> &'a str,
    upstream: impl Fn(usize) -> Option<(&'a str, &'a Record)>,
    artifact: impl Fn(&str) -> PathBuf,
    can_do_without: impl Fn(&str) -> bool,
) -> Option<Inputs> {
    let mut inputs = Inputs::new();
    for (port, connections) in &stage.inputs {
        for connection in connections {
            let Some((fingerprint, record)) = upstream(connection.stage) else {
                if can_do_without(port) {
                    continue;
                }
                return None;
            };
            let output = record.outputs.get(&connection.port)?;
            let path = artifact(fingerprint).join(Path::new(&output.file));
            let input = Input { stage: names(connection.stage).to_owned(), port: connection.port.clone(), path };
            inputs.entry(port.clone()).or_default().push(Resolved { input, hash: output.hash.clone() });
        }
    }
    Some(inputs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fingerprints_hold_no_password() {
        let params = json!({"store": "mongodb://me:secret@h:1/shop", "mail": "me@here", "seed": 1});
        let expected = json!({"store": "mongodb://me:***@h:1/shop", "mail": "me@here", "seed": 1});
        assert_eq!(without_passwords(&params), expected);
    }
}
