//! Values of variables that are given as text on the command line.

use serde_json::{Number, Value};

/// Reads `text` as a value of the same type as the declared one.
///
/// A declared text keeps the text as it stands, so that a pattern such as `*.json.gz` or a product
/// number such as `0042` needs no quotes. A declared nothing takes whatever YAML would read.
pub fn parse_like(text: &str, declared: &Value) -> Result<Value, &'static str> {
    let found = infer(text);
    match (declared, &found) {
        (Value::String(_), _) => Ok(Value::String(text.to_owned())),
        (Value::Bool(_), Value::Bool(_)) | (Value::Number(_), Value::Number(_)) | (Value::Null, _) => Ok(found),
        (Value::Bool(_), _) => Err("true or false"),
        (Value::Number(_), _) => Err("a number"),
        (Value::Array(_) | Value::Object(_), _) => Err("a list or map, which only the file can hold"),
    }
}

fn infer(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let integer = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from)).ok();
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    integer.or_else(|| text.parse().ok().filter(|_| is_decimal).and_then(Number::from_f64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_declared_type_decides() {
        assert_eq!(parse_like("42", &json!("x")), Ok(json!("42")));
        assert_eq!(parse_like("42", &json!(1)), Ok(json!(42)));
        assert_eq!(parse_like("0.5", &json!(1)), Ok(json!(0.5)));
        assert_eq!(parse_like("false", &json!(true)), Ok(json!(false)));
        assert_eq!(parse_like("", &json!("x")), Ok(json!("")));
        assert_eq!(parse_like("abc", &json!(null)), Ok(json!("abc")));
        assert_eq!(parse_like("inf", &json!(null)), Ok(json!("inf")));
        assert_eq!(parse_like("abc", &json!(1)), Err("a number"));
        assert_eq!(parse_like("1", &json!(true)), Err("true or false"));
    }
}
