//! A smaller table of reviews that stands for the whole, and the proof of how well it does.
//!
//! Rows are chosen by a hash of their product, user or own identity, so a sample needs no memory, is
//! the same on every machine, and a smaller one is a part of a larger one. The proof compares four
//! distributions with tests that know how the sample was drawn. It does not judge what a model
//! trained on the sample would be worth.

mod chi_square;
mod clusters;
mod proof;
mod report;
mod selection;
mod tally;
mod thinning;

use anyhow::{Context as _, ensure};
use pipeline::{Context, Kind, Port, Stage, TableReader, TableWriter, write_file, write_json};
use polars::frame::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use proof::{Bin, Proof, Size, Test};
pub use selection::By;

use selection::Selector;
use tally::Tally;

/// Rows that are gathered before they are written as one group.
const GROUP_ROWS: usize = 128 * 1024;

/// Keeps a share of the reviews and proves how faithful it is.
///
/// Reads: `reviews`.
/// Writes: `reviews` (the kept rows, in their order), `proof` (statistics), `report` (the same to read).
/// Memory: about 50 bytes a user and item, whatever the number of rows.
///
/// ```yaml
/// stages:
///   load: {params: {...}}
///   sample: {inputs: {reviews: load.reviews}, params: {by: product, ratio: 0.1, seed: 42}}
/// ```
pub struct Sample;

/// Parameters of [`Sample`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// What is kept or left out as a whole: `product`, `user` or `row`.
    pub by: By,
    /// Share to keep, above 0 and at most 1 (everything).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub ratio: f64,
    /// Seed of the choice; another seed gives another sample.
    pub seed: u64,
}

impl Default for Params {
    fn default() -> Self {
        Self { by: By::Product, ratio: 1.0, seed: 42 }
    }
}

impl Stage for Sample {
    const NAME: &'static str = "sample";
    const SUMMARY: &'static str = "Keeps a reproducible share of the reviews and proves how faithful it is";
    const INPUTS: &'static [Port] = &[Port::one("reviews", Kind::Reviews)];
    const OUTPUTS: &'static [Port] =
        &[Port::one("reviews", Kind::Reviews), Port::one("proof", Kind::Statistics), Port::one("report", Kind::Report)];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        ensure!(
            params.ratio > 0.0 && params.ratio <= 1.0,
            "sample reviews: `ratio` must be above 0 and at most 1, found {}",
            params.ratio
        );
        let reader = TableReader::open(context.input("reviews")?, Kind::Reviews)?;
        let tally = copy_rows(params, context, &reader)?;
        ensure!(
            tally.sample.rows > 0,
            "sample reviews: ratio {} by {} with seed {} keeps none of {} products, {} users, {} rows; \
             raise `ratio`, or sample by `row`",
            params.ratio,
            params.by.name(),
            params.seed,
            tally.population.items,
            tally.population.users,
            tally.population.rows
        );
        let proof = proof::prove(params, &tally, &reader)?;
        for (name, value) in [
            ("rows_in", tally.population.rows),
            ("rows", tally.sample.rows),
            ("users", tally.sample.users),
            ("items", tally.sample.items),
        ] {
            context.summary(name, value);
        }
        context.summary("smallest_p_value", proof.smallest_p_value());
        tracing::info!(rows_in = tally.population.rows, rows = tally.sample.rows, "sampled by {}", params.by.name());
        write_json(context.output("proof")?, &proof)?;
        let html = report::render(&proof, context)?;
        Ok(write_file(context.output("report")?, html.as_bytes())?)
    }
}

/// Writes the kept rows in their order, and counts all and the kept ones.
fn copy_rows(params: &Params, context: &Context, reader: &TableReader) -> anyhow::Result<Tally> {
    let mut writer = TableWriter::create(context, "reviews", Kind::Reviews)?;
    let mut selector = Selector::new(params);
    let mut tally = Tally::default();
    let mut waiting = DataFrame::empty();
    for batch in reader.batches(&[]) {
        let batch = batch?;
        let mask = tally.add(&batch, &mut selector).context("read the columns of the reviews")?;
        let kept = batch.filter(&mask)?;
        waiting = if waiting.width() == 0 { kept } else { waiting.vstack(&kept)? };
        if waiting.height() >= GROUP_ROWS {
            writer.write(&waiting)?;
            waiting = waiting.clear();
        }
        context.progress(tally.rows_seen(), Some(reader.rows() as u64), "rows");
    }
    if waiting.height() > 0 {
        writer.write(&waiting)?;
    }
    writer.finish()?;
    tally.finish();
    Ok(tally)
}
