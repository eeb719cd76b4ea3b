//! What a search may vary: the ranges that parameters declare in their JSON schema.
//!
//! A parameter declares its range by the extension `tune`: `{"low": 1, "high": 500}`, with
//! `"scale": "log"` where factors and not differences count, or `{"values": [...]}` for choices.
//! Whole numbers are known by the type. Parameters without `tune` are not varied.

use serde_json::{Map, Number, Value};

/// One parameter that may be varied.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// Its path below `params`, such as `factors` or `field_weights.title`.
    pub path: String,
    /// The values that it may have.
    pub range: Range,
}

/// The values that a parameter may have.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// A number between two bounds, both included.
    Number {
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
        /// Whether equal factors, and not equal differences, are equal steps.
        is_log: bool,
        /// Whether only whole numbers are allowed.
        is_whole: bool,
    },
    /// One of these.
    Choice(Vec<Value>),
}

/// The parameters that may be varied for a stage with this schema and these canonical parameters, by
/// path; those at or below the paths of `fixed` stay as they are.
pub fn dimensions(schema: &Value, params: &Value, fixed: &[String]) -> Vec<Dimension> {
    let mut found = Vec::new();
    collect(schema, schema, params, "", &mut found);
    let is_fixed = |path: &str| {
        let stands_for =
            |other: &str| path == other || other.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        fixed.iter().any(|other| stands_for(other))
    };
    found.retain(|dimension| !is_fixed(&dimension.path));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The part of a schema that a reference points to.
fn target<'a>(root: &'a Value, part: &'a Value) -> &'a Value {
    let path = part.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    path.and_then(|path| root.pointer(path)).map_or(part, |part| target(root, part))
}

fn collect(root: &Value, part: &Value, params: &Value, path: &str, found: &mut Vec<Dimension>) {
    let part = target(root, part);
    let branches = ["oneOf", "anyOf"].into_iter().find_map(|key| part.get(key)?.as_array());
    for branch in branches.into_iter().flatten().filter(|branch| fits(target(root, branch), params)) {
        collect(root, branch, params, path, found);
    }
    let properties = part.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (name, property) in properties {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let inner = target(root, property);
        match property.get("tune").or_else(|| inner.get("tune")) {
            Some(tune) => found.extend(range(tune, inner).map(|range| Dimension { path, range })),
            None => collect(root, inner, params.get(name).unwrap_or(&Value::Null), &path, found),
        }
    }
}

/// Whether a map has all fixed words of a variant, of which there must be one.
fn fits(variant: &Value, params: &Value) -> bool {
    let properties = variant.get("properties").and_then(Value::as_object).into_iter().flatten();
    let mut fixed = properties.filter_map(|(name, property)| Some((name, property.get("const")?))).peekable();
    fixed.peek().is_some() && fixed.all(|(name, word)| params.get(name) == Some(word))
}

/// The declared range; none if it makes no sense, which a test over all stages excludes.
fn range(tune: &Value, property: &Value) -> Option<Range> {
    if let Some(values) = tune.get("values").and_then(Value::as_array) {
        return (values.len() > 1).then(|| Range::Choice(values.clone()));
    }
    let (low, high) = (tune.get("low")?.as_f64()?, tune.get("high")?.as_f64()?);
    let is_log = tune.get("scale").and_then(Value::as_str) == Some("log");
    let types = property.get("type")?;
    let is_whole = types == "integer" || types.as_array().is_some_and(|types| types.contains(&"integer".into()));
    (low < high && (low > 0.0 || !is_log)).then_some(Range::Number { low, high, is_log, is_whole })
}

impl Range {
    /// The value at a position from 0 to 1.
    pub fn value(&self, position: f64) -> Value {
        match self {
            Self::Choice(values) => values[((position * values.len() as f64) as usize).min(values.len() - 1)].clone(),
            Self::Number { low, high, is_log, is_whole } => {
                let value = if *is_log { low * (high / low).powf(position) } else { low + position * (high - low) };
                let value = if *is_whole { value.round() } else { rounded(value) }.clamp(*low, *high);
                number(value, *is_whole)
            }
        }
    }

    /// The position of a value from 0 to 1; of one that is not in the range, that of the nearest.
    pub fn position(&self, value: &Value) -> f64 {
        match self {
            Self::Choice(values) => {
                let index = values.iter().position(|other| other == value).unwrap_or_default();
                (index as f64 + 0.5) / values.len() as f64
            }
            Self::Number { low, high, is_log, .. } => {
                let value = value.as_f64().unwrap_or(*low).clamp(*low, *high);
                if *is_log { (value / low).ln() / (high / low).ln() } else { (value - low) / (high - low) }
            }
        }
    }

    /// Values beside one at a position: a step down and a step up, or the choices beside it where these
    /// are numbers, or all other choices.
    pub fn beside(&self, position: f64, step: f64) -> Vec<Value> {
        match self {
            Self::Choice(values) if values.iter().all(Value::is_number) => {
                let own = self.value(position);
                let at = values.iter().position(|value| *value == own).unwrap_or_default();
                [at.checked_sub(1), Some(at + 1)]
                    .into_iter()
                    .flatten()
                    .filter_map(|at| values.get(at).cloned())
                    .collect()
            }
            Self::Choice(values) => {
                let own = self.value(position);
                values.iter().filter(|value| **value != own).cloned().collect()
            }
            Self::Number { .. } => [-step, step].map(|step| self.value((position + step).clamp(0.0, 1.0))).into(),
        }
    }
}

/// Four digits are enough for a parameter, and can be read.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

fn number(value: f64, is_whole: bool) -> Value {
    if is_whole { Value::from(value as i64) } else { Number::from_f64(value).map_or(Value::Null, Value::Number) }
}

/// The value at a path; nothing where there is none.
///
/// A number that comes from one of 32 bits is the shortest that stands for it: 0.1, not 0.10000000149.
pub fn get(params: &Value, path: &str) -> Value {
    let value = path.split('.').try_fold(params, |value, key| value.get(key)).cloned().unwrap_or_default();
    let Some(long) = value.as_f64().filter(|_| value.is_f64()) else { return value };
    let is_short = f64::from(long as f32).to_bits() == long.to_bits();
    let short = (long as f32).to_string().parse::<f64>().ok();
    short.filter(|_| is_short).and_then(Number::from_f64).map_or(value, Value::Number)
}

/// Sets the value at a path; maps on the way are made where there are none.
pub fn set(params: &mut Value, path: &str, value: Value) {
    let mut place = params;
    for key in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[key];
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::Registry;

    fn schema() -> Value {
        json!({
            "$defs": {
                "Kind": {"enum": ["a", "b"], "type": "string"},
                "Weights": {"properties": {"title": {"type": "number", "tune": {"low": 0, "high": 4}}}},
            },
            "oneOf": [
                {"properties": {"algorithm": {"const": "other"}, "x": {"type": "number", "tune": {"low": 0, "high": 1}}}},
                {"properties": {
                    "algorithm": {"const": "als"},
                    "factors": {"type": "integer", "tune": {"low": 8, "high": 512, "scale": "log"}},
                    "kind": {"$ref": "#/$defs/Kind", "tune": {"values": ["a", "b"]}},
                    "seed": {"type": "integer"},
                    "weights": {"$ref": "#/$defs/Weights"},
                }},
            ],
        })
    }

    #[test]
    fn ranges_of_the_right_variant_are_found_unless_the_file_writes_the_value() {
        let params = json!({"algorithm": "als", "factors": 64, "kind": "a", "seed": 1, "weights": {"title": 1}});
        let paths = |fixed: &[&str]| -> Vec<String> {
            let fixed: Vec<String> = fixed.iter().map(|path| (*path).to_owned()).collect();
            dimensions(&schema(), &params, &fixed).into_iter().map(|dimension| dimension.path).collect()
        };
        assert_eq!(paths(&["algorithm"]), ["factors", "kind", "weights.title"]);
        assert_eq!(paths(&["algorithm", "factors", "weights.title"]), ["kind"]);
        let found = dimensions(&schema(), &params, &[]);
        assert_eq!(found[0].range, Range::Number { low: 8.0, high: 512.0, is_log: true, is_whole: true });
    }

    #[test]
    fn positions_and_values_belong_together() {
        let log = Range::Number { low: 8.0, high: 512.0, is_log: true, is_whole: true };
        // 8 * 64^(1/2) = 64.
        assert_eq!([0.0, 0.5, 1.0].map(|at| log.value(at)), [json!(8), json!(64), json!(512)]);
        assert!((log.position(&json!(64)) - 0.5).abs() < 1e-12);
        assert!(log.position(&json!(4)).abs() < 1e-12);
        // Half of 64^(1/4) = 2.83 down and up from 64: 22.6 and 181.0.
        assert_eq!(log.beside(0.5, 0.25), [json!(23), json!(181)]);
        let plain = Range::Number { low: 0.0, high: 3.0, is_log: false, is_whole: false };
        assert_eq!([0.0, 0.123_456, 1.0].map(|at| plain.value(at)), [json!(0.0), json!(0.3704), json!(3.0)]);
        let choice = Range::Choice(vec![json!("a"), json!("b"), json!("c")]);
        assert_eq!([0.0, 0.4, 1.0].map(|at| choice.value(at)), [json!("a"), json!("b"), json!("c")]);
        assert_eq!(choice.value(choice.position(&json!("b"))), json!("b"));
        assert_eq!(choice.beside(0.5, 0.1), [json!("a"), json!("c")]);
        let numbers = Range::Choice(vec![json!(0), json!(1), json!(2), json!(4)]);
        assert_eq!(numbers.beside(0.0, 0.1), [json!(1)]);
        assert_eq!(numbers.beside(numbers.position(&json!(2)), 0.1), [json!(1), json!(4)]);
    }

    #[test]
    fn paths_lead_into_maps() {
        let mut params = json!({"weights": {"title": 1}});
        set(&mut params, "weights.brand", json!(2));
        set(&mut params, "new.a", json!(3));
        assert_eq!(params, json!({"weights": {"title": 1, "brand": 2}, "new": {"a": 3}}));
        let numbers = json!({"short": 0.1_f32, "long": 0.1_f64, "third": 1.0 / 3.0, "half": 0.5, "whole": 7});
        let found = ["short", "long", "third", "half", "whole"].map(|path| get(&numbers, path));
        assert_eq!(found, [json!(0.1), json!(0.1), json!(1.0 / 3.0), json!(0.5), json!(7)]);
        assert_eq!((get(&params, "new.a"), get(&params, "new.b.c")), (json!(3), Value::Null));
    }

    /// Every variant of every stage, with its defaults.
    fn all_params() -> Vec<(&'static str, Value, Value)> {
        let mut found = Vec::new();
        for registered in Registry::standard().iter() {
            let schema = (registered.entry.schema)().to_value();
            let words = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
            let words: Vec<Value> = words
                .map(|branch| json!({"algorithm": target(&schema, branch)["properties"]["algorithm"]["const"]}))
                .collect();
            let variants = if words.is_empty() { vec![json!({})] } else { words };
            for params in variants.into_iter().filter_map(|params| (registered.entry.canonical)(params).ok()) {
                found.push((registered.entry.name, schema.clone(), params));
            }
        }
        found
    }

    #[test]
    fn every_declared_range_makes_sense_and_fits_the_stage() {
        let declared = |schema: &Value| schema.to_string().matches("\"tune\":").count();
        let registry = Registry::standard();
        for (name, schema, params) in all_params() {
            let canonical = registry.find(name).unwrap().entry.canonical;
            for Dimension { path, range } in dimensions(&schema, &params, &[]) {
                for position in [0.0, 0.3, 1.0] {
                    let mut tried = params.clone();
                    set(&mut tried, &path, range.value(position));
                    assert!(canonical(tried.clone()).is_ok(), "{name}: {path} in {tried}");
                }
            }
        }
        for registered in registry.iter() {
            let schema = (registered.entry.schema)().to_value();
            let mut found: Vec<(String, String)> = all_params()
                .into_iter()
                .filter(|(name, ..)| *name == registered.entry.name)
                .flat_map(|(_, schema, params)| {
                    let word = params["algorithm"].to_string();
                    dimensions(&schema, &params, &[]).into_iter().map(move |one| (word.clone(), one.path))
                })
                .collect();
            found.sort();
            found.dedup();
            assert!(found.len() >= declared(&schema), "{}: a range that makes no sense", registered.entry.name);
        }
    }
}
