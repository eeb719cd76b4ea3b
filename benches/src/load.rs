//! From a gzip file with faulty rows to Parquet, beside decompression alone, `DuckDB` and `PySpark`.
//!
//! Each program runs as its users would start it; the table shows the whole command's wall time
//! (of those in Python without the start of Python and of Spark's session). What must not vary is
//! compared with the generator's truth: rows taken, duplicates, and rejects by reason.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use synthetic::FileTruth;
use tests::Program;

use crate::{
    dataset::{Dataset, amazon_2018},
    figures::{Figures, records, tell},
    peers::{self, Usage},
};

const DUCKDB: &str = "duckdb==2.0.0";
const PYSPARK: &str = "pyspark==4.1.4";

/// How often each program runs, one after the other in turn; the best counts. Spark runs once.
const ROUNDS: usize = 3;

/// One run of a program.
#[derive(Clone, Debug)]
struct Run {
    usage: Usage,
    /// Rows that it wrote.
    rows: Option<u64>,
    /// Faulty and repeated rows that it told of.
    told: Option<u64>,
    /// Whether every count is that of the truth.
    is_exact: bool,
}

impl Run {
    fn of_peer(usage: Usage, seconds: Option<f64>, rows: Option<u64>) -> Self {
        let usage = Usage { seconds: seconds.unwrap_or(usage.seconds), ..usage };
        Self { usage, rows, told: rows.map(|_| 0), is_exact: false }
    }
}

/// Loads a made file of that many reviews, without a store, as fast as its peers or faster.
pub fn measure(reviews: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let dataset = amazon_2018(reviews)?;
    let folder = tempfile::tempdir()?;
    let pigz = peers::program("pigz", "pigz")?;
    let (duckdb, pyspark) = (peers::python(&[DUCKDB])?, peers::python(&[PYSPARK])?);
    let mut runs: [Vec<Run>; 5] = Default::default();
    for _ in 0..ROUNDS {
        runs[0].push(decompress(&pigz, &dataset)?);
        runs[1].push(peer(&duckdb, "duckdb_load.py", &[], folder.path(), &dataset)?);
        runs[2].push(product(folder.path(), &dataset, None)?);
    }
    runs[3].push(peer(&pyspark, "spark_load.py", &[], folder.path(), &dataset)?);
    runs[4].push(peer(&pyspark, "spark_load.py", &["same-result"], folder.path(), &dataset)?);

    let best = runs.each_ref().map(|runs| best(runs));
    let rate = |run: &Run| dataset.plain_bytes as f64 / 1e6 / run.usage.seconds;
    tell(about(&dataset));
    tell(heading());
    let names = ["pigz -dc", DUCKDB, "this product", PYSPARK, "PySpark, all of it"];
    for (name, run) in names.iter().zip(&best) {
        tell(row(name, run, rate(run), dataset.truth.sound));
    }
    let [pigz, duckdb, product, spark, same] = best;
    figures.add("load_mb_per_s", rate(&product), "MB/s of text");
    let peers = [
        ("load_vs_duckdb", duckdb),
        ("load_vs_pigz", pigz),
        ("load_vs_spark", spark),
        ("load_vs_spark_same_result", same),
    ];
    for (name, peer) in peers {
        figures.add(name, rate(&product) / rate(&peer), "times its rate");
    }
    add_memory_and_accounting(&runs[2], figures);
    Ok(())
}

/// Loads such a file in no more memory than that, in MB: the system refuses what goes beyond it.
pub fn measure_limited(reviews: u64, limit_mb: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let dataset = amazon_2018(reviews)?;
    let folder = tempfile::tempdir()?;
    let run = product(folder.path(), &dataset, Some(limit_mb))?;
    let rate = dataset.plain_bytes as f64 / 1e6 / run.usage.seconds;
    tell(about(&dataset));
    tell(heading());
    tell(row("this product", &run, rate, dataset.truth.sound));
    figures.add("load_memory_limit_mb", limit_mb as f64, "MB");
    figures.add("load_plain_mb", dataset.plain_bytes as f64 / 1e6, "MB");
    figures.add("load_mb_per_s", rate, "MB/s of text");
    add_memory_and_accounting(&[run], figures);
    Ok(())
}

fn add_memory_and_accounting(runs: &[Run], figures: &mut Figures) {
    let peak = runs.iter().map(|run| run.usage.peak_bytes).max().unwrap_or_default();
    figures.add("load_peak_mb", peak as f64 / 1e6, "MB, the most of all runs");
    figures.add(
        "load_accounting_exact",
        f64::from(runs.iter().all(|run| run.is_exact)),
        "1 = as the truth in all runs",
    );
}

fn decompress(pigz: &Path, dataset: &Dataset) -> anyhow::Result<Run> {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" -dc \"$1\" > /dev/null"]).arg(pigz).arg(&dataset.reviews);
    Ok(Run::of_peer(peers::measure(&mut command)?.usage, None, None))
}

/// Runs a script of `benches/peers` that prints the rows it wrote and the seconds that count.
fn peer(python: &Path, script: &str, mode: &[&str], folder: &Path, dataset: &Dataset) -> anyhow::Result<Run> {
    let target = folder.join("peer.parquet");
    let threads = thread::available_parallelism()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
    let mut command = Command::new(python);
    command.arg(script).arg(&dataset.reviews).arg(&target).arg(threads.to_string()).args(mode);
    let finished = peers::measure(&mut command)?;
    let told: Value = serde_json::from_str(&finished.stdout).with_context(|| format!("read {}", finished.stdout))?;
    let removed = if target.is_dir() { fs::remove_dir_all(&target) } else { fs::remove_file(&target) };
    removed.with_context(|| format!("remove {}", target.display()))?;
    Ok(Run::of_peer(finished.usage, told["seconds"].as_f64(), told["rows"].as_u64()))
}

/// Runs this product with an empty cache.
fn product(folder: &Path, dataset: &Dataset, limit_mb: Option<u64>) -> anyhow::Result<Run> {
    let pipeline = write_pipeline(folder, &dataset.reviews)?;
    let cache = folder.join("cache");
    let program = Program::with_cache(&cache);
    let mut command = program.command(["run".as_ref(), pipeline.as_os_str()]);
    if let Some(limit_mb) = limit_mb {
        command = limited(&command, limit_mb);
    }
    let mut usage = peers::measure(&mut command)?.usage;
    let record = &records(&program)["load"];
    let of_stage = record["peak_memory_bytes"].as_u64().context("the stage's record tells its peak memory")?;
    // The stage is a child of the measured process, so the system's own figure cannot be below the record's.
    ensure!(of_stage <= usage.peak_bytes, "the record tells {of_stage} bytes, the system {}", usage.peak_bytes);
    usage.peak_bytes = usage.peak_bytes.max(of_stage);
    let summary = &record["summary"];
    let count = |name: &str| summary[name].as_u64();
    let run = Run {
        usage,
        rows: count("rows_out"),
        told: count("rejects").zip(count("duplicates")).map(|(rejects, duplicates)| rejects + duplicates),
        is_exact: is_exact(summary, &dataset.truth),
    };
    fs::remove_dir_all(&cache).with_context(|| format!("remove {}", cache.display()))?;
    Ok(run)
}

fn write_pipeline(folder: &Path, reviews: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join("load.yaml");
    let params = format!("      layout: amazon-2018\n      reviews: \"{}\"\n", reviews.display());
    let text = format!("version: 1\nname: bench-load\nstages:\n  load:\n    params:\n{params}");
    fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}

/// The same command with at most so much memory a process: heap, stacks and private mappings
/// (`RLIMIT_DATA`). The system's file cache and the program's own code do not count.
fn limited(command: &Command, limit_mb: u64) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -d \"$0\" && exec \"$@\"", &(limit_mb * 1_000_000 / 1024).to_string()]);
    shell.arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell
}

fn is_exact(summary: &Value, truth: &FileTruth) -> bool {
    let counts = [
        ("rows_in", truth.rows),
        ("rows_out", truth.sound),
        ("rejects", truth.rejects),
        ("duplicates", truth.duplicates),
        ("empty_lines", truth.empty_lines),
    ];
    counts.iter().all(|(name, count)| summary[name].as_u64() == Some(*count))
        && summary["rejects_by_reason"] == json!(truth.rejects_by_reason)
}

fn best(runs: &[Run]) -> Run {
    let by_time = |one: &&Run, other: &&Run| one.usage.seconds.total_cmp(&other.usage.seconds);
    runs.iter().min_by(by_time).cloned().expect("each program runs at least once")
}

fn about(dataset: &Dataset) -> String {
    let FileTruth { rows, rejects, duplicates, .. } = &dataset.truth;
    format!(
        "{rows} rows, {:.0} MB as text, {:.0} MB as gz; {rejects} faulty and {duplicates} repeated",
        dataset.plain_bytes as f64 / 1e6,
        dataset.gz_bytes as f64 / 1e6,
    )
}

fn heading() -> String {
    format!(
        "{:<20}{:>8}{:>10}{:>8}{:>9}{:>14}{:>16}{:>8}",
        "program", "MB/s", "seconds", "CPU s", "peak MB", "rows written", "faulty written", "told"
    )
}

fn row(name: &str, run: &Run, rate: f64, sound: u64) -> String {
    let Usage { seconds, cpu_seconds, peak_bytes } = run.usage;
    let count = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |count| count.to_string());
    let faulty = run.rows.map(|rows| rows.saturating_sub(sound));
    format!(
        "{name:<20}{rate:>8.0}{seconds:>10.2}{cpu_seconds:>8.1}{:>9.0}{:>14}{:>16}{:>8}",
        peak_bytes as f64 / 1e6,
        count(run.rows),
        count(faulty),
        count(run.told)
    )
}
