//! What `publish` can be told, checked while it is read.

use pipeline::within;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Parameters of `publish`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Where to publish: `sqlite://PATH` or `mongodb://HOST:PORT/DATABASE`.
    pub store: String,
    /// Places of a user's list, 1 to 1000.
    #[serde(deserialize_with = "list_length")]
    #[schemars(range(min = 1, max = 1000))]
    pub k: u32,
    /// Places of an item's list of similar items, 1 to 1000.
    #[serde(deserialize_with = "list_length")]
    #[schemars(range(min = 1, max = 1000))]
    pub similar: u32,
    /// Places of a user's list, from the first, that come with reasons, 0 to 1000. Reasons cost more
    /// time than the list itself.
    #[serde(deserialize_with = "reasons")]
    #[schemars(range(min = 0, max = 1000))]
    pub reasons: u32,
    /// Versions left in the store: 1 for the new one alone, 2 for the one that was active before, too.
    #[serde(deserialize_with = "versions")]
    #[schemars(range(min = 1, max = 2))]
    pub keep_versions: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self { store: "sqlite://.cache/store.db".to_owned(), k: 50, similar: 20, reasons: 10, keep_versions: 2 }
    }
}

fn list_length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 1..=1000)
}

fn reasons<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 0..=1000)
}

fn versions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 1..=2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_and_unknown_names_are_refused() {
        for (json, part) in [
            (r#"{"k": 0}"#, "expected 1 to 1000, found 0"),
            (r#"{"similar": 1001}"#, "expected 1 to 1000, found 1001"),
            (r#"{"keep_versions": 3}"#, "expected 1 to 2, found 3"),
            (r#"{"stor": "sqlite://x"}"#, "unknown field `stor`"),
        ] {
            let message = serde_json::from_str::<Params>(json).unwrap_err().to_string();
            assert!(message.contains(part), "{json}: {message}");
        }
        assert_eq!(serde_json::from_str::<Params>("{}").unwrap(), Params::default());
    }
}
