//! The same list for everyone: what most users chose.
//!
//! Formula: `score(i) = number of training interactions with i`. Fitting `O(interactions)`, scoring
//! `O(items)`. The baseline that every other algorithm has to beat.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Interaction, Interactions, ModelData, Reason, Recommender, Tensor};

/// Name of the algorithm.
pub const NAME: &str = "popularity";

/// It has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {}

/// A fitted popularity list.
#[derive(Clone, Debug, PartialEq)]
pub struct Popularity {
    counts: Vec<f32>,
}

impl Popularity {
    /// Counts the interactions of each item.
    pub fn fit(_parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        Ok(Self { counts: train.item_counts().into_iter().map(|count| count as f32).collect() })
    }

    /// The list that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        Ok(Self { counts: data.floats("counts")?.to_vec() })
    }
}

impl Recommender for Popularity {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.counts.len()
    }

    fn score(&self, _history: &[Interaction], scores: &mut [f32]) {
        scores.copy_from_slice(&self.counts);
    }

    fn explain(&self, _item: u32, _history: &[Interaction]) -> Option<Reason> {
        Some(Reason::Popular)
    }

    fn save(&self) -> ModelData {
        ModelData {
            algorithm: NAME.to_owned(),
            parameters: serde_json::json!({}),
            items: self.counts.len(),
            tensors: BTreeMap::from([("counts".to_owned(), Tensor::vector(self.counts.clone()))]),
            parts: Vec::new(),
        }
    }
}
