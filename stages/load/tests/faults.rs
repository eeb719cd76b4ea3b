//! Every kind of fault at its exact place, and every error that stops a load.

mod support;

use std::{fs, path::Path};

use proptest::prelude::*;
use serde_json::json;
use support::{file, lenient, run};

const GOOD: &str =
    r#"{"overall": 5.0, "verified": true, "reviewerID": "A1", "asin": "B1", "unixReviewTime": 1529193600}"#;

fn spoilt(from: &str, to: &str) -> Vec<u8> {
    assert!(GOOD.contains(from));
    GOOD.replace(from, to).into_bytes()
}

/// Line, reason and field of each fault, in the order of the file.
fn faulty_lines() -> Vec<(Vec<u8>, &'static str, Option<&'static str>)> {
    vec![
        (GOOD.as_bytes()[..40].to_vec(), "broken-json", None),
        (b"not json".to_vec(), "broken-json", None),
        ([GOOD.as_bytes(), b"}"].concat(), "broken-json", None),
        (b"{\"overall\": 5.0, \"x\": \"\xFF\"}".to_vec(), "bad-utf8", None),
        (b"[1, 2]".to_vec(), "wrong-type", None),
        (spoilt("5.0", "\"five\""), "wrong-type", Some("overall")),
        (spoilt("\"A1\"", "{}"), "wrong-type", Some("reviewerID")),
        (spoilt("1529193600", "\"today\""), "wrong-type", Some("unixReviewTime")),
        (spoilt("true", "\"yes\""), "wrong-type", Some("verified")),
        (spoilt("\"reviewerID\": \"A1\", ", ""), "missing-user", Some("reviewerID")),
        (spoilt("\"A1\"", "null"), "missing-user", Some("reviewerID")),
        (spoilt("\"B1\"", "\" \""), "missing-item", Some("asin")),
        (spoilt("\"overall\": 5.0, ", ""), "missing-rating", Some("overall")),
        (spoilt("1529193600", "null"), "missing-time", Some("unixReviewTime")),
        (spoilt("5.0", "0.5"), "rating-out-of-range", Some("overall")),
        (spoilt("5.0", "1e999"), "broken-json", None),
        (spoilt("1529193600", "788918399"), "impossible-time", Some("unixReviewTime")),
        (spoilt("1529193600", "4102444800"), "impossible-time", Some("unixReviewTime")),
        (vec![b'x'; 5000], "too-long", None),
        (GOOD.as_bytes().to_vec(), "duplicate", None),
    ]
}

#[test]
fn every_fault_has_its_place_reason_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let faults = faulty_lines();
    let mut content = format!("{GOOD}\n\n  \n").into_bytes();
    let mut expected = Vec::new();
    for (line, (bytes, reason, field)) in (4..).zip(&faults) {
        expected.push((line, content.len() as u64, *reason, *field));
        content.extend_from_slice(bytes);
        content.extend_from_slice(b"\r\n");
    }
    let mut params = lenient("amazon-2018", &file(folder.path(), "r.json.gz", &content));
    params["max_line_bytes"] = 4000.into();
    let outcome = run(params).unwrap();
    let rejects = outcome.rejects();
    let found: Vec<_> = rejects
        .iter()
        .map(|reject| (reject.line, reject.byte_offset, reject.reason.as_str(), reject.field.as_deref()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(outcome.count("rows_in"), 21);
    assert_eq!(outcome.count("rows_out"), 1);
    assert_eq!(outcome.count("duplicates"), 1);
    assert_eq!(outcome.count("rejects"), 19);
    assert_eq!(outcome.count("empty_lines"), 2);
    assert_eq!(outcome.summary["rejects_by_reason"]["broken-json"], 4);
    assert_eq!(outcome.summary["rejects_by_reason"].get("duplicate"), None, "duplicates are no rejects");

    assert_eq!(rejects[1].raw, "not json");
    assert!(rejects[3].is_base64);
    // The bytes {"overall": 5.0, "x": "<FF>"} in base64.
    assert_eq!(rejects[3].raw, "eyJvdmVyYWxsIjogNS4wLCAieCI6ICL/In0=");
    assert_eq!(rejects[3].detail, "expected UTF-8, found byte 0xff at position 23 of the line");
    assert_eq!(rejects[18].raw.len(), 1024, "of a line that is too long the beginning is kept");
    assert!(rejects[19].detail.ends_with("r.json.gz:1"), "{}", rejects[19].detail);
}

#[test]
fn faults_of_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let reviews = file(folder.path(), "r.json", GOOD.replace(", \"verified\": true", "").as_bytes());
    let metadata = b"{'asin': 'B1', 'title': 'first'}\n{'asin': 'B1', 'title': 'second'}\n{'asin': 'B2'\n{'title': 'x'}\n{'asin': 'B3', 'related': 7}\n{'asin': 'B4', 'title': '\xFF'}\n";
    let mut params = lenient("amazon-2014", &reviews);
    params["metadata"] = file(folder.path(), "m.json", metadata).into();
    let outcome = run(params).unwrap();
    let found: Vec<_> = outcome.rejects().iter().map(|reject| (reject.line, reject.reason.clone())).collect();
    let expected = [(3, "broken-literal"), (4, "missing-item"), (5, "wrong-type"), (6, "bad-utf8"), (2, "duplicate")];
    assert_eq!(found, expected.map(|(line, reason)| (line, reason.to_owned())));
    let items = outcome.items();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].title.as_deref(), Some("first"), "the first row of an item wins");
    assert_eq!((outcome.count("metadata_rows_in"), outcome.count("metadata_rows_out")), (6, 1));
    assert_eq!((outcome.count("metadata_rejects"), outcome.count("metadata_duplicates")), (4, 1));
}

#[test]
fn faults_of_csv() {
    let folder = tempfile::tempdir().unwrap();
    let csv = b"u,i,r,t\n1,a,5,1529193600\n1,a,5\n\"2\n2\",b,\"x\",1529193600\n3,\xFF,5,1529193600\n1,a,5,1529193600\n";
    let mut params = lenient("columns", &file(folder.path(), "r.csv", csv));
    params["columns"] = json!({"user": "u", "item": "i", "rating": "r", "time": "t"});
    let outcome = run(params).unwrap();
    let found: Vec<_> = outcome
        .rejects()
        .into_iter()
        .map(|reject| (reject.line, reject.byte_offset, reject.reason, reject.raw))
        .collect();
    // Offsets: the header has 8 bytes, the first record 17, the second 6, the third 23, the fourth 17.
    assert_eq!(
        found,
        [
            (3, 25, "broken-csv".into(), "1,a,5".into()),
            (4, 31, "wrong-type".into(), "\"2\n2\",b,x,1529193600".into()),
            (6, 54, "bad-utf8".into(), "Myz/LDUsMTUyOTE5MzYwMA==".into()),
            (7, 71, "duplicate".into(), String::new()),
        ]
    );
}

#[test]
fn too_many_rejects_stop_the_load_with_examples() {
    let folder = tempfile::tempdir().unwrap();
    let bad = GOOD.replace("5.0", "9.0");
    let lines: Vec<&str> = (0..200).map(|row| if row % 50 == 0 { bad.as_str() } else { GOOD }).collect();
    let content = lines.join("\n");
    let path = file(folder.path(), "r.json", content.as_bytes());
    let error = run(json!({"layout": "amazon-2018", "reviews": path})).err().unwrap();
    let expected = format!(
        "accept the rows of `reviews`: 4 of 200 rows are rejected, which is 2 %; `max_reject_ratio` allows 1 %\n    \
         most often rating-out-of-range (4 of 4), such as\n      \
         {path}:1 `overall`: expected 1 to 5, found 9\n      \
         {path}:51 `overall`: expected 1 to 5, found 9\n    \
         if most rows are faulty, check `layout` (or `columns`); if few are, repair them or raise `max_reject_ratio`"
    );
    assert_eq!(error, expected);
    assert!(run(json!({"layout": "amazon-2018", "reviews": path, "max_reject_ratio": 0.02})).is_ok());
}

#[test]
fn the_wrong_layout_stops_early() {
    let folder = tempfile::tempdir().unwrap();
    let content = format!("{GOOD}\n").repeat(60_000);
    let path = file(folder.path(), "r.json", content.as_bytes());
    let error = run(json!({"layout": "amazon-2023", "reviews": path})).err().unwrap();
    assert!(error.contains("missing-user"), "{error}");
    assert!(!error.contains("of 60000 rows"), "it must not read on to the end: {error}");
}

fn message(params: serde_json::Value) -> String {
    run(params).err().unwrap_or_default()
}

#[test]
fn bad_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let none = message(lenient("amazon-2018", &path("none.json")));
    assert!(none.starts_with(&format!("find files of `reviews`: no file matches `{}`", path("none.json"))), "{none}");

    let empty = file(folder.path(), "empty.json", b"");
    assert_eq!(message(lenient("amazon-2018", &empty)), format!("read {empty}: expected rows, found an empty file"));
    let empty = file(folder.path(), "empty.json.gz", b"");
    assert_eq!(message(lenient("amazon-2018", &empty)), format!("read {empty}: expected rows, found an empty file"));
    let blank = file(folder.path(), "blank.json", b"\n \n");
    assert_eq!(message(lenient("amazon-2018", &blank)), format!("read {blank}: expected rows, found an empty file"));

    let other = file(folder.path(), "r.txt", b"x");
    assert!(message(lenient("amazon-2018", &other)).contains("found `r.txt`"));
    let parquet = file(folder.path(), "r.parquet", b"no parquet");
    let mut params = lenient("columns", &parquet);
    params["columns"] = json!({"user": "u", "item": "i", "rating": "r", "time": "t"});
    assert!(message(params).starts_with(&format!("read table {parquet}")), "the engine's reason follows");
}

#[test]
fn damaged_gz_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let whole: String = (0..5000)
        .map(|row| {
            GOOD.replace("A1", &format!("A{row}"))
                + "
"
        })
        .collect();
    let cut = file(folder.path(), "cut.json.gz", whole.as_bytes());
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let error = message(lenient("amazon-2018", &cut));
    let place = format!("{} bytes into the file; is it cut short or damaged?", bytes.len() / 2);
    assert!(error.starts_with(&format!("read {cut}: stopped ")) && error.contains(&place), "{error}");

    let no_gz = file(folder.path(), "plain.json", GOOD.as_bytes());
    let renamed = folder.path().join("plain.json.gz");
    fs::rename(no_gz, &renamed).unwrap();
    let error = message(lenient("amazon-2018", &renamed.display().to_string()));
    assert!(error.contains("stopped 0 bytes into its content"), "{error}");
}

#[test]
fn wrong_mappings_are_told_with_the_columns_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let csv = file(folder.path(), "r.csv", b"user,item,stars,when\n1,2,3,1529193600\n");
    let mut params = lenient("columns", &csv);
    params["columns"] = json!({"user": "user", "item": "item", "rating": "rating", "time": "when"});
    assert_eq!(
        message(params.clone()),
        format!(
            "read {csv}: expected column `rating`, found user, item, stars, when; correct the mapping of the columns"
        )
    );
    params["has_header"] = false.into();
    assert!(message(params).contains("found 4 columns without names"));
}

#[test]
fn a_quote_that_is_never_closed_ends_the_load() {
    let folder = tempfile::tempdir().unwrap();
    let mut content = b"u,i,r,t\n1,2,3,1529193600\n\"open,2,3,4\n".to_vec();
    content.extend(vec![b'x'; 400_000]);
    let csv = file(folder.path(), "r.csv", &content);
    let mut params = lenient("columns", &csv);
    params["columns"] = json!({"user": "u", "item": "i", "rating": "r", "time": "t"});
    params["max_line_bytes"] = 10_000.into();
    assert_eq!(
        message(params),
        format!("read {csv}: the record that begins at line 3 is longer than 10000 bytes; is a quote not closed?")
    );
}

fn accounted(folder: &Path, name: &str, layout: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut params = lenient(layout, &file(folder, name, bytes));
    params["max_line_bytes"] = 60.into();
    if layout == "columns" {
        params["columns"] = json!({"user": "0", "item": "1", "rating": "2", "time": "3"});
        params["has_header"] = false.into();
    }
    match run(params) {
        Ok(outcome) => {
            let sum = outcome.count("rows_out") + outcome.count("rejects") + outcome.count("duplicates");
            prop_assert_eq!(outcome.count("rows_in"), sum);
            prop_assert_eq!(outcome.reviews().len() as u64, outcome.count("rows_out"));
            prop_assert_eq!(outcome.rejects().len() as u64, outcome.count("rejects") + outcome.count("duplicates"));
        }
        Err(error) => {
            let is_expected = ["expected rows", "correct the mapping", "is a quote not closed"];
            prop_assert!(is_expected.iter().any(|part| error.contains(part)), "{}", error);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn arbitrary_bytes_are_accounted_for(
        mut bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'{'), Just(b'"'), Just(b',')], 1..400),
        good in 0_usize..3,
    ) {
        for _ in 0..good {
            bytes.extend(format!("\n{GOOD}").into_bytes());
        }
        let folder = tempfile::tempdir().unwrap();
        for layout in ["amazon-2014", "amazon-2018", "amazon-2023"] {
            accounted(folder.path(), "r.json", layout, &bytes)?;
        }
        accounted(folder.path(), "r.csv", "columns", &bytes)?;
    }
}
