//! What `train-hybrid` can be told, checked while it is read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of `train-hybrid`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, try_from = "Unchecked", into = "Unchecked")]
#[schemars(with = "Unchecked")]
pub struct Params(Unchecked);

/// The parameters as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Unchecked {
    /// Length of list whose NDCG the blend is to raise, 1 to 100.
    pub k: u32,
    /// Best items of each part that could come to the top of a blend, 10 to 10000.
    pub depth: u32,
    /// Segments of users by the length of their history, of about equal size, 1 to 5: three are cold, light
    /// and heavy users.
    #[schemars(extend("tune" = {"values": [1, 2, 3]}))]
    pub segments: u32,
    /// Numbers of known items from which on the next segment counts, rising, instead of `segments`.
    pub boundaries: Option<Vec<u32>>,
    /// How many users a segment needs for its own shares to count as much as those of all users, 0 to
    /// 1000000.
    #[schemars(extend("tune" = {"low": 200.0, "high": 20000.0, "scale": "log"}))]
    pub shrinkage: f64,
    /// Parts of the validation users, 2 to 20: what is learned on all others is checked on each.
    pub folds: u32,
    /// Candidates that the user did not choose, drawn for each held-out item for the first weights, 1 to
    /// 1000.
    pub negatives: u32,
    /// Penalty on large weights in the logistic regression that gives the first weights, 0 to 1000000.
    pub regularization: f64,
    /// Memory for the table of candidates, 16 MB or more; of more validation users than fit some are drawn.
    pub memory_mb: u32,
    /// Decides which users and candidates are drawn.
    pub seed: u64,
    /// Shares by name of the part, 0 or more, instead of learned ones; parts not named get 0. A share counts
    /// in units of the part's usual best scores.
    pub weights: Option<BTreeMap<String, f64>>,
}

impl Default for Unchecked {
    fn default() -> Self {
        Self {
            k: 10,
            depth: 100,
            segments: 3,
            boundaries: None,
            shrinkage: 2000.0,
            folds: 4,
            negatives: 10,
            regularization: 1.0,
            memory_mb: 1024,
            seed: 42,
            weights: None,
        }
    }
}

impl std::ops::Deref for Params {
    type Target = Unchecked;

    fn deref(&self) -> &Unchecked {
        &self.0
    }
}

impl From<Params> for Unchecked {
    fn from(params: Params) -> Self {
        params.0
    }
}

fn within<T: PartialOrd + Copy + std::fmt::Display>(name: &str, value: T, low: T, high: T) -> Result<(), String> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(format!("expected {name} from {low} to {high}, found {value}"))
    }
}

impl TryFrom<Unchecked> for Params {
    type Error = String;

    fn try_from(params: Unchecked) -> Result<Self, String> {
        within("k", params.k, 1, 100)?;
        within("depth", params.depth, 10, 10_000)?;
        within("segments", params.segments, 1, 5)?;
        within("shrinkage", params.shrinkage, 0.0, 1e6)?;
        within("folds", params.folds, 2, 20)?;
        within("negatives", params.negatives, 1, 1000)?;
        within("regularization", params.regularization, 0.0, 1e6)?;
        within("memory_mb", params.memory_mb, 16, u32::MAX)?;
        if let Some(boundaries) = &params.boundaries
            && !boundaries.is_sorted_by(|a, b| a < b)
        {
            return Err(format!("expected rising boundaries, found {boundaries:?}"));
        }
        for (name, weight) in params.weights.iter().flatten() {
            if !(0.0..=1e6).contains(weight) {
                return Err(format!("expected a weight from 0 to 1000000 for part `{name}`, found {weight}"));
            }
        }
        if params.weights.as_ref().is_some_and(|weights| weights.values().sum::<f64>() <= 0.0) {
            return Err("expected at least one of weights above 0, found none".to_owned());
        }
        Ok(Self(params))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Params, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_filled_in_and_written_out() {
        let params = parse(r#"{"seed": 7}"#).unwrap();
        assert_eq!((params.seed, params.negatives), (7, Unchecked::default().negatives));
        assert_eq!(parse(&serde_json::to_string(&params).unwrap()).unwrap(), params);
    }

    #[test]
    fn wrong_values_are_refused() {
        for (json, part) in [
            (r#"{"negative": 3}"#, "unknown field `negative`, expected one of"),
            (r#"{"negatives": 0}"#, "expected negatives from 1 to 1000, found 0"),
            (r#"{"regularization": -1}"#, "found -1"),
            (r#"{"memory_mb": 1}"#, "expected memory_mb from 16"),
            (r#"{"boundaries": [5, 5]}"#, "expected rising boundaries, found [5, 5]"),
            (r#"{"weights": {"als": -0.5}}"#, "part `als`, found -0.5"),
            (r#"{"weights": {"als": 0}}"#, "at least one of weights above 0"),
        ] {
            let message = parse(json).unwrap_err();
            assert!(message.contains(part), "{json}: {message}");
        }
    }
}
