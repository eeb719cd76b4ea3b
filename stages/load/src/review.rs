//! A review as a row of the file, checked, and as bytes between two passes.

use std::borrow::Cow;

use crate::{
    codec::{Decoder, Encoder, push_key_number, push_key_text},
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
        Ok(Review {
            user,
            item,
            rating: rating as f32,
            time,
            title: self.title.as_deref().and_then(filled),
            text: self.text.as_deref().and_then(filled),
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
    pub user: &'a str,
    /// Item key.
    pub item: &'a str,
    /// 1 to 5.
    pub rating: f32,
    /// Unix seconds, UTC.
    pub time: i64,
    /// Headline.
    pub title: Option<&'a str>,
    /// Body.
    pub text: Option<&'a str>,
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
        push_key_text(key, self.review.item);
        push_key_text(key, self.review.user);
        push_key_number(key, self.review.time);
        key.extend(self.place.file.to_be_bytes());
        key.extend(self.place.line.to_be_bytes());
    }

    /// Writes it.
    pub fn encode(&self, encoder: &mut Encoder) {
        let Review { user, item, rating, time, title, text, verified, helpful_votes } = &self.review;
        encoder.fixed(self.digest);
        encoder.u32(self.place.file);
        encoder.u64(self.place.line);
        encoder.u64(self.place.byte_offset);
        encoder.text(user);
        encoder.text(item);
        encoder.fixed(rating.to_le_bytes());
        encoder.fixed(time.to_le_bytes());
        encoder.maybe(*title);
        encoder.maybe(*text);
        encoder.byte(verified.map_or(2, u8::from));
        encoder.byte(u8::from(helpful_votes.is_some()));
        encoder.u32(helpful_votes.unwrap_or_default());
    }

    /// Reads it back; none if the bytes are damaged.
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut decoder = Decoder::new(bytes);
        let digest = decoder.fixed()?;
        let place = Place { file: decoder.u32()?, line: decoder.u64()?, byte_offset: decoder.u64()? };
        let (user, item) = (decoder.text()?, decoder.text()?);
        let rating = f32::from_le_bytes(decoder.fixed()?);
        let time = i64::from_le_bytes(decoder.fixed()?);
        let (title, text) = (decoder.maybe()?, decoder.maybe()?);
        let verified = match decoder.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        };
        let has_votes = decoder.byte()? == 1;
        let votes = decoder.u32()?;
        let helpful_votes = has_votes.then_some(votes);
        let review = Review { user, item, rating, time, title, text, verified, helpful_votes };
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
        let fields = fields();
        let review = fields.check(NAMES).unwrap();
        assert_eq!((review.item, review.title), ("B", None));
        let place = Place { file: 1, line: 2, byte_offset: 3 };
        let stored = StoredReview { review, place, digest: [7; 16] };
        let mut encoder = Encoder::default();
        stored.encode(&mut encoder);
        assert_eq!(StoredReview::decode(&encoder.bytes), Some(stored));
        assert_eq!(StoredReview::decode(&encoder.bytes[..20]), None);
    }
}
