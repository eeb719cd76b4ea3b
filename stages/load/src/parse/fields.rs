//! Fields of JSON objects and Python dicts, checked for their types.

use serde_json::{Map, Value};

use crate::{
    fault::{Fault, Reason},
    text,
};

/// What a value is, for messages.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The object that a row must be.
pub fn object(value: &Value) -> Result<&Map<String, Value>, Fault> {
    let wrong = || Fault::of_row(Reason::WrongType, format!("expected an object, found {}", kind(value)));
    value.as_object().ok_or_else(wrong)
}

/// The UTF-8 text of a line.
pub fn utf8(line: &[u8]) -> Result<&str, Fault> {
    if let Ok(text) = simdutf8::basic::from_utf8(line) {
        return Ok(text);
    }
    let valid = simdutf8::compat::from_utf8(line).err().map_or(0, |error| error.valid_up_to());
    let detail = format!("expected UTF-8, found byte 0x{:02x} at position {valid} of the line", line[valid]);
    Err(Fault::of_row(Reason::BadUtf8, detail))
}

/// A line of JSON, when speed does not matter.
pub fn json(line: &str) -> Result<Value, Fault> {
    serde_json::from_str(line).map_err(|error| {
        // The parser counts lines too, but there is only one.
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or_default();
        Fault::of_row(Reason::BrokenJson, format!("expected JSON, found {what} at column {}", error.column()))
    })
}

/// A field, if it is there and not null.
pub fn present<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

/// A field of text.
pub fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Fault> {
    match present(map, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(Fault::wrong_type(name, "text", kind(other))),
    }
}

/// A field with a number.
pub fn number(map: &Map<String, Value>, name: &str) -> Result<Option<f64>, Fault> {
    let Some(value) = present(map, name) else { return Ok(None) };
    value.as_f64().map(Some).ok_or_else(|| Fault::wrong_type(name, "a number", kind(value)))
}

/// A field with a whole number.
pub fn integer(map: &Map<String, Value>, name: &str) -> Result<Option<i64>, Fault> {
    let Some(value) = present(map, name) else { return Ok(None) };
    let found = if value.is_number() { value.to_string() } else { kind(value).to_owned() };
    value.as_i64().map(Some).ok_or_else(|| Fault::wrong_type(name, "a whole number", &found))
}

/// A field with true or false.
pub fn boolean(map: &Map<String, Value>, name: &str) -> Result<Option<bool>, Fault> {
    let Some(value) = present(map, name) else { return Ok(None) };
    value.as_bool().map(Some).ok_or_else(|| Fault::wrong_type(name, "true or false", kind(value)))
}

/// A field with a count of zero or more.
pub fn count(map: &Map<String, Value>, name: &str) -> Result<Option<u32>, Fault> {
    let Some(value) = present(map, name) else { return Ok(None) };
    let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
    count.map(Some).ok_or_else(|| Fault::wrong_type(name, "a count", &value.to_string()))
}

/// A field with plain text.
pub fn plain(map: &Map<String, Value>, name: &str) -> Result<Option<String>, Fault> {
    Ok(text(map, name)?.and_then(text::plain))
}

/// All texts of a field that holds text or lists of text, nested to any depth, in order.
pub fn texts<'a>(map: &'a Map<String, Value>, name: &str) -> Result<Vec<&'a str>, Fault> {
    let mut found = Vec::new();
    if let Some(value) = present(map, name) {
        collect(value, name, &mut found)?;
    }
    Ok(found)
}

fn collect<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a str>) -> Result<(), Fault> {
    match value {
        Value::Null => Ok(()),
        Value::String(text) => {
            found.push(text);
            Ok(())
        }
        Value::Array(values) => values.iter().try_for_each(|value| collect(value, name, found)),
        other => Err(Fault::wrong_type(name, "text or a list of text", kind(other))),
    }
}

/// Plain text of each, without empty ones and repetitions.
pub fn distinct_plain(texts: &[&str]) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for plain in texts.iter().filter_map(|text| text::plain(text)) {
        if !distinct.contains(&plain) {
            distinct.push(plain);
        }
    }
    distinct
}

/// Keys of other items, without empty ones and repetitions.
pub fn distinct_keys(keys: &[&str]) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    let keys = keys.iter().map(|key| key.trim()).filter(|key| !key.is_empty());
    keys.filter(|key| seen.insert(*key)).map(str::to_owned).collect()
}

/// Parts of a description as one plain text.
pub fn joined_plain(parts: &[&str]) -> Option<String> {
    let plain: Vec<String> = parts.iter().filter_map(|part| text::plain(part)).collect();
    (!plain.is_empty()).then(|| plain.join(" "))
}

/// The address of a picture, if the text is one.
pub fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let is_address = ["https://", "http://", "data:image/"].iter().any(|scheme| text.starts_with(scheme));
    is_address.then(|| text.to_owned())
}
