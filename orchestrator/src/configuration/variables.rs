//! Variables: `${name}` in the texts of a pipeline file, set under `variables` or by `--set`.
//!
//! A text that is exactly `${name}` takes the variable's value with its type; within a longer text
//! the value is written out. `$${` stands for a plain `${`. Names are replaced in values, never in keys.

use serde_json::Value;

use super::{Entry, Fault, Node, NodeValue, Place, did_you_mean, list_of, scalar::parse_like};

/// The variables of a pipeline file and their values.
#[derive(Clone, Debug, Default)]
pub struct Variables(Vec<(String, NodeValue)>);

impl Variables {
    /// Reads the map under `variables`, then overrides it by the pairs of `--set`.
    pub fn read(node: Option<&Node>, settings: &[(String, String)], faults: &mut Vec<Fault>) -> Self {
        let mut variables = Self::default();
        for entry in node.map_or(&[][..], Node::entries) {
            if matches!(entry.value.value, NodeValue::Map(_)) {
                let message =
                    format!("variable `{}` is a map; expected a text, number, true, false or list", entry.key.text);
                faults.push(Fault::new(message).at(entry.value.place));
            }
            variables.0.push((entry.key.text.clone(), entry.value.value.clone()));
        }
        for (name, text) in settings {
            if let Err(fault) = variables.set(name, text) {
                faults.push(fault);
            }
        }
        variables
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    fn set(&mut self, name: &str, text: &str) -> Result<(), Fault> {
        let Some(index) = self.names().position(|other| other == name) else {
            let message =
                format!("--set {name}={text}: there is no variable `{name}`{}", did_you_mean(name, self.names()));
            return Err(Fault::new(message).note(format!("variables of this pipeline: {}", list_of(self.names()))));
        };
        let place = Place::default();
        let declared = Node { place, value: self.0[index].1.clone() }.to_value();
        let value = parse_like(text, &declared).map_err(|wanted| {
            Fault::new(format!("--set {name}={text}: expected {wanted}, as `{name}` is {declared} in the file"))
        })?;
        self.0[index].1 = match value {
            Value::Bool(value) => NodeValue::Bool(value),
            Value::Number(number) => NodeValue::Number(number),
            Value::String(text) => NodeValue::Text(text),
            _ => NodeValue::Null,
        };
        Ok(())
    }

    /// Removes the entries of a map that are nothing but a variable without a value.
    pub fn leave_out_nothing(&self, node: &mut Node) {
        let NodeValue::Map(entries) = &mut node.value else { return };
        let is_nothing = |entry: &Entry| {
            let NodeValue::Text(text) = &entry.value.value else { return false };
            text.starts_with("${") && self.expand_text(text, entry.value.place) == Ok(NodeValue::Null)
        };
        entries.retain(|entry| !is_nothing(entry));
    }

    /// Replaces the variables in every text below `node`.
    pub fn expand(&self, node: &mut Node, faults: &mut Vec<Fault>) {
        match &mut node.value {
            NodeValue::Text(text) => match self.expand_text(text, node.place) {
                Ok(value) => node.value = value,
                Err(fault) => faults.push(fault),
            },
            NodeValue::List(nodes) => {
                for node in nodes {
                    self.expand(node, faults);
                }
            }
            NodeValue::Map(entries) => {
                for entry in entries {
                    self.expand(&mut entry.value, faults);
                }
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) => {}
        }
    }

    /// The value of a text whose variables are replaced.
    pub fn expand_text(&self, text: &str, place: Place) -> Result<NodeValue, Fault> {
        let whole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        if let Some(name) = whole.filter(|name| !name.contains(['$', '{', '}'])) {
            return self.value(name, place).cloned();
        }
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, after) = (&rest[..at], &rest[at + 2..]);
            if let Some(before) = before.strip_suffix('$') {
                result.push_str(before);
                result.push_str("${");
                rest = after;
                continue;
            }
            let Some(end) = after.find('}') else {
                return Err(
                    Fault::new("`${` is not closed; expected `${name}`, or `$${` for the plain characters").at(place)
                );
            };
            result.push_str(before);
            result.push_str(&self.text_of(&after[..end], place)?);
            rest = &after[end + 1..];
        }
        result.push_str(rest);
        Ok(NodeValue::Text(result))
    }

    fn value(&self, name: &str, place: Place) -> Result<&NodeValue, Fault> {
        let found = self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value);
        found.ok_or_else(|| {
            Fault::new(format!("unknown variable `{name}`{}", did_you_mean(name, self.names())))
                .at(place)
                .note(format!("variables of this pipeline: {}", list_of(self.names())))
        })
    }

    fn text_of(&self, name: &str, place: Place) -> Result<String, Fault> {
        match self.value(name, place)? {
            NodeValue::Null => Ok(String::new()),
            NodeValue::Bool(value) => Ok(value.to_string()),
            NodeValue::Number(number) => Ok(number.to_string()),
            NodeValue::Text(text) => Ok(text.clone()),
            NodeValue::List(_) | NodeValue::Map(_) => {
                Err(Fault::new(format!("variable `{name}` is a list and cannot stand within a text")).at(place))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expanded(yaml: &str, settings: &[(&str, &str)]) -> Result<Value, Vec<String>> {
        let settings: Vec<_> = settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut faults = Vec::new();
        let declared = Node::parse("{n: 3, text: ab, list: [1, 2], none: ~}").unwrap();
        let variables = Variables::read(Some(&declared), &settings, &mut faults);
        let mut node = Node::parse(yaml).unwrap();
        variables.expand(&mut node, &mut faults);
        if faults.is_empty() { Ok(node.to_value()) } else { Err(faults.into_iter().map(|f| f.message).collect()) }
    }

    #[test]
    fn a_whole_text_takes_the_type_and_a_part_the_text() {
        let yaml = "{a: '${n}', b: 'x${n}y${text}', c: ['${list}'], d: '$${n}', e: '${none}'}";
        let expected = json!({"a": 3, "b": "x3yab", "c": [[1, 2]], "d": "${n}", "e": null});
        assert_eq!(expanded(yaml, &[]), Ok(expected));
        assert_eq!(expanded("{a: '${n}'}", &[("n", "7")]), Ok(json!({"a": 7})));
    }

    #[test]
    fn every_fault_is_told() {
        let faults = expanded("{a: '${m}', b: '${n', c: 'x${list}'}", &[("texx", "1"), ("n", "many")]).unwrap_err();
        assert_eq!(
            faults,
            [
                "--set texx=1: there is no variable `texx`; did you mean `text`?",
                "--set n=many: expected a number, as `n` is 3 in the file",
                "unknown variable `m`",
                "`${` is not closed; expected `${name}`, or `$${` for the plain characters",
                "variable `list` is a list and cannot stand within a text",
            ]
        );
    }
}
