//! Generated files with every kind of fault: the counts are exactly the truth, and neither threads
//! nor buffers change a byte.

#![expect(clippy::unwrap_used, reason = "a step of a fixture that fails is a failed test")]

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::run;
use synthetic::{FileTruth, Layout, Settings, Truth, write};

fn settings(layout: Layout) -> Settings {
    Settings { layout, users: 300, items: 120, reviews: 4000, dirty_ratio: 0.1, seed: 3, text_words: None }
}

fn params(folder: &Path, layout: Layout) -> Value {
    json!({
        "layout": layout.name(),
        "reviews": folder.join(layout.reviews_file()).display().to_string(),
        "metadata": folder.join(layout.products_file()).display().to_string(),
        "max_reject_ratio": 0.5,
    })
}

fn check(outcome: &support::Outcome, prefix: &str, truth: &FileTruth) {
    let count = |name: &str| outcome.count(&format!("{prefix}{name}"));
    assert_eq!(count("rows_in"), truth.rows, "{prefix}");
    assert_eq!(count("rows_out"), truth.sound, "{prefix}");
    assert_eq!(count("rejects"), truth.rejects, "{prefix}");
    assert_eq!(count("duplicates"), truth.duplicates, "{prefix}");
    assert_eq!(count("empty_lines"), truth.empty_lines, "{prefix}");
    assert_eq!(outcome.summary[&format!("{prefix}rejects_by_reason")], json!(truth.rejects_by_reason), "{prefix}");
}

/// The output `account` says the same as the summary, with examples.
fn check_account(outcome: &support::Outcome, reviews: &FileTruth, products: &FileTruth) {
    let path = outcome.folder.path().join("account.json");
    let account: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for (part, truth) in [("reviews", reviews), ("metadata", products)] {
        let count = |name: &str| account[part][name].as_u64().unwrap();
        assert_eq!((count("rows_in"), count("rows_out")), (truth.rows, truth.sound), "{part}");
        assert_eq!((count("rejected"), count("duplicates")), (truth.rejects, truth.duplicates), "{part}");
        assert_eq!((count("empty_lines"), count("repaired")), (truth.empty_lines, 0), "{part}");
        let reasons = account[part]["reasons"].as_array().unwrap();
        let by_reason: serde_json::Map<String, Value> = reasons
            .iter()
            .map(|reason| (reason["code"].as_str().unwrap().to_owned(), reason["rows"].clone()))
            .collect();
        assert_eq!(Value::Object(by_reason), json!(truth.rejects_by_reason), "{part}");
        for reason in reasons {
            let examples = reason["examples"].as_array().unwrap();
            assert_eq!(examples.len() as u64, reason["rows"].as_u64().unwrap().min(3), "{reason}");
            let file = account[part]["files"][0].as_str().unwrap();
            assert!(examples[0].as_str().unwrap().starts_with(&format!("{file}:")), "{reason}");
        }
    }
}

#[test]
fn counts_are_the_truth_in_every_layout() {
    for layout in Layout::ALL {
        let folder = tempfile::tempdir().unwrap();
        let Truth { reviews, products, .. } = write(folder.path(), &settings(layout)).unwrap();
        let outcome = run(params(folder.path(), layout)).unwrap();
        check(&outcome, "", &reviews);
        check(&outcome, "metadata_", &products);
        assert_eq!(outcome.count("items"), 120, "{layout}");
        check_account(&outcome, &reviews, &products);
        let mut expected: Vec<(u64, u64, &str)> = reviews
            .faulty_lines
            .iter()
            .filter(|fault| fault.reason != "empty-line")
            .map(|fault| (fault.line, fault.byte_offset, fault.reason.as_str()))
            .collect();
        let rejects = outcome.rejects();
        let of_reviews = rejects.iter().filter(|reject| reject.file.contains("reviews"));
        let mut found: Vec<(u64, u64, &str)> =
            of_reviews.map(|reject| (reject.line, reject.byte_offset, reject.reason.as_str())).collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{layout}");
    }
}

#[test]
fn threads_and_buffers_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::Amazon2018;
    write(folder.path(), &Settings { reviews: 12_000, users: 900, ..settings(layout) }).unwrap();
    let run_with = |threads: usize, buffer: usize| {
        let mut params = params(folder.path(), layout);
        params["sort_buffer_bytes"] = buffer.into();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let outcome = pool.install(|| run(params)).unwrap();
        (outcome.hashes(), outcome.summary)
    };
    let one = run_with(1, 96 << 20);
    assert!(one == run_with(4, 96 << 20), "four threads");
    // 12,000 rows of about 300 bytes through buffers of 20 kB: some 200 runs, more than are merged at once.
    assert!(one == run_with(3, 20_000), "small buffers");
}

#[test]
fn several_files_at_once_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::Amazon2018;
    // Files of different lengths, so that a later one is read to its end before an earlier one.
    for (number, reviews) in [9_000, 500, 4_000, 1_000].into_iter().enumerate() {
        let made = folder.path().join("made");
        write(&made, &Settings { reviews, seed: number as u64, ..settings(layout) }).unwrap();
        let file = folder.path().join(format!("{number}-reviews.json.gz"));
        std::fs::rename(made.join("sample-reviews.json.gz"), file).unwrap();
    }
    let pattern = folder.path().join("*-reviews.json.gz").display().to_string();
    let run_with = |threads: usize| {
        let params = serde_json::json!({"layout": layout.name(), "reviews": pattern, "max_reject_ratio": 0.5});
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(params)).unwrap()
    };
    let (one, many) = (run_with(1), run_with(8));
    assert!(one.hashes() == many.hashes(), "one and eight threads");
    assert_eq!(one.summary, many.summary);
    // The reviews find their texts, part by part; a repeated line in another file is a duplicate too.
    assert_eq!(many.reviews().len() as u64, many.count("rows_out"));
    let places: Vec<_> =
        many.rejects().into_iter().map(|reject| (reject.reason == "duplicate", reject.file, reject.line)).collect();
    let rejects = places.iter().take_while(|(is_duplicate, ..)| !is_duplicate).count();
    assert!(places[..rejects].is_sorted() && rejects > 100, "rejects stand in the order of the files");
}

#[test]
fn rows_are_sorted_by_item_user_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::Amazon2023;
    write(folder.path(), &settings(layout)).unwrap();
    let outcome = run(params(folder.path(), layout)).unwrap();
    let keys: Vec<_> = outcome.reviews().into_iter().map(|review| (review.item, review.user, review.time)).collect();
    assert!(keys.is_sorted());
    let items: Vec<_> = outcome.items().into_iter().map(|item| item.key).collect();
    assert!(items.is_sorted_by(|one, other| one < other));
    assert!(keys.iter().all(|(item, ..)| items.binary_search(item).is_ok()), "every reviewed item has a row");
}
