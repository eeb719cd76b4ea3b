//! Reviews into the stores, beside the mongo-spark-connector and pymongo, and out of them by asin.
//!
//! From the same gz file the `load` stage and the connector each fill a collection; from ready
//! records in memory the store's bulk path and pymongo's `insert_many` do. Server, machine, run and
//! write concern (majority) are the same. The peers key documents at random and index nothing; ours
//! are keyed by content, checked against a schema and sorted by product, and the time with indexes,
//! counts and summaries built is told beside.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Instant,
};

use anyhow::{Context, ensure};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use storage::{Bulk, Review, block_on};
use tests::Program;

use crate::{
    dataset::{Dataset, amazon_2018},
    figures::{Figures, tell},
    peers,
};

const PYMONGO: &str = "pymongo==4.20.0";
const PYSPARK: &str = "pyspark==4.1.4";

/// How often each program runs, one after the other in turn; the best counts.
const ROUNDS: usize = 2;

/// Reads of one product's reviews that are timed, after a tenth as many that are not.
const READS: usize = 10_000;

/// Reviews of a page.
const PAGE: u64 = 10;

/// A rate in reviews a second until all are written, and until they can be read.
#[derive(Clone, Copy, Debug, Default)]
struct Rate {
    written: f64,
    served: f64,
}

impl Rate {
    fn new(reviews: u64, written: f64, served: f64) -> Self {
        Self { written: reviews as f64 / written, served: reviews as f64 / served }
    }

    /// The better of two, by the time until all can be read.
    fn best(self, other: Self) -> Self {
        if other.served > self.served { other } else { self }
    }
}

/// Fills both stores with that many made reviews and reads them.
pub fn measure(reviews: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let dataset = amazon_2018(reviews)?;
    let server = Server::start()?;
    let folder = tempfile::tempdir()?;
    let [mut stage, mut connector, mut bulk, mut pymongo, mut sqlite] = [Rate::default(); 5];
    let records = records(&dataset)?;
    for _ in 0..ROUNDS {
        stage = stage.best(server.clean(|url| load_stage(folder.path(), url, &dataset))?);
        connector = connector.best(server.clean(|url| server.connector(url, &dataset))?);
        bulk = bulk.best(server.clean(|url| fill(url, "first", &records))?);
        pymongo = pymongo.best(server.clean(|url| server.peer("pymongo_insert.py", url, &dataset))?);
    }
    let mongo_p99 = server.clean(|url| {
        fill(url, "first", &records)?;
        read(url, &records)
    })?;
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let fresh = fill(&url, "first", &records)?;
    let mut next = fill(&url, "second", &records)?;
    next = next.best(fill(&url, "third", &records)?);
    sqlite = if next.served < fresh.served { next } else { sqlite.best(fresh) };
    let sqlite_p99 = read(&url, &records)?;

    tell(format!(
        "{} reviews, {:.0} MB as gz; reviews a second, best of {ROUNDS} runs in turn",
        dataset.truth.sound,
        dataset.gz_bytes as f64 / 1e6
    ));
    tell(format!("{:<48}{:>12}{:>24}", "", "written", "indexed and counted"));
    let row = |name: &str, rate: Rate, indexed: bool| {
        let complete = if indexed { format!("{:.0}", rate.served) } else { "-".to_owned() };
        tell(format!("{name:<48}{:>12.0}{complete:>24}", rate.written));
    };
    row("gz to MongoDB: this product", stage, true);
    row("gz to MongoDB: mongo-spark-connector 10.5.0", connector, false);
    row("records to MongoDB: this product", bulk, true);
    row(&format!("records to MongoDB: {PYMONGO}, one client"), pymongo, false);
    row("records to SQLite: this product, first", fresh, true);
    row("records to SQLite: this product, next", next, true);
    figures.add("mongo_docs_per_s", bulk.written, "reviews/s from ready records");
    figures.add("mongo_vs_spark_connector", stage.written / connector.written, "times its rate, from gz");
    figures.add("mongo_vs_pymongo", bulk.written / pymongo.written, "times its rate, from ready records");
    figures.add("mongo_served_vs_spark_connector", stage.served / connector.written, "the same, ours with indexes");
    figures.add("mongo_served_vs_pymongo", bulk.served / pymongo.written, "the same, ours with indexes");
    figures.add("sqlite_rows_per_s", sqlite.written, "reviews/s, the slower of a first and a next load");
    figures.add("sqlite_served_rows_per_s", sqlite.served, "the same, with indexes");
    figures.add("asin_read_p99_ms_sqlite", sqlite_p99, "ms");
    figures.add("asin_read_p99_ms_mongo", mongo_p99, "ms");
    Ok(())
}

/// The sound reviews of a file, in the order in which `load` hands them over.
fn records(dataset: &Dataset) -> anyhow::Result<Vec<Review>> {
    let mut records = Vec::new();
    for line in BufReader::new(MultiGzDecoder::new(File::open(&dataset.reviews)?)).split(b'\n') {
        let Ok(row) = serde_json::from_slice::<Value>(&line?) else { continue };
        let text = |name: &str| row[name].as_str().map(str::to_owned);
        let (Some(asin), Some(user)) = (text("asin"), text("reviewerID")) else { continue };
        let (Some(time), Some(rating)) = (row["unixReviewTime"].as_i64(), row["overall"].as_f64()) else { continue };
        if !(1.0..=5.0).contains(&rating) {
            continue;
        }
        let votes = row["vote"].as_str().and_then(|votes| votes.replace(',', "").parse().ok());
        records.push(Review {
            asin,
            user,
            time,
            ordinal: 0,
            rating: rating as f32,
            title: text("summary"),
            text: text("reviewText"),
            verified: row["verified"].as_bool(),
            helpful_votes: votes,
        });
    }
    records.sort_by_cached_key(Review::key);
    records.dedup_by_key(|review| review.key());
    Ok(records)
}

/// Writes all records as a new load.
fn fill(url: &str, generation: &str, records: &[Review]) -> anyhow::Result<Rate> {
    let store = block_on(storage::open(url))?;
    // The bulk path takes records over; they are made before the clock starts.
    let owned = records.to_vec();
    let started = Instant::now();
    let mut bulk = Bulk::begin(store, generation)?;
    for review in owned {
        bulk.review(review)?;
    }
    bulk.flush()?;
    let written = started.elapsed().as_secs_f64();
    bulk.finish()?;
    Ok(Rate::new(records.len() as u64, written, started.elapsed().as_secs_f64()))
}

/// The 99th percentile in milliseconds of reading the first page of a product's reviews, products
/// drawn as often as they are reviewed.
fn read(url: &str, records: &[Review]) -> anyhow::Result<f64> {
    let store = block_on(storage::open(url))?;
    let mut times = Vec::with_capacity(READS);
    for draw in 0..READS + READS / 10 {
        // A prime step through all reviews: each is drawn as likely as any other.
        let asin = &records[(draw * 15_485_863) % records.len()].asin;
        let started = Instant::now();
        let page = block_on(store.reviews_of_product(asin, 0, PAGE))?;
        let time = started.elapsed().as_secs_f64() * 1e3;
        ensure!(page.rows.len() as u64 == page.total.min(PAGE) && page.total > 0, "{asin}: {} rows", page.rows.len());
        if draw >= READS / 10 {
            times.push(time);
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times[READS * 99 / 100])
}

/// Runs the `load` stage into a store, as a user would.
fn load_stage(folder: &Path, url: &str, dataset: &Dataset) -> anyhow::Result<Rate> {
    let path = folder.join("load-store.yaml");
    let params = format!(
        "      layout: amazon-2018\n      reviews: \"{}\"\n      store: \"{url}\"\n",
        dataset.reviews.display()
    );
    let text = format!("version: 1\nname: bench-store\nstages:\n  load:\n    params:\n{params}");
    fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    let cache = folder.join("cache");
    let program = Program::with_cache(&cache);
    let started = Instant::now();
    let outcome = program.run(["run".as_ref(), path.as_os_str(), "--log-format".as_ref(), "json".as_ref()]);
    let seconds = started.elapsed().as_secs_f64();
    ensure!(outcome.code == 0, "load into {url} failed: {}", outcome.stderr);
    let indexing = outcome.stderr.lines().find(|line| line.contains("built indexes")).context("no log of indexes")?;
    let indexing: Value = serde_json::from_str(indexing).with_context(|| format!("read {indexing}"))?;
    let indexing_ms = find(&indexing, "duration_ms").context("the log tells no duration")?;
    fs::remove_dir_all(&cache).with_context(|| format!("remove {}", cache.display()))?;
    Ok(Rate::new(dataset.truth.sound, seconds - indexing_ms / 1e3, seconds))
}

/// A number at any depth of a JSON object.
fn find(value: &Value, name: &str) -> Option<f64> {
    let object = value.as_object()?;
    object.get(name).and_then(Value::as_f64).or_else(|| object.values().find_map(|value| find(value, name)))
}

/// A MongoDB server on this machine, and its peers.
struct Server {
    url: String,
    was_running: bool,
    pymongo: PathBuf,
    pyspark: PathBuf,
    jars: String,
}

impl Server {
    fn start() -> anyhow::Result<Self> {
        let services = |verb: &str| {
            let mut command = Command::new("scripts/services.sh");
            command.current_dir(tests::workspace_root()).args([verb, "mongo"]);
            command
        };
        let was_running = services("status").output().context("start scripts/services.sh")?.status.success();
        let said = services("up").output().context("start scripts/services.sh")?;
        ensure!(said.status.success(), "MongoDB does not start: {}", String::from_utf8_lossy(&said.stderr));
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let url = said.split('\'').nth(1).with_context(|| format!("no address in `{said}`"))?;
        let server = url.rsplit_once('/').map_or(url, |(server, _)| server).to_owned();
        let (pymongo, pyspark) = (peers::python(&[PYMONGO])?, peers::python(&[PYSPARK])?);
        Ok(Self { url: server, was_running, pymongo, pyspark, jars: jars()? })
    }

    /// Runs something on an empty database, which is removed afterwards.
    fn clean<T>(&self, run: impl FnOnce(&str) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let database = format!("bench_store_{}", std::process::id());
        let drop = || {
            let mut command = Command::new(&self.pymongo);
            peers::measure(command.arg(script("mongo_drop.py")).args([&self.url, &database]))
        };
        drop()?;
        let result = run(&format!("{}/{database}", self.url));
        drop()?;
        result
    }

    fn peer(&self, name: &str, url: &str, dataset: &Dataset) -> anyhow::Result<Rate> {
        let mut command = Command::new(&self.pymongo);
        command.arg(script(name)).arg(&dataset.reviews).arg(&self.url).arg(database(url));
        told(&mut command)
    }

    fn connector(&self, url: &str, dataset: &Dataset) -> anyhow::Result<Rate> {
        let mut command = Command::new(&self.pyspark);
        command.arg(script("mongo_connector.py")).arg(&dataset.reviews).arg(&self.url).arg(database(url));
        told(command.arg(thread::available_parallelism()?.to_string()).arg(&self.jars))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.was_running {
            let mut down = Command::new("scripts/services.sh");
            // A server that does not stop has said why; the figures are not less true.
            let _ = down.current_dir(tests::workspace_root()).args(["down", "mongo"]).output();
        }
    }
}

fn database(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name)
}

/// The rate that a script prints.
fn told(command: &mut Command) -> anyhow::Result<Rate> {
    let finished = peers::measure(command)?;
    let told: Value = serde_json::from_str(&finished.stdout).with_context(|| format!("read {}", finished.stdout))?;
    let (rows, seconds) = told["rows"].as_u64().zip(told["seconds"].as_f64()).context("rows and seconds are told")?;
    Ok(Rate::new(rows, seconds, seconds))
}

/// The jars of the connector, installed once with Maven.
fn jars() -> anyhow::Result<String> {
    let folder = peers::cache_folder("recommender-peers")?.join("mongo-spark-connector-10.5.0");
    if !folder.exists() {
        let maven = peers::program("mvn", "maven")?;
        let unfinished = folder.with_extension("new");
        let mut install = Command::new(maven);
        install.args(["-q", "-B", "-f"]).arg(script("mongo_connector.xml")).arg("dependency:copy-dependencies");
        install.arg("-DincludeScope=runtime").arg(format!("-DoutputDirectory={}", unfinished.display()));
        peers::measure(&mut install).context("install the mongo-spark-connector with Maven")?;
        fs::rename(&unfinished, &folder).with_context(|| format!("make {}", folder.display()))?;
    }
    let entries = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
    let jars: Vec<String> =
        entries.map(|entry| Ok(entry?.path().display().to_string())).collect::<anyhow::Result<_>>()?;
    Ok(jars.join(","))
}
