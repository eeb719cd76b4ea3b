//! What a shop tells the recommender about: a user did something with an item, or wants something else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::product::Details;

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
    /// The user wants something else; `preferences` says what.
    Preferences,
    /// The shop sells something new, or knows it better; `product` says what.
    Product,
}

/// What a user likes from now on: all of it, not what has changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Wishes {
    /// Preferred categories.
    pub categories: Vec<String>,
    /// Preferred brands.
    pub brands: Vec<String>,
    /// Lowest price wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_min: Option<f32>,
    /// Highest price wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_max: Option<f32>,
    /// Items never to be recommended.
    pub excluded_items: Vec<String>,
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
    /// User key; of a `product` event whoever sends it: its events stay in order.
    pub user: String,
    /// Item key (the asin); left out for `preferences`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub item: String,
    /// What was done.
    pub kind: EventKind,
    /// 1 to 5, for `rating` events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<f32>,
    /// When: Unix milliseconds, UTC. The receiver's clock if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<i64>,
    /// For `preferences` events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferences: Option<Wishes>,
    /// For `product` events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<Details>,
    /// What this version does not know; it stays with the event.
    #[serde(flatten)]
    pub more: Map<String, Value>,
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

/// The JSON Schema (draft 2020-12) of an event, for whoever sends some.
pub fn event_schema() -> Value {
    schemars::schema_for!(Event).to_value()
}

impl Event {
    /// An event without id and time.
    pub fn new(user: &str, item: &str, kind: EventKind) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            event_id: None,
            user: user.to_owned(),
            item: item.to_owned(),
            kind,
            rating: None,
            time_ms: None,
            preferences: None,
            product: None,
            more: Map::new(),
        }
    }

    /// Checks what the types alone do not: version, lengths, rating range, plausible time.
    pub fn check(&self) -> Result<(), InvalidEvent> {
        if self.schema_version != SCHEMA_VERSION {
            return Err(invalid("schema_version", "1", &self.schema_version));
        }
        check_key("user", &self.user)?;
        match (self.kind, &self.preferences) {
            (EventKind::Preferences, None) => {
                return Err(invalid("preferences", "what the user likes for kind `preferences`", &"none"));
            }
            (EventKind::Preferences, Some(_)) if self.item.is_empty() => {}
            (EventKind::Preferences, Some(_)) => {
                return Err(invalid("item", "no item for kind `preferences`", &self.item));
            }
            (_, Some(_)) => return Err(invalid("preferences", "none but for kind `preferences`", &"some")),
            (_, None) => check_key("item", &self.item)?,
        }
        match (self.kind, &self.product) {
            (EventKind::Product, Some(details)) => details.check()?,
            (EventKind::Product, None) => {
                return Err(invalid("product", "what is known of it for kind `product`", &"none"));
            }
            (_, Some(_)) => return Err(invalid("product", "none but for kind `product`", &"some")),
            (_, None) => {}
        }
        if let Some(id) = &self.event_id {
            check_key("event_id", id)?;
        }
        match (self.kind, self.rating) {
            (EventKind::Rating, None) => Err(invalid("rating", "a number from 1 to 5 for kind `rating`", &"none")),
            (EventKind::Rating, Some(rating)) if !(1.0..=5.0).contains(&rating) => {
                Err(invalid("rating", "a number from 1 to 5", &rating))
            }
            (EventKind::Rating, Some(_)) | (_, None) => Ok(()),
            (_, Some(rating)) => Err(invalid("rating", "no rating but for kind `rating`", &rating)),
        }?;
        match self.time_ms {
            Some(time) if !(0..=253_402_300_799_999).contains(&time) => {
                Err(invalid("time_ms", "Unix milliseconds between 1970 and 9999", &time))
            }
            _ => Ok(()),
        }
    }

    /// Strength in the units of ratings, 1 to 5: what the recommenders take as the weight.
    ///
    /// A purchase counts as the best rating, a cart nearly so, a view as a neutral one.
    pub fn weight(&self) -> f32 {
        match self.kind {
            EventKind::View | EventKind::Preferences | EventKind::Product => 3.0,
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

pub(crate) fn invalid(field: &'static str, expected: &'static str, found: &impl ToString) -> InvalidEvent {
    InvalidEvent { field, expected, found: found.to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn event(kind: EventKind, rating: Option<f32>) -> Event {
        Event { rating, ..Event::new("u", "i", kind) }
    }

    /// The faulty field of an event, or none.
    fn fault(event: &Event) -> Option<&'static str> {
        event.check().err().map(|fault| fault.field)
    }

    #[test]
    fn the_shortest_event_is_taken() {
        let event: Event = serde_json::from_value(json!({ "user": "u", "item": "i", "kind": "view" })).unwrap();
        assert_eq!(event, self::event(EventKind::View, None));
        event.check().unwrap();
    }

    #[test]
    fn absent_fields_are_not_written() {
        let text = serde_json::to_string(&event(EventKind::Cart, None)).unwrap();
        assert_eq!(text, r#"{"schema_version":1,"user":"u","item":"i","kind":"cart"}"#);
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for (value, word) in [
            (json!({ "item": "i", "kind": "view" }), "user"),
            (json!({ "user": "u", "item": "i" }), "kind"),
            (json!({ "user": "u", "item": "i", "kind": "stare" }), "stare"),
            (json!({ "user": 7, "item": "i", "kind": "view" }), "string"),
            (json!({ "user": "u", "item": "i", "kind": "view", "time_ms": 0.5 }), "floating point"),
        ] {
            let error = serde_json::from_value::<Event>(value).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn preferences_come_without_an_item_and_everything_else_with_one() {
        let wishes = || Some(Wishes { brands: vec!["Acme".into()], ..Wishes::default() });
        let of = |kind, item: &str, preferences| Event { preferences, ..Event::new("u", item, kind) };
        assert_eq!(fault(&of(EventKind::Preferences, "", wishes())), None);
        assert_eq!(fault(&of(EventKind::Preferences, "i", wishes())), Some("item"));
        assert_eq!(fault(&of(EventKind::Preferences, "", None)), Some("preferences"));
        assert_eq!(fault(&of(EventKind::View, "i", wishes())), Some("preferences"));
        assert_eq!(fault(&of(EventKind::View, "", None)), Some("item"));
    }

    #[test]
    fn a_product_comes_with_its_key_and_details_and_nothing_else_has_them() {
        let details = || Some(Details { title: Some("Tea".into()), ..Details::default() });
        let of = |kind, item: &str, product| Event { product, ..Event::new("shop", item, kind) };
        assert_eq!(fault(&of(EventKind::Product, "i", details())), None);
        assert_eq!(fault(&of(EventKind::Product, "", details())), Some("item"));
        assert_eq!(fault(&of(EventKind::Product, "i", None)), Some("product"));
        assert_eq!(fault(&of(EventKind::View, "i", details())), Some("product"));
        let faulty = Some(Details { price: Some(-1.0), ..Details::default() });
        assert_eq!(fault(&of(EventKind::Product, "i", faulty)), Some("product.price"));
    }

    #[test]
    fn fields_that_are_not_known_stay_with_the_event() {
        let text = r#"{"schema_version":1,"user":"u","item":"i","kind":"view","page":{"from":"search"}}"#;
        let event: Event = serde_json::from_str(text).unwrap();
        assert_eq!(event.more["page"], json!({ "from": "search" }));
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
    }

    #[test]
    fn only_rating_events_have_a_rating_and_it_is_from_1_to_5() {
        for rating in [1.0, 2.5, 5.0] {
            assert_eq!(fault(&event(EventKind::Rating, Some(rating))), None);
        }
        for rating in [None, Some(0.99), Some(5.01), Some(f32::NAN), Some(f32::INFINITY), Some(-1.0)] {
            assert_eq!(fault(&event(EventKind::Rating, rating)), Some("rating"), "{rating:?}");
        }
        for kind in [EventKind::View, EventKind::Cart, EventKind::Purchase] {
            assert_eq!(fault(&event(kind, None)), None);
            assert_eq!(fault(&event(kind, Some(3.0))), Some("rating"));
        }
    }

    #[test]
    fn a_message_names_field_wanted_and_found() {
        let message = event(EventKind::Rating, Some(7.5)).check().unwrap_err().to_string();
        assert_eq!(message, "event field `rating`: expected a number from 1 to 5, found 7.5");
        let message = Event { user: "a\nb".into(), ..event(EventKind::View, None) }.check().unwrap_err().to_string();
        let expected = "event field `user`: expected 1 to 256 bytes without control characters, found 3 bytes `a\\nb`";
        assert_eq!(message, expected);
    }

    #[test]
    fn keys_have_1_to_256_bytes_without_control_characters() {
        let view = || event(EventKind::View, None);
        for (key, good) in [
            ("k".repeat(256), true),
            ("k".repeat(257), false),
            ("é".repeat(128), true),
            ("é".repeat(129), false),
            (String::new(), false),
            ("a\0".into(), false),
            ("$where {} \" '".into(), true),
        ] {
            let wanted = |field| if good { None } else { Some(field) };
            assert_eq!(fault(&Event { user: key.clone(), ..view() }), wanted("user"), "{key}");
            assert_eq!(fault(&Event { item: key.clone(), ..view() }), wanted("item"), "{key}");
            assert_eq!(fault(&Event { event_id: Some(key.clone()), ..view() }), wanted("event_id"), "{key}");
        }
    }

    #[test]
    fn times_lie_between_1970_and_9999() {
        // 9999-12-31T23:59:59.999Z is 253,402,300,799.999 seconds after the epoch.
        for (time, wanted) in [
            (0, None),
            (253_402_300_799_999, None),
            (-1, Some("time_ms")),
            (253_402_300_800_000, Some("time_ms")),
            (i64::MAX, Some("time_ms")),
        ] {
            assert_eq!(fault(&Event { time_ms: Some(time), ..event(EventKind::View, None) }), wanted, "{time}");
        }
    }

    #[test]
    fn events_of_another_schema_are_refused() {
        for schema_version in [0, SCHEMA_VERSION + 1] {
            assert_eq!(fault(&Event { schema_version, ..event(EventKind::View, None) }), Some("schema_version"));
        }
    }

    #[test]
    fn stronger_deeds_weigh_more() {
        let weights = [EventKind::View, EventKind::Cart, EventKind::Purchase].map(|kind| event(kind, None).weight());
        assert!(weights.is_sorted_by(|a, b| a < b), "{weights:?}");
        assert_eq!(event(EventKind::Rating, Some(1.5)).weight().to_bits(), 1.5_f32.to_bits());
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let kind = prop_oneof![
            Just(EventKind::View),
            Just(EventKind::Cart),
            Just(EventKind::Purchase),
            Just(EventKind::Rating)
        ];
        let rating = proptest::option::of(any::<f32>());
        let key = "\\PC{0,90}";
        (any::<u32>(), proptest::option::of(key), key, key, kind, rating, any::<Option<i64>>()).prop_map(
            |(version, event_id, user, item, kind, rating, time_ms)| Event {
                schema_version: version % 3,
                event_id,
                user,
                item,
                kind,
                rating,
                time_ms,
                preferences: None,
                product: None,
                more: Map::new(),
            },
        )
    }

    proptest! {
        #[test]
        fn a_checked_event_survives_json_and_weighs_1_to_5(event in any_event()) {
            if event.check().is_ok() {
                let text = serde_json::to_string(&event).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Event>(&text).unwrap(), &event);
                prop_assert!((1.0..=5.0).contains(&event.weight()));
            }
        }
    }
}
