//! What a table of reviews looks like, as one HTML file and as JSON.
//!
//! The reviews are read once, batch by batch, and counted; memory grows with users and items and not
//! with rows. Everything shown is computed from all rows but the correlations, which are taken over a
//! fixed share of them where there are very many. It describes; it does not clean or judge.

mod correlation;
mod counts;
mod metadata;
mod page;
mod quality_sections;
mod statistics;
mod tail;
mod tail_sections;
mod words;

use anyhow::{Context as _, ensure};
use pipeline::{Context, Kind, Port, Stage, TableReader, TextsReader, write_file, write_json};
use reports::Template;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use statistics::Statistics;

/// Describes reviews and, where given, product metadata.
///
/// Reads: `reviews`; `items` if connected.
/// Writes: `report` (HTML), `statistics` (the same figures as JSON).
///
/// ```yaml
/// stages:
///   eda-report: {inputs: {reviews: load.reviews, items: load.items}, params: {top: 20}}
/// ```
pub struct EdaReport;

/// Parameters of [`EdaReport`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How many products, users, brands and categories the lists of the most frequent show; 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub top: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self { top: 20 }
    }
}

impl Stage for EdaReport {
    const NAME: &'static str = "eda-report";
    const SUMMARY: &'static str = "Explains the reviews and products in one HTML report";
    const INPUTS: &'static [Port] = &[
        Port::one("reviews", Kind::Reviews),
        Port::optional("texts", Kind::ReviewTexts),
        Port::optional("items", Kind::Items),
    ];
    const OUTPUTS: &'static [Port] = &[Port::one("report", Kind::Report), Port::one("statistics", Kind::Statistics)];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        ensure!((1..=100).contains(&params.top), "describe reviews: `top` must be 1 to 100, found {}", params.top);
        let path = context.input("reviews")?;
        let reader = TableReader::open(path, Kind::Reviews)?;
        ensure!(reader.rows() > 0, "describe reviews: {} has no rows", path.display());
        let words = match context.optional_input("texts") {
            Some(path) => Some(words::Words::read(&TextsReader::open(path)?)?),
            None => None,
        };
        let mut counts = counts::Counts::new(reader.rows() as u64, words);
        for batch in reader.batches(&[]) {
            counts.add(&batch?).context("read the columns of the reviews")?;
            context.progress(counts.rows, Some(reader.rows() as u64), "rows");
        }
        let metadata = match context.optional_input("items") {
            Some(path) => Some(metadata::Metadata::read(&TableReader::open(path, Kind::Items)?, &counts.items)?),
            None => None,
        };
        let statistics = Statistics::new(&counts, metadata.as_ref(), params.top);
        let overview = &statistics.overview;
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
        write_json(context.output("statistics")?, &statistics)?;
        let page = page::page(&statistics, context.name(), context.pipeline());
        let html = reports::render(Template::Eda, &page)?;
        Ok(write_file(context.output("report")?, html.as_bytes())?)
    }
}
