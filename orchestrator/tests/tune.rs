//! The built program tunes a small pipeline: trials, what is kept of them, and what the pipeline then uses.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

const PIPELINE: &str = "\
version: 1
name: small
variables: {on_run: false}
tune: {file: tuned/small.yaml, trials: 6, metric: ndcg@5, on_run: \"${on_run}\"}
stages:
  load: {params: {layout: sequences, reviews: train.txt}}
  preprocess: {params: {min_user_interactions: 1, min_item_interactions: 1}}
  item-knn: {stage: train-cf, params: {algorithm: item-knn}}
  hybrid: {stage: train-hybrid, inputs: {models: item-knn.model}}
  evaluate: {inputs: {models: [item-knn.model]}, params: {ks: [5]}}
";

struct Project(TempDir);

impl Project {
    /// 60 users walk through 30 items, each with a stride of its own.
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::write(project.path("pipeline.yaml"), PIPELINE).unwrap();
        let mut lines = String::new();
        for user in 0..60 {
            let items = (0..8).map(|step| (user * 7 + step * (1 + user % 3)) % 30);
            let items: Vec<String> = items.map(|item| item.to_string()).collect();
            writeln!(lines, "u{user} {}", items.join(" ")).unwrap();
        }
        fs::write(project.path("train.txt"), lines).unwrap();
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn call(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        command.args(arguments).current_dir(self.0.path()).env_remove("RUST_LOG").stdin(Stdio::null());
        command.output().unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.call(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn trials(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path(".cache/tuning/small/item-knn.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn artifacts(&self) -> usize {
        fs::read_dir(self.path(".cache/artifacts")).unwrap().count()
    }
}

/// Trial, value and parameters of each line of the table, without times.
fn rows(table: &str) -> Vec<Vec<String>> {
    let rows = table.lines().skip(1).skip_while(|line| !line.starts_with("trial")).skip(1);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    rows.take_while(|line| !line.starts_with("all trials"))
        .map(words)
        .map(|mut row| {
            let times = row.iter().position(|word| word.contains('"')).map_or(row.len(), |at| at + 1);
            row.truncate(times);
            row
        })
        .collect()
}

#[test]
fn what_tuning_finds_is_what_the_pipeline_uses() {
    let project = Project::new();
    let table = project.done(&["tune"]);
    let trials = project.trials();
    assert_eq!((rows(&table).len(), trials.len()), (6, 6), "{table}");
    let value = |trial: &Value| trial["metrics"]["ndcg@5"].as_f64().unwrap();
    // Of equally good ones the first: `max_by` gives the last.
    let best = trials.iter().rev().max_by(|a, b| value(a).total_cmp(&value(b))).unwrap();
    assert!(value(best) >= value(&trials[0]), "the parameters of the pipeline are the first trial");

    let text = fs::read_to_string(project.path("tuned/small.yaml")).unwrap();
    assert!(text.contains("6 trials, seed 42") && text.contains("ndcg@5 on validation: "), "{text}");
    let explained = project.done(&["explain", "item-knn"]);
    assert!(explained.contains("tuned: ") && explained.contains("(from tuned/small.yaml)"), "{explained}");

    // The pipeline runs with the best parameters, whose model is still there from its trial.
    let events = project.done(&["run", "--json", "item-knn"]);
    assert!(events.contains(r#"{"event":"stage_cached","stage":"item-knn""#), "{events}");
    let fingerprint = fs::read_to_string(project.path(".cache/latest/small/item-knn/fingerprint.json")).unwrap();
    let used: Value = serde_json::from_str(&fingerprint).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_value(best["params"].clone()).unwrap();
    for (path, value) in expected {
        let found = &used["params"][&path];
        // A parameter of 32 bits is the nearest to what the file says.
        let is_near = found.as_f64().zip(value.as_f64()).is_some_and(|(a, b)| (a - b).abs() <= 1e-6 * b.abs());
        assert!(is_near || *found == value, "{path}: {found}, expected {value}");
    }
}

#[test]
fn trials_are_known_again_and_losers_leave_nothing_behind() {
    let project = Project::new();
    let first = rows(&project.done(&["tune", "--jobs", "1"]));
    // load, preprocess, and model and evaluation of the best trial.
    assert_eq!(project.artifacts(), 4);
    let again = project.done(&["tune"]);
    assert_eq!((rows(&again), project.trials().len()), (first.clone(), 6));
    assert_eq!(again.matches("known").count(), 6, "{again}");

    // As if it had been interrupted after two trials: the others are run, and the result is the same.
    let log = project.path(".cache/tuning/small/item-knn.jsonl");
    let lines = fs::read_to_string(&log).unwrap();
    fs::write(&log, lines.split_inclusive('\n').take(2).collect::<String>()).unwrap();
    let resumed = project.done(&["tune"]);
    assert_eq!((rows(&resumed), resumed.matches("known").count()), (first, 2), "{resumed}");

    // Other data are other trials.
    let data = fs::read_to_string(project.path("train.txt")).unwrap();
    fs::write(project.path("train.txt"), data + "u60 1 2 3 4 5\n").unwrap();
    assert_eq!(project.done(&["tune", "--trials", "2"]).matches("known").count(), 0);
    project.done(&["clean", "--all"]);
    assert!(!log.exists());
}

#[test]
fn a_run_that_tunes_first_is_one_command() {
    let project = Project::new();
    let output = project.done(&["run", "--set", "on_run=true"]);
    assert!(output.contains("ndcg@5 on validation") && output.contains("NDCG@5"), "{output}");
    let again = project.done(&["run", "--set", "on_run=true"]);
    assert!(again.contains("small: 0 run, 5 cached"), "{again}");
    let events = project.done(&["run", "--set", "on_run=true", "--json"]);
    assert!(events.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{events}");
}

#[test]
fn a_stage_that_is_fitted_again_takes_the_tuned_values_and_the_name() {
    let project = Project::new();
    let again = "  final: {like: item-knn, inputs: {train: preprocess.history}}\n  evaluate:";
    let pipeline = PIPELINE.replace("  evaluate:", again).replace("models: [item-knn.model]", "models: [final.model]");
    fs::write(project.path("pipeline.yaml"), pipeline).unwrap();
    let output = project.done(&["run", "evaluate", "--set", "on_run=true"]);
    assert!(output.lines().any(|line| line.starts_with("item-knn  0.")), "{output}");
    let read = |name: &str| fs::read_to_string(project.path(name)).unwrap();
    let used: Value = serde_json::from_str(&read(".cache/latest/small/final/fingerprint.json")).unwrap();
    let tuned = read("tuned/small.yaml");
    let neighbors = used["params"]["neighbors"].as_u64().unwrap();
    assert!(tuned.contains(&format!("neighbors: {neighbors}\n")), "{tuned}");
    assert_eq!(used["inputs"]["train"][0]["from"], "preprocess.history");
}

#[test]
fn what_cannot_be_tuned_is_refused() {
    let project = Project::new();
    let fails = |arguments: &[&str], part: &str| {
        let output = project.call(arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(part), "{arguments:?}: {errors}");
    };
    fails(&["tune", "hybrid"], "cannot tune `hybrid`: a blend learns from the rows that it would be judged by");
    fails(&["tune", "load"], "cannot tune `load`");
    fails(&["tune", "itemknn"], "did you mean `item-knn`?");
    fails(&["tune", "--metric", "ndgc@5", "--trials", "1"], "there is no metric `ndgc@5`");
    let without = PIPELINE.lines().filter(|line| !line.starts_with("tune:")).collect::<Vec<_>>().join("\n");
    fs::write(project.path("pipeline.yaml"), without).unwrap();
    fails(&["tune"], "names no file for what tuning finds");
    fs::write(project.path("pipeline.yaml"), PIPELINE).unwrap();
    fs::create_dir_all(project.path("tuned")).unwrap();
    fs::write(project.path("tuned/small.yaml"), "stages:\n  item-knn: {params: {neighbours: 3}}\n").unwrap();
    fails(&["run"], "--> tuned/small.yaml:2:23");
}
