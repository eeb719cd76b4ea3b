//! Full-ranking evaluation: every user against every item that the user has not seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What `evaluate` found: the content of `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Which interactions were predicted: `test` or `validation`.
    pub split: String,
    /// Users with at least one interaction to predict.
    pub users: u64,
    /// Items in the ranking.
    pub items: u64,
    /// Lengths of list at which the metrics were taken.
    pub ks: Vec<u32>,
    /// One entry a model, in the order of `pipeline.yaml`.
    pub models: Vec<ModelMetrics>,
}

/// Figures of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelMetrics {
    /// Name of the stage that trained it.
    pub name: String,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Means over users by name: `precision@10`, `recall@10`, `f1@10`, `hit_rate@10`, `ndcg@10`,
    /// `map@10`, `coverage@10` for each k, and `mrr`; for models that predict ratings also `rmse`
    /// and `mae`, in rating units.
    pub values: BTreeMap<String, f64>,
}
