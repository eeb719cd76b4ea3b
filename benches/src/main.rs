//! The benchmark suite: what `scripts/bench.sh NAME [--json]` runs.
//!
//! Each benchmark makes its own seeded data, runs the built program as a user would, and prints
//! figures with units; with `--json` the last line is one JSON object with the same figures.
//! Comparisons with peers belong to each benchmark and run beside it, never from remembered figures.

mod figures;
mod load;
mod peers;
mod serve;
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
    #[arg(long)]
    reviews: Option<u64>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Benchmark {
    /// Review file to Parquet: MB/s, rows/s, peak memory.
    Load,
    /// Seconds and peak memory of each training stage.
    Train,
    /// Requests a second and latencies of the recommendations route.
    Serve,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut figures = Figures::default();
    match arguments.name {
        Benchmark::Load => load::measure(arguments.reviews.unwrap_or(500_000), &mut figures)?,
        Benchmark::Train => train::measure(arguments.reviews.unwrap_or(200_000), &mut figures)?,
        Benchmark::Serve => serve::measure(arguments.reviews.unwrap_or(50_000), &mut figures)?,
    }
    figures.print(arguments.json);
    Ok(())
}
