//! The stage as a whole: tables in, tables out.

#![expect(clippy::unwrap_used, reason = "a step of a fixture that fails is a failed test")]

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use pipeline::{Context, Input, Kind, Stage, TableReader, TableWriter, Task, read_interactions, read_json, read_keys};
use polars::{df, prelude::*};
use preprocess::{Params, Preprocess, Split};
use proptest::prelude::*;
use recommender::Interactions;
use serde_json::Value;

const DAY: i64 = 86_400;
const OUTPUTS: [&str; 8] =
    ["user_index", "item_index", "train", "validation", "test", "history", "item_features", "statistics"];

/// One review of the fixtures: user, item, rating, day, text.
type Row = (String, String, f32, i64, Option<String>);

fn row(user: &str, item: &str, rating: f32, day: i64) -> Row {
    (user.to_owned(), item.to_owned(), rating, day, Some("x".repeat(10)))
}

fn write_reviews(path: &Path, rows: &[Row]) {
    let frame = df!(
        "user" => rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(),
        "item" => rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>(),
        "rating" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "time" => rows.iter().map(|row| row.3 * DAY).collect::<Vec<_>>(),
        "verified" => vec![None::<bool>; rows.len()],
        "helpful_votes" => vec![None::<u32>; rows.len()],
        "text_length" => rows.iter().map(|row| row.4.as_deref().map(|text| text.chars().count() as u32)).collect::<Vec<_>>(),
        "part" => vec![0_u32; rows.len()],
        "row" => (0..rows.len() as u32).collect::<Vec<_>>(),
    );
    let mut writer = TableWriter::create_at(path, Kind::Reviews, "load", &[]).unwrap();
    writer.write(&frame.unwrap()).unwrap();
    writer.finish().unwrap();
}

/// Items `i0`, `i1`, ...: brand and category alternate, every third has no price.
fn write_items(path: &Path, items: usize) {
    let keys: Vec<String> = (0..items).map(|item| format!("i{item}")).collect();
    let categories: Vec<Series> =
        (0..items).map(|item| Series::new("".into(), ["All".to_owned(), format!("Category {}", item % 2)])).collect();
    let none = || ListChunked::full_null_with_dtype("".into(), items, &DataType::String);
    let empty = |name: &str| none().with_name(name.into()).into_series();
    let frame = df!(
        "item" => &keys,
        "title" => keys.iter().map(|key| format!("Title of {key}")).collect::<Vec<_>>(),
        "brand" => (0..items).map(|item| format!("Brand {}", item % 2)).collect::<Vec<_>>(),
        "categories" => Series::new("categories".into(), categories),
        "price" => (0..items).map(|item| (item % 3 > 0).then_some(item as f32)).collect::<Vec<_>>(),
        "description" => vec![None::<&str>; items],
        "image" => vec![None::<&str>; items],
        "also_bought" => empty("also_bought"),
        "also_viewed" => empty("also_viewed"),
    );
    let mut writer = TableWriter::create_at(path, Kind::Items, "load", &[]).unwrap();
    writer.write(&frame.unwrap()).unwrap();
    writer.finish().unwrap();
}

/// Runs the stage on the tables in `folder`; its outputs land there as well.
fn run(folder: &Path, params: &Params) -> anyhow::Result<()> {
    let input = |port: &str| {
        let path = folder.join(format!("{port}.parquet"));
        let input = Input { stage: "load".to_owned(), port: port.to_owned(), path: path.clone() };
        (port.to_owned(), if path.exists() { vec![input] } else { Vec::new() })
    };
    let task = Task {
        name: "preprocess".to_owned(),
        stage: Preprocess::NAME.to_owned(),
        pipeline: "test".to_owned(),
        fingerprint: "0".repeat(32),
        params: serde_json::to_value(params)?,
        inputs: ["reviews", "items", "test"].map(input).into(),
        outputs: OUTPUTS.map(|port| (port.to_owned(), folder.join(port))).into(),
        scratch: folder.to_owned(),
    };
    Preprocess::run(params, &Context::new(task, Box::new(std::io::sink())))
}

fn outputs(folder: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    OUTPUTS.map(|port| (port, fs::read(folder.join(port)).unwrap())).into()
}

/// Writes the fixture, runs the stage, and gives the bytes of all outputs.
fn run_on(rows: &[Row], items: usize, params: &Params) -> BTreeMap<&'static str, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    write_reviews(&folder.path().join("reviews.parquet"), rows);
    write_items(&folder.path().join("items.parquet"), items);
    run(folder.path(), params).unwrap();
    outputs(folder.path())
}

fn parts(folder: &Path) -> [Interactions; 3] {
    let users = read_keys(&folder.join("user_index"), Kind::UserIndex).unwrap().len();
    let items = read_keys(&folder.join("item_index"), Kind::ItemIndex).unwrap().len();
    ["train", "validation", "test"].map(|port| read_interactions(&folder.join(port), users, items).unwrap())
}

fn features(folder: &Path) -> (Vec<String>, Vec<Vec<f32>>) {
    let table = TableReader::open(&folder.join("item_features"), Kind::ItemFeatures).unwrap();
    let names = serde_json::from_str(table.metadata_value("features").unwrap()).unwrap();
    let frame = table.read(&[]).unwrap();
    let indices: Vec<u32> = frame.column("item").unwrap().u32().unwrap().into_no_null_iter().collect();
    assert_eq!(indices, (0..frame.height() as u32).collect::<Vec<_>>());
    let values = frame.column("values").unwrap().list().unwrap();
    let rows = (0..frame.height())
        .map(|item| values.get_as_series(item).unwrap().f32().unwrap().into_no_null_iter().collect())
        .collect();
    (names, rows)
}

/// Eight users rate five of eight items on their own days; every item keeps enough users.
fn dense() -> Vec<Row> {
    (0..8_i64)
        .flat_map(|user| {
            (0..5_i64).map(move |nth| {
                let item = (user + nth * 3) % 8;
                row(&format!("u{user}"), &format!("i{item}"), 1.0 + ((user + nth) % 5) as f32, 100 * user + nth)
            })
        })
        .collect()
}

fn loose(split: Split) -> Params {
    Params { min_user_interactions: 1, min_item_interactions: 1, split, ..Params::default() }
}

#[test]
fn a_small_example_comes_out_as_computed_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        row("bob", "i1", 2.0, 10),
        row("ann", "i2", 3.0, 3),
        row("ann", "i0", 5.0, 1),
        // Ann rates i0 again: the newest rating stands.
        row("ann", "i0", 4.0, 2),
        row("ann", "i1", 1.0, 4),
        row("bob", "i0", 5.0, 9),
        // Only Cid has i9 and Cid has nothing else: both leave.
        row("cid", "i9", 5.0, 1),
        row("bob", "i2", 4.0, 11),
    ];
    write_reviews(&folder.path().join("reviews.parquet"), &rows);
    let params = Params { min_user_interactions: 2, min_item_interactions: 2, ..Params::default() };
    run(folder.path(), &params).unwrap();

    assert_eq!(read_keys(&folder.path().join("user_index"), Kind::UserIndex).unwrap(), ["ann", "bob"]);
    assert_eq!(read_keys(&folder.path().join("item_index"), Kind::ItemIndex).unwrap(), ["i0", "i1", "i2"]);
    // Ann by time: i0 (4, day 2), i2 (3, day 3), i1 (1, day 4). Bob: i0 (5), i1 (2), i2 (4).
    let found = parts(folder.path()).map(|part| {
        let of = |user| {
            part.history(user).iter().map(|entry| (entry.item, entry.weight, i64::from(entry.time) / DAY)).collect()
        };
        let both: [Vec<(u32, f32, i64)>; 2] = [of(0), of(1)];
        both
    });
    assert_eq!(found[0], [vec![(0, 4.0, 2)], vec![(0, 5.0, 9)]]);
    assert_eq!(found[1], [vec![(2, 3.0, 3)], vec![(1, 2.0, 10)]]);
    assert_eq!(found[2], [vec![(1, 1.0, 4)], vec![(2, 4.0, 11)]]);

    let statistics: Value = read_json(&folder.path().join("statistics")).unwrap();
    assert_eq!(statistics["filtering"]["rows"], 8);
    assert_eq!(statistics["filtering"]["merged"]["interactions"], 7);
    assert_eq!(statistics["filtering"]["core"], serde_json::json!({"users": 2, "items": 3, "interactions": 6}));
    assert_eq!(statistics["filtering"]["density"], 1.0);
    // Train holds i0 alone: i1 and i2 are cold, and both test interactions are of cold items.
    assert_eq!(statistics["split"]["cold_items"], 2);
    assert_eq!(statistics["split"]["test"]["of_cold_items"], 2);
    assert_eq!(statistics["split"]["test"]["of_cold_users"], 0);

    // One training item: every numeric value equals its mean, so 0; only `cold` and the missing
    // review length tell the items apart. Without metadata there are no metadata features.
    let (names, rows) = features(folder.path());
    assert_eq!(names, ["popularity", "recency", "cold", "rating_mean", "review_length", "review_length_missing"]);
    assert_eq!(rows[0], [0.0; 6]);
    // Popularity is ln(1 + 0) against the mean ln(1 + 2), deviation taken as 1.
    let cold = [-(3.0_f64.ln()) as f32, 0.0, 1.0, 0.0, 0.0, 1.0];
    assert_eq!(rows[1..], [cold, cold]);
}

#[test]
fn a_given_test_part_is_taken_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |days: std::ops::Range<i64>| -> Vec<Row> {
        let items = days.map(|day| (format!("i{day}"), day));
        items.flat_map(|(item, day)| [row("ann", &item, 5.0, day), row("bob", &item, 5.0, day)]).collect()
    };
    write_reviews(&folder.path().join("reviews.parquet"), &rows(0..10));
    // i9 is in both files, cem and i10 only in that of the test.
    let test = [row("ann", "i9", 5.0, 1), row("ann", "i10", 5.0, 2), row("cem", "i0", 5.0, 1)];
    write_reviews(&folder.path().join("test.parquet"), &test);
    run(folder.path(), &Params { validation_ratio: 0.2, ..loose(Split::Given) }).unwrap();
    assert_eq!(read_keys(&folder.path().join("user_index"), Kind::UserIndex).unwrap(), ["ann", "bob", "cem"]);
    let [train, validation, test] = parts(folder.path());
    let items = read_keys(&folder.path().join("item_index"), Kind::ItemIndex).unwrap();
    let of = |user| test.history(user).iter().map(|entry| items[entry.item as usize].as_str()).collect();
    let tested: [Vec<&str>; 3] = [of(0), of(1), of(2)];
    assert_eq!(tested, [vec!["i10"], vec![], vec!["i0"]]);
    // 10 * 0.2 = 2 exactly, whatever is drawn.
    assert_eq!([validation.history(0).len(), validation.history(1).len(), validation.history(2).len()], [2, 2, 0]);
    let history = read_interactions(&folder.path().join("history"), 3, items.len()).unwrap();
    assert_eq!(history, train.merged(&validation));
    assert_eq!(history.len(), 20);
}

#[test]
fn a_split_and_a_test_part_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_reviews(&folder.path().join("reviews.parquet"), &dense());
    let message = |params: &Params| run(folder.path(), params).unwrap_err().to_string();
    assert!(message(&loose(Split::Given)).contains("split `given` needs the input `test`"));
    write_reviews(&folder.path().join("test.parquet"), &dense());
    assert!(message(&loose(Split::Random)).contains("split `random` makes a test part of its own"));
    let cored = Params { split: Split::Given, ..Params::default() };
    assert!(message(&cored).contains("`min_item_interactions` to 1"), "{}", message(&cored));
}

#[test]
fn features_name_every_column_and_are_finite() {
    let folder = tempfile::tempdir().unwrap();
    write_reviews(&folder.path().join("reviews.parquet"), &dense());
    write_items(&folder.path().join("items.parquet"), 6);
    run(folder.path(), &loose(Split::LeaveLastOut)).unwrap();
    let (names, rows) = features(folder.path());
    for name in ["price", "price_missing", "price_band=1", "brand=brand 0", "category=category 1", "title_length"] {
        assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
    }
    assert_eq!(rows.len(), 8);
    for row in &rows {
        assert_eq!(row.len(), names.len());
        assert!(row.iter().all(|value| value.is_finite()), "{row:?}");
    }
    // Items i6 and i7 have no metadata at all.
    let missing = names.iter().position(|name| name == "title_missing").unwrap();
    assert_eq!(rows.iter().map(|row| row[missing]).collect::<Vec<_>>(), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
}

#[test]
fn features_see_nothing_of_validation_and_test() {
    for split in [Split::LeaveLastOut, Split::Temporal, Split::Random] {
        let params = Params { validation_ratio: 0.2, test_ratio: 0.2, ..loose(split) };
        let before = run_on(&dense(), 8, &params);
        let folder = tempfile::tempdir().unwrap();
        write_reviews(&folder.path().join("reviews.parquet"), &dense());
        run(folder.path(), &params).unwrap();
        let users = read_keys(&folder.path().join("user_index"), Kind::UserIndex).unwrap();
        let items = read_keys(&folder.path().join("item_index"), Kind::ItemIndex).unwrap();
        let [_, validation, test] = parts(folder.path());
        let held_out = |row: &Row| {
            let user = users.iter().position(|key| *key == row.0).unwrap() as u32;
            let is_in =
                |part: &Interactions| part.history(user).iter().any(|entry| items[entry.item as usize] == row.1);
            // Days leave room: test moves by more than validation, so the order of both stays.
            if is_in(&test) {
                Some(5000)
            } else {
                is_in(&validation).then_some(if split == Split::Temporal { 0 } else { 2 })
            }
        };
        let mut changed = 0;
        let rows: Vec<Row> = dense()
            .into_iter()
            .map(|row| match held_out(&row) {
                Some(days) => {
                    changed += 1;
                    (row.0, row.1, 6.0 - row.2, row.3 + days, Some("another and much longer text".repeat(9)))
                }
                None => row,
            })
            .collect();
        assert!(changed >= 8, "{split:?}: {changed}");
        let after = run_on(&rows, 8, &params);
        assert_eq!(before["train"], after["train"], "{split:?}");
        assert_ne!(before["test"], after["test"], "{split:?}");
        assert_eq!(before["item_features"], after["item_features"], "{split:?}");
    }
}

#[test]
fn products_that_nobody_chose_are_indexed_if_they_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    write_reviews(&folder.path().join("reviews.parquet"), &dense());
    let params = Params { cold_items: true, ..loose(Split::LeaveLastOut) };
    let message = run(folder.path(), &params).unwrap_err().to_string();
    assert_eq!(
        message,
        "index items: `cold_items: true` needs the input `items`; connect it to `load.items`, or leave it out"
    );
    write_items(&folder.path().join("items.parquet"), 11);
    run(folder.path(), &loose(Split::LeaveLastOut)).unwrap();
    let chosen = |folder: &Path| {
        let keys = read_keys(&folder.join("item_index"), Kind::ItemIndex).unwrap();
        let histories = |part: &Interactions| {
            let history = |entries: &[recommender::Interaction]| {
                entries.iter().map(|entry| keys[entry.item as usize].clone()).collect()
            };
            part.histories().map(history).collect::<Vec<Vec<String>>>()
        };
        (keys.len(), parts(folder).iter().map(histories).collect::<Vec<_>>())
    };
    let (items, before) = chosen(folder.path());
    run(folder.path(), &params).unwrap();
    let (more, after) = chosen(folder.path());
    assert_eq!((items, more), (8, 11));
    assert_eq!(after, before, "the same interactions");
    let statistics: Value = serde_json::from_slice(&fs::read(folder.path().join("statistics")).unwrap()).unwrap();
    assert!(statistics["split"]["cold_items"].as_u64().unwrap() >= 3, "{statistics}");
    assert_eq!(features(folder.path()).1.len(), 11);
}

#[test]
fn an_empty_core_tells_which_bound_would_leave_something() {
    let folder = tempfile::tempdir().unwrap();
    write_reviews(&folder.path().join("reviews.parquet"), &dense());
    let params = Params { min_user_interactions: 6, min_item_interactions: 7, ..Params::default() };
    let message = run(folder.path(), &params).unwrap_err().to_string();
    // Every user has five items and every item five users, so the largest bound is 5.
    assert_eq!(
        message,
        "filter interactions: no user has 6 items that have 7 users each, out of 40 reviews (40 interactions of 8 \
         users with 8 items); the largest bound that leaves something is 5: set `min_user_interactions` and \
         `min_item_interactions` to 5 or less, or take a larger sample"
    );
    assert!(OUTPUTS.iter().all(|port| !folder.path().join(port).exists()), "nothing is written");
}

#[test]
fn inputs_without_interactions_to_learn_from_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let reviews = folder.path().join("reviews.parquet");
    let message = |params: &Params| run(folder.path(), params).unwrap_err().to_string();
    write_reviews(&reviews, &[]);
    assert!(message(&Params::default()).contains("found a table of 0 rows"));
    write_reviews(&reviews, &dense());
    let strict = Params { min_rating: Some(5.0), ..loose(Split::Random) };
    write_reviews(&reviews, &[row("a", "x", 4.0, 1), row("b", "x", 2.0, 1)]);
    assert!(message(&strict).contains("none of 2 has a rating of at least min_rating = 5; the highest is 4"));
    write_reviews(&reviews, &[row("a", "x", f32::NAN, 1)]);
    assert!(message(&strict).contains("row 0, column `rating`: expected a finite number, found NaN"));
}

#[test]
fn a_temporal_split_of_one_second_keeps_it_in_train() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<Row> = dense().into_iter().map(|row| (row.0, row.1, row.2, 7, row.4)).collect();
    write_reviews(&folder.path().join("reviews.parquet"), &rows);
    run(folder.path(), &loose(Split::Temporal)).unwrap();
    assert_eq!(parts(folder.path()).map(|part| part.len()), [40, 0, 0]);
}

/// Run by the next test in processes of their own, because the engine fixes its threads at the start.
#[test]
fn child_of_the_thread_test() {
    if let Ok(folder) = std::env::var("PREPROCESS_TEST_FOLDER") {
        run(Path::new(&folder), &loose(Split::Random)).unwrap();
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let of_threads = |threads: &str| {
        let folder = tempfile::tempdir().unwrap();
        write_reviews(&folder.path().join("reviews.parquet"), &dense());
        write_items(&folder.path().join("items.parquet"), 8);
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_of_the_thread_test"])
            .env("PREPROCESS_TEST_FOLDER", folder.path())
            .env("POLARS_MAX_THREADS", threads)
            .env("RAYON_NUM_THREADS", threads)
            .status()
            .unwrap();
        assert!(status.success());
        outputs(folder.path())
    };
    assert_eq!(of_threads("1"), of_threads("7"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_rows_changes_no_byte(
        (rows, shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        split in prop_oneof![Just(Split::LeaveLastOut), Just(Split::Temporal), Just(Split::Random)],
    ) {
        let write = |rows: &[Row]| {
            let folder = tempfile::tempdir().unwrap();
            write_reviews(&folder.path().join("reviews.parquet"), rows);
            run(folder.path(), &loose(split)).map(|()| outputs(folder.path())).map_err(|error| error.to_string())
        };
        prop_assert_eq!(write(&rows), write(&shuffled));
    }
}

/// Few users, items and days, so that repeated reviews and equal times are common.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    proptest::collection::vec((0..5_u8, 0..5_u8, 1..=5_u8, 0..4_i64, 0..3_usize), 1..40).prop_map(|rows| {
        let row = |(user, item, rating, day, length): (u8, u8, u8, i64, usize)| {
            (format!("u{user}"), format!("i{item}"), f32::from(rating), day, Some("x".repeat(length)))
        };
        rows.into_iter().map(row).collect()
    })
}
