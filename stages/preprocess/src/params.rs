//! What `preprocess` can be told, checked while it is read.

use pipeline::within;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// How interactions are divided into train, validation and test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// A user's newest interaction is test, the one before it validation, the rest train. Users with
    /// fewer than three interactions stay in train whole.
    LeaveLastOut,
    /// Two moments cut the whole time line: the newest share is test, the share before it validation.
    Temporal,
    /// Each user's own time line is cut: the newest share of the user's interactions is test, the share
    /// before it validation.
    TemporalPerUser,
    /// Each interaction is drawn by a hash of seed, user and item.
    Random,
    /// The rows of the input `test` are test; of each user's other rows a share is drawn for validation.
    /// Rows are taken as the files have them, so both bounds of the k-core filter have to be 1.
    Given,
}

impl Split {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LeaveLastOut => "leave-last-out",
            Self::Temporal => "temporal",
            Self::TemporalPerUser => "temporal-per-user",
            Self::Random => "random",
            Self::Given => "given",
        }
    }
}

/// Which review stands when a user reviewed an item more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Repeated {
    /// The newest; of equally new ones the best rating.
    Latest,
    /// The oldest; of equally old ones the lowest rating.
    First,
    /// The mean of their ratings, at the time and with the text of the newest.
    Mean,
}

/// Parameters of `preprocess`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Fewest interactions of a user that stays, 1 to 1000; 1 keeps every user.
    #[serde(deserialize_with = "core_bound")]
    #[schemars(range(min = 1, max = 1000))]
    pub min_user_interactions: u32,
    /// Fewest interactions of an item that stays, 1 to 1000; 1 keeps every item.
    #[serde(deserialize_with = "core_bound")]
    #[schemars(range(min = 1, max = 1000))]
    pub min_item_interactions: u32,
    /// Lowest rating, 1 to 5, that counts as an interaction; all count if left out.
    #[serde(deserialize_with = "rating_bound")]
    #[schemars(range(min = 1, max = 5))]
    pub min_rating: Option<f32>,
    /// Whether products of the catalogue that have a title but no interaction that stays are in the item
    /// index too: content-based models recommend them, and what happens to them later counts.
    pub cold_items: bool,
    /// Which review stands when a user reviewed an item more than once.
    pub repeated: Repeated,
    /// How interactions are divided.
    pub split: Split,
    /// Share of the interactions for validation, 0 to 0.4, of all splits but `leave-last-out`.
    #[serde(deserialize_with = "ratio")]
    #[schemars(range(min = 0, max = 0.4))]
    pub validation_ratio: f64,
    /// Share of the interactions for test, 0 to 0.4, of the splits `temporal`, `temporal-per-user`
    /// and `random`.
    #[serde(deserialize_with = "ratio")]
    #[schemars(range(min = 0, max = 0.4))]
    pub test_ratio: f64,
    /// Decides the order of equal times and the random split.
    pub seed: u64,
    /// Number of price bands with about as many training items each, 0 to 50; 0 and 1 leave them out.
    #[serde(deserialize_with = "bands")]
    #[schemars(range(min = 0, max = 50))]
    pub price_bands: u32,
    /// Number of categories with a feature of their own, 0 to 1000, commonest first.
    #[serde(deserialize_with = "vocabulary")]
    #[schemars(range(min = 0, max = 1000))]
    pub max_categories: u32,
    /// Number of brands with a feature of their own, 0 to 1000, commonest first.
    #[serde(deserialize_with = "vocabulary")]
    #[schemars(range(min = 0, max = 1000))]
    pub max_brands: u32,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            min_user_interactions: 5,
            min_item_interactions: 5,
            min_rating: None,
            cold_items: false,
            repeated: Repeated::Latest,
            split: Split::LeaveLastOut,
            validation_ratio: 0.1,
            test_ratio: 0.1,
            seed: 42,
            price_bands: 5,
            max_categories: 50,
            max_brands: 20,
        }
    }
}

fn core_bound<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 1..=1000)
}

fn rating_bound<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f32>, D::Error> {
    Option::<f32>::deserialize(deserializer)?.map(|rating| within(rating, 1.0..=5.0)).transpose()
}

fn ratio<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    within(f64::deserialize(deserializer)?, 0.0..=0.4)
}

fn bands<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 0..=50)
}

fn vocabulary<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 0..=1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Params, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn left_out_parameters_take_their_defaults() {
        let params = parse(r#"{"split": "temporal", "min_rating": 4}"#).unwrap();
        assert_eq!(params, Params { split: Split::Temporal, min_rating: Some(4.0), ..Params::default() });
    }

    #[test]
    fn values_out_of_range_and_unknown_names_are_refused() {
        for (json, part) in [
            (r#"{"min_user_interactions": 0}"#, "expected 1 to 1000, found 0"),
            (r#"{"min_item_interactions": 1001}"#, "expected 1 to 1000, found 1001"),
            (r#"{"min_rating": 6}"#, "expected 1 to 5, found 6"),
            (r#"{"test_ratio": 0.5}"#, "expected 0 to 0.4, found 0.5"),
            (r#"{"price_bands": 51}"#, "expected 0 to 50, found 51"),
            (r#"{"max_brands": 1001}"#, "expected 0 to 1000, found 1001"),
            (r#"{"split": "last"}"#, "leave-last-out"),
            (r#"{"sead": 1}"#, "unknown field `sead`"),
        ] {
            let message = parse(json).unwrap_err();
            assert!(message.contains(part), "{json}: {message}");
        }
    }
}
