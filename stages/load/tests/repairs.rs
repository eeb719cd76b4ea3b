//! Repaired rows: taken where they were rejected, refused where they do not fit.

mod support;

use std::{fs, path::Path};

use load::{RejectedRow, read_rejects, row_hash};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Outcome, file, lenient, run};

fn review(user: &str, rating: &str) -> String {
    format!(r#"{{"overall": {rating}, "reviewerID": "{user}", "asin": "B1", "unixReviewTime": 1529193600}}"#)
}

/// The rejects of a run as they are exported.
fn exported(outcome: &Outcome) -> Vec<RejectedRow> {
    let mut rows = Vec::new();
    read_rejects(&outcome.folder.path().join("rejects.parquet"), |row| {
        rows.push(row);
        true
    })
    .expect("it is a table of rejects");
    rows
}

fn write(folder: &Path, rows: &[RejectedRow]) -> String {
    let lines: Vec<String> = rows.iter().map(|row| serde_json::to_string(row).expect("a row is plain data")).collect();
    file(folder, "repairs.jsonl", lines.join("\n").as_bytes())
}

fn with_repairs(mut params: Value, repairs: &str) -> Value {
    params["repairs"] = repairs.into();
    params
}

fn counts(outcome: &Outcome) -> [u64; 5] {
    let repaired = outcome.summary.get("repaired").and_then(Value::as_u64).unwrap_or_default();
    [
        outcome.count("rows_in"),
        outcome.count("rows_out"),
        outcome.count("rejects"),
        outcome.count("duplicates"),
        repaired,
    ]
}

#[test]
fn repaired_rows_are_taken_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (review("A1", "5"), review("A2", "\"five\""));
    let content = [good.as_bytes(), b"\n", bad.as_bytes(), b"\nbroken\n\xFF\n", good.as_bytes(), b"\n"].concat();
    let params = lenient("amazon-2018", &file(folder.path(), "r.json", &content));
    let before = run(params.clone()).unwrap();
    assert_eq!(counts(&before), [5, 1, 3, 1, 0]);
    let mut rows = exported(&before);
    assert_eq!(rows[0].raw.as_deref(), Some(bad.as_str()));
    assert_eq!((rows[2].raw.as_deref(), rows[2].raw_base64.as_deref()), (None, Some("/w==")));
    assert_eq!(rows.pop().map(|row| row.reason).as_deref(), Some("duplicate"));

    // One becomes a row, one a row that is there already, and one stays as it is.
    rows[0].raw = Some(review("A2", "4"));
    rows[2].raw = Some(good.clone());
    let after = run(with_repairs(params.clone(), &write(folder.path(), &rows))).unwrap();
    assert_eq!(counts(&after), [5, 2, 1, 2, 2]);
    let reviews: Vec<_> = after.reviews().into_iter().map(|review| (review.user, review.rating)).collect();
    assert_eq!(reviews, [("A1".to_owned(), 5.0), ("A2".to_owned(), 4.0)]);
    let rejects = after.rejects();
    assert_eq!(
        rejects.iter().map(|reject| (reject.line, reject.reason.as_str())).collect::<Vec<_>>(),
        [(3, "broken-json"), (4, "duplicate"), (5, "duplicate")]
    );

    // A repair that is faulty itself: rejected for its own reason, and still to be repaired.
    rows[1].raw = Some(review("A3", "9"));
    let again = run(with_repairs(params, &write(folder.path(), &rows))).unwrap();
    let faulty = &again.rejects()[0];
    assert_eq!((faulty.line, faulty.reason.as_str(), faulty.raw.as_str()), (3, "rating-out-of-range", "broken"));
    assert!(faulty.detail.starts_with("as repaired: "), "{}", faulty.detail);
    assert_eq!(exported(&again)[0].original, rows[1].original);
}

#[test]
fn records_of_csv_and_lines_that_are_too_long_are_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let content = b"user;item;stars;when\nA1;B1;5;1529193600\nA2;B1;x;1529193600\nA3;B1;4\n";
    let mut params = lenient("columns", &file(folder.path(), "r.csv.gz", content));
    params["delimiter"] = ";".into();
    params["columns"] = json!({"user": "user", "item": "item", "rating": "stars", "time": "when"});
    let mut rows = exported(&run(params.clone()).unwrap());
    assert_eq!(rows.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(), ["wrong-type", "broken-csv"]);
    rows[0].raw = Some("\"A\n2\";B1;3;1529193600".to_owned());
    rows[1].raw = Some("A3;B1;4;1529193600\nA4;B1;4;1529193600".to_owned());
    let outcome = run(with_repairs(params, &write(folder.path(), &rows))).unwrap();
    assert_eq!(counts(&outcome), [3, 2, 1, 0, 1]);
    assert_eq!(outcome.reviews()[0].user, "A\n2");
    assert_eq!(outcome.rejects()[0].detail, "as repaired: expected one record, found 2");

    let long = format!("{}{}", review("A1", "5"), " ".repeat(5000));
    let mut params = lenient("amazon-2018", &file(folder.path(), "long.json", long.as_bytes()));
    params["max_line_bytes"] = 4000.into();
    let mut rows = exported(&run(params.clone()).unwrap());
    rows[0].raw = Some(long.clone());
    let outcome = run(with_repairs(params.clone(), &write(folder.path(), &rows))).unwrap();
    assert_eq!((outcome.count("rows_out"), outcome.rejects()[0].reason.as_str()), (0, "too-long"));
    rows[0].raw = Some(long.trim_end().to_owned());
    assert_eq!(counts(&run(with_repairs(params, &write(folder.path(), &rows))).unwrap()), [1, 1, 0, 0, 1]);
}

#[test]
fn repairs_reach_reviews_and_products() {
    let folder = tempfile::tempdir().unwrap();
    let reviews = file(folder.path(), "r.json", b"a\n");
    let products = file(folder.path(), "m.json", b"b\n");
    let mut params = lenient("amazon-2018", &reviews);
    params["metadata"] = products.into();
    let mut rows = exported(&run(params.clone()).unwrap());
    rows[0].raw = Some(review("A1", "5"));
    rows[1].raw = Some(r#"{"asin": "B1", "title": "Mended"}"#.to_owned());
    let outcome = run(with_repairs(params, &write(folder.path(), &rows))).unwrap();
    assert_eq!((outcome.count("repaired"), outcome.count("metadata_repaired")), (1, 1));
    assert_eq!(outcome.items()[0].title.as_deref(), Some("Mended"));
}

#[test]
fn a_repair_that_fits_no_rejected_row_stops_the_load() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (review("A1", "5"), review("A2", "\"five\""));
    let path = file(folder.path(), "r.json", format!("{good}\n{bad}\n{good}\n").as_bytes());
    let params = lenient("amazon-2018", &path);
    let rows = exported(&run(params.clone()).unwrap());
    let repair = |line: u64, original: &str| RejectedRow {
        line,
        raw: Some(review("A9", "1")),
        original: row_hash(original.as_bytes()),
        ..rows[0].clone()
    };
    let cases = [
        (repair(1, &good), "r.json:1 fits no rejected row"),
        (repair(3, &good), "r.json:3 fits no rejected row: the row is sound, a duplicate"),
        (repair(9, &good), "r.json:9 fits no rejected row"),
        (repair(2, "another text"), "r.json:2 was made for another text than the one that is there now"),
    ];
    for (row, expected) in cases {
        let error = run(with_repairs(params.clone(), &write(folder.path(), &[row]))).err().unwrap();
        assert!(error.contains("repairs.jsonl:1: the repair of ") && error.contains(expected), "{error}");
    }
    let error = run(with_repairs(params, &folder.path().join("none.jsonl").display().to_string())).err().unwrap();
    assert!(error.starts_with("read repairs ") && error.contains("No such file"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Files with faults and the repairs of all of them load as files without faults do.
    #[test]
    fn repaired_is_as_good_as_sound(kinds in prop::collection::vec(0_usize..4, 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let sound: Vec<String> = (0..kinds.len()).map(|row| review(&format!("A{row}"), "3")).collect();
        let spoilt = |(line, kind): (&String, &usize)| match kind {
            0 => line.clone(),
            1 => line[..30].to_owned(),
            2 => line.replace(": 3", ": 33"),
            _ => line.replace("B1", ""),
        };
        let faulty: Vec<String> = sound.iter().zip(&kinds).map(spoilt).collect();
        let whole = run(lenient("amazon-2018", &file(folder.path(), "sound.json", sound.join("\n").as_bytes()))).unwrap();
        let params = lenient("amazon-2018", &file(folder.path(), "r.json.gz", faulty.join("\n").as_bytes()));
        let mut rows = exported(&run(params.clone()).unwrap());
        prop_assert_eq!(rows.len(), kinds.iter().filter(|kind| **kind > 0).count());
        for row in &mut rows {
            row.raw = Some(sound[row.line as usize - 1].clone());
        }
        let outcome = run(with_repairs(params, &write(folder.path(), &rows))).unwrap();
        prop_assert_eq!(counts(&outcome), [kinds.len() as u64, kinds.len() as u64, 0, 0, rows.len() as u64]);
        prop_assert_eq!(outcome.reviews(), whole.reviews());
        prop_assert_eq!(fs::read(outcome.folder.path().join("items.parquet")).unwrap(), fs::read(whole.folder.path().join("items.parquet")).unwrap());
    }
}
