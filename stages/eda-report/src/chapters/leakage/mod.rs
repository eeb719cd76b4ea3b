//! Whether the parts of the split tell one another what they should not know.

mod measure;
mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{Params, alert::Alert, data::Data};

/// What train, validation and test share, and whether they keep the order of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Leakage {
    /// How `preprocess` divided the interactions, where its figures are connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The parts: train, validation, test.
    pub parts: [PartSize; 3],
    /// Pairs of user and item that two parts have, and rows that repeat a pair within a part.
    pub shared: SharedPairs,
    /// Validation against train.
    pub validation: Order,
    /// Test against train.
    pub test: Order,
}

/// Size of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartSize {
    /// Interactions.
    pub rows: u64,
    /// Earliest time, Unix seconds; none in an empty part.
    pub first: Option<i64>,
    /// Latest time.
    pub last: Option<i64>,
}

/// Pairs of user and item in more than one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SharedPairs {
    /// Pairs that train and validation have.
    pub train_validation: u64,
    /// Pairs that train and test have.
    pub train_test: u64,
    /// Pairs that validation and test have.
    pub validation_test: u64,
    /// Rows that repeat a pair within a part, of all parts together.
    pub repeated_within: u64,
}

/// How the rows of a part stand in time to those of train.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Order {
    /// Rows.
    pub rows: u64,
    /// Rows of users whom train has.
    pub of_known_users: u64,
    /// Of these, such before the user's latest row of train: the model has seen the user's future.
    pub before_train: u64,
    /// Of these, such at the same time as the user's latest row of train: which came first is not known.
    pub same_time: u64,
    /// Rows of items that train has.
    pub of_known_items: u64,
    /// Of these, such before the item's first row of train: it is known from its future alone.
    pub of_future_items: u64,
    /// Rows of train that are later than the first row of this part, of whatever user: the model learns from what
    /// happened after the time it is tested at.
    pub train_rows_after: u64,
}

impl Chapter for Leakage {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        Ok(measure::measure(data))
    }

    fn sections(&self) -> Vec<Section> {
        vec![show::section(self).in_group("Pipeline")]
    }

    fn absent() -> Option<Section> {
        Some(show::absent().in_group("Pipeline"))
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}
