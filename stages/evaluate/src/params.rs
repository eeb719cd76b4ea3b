//! What `evaluate` can be told, checked while it is read.

use pipeline::within;
use recommender::evaluation::Segments;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// Longest list that can be asked for.
const LONGEST: u32 = 1000;

/// Which interactions are to be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// The test interactions, from the history of training and validation.
    Test,
    /// The validation interactions, from the history of training.
    Validation,
}

impl Split {
    /// The word for it, which is also the name of the input.
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Validation => "validation",
        }
    }
}

/// Which items a list is ranked from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Candidates {
    /// All items that the user's history lacks.
    #[default]
    All,
}

impl<'de> Deserialize<'de> for Candidates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "all" => Ok(Self::All),
            "sampled" => Err(D::Error::custom(
                "sampled candidates are refused: a metric over a few drawn items has another expectation than over \
                 all, differently for each model, so that the worse model can come out ahead whatever the number of \
                 users (Krichene and Rendle, \"On Sampled Metrics for Item Recommendation\", KDD 2020); write `all`, \
                 the full ranking takes seconds",
            )),
            other => Err(D::Error::custom(format_args!("expected `all`, found `{other}`"))),
        }
    }
}

/// Parameters of `evaluate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Lengths of list at which metrics are taken, 1 to 1000 each; sorted, each once.
    #[serde(deserialize_with = "lengths")]
    pub ks: Vec<u32>,
    /// Which interactions are to be predicted.
    pub split: Split,
    /// Which items are ranked; only `all` is allowed.
    pub candidates: Candidates,
    /// Resamples of the users for the confidence intervals, 100 to 100000.
    #[serde(deserialize_with = "resamples")]
    #[schemars(range(min = 100, max = 100_000))]
    pub resamples: u32,
    /// Decides the resamples.
    pub seed: u64,
    /// Interactions from which on a user counts as light, 1 to 1000; those with fewer are cold.
    #[serde(deserialize_with = "boundary")]
    #[schemars(range(min = 1, max = 1000))]
    pub light_from: u32,
    /// Interactions from which on a user counts as heavy, 1 to 1000.
    #[serde(deserialize_with = "boundary")]
    #[schemars(range(min = 1, max = 1000))]
    pub heavy_from: u32,
    /// Share of the items, most popular first, that is the head, 0 to 1; the others are the tail.
    #[serde(deserialize_with = "share")]
    #[schemars(range(min = 0, max = 1))]
    pub head_share: f64,
    /// Users shown in the report with their lists, 0 to 20.
    #[serde(deserialize_with = "examples")]
    #[schemars(range(min = 0, max = 20))]
    pub examples: u32,
    /// Whether the report tells what each model costs: processor time and memory of its training, latency
    /// of a list. Measured times differ from run to run, so with them only the other outputs are
    /// reproducible to the byte.
    pub costs: bool,
}

impl Default for Params {
    fn default() -> Self {
        let Segments { light_from, heavy_from, head_share } = Segments::default();
        Self {
            ks: vec![5, 10, 20],
            split: Split::Test,
            candidates: Candidates::All,
            resamples: 1000,
            seed: 42,
            light_from,
            heavy_from,
            head_share,
            examples: 3,
            costs: true,
        }
    }
}

impl Params {
    /// The list length of summaries and comparisons: 10 where it is asked for, else the longest.
    pub fn main_k(&self) -> u32 {
        if self.ks.contains(&10) { 10 } else { self.ks.last().copied().unwrap_or(10) }
    }

    /// The boundaries of the groups of users and items.
    pub fn segments(&self) -> Segments {
        Segments { light_from: self.light_from, heavy_from: self.heavy_from, head_share: self.head_share }
    }
}

fn resamples<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 100..=100_000)
}

fn boundary<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 1..=1000)
}

fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    within(f64::deserialize(deserializer)?, 0.0..=1.0)
}

fn examples<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 0..=20)
}

fn lengths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let mut ks = Vec::<u32>::deserialize(deserializer)?;
    if let Some(wrong) = ks.iter().find(|k| !(1..=LONGEST).contains(*k)) {
        return Err(D::Error::custom(format_args!("expected list lengths from 1 to {LONGEST}, found {wrong}")));
    }
    if ks.is_empty() {
        return Err(D::Error::custom(format_args!(
            "expected one or more list lengths from 1 to {LONGEST}, found none"
        )));
    }
    ks.sort_unstable();
    ks.dedup();
    Ok(ks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Params, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn list_lengths_are_sorted_and_each_once() {
        assert_eq!(parse(r#"{"ks": [20, 5, 20]}"#).unwrap().ks, [5, 20]);
        assert_eq!(parse("{}").unwrap(), Params::default());
    }

    #[test]
    fn the_main_length_is_ten_or_the_longest() {
        assert_eq!(Params::default().main_k(), 10);
        assert_eq!(parse(r#"{"ks": [3, 7]}"#).unwrap().main_k(), 7);
    }

    #[test]
    fn sampled_candidates_are_refused_with_the_reason() {
        let message = parse(r#"{"candidates": "sampled"}"#).unwrap_err();
        assert!(message.contains("the worse model can come out ahead") && message.contains("KDD 2020"), "{message}");
        assert_eq!(parse(r#"{"candidates": "all"}"#).unwrap(), Params::default());
    }

    #[test]
    fn wrong_values_are_refused() {
        for (json, part) in [
            (r#"{"ks": []}"#, "expected one or more list lengths"),
            (r#"{"ks": [0]}"#, "from 1 to 1000, found 0"),
            (r#"{"ks": [1001]}"#, "from 1 to 1000, found 1001"),
            (r#"{"resamples": 10}"#, "expected 100 to 100000, found 10"),
            (r#"{"heavy_from": 0}"#, "expected 1 to 1000, found 0"),
            (r#"{"head_share": 1.5}"#, "expected 0 to 1, found 1.5"),
            (r#"{"examples": 21}"#, "expected 0 to 20, found 21"),
            (r#"{"candidates": "few"}"#, "expected `all`, found `few`"),
            (r#"{"split": "train"}"#, "unknown variant `train`"),
        ] {
            let message = parse(json).unwrap_err();
            assert!(message.contains(part), "{json}: {message}");
        }
    }
}
