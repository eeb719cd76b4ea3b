//! Kinds of artifacts, and the named and typed inputs and outputs of stages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an artifact is. A stage's input accepts exactly one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Ids and numbers of reviews: a Parquet table sorted by item, user and time.
    Reviews,
    /// Titles and texts of reviews: a folder of Parquet tables, to which Reviews refer.
    ReviewTexts,
    /// Product metadata: a Parquet table.
    Items,
    /// Rows that were not taken, with place and reason: a Parquet table.
    Rejects,
    /// User index to user key: a Parquet table.
    UserIndex,
    /// Item index to item key: a Parquet table.
    ItemIndex,
    /// User-item interactions by index: a Parquet table sorted by user and time.
    Interactions,
    /// Normalised and encoded item features: a Parquet table.
    ItemFeatures,
    /// A fitted recommender: a folder of `model.json` and tensors.
    Model,
    /// Top-k lists of users: a Parquet table.
    Recommendations,
    /// Figures of quality: a JSON file.
    Metrics,
    /// Metric values of each user and model: a Parquet table.
    UserMetrics,
    /// Figures that describe data: a JSON file.
    Statistics,
    /// Something to read: a self-contained HTML file.
    Report,
    /// Proof that a store was written: a JSON file.
    Receipt,
    /// Anything that a command stage writes: a file of no known form.
    Any,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::Reviews,
        Self::ReviewTexts,
        Self::Items,
        Self::Rejects,
        Self::UserIndex,
        Self::ItemIndex,
        Self::Interactions,
        Self::ItemFeatures,
        Self::Model,
        Self::Recommendations,
        Self::Metrics,
        Self::UserMetrics,
        Self::Statistics,
        Self::Report,
        Self::Receipt,
        Self::Any,
    ];

    /// The word for it in `pipeline.yaml`, in file metadata and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reviews => "reviews",
            Self::ReviewTexts => "review-texts",
            Self::Items => "items",
            Self::Rejects => "rejects",
            Self::UserIndex => "user-index",
            Self::ItemIndex => "item-index",
            Self::Interactions => "interactions",
            Self::ItemFeatures => "item-features",
            Self::Model => "model",
            Self::Recommendations => "recommendations",
            Self::Metrics => "metrics",
            Self::UserMetrics => "user-metrics",
            Self::Statistics => "statistics",
            Self::Report => "report",
            Self::Receipt => "receipt",
            Self::Any => "any",
        }
    }

    /// File name extension with its dot; empty for a folder.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Model | Self::ReviewTexts | Self::Any => "",
            Self::Metrics | Self::Statistics | Self::Receipt => ".json",
            Self::Report => ".html",
            _ => ".parquet",
        }
    }
}

/// How many artifacts an input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// Exactly one.
    One,
    /// One or none.
    Optional,
    /// One or none; if what writes it failed, the stage runs without it.
    IfThere,
    /// One or more.
    Many,
}

/// A named and typed input or output of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The word for it in `pipeline.yaml`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// How many artifacts it takes; outputs are always [`Arity::One`].
    pub arity: Arity,
}

impl Port {
    /// An input or output of exactly one artifact.
    pub const fn one(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, arity: Arity::One }
    }

    /// An input that may be left out.
    pub const fn optional(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, arity: Arity::Optional }
    }

    /// An input that may be left out, and without which the stage runs where it could not be made: for what only adds
    /// to a result.
    pub const fn if_there(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, arity: Arity::IfThere }
    }

    /// An input of one or more artifacts, each from another stage.
    pub const fn many(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, arity: Arity::Many }
    }

    /// Name of the file or folder that an output port is written to.
    pub fn file_name(&self) -> String {
        format!("{}{}", self.name, self.kind.extension())
    }
}
