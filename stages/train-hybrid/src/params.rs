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
    /// Items that the user did not choose, drawn for each validation interaction, 1 to 1000.
    pub negatives: u32,
    /// Penalty on large weights in the logistic regression, 0 to 1000000.
    pub regularization: f64,
    /// Most validation users to learn from and to check on, 1 or more; drawn by the seed.
    pub max_users: u32,
    /// Decides which users and items are drawn.
    pub seed: u64,
    /// Weights by name of the part, 0 or more, instead of learned ones; parts not named get 0.
    pub weights: Option<BTreeMap<String, f64>>,
}

impl Default for Unchecked {
    fn default() -> Self {
        Self { negatives: 50, regularization: 1.0, max_users: 10_000, seed: 42, weights: None }
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

impl TryFrom<Unchecked> for Params {
    type Error = String;

    fn try_from(params: Unchecked) -> Result<Self, String> {
        if !(1..=1000).contains(&params.negatives) {
            return Err(format!("expected negatives from 1 to 1000, found {}", params.negatives));
        }
        if !(0.0..=1e6).contains(&params.regularization) {
            return Err(format!("expected a regularization from 0 to 1000000, found {}", params.regularization));
        }
        if params.max_users == 0 {
            return Err("expected max_users of 1 or more, found 0".to_owned());
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
            (r#"{"max_users": 0}"#, "max_users"),
            (r#"{"weights": {"als": -0.5}}"#, "part `als`, found -0.5"),
            (r#"{"weights": {"als": 0}}"#, "at least one of weights above 0"),
        ] {
            let message = parse(json).unwrap_err();
            assert!(message.contains(part), "{json}: {message}");
        }
    }
}
