//! Stages that are commands: their text split into arguments, and the places of files within.
//!
//! Text is split as a shell does (blanks, single and double quotes, backslash) but no shell runs:
//! `;`, `|`, `$` and `*` are plain characters, and a variable's value is never split. Who wants a
//! shell writes `sh -c '...'`.

use std::path::Path;

use pipeline::Task;
use serde_json::{Value, json};

use crate::configuration::{Fault, NodeValue, Variables, Word, did_you_mean, list_of};

/// What stands for the stage's name where there is a command instead.
pub const COMMAND: &str = "command";

/// Reads the text of a command into its parameters: `{"run": [argument, ...]}`.
pub fn read(run: &Word, variables: &Variables, inputs: &[&str], outputs: &[&str]) -> Result<Value, Vec<Fault>> {
    let arguments = split(&run.text).map_err(|message| vec![Fault::new(message).at(run.place)])?;
    let mut faults = Vec::new();
    let mut expanded = Vec::new();
    for argument in &arguments {
        faults.extend(check_places(argument, inputs, outputs).into_iter().map(|fault| fault.at(run.place)));
        match variables.expand_text(argument, run.place) {
            Ok(NodeValue::Text(text)) => expanded.push(text),
            Ok(NodeValue::Number(number)) => expanded.push(number.to_string()),
            Ok(NodeValue::Bool(value)) => expanded.push(value.to_string()),
            Ok(NodeValue::Null) => expanded.push(String::new()),
            Ok(_) => faults.push(Fault::new("a list cannot be an argument of a command").at(run.place)),
            Err(fault) => faults.push(fault),
        }
    }
    if arguments.is_empty() {
        faults.push(Fault::new("`run` is empty; expected a program and its arguments").at(run.place));
    }
    if faults.is_empty() { Ok(json!({ "run": expanded })) } else { Err(faults) }
}

/// Splits a text into arguments.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some('\''), other) => current.get_or_insert_default().push(other),
            (_, '\\') => match characters.next() {
                Some(next) => current.get_or_insert_default().push(next),
                None => return Err("`run` ends in a backslash; write `\\\\` for a plain one".to_owned()),
            },
            (None, open @ ('"' | '\'')) => {
                quote = Some(open);
                current.get_or_insert_default();
            }
            (None, blank) if blank.is_whitespace() => arguments.extend(current.take()),
            (_, other) => current.get_or_insert_default().push(other),
        }
    }
    if let Some(open) = quote {
        return Err(format!("`run` has an opening {open} without its closing one"));
    }
    arguments.extend(current);
    Ok(arguments)
}

/// The places `{inputs.NAME}` and `{outputs.NAME}` in an argument; other braces are plain characters.
fn places(argument: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    argument.match_indices('{').filter_map(|(start, _)| {
        let inner = argument[start + 1..].split_once('}')?.0;
        let (side, port) = inner.split_once('.')?;
        let is_word =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        let is_variable = argument[..start].ends_with('$');
        (is_word(side) && is_word(port) && !is_variable)
            .then(|| (&argument[start..start + inner.len() + 2], side, port))
    })
}

fn check_places(argument: &str, inputs: &[&str], outputs: &[&str]) -> Vec<Fault> {
    let check = |(place, side, port): (&str, &str, &str)| {
        let ports = match side {
            "inputs" => inputs,
            "outputs" => outputs,
            _ => {
                let hint = did_you_mean(side, ["inputs", "outputs"]);
                return Some(Fault::new(format!("`{place}`: expected `{{inputs.NAME}}` or `{{outputs.NAME}}`{hint}")));
            }
        };
        let hint = did_you_mean(port, ports.iter().copied());
        let known = list_of(ports.iter().copied());
        let fault =
            || Fault::new(format!("`{place}`: no `{port}` under `{side}`{hint}")).note(format!("{side}: {known}"));
        (!ports.contains(&port)).then(fault)
    };
    places(argument).filter_map(check).collect()
}

/// The arguments of a command stage with the paths of its task filled in.
///
/// An argument that is nothing but an input of several artifacts becomes several arguments.
pub fn expand(task: &Task) -> Vec<String> {
    let arguments = task.params["run"].as_array().map_or(&[][..], Vec::as_slice);
    arguments.iter().filter_map(Value::as_str).flat_map(|argument| expand_argument(argument, task)).collect()
}

fn expand_argument(argument: &str, task: &Task) -> Vec<String> {
    let mut results = vec![String::new()];
    let mut rest = argument;
    for (place, side, port) in places(argument) {
        let Some((before, after)) = rest.split_once(place) else { continue };
        let paths: Vec<&Path> = match side {
            "inputs" => task.inputs.get(port).into_iter().flatten().map(|input| input.path.as_path()).collect(),
            _ => task.outputs.get(port).into_iter().map(std::path::PathBuf::as_path).collect(),
        };
        let each = |result: &String| {
            paths.iter().map(|path| format!("{result}{before}{}", path.display())).collect::<Vec<_>>()
        };
        results = results.iter().flat_map(each).collect();
        rest = after;
    }
    for result in &mut results {
        result.push_str(rest);
    }
    results
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pipeline::Input;

    use super::*;

    #[test]
    fn text_is_split_like_a_shell_but_nothing_is_run() {
        let split = |text| split(text).unwrap();
        assert_eq!(split("a  'b c' \"d \\\" e\" f\\ g ''"), ["a", "b c", "d \" e", "f g", ""]);
        assert_eq!(split("echo $(rm -rf x); a|b *"), ["echo", "$(rm", "-rf", "x);", "a|b", "*"]);
        assert_eq!(split("x='1 2'y"), ["x=1 2y"]);
        assert!(super::split("a 'b").unwrap_err().contains("opening '"));
    }

    fn input(path: &str) -> Input {
        Input { stage: "a".into(), port: "b".into(), path: path.into() }
    }

    #[test]
    fn paths_are_filled_in_whole() {
        let task = Task {
            name: "mine".into(),
            stage: COMMAND.into(),
            pipeline: "p".into(),
            fingerprint: String::new(),
            params: json!({"run": ["cat", "{inputs.many}", "--to={outputs.out}", "{print $1}", "{inputs.one}{inputs.one}"]}),
            inputs: BTreeMap::from([
                ("many".into(), vec![input("/x y"), input("/z")]),
                ("one".into(), vec![input("/o")]),
            ]),
            outputs: BTreeMap::from([("out".into(), "/out".into())]),
            scratch: "/s".into(),
        };
        assert_eq!(expand(&task), ["cat", "/x y", "/z", "--to=/out", "{print $1}", "/o/o"]);
    }

    #[test]
    fn wrong_places_are_found_before_anything_runs() {
        let run = Word {
            place: crate::configuration::Place::default(),
            text: "x {input.a} {inputs.aa} {outputs.o} {b}".into(),
        };
        let faults = read(&run, &Variables::default(), &["a"], &["o"]).unwrap_err();
        let messages: Vec<_> = faults.into_iter().map(|fault| fault.message).collect();
        assert_eq!(
            messages,
            [
                "`{input.a}`: expected `{inputs.NAME}` or `{outputs.NAME}`; did you mean `inputs`?",
                "`{inputs.aa}`: no `aa` under `inputs`",
            ]
        );
    }
}
