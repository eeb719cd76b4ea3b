//! What `evaluate` can be told, checked while it is read.

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

/// Parameters of `evaluate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Lengths of list at which metrics are taken, 1 to 1000 each; sorted, each once.
    #[serde(deserialize_with = "lengths")]
    pub ks: Vec<u32>,
    /// Which interactions are to be predicted.
    pub split: Split,
}

impl Default for Params {
    fn default() -> Self {
        Self { ks: vec![5, 10, 20], split: Split::Test }
    }
}

impl Params {
    /// The list length of summaries and comparisons: 10 where it is asked for, else the longest.
    pub fn main_k(&self) -> u32 {
        if self.ks.contains(&10) { 10 } else { self.ks.last().copied().unwrap_or(10) }
    }
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
    fn wrong_list_lengths_are_refused() {
        for (json, part) in [
            (r#"{"ks": []}"#, "expected one or more list lengths"),
            (r#"{"ks": [0]}"#, "from 1 to 1000, found 0"),
            (r#"{"ks": [1001]}"#, "from 1 to 1000, found 1001"),
            (r#"{"split": "train"}"#, "unknown variant `train`"),
        ] {
            let message = parse(json).unwrap_err();
            assert!(message.contains(part), "{json}: {message}");
        }
    }
}
