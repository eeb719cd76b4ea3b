//! The stage as the orchestrator runs it: tables in, page and figures out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeMap, io::sink, path::Path};

use eda_report::{EdaReport, Params, Statistics};
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
    statistics: Statistics,
}

fn run(rows: &[Review], metadata: Option<&DataFrame>) -> anyhow::Result<Run> {
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
    EdaReport::run(&Params::default(), &Context::new(task, Box::new(sink())))?;
    Ok(Run { html: std::fs::read_to_string(path("report"))?, statistics: read_json(&path("statistics"))? })
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
    for fault in ["NaN", "inf ", "null", "<script", "src=", "url(", "@import"] {
        assert!(!html.contains(fault), "{fault} in the page");
    }
    assert_eq!(html.matches("<section").count(), 11, "every chapter is there");
}

#[test]
fn figures_by_hand() {
    let Run { html, statistics } = run(&example(), Some(&items())).unwrap();
    let overview = &statistics.overview;
    assert_eq!((overview.reviews, overview.users, overview.items, overview.duplicates), (4, 2, 2, 1));
    // Three distinct pairs of four possible; mean 13/4; variance (1.75² + 0.75² + 0.25² + 2.25²) / 4.
    assert!((overview.density - 0.75).abs() < 1e-12 && (overview.mean_rating - 3.25).abs() < 1e-12);
    assert!((overview.rating_deviation - 2.1875_f64.sqrt()).abs() < 1e-12);
    let missing: Vec<u64> = statistics.missing.iter().map(|missing| missing.rows).collect();
    assert_eq!(missing, [1, 1, 4, 2]);
    let months: Vec<(&str, u64)> =
        statistics.months.iter().map(|month| (month.label.as_str(), month.reviews)).collect();
    assert_eq!(months, [("2014-03", 2), ("2014-04", 1), ("2014-05", 0), ("2014-06", 1)]);
    assert_eq!((statistics.words.rows, statistics.words.median, statistics.words.largest), (3, 2, 3));
    assert_eq!(statistics.votes_by_rating, [(1.0, 1, 7.0), (5.0, 1, 2.0)]);
    let metadata = statistics.metadata.unwrap();
    assert_eq!((metadata.rows, metadata.joined, metadata.median_price), (3, 2, Some(7.5)));
    let categories: Vec<(&str, u64, u64)> =
        metadata.categories.iter().map(|(name, group)| (name.as_str(), group.items, group.reviews)).collect();
    assert_eq!(categories, [("Music", 2, 4), ("Strings", 1, 3)]);
    assert_eq!(metadata.brands[0].0, "Ernie");
    assert!(html.contains("Strings &lt;b&gt;") && !html.contains("Strings <b>"), "titles are escaped");
    assert_sound(&html);
}

#[test]
fn one_row_without_text_or_metadata() {
    let Run { html, statistics } = run(&[("u", "i", 5.0, MARCH_2014, None, None)], None).unwrap();
    assert!(html.contains("All reviews give 5 stars") && html.contains("All reviews are from 2014-03"));
    assert!(html.contains("No review has a text") && html.contains("No metadata is connected"));
    assert!(statistics.correlations.pearson.iter().flatten().all(Option::is_none));
    assert_sound(&html);
}

#[test]
fn the_same_rating_and_month_throughout() {
    let rows: Vec<Review> = ["u1", "u2", "u3"].map(|user| (user, "a", 4.0, MARCH_2014, Some("fine"), Some(0))).into();
    let Run { html, statistics } = run(&rows, Some(&items())).unwrap();
    assert_eq!(statistics.correlations.spearman[0][1], None);
    assert!(statistics.items.gini.abs() < 1e-12);
    assert_sound(&html);
}

#[test]
fn metadata_that_joins_nothing() {
    let Run { html, statistics } = run(&[("u", "unknown", 2.0, 0, Some("x"), None)], Some(&items())).unwrap();
    assert_eq!(statistics.metadata.unwrap().joined, 0);
    assert_sound(&html);
}

#[test]
fn no_rows_is_an_error_that_names_the_table() {
    let error = run(&[], None).err().unwrap().to_string();
    assert!(error.contains("has no rows"), "{error}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (first, second) = (run(&example(), Some(&items())).unwrap(), run(&example(), Some(&items())).unwrap());
    assert_eq!(first.html, second.html);
}
