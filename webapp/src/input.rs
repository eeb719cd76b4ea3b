//! What comes in with a request and is not yet trusted: keys, numbers, JSON bodies.

use rocket::data::{Data, FromData, Limits, Outcome, ToByteUnit};
use rocket::http::Status;
use rocket::request::Request;
use serde_json::Value;
use storage::ProductQuery;

use crate::failure::Failure;

/// Longest key (user, item) in bytes, as in events.
const KEY_BYTES: usize = 256;
/// Longest search text in characters.
const TEXT_CHARS: usize = 200;
/// Furthest place in a list that can be asked for: further ones cost the store without use.
const MAX_OFFSET: u64 = 100_000;

/// A key as events allow it.
pub(crate) fn key<'a>(field: &str, key: &'a str) -> Result<&'a str, Failure> {
    if key.is_empty() || key.len() > KEY_BYTES || key.chars().any(char::is_control) {
        let message = format!("Expected a key of 1 to {KEY_BYTES} bytes without control characters as {field}.");
        return Err(Failure::invalid(field, message));
    }
    Ok(key)
}

/// A text to search for; empty counts as none.
pub(crate) fn text(field: &str, text: Option<&str>) -> Result<Option<String>, Failure> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    match text {
        Some(text) if text.chars().count() > TEXT_CHARS => {
            Err(Failure::invalid(field, format!("Expected at most {TEXT_CHARS} characters as {field}.")))
        }
        _ => Ok(text.map(str::to_owned)),
    }
}

/// What products are searched by, in the words of pages and API; place and length are the caller's.
pub(crate) fn product_query(
    q: Option<&str>,
    category: Option<&str>,
    brand: Option<&str>,
    min_price: Option<&str>,
    max_price: Option<&str>,
) -> Result<ProductQuery, Failure> {
    let query = ProductQuery {
        text: text("q", q)?,
        category: text("category", category)?,
        brand: text("brand", brand)?,
        price_min: price("min_price", min_price)?,
        price_max: price("max_price", max_price)?,
        ..ProductQuery::default()
    };
    price_range(query.price_min, query.price_max, "max_price")?;
    Ok(query)
}

/// A price that is not negative; empty counts as none.
pub(crate) fn price(field: &str, text: Option<&str>) -> Result<Option<f32>, Failure> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    match text.parse::<f32>() {
        Ok(price) if price.is_finite() && price >= 0.0 => Ok(Some(price)),
        _ => {
            let found: String = text.chars().take(40).collect();
            Err(Failure::invalid(field, format!("Expected a price such as 19.90 as {field}, found `{found}`.")))
        }
    }
}

/// A whole number within bounds; left out or empty counts as `default`.
pub(crate) fn number(
    field: &str,
    text: Option<&str>,
    default: u64,
    allowed: std::ops::RangeInclusive<u64>,
) -> Result<u64, Failure> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(default) };
    match text.parse::<u64>() {
        Ok(number) if allowed.contains(&number) => Ok(number),
        _ => {
            let found: String = text.chars().take(40).collect();
            let (first, last) = (allowed.start(), allowed.end());
            let message = format!("Expected a whole number from {first} to {last} as {field}, found `{found}`.");
            Err(Failure::invalid(field, message))
        }
    }
}

/// How many entries to leave out before the first.
pub(crate) fn offset(text: Option<&str>) -> Result<u64, Failure> {
    number("offset", text, 0, 0..=MAX_OFFSET)
}

/// Both ends of a price range, the lower one first.
pub(crate) fn price_range(low: Option<f32>, high: Option<f32>, field: &str) -> Result<(), Failure> {
    match (low, high) {
        (Some(low), Some(high)) if low > high => {
            let message = format!("Expected a highest price not below the lowest ({low}), found {high}.");
            Err(Failure::invalid(field, message))
        }
        _ => Ok(()),
    }
}

/// A body of JSON within the limit.
#[derive(Debug)]
pub(crate) struct JsonBody(pub Value);

#[rocket::async_trait]
impl<'r> FromData<'r> for JsonBody {
    type Error = Failure;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        match read_json(request, data).await {
            Ok(value) => Outcome::Success(Self(value)),
            Err(failure) => Outcome::Error((failure.status, failure)),
        }
    }
}

async fn read_json(request: &Request<'_>, data: Data<'_>) -> Result<Value, Failure> {
    if !request.content_type().is_some_and(|kind| kind.is_json()) {
        let message = "The body must be sent as `Content-Type: application/json`.";
        return Err(Failure::new(Status::UnsupportedMediaType, "unsupported_media_type", message));
    }
    let limit = request.limits().get("json").unwrap_or(Limits::JSON);
    let unreadable = |message: String| Failure::new(Status::BadRequest, "bad_request", message);
    let bytes = data.open(limit).into_bytes().await.map_err(|error| unreadable(format!("Read the body: {error}.")))?;
    if !bytes.is_complete() {
        let message = format!("The body is larger than {}.", limit.as_u64().bytes());
        return Err(Failure::new(Status::PayloadTooLarge, "too_large", message));
    }
    serde_json::from_slice(&bytes).map_err(|error| unreadable(format!("The body is not valid JSON: {error}.")))
}

/// A value of a known form, or the field that is wrong; `place` is put before the field.
pub(crate) fn typed<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        // A missing or unknown field is named in the message only.
        let named = message.split('`').nth(1).filter(|_| message.contains(" field `")).map(str::to_owned);
        let field = match (path.as_str(), named) {
            ("." | "", Some(named)) => named,
            (_, Some(named)) if path != named && !path.ends_with(&format!(".{named}")) => format!("{path}.{named}"),
            _ => path,
        };
        (field, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_and_numbers_name_their_field() {
        assert_eq!(price("min_price", Some(" 2.5 ")).unwrap(), Some(2.5));
        assert_eq!(price("min_price", Some("")).unwrap(), None);
        for wrong in ["-1", "NaN", "inf", "cheap", "1e99"] {
            assert_eq!(price("min_price", Some(wrong)).unwrap_err().field.as_deref(), Some("min_price"), "{wrong}");
        }
        assert_eq!(number("k", None, 10, 1..=100).unwrap(), 10);
        for wrong in ["0", "101", "-1", "1.5", "ten", "99999999999999999999"] {
            assert!(number("k", Some(wrong), 10, 1..=100).is_err(), "{wrong}");
        }
    }

    #[test]
    fn typed_names_missing_and_wrong_fields() {
        let wrong = |text: &str| {
            typed::<streaming::Event>(serde_json::from_str(text).unwrap()).map_err(|(field, _)| field).unwrap_err()
        };
        assert_eq!(wrong(r#"{"item": "i", "kind": "view"}"#), "user");
        assert_eq!(wrong(r#"{"user": 1, "item": "i", "kind": "view"}"#), "user");
        assert_eq!(wrong(r#"{"user": "u", "item": "i", "kind": "look"}"#), "kind");
    }
}
