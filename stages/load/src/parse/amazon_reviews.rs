//! Reviews in the three Amazon layouts.
//!
//! A row is parsed straight into its fields. Where that fails, it is parsed again, slowly, to tell
//! what is wrong; a row that only the slow way can read is taken as well.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use serde_json::{Map, Value};

use super::fields::{boolean, count, integer, json, kind, number, object, present, text};
use crate::{
    fault::Fault,
    params::Layout,
    review::{FieldNames, Fields},
    text as shop_text,
};

/// What the needed fields are called in a layout.
pub fn names(layout: Layout) -> FieldNames<'static> {
    match layout {
        Layout::Amazon2023 => FieldNames { user: "user_id", item: "parent_asin", rating: "rating", time: "timestamp" },
        _ => FieldNames { user: "reviewerID", item: "asin", rating: "overall", time: "unixReviewTime" },
    }
}

/// The fields of a line.
pub fn parse(layout: Layout, line: &str) -> Result<Fields<'_>, Fault> {
    match fast(layout, line) {
        Some(fields) => Ok(fields),
        None => slow(layout, line),
    }
}

fn fast(layout: Layout, line: &str) -> Option<Fields<'_>> {
    match layout {
        Layout::Amazon2014 => sonic_rs::from_str::<Row2014>(line).ok().map(Row2014::fields),
        Layout::Amazon2018 => sonic_rs::from_str::<Row2018>(line).ok().and_then(Row2018::fields),
        _ => sonic_rs::from_str::<Row2023>(line).ok().map(Row2023::fields),
    }
}

fn slow(layout: Layout, line: &str) -> Result<Fields<'static>, Fault> {
    let value = json(line)?;
    let row = object(&value)?;
    let names = names(layout);
    let is_2023 = layout == Layout::Amazon2023;
    let (title, body) = if is_2023 { ("title", "text") } else { ("summary", "reviewText") };
    let owned = |name| Ok(text(row, name)?.map(|text| Cow::Owned(text.to_owned())));
    let time = integer(row, names.time)?;
    Ok(Fields {
        user: owned(names.user)?,
        item: owned(names.item)?,
        rating: number(row, names.rating)?,
        time: if is_2023 { time.map(seconds) } else { time },
        title: owned(title)?,
        text: owned(body)?,
        verified: match layout {
            Layout::Amazon2014 => None,
            Layout::Amazon2018 => boolean(row, "verified")?,
            _ => boolean(row, "verified_purchase")?,
        },
        helpful_votes: match layout {
            Layout::Amazon2014 => helpful(row)?,
            Layout::Amazon2018 => Some(vote(row)?),
            _ => count(row, "helpful_vote")?,
        },
    })
}

/// `helpful` of 2014: how many found it so, and how many voted.
fn helpful(row: &Map<String, Value>) -> Result<Option<u32>, Fault> {
    let Some(value) = present(row, "helpful") else { return Ok(None) };
    let wrong = || Fault::wrong_type("helpful", "a list of two counts", &value.to_string());
    let Some([helpful, all]) = value.as_array().map(Vec::as_slice) else { return Err(wrong()) };
    let narrow = |value: &Value| value.as_u64().and_then(|count| u32::try_from(count).ok());
    narrow(helpful).zip(narrow(all)).map(|(helpful, _)| Some(helpful)).ok_or_else(wrong)
}

/// `vote` of 2018: text such as `1,234`; left out where there are none.
fn vote(row: &Map<String, Value>) -> Result<u32, Fault> {
    let wrong = |found: &str| Fault::wrong_type("vote", "a count such as \"1,234\"", found);
    match present(row, "vote") {
        None => Ok(0),
        Some(Value::String(text)) => shop_text::count(text).ok_or_else(|| wrong(text)),
        Some(Value::Number(_)) => Ok(count(row, "vote")?.unwrap_or_default()),
        Some(other) => Err(wrong(kind(other))),
    }
}

fn seconds(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(1000)
}

#[derive(Deserialize)]
struct Row2014<'a> {
    #[serde(rename = "reviewerID", borrow)]
    user: Option<Text<'a>>,
    #[serde(rename = "asin", borrow)]
    item: Option<Text<'a>>,
    overall: Option<f64>,
    #[serde(rename = "unixReviewTime")]
    time: Option<i64>,
    #[serde(borrow)]
    summary: Option<Text<'a>>,
    #[serde(rename = "reviewText", borrow)]
    text: Option<Text<'a>>,
    helpful: Option<(u32, u32)>,
}

impl<'a> Row2014<'a> {
    fn fields(self) -> Fields<'a> {
        Fields {
            user: cow(self.user),
            item: cow(self.item),
            rating: self.overall,
            time: self.time,
            title: cow(self.summary),
            text: cow(self.text),
            verified: None,
            helpful_votes: self.helpful.map(|(helpful, _)| helpful),
        }
    }
}

#[derive(Deserialize)]
struct Row2018<'a> {
    #[serde(rename = "reviewerID", borrow)]
    user: Option<Text<'a>>,
    #[serde(rename = "asin", borrow)]
    item: Option<Text<'a>>,
    overall: Option<f64>,
    #[serde(rename = "unixReviewTime")]
    time: Option<i64>,
    #[serde(borrow)]
    summary: Option<Text<'a>>,
    #[serde(rename = "reviewText", borrow)]
    text: Option<Text<'a>>,
    verified: Option<bool>,
    #[serde(borrow)]
    vote: Option<Text<'a>>,
}

impl<'a> Row2018<'a> {
    fn fields(self) -> Option<Fields<'a>> {
        let votes = match &self.vote {
            Some(vote) => shop_text::count(&vote.0)?,
            None => 0,
        };
        Some(Fields {
            user: cow(self.user),
            item: cow(self.item),
            rating: self.overall,
            time: self.time,
            title: cow(self.summary),
            text: cow(self.text),
            verified: self.verified,
            helpful_votes: Some(votes),
        })
    }
}

#[derive(Deserialize)]
struct Row2023<'a> {
    #[serde(rename = "user_id", borrow)]
    user: Option<Text<'a>>,
    #[serde(rename = "parent_asin", borrow)]
    item: Option<Text<'a>>,
    rating: Option<f64>,
    timestamp: Option<i64>,
    #[serde(borrow)]
    title: Option<Text<'a>>,
    #[serde(borrow)]
    text: Option<Text<'a>>,
    verified_purchase: Option<bool>,
    helpful_vote: Option<u32>,
}

impl<'a> Row2023<'a> {
    fn fields(self) -> Fields<'a> {
        Fields {
            user: cow(self.user),
            item: cow(self.item),
            rating: self.rating,
            time: self.timestamp.map(seconds),
            title: cow(self.title),
            text: cow(self.text),
            verified: self.verified_purchase,
            helpful_votes: self.helpful_vote,
        }
    }
}

/// Text that is borrowed from the line wherever it has no escapes. (`Option<Cow<str>>` alone would
/// always be copied.)
struct Text<'a>(Cow<'a, str>);

fn cow(text: Option<Text>) -> Option<Cow<str>> {
    text.map(|text| text.0)
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;

        impl<'de> Visitor<'de> for Borrowing {
            type Value = Cow<'de, str>;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }

        deserializer.deserialize_str(Borrowing).map(Text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fault::Reason;

    const LAYOUTS: [Layout; 3] = [Layout::Amazon2014, Layout::Amazon2018, Layout::Amazon2023];

    #[test]
    fn a_line_of_each_layout() {
        let line = r#"{"reviewerID": "A1", "asin": "B1", "helpful": [3, 4], "reviewText": "a\nb", "overall": 5.0, "summary": "s", "unixReviewTime": 1393545600, "reviewTime": "02 28, 2014"}"#;
        let fields = parse(Layout::Amazon2014, line).unwrap();
        assert_eq!(fields.user.as_deref(), Some("A1"));
        assert_eq!((fields.rating, fields.time), (Some(5.0), Some(1_393_545_600)));
        assert_eq!((fields.text.as_deref(), fields.helpful_votes), (Some("a\nb"), Some(3)));

        let line = r#"{"overall": 4, "vote": "1,234", "verified": true, "reviewerID": "A1", "asin": "B1", "style": {"Size:": " S"}, "unixReviewTime": 1393545600}"#;
        let fields = parse(Layout::Amazon2018, line).unwrap();
        assert_eq!((fields.rating, fields.verified, fields.helpful_votes), (Some(4.0), Some(true), Some(1234)));
        assert_eq!((fields.title, fields.text), (None, None));

        let line = r#"{"rating": 2.0, "title": "t", "text": "", "parent_asin": "B1", "asin": "B2", "user_id": "A1", "timestamp": 1529193600999, "helpful_vote": 0, "verified_purchase": false}"#;
        let fields = parse(Layout::Amazon2023, line).unwrap();
        assert_eq!((fields.item.as_deref(), fields.time), (Some("B1"), Some(1_529_193_600)));
        assert_eq!((fields.helpful_votes, fields.verified), (Some(0), Some(false)));
    }

    #[test]
    fn faults_name_field_and_find() {
        let fault = |layout, line| parse(layout, line).unwrap_err();
        let cases = [
            (r#"{"overall": "five"}"#, "overall", "expected a number, found text"),
            (r#"{"asin": 7}"#, "asin", "expected text, found a number"),
            (r#"{"verified": 1}"#, "verified", "expected true or false, found a number"),
            (r#"{"vote": "many"}"#, "vote", "expected a count such as \"1,234\", found many"),
            (r#"{"unixReviewTime": 1.5}"#, "unixReviewTime", "expected a whole number, found 1.5"),
        ];
        for (line, field, detail) in cases {
            assert_eq!(fault(Layout::Amazon2018, line), Fault::of_field(Reason::WrongType, field, detail));
        }
        let list = fault(Layout::Amazon2014, r#"{"helpful": [1]}"#);
        assert_eq!(list.detail, "expected a list of two counts, found [1]");
        let row = fault(Layout::Amazon2018, "[1]");
        assert_eq!(row, Fault::of_row(Reason::WrongType, "expected an object, found a list"));
        let cut = fault(Layout::Amazon2018, r#"{"overall": 5.0, "asi"#);
        assert_eq!(cut.detail, "expected JSON, found EOF while parsing a string at column 21");
        assert_eq!(cut.reason, Reason::BrokenJson);
    }

    #[test]
    fn the_slow_way_reads_what_the_fast_one_reads() {
        let lines = [
            r#"{"reviewerID": "A\u00e9", "asin": "B", "overall": 3, "helpful": [1, 2], "vote": "2", "verified": true}"#,
            r#"{"user_id": "A", "parent_asin": null, "timestamp": -1, "rating": 1e0, "helpful_vote": 7, "x": [{}]}"#,
            "{}",
        ];
        for line in lines {
            for layout in LAYOUTS {
                let quick = fast(layout, line).unwrap();
                assert_eq!(quick, slow(layout, line).unwrap(), "{line}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_row_or_a_fault(line in "\\PC*|\\{(\"(asin|overall|vote|helpful)\": ?(1|-1.5|\"a\"|null|\\[1,2\\]),?){0,3}\\}") {
            for layout in LAYOUTS {
                if let (Some(quick), Ok(careful)) = (fast(layout, &line), slow(layout, &line)) {
                    prop_assert_eq!(quick, careful);
                }
                let _ = parse(layout, &line);
            }
        }
    }
}
