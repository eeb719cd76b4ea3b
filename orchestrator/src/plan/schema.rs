//! The JSON schema of pipeline files, for editors that complete and check as one types.

use pipeline::{Arity, Kind, Port};
use serde_json::{Map, Value, json};

use crate::registry::{Registered, Registry};

/// The schema of pipeline files that name these stages.
pub fn pipeline_schema(registry: &Registry) -> Value {
    let mut definitions = Map::new();
    definitions.insert("reference".to_owned(), reference());
    definitions.insert("command".to_owned(), command());
    let mut named = Map::new();
    definitions.insert("like".to_owned(), like());
    let mut any = vec![json!({"$ref": "#/$defs/command"}), json!({"$ref": "#/$defs/like"})];
    for registered in registry.iter() {
        let name = registered.entry.name;
        definitions.insert(format!("stage-{name}"), stage(registered));
        let own = json!({"$ref": format!("#/$defs/stage-{name}")});
        any.push(json!({"allOf": [own, {"required": ["stage"]}]}));
        named.insert(
            name.to_owned(),
            json!({"anyOf": [own, {"type": "object", "anyOf": [{"required": ["stage"]}, {"required": ["like"]}, {"required": ["run"]}]}]}),
        );
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pipeline",
        "type": "object",
        "required": ["version", "stages"],
        "additionalProperties": false,
        "properties": {
            "version": {"const": 1},
            "name": {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_-]*$"},
            "tune": tune(),
            "variables": {"type": "object", "description": "values for ${name}, set by --set NAME=VALUE"},
            "stages": {"type": "object", "minProperties": 1, "properties": named, "additionalProperties": {"anyOf": any}},
        },
        "$defs": definitions,
    })
}

fn reference() -> Value {
    json!({"type": "string", "pattern": "^[^.]+\\.[^.]+$", "description": "STAGE.OUTPUT"})
}

fn timeout() -> Value {
    json!({"type": "string", "pattern": "^([0-9]+[hms])+$", "description": "after what time it is stopped, such as 10m"})
}

fn references() -> Value {
    json!({"anyOf": [{"$ref": "#/$defs/reference"}, {"type": "array", "items": {"$ref": "#/$defs/reference"}}]})
}

fn command() -> Value {
    json!({
        "type": "object",
        "required": ["run", "outputs"],
        "additionalProperties": false,
        "properties": {
            "run": {"type": "string", "description": "a command with {inputs.NAME} and {outputs.NAME}; no shell"},
            "inputs": {"type": "object", "additionalProperties": references()},
            "outputs": {"type": "object", "additionalProperties": {"enum": Kind::ALL.map(Kind::name)}},
            "sources": {"type": "array", "items": {"type": "string"}, "description": "files that decide its output"},
            "when": when(),
            "timeout": timeout(),
        },
    })
}

fn like() -> Value {
    json!({
        "type": "object",
        "required": ["like"],
        "additionalProperties": false,
        "properties": {
            "like": {"type": "string", "description": "a stage whose kind and parameters, tuned ones included, this one has"},
            "inputs": {"type": "object", "additionalProperties": references()},
            "when": when(),
            "timeout": timeout(),
        },
    })
}

fn tune() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "file": {"type": "string", "description": "file of the values that `orchestrator tune` found; it need not exist yet"},
            "metric": {"type": "string", "description": "what to improve on validation, such as ndcg@10"},
            "trials": trials(),
            "seed": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^\\$\\{[^}]+\\}$"}]},
            "on_run": {"description": "whether `run` tunes first"},
        },
    })
}

fn trials() -> Value {
    json!({"description": "how many sets of parameters tuning tries for a stage; 0 for none"})
}

fn when() -> Value {
    json!({"description": "the stage is left out if this is empty, false or nothing; such as ${metadata}"})
}

fn stage(registered: &Registered) -> Value {
    let entry = &registered.entry;
    let mut params = (entry.schema)().to_value();
    let definitions = params.as_object_mut().and_then(|params| params.remove("$defs"));
    if let Some(params) = params.as_object_mut() {
        params.remove("$schema");
        params.remove("title");
    }
    let mut schema = json!({
        "type": "object",
        "description": entry.summary,
        "additionalProperties": false,
        "properties": {
            "stage": {"const": entry.name},
            "inputs": {"type": "object", "additionalProperties": false, "properties": inputs(entry.inputs)},
            "params": params,
            "trials": trials(),
            "when": when(),
            "timeout": timeout(),
        },
    });
    let own = format!("#/$defs/stage-{}/$defs/", entry.name);
    relocate(&mut schema["properties"]["params"], &own);
    allow_variables(&mut schema["properties"]["params"]);
    if let Some(mut definitions) = definitions {
        relocate(&mut definitions, &own);
        schema["$defs"] = definitions;
    }
    schema
}

fn inputs(ports: &[Port]) -> Value {
    let schema = |port: &Port| match port.arity {
        Arity::One => json!({"$ref": "#/$defs/reference"}),
        Arity::Optional | Arity::IfThere => json!({"anyOf": [{"$ref": "#/$defs/reference"}, {"type": "null"}]}),
        Arity::Many => references(),
    };
    ports.iter().map(|port| (port.name.to_owned(), schema(port))).collect::<Map<_, _>>().into()
}

/// Points references at a schema's own definitions to where those now stand.
fn relocate(schema: &mut Value, own: &str) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(path)) = map.get_mut("$ref")
                && let Some(name) = path.strip_prefix("#/$defs/")
            {
                *path = format!("{own}{name}");
            }
            map.values_mut().for_each(|value| relocate(value, own));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| relocate(value, own)),
        _ => {}
    }
}

/// Lets `${name}` stand for any parameter, as the variable's value takes its place before the check.
fn allow_variables(params: &mut Value) {
    if let Some(properties) = params.get_mut("properties").and_then(Value::as_object_mut) {
        for property in properties.values_mut() {
            let old = property.take();
            let description = old.get("description").cloned();
            *property = json!({"anyOf": [old, {"type": "string", "pattern": "^\\$\\{[^}]+\\}$"}]});
            if let Some(description) = description {
                property["description"] = description;
            }
        }
    }
    for key in ["oneOf", "anyOf"] {
        let branches = params.get_mut(key).and_then(Value::as_array_mut);
        branches.into_iter().flatten().for_each(allow_variables);
    }
}
