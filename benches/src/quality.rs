//! Quality on the published splits: every model tuned on validation, fitted, blended and ranked in full.
//!
//! Each run is the command that anyone would give, with a cache and a file of tuned parameters of its
//! own, so that tuning really runs. Nothing is set by hand for a data set; the metrics are those that
//! the stage `evaluate` wrote.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use ::tests::Program;
use anyhow::Context;
use recommender::evaluation::{Metrics, ModelMetrics};

use crate::{
    figures::{Figures, tell},
    peers::{self, Usage},
    splits::Splits,
};

/// The stage whose model is the default one.
const HYBRID: &str = "hybrid";

/// One run of a split pipeline.
struct Run {
    title: &'static str,
    pipeline: &'static str,
    sets: Vec<String>,
    /// Metrics shown of each model.
    shown: &'static [&'static str],
    /// Name of a figure, and the metric of the hybrid that it is.
    figures: &'static [(&'static str, &'static str)],
}

/// Runs both split pipelines; `trials` replaces their variable of that name.
pub fn measure(trials: Option<u32>, figures: &mut Figures) -> anyhow::Result<()> {
    let splits = Splits::find()?;
    let mut seconds = 0.0;
    for run in &runs(&splits) {
        let folder = tempfile::tempdir()?;
        let program = Program::with_cache(&folder.path().join("cache"));
        let usage = peers::measure(&mut command(run, &program, folder.path(), trials))?.usage;
        let metrics = metrics(&program)?;
        tell(table(run, &metrics, usage));
        for (figure, metric) in run.figures {
            figures.add(*figure, value(hybrid(&metrics)?, metric)?, "of the hybrid, test");
        }
        seconds += usage.seconds;
    }
    figures.add("tune_and_train_s", seconds, "s, all runs");
    Ok(())
}

fn runs(splits: &Splits) -> [Run; 4] {
    let set = |name: &str, path: &Path| format!("{name}={}", path.display());
    let beauty = |title, sets: Vec<String>, figures| Run {
        title,
        pipeline: "pipelines/split-leave-one-out.yaml",
        sets: [vec![set("data", &splits.beauty)], sets].concat(),
        shown: &["hit_rate@10", "ndcg@10", "hit_rate@20", "ndcg@20"],
        figures,
    };
    [
        beauty(
            "Amazon Beauty, leave one out, with attributes",
            vec![set("attributes", &splits.attributes)],
            &[("beauty_hr10", "hit_rate@10"), ("beauty_ndcg10", "ndcg@10")],
        ),
        beauty(
            "Amazon Beauty, leave one out, interactions only",
            Vec::new(),
            &[("beauty_interactions_hr10", "hit_rate@10"), ("beauty_interactions_ndcg10", "ndcg@10")],
        ),
        beauty(
            "Amazon Beauty, leave one out, interactions only, pairs in either order alike (back = 1, order empty)",
            vec!["back=1".to_owned(), "order=".to_owned()],
            &[("beauty_symmetric_hr10", "hit_rate@10"), ("beauty_symmetric_ndcg10", "ndcg@10")],
        ),
        Run {
            title: "yelp2018, given split",
            pipeline: "pipelines/split-given.yaml",
            sets: vec![set("train", &splits.yelp_train), set("test", &splits.yelp_test)],
            shown: &["recall@20", "ndcg@20", "recall@10", "ndcg@10"],
            figures: &[("yelp_recall20", "recall@20"), ("yelp_ndcg20", "ndcg@20")],
        },
    ]
}

fn command(run: &Run, program: &Program, folder: &Path, trials: Option<u32>) -> Command {
    let tuned = format!("tuned={}", folder.join("tuned.yaml").display());
    let trials = trials.map(|trials| format!("trials={trials}"));
    let sets = run.sets.iter().chain([&tuned]).chain(&trials);
    program.command(["run", run.pipeline].into_iter().chain(sets.flat_map(|set| ["--set", set])))
}

/// What the last `evaluate` of the run wrote.
fn metrics(program: &Program) -> anyhow::Result<Metrics> {
    let records = program.records();
    let (folder, _) = records.get("evaluate").context("find the record of the stage `evaluate`")?;
    let path = folder.join("metrics.json");
    let text = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("read {}", path.display()))
}

fn hybrid(metrics: &Metrics) -> anyhow::Result<&ModelMetrics> {
    let found = metrics.models.iter().find(|model| model.name == HYBRID);
    found.with_context(|| format!("find the model `{HYBRID}` in metrics.json"))
}

fn value(model: &ModelMetrics, metric: &str) -> anyhow::Result<f64> {
    model.values.get(metric).copied().with_context(|| format!("find `{metric}` of `{}` in metrics.json", model.name))
}

/// A row a model; the first metric with its interval.
fn table(run: &Run, metrics: &Metrics, usage: Usage) -> String {
    let (users, items) = (metrics.users, metrics.items);
    let mut text = format!(
        "\n{}\n{users} users, {items} items ranked; tuned, fitted and evaluated in {:.0} s, {:.0} CPU s\n{:<20}",
        run.title, usage.seconds, usage.cpu_seconds, "model"
    );
    run.shown.iter().for_each(|metric| _ = write!(text, "{metric:>13}"));
    let has_interval = |metric: &&&str| metrics.models.iter().any(|model| model.intervals.contains_key(**metric));
    let judged = *run.shown.iter().find(has_interval).unwrap_or(&run.shown[0]);
    _ = write!(text, "    95 % interval of {judged}");
    for model in &metrics.models {
        _ = write!(text, "\n{:<20}", model.name);
        for metric in run.shown {
            _ = write!(text, "{:>13.4}", model.values.get(*metric).copied().unwrap_or(f64::NAN));
        }
        if let Some([low, high]) = model.intervals.get(judged) {
            _ = write!(text, "    {low:.4} to {high:.4}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn metrics() -> Metrics {
        let model = |name: &str, hit_rate: f64| ModelMetrics {
            name: name.to_owned(),
            values: BTreeMap::from([("hit_rate@10".to_owned(), hit_rate)]),
            intervals: BTreeMap::from([("hit_rate@10".to_owned(), [hit_rate - 0.01, hit_rate + 0.01])]),
            ..ModelMetrics::default()
        };
        let models = vec![model("popularity", 0.02), model(HYBRID, 0.1)];
        Metrics { split: "test".to_owned(), users: 7, items: 9, ks: vec![10], models }
    }

    #[test]
    fn the_table_has_a_row_a_model_and_figures_are_the_hybrids() {
        let metrics = metrics();
        let run = Run { title: "a split", pipeline: "", sets: Vec::new(), shown: &["hit_rate@10"], figures: &[] };
        let usage = Usage { seconds: 12.4, cpu_seconds: 20.0, peak_bytes: 0 };
        let text = table(&run, &metrics, usage);
        assert!(text.contains("7 users, 9 items ranked; tuned, fitted and evaluated in 12 s, 20 CPU s"), "{text}");
        assert!(text.contains("hybrid                     0.1000    0.0900 to 0.1100"), "{text}");
        assert_eq!(value(hybrid(&metrics).unwrap(), "hit_rate@10").unwrap().to_bits(), 0.1_f64.to_bits());
        let error = value(&metrics.models[0], "ndcg@10").unwrap_err().to_string();
        assert_eq!(error, "find `ndcg@10` of `popularity` in metrics.json");
    }
}
