//! `rejects`: looking at rejected rows, repairing them, and loading them; also after a run that failed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const FIXED: &str = "
version: 1
name: shop
stages:
  load: {params: {layout: amazon-2018, reviews: reviews.json, max_reject_ratio: 0.5}}
";

/// The same with the variable that the pipelines of the project have.
const VARIABLE: &str = r#"
version: 1
name: shop
variables: {ratio: 0.5, repairs: ""}
stages:
  load:
    params: {layout: amazon-2018, reviews: reviews.json, max_reject_ratio: "${ratio}", repairs: "${repairs}"}
"#;

fn review(user: &str, rating: &str) -> String {
    format!(r#"{{"overall": {rating}, "reviewerID": "{user}", "asin": "B1", "unixReviewTime": 1529193600}}"#)
}

/// A folder with a pipeline and a review file: lines 2 and 4 are faulty, line 5 repeats the first one.
struct Project(TempDir);

impl Project {
    fn new(pipeline: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::write(project.path("pipeline.yaml"), pipeline).unwrap();
        let (one, two, three) = (review("A1", "5"), review("A2", "\"five\""), review("A3", "3"));
        let content = [one.as_bytes(), b"\n", two.as_bytes(), b"\n", three.as_bytes(), b"\n\xFFoh\n", one.as_bytes()];
        fs::write(project.path("reviews.json"), content.concat()).unwrap();
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn call(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        command.args(arguments).current_dir(self.0.path()).env_remove("RUST_LOG").stdin(Stdio::null());
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }

    /// Calls what must end well; its standard output.
    fn done(&self, arguments: &[&str]) -> String {
        let (code, output, errors) = self.call(arguments);
        assert_eq!(code, 0, "{arguments:?}: {errors}");
        output
    }

    /// Calls what must be refused before anything is done; its standard error.
    fn refused(&self, arguments: &[&str]) -> String {
        let (code, output, errors) = self.call(arguments);
        assert_eq!((code, output.as_str()), (2, ""), "{arguments:?}: {errors}");
        errors
    }

    /// The rows of a file of JSON lines.
    fn rows(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Writes rows with `raw` set for those at `repaired` places.
    fn repair(&self, name: &str, mut rows: Vec<Value>, repaired: &[(usize, String)]) {
        for (place, raw) in repaired {
            rows[*place]["raw"] = json!(raw);
        }
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        fs::write(self.path(name), lines.join("\n")).unwrap();
    }

    /// What the last load told.
    fn summary(&self, name: &str) -> u64 {
        let record = fs::read(self.path(".cache/latest/shop/load/result.json")).unwrap();
        let record: Value = serde_json::from_slice(&record).unwrap();
        record["summary"][name].as_u64().unwrap_or_default()
    }
}

#[test]
fn rejects_are_listed_with_place_reason_and_text() {
    let project = Project::new(FIXED);
    assert!(project.refused(&["rejects", "list"]).contains("run it first: orchestrator run pipeline.yaml load"));
    project.done(&["run"]);
    let (one, two) = (review("A1", "5"), review("A2", "\"five\""));
    let place = one.len() + 1;
    let utf8 = place + two.len() + 1 + review("A3", "3").len() + 1;
    let expected = format!(
        "reviews.json:2 (byte {place}): wrong-type `overall`: expected a number, found text\n    {two}\n\
         reviews.json:4 (byte {utf8}): bad-utf8: expected UTF-8, found byte 0xff at position 0 of the line\n    \u{fffd}oh\n\
         reviews.json:5 (byte {}): duplicate: the same line as reviews.json:1\n\
         3 rows are not in the tables: 1 bad-utf8, 1 duplicate, 1 wrong-type\n",
        utf8 + 4
    );
    assert_eq!(project.done(&["rejects", "list"]), expected);
    let some = project.done(&["rejects", "list", "pipeline.yaml", "--stage", "load", "--limit", "1"]);
    assert!(some.starts_with("reviews.json:2 ") && some.ends_with("1 of 3 are shown; --limit 0 shows all\n"), "{some}");
    let some = project.done(&["rejects", "list", "--reason", "bad-utf8"]);
    assert!(
        some.starts_with("reviews.json:4 ") && some.ends_with("1 of the 3 rows that are not in the tables: bad-utf8\n"),
        "{some}"
    );
    let errors = project.refused(&["rejects", "list", "--stage", "lod"]);
    assert!(errors.contains("did you mean `load`?"), "{errors}");
    let (code, _, errors) = project.call(&["rejects", "list", "--reason", "wrong-typ"]);
    assert!(code == 2 && errors.contains("did you mean `wrong-type`?\nreasons there are: `bad-utf8`"), "{errors}");
}

#[test]
fn exported_rows_come_back_repaired() {
    let project = Project::new(FIXED);
    project.done(&["run"]);
    let told = project.done(&["rejects", "export", "pipeline.yaml", "rows.jsonl"]);
    let expected = "rows.jsonl: 2 of 3 rejected rows\n\
                    left out: 1, as duplicates and rows of Parquet files cannot be repaired here\n\
                    repair `raw` in it and remove the lines that you leave as they are, then:\n  \
                    orchestrator rejects replay pipeline.yaml rows.jsonl\n";
    assert_eq!(told, expected);
    let rows = project.rows("rows.jsonl");
    assert_eq!(
        (&rows[0]["line"], &rows[0]["reason"], &rows[0]["field"]),
        (&json!(2), &json!("wrong-type"), &json!("overall"))
    );
    // The bytes FF 6F 68 in base64.
    assert_eq!((rows[1].get("raw"), &rows[1]["raw_base64"]), (None, &json!("/29o")));
    let errors = project.refused(&["rejects", "export", "pipeline.yaml", "rows.jsonl"]);
    assert!(errors.contains("rows.jsonl is there already and may hold repaired rows"), "{errors}");

    let errors = project.refused(&["rejects", "replay", "pipeline.yaml", "rows.jsonl"]);
    assert!(errors.contains("expected repaired rows, found 2 as they were rejected"), "{errors}");
    project.repair("rows.jsonl", rows, &[(0, review("A2", "4"))]);
    let told = project.done(&["rejects", "replay", "pipeline.yaml", "rows.jsonl"]);
    assert!(told.starts_with("rows.jsonl: 1 of 2 rows are repaired\n"), "{told}");
    assert!(told.ends_with("write `repairs: rows.jsonl` under `params` of stage `load` in pipeline.yaml\n"), "{told}");
    let figures = ["rows_in", "rows_out", "rejects", "duplicates", "repaired"].map(|name| project.summary(name));
    assert_eq!(figures, [5, 3, 1, 1, 1]);
    assert!(!project.done(&["rejects", "list"]).contains("wrong-type"));
}

#[test]
fn later_repairs_join_the_earlier_ones() {
    let project = Project::new(VARIABLE);
    project.done(&["run"]);
    project.done(&["rejects", "export", "pipeline.yaml", "first.jsonl"]);
    let rows = project.rows("first.jsonl");
    project.repair("first.jsonl", rows[..1].to_vec(), &[(0, review("A2", "4"))]);
    let told = project.done(&["rejects", "replay", "pipeline.yaml", "first.jsonl"]);
    assert!(
        told.contains("give them --set repairs=first.jsonl, or write `repairs: first.jsonl` under `variables`"),
        "{told}"
    );
    fs::rename(project.path("first.jsonl"), project.path("kept.jsonl")).unwrap();
    fs::write(project.path("pipeline.yaml"), VARIABLE.replace("repairs: \"\"", "repairs: kept.jsonl")).unwrap();

    // Both the other row and a better repair of the first one.
    project.repair("second.jsonl", rows.clone(), &[(0, review("A2", "2")), (1, review("A4", "1"))]);
    let told = project.done(&["rejects", "replay", "pipeline.yaml", "second.jsonl"]);
    assert!(told.ends_with("all 2 repaired rows are taken\nthe repaired rows are kept in kept.jsonl\n"), "{told}");
    let kept: Vec<_> = project.rows("kept.jsonl").iter().map(|row| row["raw"].clone()).collect();
    assert_eq!(kept, [json!(review("A2", "2")), json!(review("A4", "1"))]);
    assert_eq!(["rows_out", "rejects", "repaired"].map(|name| project.summary(name)), [4, 0, 2]);
    let (_, told, _) = project.call(&["run"]);
    assert!(told.contains("0 run, 1 cached"), "the pipeline as it stands has them: {told}");

    // A repair that is faulty itself.
    project.repair("third.jsonl", rows.clone(), &[(0, review("A2", "6"))]);
    let told = project.done(&["rejects", "replay", "pipeline.yaml", "third.jsonl"]);
    assert!(
        told.contains("\n1 of 2 repaired rows are taken, the others are rejected again: orchestrator rejects list"),
        "{told}"
    );
    let told = project.done(&["rejects", "list"]);
    assert!(told.contains("rating-out-of-range `overall`: as repaired: expected 1 to 5, found 6"), "{told}");

    // The data has changed: what was repaired is not there any more.
    let content = fs::read_to_string(project.path("kept.jsonl")).unwrap();
    fs::write(project.path("reviews.json"), format!("{}\n{}\n", review("A1", "5"), review("A2", "\"six\""))).unwrap();
    let (code, _, errors) = project.call(&["run"]);
    assert!(
        code == 1
            && errors.contains("use repairs kept.jsonl:1: the repair of reviews.json:2 was made for another text"),
        "{errors}"
    );
    assert_eq!(fs::read_to_string(project.path("kept.jsonl")).unwrap(), content);
}

#[test]
fn what_a_failed_run_rejected_can_be_repaired() {
    let project = Project::new(VARIABLE);
    let strict = ["--set", "ratio=0.3"];
    let (code, _, errors) = project.call(&[&["run"][..], &strict].concat());
    let told = "error: stage `load` failed: accept the rows of `reviews`: 2 of 5 rows are rejected, which is 40 %; \
                `max_reject_ratio` allows 30 %\n    most often bad-utf8 (1 of 2), such as\n      reviews.json:4: ";
    assert!(code == 1 && errors.contains(told), "{errors}");
    let told = "  what it rejected: orchestrator rejects list pipeline.yaml --set ratio=0.3\n";
    assert!(errors.ends_with(told), "{errors}");
    let folder = project.path(".cache/failed/shop/load");
    assert!(folder.join("rejects.parquet").exists());
    // Duplicates are found only later, when all rows are sorted.
    assert!(project.done(&["rejects", "list"]).ends_with("2 rows are not in the tables: 1 bad-utf8, 1 wrong-type\n"));
    project.done(&["rejects", "export", "pipeline.yaml", "rows.jsonl", "--reason", "wrong-type"]);
    project.repair("rows.jsonl", project.rows("rows.jsonl"), &[(0, review("A2", "4"))]);
    let told = project.done(&[&["rejects", "replay", "pipeline.yaml", "rows.jsonl"][..], &strict].concat());
    assert!(told.contains("shop: 1 run, 0 cached"), "{told}");
    assert!(!folder.exists(), "it ended well");
    assert_eq!(["rows_out", "rejects"].map(|name| project.summary(name)), [3, 1]);
    project.call(&["run", "--set", "ratio=0.1"]);
    assert!(folder.exists());
    project.done(&["clean", "--all"]);
    assert!(!folder.exists());
}

#[test]
fn repairs_of_other_rows_are_refused() {
    let project = Project::new(FIXED);
    project.done(&["run"]);
    project.done(&["rejects", "export", "pipeline.yaml", "rows.jsonl"]);
    let rows = project.rows("rows.jsonl");
    let with = |name: &str, value: Value| {
        let mut row = rows[0].clone();
        row[name] = value;
        row["raw"] = json!(review("A9", "1"));
        row
    };
    for row in [with("line", json!(3)), with("file", json!("other.json")), with("original", json!("00"))] {
        project.repair("wrong.jsonl", vec![row], &[]);
        let errors = project.refused(&["rejects", "replay", "pipeline.yaml", "wrong.jsonl"]);
        assert!(errors.contains("is none of the rejected rows that can be repaired"), "{errors}");
    }
    project.repair("twice.jsonl", vec![with("line", json!(2)), with("line", json!(2))], &[]);
    let errors = project.refused(&["rejects", "replay", "pipeline.yaml", "twice.jsonl"]);
    assert!(errors.contains("twice.jsonl:2: reviews.json:2 is there already; remove one of them"), "{errors}");
    fs::write(project.path("broken.jsonl"), "{\n").unwrap();
    let (code, _, errors) = project.call(&["rejects", "replay", "pipeline.yaml", "broken.jsonl"]);
    assert!(code == 1 && errors.contains("read repairs broken.jsonl:1: expected an object"), "{errors}");
}

#[test]
fn a_pipeline_without_rejects_is_told_so() {
    let project =
        Project::new("version: 1\nstages:\n  one: {run: \"cp reviews.json {outputs.a}\", outputs: {a: any}}\n");
    assert!(project.refused(&["rejects", "list"]).contains("no stage of pipeline.yaml rejects rows"));
    assert!(
        project
            .refused(&["rejects", "list", "--stage", "one"])
            .contains("stage `one` rejects no rows; those that do: none")
    );
}
