//! A pipeline file read into its parts: stages, inputs, parameters, each word with its place.

use super::{
    Entry, Fault, Node, NodeValue, Place, Variables, Word, did_you_mean, list_of,
    tuning::{TuneAsWritten, trials},
};

const VERSION: u64 = 1;
const KEYS: [&str; 5] = ["version", "name", "variables", "tune", "stages"];
const STAGE_KEYS: [&str; 10] =
    ["stage", "like", "run", "when", "inputs", "outputs", "params", "trials", "sources", "timeout"];

/// A pipeline as it is written, with variables replaced and nothing checked against the stages yet.
#[derive(Debug)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// Its variables, for the text of commands.
    pub variables: Variables,
    /// How its parameters are tuned, if it says so.
    pub tune: Option<TuneAsWritten>,
    /// Its stages, in the order of the file.
    pub stages: Vec<StageAsWritten>,
    /// Names of the stages that `when` leaves out.
    pub left_out: Vec<String>,
}

/// One stage as it is written.
#[derive(Debug)]
pub struct StageAsWritten {
    /// Its name in the pipeline.
    pub name: Word,
    /// Which registered stage it is, where that is not its name.
    pub stage: Option<Word>,
    /// The stage whose kind and parameters, tuned ones included, it has.
    pub like: Option<Word>,
    /// The command that it is instead; variables are not yet replaced here.
    pub run: Option<Word>,
    /// Whether it is part of the pipeline: false if `when` is empty, false or nothing.
    pub when: bool,
    /// Connections by input port; an empty list leaves the port open on purpose.
    pub inputs: Vec<(Word, Vec<Word>)>,
    /// Kinds by output port of a command.
    pub outputs: Vec<(Word, Word)>,
    /// Parameters; a map.
    pub params: Node,
    /// How many sets of parameters tuning tries, where that is not what `tune` says.
    pub trials: Option<u32>,
    /// Files whose content decides the output of a command.
    pub sources: Vec<Word>,
    /// After what time it is stopped.
    pub timeout: Option<Word>,
}

impl Pipeline {
    /// Reads the text of a pipeline file; `settings` are the pairs of `--set`.
    ///
    /// A part that cannot be read becomes a fault and is left out, so that the rest can be checked too.
    pub fn read(text: &str, settings: &[(String, String)], faults: &mut Vec<Fault>) -> Option<Self> {
        let mut root = match Node::parse(text) {
            Ok(root) => root,
            Err(fault) => {
                faults.push(fault);
                return None;
            }
        };
        if !matches!(root.value, NodeValue::Map(_)) {
            let message = format!("expected a map with `version`, `name` and `stages`, found {}", root.kind());
            faults.push(Fault::new(message).at(Place { line: 1, column: 1, length: 1 }));
            return None;
        }
        root.repeated_keys(faults);
        unknown_keys(root.entries(), &KEYS, "key", faults);
        check_version(&root, faults);
        let variables = Variables::read(root.get("variables"), settings, faults);
        expand_stages(&mut root, &variables, faults);
        let name = root.get("name").and_then(|node| text_of(node, "`name`", faults));
        let name = name.map_or_else(|| "pipeline".to_owned(), |word| check_name(&word, faults).text);
        let stages = root.get("stages").map_or(&[][..], Node::entries);
        if stages.is_empty() {
            faults.push(Fault::new("a pipeline needs at least one stage under `stages`").at(root.place_of("stages")));
        }
        let is_first =
            |(index, entry): &(usize, &Entry)| stages[..*index].iter().all(|other| other.key.text != entry.key.text);
        let stages = stages.iter().enumerate().filter(is_first);
        let mut stages: Vec<StageAsWritten> = stages.map(|(_, entry)| StageAsWritten::read(entry, faults)).collect();
        follow_likes(&mut stages, faults);
        let (stages, left_out): (Vec<StageAsWritten>, Vec<StageAsWritten>) =
            stages.into_iter().partition(|stage| stage.when);
        let tune = root.get("tune").map(|node| TuneAsWritten::read(node, faults));
        let stages = without(stages, &left_out);
        let left_out = left_out.into_iter().map(|stage| stage.name.text).collect();
        Some(Self { name, variables, tune, stages, left_out })
    }
}

impl StageAsWritten {
    fn read(entry: &Entry, faults: &mut Vec<Fault>) -> Self {
        let name = check_name(&entry.key, faults);
        let node = &entry.value;
        if !matches!(node.value, NodeValue::Map(_) | NodeValue::Null) {
            let message = format!("stage `{}` is {}; expected a map, such as {{params: ...}}", name.text, node.kind());
            faults.push(Fault::new(message).at(node.place));
        }
        unknown_keys(node.entries(), &STAGE_KEYS, &format!("key of stage `{}`", name.text), faults);
        let mut word = |key: &str| node.get(key).and_then(|node| text_of(node, &format!("`{key}`"), faults));
        let (stage, like, run, timeout) = (word("stage"), word("like"), word("run"), word("timeout"));
        let inputs = node.get("inputs").map_or(&[][..], Node::entries);
        let outputs = node.get("outputs").map_or(&[][..], Node::entries);
        let empty = Node { place: node.place, value: NodeValue::Map(Vec::new()) };
        let params = node.get("params").filter(|node| node.value != NodeValue::Null).cloned().unwrap_or(empty);
        if !matches!(params.value, NodeValue::Map(_)) {
            let message = format!("`params` of stage `{}` is {}; expected a map", name.text, params.kind());
            faults.push(Fault::new(message).at(params.place));
        }
        Self {
            stage,
            like,
            run,
            timeout,
            when: node.get("when").is_none_or(is_true),
            inputs: inputs
                .iter()
                .map(|entry| (entry.key.clone(), words_of(&entry.value, "an input", faults)))
                .collect(),
            outputs: outputs
                .iter()
                .filter_map(|entry| Some((entry.key.clone(), text_of(&entry.value, "the kind of an output", faults)?)))
                .collect(),
            params,
            trials: node.get("trials").and_then(|node| trials(node, faults)),
            sources: node.get("sources").map_or_else(Vec::new, |node| words_of(node, "`sources`", faults)),
            name,
        }
    }
}

/// Gives each stage that is `like` another one the kind and the parameters of that.
///
/// It is left out if that one is.
fn follow_likes(stages: &mut [StageAsWritten], faults: &mut Vec<Fault>) {
    for position in 0..stages.len() {
        let Some(like) = stages[position].like.clone() else { continue };
        let stage = &stages[position];
        let mut wrong = |message: String| faults.push(Fault::new(message).at(like.place));
        if stage.stage.is_some() || stage.run.is_some() || !stage.params.entries().is_empty() {
            wrong(format!("stage `{}` is `like` another one; remove its `stage`, `run` and `params`", stage.name.text));
            continue;
        }
        let Some(model) = stages.iter().find(|other| other.name.text == like.text) else {
            let names = stages.iter().map(|other| other.name.text.as_str());
            let hint = did_you_mean(&like.text, names);
            wrong(format!("stage `{}` is like `{}`, which is not there{hint}", stage.name.text, like.text));
            continue;
        };
        if model.run.is_some() || model.like.is_some() {
            wrong(format!(
                "stage `{}` is like `{}`; expected one with `stage` and `params`",
                stage.name.text, like.text
            ));
            continue;
        }
        let kind = model.stage.clone().unwrap_or_else(|| model.name.clone());
        let (params, when) = (model.params.clone(), model.when);
        let stage = &mut stages[position];
        (stage.stage, stage.params) = (Some(kind), params);
        stage.when &= when;
    }
}

/// Stages without the references to those that are left out, in lists of several.
///
/// A port that takes exactly one keeps its reference: the plan then says what is not there.
fn without(mut stages: Vec<StageAsWritten>, left_out: &[StageAsWritten]) -> Vec<StageAsWritten> {
    let is_gone = |word: &Word| left_out.iter().any(|stage| word.text.split('.').next() == Some(&stage.name.text));
    for (_, references) in stages.iter_mut().flat_map(|stage| &mut stage.inputs) {
        if references.len() > 1 {
            references.retain(|reference| !is_gone(reference));
        }
    }
    stages
}

fn is_true(node: &Node) -> bool {
    match &node.value {
        NodeValue::Null | NodeValue::Bool(false) => false,
        NodeValue::Text(text) => !text.is_empty(),
        NodeValue::List(nodes) => !nodes.is_empty(),
        _ => true,
    }
}

/// Replaces variables everywhere but in the text of commands: that is split into arguments first, so
/// that a value with a blank stays one argument. A parameter whose variable is nothing is not written.
fn expand_stages(root: &mut Node, variables: &Variables, faults: &mut Vec<Fault>) {
    let NodeValue::Map(entries) = &mut root.value else { return };
    for entry in entries.iter_mut().filter(|entry| entry.key.text != "variables") {
        match &mut entry.value.value {
            NodeValue::Map(stages) if entry.key.text == "stages" => {
                for stage in stages {
                    let NodeValue::Map(parts) = &mut stage.value.value else { continue };
                    for part in parts.iter_mut().filter(|part| part.key.text != "run") {
                        if part.key.text == "params" {
                            variables.leave_out_nothing(&mut part.value);
                        }
                        variables.expand(&mut part.value, faults);
                    }
                }
            }
            _ => variables.expand(&mut entry.value, faults),
        }
    }
}

fn check_version(root: &Node, faults: &mut Vec<Fault>) {
    let found = root.get("version").map(Node::to_value);
    if found.as_ref().and_then(serde_json::Value::as_u64) != Some(VERSION) {
        let found = found.map_or_else(|| "none".to_owned(), |value| value.to_string());
        let message = format!("expected `version: {VERSION}`, found {found}");
        faults.push(Fault::new(message).at(root.place_of("version")));
    }
}

fn check_name(word: &Word, faults: &mut Vec<Fault>) -> Word {
    let is_fine = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    if word.text.is_empty() || !word.text.chars().all(is_fine) || word.text.starts_with('-') {
        let message = format!("`{}` is no good name; expected letters, digits, `-` and `_`", word.text);
        faults.push(Fault::new(message).at(word.place));
    }
    word.clone()
}

pub(super) fn unknown_keys(entries: &[Entry], known: &[&str], what: &str, faults: &mut Vec<Fault>) {
    for Entry { key, .. } in entries.iter().filter(|entry| !known.contains(&entry.key.text.as_str())) {
        let hint = did_you_mean(&key.text, known.iter().copied());
        let note = format!("expected {}", list_of(known.iter().copied()));
        faults.push(Fault::new(format!("unknown {what}: `{}`{hint}", key.text)).at(key.place).note(note));
    }
}

pub(super) fn text_of(node: &Node, what: &str, faults: &mut Vec<Fault>) -> Option<Word> {
    let text = match &node.value {
        NodeValue::Text(text) => text.clone(),
        NodeValue::Number(number) => number.to_string(),
        _ => {
            faults.push(Fault::new(format!("{what} is {}; expected a text", node.kind())).at(node.place));
            return None;
        }
    };
    Some(Word { place: node.place, text })
}

/// The texts of a list, or the only one; nothing for nothing.
fn words_of(node: &Node, what: &str, faults: &mut Vec<Fault>) -> Vec<Word> {
    match &node.value {
        NodeValue::Null => Vec::new(),
        NodeValue::List(nodes) => nodes.iter().filter_map(|node| text_of(node, what, faults)).collect(),
        _ => text_of(node, what, faults).into_iter().collect(),
    }
}
