//! Figures with names and units, for people and for machines.

use std::{collections::BTreeMap, fmt::Display, fs::File, io, path::Path};

use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value, json};
use synthetic::{Layout, Settings};

/// What a benchmark found, in the order in which it was measured.
#[derive(Debug, Default)]
pub struct Figures {
    rows: Vec<(String, f64, &'static str)>,
}

impl Figures {
    /// Adds a figure. The name ends in its unit or says what is counted.
    pub fn add(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.rows.push((name.into(), value, unit));
    }

    /// Prints a line a figure, and with `as_json` one JSON object as the last line.
    #[expect(clippy::print_stdout, reason = "figures are this program's result")]
    pub fn print(&self, as_json: bool) {
        for (name, value, unit) in &self.rows {
            let digits = if value.abs() < 10.0 { 4 } else { 2 };
            println!("{name:<36} {value:>14.digits$} {unit}");
        }
        if as_json {
            let object: Map<String, Value> =
                self.rows.iter().map(|(name, value, _)| (name.clone(), json!((value * 1e6).round() / 1e6))).collect();
            println!("{}", Value::Object(object));
        }
    }
}

/// Prints text for people above the figures, at once: a table, or what a figure means.
#[expect(clippy::print_stdout, reason = "text is this program's result, above its figures")]
pub fn tell(text: impl Display) {
    println!("{text}");
}

/// Makes review and product files in `folder`; the size of the reviews when decompressed.
pub fn make_data(folder: &Path, reviews: u64) -> anyhow::Result<f64> {
    let settings = Settings {
        layout: Layout::Amazon2018,
        users: (reviews / 10).max(10) as u32,
        items: (reviews / 40).max(10) as u32,
        reviews,
        dirty_ratio: 0.002,
        seed: 42,
        text_words: None,
    };
    let truth = synthetic::write(folder, &settings)?;
    let file = File::open(folder.join(truth.reviews.file))?;
    Ok(io::copy(&mut MultiGzDecoder::new(file), &mut io::sink())? as f64)
}

/// Adds seconds and peak memory of a stage from the record that its run left.
pub fn add_stage(figures: &mut Figures, prefix: &str, record: &Value) {
    figures.add(format!("{prefix}_seconds"), seconds(record), "s");
    figures.add(format!("{prefix}_cpu_seconds"), record["cpu_ms"].as_f64().unwrap_or(f64::NAN) / 1e3, "CPU s");
    figures.add(format!("{prefix}_peak_mb"), record["peak_memory_bytes"].as_f64().unwrap_or(f64::NAN) / 1e6, "MB");
}

/// How long a stage ran.
pub fn seconds(record: &Value) -> f64 {
    record["duration_ms"].as_f64().unwrap_or(f64::NAN) / 1e3
}

/// The records of the stages of a run, by name.
pub fn records(program: &tests::Program) -> BTreeMap<String, Value> {
    program.records().into_iter().map(|(name, (_, record))| (name, record)).collect()
}
