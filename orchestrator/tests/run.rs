//! The built program on small pipelines of commands: caching, failures, parallel stages, output.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a pipeline file in it.
struct Project(TempDir);

impl Project {
    fn new(pipeline: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write("pipeline.yaml", pipeline);
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        command.args(arguments).current_dir(self.0.path()).env_remove("RUST_LOG").stdin(Stdio::null());
        command
    }

    fn call(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the pipeline; `stage:what happened` for each stage, sorted, and the exit code.
    fn run(&self, arguments: &[&str]) -> (Vec<String>, i32) {
        let output = self.call(&[&["run", "--json"], arguments].concat());
        let events = events(&output);
        let what = |event: &Value| {
            let name = event["event"].as_str()?.strip_prefix("stage_")?.to_owned();
            let is_end = ["finished", "cached", "failed", "skipped"].contains(&name.as_str());
            is_end.then(|| format!("{}:{name}", event["stage"].as_str().unwrap()))
        };
        let mut ends: Vec<String> = events.iter().filter_map(what).collect();
        ends.sort();
        (ends, output.status.code().unwrap())
    }

    fn explain(&self, stage: &str, more: &[&str]) -> String {
        let output = self.call(&[&["explain", stage], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).lines().skip(1).map(str::trim).collect::<Vec<_>>().join("\n")
    }

    fn artifacts(&self) -> usize {
        fs::read_dir(self.path(".cache/artifacts")).map_or(0, Iterator::count)
    }

    fn half_written(&self) -> usize {
        fs::read_dir(self.path(".cache/tmp")).map_or(0, |entries| {
            entries.filter(|entry| entry.as_ref().unwrap().path().join("artifact").exists()).count()
        })
    }
}

fn events(output: &Output) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    text(&output.stdout).lines().map(parse).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn ends(list: &[&str]) -> Vec<String> {
    list.iter().map(|end| (*end).to_owned()).collect()
}

/// `first` copies a file, `upper` its first line in capitals, `both` joins them.
const CHAIN: &str = r#"
version: 1
name: chain
variables: {source: "in.txt", word: "x"}
stages:
  first: {run: "cp ${source} {outputs.text}", sources: ["${source}"], outputs: {text: any}}
  upper:
    run: "sh -c 'head -n 1 \"$1\" | tr a-z A-Z > \"$2\"; echo ${word} > /dev/null' sh {inputs.text} {outputs.upper}"
    inputs: {text: first.text}
    outputs: {upper: any}
  both:
    run: "sh -c 'cat \"$2\" \"$3\" > \"$1\"' sh {outputs.all} {inputs.parts}"
    inputs: {parts: [upper.upper, first.text]}
    outputs: {all: any}
"#;

fn chain() -> Project {
    let project = Project::new(CHAIN);
    project.write("in.txt", "one\ntwo\n");
    project
}

#[test]
fn a_second_run_of_an_unchanged_pipeline_runs_nothing() {
    let project = chain();
    assert_eq!(project.run(&[]), (ends(&["both:finished", "first:finished", "upper:finished"]), 0));
    assert_eq!(project.read(".cache/latest/chain/both/all"), "ONE\none\ntwo\n");
    assert_eq!(project.run(&[]), (ends(&["both:cached", "first:cached", "upper:cached"]), 0));
    project.write("in.txt", "one\ntwo\n");
    assert_eq!(project.run(&[]).0, ends(&["both:cached", "first:cached", "upper:cached"]), "only content counts");
    assert_eq!(project.half_written(), 0);
}

#[test]
fn equal_output_stops_the_rebuild() {
    let project = chain();
    project.run(&[]);
    project.write("in.txt", "one\nTWO\n");
    assert_eq!(project.run(&[]).0, ends(&["both:finished", "first:finished", "upper:finished"]));
    // Another command with the same output: what follows stays as it is.
    project.write("pipeline.yaml", &CHAIN.replace("tr a-z A-Z", "tr abcdefghijklmnopqrstuvwxyz A-Z"));
    assert_eq!(project.explain("upper", &[]).matches("params changed: run").count(), 1);
    assert_eq!(project.run(&[]).0, ends(&["both:cached", "first:cached", "upper:finished"]));
}

#[test]
fn force_runs_one_stage_and_from_all_that_follow() {
    let project = chain();
    project.run(&[]);
    assert_eq!(project.run(&["--force", "first"]).0, ends(&["both:cached", "first:finished", "upper:cached"]));
    assert_eq!(project.run(&["--from", "upper"]).0, ends(&["both:finished", "first:cached", "upper:finished"]));
    assert_eq!(project.run(&["upper"]).0, ends(&["first:cached", "upper:cached"]));
    let output = project.call(&["run", "upper", "--force", "both"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn explain_names_what_changed() {
    let project = chain();
    assert_eq!(project.explain("upper", &[]), "never run\nwaits for first, whose output may change");
    project.run(&[]);
    assert!(project.explain("upper", &[]).starts_with("artifact: "));
    assert!(project.explain("upper", &["--set", "word=y"]).starts_with("params changed: run ["));
    project.write("in.txt", "three\n");
    assert_eq!(project.explain("first", &[]), "file changed: in.txt");
    assert_eq!(
        project.explain("both", &[]),
        "waits for first, whose output may change\nwaits for upper, whose output may change"
    );
    project.run(&["first"]);
    assert_eq!(project.explain("upper", &[]), "input changed: text (from first.text)");
    project.write("in.txt", "one\ntwo\n");
    assert!(project.explain("first", &[]).starts_with("artifact: "), "the older artifact is still there");
}

#[test]
fn a_damaged_artifact_is_made_again() {
    let project = chain();
    project.run(&[]);
    let file = project.path(".cache/latest/chain/upper/upper").canonicalize().unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(project.explain("upper", &[]), "artifact damaged: upper is gone");
    assert_eq!(project.run(&[]).0, ends(&["both:cached", "first:cached", "upper:finished"]));
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    assert_eq!(project.explain("upper", &[]), "artifact removed");
    assert_eq!(project.run(&[]).0, ends(&["both:cached", "first:cached", "upper:finished"]));
}

const BRANCHES: &str = r#"
version: 1
name: branches
stages:
  bad: {run: "sh -c 'echo half > \"$1\"; echo why it failed >&2; exit 3' sh {outputs.a}", outputs: {a: any}}
  after: {run: "cp {inputs.a} {outputs.b}", inputs: {a: bad.a}, outputs: {b: any}}
  last: {run: "cp {inputs.b} {outputs.c}", inputs: {b: after.b}, outputs: {c: any}}
  good: {run: "sh -c 'echo fine > \"$1\"' sh {outputs.d}", outputs: {d: any}}
"#;

#[test]
fn a_failed_stage_ends_its_branch_and_not_the_run() {
    let project = Project::new(BRANCHES);
    let expected = ends(&["after:skipped", "bad:failed", "good:finished", "last:skipped"]);
    assert_eq!(project.run(&[]), (expected, 1));
    assert_eq!(project.artifacts(), 1, "what failed leaves no artifact");
    assert_eq!(project.half_written(), 0);
    let output = project.call(&["run"]);
    let errors = text(&output.stderr);
    assert_eq!(errors.matches("command `sh` ended with exit status: 3").count(), 1, "told once: {errors}");
    assert!(errors.contains("why it failed"), "{errors}");
    assert!(text(&output.stdout).contains("0 run, 1 cached, 1 failed, 2 skipped"), "{}", text(&output.stdout));
}

#[test]
fn the_report_of_the_data_is_made_where_preprocessing_fails() {
    let reviews = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/sample-reviews.json.gz");
    let project = Project::new(&format!(
        "version: 1\nstages:\n  load: {{params: {{layout: amazon-2018, reviews: '{reviews}'}}}}\n  \
         eda-report: {{inputs: {{preprocessing: preprocess.statistics}}}}\n  \
         preprocess: {{params: {{min_user_interactions: 1000}}}}\n"
    ));
    let expected = ends(&["eda-report:finished", "load:finished", "preprocess:failed"]);
    assert_eq!(project.run(&[]), (expected, 1));
}

#[test]
fn a_killed_stage_is_told_with_its_signal() {
    // The command ends the process that runs the stage, as the system does when memory runs out.
    let project = Project::new(
        "version: 1\nstages:\n  dead: {run: \"sh -c 'kill -9 $PPID; cat' sh {outputs.a}\", outputs: {a: any}}\n",
    );
    assert_eq!(project.run(&[]), (ends(&["dead:failed"]), 1));
    let errors = text(&project.call(&["run"]).stderr);
    assert!(errors.contains("killed by signal 9 (SIGKILL)"), "{errors}");
}

#[test]
fn a_stage_that_takes_too_long_is_stopped_with_all_that_it_started() {
    let project = Project::new(
        "version: 1\nstages:\n  slow: {run: \"sh -c 'tail -f /dev/null' sh {outputs.a}\", outputs: {a: any}, timeout: 1s}\n",
    );
    let output = project.call(&["run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("longer than its timeout of 1.0 s"), "{}", text(&output.stderr));
}

#[test]
fn an_output_that_is_not_written_is_a_failure() {
    let project = Project::new("version: 1\nstages:\n  idle: {run: \"true {outputs.a}\", outputs: {a: any}}\n");
    let output = project.call(&["run"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("without writing its output `a`"), "{}", text(&output.stderr));
}

#[test]
fn a_command_that_is_not_installed_is_named() {
    let project =
        Project::new("version: 1\nstages:\n  odd: {run: \"no-such-program {outputs.a}\", outputs: {a: any}}\n");
    let errors = text(&project.call(&["run"]).stderr);
    assert!(errors.contains("start command `no-such-program`; is it installed"), "{errors}");
}

/// Two stages that each wait until the other has begun: they end only if they run at the same time.
const MEETING: &str = r#"
version: 1
stages:
  one: {run: "sh -c 'echo > one.fifo; cat two.fifo > \"$1\"' sh {outputs.a}", outputs: {a: any}, timeout: 1m}
  two: {run: "sh -c 'cat one.fifo > \"$1\"; echo > two.fifo' sh {outputs.b}", outputs: {b: any}, timeout: 1m}
"#;

#[test]
fn independent_stages_run_at_the_same_time() {
    let project = Project::new(MEETING);
    for name in ["one.fifo", "two.fifo"] {
        assert!(Command::new("mkfifo").arg(project.path(name)).status().unwrap().success());
    }
    assert_eq!(project.run(&["--jobs", "2"]), (ends(&["one:finished", "two:finished"]), 0));
}

#[test]
fn no_more_stages_run_at_the_same_time_than_jobs() {
    // Each stage makes a folder that must not be there yet, works a while, and removes it again.
    let stage = |name: &str| {
        let script = r#"mkdir busy && ls -R /etc > list 2>&1; mv list \"$1\"; rmdir busy"#;
        format!("  {name}: {{run: \"sh -c '{script}' sh {{outputs.a}}\", outputs: {{a: any}}}}\n")
    };
    let project = Project::new(&format!("version: 1\nstages:\n{}{}{}", stage("a"), stage("b"), stage("c")));
    assert_eq!(project.run(&["--jobs", "1"]), (ends(&["a:finished", "b:finished", "c:finished"]), 0));
}

#[test]
fn events_are_lines_of_json_with_figures() {
    let project = chain();
    let output = project.call(&["run", "--json"]);
    let events = events(&output);
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((names[0], names[names.len() - 1]), ("run_started", "run_finished"));
    let finished = events.iter().find(|event| event["event"] == "stage_finished").unwrap();
    assert_eq!(finished["outputs"]["text"]["size_bytes"], 8);
    assert!(finished["peak_memory_bytes"].as_u64().unwrap() > 100_000, "{finished}");
    let started = events.iter().find(|event| event["event"] == "stage_started").unwrap();
    assert_eq!(started["reasons"][0]["reason"], "never_run");
    let last = &events[events.len() - 1];
    assert_eq!((&last["run"], &last["cached"]), (&Value::from(3), &Value::from(0)));
}

#[test]
fn plain_progress_is_one_line_at_start_and_end() {
    let project = chain();
    let output = project.call(&["run", "first"]);
    let errors = text(&output.stderr);
    for part in ["stage first starts: never run", "stage first done in", "peak memory"] {
        assert_eq!(errors.matches(part).count(), 1, "{errors}");
    }
    assert!(text(&output.stdout).starts_with("chain: 1 run, 0 cached in "), "{}", text(&output.stdout));
    let output = project.call(&["run", "first", "--log-format", "json"]);
    let line: Value = serde_json::from_str(text(&output.stderr).lines().next().unwrap()).unwrap();
    assert_eq!(line["level"], "INFO");
}

#[test]
fn status_shows_what_is_up_to_date() {
    let project = chain();
    project.run(&["upper"]);
    let output = text(&project.call(&["status"]).stdout);
    let words: Vec<Vec<&str>> = output.lines().map(|line| line.split_whitespace().take(4).collect()).collect();
    assert_eq!(words[1][..2], ["first", "cached"], "{output}");
    assert_eq!(words[3], ["both", "stale:", "never", "run"], "{output}");
}

#[test]
fn clean_keeps_what_the_pipeline_uses() {
    let project = chain();
    project.run(&[]);
    project.run(&["--set", "word=y"]);
    assert_eq!(project.artifacts(), 4);
    assert!(text(&project.call(&["clean", "--set", "word=y"]).stdout).starts_with("removed 1 artifact, "));
    assert_eq!(project.run(&["--set", "word=y"]).0, ends(&["both:cached", "first:cached", "upper:cached"]));
    project.call(&["clean", "--all"]);
    assert_eq!(project.artifacts(), 0);
    assert!(!project.path(".cache/latest/chain/both").is_symlink());
    assert_eq!(project.run(&[]).0.len(), 3);
}

#[test]
fn a_wrong_file_or_argument_ends_with_code_two() {
    let project = chain();
    let cases: [(&[&str], &str); 7] = [
        (&["run", "pipelin.yaml"], "read pipeline file pipelin.yaml; did you mean `pipeline.yaml`?"),
        (&["run", "frist"], "did you mean `first`?"),
        (&["run", "--set", "source=in.tx"], "there is no file in.tx; did you mean `in.txt`?"),
        (&["run", "--set", "sourc=a"], "did you mean `source`?"),
        (&["run", "--serve"], "so there is nothing to serve"),
        (&["explain"], "name the stage to explain"),
        (&["run", "--jobs", "0"], "0 is not in 1.."),
    ];
    for (arguments, part) in cases {
        let output = project.call(arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(part), "{arguments:?}: {errors}");
        assert!(errors.lines().count() <= 25, "more than one screen: {errors}");
    }
    assert_eq!(project.artifacts(), 0, "nothing was run");
}

#[test]
fn a_store_that_cannot_be_reached_ends_with_code_three() {
    let project = chain();
    let output =
        project.call(&["serve", "--store", "mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200", "--port", "0"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
}

#[test]
fn input_files_of_a_registered_stage_are_checked_before_anything_runs() {
    let project = Project::new(
        "version: 1\nstages:\n  load: {params: {layout: amazon-2018, reviews: review.json, store: \"${store}\"}}\nvariables: {store: ''}\n",
    );
    project.write("reviews.json", "");
    let output = project.call(&["run"]);
    let errors = text(&output.stderr);
    assert_eq!((output.status.code(), project.artifacts()), (Some(2), 0), "{errors}");
    assert!(errors.contains("--> pipeline.yaml:3:3") && errors.contains("did you mean `reviews.json`?"), "{errors}");
    project.write("review.json", "{}\n");
    let store = "store=mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200";
    let output = project.call(&["run", "--set", store]);
    assert_eq!(output.status.code(), Some(3), "told by the stage's own process: {}", text(&output.stderr));
}

#[test]
fn an_interrupted_run_leaves_nothing_half_written() {
    let project = Project::new(
        "version: 1\nstages:\n  long: {run: \"sh -c 'echo half > \\\"$1\\\"; echo > ready.fifo; tail -f /dev/null' sh {outputs.a}\", outputs: {a: any}}\n",
    );
    assert!(Command::new("mkfifo").arg(project.path("ready.fifo")).status().unwrap().success());
    let child = project.command(&["run"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Reading the pipe returns when the stage has begun to write.
    fs::read(project.path("ready.fifo")).unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    assert_eq!((project.artifacts(), project.half_written()), (0, 0));
}

#[test]
fn a_stage_dies_with_the_program_that_started_it() {
    let project = Project::new(
        "version: 1\nstages:\n  long: {run: \"sh -c 'echo $$ > pid; echo > ready.fifo; exec tail -f /dev/null' sh {outputs.a}\", outputs: {a: any}}\n",
    );
    assert!(Command::new("mkfifo").arg(project.path("ready.fifo")).status().unwrap().success());
    let mut child = project.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    fs::read(project.path("ready.fifo")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // The command never ends by itself, so this loop does only if it is killed.
    while is_alive(&project.read("pid")) {
        std::thread::yield_now();
    }
    assert_eq!(project.artifacts(), 0);
    project.write("pipeline.yaml", "version: 1\nstages:\n  quick: {run: \"cp pid {outputs.a}\", outputs: {a: any}}\n");
    assert_eq!(project.run(&[]), (ends(&["quick:finished"]), 0));
    assert_eq!(project.half_written(), 0, "the next run removes what the dead one left");
}

/// Whether a process runs; one that has ended but that nobody has asked for yet does not.
fn is_alive(pid: &str) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat"));
    status.is_ok_and(|status| !status.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
}
