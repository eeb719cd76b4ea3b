//! The columns of every table that passes between stages: the one place where they stand.

use polars::prelude::{DataType, Field, Schema};

use crate::Kind;

/// Version of the table layouts; raised whenever a column changes its name, type or meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub data_type: DataType,
    /// Whether values may be missing.
    pub nullable: bool,
    /// What it holds, with unit.
    pub meaning: &'static str,
}

fn column(name: &'static str, data_type: DataType, meaning: &'static str) -> Column {
    Column { name, data_type, nullable: false, meaning }
}

fn nullable(name: &'static str, data_type: DataType, meaning: &'static str) -> Column {
    Column { name, data_type, nullable: true, meaning }
}

fn strings() -> DataType {
    DataType::List(Box::new(DataType::String))
}

/// The columns of a kind of table, in order; empty for kinds that are not tables.
pub fn columns(kind: Kind) -> Vec<Column> {
    use DataType::{Boolean, Float32, Int64, String, UInt16, UInt32, UInt64};
    match kind {
        Kind::Reviews => vec![
            column("user", String, "user key"),
            column("item", String, "item key (the asin)"),
            column("rating", Float32, "1 to 5"),
            column("time", Int64, "Unix seconds, UTC"),
            nullable("verified", Boolean, "whether the shop knows of a purchase"),
            nullable("helpful_votes", UInt32, "readers who found it helpful"),
            nullable("text_length", UInt32, "characters of its text; none without one"),
            nullable("part", UInt32, "where its title and text stand: the file of ReviewTexts"),
            nullable("row", UInt32, "and the row in it; none where the text is elsewhere"),
        ],
        Kind::ReviewTexts => {
            vec![nullable("title", String, "headline of the review"), nullable("text", String, "body of the review")]
        }
        Kind::Items => vec![
            column("item", String, "item key (the asin)"),
            nullable("title", String, "plain text"),
            nullable("brand", String, "plain text"),
            column("categories", strings(), "from general to special; empty where unknown"),
            nullable("price", Float32, "in the shop's currency"),
            nullable("description", String, "plain text"),
            nullable("image", String, "address of a picture"),
            column("also_bought", strings(), "item keys"),
            column("also_viewed", strings(), "item keys"),
        ],
        Kind::Rejects => vec![
            column("file", String, "path as given"),
            column("line", UInt64, "line (text) or row (Parquet), from 1"),
            column("byte_offset", UInt64, "of the line in the decompressed file; the row for Parquet"),
            column("reason", String, "code such as `broken-json`"),
            nullable("field", String, "the faulty field, where one is to blame"),
            column("detail", String, "what was wanted and what was found"),
            column("raw", String, "the line as it stands; base64 where it is not UTF-8"),
            column("is_base64", Boolean, "whether `raw` is base64"),
        ],
        Kind::UserIndex | Kind::ItemIndex => {
            vec![column("index", UInt32, "0, 1, 2, ..."), column("key", String, "user or item key")]
        }
        Kind::Interactions => vec![
            column("user", UInt32, "user index"),
            column("item", UInt32, "item index"),
            column("weight", Float32, "the rating"),
            column("time", Int64, "Unix seconds, UTC"),
        ],
        Kind::ItemFeatures => vec![
            column("item", UInt32, "item index"),
            column("values", DataType::List(Box::new(Float32)), "one a feature; names in the metadata"),
        ],
        Kind::Recommendations => vec![
            column("model", String, "name of the stage that trained it"),
            column("user", UInt32, "user index"),
            column("rank", UInt16, "from 1"),
            column("item", UInt32, "item index"),
            column("score", Float32, "higher is better"),
        ],
        Kind::UserMetrics => vec![
            column("model", String, "name of the stage that trained it"),
            column("user", UInt32, "user index"),
            column("metric", String, "such as `ndcg@10`"),
            column("value", Float32, "0 to 1, but for those of lists: bits, counts, nats"),
        ],
        Kind::Model | Kind::Metrics | Kind::Statistics | Kind::Report | Kind::Receipt | Kind::Any => Vec::new(),
    }
}

/// The engine's schema of a kind of table.
pub fn schema(kind: Kind) -> Schema {
    columns(kind).into_iter().map(|column| Field::new(column.name.into(), column.data_type)).collect()
}
