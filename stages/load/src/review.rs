//! A review as a row of the file, checked, and as bytes between two passes.

use std::borrow::Cow;

use crate::{
    codec::{Decoder, Encoder, push_key_number, push_key_text, split_key_number, split_key_text},
    fault::{Fault, Place, Reason},
    text::filled,
};

/// First second of 1995: the shop opened in that year.
pub const FIRST_TIME: i64 = 788_918_400;
/// First second of 2100. A fixed bound, so that the result does not depend on the day of the run.
pub const END_TIME: i64 = 4_102_444_800;

/// What the fields of a row are called in its file.
#[derive(Clone, Copy, Debug)]
pub struct FieldNames<'a> {
    /// Of the user key.
    pub user: &'a str,
    /// Of the item key.
    pub item: &'a str,
    /// Of the rating.
    pub rating: &'a str,
    /// Of the time.
    pub time: &'a str,
}

/// The fields of a row, of the right types but not yet checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields<'a> {
    /// User key.
    pub user: Option<Cow<'a, str>>,
    /// Item key.
    pub item: Option<Cow<'a, str>>,
    /// Rating.
    pub rating: Option<f64>,
    /// Unix seconds.
    pub time: Option<i64>,
    /// Headline.
    pub title: Option<Cow<'a, str>>,
    /// Body.
    pub text: Option<Cow<'a, str>>,
    /// Whether the shop knows of the purchase.
    pub verified: Option<bool>,
    /// Readers who found it helpful.
    pub helpful_votes: Option<u32>,
}

impl Fields<'_> {
    /// The review, if all that is needed is there and possible.
    pub fn check(&self, names: FieldNames) -> Result<Review<'_>, Fault> {
        let user = key(self.user.as_deref(), Reason::MissingUser, names.user)?;
        let item = key(self.item.as_deref(), Reason::MissingItem, names.item)?;
        let missing = |reason, field| Fault::of_field(reason, field, "expected a number, found none");
        let rating = self.rating.ok_or_else(|| missing(Reason::MissingRating, names.rating))?;
        if !(1.0..=5.0).contains(&rating) {
            let detail = format!("expected 1 to 5, found {rating}");
            return Err(Fault::of_field(Reason::RatingOutOfRange, names.rating, detail));
        }
        let time = self.time.ok_or_else(|| missing(Reason::MissingTime, names.time))?;
        if !(FIRST_TIME..END_TIME).contains(&time) {
            let detail = format!("expected a time from 1995 to 2099, found {time} seconds since 1970");
            return Err(Fault::of_field(Reason::ImpossibleTime, names.time, detail));
        }
        let text = self.text.as_deref().and_then(filled);
        Ok(Review {
            user: Cow::Borrowed(user),
            item: Cow::Borrowed(item),
            rating: rating as f32,
            time,
            title: self.title.as_deref().and_then(filled),
            text,
            text_length: text.map(|text| text.chars().count() as u32),
            verified: self.verified,
            helpful_votes: self.helpful_votes,
        })
    }
}

fn key<'a>(value: Option<&'a str>, reason: Reason, field: &str) -> Result<&'a str, Fault> {
    let key = value.map(str::trim).filter(|key| !key.is_empty());
    key.ok_or_else(|| Fault::of_field(reason, field, "expected text, found none"))
}

/// A sound review.
#[derive(Clone, Debug, PartialEq)]
pub struct Review<'a> {
    /// User key.
    pub user: Cow<'a, str>,
    /// Item key.
    pub item: Cow<'a, str>,
    /// 1 to 5.
    pub rating: f32,
    /// Unix seconds, UTC.
    pub time: i64,
    /// Headline; after a sort only if it was kept.
    pub title: Option<&'a str>,
    /// Body; after a sort only if it was kept.
    pub text: Option<&'a str>,
    /// Characters of the body.
    pub text_length: Option<u32>,
    /// Whether the shop knows of the purchase.
    pub verified: Option<bool>,
    /// Readers who found it helpful.
    pub helpful_votes: Option<u32>,
}

/// A review with where it stood and a hash of its line.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredReview<'a> {
    /// The review.
    pub review: Review<'a>,
    /// Where it stood.
    pub place: Place,
    /// Hash of its line: equal only for equal lines.
    pub digest: [u8; 16],
}

impl<'a> StoredReview<'a> {
    /// The order of the table: item, user, time, place.
    pub fn push_key(&self, key: &mut Vec<u8>) {
        push_key_text(key, &self.review.item);
        push_key_text(key, &self.review.user);
        push_key_number(key, self.review.time);
        key.extend(self.place.file.to_be_bytes());
        key.extend(self.place.byte_offset.to_be_bytes());
    }

    /// Writes what the key does not say; the texts only if they are to come back from the sort.
    pub fn encode(&self, keeps_texts: bool, encoder: &mut Encoder) {
        let Review { rating, title, text, text_length, verified, helpful_votes, .. } = &self.review;
        encoder.fixed(self.digest);
        encoder.u64(self.place.line);
        encoder.fixed(rating.to_le_bytes());
        encoder.byte(verified.map_or(2, u8::from));
        for count in [helpful_votes, text_length] {
            encoder.byte(u8::from(count.is_some()));
            encoder.u32(count.unwrap_or_default());
        }
        encoder.maybe(title.filter(|_| keeps_texts));
        encoder.maybe(text.filter(|_| keeps_texts));
    }

    /// Reads it back; none if the bytes are damaged.
    pub fn decode(key: &'a [u8], payload: &'a [u8]) -> Option<Self> {
        let (item, rest) = split_key_text(key)?;
        let (user, rest) = split_key_text(rest)?;
        let (time, rest) = split_key_number(rest)?;
        let (file, rest) = rest.split_first_chunk()?;
        let byte_offset = u64::from_be_bytes(*rest.first_chunk()?);
        let mut decoder = Decoder::new(payload);
        let digest = decoder.fixed()?;
        let place = Place { file: u32::from_be_bytes(*file), line: decoder.u64()?, byte_offset };
        let rating = f32::from_le_bytes(decoder.fixed()?);
        let verified = match decoder.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        };
        let mut count = || Some((decoder.byte()? == 1, decoder.u32()?));
        let (helpful_votes, text_length) = (count()?, count()?);
        let (title, text) = (decoder.maybe()?, decoder.maybe()?);
        let some = |(is_some, count): (bool, u32)| is_some.then_some(count);
        let (helpful_votes, text_length) = (some(helpful_votes), some(text_length));
        let review = Review { user, item, rating, time, title, text, text_length, verified, helpful_votes };
        Some(Self { review, place, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: FieldNames = FieldNames { user: "u", item: "i", rating: "r", time: "t" };

    fn fields() -> Fields<'static> {
        Fields {
            user: Some("A".into()),
            item: Some(" B ".into()),
            rating: Some(5.0),
            time: Some(FIRST_TIME),
            title: Some(" ".into()),
            text: Some("fine".into()),
            verified: Some(true),
            helpful_votes: Some(3),
        }
    }

    #[test]
    fn bounds_are_inclusive_where_they_say_so() {
        let reason = |fields: Fields| fields.check(NAMES).map(|_| ()).map_err(|fault| fault.reason);
        assert_eq!(reason(fields()), Ok(()));
        assert_eq!(reason(Fields { time: Some(FIRST_TIME - 1), ..fields() }), Err(Reason::ImpossibleTime));
        assert_eq!(reason(Fields { time: Some(END_TIME), ..fields() }), Err(Reason::ImpossibleTime));
        assert_eq!(reason(Fields { rating: Some(1.0), ..fields() }), Ok(()));
        assert_eq!(reason(Fields { rating: Some(5.01), ..fields() }), Err(Reason::RatingOutOfRange));
        assert_eq!(reason(Fields { rating: Some(f64::NAN), ..fields() }), Err(Reason::RatingOutOfRange));
        assert_eq!(reason(Fields { user: Some(" ".into()), ..fields() }), Err(Reason::MissingUser));
    }

    #[test]
    fn stored_reviews_come_back() {
        let fields = Fields { user: Some("A\0B".into()), ..fields() };
        let review = fields.check(NAMES).unwrap();
        assert_eq!((review.item.as_ref(), review.title, review.text_length), ("B", None, Some(4)));
        let place = Place { file: 1, line: 2, byte_offset: 3 };
        let stored = StoredReview { review, place, digest: [7; 16] };
        let (mut key, mut with, mut without) = (Vec::new(), Encoder::default(), Encoder::default());
        stored.push_key(&mut key);
        stored.encode(true, &mut with);
        stored.encode(false, &mut without);
        assert_eq!(StoredReview::decode(&key, &with.bytes), Some(stored.clone()));
        let review = Review { text: None, ..stored.review.clone() };
        assert_eq!(StoredReview::decode(&key, &without.bytes), Some(StoredReview { review, ..stored }));
        assert_eq!(StoredReview::decode(&key, &with.bytes[..20]), None);
        assert_eq!(StoredReview::decode(&key[..9], &with.bytes), None);
    }
}
