//! YAML as a tree whose every word knows its place.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Number, Value};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::Fault;

/// Where a word stands; lines and columns count from 1, columns and length in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column of its first character.
    pub column: usize,
    /// How many characters it has; 0 where that is unknown.
    pub length: usize,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self {
            line: location.line() as usize,
            column: location.column() as usize,
            length: location.span().len() as usize,
        }
    }
}

/// A text and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where it stands.
    pub place: Place,
    /// What stands there.
    pub text: String,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub value: NodeValue,
}

/// One pair of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Word,
    /// Its value.
    pub value: Node,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, with keys that may repeat.
    Map(Vec<Entry>),
}

impl Node {
    /// Reads one YAML document.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let options = serde_saphyr::options! {
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            strict_booleans: true,
            with_snippet: false,
        };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let place = error.location().map(Place::from);
            let message = error.without_snippet().to_string();
            let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
            Fault::new(format!("this is no valid YAML: {message}")).at_place(place)
        })
    }

    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "nothing",
            NodeValue::Bool(_) => "true or false",
            NodeValue::Number(_) => "a number",
            NodeValue::Text(_) => "a text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a map",
        }
    }

    /// The same without places. Of repeated keys the last wins.
    pub fn to_value(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Number(number) => Value::Number(number.clone()),
            NodeValue::Text(text) => Value::String(text.clone()),
            NodeValue::List(nodes) => Value::Array(nodes.iter().map(Self::to_value).collect()),
            NodeValue::Map(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.text.clone(), entry.value.to_value())).collect())
            }
        }
    }

    /// The entries of a map; nothing for anything else.
    pub fn entries(&self) -> &[Entry] {
        if let NodeValue::Map(entries) = &self.value { entries } else { &[] }
    }

    /// The value of `key` in a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key.text == key).map(|entry| &entry.value)
    }

    /// The paths of all that is no map, at or below this node, whose own path is `path`.
    pub fn leaves(&self, path: &str) -> Vec<String> {
        if !matches!(self.value, NodeValue::Map(_)) {
            return vec![path.to_owned()];
        }
        let below = |entry: &Entry| {
            let key = &entry.key.text;
            entry.value.leaves(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") })
        };
        self.entries().iter().flat_map(below).collect()
    }

    /// The place of what a path such as `filters[0].user` names, or of the nearest thing that exists.
    pub fn place_of(&self, path: &str) -> Place {
        let mut node = self;
        let mut place = self.place;
        for part in path.split(['.', '[']).filter(|part| !part.is_empty()) {
            let index = part.strip_suffix(']').and_then(|digits| digits.parse::<usize>().ok());
            let next = match (&node.value, index) {
                (NodeValue::List(nodes), Some(index)) => nodes.get(index),
                _ => node.get(part),
            };
            let Some(next) = next else { break };
            node = next;
            place = node.place;
        }
        place
    }

    /// Every key that repeats within its map, as faults.
    pub fn repeated_keys(&self, faults: &mut Vec<Fault>) {
        for (index, entry) in self.entries().iter().enumerate() {
            let first = self.entries()[..index].iter().find(|other| other.key.text == entry.key.text);
            if let Some(first) = first {
                let message =
                    format!("`{}` is written twice; the first is on line {}", entry.key.text, first.key.place.line);
                faults.push(Fault::new(message).at(entry.key.place));
            }
            entry.value.repeated_keys(faults);
        }
        if let NodeValue::List(nodes) = &self.value {
            for node in nodes {
                node.repeated_keys(faults);
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<NodeValue>::deserialize(deserializer)?;
        Ok(Self { place: spanned.referenced.into(), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for NodeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = NodeValue;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<NodeValue, E> {
        Ok(NodeValue::Null)
    }

    fn visit_none<E>(self) -> Result<NodeValue, E> {
        Ok(NodeValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<NodeValue, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<NodeValue, E> {
        Ok(NodeValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<NodeValue, E> {
        Ok(NodeValue::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<NodeValue, E> {
        Ok(NodeValue::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<NodeValue, E> {
        Ok(Number::from_f64(value).map_or_else(|| NodeValue::Text(value.to_string()), NodeValue::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<NodeValue, E> {
        Ok(NodeValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<NodeValue, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = sequence.next_element()? {
            nodes.push(node);
        }
        Ok(NodeValue::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NodeValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let key = Word { place: key.referenced.into(), text: key.value };
            entries.push(Entry { key, value: map.next_value()? });
        }
        Ok(NodeValue::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: usize, column: usize, length: usize) -> Place {
        Place { line, column, length }
    }

    #[test]
    fn words_keep_their_places() {
        let node = Node::parse("a: 1\nb:\n  - x\n  - {c: \"42\"}\n").unwrap();
        assert_eq!(node.entries()[1].key, Word { place: place(2, 1, 1), text: "b".into() });
        assert_eq!(node.place_of("b[0]"), place(3, 5, 1));
        assert_eq!(node.place_of("b[1].c").line, 4);
        assert_eq!(node.place_of("b[7].c").line, node.place_of("b").line);
        assert_eq!(node.to_value(), serde_json::json!({"a": 1, "b": ["x", {"c": "42"}]}));
    }

    #[test]
    fn repeated_keys_are_all_found() {
        let node = Node::parse("a: 1\nb: {c: 1, c: 2}\na: 3\n").unwrap();
        let mut faults = Vec::new();
        node.repeated_keys(&mut faults);
        assert_eq!(faults.len(), 2);
    }

    #[test]
    fn text_that_is_no_yaml_names_its_place() {
        let fault = Node::parse("a: [1, 2\nb: 3\n").unwrap_err();
        assert!(fault.place.is_some_and(|place| place.line >= 1), "{fault:?}");
    }

    #[test]
    fn quoted_and_yes_are_texts() {
        let node = Node::parse("a: 'true'\nb: yes\nc: true\nd: ~\ne: 1.5\nf: -3\n").unwrap();
        let expected = serde_json::json!({"a": "true", "b": "yes", "c": true, "d": null, "e": 1.5, "f": -3});
        assert_eq!(node.to_value(), expected);
    }
}
