//! What all models share that are a matrix of weights between items: they differ only in how they fit it.
//!
//! `score(i) = sum over the history's items j of strength(j) * exp(-age(j) / history_decay) * W[j, i]`.
//! Items of a history that repeat count each time. `O(items + history * cells of a row)`, memory 8 bytes
//! a cell; every contribution of an explanation is exact.

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};

use super::{parameters_of, require};
use crate::{
    Error, Evidence, Explainer, Interaction, ModelData, Recommender, Scored, recency::by_recency, sparse::SparseRows,
};

/// What a matrix of weights must know of the parameters that it was fitted with.
pub trait LinearParameters: Clone + Serialize + DeserializeOwned + Send + Sync {
    /// Name of the algorithm in `pipeline.yaml`.
    const NAME: &'static str;

    /// Age at which an entry of the history counts 1/e, as a number of later entries; 0: all count alike.
    fn history_decay(&self) -> f32;

    /// Whether a rating of the history counts by its value; if not, every interaction counts 1.
    fn use_ratings(&self) -> bool;
}

/// A fitted matrix of weights: row = an item of a history, columns = the items that it speaks for.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel<P> {
    parameters: P,
    weights: SparseRows,
}

impl<P: LinearParameters> LinearModel<P> {
    /// Takes the weights that were fitted.
    pub(super) fn new(parameters: &P, weights: SparseRows) -> Self {
        Self { parameters: parameters.clone(), weights }
    }

    /// The model that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let weights = SparseRows::load(data, "weights", data.items, data.items)?;
        Ok(Self { parameters: parameters_of(data)?, weights })
    }

    /// The known items of a history with what each counts.
    fn strengths(&self, history: &[Interaction]) -> impl Iterator<Item = (u32, f32)> {
        by_recency(history, self.item_count(), self.parameters.history_decay())
            .map(|(entry, weight)| (entry.item, weight * entry.strength(self.parameters.use_ratings())))
    }
}

/// The error for an age that no history has.
pub(super) fn check_decay<P: LinearParameters>(parameters: &P) -> Result<(), Error> {
    let decay = parameters.history_decay();
    require(P::NAME, "history_decay", decay, (0.0..=10_000.0).contains(&decay), "a number from 0 to 10000")
}

impl<P: LinearParameters> Recommender for LinearModel<P> {
    fn algorithm(&self) -> &'static str {
        P::NAME
    }

    fn item_count(&self) -> usize {
        self.weights.len()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        assert_eq!(scores.len(), self.item_count(), "one score an item");
        scores.fill(0.0);
        for (item, strength) in self.strengths(history) {
            for (other, weight) in self.weights.row(item) {
                scores[other as usize] += strength * weight;
            }
        }
    }

    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        self.weights.best_of_row(item, k)
    }

    fn explainer<'a>(&'a self, history: &'a [Interaction]) -> Explainer<'a> {
        let strengths: Vec<(u32, f32)> = self.strengths(history).collect();
        Box::new(move |item| {
            if item as usize >= self.item_count() {
                return None;
            }
            let contribution =
                |(cause, strength): &(u32, f32)| Some((*cause, strength * self.weights.value(*cause, item)?));
            Some(Evidence::new(0.0, strengths.iter().filter_map(contribution), true))
        })
    }

    fn save(&self) -> ModelData {
        let mut tensors = BTreeMap::new();
        self.weights.save("weights", &mut tensors);
        ModelData::new(P::NAME, &self.parameters, self.item_count(), tensors)
    }
}
