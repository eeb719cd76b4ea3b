//! One value of a mapped column, whatever kind of file it comes from.

use std::borrow::Cow;

use serde_json::Value;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time, format_description::well_known::Iso8601};

use crate::{fault::Fault, params::TimeUnit, text};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing there.
    Missing,
    /// Text that is not blank.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// Several texts.
    Texts(Vec<String>),
    /// Something that no column may hold; the text says what.
    Other(&'static str),
}

impl<'a> Cell<'a> {
    /// The value of a text field.
    pub fn of_text(text: &'a str) -> Self {
        if text.trim().is_empty() { Self::Missing } else { Self::Text(Cow::Borrowed(text)) }
    }

    /// The value of a JSON field.
    pub fn of_json(value: Option<&'a Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Missing,
            Some(Value::Bool(value)) => Self::Boolean(*value),
            Some(Value::String(text)) => Self::of_text(text),
            Some(Value::Number(number)) => {
                number.as_i64().map_or_else(|| Self::Float(number.as_f64().unwrap_or(f64::NAN)), Self::Integer)
            }
            Some(Value::Array(values)) => {
                let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
                texts.map_or(Self::Other("a list of other things than text"), Self::Texts)
            }
            Some(Value::Object(_)) => Self::Other("an object"),
        }
    }

    fn kind(&self) -> String {
        match self {
            Self::Missing => "nothing".to_owned(),
            Self::Text(text) => format!("`{}`", text.chars().take(40).collect::<String>()),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::Texts(_) => "a list".to_owned(),
            Self::Other(what) => (*what).to_owned(),
        }
    }

    fn wrong(&self, field: &str, expected: &str) -> Fault {
        Fault::wrong_type(field, expected, &self.kind())
    }

    /// As text; a whole number counts, as user keys often are numbers.
    pub fn text(&self, field: &str) -> Result<Option<Cow<'_, str>>, Fault> {
        match self {
            Self::Missing => Ok(None),
            Self::Text(text) => Ok(Some(Cow::Borrowed(text))),
            Self::Integer(number) => Ok(Some(Cow::Owned(number.to_string()))),
            _ => Err(self.wrong(field, "text")),
        }
    }

    /// As a number.
    pub fn number(&self, field: &str) -> Result<Option<f64>, Fault> {
        match self {
            Self::Missing => Ok(None),
            Self::Text(text) => text.trim().parse().map(Some).map_err(|_| self.wrong(field, "a number")),
            Self::Integer(number) => Ok(Some(*number as f64)),
            Self::Float(number) => Ok(Some(*number)),
            _ => Err(self.wrong(field, "a number")),
        }
    }

    /// As a time in Unix seconds.
    pub fn time(&self, field: &str, unit: TimeUnit) -> Result<Option<i64>, Fault> {
        if unit == TimeUnit::Iso8601 {
            return match self {
                Self::Missing => Ok(None),
                Self::Text(text) => {
                    iso_8601(text.trim()).map(Some).ok_or_else(|| self.wrong(field, "a date such as 2018-06-17"))
                }
                _ => Err(self.wrong(field, "a date such as 2018-06-17")),
            };
        }
        let number = match self {
            Self::Missing => return Ok(None),
            Self::Integer(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().or_else(|| text.trim().parse().ok().and_then(whole)),
            Self::Float(number) => whole(*number),
            _ => None,
        };
        let number = number.ok_or_else(|| self.wrong(field, "a whole number"))?;
        Ok(Some(if unit == TimeUnit::Milliseconds { number.div_euclid(1000) } else { number }))
    }

    /// As true or false.
    pub fn boolean(&self, field: &str) -> Result<Option<bool>, Fault> {
        let value = match self {
            Self::Missing => return Ok(None),
            Self::Boolean(value) => Some(*value),
            Self::Integer(number @ (0 | 1)) => Some(*number == 1),
            Self::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" | "1" => Some(true),
                "false" | "no" | "n" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        value.map(Some).ok_or_else(|| self.wrong(field, "true or false"))
    }

    /// As a count.
    pub fn count(&self, field: &str) -> Result<Option<u32>, Fault> {
        let count = match self {
            Self::Missing => return Ok(None),
            Self::Integer(number) => u32::try_from(*number).ok(),
            Self::Float(number) => whole(*number).and_then(|number| u32::try_from(number).ok()),
            Self::Text(text) => text::count(text),
            _ => None,
        };
        count.map(Some).ok_or_else(|| self.wrong(field, "a count"))
    }

    /// As a price; text that is none counts as missing.
    pub fn price(&self, field: &str) -> Result<Option<f32>, Fault> {
        match self {
            Self::Missing => Ok(None),
            Self::Text(text) => Ok(text::price(text)),
            Self::Integer(number) => Ok(text::sound_price(*number as f64)),
            Self::Float(number) => Ok(text::sound_price(*number)),
            _ => Err(self.wrong(field, "a price")),
        }
    }

    /// As several texts; one text is split.
    pub fn texts(&self, field: &str, separator: &str) -> Result<Vec<&str>, Fault> {
        match self {
            Self::Missing => Ok(Vec::new()),
            Self::Texts(texts) => Ok(texts.iter().map(String::as_str).collect()),
            Self::Text(text) => Ok(text.split(separator).collect()),
            _ => Err(self.wrong(field, "text or a list of text")),
        }
    }
}

/// The number as a whole one, if it is.
fn whole(number: f64) -> Option<i64> {
    // Above 2^53 not every whole number is a float, and no time or count is that large.
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

fn iso_8601(text: &str) -> Option<i64> {
    let text = text.replacen(' ', "T", 1);
    if let Ok(moment) = OffsetDateTime::parse(&text, &Iso8601::DEFAULT) {
        return Some(moment.unix_timestamp());
    }
    if let Ok(moment) = PrimitiveDateTime::parse(&text, &Iso8601::DEFAULT) {
        return Some(moment.assume_utc().unix_timestamp());
    }
    let date = Date::parse(&text, &Iso8601::DATE).ok()?;
    Some(PrimitiveDateTime::new(date, Time::MIDNIGHT).assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_every_unit() {
        let time = |text: &str, unit| Cell::of_text(text).time("t", unit).ok().flatten();
        assert_eq!(time("1529193600", TimeUnit::Seconds), Some(1_529_193_600));
        assert_eq!(time("1529193600.0", TimeUnit::Seconds), Some(1_529_193_600));
        assert_eq!(time("1529193600999", TimeUnit::Milliseconds), Some(1_529_193_600));
        // 2018-06-17 is day 17,699 since 1970: 17,699 x 86,400 = 1,529,193,600.
        for text in ["2018-06-17", "2018-06-17T00:00:00Z", "2018-06-17 00:00:00", "2018-06-17T02:00:00+02:00"] {
            assert_eq!(time(text, TimeUnit::Iso8601), Some(1_529_193_600), "{text}");
        }
        for text in ["17.06.2018", "2018-02-30", "x", "1e300"] {
            assert_eq!(time(text, TimeUnit::Iso8601), None, "{text}");
            assert_eq!(time(text, TimeUnit::Seconds), None, "{text}");
        }
    }

    #[test]
    fn values_of_the_wrong_type_are_faults() {
        let fault = Cell::of_text("maybe").boolean("verified").unwrap_err();
        assert_eq!(fault.detail, "expected true or false, found `maybe`");
        assert_eq!(Cell::Float(1.5).text("user").unwrap_err().detail, "expected text, found 1.5");
        assert_eq!(Cell::Boolean(true).number("rating").unwrap_err().detail, "expected a number, found true");
        assert_eq!(Cell::Integer(-1).count("votes").unwrap_err().detail, "expected a count, found -1");
        assert_eq!(Cell::Integer(7).text("user").unwrap().as_deref(), Some("7"));
        assert_eq!(Cell::of_text(" ").text("user").unwrap(), None);
    }
}
