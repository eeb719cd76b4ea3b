//! A smaller table of reviews that stands for the whole, and the proof of how well it does.
//!
//! Units are chosen by a published hash, so a sample needs no memory of its own, is the same in every
//! engine, and a smaller one is a part of a larger one. The proof has five parts: distances with upper
//! bounds, estimates with intervals beside the truth, tests that know how the sample was drawn, the
//! shape of the table, and the order of recommenders. `calibration` measures the proof itself. A k-core
//! is never taken here: that is for `preprocess`, after sampling.

pub mod calibration;
mod categories;
mod census;
mod core_retention;
mod design;
mod dice;
mod distances;
mod effects;
mod estimates;
mod hashing;
mod jackknife;
mod layout;
mod models;
mod params;
mod proof;
mod report;
mod review;
mod selection;
mod significance;
mod stored;
mod structure;
mod table;
mod tally;
mod thinning;

use pipeline::{Context, Kind, Port, Stage, write_file, write_json};

pub use effects::{Effect, Measure};
pub use estimates::Estimate;
pub use models::{ModelPoint, Models};
pub use params::{Params, Strata, StrataBy, Tolerances, Unit};
pub use proof::{Distribution, Proof, Size, Verdict};
pub use selection::Stratum;
pub use significance::{Method, Test};
pub use structure::{Design, Structural};

/// Keeps a share of the reviews and proves how faithful it is.
///
/// Reads: `reviews`, and `items` for the categories in the proof; or, with `store`, that store by asin.
/// Writes: `reviews` (the kept rows, in their order), `proof` (statistics), `report` (the same to read).
/// Memory: about 100 bytes a user and product, whatever the number of rows.
///
/// ```yaml
/// stages:
///   load: {params: {...}}
///   sample: {inputs: {reviews: load.reviews}, params: {unit: user, rate: 0.1, seed: 42}}
/// ```
pub struct Sample;

impl Stage for Sample {
    const NAME: &'static str = "sample";
    const SUMMARY: &'static str = "Keeps a reproducible share of the reviews and proves how faithful it is";
    const INPUTS: &'static [Port] = &[Port::optional("reviews", Kind::Reviews), Port::optional("items", Kind::Items)];
    const OUTPUTS: &'static [Port] =
        &[Port::one("reviews", Kind::Reviews), Port::one("proof", Kind::Statistics), Port::one("report", Kind::Report)];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        params.check()?;
        let proof = match &params.store {
            Some(url) => stored::draw(params, url, context)?,
            None => table::draw(params, context)?,
        };
        context.summary("rows_in", proof.population.rows);
        context.summary("rows", proof.sample.rows);
        context.summary("users", proof.sample.users);
        context.summary("items", proof.sample.items);
        context.summary("verdict", serde_json::to_value(proof.verdict)?);
        context.summary("smallest_p_value", proof.smallest_p_value());
        tracing::info!(
            rows_in = proof.population.rows,
            rows = proof.sample.rows,
            "sampled by {}: {:?}",
            params.unit.name(),
            proof.verdict
        );
        write_json(context.output("proof")?, &proof)?;
        let html = report::render(&proof, context)?;
        Ok(write_file(context.output("report")?, html.as_bytes())?)
    }

    /// A store may have changed since, which no input tells; equal rows stop the rebuild behind this stage.
    fn is_in_place(params: &Params, _fingerprint: &str) -> anyhow::Result<bool> {
        Ok(params.store.is_none())
    }
}
