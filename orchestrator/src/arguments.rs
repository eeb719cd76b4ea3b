//! The command line: every command and option stands here, and nowhere else.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Parser, Subcommand};

use crate::{Error, commands::Dump, exit::EXIT_CODES, logging::LogFormat};

const PATHS: &str = "Relative paths, in pipeline files as on the command line, start from the current folder.";

const TUNING: &str = "The first trial has the parameters of the pipeline, without what was tuned before; \
random ones and then steps beside the best follow. What the pipeline file itself writes under `params` is not \
varied. Trials are kept: repeated, they cost nothing, and interrupted, they go on. The best goes to the file that \
the pipeline names under `tune`.";

const SIMULATION: &str = "Before each event the site is asked for the user's list; the rank of the event's product in \
it is noted, and only then the event is posted. Events have ids of their own, so a replay that is repeated changes \
nothing. Without --synthetic the users get new names, and what they did before the replay is posted first.";

const PLACES: &str = "A report is a file `statistics.json` of the stage eda-report, the folder that holds it (such as \
.cache/latest/PIPELINE/eda-report), or the first digits of its fingerprint, as `orchestrator status` shows it.";

/// Turns review files into served recommendations, one stage at a time.
#[derive(Debug, Parser)]
#[command(name = "orchestrator", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How logs are written to standard error; `RUST_LOG` sets their level.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the stages that are out of date.
    #[command(after_help = PATHS)]
    Run(RunArguments),
    /// Searches for better parameters on validation rows, and keeps them for the pipeline.
    #[command(after_help = TUNING)]
    Tune(TuneArguments),
    /// Shows which stages are up to date.
    Status(ReportArguments),
    /// Shows how stages depend on one another.
    Dag(DagArguments),
    /// Says why a stage would run again.
    Explain(ReportArguments),
    /// Removes artifacts that the pipeline as it stands does not use.
    Clean(CleanArguments),
    /// Serves the web site and the REST API over a store.
    Serve(ServeArguments),
    /// Lists the stages of this program, or the parameters of the named ones.
    Stages(StagesArguments),
    /// Prints the JSON schema of pipeline files.
    Schema,
    /// Shows the rows that were rejected, and loads them when they are repaired.
    Rejects(RejectsArguments),
    /// Compares reports on data.
    Report(ReportsArguments),
    /// Downloads the reviews and products of a category from a public dump of Amazon reviews.
    Fetch(FetchArguments),
    /// Makes review files that look like a shop's, with known faults.
    Generate(GenerateArguments),
    /// Plays shoppers against a running site, and measures what was on the page when the next event came.
    #[command(after_help = SIMULATION)]
    Simulate(Box<SimulateArguments>),
    /// Runs one stage: what the orchestrator starts its children with.
    #[command(name = "__stage", hide = true)]
    Stage,
}

/// Which pipeline, with which values, in which cache.
#[derive(Args, Debug)]
pub struct PipelineArguments {
    /// The pipeline file (ending in .yaml or .yml; pipeline.yaml if left out), then names of stages.
    #[arg(value_name = "PIPELINE.yaml | STAGE")]
    pub targets: Vec<String>,
    /// Sets a variable of the pipeline file.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
    /// Folder for artifacts.
    #[arg(long, value_name = "FOLDER", default_value = ".cache")]
    pub cache: PathBuf,
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub struct RunArguments {
    /// Which pipeline and stages.
    #[command(flatten)]
    pub pipeline: PipelineArguments,
    /// Runs this stage even if it is up to date.
    #[arg(long, value_name = "STAGE")]
    pub force: Vec<String>,
    /// Runs this stage and all that follow from it even if they are up to date.
    #[arg(long, value_name = "STAGE")]
    pub from: Vec<String>,
    /// How many stages may run at the same time [default: number of processors].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Writes events to standard output, one JSON object a line.
    #[arg(long)]
    pub json: bool,
    /// Serves the result when all went well.
    #[arg(long)]
    pub serve: bool,
    /// Where to serve.
    #[command(flatten)]
    pub listen: ListenArguments,
}

/// Arguments of `tune`.
#[derive(Args, Debug)]
pub struct TuneArguments {
    /// Which pipeline and stages; all stages whose parameters have ranges if none is named.
    #[command(flatten)]
    pub pipeline: PipelineArguments,
    /// What to improve [default: as the pipeline says, or ndcg@10].
    #[arg(long, value_name = "METRIC")]
    pub metric: Option<String>,
    /// How many sets of parameters to try for a stage [default: as the pipeline says, or 30].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub trials: Option<u32>,
    /// Decides what is tried [default: as the pipeline says, or 42].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How many trials may run at the same time [default: 2, or 1 on a single processor].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
}

/// Where and how to serve.
#[derive(Args, Debug)]
pub struct ListenArguments {
    /// Leaves the events to workers elsewhere (`webapp worker`).
    #[arg(long)]
    pub no_worker: bool,
    /// Where to listen, and the bus.
    #[command(flatten)]
    pub node: webapp::Node,
}

/// Arguments of `status` and `explain`.
#[derive(Args, Debug)]
pub struct ReportArguments {
    /// Which pipeline and stages.
    #[command(flatten)]
    pub pipeline: PipelineArguments,
    /// Writes JSON to standard output.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `dag`.
#[derive(Args, Debug)]
pub struct DagArguments {
    /// Which pipeline.
    #[command(flatten)]
    pub pipeline: PipelineArguments,
    /// Writes a Mermaid diagram.
    #[arg(long)]
    pub mermaid: bool,
}

/// Arguments of `clean`.
#[derive(Args, Debug)]
pub struct CleanArguments {
    /// Which pipeline.
    #[command(flatten)]
    pub pipeline: PipelineArguments,
    /// Removes every artifact, whatever uses it.
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `serve`.
#[derive(Args, Debug)]
pub struct ServeArguments {
    /// Which pipeline.
    #[command(flatten)]
    pub pipeline: PipelineArguments,
    /// The store to serve [default: where the pipeline publishes to].
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Where to serve.
    #[command(flatten)]
    pub listen: ListenArguments,
}

/// Arguments of `stages`.
#[derive(Args, Debug)]
pub struct StagesArguments {
    /// Names of stages; all if left out.
    #[arg(value_name = "STAGE")]
    pub names: Vec<String>,
}

/// Arguments of `rejects`.
#[derive(Args, Debug)]
pub struct RejectsArguments {
    /// What to do with them.
    #[command(subcommand)]
    pub action: RejectsAction,
}

/// What to do with rejected rows.
#[derive(Debug, Subcommand)]
pub enum RejectsAction {
    /// Prints rejected rows with place, reason and text.
    List {
        /// The pipeline file.
        #[arg(value_name = "PIPELINE.yaml", default_value = "pipeline.yaml")]
        pipeline: PathBuf,
        /// How many to print at most; 0 for all.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u64,
        /// Only those that were rejected for this reason, such as wrong-type.
        #[arg(long, value_name = "REASON")]
        reason: Option<String>,
        /// Of which stage.
        #[command(flatten)]
        of: RejectsOf,
    },
    /// Writes rejected rows to a file of JSON lines, whose `raw` is to be repaired.
    Export {
        /// The pipeline file.
        #[arg(value_name = "PIPELINE.yaml")]
        pipeline: PathBuf,
        /// The file to write.
        file: PathBuf,
        /// Only those that were rejected for this reason, such as wrong-type.
        #[arg(long, value_name = "REASON")]
        reason: Option<String>,
        /// Of which stage.
        #[command(flatten)]
        of: RejectsOf,
    },
    /// Loads again, taking the repaired rows of a file in place of the rejected ones.
    Replay {
        /// The pipeline file.
        #[arg(value_name = "PIPELINE.yaml")]
        pipeline: PathBuf,
        /// The file that was exported, with repaired rows.
        file: PathBuf,
        /// Of which stage.
        #[command(flatten)]
        of: RejectsOf,
    },
}

/// Whose rejects.
#[derive(Args, Debug)]
pub struct RejectsOf {
    /// The stage [default: the only one that rejects rows].
    #[arg(long, value_name = "STAGE")]
    pub stage: Option<String>,
    /// Sets a variable of the pipeline file.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
    /// Folder for artifacts.
    #[arg(long, value_name = "FOLDER", default_value = ".cache")]
    pub cache: PathBuf,
}

/// Arguments of `report`.
#[derive(Args, Debug)]
pub struct ReportsArguments {
    /// What to do with them.
    #[command(subcommand)]
    pub action: ReportsAction,
}

/// What to do with reports.
#[derive(Debug, Subcommand)]
pub enum ReportsAction {
    /// Shows what changed between two reports of eda-report: settings, findings, figures and distributions.
    #[command(after_help = PLACES)]
    Diff(DiffArguments),
}

/// Arguments of `report diff`.
#[derive(Args, Debug)]
pub struct DiffArguments {
    /// The earlier report: file, folder or fingerprint.
    #[arg(value_name = "BEFORE")]
    pub before: String,
    /// The later report: file, folder or fingerprint.
    #[arg(value_name = "AFTER")]
    pub after: String,
    /// Writes the difference as one HTML file, with charts.
    #[arg(long, value_name = "FILE.html")]
    pub html: Option<PathBuf>,
    /// Writes the whole difference to standard output as JSON.
    #[arg(long)]
    pub json: bool,
    /// Shows all that differs, not only what differs most.
    #[arg(long)]
    pub all: bool,
    /// Folder for artifacts, where fingerprints are looked up.
    #[arg(long, value_name = "FOLDER", default_value = ".cache")]
    pub cache: PathBuf,
}

/// Arguments of `fetch`.
#[derive(Args, Debug)]
pub struct FetchArguments {
    /// The dump; its name is also that of its layout and of its pipeline.
    #[arg(value_enum)]
    pub dump: Dump,
    /// Category of products; a wrong one lists those that the dump has.
    #[arg(long, value_name = "NAME")]
    pub category: String,
    /// Takes the smaller review file in which all users and items have at least five reviews.
    #[arg(long)]
    pub five_core: bool,
    /// Leaves out the product file.
    #[arg(long)]
    pub no_metadata: bool,
    /// Folder for downloads; the files go to a folder in it that is named as the dump.
    #[arg(long, value_name = "FOLDER", default_value = "data/downloads")]
    pub to: PathBuf,
    /// What the addresses begin with instead of the dump's own site: a mirror of it.
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// SHA-256 that a file must have; the sites publish none.
    #[arg(long, value_name = "FILE=HEX", value_parser = setting)]
    pub sha256: Vec<(String, String)>,
    /// How many attempts in a row may bring nothing new after the first one.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub retries: u32,
    /// Pause before the second attempt; it doubles up to a minute.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub retry_pause: Duration,
    /// How long a connection may be silent.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub stall_timeout: Duration,
}

/// Arguments of `generate`.
#[derive(Args, Debug)]
pub struct GenerateArguments {
    /// Layout of the files: amazon-2014, amazon-2018 or amazon-2023.
    #[arg(long, default_value_t = synthetic::Layout::Amazon2018)]
    pub layout: synthetic::Layout,
    /// Number of users.
    #[arg(long, default_value_t = synthetic::Settings::default().users)]
    pub users: u32,
    /// Number of products.
    #[arg(long, default_value_t = synthetic::Settings::default().items)]
    pub items: u32,
    /// Number of sound reviews.
    #[arg(long, default_value_t = synthetic::Settings::default().reviews)]
    pub reviews: u64,
    /// Chance that a sound row is followed by a faulty one, 0 to 0.5.
    #[arg(long, default_value_t = synthetic::Settings::default().dirty_ratio, value_name = "RATIO")]
    pub dirty_ratio: f64,
    /// Seed of everything random: equal arguments give equal bytes.
    #[arg(long, default_value_t = synthetic::Settings::default().seed)]
    pub seed: u64,
    /// Mean number of words of a review's text [default: about 25, fitting product and rating].
    #[arg(long, value_name = "N")]
    pub text_words: Option<u32>,
    /// The folder to write to.
    pub folder: PathBuf,
}

/// Arguments of `simulate`.
#[derive(Args, Debug)]
pub struct SimulateArguments {
    /// The pipeline whose reviews are replayed.
    #[command(flatten)]
    pub pipeline: PipelineArguments,
    /// Address of the site.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    pub to: String,
    /// Replays this output, of reviews or interactions [default: the test part of the pipeline's split, else the
    /// reviews that it loads].
    #[arg(long, value_name = "STAGE.PORT", conflicts_with = "synthetic")]
    pub from: Option<String>,
    /// Makes shoppers with tastes of their own from the site's catalogue, instead of replaying reviews.
    #[arg(long)]
    pub synthetic: bool,
    /// Events a second [default: 20].
    #[arg(long, value_name = "NUMBER", value_parser = positive, conflicts_with = "speed_up")]
    pub rate: Option<f64>,
    /// Keeps the pauses between the reviews, but this many times as fast: 86400 is a day a second.
    #[arg(long, value_name = "FACTOR", value_parser = positive, conflicts_with = "synthetic")]
    pub speed_up: Option<f64>,
    /// Stops after so many events [default: all; 500 if synthetic].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub events: Option<u32>,
    /// So many users, drawn by the seed [default: all; 20 if synthetic].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub users: Option<u32>,
    /// Decides which users are drawn and what synthetic ones do.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Length of the lists that are looked at.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub k: u16,
    /// What the names of the users on the site begin with [default: replay- or shopper-].
    #[arg(long = "as", value_name = "PREFIX")]
    pub prefix: Option<String>,
    /// Posts events with the times of the reviews instead of now.
    #[arg(long, conflicts_with = "synthetic")]
    pub keep_times: bool,
    /// Writes what was found as an HTML report.
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// Writes what was found to standard output as JSON.
    #[arg(long)]
    pub json: bool,
}

impl PipelineArguments {
    /// The pipeline file and the names of stages.
    pub fn split(&self) -> Result<(PathBuf, Vec<String>), Error> {
        let is_file = |text: &&String| Path::new(text).extension().is_some_and(|end| end == "yaml" || end == "yml");
        let (files, stages): (Vec<&String>, Vec<&String>) = self.targets.iter().partition(is_file);
        match files.as_slice() {
            [] => Ok((PathBuf::from("pipeline.yaml"), stages.into_iter().cloned().collect())),
            [file] => Ok((PathBuf::from(file), stages.into_iter().cloned().collect())),
            [one, other, ..] => {
                Err(Error::Arguments(format!("expected one pipeline file, found `{one}` and `{other}`")))
            }
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "expected a number of seconds such as 30 or 0.5".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a number above 0 such as 20 or 0.5".to_owned())
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_pipeline_file_and_stages_are_told_apart() {
        let split = |targets: &[&str]| {
            let targets = targets.iter().map(|target| (*target).to_owned()).collect();
            PipelineArguments { targets, settings: Vec::new(), cache: PathBuf::new() }.split()
        };
        assert_eq!(
            split(&["als", "p.yml", "load"]).unwrap(),
            ("p.yml".into(), vec!["als".to_owned(), "load".to_owned()])
        );
        assert_eq!(split(&[]).unwrap(), ("pipeline.yaml".into(), Vec::new()));
        assert!(split(&["a.yaml", "b.yaml"]).unwrap_err().to_string().contains("`a.yaml` and `b.yaml`"));
    }

    #[test]
    fn help_reads_well() {
        for (name, command) in [
            ("help", Arguments::command()),
            ("help_run", subcommand("run")),
            ("help_tune", subcommand("tune")),
            ("help_simulate", subcommand("simulate")),
            ("help_report_diff", subcommand("report").find_subcommand("diff").unwrap().clone()),
        ] {
            insta::assert_snapshot!(name, command.term_width(100).render_long_help());
        }
    }

    fn subcommand(name: &str) -> clap::Command {
        let mut command = Arguments::command();
        command.build();
        command.find_subcommand(name).unwrap().clone()
    }
}
