//! Parameters of a stage against its JSON schema, so that every fault is found and not only the first.
//!
//! The stage's own reader has the last word; the schema only finds what that would hide behind its
//! first complaint, and knows the right words to offer.

use pipeline::StageEntry;
use serde_json::{Map, Value};

use crate::configuration::{Fault, Node, NodeValue, Word, did_you_mean, list_of};

/// One parameter, as `orchestrator stages` lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterInfo {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub wanted: String,
    /// Its default; none where it must be written.
    pub default: Option<Value>,
    /// What it means.
    pub description: String,
}

/// Checks the parameters of a stage; canonical parameters, or none if there is any fault.
pub fn check(entry: &StageEntry, stage: &Word, params: &Node, faults: &mut Vec<Fault>) -> Option<Value> {
    let root = (entry.schema)().to_value();
    let mut found = Vec::new();
    let schema = Schema { root: &root, part: &root, stage: &stage.text, registered: entry.name };
    schema.check(params, "", &mut found);
    if !found.is_empty() {
        faults.append(&mut found);
        return None;
    }
    match (entry.canonical)(params.to_value()) {
        Ok(value) => Some(value),
        Err(error) => {
            let (path, place) = match error.path.as_str() {
                "" => (String::new(), stage.place),
                path => (format!(" parameter `{path}`:"), params.place_of(path)),
            };
            let message = error.message.replace("missing field", "missing parameter");
            let message = format!("stage `{}`:{path} {message}", stage.text);
            faults.push(Fault::new(message).at(place).note(format!("see `orchestrator stages {}`", entry.name)));
            None
        }
    }
}

/// The parameters of a stage; those of only one variant of an enumeration follow its word.
pub fn describe(entry: &StageEntry) -> Vec<ParameterInfo> {
    let root = (entry.schema)().to_value();
    let schema = Schema { root: &root, part: &root, stage: entry.name, registered: entry.name };
    let branches = schema.branches();
    let mut infos: Vec<ParameterInfo> =
        branches.first().and_then(|first| first.tag_info(&branches)).into_iter().collect();
    for branch in &branches {
        let variant = branch.tag().map_or_else(String::new, |(_, word)| format!("{}: ", plain(word)));
        let properties = branch.properties().filter(|(_, property)| property.get("const").is_none());
        infos.extend(properties.map(|(name, property)| branch.info(format!("{variant}{name}"), property)));
    }
    infos
}

fn text(schema: &Value, key: &str) -> String {
    schema.get(key).and_then(Value::as_str).unwrap_or_default().replace('\n', " ")
}

/// A part of a JSON schema.
#[derive(Clone, Copy)]
struct Schema<'a> {
    root: &'a Value,
    part: &'a Value,
    stage: &'a str,
    registered: &'a str,
}

impl<'a> Schema<'a> {
    /// Another part of the same schema, references followed.
    fn with(self, part: &'a Value) -> Self {
        let target = part.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
        match target.and_then(|path| self.root.pointer(path)) {
            Some(part) => self.with(part),
            None => Self { part, ..self },
        }
    }

    /// The alternatives of `oneOf` and `anyOf`, or the part itself.
    fn branches(self) -> Vec<Self> {
        let list = ["oneOf", "anyOf"].into_iter().find_map(|key| self.part.get(key)?.as_array());
        let Some(list) = list else { return vec![self] };
        list.iter().flat_map(|part| self.with(part).branches()).collect()
    }

    fn properties(self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.part.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::iter)
    }

    /// The property with one fixed word, which tells a variant of an enumeration from the others.
    fn tag(self) -> Option<(&'a String, &'a Value)> {
        self.properties().find_map(|(name, property)| Some((name, property.get("const")?)))
    }

    fn tag_info(self, branches: &[Self]) -> Option<ParameterInfo> {
        let words: Vec<String> = branches.iter().filter_map(|branch| Some(plain(branch.tag()?.1))).collect();
        let description = "which variant it is; the parameters of each follow".to_owned();
        Some(ParameterInfo { name: self.tag()?.0.clone(), wanted: words.join(" or "), default: None, description })
    }

    fn info(self, name: String, property: &'a Value) -> ParameterInfo {
        let target = self.with(property);
        let own = text(property, "description");
        ParameterInfo {
            name,
            wanted: target.wanted(),
            default: property.get("default").or_else(|| target.part.get("default")).cloned(),
            description: if own.is_empty() { text(target.part, "description") } else { own },
        }
    }

    /// Names of simple types that it takes; empty where it takes any.
    fn types(self) -> Vec<&'a str> {
        match self.part.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Words that it takes, where it takes nothing else.
    fn words(self) -> Option<Vec<&'a Value>> {
        match (self.part.get("enum"), self.part.get("const")) {
            (Some(Value::Array(words)), _) => Some(words.iter().collect()),
            (_, Some(word)) => Some(vec![word]),
            _ => None,
        }
    }

    /// What it takes, in words.
    fn wanted(self) -> String {
        let mut wanted: Vec<String> = Vec::new();
        for branch in self.branches() {
            let names = match branch.words() {
                Some(words) => words.into_iter().map(plain).collect(),
                None => branch.types().into_iter().map(|name| branch.type_name(name)).collect::<Vec<_>>(),
            };
            wanted.extend(names);
        }
        wanted.dedup();
        if wanted.is_empty() { "anything".to_owned() } else { wanted.join(" or ") }
    }

    fn type_name(self, name: &str) -> String {
        match (name, self.part.get("items")) {
            ("string", _) => "a text".to_owned(),
            ("integer", _) => "a whole number".to_owned(),
            ("number", _) => "a number".to_owned(),
            ("boolean", _) => "true or false".to_owned(),
            ("null", _) => "nothing".to_owned(),
            ("array", Some(items)) => format!("a list of {}", self.with(items).wanted()),
            ("array", None) => "a list".to_owned(),
            _ => "a map".to_owned(),
        }
    }

    fn fits(self, node: &Node) -> bool {
        if let Some(words) = self.words() {
            return words.contains(&&node.to_value());
        }
        let types = self.types();
        let fits = |name: &str| match (&node.value, name) {
            (NodeValue::Null, "null")
            | (NodeValue::Bool(_), "boolean")
            | (NodeValue::Number(_), "number")
            | (NodeValue::Text(_), "string")
            | (NodeValue::List(_), "array")
            | (NodeValue::Map(_), "object") => true,
            (NodeValue::Number(number), "integer") => !number.is_f64(),
            _ => false,
        };
        types.is_empty() || types.into_iter().any(fits)
    }

    /// Whether every property with one fixed word (the tag of an enumeration) has it in the map.
    fn tags_fit(self, node: &Node) -> bool {
        let fixed = self.properties().filter_map(|(name, property)| Some((name, property.get("const")?)));
        fixed.into_iter().all(|(name, word)| node.get(name).is_some_and(|node| node.to_value() == *word))
    }

    fn check(self, node: &Node, path: &str, faults: &mut Vec<Fault>) {
        let branches = self.branches();
        let fitting: Vec<Self> = branches.into_iter().filter(|branch| branch.fits(node)).collect();
        let tagged: Vec<Self> = fitting.iter().copied().filter(|branch| branch.tags_fit(node)).collect();
        match (fitting.as_slice(), tagged.as_slice()) {
            ([], _) => faults.push(self.wrong_value(node, path)),
            ([only], _) | (_, [only]) => only.check_inside(node, path, faults),
            _ => self.check_tag(&fitting, node, path, faults),
        }
    }

    /// Checks the tag of an enumeration of maps, none of which fits by its tag.
    fn check_tag(self, branches: &[Self], node: &Node, path: &str, faults: &mut Vec<Fault>) {
        let Some((name, _)) = branches.first().and_then(|branch| branch.tag()) else { return };
        let words: Vec<&Value> = branches.iter().filter_map(|branch| Some(branch.tag()?.1)).collect();
        let Some(found) = node.get(name) else { return };
        if words.contains(&&found.to_value()) {
            return;
        }
        faults.push(self.wrong_word(found, &join(path, name), &words));
    }

    fn check_inside(self, node: &Node, path: &str, faults: &mut Vec<Fault>) {
        if let (NodeValue::List(nodes), Some(items)) = (&node.value, self.part.get("items")) {
            let each = |(index, node)| self.with(items).check(node, &format!("{path}[{index}]"), faults);
            nodes.iter().enumerate().for_each(each);
        }
        let NodeValue::Map(entries) = &node.value else { return };
        for entry in entries {
            let name = &entry.key.text;
            match (self.part.get("properties").and_then(|all| all.get(name)), self.part.get("additionalProperties")) {
                (Some(property), _) => self.with(property).check(&entry.value, &join(path, name), faults),
                (None, Some(Value::Bool(false))) => {
                    faults.push(self.unknown(&join(path, name), name).at(entry.key.place));
                }
                (None, Some(schema @ Value::Object(_))) => {
                    self.with(schema).check(&entry.value, &join(path, name), faults);
                }
                _ => {}
            }
        }
    }

    fn unknown(self, path: &str, name: &str) -> Fault {
        let names = || self.properties().map(|(name, _)| name.as_str());
        let hint = did_you_mean(name, names());
        let known = format!("parameters of {}{}: {}", self.registered, parent(path), list_of(names()));
        Fault::new(format!("unknown parameter `{path}` of stage `{}`{hint}", self.stage)).note(known)
    }

    fn wrong_value(self, node: &Node, path: &str) -> Fault {
        let words: Vec<&Value> = self.branches().into_iter().filter_map(Self::words).flatten().collect();
        if !words.is_empty() && matches!(node.value, NodeValue::Text(_)) {
            return self.wrong_word(node, path, &words);
        }
        let found = match node.value {
            NodeValue::List(_) | NodeValue::Map(_) | NodeValue::Null => node.kind().to_owned(),
            _ => format!("`{}`", plain(&node.to_value())),
        };
        let wanted = self.wanted();
        Fault::new(format!("parameter `{path}` of stage `{}`: expected {wanted}, found {found}", self.stage))
            .at(node.place)
    }

    fn wrong_word(self, node: &Node, path: &str, words: &[&Value]) -> Fault {
        let found = plain(&node.to_value());
        let words: Vec<String> = words.iter().map(|word| plain(word)).collect();
        let hint = did_you_mean(&found, words.iter().map(String::as_str));
        Fault::new(format!("parameter `{path}` of stage `{}`: unknown word `{found}`{hint}", self.stage))
            .at(node.place)
            .note(format!("expected one of {}", list_of(words.iter().map(String::as_str))))
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn parent(path: &str) -> String {
    path.rsplit_once('.').map_or_else(String::new, |(parent, _)| format!(" in `{parent}`"))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
