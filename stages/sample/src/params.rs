//! What `sample` can be told, checked while it is read.

use std::collections::BTreeMap;

use pipeline::within;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// What is kept or left out as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// All reviews of a user, or none: for collaborative filtering.
    #[default]
    User,
    /// All reviews of a product, or none: for product pages and content.
    Asin,
    /// Each review for itself. Its identity is user, item, time, and its number among equal rows.
    Row,
    /// Reviews whose user and whose product are both kept, each by the square root of the rate.
    UserItem,
}

/// By what units are divided into strata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrataBy {
    /// Year of the unit's first review (UTC); its name is the year, such as `2017`.
    Year,
    /// Popularity decile: units in the order of their reviews, most first, each decile with about a tenth
    /// of all reviews; rows go by their product. Names: `1` (most reviews) to `10`.
    Popularity,
}

/// Strata, each with a rate of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Strata {
    /// By what units are divided.
    pub by: StrataBy,
    /// Rate of a stratum by its name; the others have `rate`. With `size`, every stratum gets an equal
    /// part of it instead, and `rates` must be empty.
    #[serde(default)]
    pub rates: BTreeMap<String, f64>,
}

/// How far a distribution of the sample may be from that of all reviews: the upper 95 % bound counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tolerances {
    /// Total variation distance, 0 to 1.
    pub total_variation: f64,
    /// Population stability index; below 0.1 is customarily called stable.
    pub psi: f64,
    /// Kolmogorov-Smirnov D, 0 to 1.
    pub ks: f64,
    /// Wasserstein-1 distance in standard deviations of the population.
    pub wasserstein: f64,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self { total_variation: 0.05, psi: 0.1, ks: 0.05, wasserstein: 0.1 }
    }
}

/// Parameters of `sample`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// What is kept or left out as a whole: `user`, `asin`, `row` or `user_item`.
    pub unit: Unit,
    /// Share of the units to keep, above 0 and at most 1 (everything).
    #[serde(deserialize_with = "rate")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub rate: f64,
    /// Number of units to keep instead of a share: those with the smallest hashes. Not with `user_item`.
    #[schemars(range(min = 1))]
    pub size: Option<u64>,
    /// Strata with rates of their own. Not with `user_item`.
    pub strata: Option<Strata>,
    /// Seed of the choice; another seed gives another sample.
    pub seed: u64,
    /// What the proof takes as near enough.
    pub tolerances: Tolerances,
    /// Most reviews on which the proof compares recommenders; 0 leaves that out.
    #[serde(deserialize_with = "model_rows")]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub model_rows: u64,
    /// Store to read from instead of the input `reviews`, by asin: only chosen products are read.
    pub store: Option<String>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            unit: Unit::User,
            rate: 1.0,
            size: None,
            strata: None,
            seed: 42,
            tolerances: Tolerances::default(),
            model_rows: 100_000,
            store: None,
        }
    }
}

impl Unit {
    /// One of it in words.
    pub fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Asin => "product",
            Self::Row => "review",
            Self::UserItem => "user and product",
        }
    }

    /// The word for it in `pipeline.yaml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Asin => "asin",
            Self::Row => "row",
            Self::UserItem => "user_item",
        }
    }
}

impl Params {
    /// What does not go together, in words that name the parameters.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.unit != Unit::UserItem || (self.size.is_none() && self.strata.is_none()),
            "sample by `user_item` goes with `rate` only: `size` and `strata` count units of one kind, and a review \
             here has two; remove them, or choose unit `user`, `asin` or `row`"
        );
        anyhow::ensure!(self.size != Some(0), "sample reviews: `size` must be at least 1, found 0");
        if let Some(strata) = &self.strata {
            anyhow::ensure!(
                self.size.is_none() || strata.rates.is_empty(),
                "sample reviews: `size` gives every stratum an equal part, so `strata.rates` must be empty; remove one \
                 of the two"
            );
            for (name, rate) in &strata.rates {
                anyhow::ensure!(
                    *rate > 0.0 && *rate <= 1.0,
                    "sample reviews: the rate of stratum `{name}` must be above 0 and at most 1, found {rate}"
                );
            }
        }
        anyhow::ensure!(
            self.store.is_none() || (self.unit == Unit::Asin && self.strata.is_none()),
            "sample from a store reads by asin: set `unit: asin`, without `strata`; found unit `{}`",
            self.unit.name()
        );
        Ok(())
    }
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if value > 0.0 && value <= 1.0 {
        Ok(value)
    } else {
        Err(D::Error::custom(format_args!("expected a rate above 0 and at most 1, found {value}")))
    }
}

fn model_rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    within(u64::deserialize(deserializer)?, 0..=10_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Params, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn rates_out_of_range_are_refused_when_read() {
        for rate in ["0", "-0.5", "1.01"] {
            let error = read(&format!("{{\"rate\": {rate}}}")).unwrap_err().to_string();
            assert!(error.contains("expected a rate above 0 and at most 1"), "{error}");
        }
        assert_eq!(read("{}").unwrap(), Params::default());
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        for (json, word) in [
            (r#"{"unit": "user_item", "size": 5}"#, "user_item"),
            (r#"{"size": 5, "strata": {"by": "year", "rates": {"2015": 0.5}}}"#, "equal part"),
            (r#"{"strata": {"by": "year", "rates": {"2015": 1.5}}}"#, "`2015`"),
            (r#"{"store": "sqlite://x.db"}"#, "unit: asin"),
            (r#"{"size": 0}"#, "`size`"),
        ] {
            let error = read(json).unwrap().check().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
