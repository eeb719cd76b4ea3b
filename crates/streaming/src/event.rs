//! What a shop tells the recommender about: one user did one thing with one item.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the event schema; raised when old events can no longer be read.
pub const SCHEMA_VERSION: u32 = 1;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The product page was opened.
    View,
    /// The product was put into the cart.
    Cart,
    /// The product was bought.
    Purchase,
    /// The product was rated; `rating` says how.
    Rating,
}

/// An event as it comes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// [`SCHEMA_VERSION`] of the sender; 1 if left out.
    #[serde(default = "first_version")]
    pub schema_version: u32,
    /// Unique id; a second event of the same id changes nothing. Made by the receiver if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// User key.
    pub user: String,
    /// Item key (the asin).
    pub item: String,
    /// What was done.
    pub kind: EventKind,
    /// 1 to 5, for `rating` events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<f32>,
    /// When: Unix milliseconds, UTC. The receiver's clock if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<i64>,
}

/// Why an event is not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("event field `{field}`: expected {expected}, found {found}")]
pub struct InvalidEvent {
    /// The faulty field.
    pub field: &'static str,
    /// What is allowed.
    pub expected: &'static str,
    /// What came.
    pub found: String,
}

/// Longest key (user, item, event id) in bytes.
const KEY_BYTES: usize = 256;

fn first_version() -> u32 {
    SCHEMA_VERSION
}

impl Event {
    /// Checks what the types alone do not: version, lengths, rating range, plausible time.
    pub fn check(&self) -> Result<(), InvalidEvent> {
        if self.schema_version != SCHEMA_VERSION {
            return Err(invalid("schema_version", "1", self.schema_version));
        }
        check_key("user", &self.user)?;
        check_key("item", &self.item)?;
        if let Some(id) = &self.event_id {
            check_key("event_id", id)?;
        }
        match (self.kind, self.rating) {
            (EventKind::Rating, None) => Err(invalid("rating", "a number from 1 to 5 for kind `rating`", "none")),
            (EventKind::Rating, Some(rating)) if !(1.0..=5.0).contains(&rating) => {
                Err(invalid("rating", "a number from 1 to 5", rating))
            }
            (EventKind::Rating, Some(_)) | (_, None) => Ok(()),
            (_, Some(rating)) => Err(invalid("rating", "no rating but for kind `rating`", rating)),
        }?;
        match self.time_ms {
            Some(time) if !(0..=253_402_300_799_999).contains(&time) => {
                Err(invalid("time_ms", "Unix milliseconds between 1970 and 9999", time))
            }
            _ => Ok(()),
        }
    }

    /// Strength in the units of ratings, 1 to 5: what the recommenders take as the weight.
    ///
    /// A purchase counts as the best rating, a cart nearly so, a view as a neutral one.
    pub fn weight(&self) -> f32 {
        match self.kind {
            EventKind::View => 3.0,
            EventKind::Cart => 4.0,
            EventKind::Purchase => 5.0,
            EventKind::Rating => self.rating.unwrap_or(3.0),
        }
    }
}

fn check_key(field: &'static str, key: &str) -> Result<(), InvalidEvent> {
    if key.is_empty() || key.len() > KEY_BYTES || key.chars().any(char::is_control) {
        let found = format!("{} bytes `{}`", key.len(), key.chars().take(40).collect::<String>().escape_debug());
        return Err(InvalidEvent { field, expected: "1 to 256 bytes without control characters", found });
    }
    Ok(())
}

fn invalid(field: &'static str, expected: &'static str, found: impl ToString) -> InvalidEvent {
    InvalidEvent { field, expected, found: found.to_string() }
}
