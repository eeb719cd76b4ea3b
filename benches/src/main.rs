//! The benchmark suite: what `scripts/bench.sh NAME [--json]` runs.
//!
//! Each benchmark makes its own seeded data (large files once, in the user's cache folder) or reads the
//! published splits, runs the built program as a user would, and prints figures with units; with `--json`
//! the last line is one JSON object with the same figures.
//! Comparisons with peers belong to each benchmark and run beside it, never from remembered figures.

mod dataset;
mod eda;
mod figures;
mod live;
mod load;
mod peers;
mod quality;
mod sample;
mod serve;
mod splits;
mod store;
mod train;

use clap::{Parser, ValueEnum};
use figures::Figures;

/// Measures this product.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure.
    name: Benchmark,
    /// End with one line of JSON that holds all figures.
    #[arg(long)]
    json: bool,
    /// Reviews of the data that is made for it.
    #[arg(long, visible_alias = "rows")]
    reviews: Option<u64>,
    /// Only for `load`: runs this product alone, in no more memory than that.
    #[arg(long, value_name = "MB")]
    memory_limit: Option<u64>,
    /// Only for `quality`: sets of parameters tried for a model, where the pipelines give it no number of its own.
    #[arg(long)]
    trials: Option<u32>,
    /// Only for `live`: latencies and rates with this bus alone, nothing else.
    #[arg(long)]
    bus: Option<live::Bus>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Benchmark {
    /// Review file to Parquet: rate, peak memory and accounting, beside peers.
    Load,
    /// Reviews into MongoDB and SQLite and out of them: rates beside peers, latencies.
    Store,
    /// The proof of a sample: coverage, false alarms, unfair samples seen through.
    Sample,
    /// The EDA report: seconds, peak memory and size at three sizes of data, beside peers.
    Eda,
    /// Quality of every model on the published splits, tuned and trained by one command each.
    Quality,
    /// Seconds and peak memory of training, evaluation and batch lists, beside peers.
    Train,
    /// Requests a second and latencies of the recommendations route.
    Serve,
    /// From an event posted to the list on an open page: latencies, rates, counts, memory, restart.
    Live,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut figures = Figures::default();
    match arguments.name {
        Benchmark::Load => {
            let reviews = arguments.reviews.unwrap_or(2_200_000);
            match arguments.memory_limit {
                Some(limit_mb) => load::measure_limited(reviews, limit_mb, &mut figures)?,
                None => load::measure(reviews, &mut figures)?,
            }
        }
        Benchmark::Store => store::measure(arguments.reviews.unwrap_or(1_000_000), &mut figures)?,
        Benchmark::Sample => sample::measure(arguments.reviews.unwrap_or(136_000), &mut figures)?,
        Benchmark::Eda => eda::measure(arguments.reviews.unwrap_or(2_200_000), &mut figures)?,
        Benchmark::Quality => quality::measure(arguments.trials, &mut figures)?,
        Benchmark::Train => train::measure(arguments.reviews.unwrap_or(200_000), &mut figures)?,
        Benchmark::Serve => serve::measure(arguments.reviews.unwrap_or(50_000), &mut figures)?,
        Benchmark::Live => live::measure(arguments.reviews.unwrap_or(200_000), arguments.bus, &mut figures)?,
    }
    figures.print(arguments.json);
    Ok(())
}
