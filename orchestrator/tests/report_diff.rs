//! `report diff`: two reports of one pipeline beside each other, and what is said where there is none.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

const PIPELINE: &str = "
version: 1
name: shop
stages:
  load: {params: {layout: amazon-2018, reviews: reviews.json}}
  eda-report: {}
";

/// A folder with a pipeline, and two reports in its cache: one of three reviews, one of four.
struct Project {
    folder: TempDir,
    /// Fingerprints of both reports.
    reports: [String; 2],
}

impl Project {
    fn new() -> Self {
        let mut project = Self { folder: tempfile::tempdir().unwrap(), reports: Default::default() };
        fs::write(project.path("pipeline.yaml"), PIPELINE).unwrap();
        let review = |user: u32, rating: u32, month: i64| {
            let time = 1_529_193_600 + month * 31 * 86_400;
            format!(
                r#"{{"overall": {rating}, "reviewerID": "A{user}", "asin": "B1", "unixReviewTime": {time}, "reviewText": "good"}}"#
            )
        };
        let mut lines = vec![review(1, 5, 0), review(2, 4, 1), review(3, 3, 2)];
        for place in 0..2 {
            fs::write(project.path("reviews.json"), lines.join("\n")).unwrap();
            project.call(&["run"], 0);
            let latest = project.path(".cache/latest/shop/eda-report").canonicalize().unwrap();
            latest.file_name().unwrap().to_str().unwrap().clone_into(&mut project.reports[place]);
            lines.push(review(4, 1, 3));
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Calls the program; its standard output if it ends well, else its standard error.
    fn call(&self, arguments: &[&str], code: i32) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        command.args(arguments).current_dir(self.folder.path()).env_remove("RUST_LOG").stdin(Stdio::null());
        let Output { status, stdout, stderr } = command.output().unwrap();
        let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(status.code(), Some(code), "{stdout}\n{stderr}");
        if code == 0 { stdout } else { stderr }
    }

    fn diff(&self, places: [&str; 2], options: &[&str], code: i32) -> String {
        self.call(&[["report", "diff"].as_slice(), places.as_slice(), options].concat(), code)
    }
}

#[test]
fn reports_are_compared_by_fingerprint_folder_and_file() {
    let project = Project::new();
    let [before, after] = project.reports.each_ref().map(String::as_str);
    let text = project.diff([&before[..12], ".cache/latest/shop/eda-report"], &[], 0);
    let reviews = text.lines().find(|line| line.starts_with("reviews ")).unwrap();
    assert_eq!(reviews.split_whitespace().collect::<Vec<_>>(), ["reviews", "3", "4", "+33.3", "%"], "{text}");
    assert!(text.contains("input reviews"), "{text}");
    let file = format!(".cache/artifacts/{after}/statistics.json");
    assert!(project.diff([&file, after], &[], 0).contains("Both reports say the same."));
    let json: Value = serde_json::from_str(&project.diff([before, after], &["--json"], 0)).unwrap();
    let figures = json["difference"]["figures"].as_array().unwrap();
    let reviews = figures.iter().find(|figure| figure["name"] == "reviews").unwrap();
    assert_eq!((reviews["before"].as_f64(), reviews["after"].as_f64()), (Some(3.0), Some(4.0)));
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let project = Project::new();
    let [before, after] = project.reports.each_ref().map(String::as_str);
    project.diff([before, after], &["--html", "difference.html"], 0);
    let html = fs::read_to_string(project.path("difference.html")).unwrap();
    assert!(html.contains("What changed between two reports") && html.contains("id=\"figures-overview\""));
    for fault in ["NaN", "src=", "url(", "@import", "http:", "https:"] {
        assert!(!html.contains(fault), "{fault} in the page");
    }
}

#[test]
fn what_is_no_report_is_named_with_what_to_do() {
    let project = Project::new();
    let [before, after] = project.reports.each_ref().map(String::as_str);
    let page = format!(".cache/artifacts/{before}/report.html");
    fs::write(project.path("other.json"), "{}").unwrap();
    fs::write(project.path("cut.json"), "{\"chapters\": ").unwrap();
    fs::create_dir(project.path("empty")).unwrap();
    let figures = fs::read_to_string(project.path(&format!(".cache/artifacts/{before}/statistics.json"))).unwrap();
    let newer = figures.replacen("\"schema_version\": 1", "\"schema_version\": 99", 1);
    assert_ne!(newer, figures, "the version stands in the file");
    fs::write(project.path("newer.json"), newer).unwrap();
    for (place, parts) in [
        ("absent.json", ["find report `absent.json`", "wanted a file `statistics.json`", &before[..12]]),
        ("ffffffff", ["find report `ffffffff`", "the newest first", &after[..12]]),
        ("empty", ["find report in empty", "wanted `statistics.json`", "found nothing"]),
        (&page, ["report.html", "found a page of HTML", "`statistics.json` beside it"]),
        ("other.json", ["other.json", "wanted the figures of a report", "no `chapters`"]),
        ("cut.json", ["cut.json", "wanted the figures of a report", "no JSON"]),
        ("newer.json", ["newer.json", "layout 99", "orchestrator run PIPELINE.yaml eda-report"]),
    ] {
        let message = project.diff([place, after], &[], 2);
        for part in parts {
            assert!(message.contains(part), "{part} in {message}");
        }
    }
}
