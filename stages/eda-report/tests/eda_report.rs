//! The stage as the orchestrator runs it: tables in, page and figures out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeMap, io::sink, path::Path};

use eda_report::{Eda, EdaReport, Params};
use pipeline::{Context, Input, Kind, Stage, TableWriter, Task, TextBlock, TextCompression, TextsPart, read_json};
use polars::{
    df,
    frame::DataFrame,
    prelude::{IntoColumn, ListBuilderTrait, ListStringChunkedBuilder},
};
use tempfile::TempDir;

/// A review: user, item, rating, time, text, helpful votes.
type Review = (&'static str, &'static str, f32, i64, Option<&'static str>, Option<u32>);

const MARCH_2014: i64 = 1_393_632_000;
const MONTH: i64 = 31 * 86_400;

fn write(path: &Path, kind: Kind, frame: &DataFrame) -> Input {
    let mut writer = TableWriter::create_at(path, kind, "load", &[]).unwrap();
    writer.write(frame).unwrap();
    writer.finish().unwrap();
    Input { stage: "load".to_owned(), port: kind.name().to_owned(), path: path.to_owned() }
}

fn reviews(rows: &[Review]) -> DataFrame {
    df!(
        "user" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "item" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "rating" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "time" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        "verified" => vec![None::<bool>; rows.len()],
        "helpful_votes" => rows.iter().map(|row| row.5).collect::<Vec<_>>(),
        "text_length" => rows.iter().map(|row| row.4.map(|text| text.chars().count() as u32)).collect::<Vec<_>>(),
        "part" => vec![0_u32; rows.len()],
        "row" => (0..rows.len() as u32).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn texts(folder: &Path, rows: &[Review]) -> Input {
    let mut block = TextBlock::new(TextCompression::Zstd);
    for row in rows {
        block.push(row.4, row.4);
    }
    let mut part = TextsPart::create(folder, 0, "load").unwrap();
    part.append(block.encode().unwrap()).unwrap();
    part.finish().unwrap();
    Input { stage: "load".to_owned(), port: "texts".to_owned(), path: folder.to_owned() }
}

fn items() -> DataFrame {
    let lists = |name: &str, values: &[&[&str]]| {
        let mut builder = ListStringChunkedBuilder::new(name.into(), values.len(), 4);
        for list in values {
            builder.append_values_iter(list.iter().copied());
        }
        builder.finish().into_column()
    };
    let mut frame = df!(
        "item" => ["a", "b", "z"],
        "title" => [Some("Strings <b>"), None, Some("Never reviewed")],
        "brand" => [Some("Ernie"), Some("Ernie"), None],
        "price" => [Some(7.5_f32), None, Some(1.0)],
        "description" => [None::<&str>, None, None],
        "image" => [None::<&str>, None, None],
    )
    .unwrap();
    frame.insert_column(3, lists("categories", &[&["Music", "Strings"], &["Music"], &[]])).unwrap();
    frame.with_column(lists("also_bought", &[&[], &[], &[]])).unwrap();
    frame.with_column(lists("also_viewed", &[&[], &[], &[]])).unwrap();
    frame
}

struct Run {
    html: String,
    eda: Eda,
}

fn run(rows: &[Review], metadata: Option<&DataFrame>) -> anyhow::Result<Run> {
    run_with(&Params::default(), rows, metadata)
}

fn run_with(params: &Params, rows: &[Review], metadata: Option<&DataFrame>) -> anyhow::Result<Run> {
    let folder = TempDir::new()?;
    let path = |name: &str| folder.path().join(name);
    let mut inputs = BTreeMap::from([("reviews".to_owned(), vec![write(&path("r"), Kind::Reviews, &reviews(rows))])]);
    inputs.insert("texts".to_owned(), vec![texts(&path("t"), rows)]);
    if let Some(frame) = metadata {
        inputs.insert("items".to_owned(), vec![write(&path("i"), Kind::Items, frame)]);
    }
    let task = Task {
        name: "eda-report".to_owned(),
        stage: "eda-report".to_owned(),
        pipeline: "test".to_owned(),
        fingerprint: String::new(),
        params: serde_json::Value::Null,
        inputs,
        outputs: ["report", "statistics"].map(|port| (port.to_owned(), path(port))).into(),
        scratch: folder.path().to_owned(),
    };
    EdaReport::run(params, &Context::new(task, Box::new(sink())))?;
    Ok(Run { html: std::fs::read_to_string(path("report"))?, eda: read_json(&path("statistics"))? })
}

fn example() -> Vec<Review> {
    vec![
        ("u1", "a", 5.0, MARCH_2014, Some("good sound here"), Some(2)),
        ("u2", "a", 4.0, MARCH_2014, None, None),
        ("u2", "a", 3.0, MARCH_2014 + MONTH, Some("worn out"), None),
        ("u1", "b", 1.0, MARCH_2014 + 3 * MONTH, Some("bad"), Some(7)),
    ]
}

/// No report may show a number that is none, nor need anything from outside.
fn assert_sound(html: &str) {
    for fault in ["NaN", "inf ", "null", "src=", "url(", "@import"] {
        assert!(!html.contains(fault), "{fault} in the page");
    }
}

#[test]
fn sizes_by_hand() {
    let Run { html, eda } = run(&example(), Some(&items())).unwrap();
    let overview = eda.chapters.overview.unwrap();
    assert_eq!((overview.reviews, overview.users, overview.items, overview.repeated_pairs), (4, 2, 2, 1));
    // Three distinct pairs of four possible; mean 13/4; variance (1.75² + 0.75² + 0.25² + 2.25²) / 3.
    assert!((overview.density - 0.75).abs() < 1e-12 && (overview.mean_rating - 3.25).abs() < 1e-12);
    assert!((overview.rating_deviation - (8.75_f64 / 3.0).sqrt()).abs() < 1e-12);
    let ports: Vec<&str> = eda.reproduction.inputs.iter().map(|input| input.port.as_str()).collect();
    assert_eq!(ports, ["reviews", "texts", "items"]);
    assert_eq!((eda.reproduction.pipeline.as_str(), eda.reproduction.parameters), ("test", Params::default()));
    assert_sound(&html);
}

#[test]
fn one_row_without_text_or_metadata() {
    let Run { html, eda } = run(&[("u", "i", 5.0, MARCH_2014, None, None)], None).unwrap();
    assert_eq!(eda.chapters.overview.unwrap().reviews, 1);
    assert_sound(&html);
}

#[test]
fn the_same_rating_and_month_throughout() {
    let rows: Vec<Review> = ["u1", "u2", "u3"].map(|user| (user, "a", 4.0, MARCH_2014, Some("fine"), Some(0))).into();
    assert_sound(&run(&rows, Some(&items())).unwrap().html);
}

#[test]
fn metadata_that_joins_nothing() {
    assert_sound(&run(&[("u", "unknown", 2.0, 0, Some("x"), None)], Some(&items())).unwrap().html);
}

#[test]
fn no_rows_is_an_error_that_names_the_table() {
    let error = run(&[], None).err().unwrap().to_string();
    assert!(error.contains("has no rows"), "{error}");
}

#[test]
fn the_same_input_gives_the_same_bytes_whatever_the_threads() {
    let of = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let run = pool.install(|| run(&example(), Some(&items()))).unwrap();
        (run.html, serde_json::to_string(&run.eda).unwrap())
    };
    assert_eq!(of(1), of(3));
}

#[test]
fn nothing_of_users_and_texts_is_shown_when_redacted() {
    let rows: Vec<Review> = vec![
        ("secret-user-a", "a", 5.0, MARCH_2014, Some("confidential wording of mine"), Some(2)),
        ("secret-user-b", "a", 1.0, MARCH_2014 + MONTH, Some("confidential wording of mine"), None),
    ];
    let Run { html, eda } = run_with(&Params { redact: true, ..Params::default() }, &rows, Some(&items())).unwrap();
    let json = serde_json::to_string(&eda).unwrap();
    for text in [&html, &json] {
        assert!(!text.contains("secret-user") && !text.contains("confidential"), "{text}");
    }
}

#[test]
fn figures_survive_a_round_trip() {
    let eda = run(&example(), Some(&items())).unwrap().eda;
    let again: Eda = serde_json::from_str(&serde_json::to_string(&eda).unwrap()).unwrap();
    assert_eq!(again, eda);
}

#[test]
fn the_published_schema_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("eda.schema.json");
    let wanted = serde_json::to_string_pretty(&eda_report::schema()).unwrap() + "\n";
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), wanted, "write it again with INSTA_UPDATE=always");
}
