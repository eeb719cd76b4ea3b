//! What a table of reviews looks like, as one HTML file and as JSON.
//!
//! Reviews and texts are read once and kept as columns (`data`); each chapter (`chapters`) computes its figures from
//! them, and the page is made from the figures alone. Figures are of all rows, but where a chapter says that it took a
//! sample. It describes; it does not clean or judge.

#![expect(clippy::float_cmp, reason = "ties, runs and constant columns are about values that are exactly equal")]

mod alert;
mod chapters;
mod data;
pub mod difference;
mod eda;
mod formulas;
mod page;
mod params;
mod words;

use pipeline::{Context, Kind, Port, Stage, write_file, write_json};

pub use alert::{Alert, Severity};
pub use chapters::Chapters;
pub use data::InputFile;
pub use eda::{Eda, Reproduction, SCHEMA_VERSION, schema};
pub use params::Params;

/// Describes reviews and, where given, texts, product metadata, and what other stages made of them.
///
/// Reads: `reviews`; where connected: `texts`, `items`; `raw` (the reviews before sampling), `account` and `rejects`
/// of `load`, `proof` of `sample`; `train`, `validation`, `test`, `user_index`, `item_index` and `preprocessing`
/// (`statistics`) of `preprocess`. Where preprocessing or the proof failed, the report is made without them: it may well
/// tell why. A chapter that needs an input that is not connected says so.
/// Writes: `report` (HTML), `statistics` (the same figures as JSON, by `eda.schema.json`).
///
/// ```yaml
/// stages:
///   eda-report:
///     inputs: {reviews: sample.reviews, raw: load.reviews, preprocessing: preprocess.statistics}
///     params: {top: 20, redact: false}
/// ```
pub struct EdaReport;

/// Inputs of the stage.
const INPUTS: &[Port] = &[
    Port::one("reviews", Kind::Reviews),
    Port::optional("texts", Kind::ReviewTexts),
    Port::optional("items", Kind::Items),
    Port::optional("raw", Kind::Reviews),
    Port::optional("account", Kind::Statistics),
    Port::optional("rejects", Kind::Rejects),
    Port::if_there("proof", Kind::Statistics),
    Port::if_there("user_index", Kind::UserIndex),
    Port::if_there("item_index", Kind::ItemIndex),
    Port::if_there("train", Kind::Interactions),
    Port::if_there("validation", Kind::Interactions),
    Port::if_there("test", Kind::Interactions),
    Port::if_there("preprocessing", Kind::Statistics),
];

impl Stage for EdaReport {
    const NAME: &'static str = "eda-report";
    const SUMMARY: &'static str = "Explains the reviews and products in one HTML report";
    const INPUTS: &'static [Port] = INPUTS;
    const OUTPUTS: &'static [Port] = &[Port::one("report", Kind::Report), Port::one("statistics", Kind::Statistics)];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        let data = data::Data::read(params, context)?;
        let eda = Eda::measure(&data, params, context)?;
        drop(data);
        if let Some(overview) = &eda.chapters.overview {
            context.summary("rows", overview.reviews);
            context.summary("users", overview.users);
            context.summary("items", overview.items);
            context.summary("mean_rating", overview.mean_rating);
            tracing::info!(
                rows = overview.reviews,
                users = overview.users,
                items = overview.items,
                "described the reviews"
            );
        }
        context.summary("alerts", eda.alerts.len());
        write_json(context.output("statistics")?, &eda)?;
        let html = page::page(&eda).render()?;
        Ok(write_file(context.output("report")?, html.as_bytes())?)
    }
}
