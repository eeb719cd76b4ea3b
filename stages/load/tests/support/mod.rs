//! Runs the stage in a folder of its own and reads back what it wrote.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use flate2::{Compression, write::GzEncoder};
use load::Load;
use pipeline::{Context, Kind, Message, Stage, StageEntry, TableReader, Task, TextsReader, fingerprint::hash_path};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Output of a run.
pub struct Outcome {
    /// Keeps the files.
    pub folder: TempDir,
    /// Figures of the summary.
    pub summary: BTreeMap<String, Value>,
}

/// One review as the table has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    pub user: String,
    pub item: String,
    pub rating: f32,
    pub time: i64,
    pub title: Option<String>,
    pub text: Option<String>,
    pub verified: Option<bool>,
    pub votes: Option<u32>,
}

/// One reject as the table has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reject {
    pub file: String,
    pub line: u64,
    pub byte_offset: u64,
    pub reason: String,
    pub field: Option<String>,
    pub detail: String,
    pub raw: String,
    pub is_base64: bool,
}

/// One item as the table has it, its lists joined by `|`.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub key: String,
    pub title: Option<String>,
    pub brand: Option<String>,
    pub categories: String,
    pub price: Option<f32>,
    pub description: Option<String>,
    pub image: Option<String>,
    pub also_bought: String,
}

#[derive(Clone, Default)]
struct Messages(Arc<Mutex<Vec<u8>>>);

impl Write for Messages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no holder panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs the stage with these parameters.
pub fn run(params: Value) -> Result<Outcome, String> {
    run_as(params, "0123")
}

/// Runs the stage with these parameters under a fingerprint.
pub fn run_as(params: Value, fingerprint: &str) -> Result<Outcome, String> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let entry = StageEntry::of::<Load>();
    let params = (entry.canonical)(params).map_err(|error| error.to_string())?;
    let scratch = folder.path().join("scratch");
    fs::create_dir(&scratch).expect("the folder is new");
    let outputs = Load::OUTPUTS.iter().map(|port| (port.name.to_owned(), folder.path().join(port.file_name())));
    let task = Task {
        name: "load".into(),
        stage: "load".into(),
        pipeline: "test".into(),
        fingerprint: fingerprint.into(),
        params: params.clone(),
        inputs: BTreeMap::new(),
        outputs: outputs.collect(),
        scratch,
    };
    let messages = Messages::default();
    let context = Context::new(task, Box::new(messages.clone()));
    (entry.run)(&params, &context).map_err(|error| format!("{error:#}"))?;
    let bytes = messages.0.lock().expect("no holder panics").clone();
    let mut summary = BTreeMap::new();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if let Message::Summary { name, value } = serde_json::from_slice(line).expect("messages are JSON") {
            summary.insert(name, value);
        }
    }
    Ok(Outcome { folder, summary })
}

impl Outcome {
    /// A figure of the summary.
    pub fn count(&self, name: &str) -> u64 {
        self.summary.get(name).and_then(Value::as_u64).unwrap_or(u64::MAX)
    }

    /// A hash of each output.
    pub fn hashes(&self) -> Vec<String> {
        let hash =
            |port: &pipeline::Port| hash_path(&self.folder.path().join(port.file_name())).expect("it was written");
        Load::OUTPUTS.iter().map(hash).collect()
    }

    fn table(&self, name: &str, kind: Kind) -> polars::frame::DataFrame {
        let reader = TableReader::open(&self.folder.path().join(name), kind).expect("it is a table of that kind");
        reader.read(&[]).expect("it is whole")
    }

    /// All reviews.
    pub fn reviews(&self) -> Vec<Review> {
        let frame = self.table("reviews.parquet", Kind::Reviews);
        let text = |name: &str| texts(&frame, name);
        let (user, item) = (text("user"), text("item"));
        let place = |name: &str| frame.column(name).and_then(|column| column.u32().cloned()).expect("places are u32");
        let (parts, rows) = (place("part"), place("row"));
        let places: Vec<(u32, u32)> = parts.into_no_null_iter().zip(rows.into_no_null_iter()).collect();
        let texts = TextsReader::open(&self.folder.path().join("texts")).expect("texts are there");
        let texts = texts.gather(&places).expect("every review has its place");
        let length = frame.column("text_length").and_then(|column| column.u32().cloned()).expect("lengths are u32");
        for (text, length) in texts.iter().zip(length.iter()) {
            assert_eq!(text.text.as_ref().map(|text| text.chars().count() as u32), length);
        }
        let rating = frame.column("rating").and_then(|column| column.f32().cloned()).expect("ratings are f32");
        let time = frame.column("time").and_then(|column| column.i64().cloned()).expect("times are i64");
        let verified = frame.column("verified").and_then(|column| column.bool().cloned()).expect("it is bool");
        let votes = frame.column("helpful_votes").and_then(|column| column.u32().cloned()).expect("votes are u32");
        let row = |row: usize| Review {
            user: user[row].clone().expect("never null"),
            item: item[row].clone().expect("never null"),
            rating: rating.get(row).expect("never null"),
            time: time.get(row).expect("never null"),
            title: texts[row].title.clone(),
            text: texts[row].text.clone(),
            verified: verified.get(row),
            votes: votes.get(row),
        };
        (0..frame.height()).map(row).collect()
    }

    /// All rejects.
    pub fn rejects(&self) -> Vec<Reject> {
        let frame = self.table("rejects.parquet", Kind::Rejects);
        let text = |name: &str| texts(&frame, name);
        let (file, reason, field, detail, raw) =
            (text("file"), text("reason"), text("field"), text("detail"), text("raw"));
        let line = frame.column("line").and_then(|column| column.u64().cloned()).expect("lines are u64");
        let offset = frame.column("byte_offset").and_then(|column| column.u64().cloned()).expect("offsets are u64");
        let base64 = frame.column("is_base64").and_then(|column| column.bool().cloned()).expect("it is bool");
        let row = |row: usize| Reject {
            file: file[row].clone().expect("never null"),
            line: line.get(row).expect("never null"),
            byte_offset: offset.get(row).expect("never null"),
            reason: reason[row].clone().expect("never null"),
            field: field[row].clone(),
            detail: detail[row].clone().expect("never null"),
            raw: raw[row].clone().expect("never null"),
            is_base64: base64.get(row).expect("never null"),
        };
        (0..frame.height()).map(row).collect()
    }

    /// All items.
    pub fn items(&self) -> Vec<Item> {
        let frame = self.table("items.parquet", Kind::Items);
        let text = |name: &str| texts(&frame, name);
        let (item, title, brand, description, image) =
            (text("item"), text("title"), text("brand"), text("description"), text("image"));
        let price = frame.column("price").and_then(|column| column.f32().cloned()).expect("prices are f32");
        let (categories, bought) = (lists(&frame, "categories"), lists(&frame, "also_bought"));
        let row = |row: usize| Item {
            key: item[row].clone().expect("never null"),
            title: title[row].clone(),
            brand: brand[row].clone(),
            categories: categories[row].clone(),
            price: price.get(row),
            description: description[row].clone(),
            image: image[row].clone(),
            also_bought: bought[row].clone(),
        };
        (0..frame.height()).map(row).collect()
    }
}

fn texts(frame: &polars::frame::DataFrame, name: &str) -> Vec<Option<String>> {
    let column = frame.column(name).and_then(|column| column.str().cloned()).expect("it is text");
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

fn lists(frame: &polars::frame::DataFrame, name: &str) -> Vec<String> {
    let column = frame.column(name).and_then(|column| column.list().cloned()).expect("it is a list");
    let joined = |row: usize| {
        let values = column.get_as_series(row).expect("never null");
        let values = values.str().expect("it holds text").clone();
        values.iter().flatten().collect::<Vec<_>>().join("|")
    };
    (0..column.len()).map(joined).collect()
}

/// Writes a file, compressed if its name says so; its path as text.
pub fn file(folder: &Path, name: &str, content: &[u8]) -> String {
    let path = folder.join(name);
    if path.extension().is_some_and(|ending| ending == "gz") {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).expect("memory takes all");
        fs::write(&path, encoder.finish().expect("memory takes all")).expect("the folder is there");
    } else {
        fs::write(&path, content).expect("the folder is there");
    }
    path.display().to_string()
}

/// Parameters of a layout that accept any share of rejects.
pub fn lenient(layout: &str, reviews: &str) -> Value {
    json!({"layout": layout, "reviews": reviews, "max_reject_ratio": 1.0})
}

/// A file of the real data, or none with a message where it is not there.
pub fn real(name: &str) -> Option<String> {
    let folder = std::env::var_os("REAL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = folder.join(name);
    if path.exists() {
        return Some(path.display().to_string());
    }
    println!("skipped: {} is not there; set REAL_DATA to the folder of real review files", path.display());
    None
}
