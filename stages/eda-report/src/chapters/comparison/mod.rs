//! The same figures before sampling, after it, and after preprocessing, side by side.

mod measure;
mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{Params, alert::Alert, data::Data};

/// The states of the data that are connected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Before sampling, where connected; the reviews of this report; after preprocessing, where connected.
    pub states: Vec<State>,
}

/// One state of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// `raw`, `reviews`, or `preprocessed` (train, validation and test together).
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Users with a row.
    pub users: u64,
    /// Items with a row.
    pub items: u64,
    /// Rows as a share of all pairs of a user and an item; pairs may repeat, but after preprocessing.
    pub density: f64,
    /// Mean rating.
    pub mean_rating: f64,
    /// Standard deviation of the ratings, of a sample; 0 for a single row.
    pub rating_deviation: f64,
    /// Share of the rows with 5 stars.
    pub five_stars: f64,
    /// Rows by stars, rounded to 1, 2, ... 5.
    pub stars: [u64; 5],
    /// Gini coefficient of the rows of the users.
    pub gini_of_users: f64,
    /// Gini coefficient of the rows of the items.
    pub gini_of_items: f64,
    /// Rows of a user at the levels 5, 25, 50, 75, 95 and 99 %, and the most (linear interpolation).
    pub rows_a_user: [f64; 7],
    /// Rows of an item likewise.
    pub rows_an_item: [f64; 7],
    /// Users by rows, in doubling bins from 1 on.
    pub users_by_rows: Vec<u64>,
    /// Items likewise.
    pub items_by_rows: Vec<u64>,
    /// Earliest time, Unix seconds.
    pub first: i64,
    /// Latest time.
    pub last: i64,
}

impl Chapter for Comparison {
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
