//! Sequences: a line a user, `user item item ...`, from the oldest to the newest interaction; and
//! attributes: a JSON object from item to a list of attribute ids.
//!
//! These are the forms in which data sets of sequential and graph recommenders are published. They have
//! neither times nor ratings: the place in the line stands for the time, and each rating is the best one,
//! so that whatever filters by rating keeps all. A line with a user alone holds nothing.

use std::borrow::Cow;

use serde_json::Value;

use super::fields::{json, kind, object};
use crate::{
    fault::{Fault, Place},
    item::Item,
    review::{Review, StoredReview},
};

/// What stands for a rating.
const RATING: f32 = 5.0;

/// The interactions of a line at `place`.
pub fn reviews(line: &str, place: Place) -> impl Iterator<Item = StoredReview<'_>> {
    let mut words = words(line);
    let user = words.next().map_or("", |(_, user)| user);
    words.zip(1..).map(move |((offset, item), time)| {
        let review = Review {
            user: Cow::Borrowed(user),
            item: Cow::Borrowed(item),
            rating: RATING,
            time,
            title: None,
            text: None,
            text_length: None,
            verified: None,
            helpful_votes: None,
        };
        let place = Place { byte_offset: place.byte_offset + offset as u64, ..place };
        // Interactions of one user, item and place in the line say the same.
        StoredReview { review, place, digest: [0; 16] }
    })
}

/// The words of a line with their offsets.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = line.as_ptr().addr();
    line.split_ascii_whitespace().map(move |word| (word.as_ptr().addr() - start, word))
}

/// The items of a line, which is a JSON object from item to a list of attribute ids.
pub fn items(line: &str) -> Result<Vec<Item>, Fault> {
    let value = json(line)?;
    let entries = object(&value)?.iter().filter(|(key, _)| !key.trim().is_empty());
    entries.map(|(key, ids)| item(key.trim(), ids)).collect()
}

fn item(key: &str, ids: &Value) -> Result<Item, Fault> {
    let wrong = |found: &Value| Fault::wrong_type(key, "a list of numbers or texts", kind(found));
    let mut categories: Vec<String> = Vec::new();
    for id in ids.as_array().ok_or_else(|| wrong(ids))? {
        let id = match id {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_owned(),
            other => return Err(Fault::wrong_type(key, "numbers or texts in its list", kind(other))),
        };
        let category = format!("attribute {id}");
        if !id.is_empty() && !categories.contains(&category) {
            categories.push(category);
        }
    }
    Ok(Item { key: key.to_owned(), categories, ..Item::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Reason;

    #[test]
    fn the_place_in_the_line_is_the_time() {
        let place = Place { file: 1, line: 7, byte_offset: 100 };
        let found: Vec<_> = reviews("u1 a\tb  a\r", place)
            .map(|stored| {
                (stored.review.user.into_owned(), stored.review.item.into_owned(), stored.review.time, stored.place)
            })
            .collect();
        let row =
            |item: &str, time, byte_offset| ("u1".to_owned(), item.to_owned(), time, Place { byte_offset, ..place });
        assert_eq!(found, [row("a", 1, 103), row("b", 2, 105), row("a", 3, 108)]);
        assert_eq!(reviews("u1", place).count() + reviews("u1 ", place).count(), 0);
    }

    #[test]
    fn attributes_may_be_numbers_or_texts() {
        let found = items(r#"{"1": [12, "x y", 12], " ": [1], "2": []}"#).unwrap();
        let found: Vec<_> = found.into_iter().map(|item| (item.key, item.categories)).collect();
        let first = vec!["attribute 12".to_owned(), "attribute x y".to_owned()];
        assert_eq!(found, [("1".to_owned(), first), ("2".to_owned(), Vec::new())]);
    }

    #[test]
    fn what_is_no_list_of_ids_is_named() {
        let fault = |line| items(line).unwrap_err();
        assert_eq!(fault(r#"{"1": [2]"#).reason, Reason::BrokenJson);
        assert_eq!(fault("[1]").reason, Reason::WrongType);
        let wrong = fault(r#"{"1": [2], "7": {"a": 1}}"#);
        assert!(format!("{wrong:?}").contains("\"7\"") && wrong.detail.contains("an object"), "{wrong:?}");
        assert!(fault(r#"{"7": [[1]]}"#).detail.contains("a list"));
    }
}
