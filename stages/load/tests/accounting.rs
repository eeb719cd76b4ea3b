//! Generated files with every kind of fault: the counts are exactly the truth, and neither threads
//! nor buffers change a byte.

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

#[test]
fn counts_are_the_truth_in_every_layout() {
    for layout in Layout::ALL {
        let folder = tempfile::tempdir().unwrap();
        let Truth { reviews, products, .. } = write(folder.path(), &settings(layout)).unwrap();
        let outcome = run(params(folder.path(), layout)).unwrap();
        check(&outcome, "", &reviews);
        check(&outcome, "metadata_", &products);
        assert_eq!(outcome.count("items"), 120, "{layout}");
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
