//! The rejects of generated files are exactly the faults that the generator's truth lists: line,
//! offset, reason, field and the bytes as they stand in the file, in reviews and in metadata.
#![expect(clippy::unwrap_used, reason = "a step of a fixture that fails is a failed test")]

mod support;

use std::{fs::File, io::Read, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::MultiGzDecoder;
use serde_json::json;
use support::{Reject, run};
use synthetic::{FileTruth, Layout, Settings, write};

/// One faulty line, as the truth or the Rejects table has it.
#[derive(Debug, PartialEq, Eq)]
struct Faulty {
    line: u64,
    byte_offset: u64,
    reason: String,
    field: Option<String>,
    raw: Vec<u8>,
}

/// Names of user, item, rating and time in the lines of a layout.
fn names(layout: Layout) -> [&'static str; 4] {
    match layout {
        Layout::Amazon2014 | Layout::Amazon2018 => ["reviewerID", "asin", "overall", "unixReviewTime"],
        Layout::Amazon2023 => ["user_id", "parent_asin", "rating", "timestamp"],
    }
}

/// The field to blame for a faulty review line, by what the generator does to spoil one.
fn field_of_review(layout: Layout, reason: &str, raw: &[u8]) -> Option<&'static str> {
    let [user, item, rating, time] = names(layout);
    let text = String::from_utf8_lossy(raw);
    match reason {
        "missing-user" => Some(user),
        "missing-item" => Some(item),
        "missing-rating" | "rating-out-of-range" => Some(rating),
        "missing-time" | "impossible-time" => Some(time),
        "wrong-type" if text.contains(&format!("\"{user}\": 12345")) => Some(user),
        "wrong-type" if text.contains(&format!("\"{rating}\": \"five\"")) => Some(rating),
        "wrong-type" if text.contains(&format!("\"{time}\": \"yesterday\"")) => Some(time),
        _ => None,
    }
}

fn field_of_product(layout: Layout, reason: &str) -> Option<&'static str> {
    let key = if layout == Layout::Amazon2023 { "parent_asin" } else { "asin" };
    matches!(reason, "missing-item" | "wrong-type").then_some(key)
}

/// The lines of a file, as they stand.
fn lines(path: &Path) -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// What must be rejected of a file: all faulty lines but the empty ones, with their bytes.
fn expected(lines: &[Vec<u8>], truth: &FileTruth, field: impl Fn(&str, &[u8]) -> Option<&'static str>) -> Vec<Faulty> {
    let listed = truth.faulty_lines.iter().filter(|fault| fault.reason != "empty-line");
    let expected: Vec<Faulty> = listed
        .map(|fault| {
            let raw = lines[fault.line as usize - 1].clone();
            let field = field(&fault.reason, &raw).map(str::to_owned);
            Faulty { line: fault.line, byte_offset: fault.byte_offset, reason: fault.reason.clone(), field, raw }
        })
        .collect();
    // The truth lists the first thousand faults; a file with more would be compared in part only.
    assert_eq!(expected.len() as u64, truth.rejects + truth.duplicates);
    expected
}

/// What was rejected of a file. Of a duplicate the table names the line that was there before instead
/// of holding its bytes again; they are taken from there.
fn found(rejects: &[Reject], lines: &[Vec<u8>], file: &str) -> Vec<Faulty> {
    let of_file = rejects.iter().filter(|reject| reject.file.ends_with(file));
    let mut found: Vec<Faulty> = of_file
        .map(|reject| {
            let raw = if reject.reason == "duplicate" {
                assert_eq!(reject.raw, "", "line {}", reject.line);
                let earlier = reject.detail.rsplit(':').next().and_then(|line| line.parse::<u64>().ok()).unwrap();
                assert!(earlier < reject.line, "line {}: {}", reject.line, reject.detail);
                lines[earlier as usize - 1].clone()
            } else if reject.is_base64 {
                BASE64_STANDARD.decode(&reject.raw).unwrap()
            } else {
                reject.raw.clone().into_bytes()
            };
            assert_eq!(reject.is_base64, std::str::from_utf8(&raw).is_err(), "line {}", reject.line);
            assert!(!reject.detail.is_empty(), "line {}", reject.line);
            let Reject { line, byte_offset, reason, field, .. } = reject.clone();
            Faulty { line, byte_offset, reason, field, raw }
        })
        .collect();
    found.sort_by_key(|fault| fault.line);
    found
}

fn assert_equal(found: &[Faulty], expected: &[Faulty], what: &str) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}

#[test]
fn every_reject_is_the_fault_that_the_truth_lists() {
    for (layout, seed) in Layout::ALL.into_iter().zip([11, 12, 13]) {
        let folder = tempfile::tempdir().unwrap();
        let settings =
            Settings { layout, users: 250, items: 150, reviews: 3000, dirty_ratio: 0.2, seed, text_words: None };
        let truth = write(folder.path(), &settings).unwrap();
        let at = |name: &str| folder.path().join(name);
        let (reviews, products) = (layout.reviews_file(), layout.products_file());
        let outcome = run(json!({
            "layout": layout.name(),
            "reviews": at(reviews).display().to_string(),
            "metadata": at(products).display().to_string(),
            "max_reject_ratio": 0.5,
            // Small buffers: places must survive sorting on disk.
            "sort_buffer_bytes": 50_000,
        }))
        .unwrap();
        let rejects = outcome.rejects();
        let review_lines = lines(&at(reviews));
        let of_reviews = expected(&review_lines, &truth.reviews, |reason, raw| field_of_review(layout, reason, raw));
        assert!(of_reviews.iter().any(|fault| fault.field.is_some() && fault.reason == "wrong-type"));
        assert_equal(&found(&rejects, &review_lines, reviews), &of_reviews, layout.name());
        let product_lines = lines(&at(products));
        let of_products = expected(&product_lines, &truth.products, |reason, _| field_of_product(layout, reason));
        assert_equal(&found(&rejects, &product_lines, products), &of_products, layout.name());
    }
}
