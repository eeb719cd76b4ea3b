//! Inputs connected to outputs: as written, or to the only output of the same name and kind.

use pipeline::{Arity, Kind};

use super::{Output, compile::Draft};
use crate::configuration::{Fault, Word, did_you_mean, list_of};

/// An input that a stage has.
#[derive(Clone, Debug)]
pub struct InputPort {
    /// Its name.
    pub name: String,
    /// What it takes; [`Kind::Any`] takes everything.
    pub kind: Kind,
    /// How many it takes.
    pub arity: Arity,
}

/// A connection before stages have their final positions: position of the draft, and its output.
pub type Link = (usize, String);

/// The connections of one stage by input port.
pub fn connect(position: usize, drafts: &[Draft], faults: &mut Vec<Fault>) -> Vec<(String, Vec<Link>)> {
    let draft = &drafts[position];
    let Some(ports) = &draft.inputs else { return Vec::new() };
    for (word, _) in &draft.written.inputs {
        if !ports.iter().any(|port| port.name == word.text) {
            let names = || ports.iter().map(|port| port.name.as_str());
            let hint = did_you_mean(&word.text, names());
            let message = format!("stage `{}` has no input `{}`{hint}", draft.name(), word.text);
            faults.push(Fault::new(message).at(word.place).note(format!(
                "inputs of {}: {}",
                draft.stage,
                list_of(names())
            )));
        }
    }
    let wired = ports.iter().map(|port| {
        let written = draft.written.inputs.iter().find(|(word, _)| word.text == port.name);
        let links = match written {
            Some((word, references)) => explicit(draft, port, word, references, drafts, faults),
            None => implicit(position, port, drafts, faults),
        };
        (port.name.clone(), links)
    });
    wired.filter(|(_, links)| !links.is_empty()).collect()
}

fn explicit(
    draft: &Draft,
    port: &InputPort,
    word: &Word,
    references: &[Word],
    drafts: &[Draft],
    faults: &mut Vec<Fault>,
) -> Vec<Link> {
    let wrong_number = match port.arity {
        Arity::One if references.len() != 1 => Some("exactly one output"),
        Arity::Optional | Arity::IfThere if references.len() > 1 => Some("at most one output"),
        Arity::Many if references.is_empty() => Some("at least one output"),
        _ => None,
    };
    if let Some(wanted) = wrong_number {
        let message =
            format!("input `{}` of stage `{}` takes {wanted}, found {}", port.name, draft.name(), references.len());
        faults.push(Fault::new(message).at(word.place));
        return Vec::new();
    }
    let mut links: Vec<Link> = Vec::new();
    for reference in references {
        match resolve(reference, port, drafts) {
            Ok(Some(link)) if links.contains(&link) => {
                faults.push(Fault::new(format!("`{}` is connected twice", reference.text)).at(reference.place));
            }
            Ok(link) => links.extend(link),
            Err(fault) => faults.push(fault.at(reference.place)),
        }
    }
    links
}

/// What `stage.port` names; none where its stage has a fault of its own.
fn resolve(reference: &Word, port: &InputPort, drafts: &[Draft]) -> Result<Option<Link>, Fault> {
    let text = &reference.text;
    let Some((stage, output)) = text.split_once('.') else {
        return Err(Fault::new(format!("`{text}`: expected STAGE.OUTPUT, such as `{text}.{}`", port.name)));
    };
    let Some(position) = drafts.iter().position(|draft| draft.name() == stage) else {
        let names = || drafts.iter().map(Draft::name);
        let message = format!("`{text}`: there is no stage `{stage}`{}", did_you_mean(stage, names()));
        return Err(Fault::new(message).note(format!("stages: {}", list_of(names()))));
    };
    let Some(outputs) = &drafts[position].outputs else { return Ok(None) };
    let Some(found) = outputs.iter().find(|other| other.name == output) else {
        let names = || outputs.iter().map(|output| output.name.as_str());
        let message = format!("`{text}`: stage `{stage}` has no output `{output}`{}", did_you_mean(output, names()));
        return Err(Fault::new(message).note(format!("outputs of {stage}: {}", list_of(names()))));
    };
    if !accepts(port, found) {
        let (wanted, kind) = (port.kind.name(), found.kind.name());
        return Err(Fault::new(format!("`{text}` is of kind {kind}; input `{}` takes kind {wanted}", port.name)));
    }
    Ok(Some((position, output.to_owned())))
}

fn accepts(port: &InputPort, output: &Output) -> bool {
    port.kind == Kind::Any || port.kind == output.kind
}

fn implicit(position: usize, port: &InputPort, drafts: &[Draft], faults: &mut Vec<Fault>) -> Vec<Link> {
    let own = drafts[position].name();
    // What the file makes read from this stage cannot be what this stage reads: that would be a circle.
    let reads_this = |draft: &Draft| {
        let references = draft.written.inputs.iter().flat_map(|(_, references)| references);
        references.filter_map(|word| word.text.split_once('.')).any(|(stage, _)| stage == own)
    };
    let outputs_of = |(other, draft): (usize, &Draft)| {
        let fits = draft.outputs.iter().flatten().any(|output| output.name == port.name && output.kind == port.kind);
        (fits && other != position && !reads_this(draft)).then(|| (other, port.name.clone()))
    };
    let found: Vec<Link> = drafts.iter().enumerate().filter_map(outputs_of).collect();
    let draft = &drafts[position];
    let references: Vec<String> =
        found.iter().map(|(other, name)| format!("{}.{name}", drafts[*other].name())).collect();
    let listed = list_of(references.iter().map(String::as_str));
    match found.len() {
        1 => return found,
        // A stage that is not known may well be what would have been connected.
        0 if matches!(port.arity, Arity::Optional | Arity::IfThere)
            || drafts.iter().any(|draft| draft.outputs.is_none()) => {}
        0 => {
            let message = format!("stage `{}`: input `{}` is not connected", draft.name(), port.name);
            let note =
                format!("no stage writes `{}` of kind {}; name an output under `inputs`", port.name, port.kind.name());
            let note = candidates(port, position, drafts)
                .map_or(note, |list| format!("name an output of kind {} under `inputs`: {list}", port.kind.name()));
            faults.push(Fault::new(message).at(draft.written.name.place).note(note));
        }
        _ => {
            let message = format!("stage `{}`: input `{}` could be any of {listed}", draft.name(), port.name);
            let note = format!("write the one that is meant: inputs: {{{}: {}}}", port.name, references[0]);
            faults.push(Fault::new(message).at(draft.written.name.place).note(note));
        }
    }
    Vec::new()
}

/// Outputs of the right kind but another name.
fn candidates(port: &InputPort, position: usize, drafts: &[Draft]) -> Option<String> {
    let others = drafts.iter().enumerate().filter(|(other, _)| *other != position);
    let outputs = others.flat_map(|(_, draft)| {
        let fitting = draft.outputs.iter().flatten().filter(|output| output.kind == port.kind);
        fitting.map(|output| format!("{}.{}", draft.name(), output.name))
    });
    let references: Vec<String> = outputs.collect();
    (!references.is_empty()).then(|| list_of(references.iter().map(String::as_str)))
}
