//! The content of `eda.json`: everything that the page shows, in figures.

use pipeline::Context;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

use crate::{
    Params,
    alert::Alert,
    chapters::Chapters,
    data::{Data, InputFile},
};

/// Raised whenever a figure changes its name, type or meaning.
pub const SCHEMA_VERSION: u32 = 1;

/// What was found in the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Eda {
    /// Version of this layout.
    pub schema_version: u32,
    /// What has to be the same for the same figures.
    pub reproduction: Reproduction,
    /// Findings, the most serious first.
    pub alerts: Vec<Alert>,
    /// Figures by chapter; a chapter whose inputs are not connected is left out.
    pub chapters: Chapters,
}

/// What has to be the same for the same figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reproduction {
    /// Version of the product.
    pub version: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Name of the stage.
    pub stage: String,
    /// Parameters, with defaults filled in.
    pub parameters: Params,
    /// What was read.
    pub inputs: Vec<InputFile>,
}

impl Eda {
    /// Computes all figures.
    pub(crate) fn measure(data: &Data, params: &Params, context: &Context) -> anyhow::Result<Self> {
        let chapters = Chapters::measure(data, params)?;
        let mut alerts = chapters.alerts();
        // Equal ones stay in the order of the chapters.
        alerts.sort_by_key(|alert| alert.severity);
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            reproduction: Reproduction {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                pipeline: context.pipeline().to_owned(),
                stage: context.name().to_owned(),
                parameters: params.clone(),
                inputs: data.inputs.clone(),
            },
            alerts,
            chapters,
        })
    }
}

/// JSON schema of [`Eda`]; `eda.schema.json` beside the code is this, and a test keeps it so.
pub fn schema() -> Schema {
    schema_for!(Eda)
}
