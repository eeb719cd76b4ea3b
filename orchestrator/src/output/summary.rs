//! The summary at the end of a run: rows, quality of the models, where the reports are.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    time::Duration,
};

use pipeline::{Kind, read_json};
use recommender::evaluation::{Metrics, ModelMetrics};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    figures,
    table::{Align, table},
};
use crate::{
    cache::{Cache, Record},
    execution::{Failure, Outcome, RunResult},
    plan::Plan,
};

/// List length of most of the metrics in the table, where there are metrics at it.
const K: u32 = 10;

/// What a run gave.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Name of the pipeline.
    pub pipeline: String,
    /// How many stages ran.
    pub run: usize,
    /// How many were up to date.
    pub cached: usize,
    /// How many failed.
    pub failed: usize,
    /// How many were left out because another failed.
    pub skipped: usize,
    /// How long it took.
    pub duration_ms: u64,
    /// Figures of each stage that told some about rows.
    pub rows: Vec<StageRows>,
    /// Quality of each model.
    pub models: Vec<ModelMetrics>,
    /// The reports, by stage.
    pub reports: Vec<(String, PathBuf)>,
    /// What failed and why.
    pub failures: Vec<(String, Vec<String>)>,
}

/// Rows that went through a stage.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct StageRows {
    /// The stage.
    pub stage: String,
    /// Rows read.
    pub rows_in: u64,
    /// Rows written.
    pub rows_out: u64,
    /// Exact duplicates that were left out.
    pub duplicates: u64,
    /// Rows rejected.
    pub rejects: u64,
    /// The same by reason.
    pub rejects_by_reason: BTreeMap<String, u64>,
}

impl Summary {
    /// The summary of a run.
    pub fn new(plan: &Plan, cache: &Cache, result: &RunResult) -> Self {
        let mut summary =
            Self { pipeline: plan.name.clone(), duration_ms: result.duration.as_millis() as u64, ..Self::default() };
        for stage in &result.stages {
            let name = &plan.stages[stage.position].name;
            match &stage.outcome {
                Outcome::Ran(..) => summary.run += 1,
                Outcome::Cached(..) => summary.cached += 1,
                Outcome::Failed(failure) => summary.add_failure(name, failure),
                Outcome::Skipped => summary.skipped += 1,
            }
            if let Some((fingerprint, record)) = stage.outcome.artifact() {
                summary.add(name, &cache.artifact(fingerprint), &cache.latest(&plan.name, name), record);
            }
        }
        summary
    }

    fn add_failure(&mut self, name: &str, failure: &Failure) {
        self.failed += 1;
        self.failures.push((name.to_owned(), failure.messages()));
    }

    fn add(&mut self, name: &str, artifact: &std::path::Path, latest: &std::path::Path, record: &Record) {
        self.rows.extend(StageRows::read(name, &record.summary));
        for output in record.outputs.values() {
            match output.kind {
                Kind::Report => self.reports.push((name.to_owned(), latest.join(&output.file))),
                Kind::Metrics => {
                    // A command may write metrics of a form of its own; then there is nothing to show.
                    let metrics = read_json::<Metrics>(&artifact.join(&output.file));
                    self.models.extend(metrics.map(|metrics| metrics.models).unwrap_or_default());
                }
                _ => {}
            }
        }
    }
}

impl StageRows {
    /// The figures of a stage, and of its product metadata where it tells them apart.
    fn read(stage: &str, summary: &Map<String, Value>) -> Vec<Self> {
        let parts = [(stage.to_owned(), ""), (format!("{stage} (metadata)"), "metadata_")];
        parts.into_iter().filter_map(|(name, prefix)| Self::read_part(name, prefix, summary)).collect()
    }

    fn read_part(stage: String, prefix: &str, summary: &Map<String, Value>) -> Option<Self> {
        let value = |name: &str| summary.get(&format!("{prefix}{name}"));
        let figure = |name: &str| value(name).and_then(Value::as_u64);
        let reasons = value("rejects_by_reason").and_then(Value::as_object).into_iter().flatten();
        Some(Self {
            stage,
            rows_in: figure("rows_in")?,
            rows_out: figure("rows_out").or_else(|| figure("rows"))?,
            duplicates: figure("duplicates").unwrap_or_default(),
            rejects: figure("rejects").unwrap_or_default(),
            rejects_by_reason: reasons.filter_map(|(reason, count)| Some((reason.clone(), count.as_u64()?))).collect(),
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        if !self.rows.is_empty() {
            writeln!(formatter, "{}", rows_table(&self.rows))?;
        }
        if !self.models.is_empty() {
            writeln!(formatter, "{}", models_table(&self.models))?;
        }
        if !self.reports.is_empty() {
            let width = self.reports.iter().map(|(stage, _)| stage.chars().count()).max().unwrap_or_default();
            writeln!(formatter, "reports")?;
            for (stage, path) in &self.reports {
                writeln!(formatter, "  {stage:<width$}  {}", shown(path))?;
            }
            writeln!(formatter)?;
        }
        let time = figures::duration(Duration::from_millis(self.duration_ms));
        write!(formatter, "{}: {} run, {} cached", self.pipeline, self.run, self.cached)?;
        for (count, what) in [(self.failed, "failed"), (self.skipped, "skipped")] {
            if count > 0 {
                write!(formatter, ", {count} {what}")?;
            }
        }
        write!(formatter, " in {time}")
    }
}

/// The path from the current folder, where it is below that.
fn shown(path: &std::path::Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

fn rows_table(rows: &[StageRows]) -> String {
    let line = |rows: &StageRows| {
        let reasons = rows.rejects_by_reason.iter().filter(|(_, count)| **count > 0);
        let reasons: Vec<String> =
            reasons.map(|(reason, count)| format!("{reason} {}", figures::count(*count))).collect();
        let figures = [rows.rows_in, rows.rows_out, rows.duplicates, rows.rejects].map(figures::count);
        [vec![rows.stage.clone()], figures.to_vec(), vec![reasons.join(", ")]].concat()
    };
    let lines: Vec<Vec<String>> = rows.iter().map(line).collect();
    let right = Align::Right;
    let columns = [
        ("stage", Align::Left),
        ("rows in", right),
        ("rows out", right),
        ("duplicates", right),
        ("rejects", right),
        ("by reason", Align::Left),
    ];
    table(&columns, &lines)
}

/// Metrics of the table with their heads: all main ones at [`K`] (or the longest list), recall and NDCG at
/// the other lengths, and the error of predicted ratings.
fn metrics_of(models: &[ModelMetrics]) -> Vec<(String, String)> {
    let names = models.iter().flat_map(|model| model.values.keys());
    let lengths: BTreeSet<u32> = names.filter_map(|name| name.strip_prefix("recall@")?.parse().ok()).collect();
    let main = if lengths.contains(&K) { K } else { lengths.last().copied().unwrap_or(K) };
    let all = [("precision", "P"), ("recall", "R"), ("f1", "F1"), ("ndcg", "NDCG"), ("hit_rate", "hit")];
    let at = |k: u32| move |(name, head): (&str, &str)| (format!("{name}@{k}"), format!("{head}@{k}"));
    let others = lengths.into_iter().filter(|k| *k != main);
    let others = others.flat_map(|k| [("recall", "R"), ("ndcg", "NDCG")].map(at(k)));
    all.map(at(main)).into_iter().chain(others).chain([("rmse".to_owned(), "RMSE".to_owned())]).collect()
}

fn models_table(models: &[ModelMetrics]) -> String {
    let metrics = metrics_of(models);
    let value = |model: &ModelMetrics, name: &str| {
        model.values.get(name).map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"))
    };
    let line = |model: &ModelMetrics| {
        let values = metrics.iter().map(|(name, _)| value(model, name));
        std::iter::once(model.name.clone()).chain(values).collect()
    };
    let lines: Vec<Vec<String>> = models.iter().map(line).collect();
    let heads = metrics.iter().map(|(_, head)| (head.as_str(), Align::Right));
    let columns: Vec<(&str, Align)> = std::iter::once(("model", Align::Left)).chain(heads).collect();
    table(&columns, &lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_reads_well() {
        let values = |values: &[(&str, f64)]| values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let model = |name: &str, list: &[(&str, f64)]| ModelMetrics {
            name: name.into(),
            algorithm: "x".into(),
            values: values(list),
            intervals: BTreeMap::new(),
            segments: Vec::new(),
        };
        let summary = Summary {
            pipeline: "sample".into(),
            run: 3,
            cached: 2,
            failed: 1,
            skipped: 1,
            duration_ms: 83_000,
            rows: vec![StageRows {
                stage: "load".into(),
                rows_in: 12_345,
                rows_out: 12_000,
                duplicates: 45,
                rejects: 300,
                rejects_by_reason: [("broken-json", 200), ("bad-rating", 100), ("bad-utf8", 0)]
                    .map(|(reason, count)| (reason.to_owned(), count))
                    .into(),
            }],
            models: vec![
                model(
                    "popularity",
                    &[
                        ("precision@10", 0.01),
                        ("recall@10", 0.1),
                        ("f1@10", 0.018_18),
                        ("ndcg@10", 0.05),
                        ("hit_rate@10", 0.1),
                        ("recall@20", 0.15),
                        ("ndcg@20", 0.06),
                    ],
                ),
                model("biased-mf", &[("rmse", 1.25)]),
            ],
            reports: vec![
                ("eda-report".into(), "latest/sample/eda-report/report.html".into()),
                ("sample".into(), "latest/sample/sample/report.html".into()),
            ],
            failures: Vec::new(),
        };
        insta::assert_snapshot!("summary", summary);
    }

    #[test]
    fn rows_are_shown_only_where_a_stage_tells_them() {
        let figures = serde_json::json!({
            "rows_in": 3, "rows_out": 2, "rejects": 1, "rejects_by_reason": {"bad-rating": 1},
            "metadata_rows_in": 5, "metadata_rows_out": 5,
        });
        let rows = StageRows::read("load", figures.as_object().unwrap());
        assert_eq!((rows[0].rows_in, rows[0].rejects, rows[0].rejects_by_reason["bad-rating"]), (3, 1, 1));
        assert_eq!((rows[1].stage.as_str(), rows[1].rows_out, rows.len()), ("load (metadata)", 5, 2));
        assert!(StageRows::read("sample", &Map::new()).is_empty());
    }
}
