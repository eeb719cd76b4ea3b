//! How parameters are to be tuned, and the file of values that tuning found.
//!
//! The pipeline file says it under `tune`. The file named there holds `stages: {NAME: {params: ...}}` and
//! is read like a part of the pipeline file: each word has its place, and faults are collected.

use super::{
    Entry, Fault, Node, NodeValue, Place, Word, nearest::did_you_mean, pipeline::text_of, pipeline::unknown_keys,
};

const KEYS: [&str; 5] = ["file", "metric", "trials", "seed", "on_run"];

/// The metric that is raised if the pipeline names none.
pub const METRIC: &str = "ndcg@10";
/// How many sets of parameters are tried for a stage if the pipeline does not say.
pub const TRIALS: u32 = 30;
/// The seed if the pipeline gives none.
pub const SEED: u64 = 42;

/// What stands under `tune`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TuneAsWritten {
    /// File of the values that were found; it may not exist yet.
    pub file: Option<Word>,
    /// The metric to raise, such as `ndcg@10`.
    pub metric: String,
    /// How many sets of parameters are tried for a stage, the first being those of the pipeline.
    pub trials: u32,
    /// Decides what is tried.
    pub seed: u64,
    /// Whether `run` tunes first.
    pub on_run: bool,
}

impl Default for TuneAsWritten {
    fn default() -> Self {
        Self { file: None, metric: METRIC.to_owned(), trials: TRIALS, seed: SEED, on_run: false }
    }
}

impl TuneAsWritten {
    /// Reads the map under `tune`.
    pub fn read(node: &Node, faults: &mut Vec<Fault>) -> Self {
        let mut tune = Self::default();
        if !matches!(node.value, NodeValue::Map(_)) {
            let message = format!("`tune` is {}; expected a map, such as {{file: tuned/shop.yaml}}", node.kind());
            faults.push(Fault::new(message).at(node.place));
            return tune;
        }
        unknown_keys(node.entries(), &KEYS, "key of `tune`", faults);
        tune.file = node.get("file").and_then(|node| text_of(node, "`file`", faults));
        if let Some(metric) = node.get("metric").and_then(|node| text_of(node, "`metric`", faults)) {
            tune.metric = metric.text;
        }
        if let Some(trials) = node.get("trials").and_then(|node| trials(node, faults)) {
            tune.trials = trials;
        }
        if let Some(node) = node.get("seed") {
            match node.to_value().as_u64() {
                Some(seed) => tune.seed = seed,
                None => faults.push(expected("`seed`", "a whole number of 0 or more", node)),
            }
        }
        if let Some(node) = node.get("on_run") {
            match node.value {
                NodeValue::Bool(on_run) => tune.on_run = on_run,
                _ => faults.push(expected("`on_run`", "true or false", node)),
            }
        }
        tune
    }
}

/// A number of trials.
pub fn trials(node: &Node, faults: &mut Vec<Fault>) -> Option<u32> {
    let trials =
        node.to_value().as_u64().and_then(|trials| u32::try_from(trials).ok()).filter(|trials| *trials <= 10_000);
    if trials.is_none() {
        faults.push(expected("`trials`", "a whole number from 0 to 10000", node));
    }
    trials
}

fn expected(what: &str, wanted: &str, node: &Node) -> Fault {
    Fault::new(format!("{what}: expected {wanted}, found {}", node.to_value())).at(node.place)
}

/// The file of values that tuning found.
#[derive(Debug, Default)]
pub struct Tuned(Vec<(Word, Node)>);

impl Tuned {
    /// Reads the text of such a file.
    pub fn read(text: &str, faults: &mut Vec<Fault>) -> Self {
        let root = match Node::parse(text) {
            Ok(root) => root,
            Err(fault) => {
                faults.push(fault);
                return Self::default();
            }
        };
        if !matches!(root.value, NodeValue::Map(_)) {
            let message = format!("expected a map with `stages`, found {}", root.kind());
            faults.push(Fault::new(message).at(Place { line: 1, column: 1, length: 1 }));
        }
        root.repeated_keys(faults);
        unknown_keys(root.entries(), &["stages"], "key", faults);
        let stages = root.get("stages").map_or(&[][..], Node::entries);
        Self(stages.iter().filter_map(|entry| stage(entry, faults)).collect())
    }

    /// The name of a stage as it is written, and its parameters.
    pub fn of(&self, stage: &str) -> Option<&(Word, Node)> {
        self.0.iter().find(|(name, _)| name.text == stage)
    }

    /// Complains about stages that the pipeline does not have.
    pub fn check_names(&self, known: &[&str], faults: &mut Vec<Fault>) {
        for (name, _) in self.0.iter().filter(|(name, _)| !known.contains(&name.text.as_str())) {
            let hint = did_you_mean(&name.text, known.iter().copied());
            let fault = Fault::new(format!("the pipeline has no stage `{}`{hint}", name.text)).at(name.place);
            faults.push(fault.note("remove it, or tune again"));
        }
    }
}

fn stage(entry: &Entry, faults: &mut Vec<Fault>) -> Option<(Word, Node)> {
    unknown_keys(entry.value.entries(), &["params"], &format!("key of stage `{}`", entry.key.text), faults);
    let params = entry.value.get("params")?;
    if !matches!(params.value, NodeValue::Map(_)) {
        let message = format!("`params` of stage `{}` is {}; expected a map", entry.key.text, params.kind());
        faults.push(Fault::new(message).at(params.place));
        return None;
    }
    Some((entry.key.clone(), params.clone()))
}

/// The parameters as written with those of `tuned` that are not written, and the paths of the latter.
pub fn overlaid(written: &Node, tuned: &Node) -> (Node, Vec<String>) {
    let (mut merged, mut taken) = (written.clone(), Vec::new());
    overlay(&mut merged, tuned, "", &mut taken);
    (merged, taken)
}

fn overlay(written: &mut Node, tuned: &Node, path: &str, taken: &mut Vec<String>) {
    let NodeValue::Map(entries) = &mut written.value else { return };
    for entry in tuned.entries() {
        let path = if path.is_empty() { entry.key.text.clone() } else { format!("{path}.{}", entry.key.text) };
        if let Some(found) = entries.iter_mut().find(|other| other.key.text == entry.key.text) {
            overlay(&mut found.value, &entry.value, &path, taken);
        } else {
            taken.extend(entry.value.leaves(&path));
            entries.push(entry.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_pipeline_writes_stands() {
        let written = Node::parse("{algorithm: als, factors: 8, weights: {title: 1}}").unwrap();
        let tuned = Node::parse("{factors: 64, alpha: 2, weights: {title: 3, brand: 4}, new: {a: 1, b: 2}}").unwrap();
        let (merged, taken) = overlaid(&written, &tuned);
        assert_eq!(taken, ["alpha", "weights.brand", "new.a", "new.b"]);
        assert_eq!(
            merged.to_value(),
            serde_json::json!({"algorithm": "als", "factors": 8, "alpha": 2, "weights": {"title": 1, "brand": 4},
                "new": {"a": 1, "b": 2}})
        );
    }

    #[test]
    fn every_fault_of_tune_is_told() {
        let node = Node::parse("{fiel: a.yaml, trials: -1, seed: x, on_run: 1, metric: [a]}").unwrap();
        let mut faults = Vec::new();
        TuneAsWritten::read(&node, &mut faults);
        let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(messages.len(), 5, "{messages:?}");
        assert!(messages[0].contains("did you mean `file`?"), "{messages:?}");
        assert!(messages.contains(&"`trials`: expected a whole number from 0 to 10000, found -1"), "{messages:?}");
    }
}
