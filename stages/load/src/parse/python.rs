//! Python literals, as the 2014 metadata is written: a strict reader of dicts, lists, tuples, text,
//! numbers, `True`, `False` and `None`. Nothing is ever evaluated.
//!
//! Grammar: <https://docs.python.org/3/reference/lexical_analysis.html#literals>. Text prefixes other
//! than `u`, triple quotes, complex numbers and keys that are not text are not part of those files
//! and count as faults.

use serde_json::{Map, Number, Value};

use crate::fault::{Fault, Reason};

/// Nesting beyond this is a fault, so that no line can exhaust the stack.
const DEEPEST: usize = 64;

/// The value that a line is.
pub fn parse(line: &str) -> Result<Value, Fault> {
    let mut reader = Reader { text: line, place: 0, depth: 0 };
    reader.skip_space();
    let value = reader.value()?;
    reader.skip_space();
    if reader.place < line.len() { Err(reader.fault("the end of the line")) } else { Ok(value) }
}

struct Reader<'a> {
    text: &'a str,
    place: usize,
    depth: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.place..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn fault(&self, expected: &str) -> Fault {
        let found = self.peek().map_or_else(|| "the end of the line".to_owned(), |found| format!("`{found}`"));
        let place = self.place + 1;
        Fault::of_row(Reason::BrokenLiteral, format!("expected {expected}, found {found} at column {place}"))
    }

    fn skip_space(&mut self) {
        self.place += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn take(&mut self, wanted: &str) -> bool {
        let is_there = self.rest().starts_with(wanted);
        self.place += if is_there { wanted.len() } else { 0 };
        is_there
    }

    fn value(&mut self) -> Result<Value, Fault> {
        if self.depth == DEEPEST {
            return Err(self.fault("no deeper nesting"));
        }
        self.depth += 1;
        let value = match self.peek() {
            Some('{') => self.dict(),
            Some('[') => self.sequence(']'),
            Some('(') => self.sequence(')'),
            Some('\'' | '"') => self.string().map(Value::String),
            Some('u') if self.rest()[1..].starts_with(['\'', '"']) => {
                self.place += 1;
                self.string().map(Value::String)
            }
            Some('-' | '+' | '.' | '0'..='9') => self.number(),
            _ => self.word(),
        };
        self.depth -= 1;
        value
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let words = [("None", Value::Null), ("True", Value::Bool(true)), ("False", Value::Bool(false))];
        for (word, value) in words {
            let follows = self.rest().strip_prefix(word).map(|rest| rest.chars().next());
            if follows.is_some_and(|next| !next.is_some_and(|next| next.is_alphanumeric() || next == '_')) {
                self.place += word.len();
                return Ok(value);
            }
        }
        Err(self.fault("a value"))
    }

    fn dict(&mut self) -> Result<Value, Fault> {
        let mut map = Map::new();
        self.place += 1;
        loop {
            self.skip_space();
            if self.take("}") {
                return Ok(Value::Object(map));
            }
            self.take("u");
            let key = self.string()?;
            self.skip_space();
            if !self.take(":") {
                return Err(self.fault("`:`"));
            }
            self.skip_space();
            let value = self.value()?;
            map.insert(key, value);
            self.skip_space();
            if !self.take(",") && self.peek() != Some('}') {
                return Err(self.fault("`,` or `}`"));
            }
        }
    }

    fn sequence(&mut self, end: char) -> Result<Value, Fault> {
        let mut values = Vec::new();
        let (mut buffer, start) = ([0; 4], self.place);
        let closing = &*end.encode_utf8(&mut buffer);
        let mut commas = 0;
        self.place += 1;
        loop {
            self.skip_space();
            if self.take(closing) {
                // One value in round brackets without a comma is no tuple but the value.
                let is_group = end == ')' && values.len() == 1 && commas == 0;
                return Ok(if is_group { values.swap_remove(0) } else { Value::Array(values) });
            }
            if self.place > start + 1 && !values.is_empty() && commas < values.len() {
                return Err(self.fault(&format!("`,` or `{end}`")));
            }
            values.push(self.value()?);
            self.skip_space();
            commas += usize::from(self.take(","));
        }
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let sign = usize::from(self.rest().starts_with(['-', '+']));
        let body = &self.rest()[sign..];
        let mut length = 0;
        let mut before = ' ';
        for next in body.chars() {
            let is_sign = matches!(next, '-' | '+') && matches!(before, 'e' | 'E');
            if !(next.is_ascii_digit() || matches!(next, '.' | 'e' | 'E') || is_sign) {
                break;
            }
            before = next;
            length += 1;
        }
        let text = &self.rest()[..sign + length];
        let is_whole = body[..length].bytes().all(|byte| byte.is_ascii_digit());
        let whole = || if is_whole { text.parse::<i64>().ok().map(Number::from) } else { None };
        let number = whole().or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
        match number.filter(|_| length > 0) {
            Some(number) => {
                self.place += sign + length;
                Ok(Value::Number(number))
            }
            None => Err(self.fault("a number")),
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let Some(quote @ ('\'' | '"')) = self.peek() else { return Err(self.fault("quoted text")) };
        self.place += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find([quote, '\\']).unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.place += plain;
            match self.peek() {
                Some('\\') => self.escape(&mut text)?,
                Some(_) => {
                    self.place += 1;
                    return Ok(text);
                }
                None => return Err(self.fault("the end of the text")),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), Fault> {
        self.place += 1;
        let Some(letter) = self.peek() else { return Err(self.fault("an escape")) };
        self.place += letter.len_utf8();
        let simple = match letter {
            '\\' | '\'' | '"' => letter,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            '0'..='7' => self.octal(letter),
            // As Python does: an unknown escape is no escape.
            other => {
                text.push('\\');
                other
            }
        };
        text.push(simple);
        Ok(())
    }

    /// A character by so many hexadecimal digits; a half of a surrogate pair without the other one
    /// is replaced, as it is no character.
    fn code(&mut self, digits: usize) -> Result<char, Fault> {
        let first = self.hexadecimal(digits)?;
        if (0xD800..0xDC00).contains(&first) && self.rest().starts_with("\\u") {
            let start = self.place;
            self.place += 2;
            let second = self.hexadecimal(4)?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.place = start;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<u32, Fault> {
        let found = self.rest().get(..digits).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = found.and_then(|text| u32::from_str_radix(text, 16).ok());
        let code = code.ok_or_else(|| self.fault(&format!("{digits} hexadecimal digits")))?;
        self.place += digits;
        Ok(code)
    }

    fn octal(&mut self, first: char) -> char {
        let mut code = first.to_digit(8).unwrap_or_default();
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|next| next.to_digit(8)) else { break };
            code = code * 8 + digit;
            self.place += 1;
        }
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn detail(line: &str) -> String {
        parse(line).unwrap_err().detail
    }

    #[test]
    fn a_line_of_the_real_files() {
        let line = r#"{'asin': '0000031852', 'title': "Girl's \"Tutu\"", 'price': 3.17, 'related': {'also_bought': ['B00JHONN1S',], 'also_viewed': ()}, 'salesRank': {'Toys & Games': 211836}, u'brand': u'Caf\xe9\u2013\ud83d\ude00', 'categories': [['Sports', 'Dance']], 'new': True, 'old': None, 'n': -1e3}"#;
        assert_eq!(
            parse(line).unwrap(),
            json!({
                "asin": "0000031852", "title": "Girl's \"Tutu\"", "price": 3.17,
                "related": {"also_bought": ["B00JHONN1S"], "also_viewed": []},
                "salesRank": {"Toys & Games": 211_836}, "brand": "Café–😀",
                "categories": [["Sports", "Dance"]], "new": true, "old": null, "n": -1000.0
            })
        );
    }

    #[test]
    fn brackets_and_escapes_are_as_in_python() {
        assert_eq!(parse("(1)").unwrap(), json!(1));
        assert_eq!(parse("(1,)").unwrap(), json!([1]));
        assert_eq!(parse("(1, 2)").unwrap(), json!([1, 2]));
        assert_eq!(parse(r"'\q\101\0\ud800x'").unwrap(), json!("\\qA\0\u{fffd}x"));
        assert_eq!(parse("99999999999999999999").unwrap(), json!(1e20));
    }

    #[test]
    fn faults_have_a_place() {
        assert_eq!(detail("{'a': 1"), "expected `,` or `}`, found the end of the line at column 8");
        assert_eq!(detail("{'a' 1}"), "expected `:`, found `1` at column 6");
        assert_eq!(detail("{1: 1}"), "expected quoted text, found `1` at column 2");
        assert_eq!(detail("'abc"), "expected the end of the text, found the end of the line at column 5");
        assert_eq!(detail("[1 2]"), "expected `,` or `]`, found `2` at column 4");
        assert_eq!(detail("[,]"), "expected a value, found `,` at column 2");
        assert_eq!(detail("Nonesuch"), "expected a value, found `N` at column 1");
        assert_eq!(detail(r"'\x4'"), "expected 2 hexadecimal digits, found `4` at column 4");
        assert_eq!(detail("1 2"), "expected the end of the line, found `2` at column 3");
        assert_eq!(detail("1.2.3"), "expected a number, found `1` at column 1");
        assert_eq!(detail("__import__('os')"), "expected a value, found `_` at column 1");
        assert!(detail(&"[".repeat(100_000)).starts_with("expected no deeper nesting"));
    }

    /// Python's `repr` of a value.
    fn repr(value: &Value, out: &mut String) {
        match value {
            Value::Null => out.push_str("None"),
            Value::Bool(true) => out.push_str("True"),
            Value::Bool(false) => out.push_str("False"),
            Value::Number(number) => write!(out, "{number}").unwrap(),
            Value::String(text) => {
                out.push('\'');
                for character in text.chars() {
                    match character {
                        '\'' | '\\' => write!(out, "\\{character}").unwrap(),
                        ' '..='~' => out.push(character),
                        other => write!(out, "\\U{:08x}", u32::from(other)).unwrap(),
                    }
                }
                out.push('\'');
            }
            Value::Array(values) => {
                out.push('[');
                for value in values {
                    repr(value, out);
                    out.push_str(", ");
                }
                out.push(']');
            }
            Value::Object(map) => {
                out.push('{');
                for (key, value) in map {
                    repr(&Value::String(key.clone()), out);
                    out.push_str(": ");
                    repr(value, out);
                    out.push_str(", ");
                }
                out.push('}');
            }
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9_f64).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_python_writes_comes_back(value in any_value()) {
            let mut line = String::new();
            repr(&value, &mut line);
            prop_assert_eq!(parse(&line).unwrap(), value);
        }

        #[test]
        fn any_text_is_a_value_or_a_fault(line in "\\PC*|[\\[\\](){}'\"\\\\uxU0-9.e,: TrueFalsNone-]*") {
            let _ = parse(&line);
        }
    }
}
