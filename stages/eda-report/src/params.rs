//! Parameters of the stage.

use pipeline::within;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Parameters of the stage `eda-report`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How many products, users, brands, categories, words and values the lists of the most frequent show; 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    #[serde(deserialize_with = "top")]
    pub top: usize,
    /// Whether user keys and texts are left out, in the page and in the figures: users become `user 1`, `user 2`, ...
    pub redact: bool,
    /// Seed of the samples that costly statistics are taken over.
    pub seed: u64,
    /// Share of the reviews, the earliest first, before the date that stands for a split by time where cold starts are
    /// counted; 0.5 to 0.99.
    #[schemars(range(min = 0.5, max = 0.99))]
    #[serde(deserialize_with = "past_share")]
    pub past_share: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self { top: 20, redact: false, seed: 42, past_share: 0.9 }
    }
}

fn top<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    within(usize::deserialize(deserializer)?, 1..=100)
}

fn past_share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    within(f64::deserialize(deserializer)?, 0.5..=0.99)
}
