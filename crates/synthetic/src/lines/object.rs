//! Objects on one line, as Python's `json.dumps` or `repr` writes them.

use std::fmt::{Display, Write as _};

/// How text is quoted.
#[derive(Clone, Copy)]
pub enum Quoting {
    /// As JSON.
    Json,
    /// As a Python literal.
    Python,
}

impl Quoting {
    /// Quoted text.
    pub fn text(self, text: &str) -> String {
        match self {
            Self::Json => serde_json::to_string(text).unwrap_or_default(),
            Self::Python => python(text),
        }
    }

    /// A list of texts.
    pub fn texts<T: AsRef<str>>(self, texts: &[T]) -> String {
        let quoted: Vec<String> = texts.iter().map(|text| self.text(text.as_ref())).collect();
        format!("[{}]", quoted.join(", "))
    }
}

/// As Python's `repr`: single quotes unless the text holds some and no double ones.
fn python(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            _ if character == quote => {
                quoted.push('\\');
                quoted.push(quote);
            }
            _ if character.is_ascii() && !character.is_ascii_control() => quoted.push(character),
            _ => push_code(&mut quoted, u32::from(character)),
        }
    }
    quoted.push(quote);
    quoted
}

fn push_code(quoted: &mut String, code: u32) {
    // Writing to a string cannot fail.
    let _ = match code {
        0..=0xFF => write!(quoted, "\\x{code:02x}"),
        0x100..=0xFFFF => write!(quoted, "\\u{code:04x}"),
        _ => write!(quoted, "\\U{code:08x}"),
    };
}

/// An object under construction.
pub struct Object {
    text: String,
    quoting: Quoting,
}

impl Object {
    /// An object without fields.
    pub fn new(quoting: Quoting) -> Self {
        Self { text: "{".to_owned(), quoting }
    }

    /// Adds a field whose value is written as it stands.
    pub fn raw(mut self, name: &str, value: impl Display) -> Self {
        let gap = if self.text.len() > 1 { ", " } else { "" };
        let name = self.quoting.text(name);
        let _ = write!(self.text, "{gap}{name}: {value}");
        self
    }

    /// Adds a field of text.
    pub fn text(self, name: &str, value: &str) -> Self {
        let quoted = self.quoting.text(value);
        self.raw(name, quoted)
    }

    /// Adds a field of texts.
    pub fn texts<T: AsRef<str>>(self, name: &str, values: &[T]) -> Self {
        let list = self.quoting.texts(values);
        self.raw(name, list)
    }

    /// Adds a field if there is a value.
    pub fn maybe(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.raw(name, value),
            None => self,
        }
    }

    /// The finished line.
    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_text_is_as_repr_writes_it() {
        assert_eq!(python("plain"), "'plain'");
        assert_eq!(python("it's"), "\"it's\"");
        assert_eq!(python("it's 5\""), "'it\\'s 5\"'");
        assert_eq!(python("a\\b\n\u{e9}\u{2013}\u{1f600}"), "'a\\\\b\\n\\xe9\\u2013\\U0001f600'");
    }

    #[test]
    fn objects_have_the_gaps_of_the_real_files() {
        let line = Object::new(Quoting::Json).raw("a", "1.0").text("b", "x\"y").maybe("c", None::<u8>).finish();
        assert_eq!(line, r#"{"a": 1.0, "b": "x\"y"}"#);
    }
}
