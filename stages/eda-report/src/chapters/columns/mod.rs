//! Every column by itself: what any table is described with.

mod alerts;
mod measure;
mod numbers;
mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{Params, alert::Alert, data::Data, formulas::histogram::Histogram, words::section};

pub use numbers::Numbers;

/// Every column of the reviews and of the metadata of their products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Columns {
    /// Columns of the reviews, then those of the products that have reviews.
    pub columns: Vec<Column>,
}

/// Which table a column belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// A row a review.
    Reviews,
    /// A row a product that has reviews.
    Products,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    /// Keys of users or items.
    Key,
    /// Numbers.
    Number,
    /// Unix seconds, UTC.
    Time,
    /// Yes or no.
    Boolean,
    /// Names, of which many rows have the same.
    Category,
    /// Several names a row.
    List,
    /// Text.
    Text,
}

/// What is notable about a column; each is also an alert where it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// All rows that have a value have the same one.
    Constant,
    /// At least 5 % of the rows have no value.
    Missing,
    /// No row has a value.
    Empty,
    /// At least half of the values are zero.
    Zeros,
    /// The absolute skewness is above 2.
    Skewed,
    /// One value has more than 90 % of the rows.
    Imbalanced,
    /// All values are equally frequent: the chi-squared test against that has p > 0.999, which is rare by chance.
    Uniform,
    /// Every row has a value of its own.
    Unique,
    /// A category with more than 50 names, and so many that a name has fewer than two rows on average.
    HighCardinality,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Column {
    /// Its name in the table.
    pub name: String,
    /// Its table.
    pub owner: Owner,
    /// What it holds.
    pub kind: ColumnKind,
    /// Rows of the table.
    pub rows: u64,
    /// Rows without a value; a text of nothing but spaces is none.
    pub missing: u64,
    /// The same as a share.
    pub missing_share: f64,
    /// Distinct values (of `text`: sequences of words in lower case); none where they are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
    /// Values that one row only has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique: Option<u64>,
    /// Statistics of the values; of texts, of their numbers of words; of lists, of their lengths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Numbers>,
    /// Rows by the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
    /// The most frequent values, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub common: Vec<Frequent>,
    /// The five smallest values.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub smallest: Vec<Frequent>,
    /// The five largest values, the largest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub largest: Vec<Frequent>,
    /// Languages of the texts as they are guessed, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub languages: Vec<Frequent>,
    /// Words in the most texts; `rows` are texts that have the word.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub words: Vec<Frequent>,
    /// What is notable.
    pub marks: Vec<Mark>,
}

/// A value and how many rows have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Frequent {
    /// The value as text: numbers as they are, times as days.
    pub value: String,
    /// Rows.
    pub rows: u64,
    /// The same as a share of the rows that have a value.
    pub share: f64,
}

impl Chapter for Columns {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        Ok(Some(Self { columns: measure::columns(data, params.top) }))
    }

    fn sections(&self) -> Vec<Section> {
        let section = section("columns", "Columns", Vec::new(), Vec::new()).in_group("Data");
        vec![Section { cards: self.columns.iter().map(show::card).collect(), ..section }]
    }

    fn alerts(&self) -> Vec<Alert> {
        self.columns.iter().flat_map(alerts::of_column).collect()
    }
}
