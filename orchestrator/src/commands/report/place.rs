//! Where the figures of a report are, and whether they are figures of a report.

use std::{
    fs,
    path::{Path, PathBuf},
};

use eda_report::{Eda, SCHEMA_VERSION};
use serde_json::Value;

use crate::{Error, configuration::nearest_file};

/// Names of the file of figures: as the stage writes it, and as people call it.
const FILES: [&str; 2] = ["statistics.json", "eda.json"];

const WANTED: &str = "a file `statistics.json` of the stage eda-report, the folder that holds it, or the first digits \
of its fingerprint";

/// The file that an argument means.
pub fn find(argument: &str, cache: &Path) -> Result<PathBuf, Error> {
    let path = Path::new(argument);
    if path.is_dir() {
        return in_folder(path);
    }
    if path.exists() {
        return Ok(path.to_owned());
    }
    let is_fingerprint = argument.len() >= 4 && argument.bytes().all(|byte| byte.is_ascii_hexdigit());
    let known = reports(cache);
    let matching: Vec<&Known> =
        known.iter().filter(|report| is_fingerprint && report.hash.starts_with(argument)).collect();
    match matching.as_slice() {
        [report] => in_folder(&report.folder),
        [] => Err(Error::Arguments(format!(
            "find report `{argument}`: there is no such file or folder, nor such a report in cache {}{}; wanted {WANTED}\n{}",
            cache.display(),
            nearest_file(path),
            listed(&known.iter().collect::<Vec<_>>(), cache)
        ))),
        several => Err(Error::Arguments(format!(
            "find report `{argument}`: {} reports in cache {} begin so; give more digits\n{}",
            several.len(),
            cache.display(),
            listed(several, cache)
        ))),
    }
}

fn in_folder(folder: &Path) -> Result<PathBuf, Error> {
    let file = FILES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    file.ok_or_else(|| {
        let entries = fs::read_dir(folder).into_iter().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        let found = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        Error::Arguments(format!("find report in {}: wanted `{}`, found {found}", folder.display(), FILES[0]))
    })
}

/// A report in a cache.
struct Known {
    hash: String,
    folder: PathBuf,
    /// Pipeline and stage.
    made_by: String,
    ended_at: u64,
}

/// The reports of a cache, the newest first.
fn reports(cache: &Path) -> Vec<Known> {
    let entries = fs::read_dir(cache.join("artifacts")).into_iter().flatten();
    let known = |folder: PathBuf| -> Option<Known> {
        let json = |name: &str| serde_json::from_slice::<Value>(&fs::read(folder.join(name)).ok()?).ok();
        let (fingerprint, result) = (json("fingerprint.json")?, json("result.json")?);
        let word = |name: &str| fingerprint[name].as_str();
        (word("stage")? == "eda-report").then_some(Known {
            hash: folder.file_name()?.to_str()?.to_owned(),
            made_by: format!("stage {} of pipeline {}", word("name")?, word("pipeline")?),
            ended_at: result["ended_at"].as_u64().unwrap_or_default(),
            folder,
        })
    };
    let mut reports: Vec<Known> = entries.filter_map(|entry| known(entry.ok()?.path())).collect();
    reports.sort_by(|one, other| (other.ended_at, &one.hash).cmp(&(one.ended_at, &other.hash)));
    reports
}

fn listed(reports: &[&Known], cache: &Path) -> String {
    if reports.is_empty() {
        return format!("{} has no report yet: orchestrator run PIPELINE.yaml eda-report", cache.display());
    }
    let line = |report: &&Known| format!("  {}  {}", report.hash.chars().take(12).collect::<String>(), report.made_by);
    let lines: Vec<String> = reports.iter().take(10).map(line).collect();
    format!("reports there, the newest first:\n{}", lines.join("\n"))
}

/// The figures of a report.
pub fn read(file: &Path) -> Result<Eda, Error> {
    let bytes = fs::read(file).map_err(Error::cache("read", file))?;
    let wrong = |found: String| {
        let wanted = "wanted the figures of a report, `statistics.json` of the stage eda-report";
        Error::Arguments(format!("read report {}: {wanted}, found {found}", file.display()))
    };
    if bytes.trim_ascii_start().starts_with(b"<") {
        return Err(wrong(format!("a page of HTML; its figures are in `{}` beside it", FILES[0])));
    }
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(format!("no JSON: {error}")))?;
    if value.get("chapters").is_none() || value.get("reproduction").is_none() {
        return Err(wrong("JSON of another kind: it has no `chapters` or no `reproduction`".to_owned()));
    }
    let version = &value["schema_version"];
    if *version != SCHEMA_VERSION {
        let what = "make the report anew with this program: orchestrator run PIPELINE.yaml eda-report";
        return Err(wrong(format!("layout {version} of it where this program reads {SCHEMA_VERSION}; {what}")));
    }
    serde_json::from_value(value).map_err(|error| wrong(format!("another layout of it: {error}")))
}
