//! The EDA report: seconds, memory and size at three sizes of data, beside ydata-profiling and sweetviz.
//!
//! Every program is timed from its start to its end, as its user waits for it: ours is the command
//! `orchestrator run ... --force eda-report` with its child and all chapters about recommendation (reviews loaded
//! before), a peer is a script that reads one Parquet file of the same rows and writes HTML. What a peer takes
//! without importing its packages is printed beside it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};
use serde_json::Value;
use tests::Program;

use crate::{
    dataset::{Made, made_2018},
    figures::{Figures, tell},
    peers::{self, Usage},
};

const SETUPTOOLS: &str = "setuptools==80.9.0";
const SWEETVIZ: &[&str] = &["sweetviz==2.3.3", "pyarrow==26.0.1", SETUPTOOLS];
const YDATA: &[&str] = &["ydata-profiling==4.18.4", "pyarrow==26.0.1", SETUPTOOLS];

/// Rows of the table that is shared with the peers.
const SHARED_ROWS: u64 = 199_009;

/// How often each program runs on the shared rows, in turn; the best counts.
const ROUNDS: usize = 3;

/// A report that was made.
#[derive(Clone, Copy, Debug)]
struct Run {
    rows: u64,
    usage: Usage,
    /// Seconds from reading the table to HTML on disk, as a script tells them.
    at_work: Option<f64>,
    html_bytes: u64,
}

impl Run {
    fn seconds_a_million(&self) -> f64 {
        self.usage.seconds * 1e6 / self.rows as f64
    }
}

/// Reports on that many reviews, on an eleventh and on five times as many, and beside the peers.
pub fn measure(reviews: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let sweetviz = peers::python(SWEETVIZ)?;
    let ydata = peers::python(YDATA)?;
    let shared = Loaded::new(SHARED_ROWS)?;
    let table = shared.table(&sweetviz)?;
    let mut runs: [Vec<Run>; 3] = Default::default();
    for _ in 0..ROUNDS {
        runs[0].push(shared.report()?);
        runs[1].push(peer(&sweetviz, "eda_sweetviz.py", &table)?);
        runs[2].push(peer(&ydata, "eda_ydata.py", &table)?);
    }
    let [ours, sweetviz, ydata] = runs.each_ref().map(|runs| best(runs));
    tell(heading());
    for (name, run) in [("this product", &ours), (SWEETVIZ[0], &sweetviz), (YDATA[0], &ydata)] {
        tell(row(name, run));
    }
    let of_size = at_sizes(reviews, figures)?;
    figures.add("eda_seconds", of_size.usage.seconds, "s, whole command");
    figures.add("eda_peak_mb", of_size.usage.peak_bytes as f64 / 1e6, "MB");
    figures.add("eda_html_mb", of_size.html_bytes as f64 / 1e6, "MB");
    figures.add("eda_vs_sweetviz", sweetviz.usage.seconds / ours.usage.seconds, "times its rows a second");
    figures.add("eda_vs_ydata", ydata.usage.seconds / ours.usage.seconds, "times its rows a second");
    Ok(())
}

/// The run on that many reviews; all sizes are shown, as the cost of a row should not depend on their number.
fn at_sizes(reviews: u64, figures: &mut Figures) -> anyhow::Result<Run> {
    let run = |reviews: u64, rounds: usize| -> anyhow::Result<Run> {
        let loaded = Loaded::new(reviews)?;
        let runs = (0..rounds).map(|_| loaded.report()).collect::<anyhow::Result<Vec<_>>>()?;
        let best = best(&runs);
        tell(row("this product", &best));
        Ok(best)
    };
    let small = run((reviews / 11).max(1), ROUNDS)?;
    let of_size = run(reviews, ROUNDS)?;
    let large = run(reviews * 5, 1)?;
    for run in [&small, &of_size, &large] {
        let millions = run.rows as f64 / 1e6;
        figures.add(format!("eda_s_a_million_at_{millions:.1}m"), run.seconds_a_million(), "s a million rows");
    }
    figures.add("eda_peak_mb_of_largest", large.usage.peak_bytes as f64 / 1e6, "MB");
    Ok(of_size)
}

/// Reviews and products that went through `load`; the cache stays for the next time.
struct Loaded {
    made: Made,
    pipeline: PathBuf,
    program: Program,
}

impl Loaded {
    fn new(reviews: u64) -> anyhow::Result<Self> {
        let made = made_2018(reviews)?;
        let pipeline = made.folder.join("eda.yaml");
        let (reviews, products) = (made.reviews.display(), made.products.display());
        let params = format!("{{layout: amazon-2018, reviews: \"{reviews}\", metadata: \"{products}\"}}");
        let stages = format!("stages:\n  load:\n    params: {params}\n  eda-report: {{}}\n");
        fs::write(&pipeline, format!("version: 1\nname: bench-eda\n{stages}"))
            .with_context(|| format!("write {}", pipeline.display()))?;
        let loaded = Self { program: Program::with_cache(&made.folder.join("eda-cache")), made, pipeline };
        loaded.run(&["load"])?;
        // What older builds of this product left.
        peers::measure(&mut loaded.program.command(["clean".as_ref(), loaded.pipeline.as_os_str()]))?;
        Ok(loaded)
    }

    fn run(&self, arguments: &[&str]) -> anyhow::Result<Usage> {
        let mut command = self.program.command(["run".as_ref(), self.pipeline.as_os_str()]);
        Ok(peers::measure(command.args(arguments))?.usage)
    }

    /// Makes the report anew.
    fn report(&self) -> anyhow::Result<Run> {
        let mut usage = self.run(&["eda-report", "--force", "eda-report"])?;
        let (folder, record) = self.record("eda-report")?;
        let of_stage = record["peak_memory_bytes"].as_u64().context("the stage's record tells its peak memory")?;
        usage.peak_bytes = usage.peak_bytes.max(of_stage);
        let rows = record["summary"]["rows"].as_u64().context("the stage's record tells the rows described")?;
        let sound = self.made.truth.reviews.sound;
        ensure!(rows == sound, "the report describes {rows} of {sound} reviews");
        let html = folder.join("report.html");
        let html_bytes = fs::metadata(&html).with_context(|| format!("read {}", html.display()))?.len();
        Ok(Run { rows, usage, at_work: None, html_bytes })
    }

    fn record(&self, stage: &str) -> anyhow::Result<(PathBuf, Value)> {
        let records = self.program.records();
        records.get(stage).cloned().with_context(|| format!("{} left no artifact of {stage}", self.pipeline.display()))
    }

    /// The rows as one Parquet file of ten columns, as the peers read them.
    fn table(&self, python: &Path) -> anyhow::Result<PathBuf> {
        let (artifact, _) = self.record("load")?;
        let target = self.made.folder.join("eda-table.parquet");
        let finished = peers::measure(script(python, "eda_table.py").arg(artifact).arg(&target))?;
        let told: Value =
            serde_json::from_str(&finished.stdout).with_context(|| format!("read {}", finished.stdout))?;
        let found = (told["rows"].as_u64(), told["columns"].as_u64());
        ensure!(
            found == (Some(self.made.truth.reviews.sound), Some(10)),
            "expected all reviews in 10 columns, found {told}"
        );
        Ok(target)
    }
}

fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name));
    command
}

/// Runs a script of `benches/peers` that makes a report and prints its rows and seconds.
fn peer(python: &Path, name: &str, table: &Path) -> anyhow::Result<Run> {
    let folder = tempfile::tempdir()?;
    let html = folder.path().join("report.html");
    let mut command = script(python, name);
    // What they keep for the user (settings, fonts) goes away with the folder.
    command.arg(table).arg(&html).current_dir(folder.path()).env("MPLCONFIGDIR", folder.path());
    let finished = peers::measure(&mut command)?;
    let told = finished.stdout.lines().last().unwrap_or_default();
    let told: Value = serde_json::from_str(told).with_context(|| format!("read {}", finished.stdout))?;
    let seconds = told["seconds"].as_f64().with_context(|| format!("{name} tells no seconds: {told}"))?;
    let rows = told["rows"].as_u64().with_context(|| format!("{name} tells no rows: {told}"))?;
    let html_bytes = fs::metadata(&html).with_context(|| format!("read the report of {name}"))?.len();
    Ok(Run { rows, usage: finished.usage, at_work: Some(seconds), html_bytes })
}

fn best(runs: &[Run]) -> Run {
    let by_time = |one: &&Run, other: &&Run| one.usage.seconds.total_cmp(&other.usage.seconds);
    let fastest = runs.iter().min_by(by_time).expect("each program runs at least once");
    // Of memory the most counts.
    let peak_bytes = runs.iter().map(|run| run.usage.peak_bytes).max().unwrap_or_default();
    Run { usage: Usage { peak_bytes, ..fastest.usage }, ..*fastest }
}

fn heading() -> String {
    format!(
        "{:<26}{:>12}{:>10}{:>14}{:>14}{:>8}{:>9}{:>9}",
        "program", "rows", "seconds", "after imports", "s a million", "CPU s", "peak MB", "HTML MB"
    )
}

fn row(name: &str, run: &Run) -> String {
    let Usage { seconds, cpu_seconds, peak_bytes } = run.usage;
    let at_work = run.at_work.map_or_else(String::new, |seconds| format!("{seconds:.2}"));
    format!(
        "{name:<26}{:>12}{seconds:>10.2}{at_work:>14}{:>14.2}{cpu_seconds:>8.1}{:>9.0}{:>9.2}",
        run.rows,
        run.seconds_a_million(),
        peak_bytes as f64 / 1e6,
        run.html_bytes as f64 / 1e6,
    )
}
