//! Why a stage runs (again), as a type and in words.

use std::fmt;

use pipeline::fingerprint::{Change, Fingerprint};
use serde::Serialize;

/// One reason why a stage is out of date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// It has never run in this cache.
    NeverRun,
    /// The name now stands for another stage.
    StageChanged(Values),
    /// A parameter has another value.
    ParameterChanged {
        /// The parameter.
        name: String,
        /// Its values.
        #[serde(flatten)]
        values: Values,
    },
    /// What an input reads has other content or comes from elsewhere.
    InputChanged {
        /// The input.
        port: String,
        /// Where it comes from now, as STAGE.OUTPUT; none if it is no longer connected.
        from: Option<String>,
    },
    /// The code of the stage, or of something that it uses, is another.
    CodeChanged,
    /// An input file has other content, is new or is no longer named.
    SourceChanged {
        /// The file.
        path: String,
        /// What happened to it: `changed`, `added` or `removed`.
        change: &'static str,
    },
    /// The layout of tables is another version.
    LayoutChanged(Values),
    /// Another engine runs it.
    EngineChanged(Values),
    /// Its artifact was removed.
    ArtifactGone,
    /// Its artifact is incomplete.
    ArtifactDamaged {
        /// What is wrong with it.
        what: String,
    },
    /// What it wrote outside its artifact, such as into the store, is no longer there.
    EffectGone,
    /// The command line asks for it.
    Forced,
    /// A stage that it reads from runs first; whether it then runs depends on what that writes.
    Waiting {
        /// The stage.
        upstream: String,
    },
}

/// A value before and now, as JSON; `none` where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Values {
    /// Before.
    pub before: String,
    /// Now.
    pub now: String,
}

impl fmt::Display for Values {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{} -> {}", self.before, self.now)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::NeverRun => formatter.write_str("never run"),
            Self::StageChanged(values) => write!(formatter, "stage changed: {values}"),
            Self::ParameterChanged { name, values } => write!(formatter, "params changed: {name} {values}"),
            Self::InputChanged { port, from: Some(from) } => write!(formatter, "input changed: {port} (from {from})"),
            Self::InputChanged { port, from: None } => {
                write!(formatter, "input changed: {port} is no longer connected")
            }
            Self::CodeChanged => formatter.write_str("code changed: the stage or a crate that it uses"),
            Self::SourceChanged { path, change } => write!(formatter, "file {change}: {path}"),
            Self::LayoutChanged(values) => write!(formatter, "layout of tables changed: {values}"),
            Self::EngineChanged(values) => write!(formatter, "engine changed: {values}"),
            Self::ArtifactGone => formatter.write_str("artifact removed"),
            Self::ArtifactDamaged { what } => write!(formatter, "artifact damaged: {what}"),
            Self::EffectGone => {
                formatter.write_str("store changed: what this stage wrote to it or read from it may be gone")
            }
            Self::Forced => formatter.write_str("forced on the command line"),
            Self::Waiting { upstream } => write!(formatter, "waits for {upstream}, whose output may change"),
        }
    }
}

/// What changed between two fingerprints of a stage, one reason a cause.
pub fn reasons(now: &Fingerprint, before: &Fingerprint) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    for change in now.changes(before) {
        let reason = reason(change, now, before);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

fn reason(change: Change, now: &Fingerprint, before: &Fingerprint) -> Reason {
    let values = Values { before: change.before, now: change.now };
    let (head, rest) = change.part.split_once('.').unwrap_or((&change.part, ""));
    match head {
        "params" => Reason::ParameterChanged { name: rest.to_owned(), values },
        "inputs" => {
            let port = rest.split('.').next().unwrap_or(rest).to_owned();
            let from =
                now.inputs.get(&port).map(|hashes| hashes.iter().map(|hash| hash.from.as_str()).collect::<Vec<_>>());
            Reason::InputChanged { from: from.map(|from| from.join(", ")), port }
        }
        "sources" => {
            let change = match (before.sources.contains_key(rest), now.sources.contains_key(rest)) {
                (false, true) => "added",
                (true, false) => "removed",
                _ => "changed",
            };
            Reason::SourceChanged { path: rest.to_owned(), change }
        }
        "schema_version" => Reason::LayoutChanged(values),
        "engine" => Reason::EngineChanged(values),
        "code" => Reason::CodeChanged,
        _ => Reason::StageChanged(values),
    }
}

#[cfg(test)]
mod tests {
    use pipeline::fingerprint::InputHash;
    use serde_json::json;

    use super::*;

    fn fingerprint() -> Fingerprint {
        let mut fingerprint =
            Fingerprint::new("train-cf", "c0", json!({"factors": 32, "ks": [5, 10], "cf": {"seed": 1}}));
        let input = |from: &str| InputHash { from: from.into(), hash: "00".into() };
        fingerprint.inputs.insert("train".into(), vec![input("preprocess.train")]);
        fingerprint.inputs.insert("models".into(), vec![input("a.model"), input("b.model")]);
        fingerprint.sources.insert("data/a.json".into(), "00".into());
        fingerprint
    }

    #[test]
    fn every_change_has_its_words() {
        let before = fingerprint();
        let mut now = fingerprint();
        now.params = json!({"factors": 64, "ks": [5], "cf": {"seed": 2}});
        now.inputs.insert("train".into(), vec![InputHash { from: "preprocess.train".into(), hash: "01".into() }]);
        now.inputs.get_mut("models").unwrap().remove(0);
        now.sources = [("data/b.json".to_owned(), "00".to_owned())].into();
        now.code = "c1".into();
        now.schema_version += 1;
        let text: Vec<String> = reasons(&now, &before).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!("reasons", text.join("\n"));
        assert!(reasons(&before, &before).is_empty());
    }
}
