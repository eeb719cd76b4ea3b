//! The stage as the orchestrator runs it: parameters as JSON, artifacts in a folder.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test")]

use std::path::Path;

use pipeline::{
    Context, Input, Kind, StageEntry, TableWriter, Task, read_model, schema, write_interactions, write_keys,
};
use polars::{
    df,
    frame::DataFrame,
    prelude::{DataType, NamedFrom, Series},
};
use recommender::{Interaction, Interactions, Recommender, load};
use serde_json::{Value, json};
use train_content::TrainContent;

const PORTS: [&str; 5] = ["items", "item_index", "item_features", "user_index", "train"];

fn context(folder: &Path) -> Context {
    let path = |name: &str| folder.join(name);
    let input = |port: &str| Input { stage: "before".to_owned(), port: port.to_owned(), path: path(port) };
    let task = Task {
        name: "content".to_owned(),
        stage: "train-content".to_owned(),
        pipeline: "test".to_owned(),
        fingerprint: "0".to_owned(),
        params: Value::Null,
        inputs: PORTS
            .iter()
            .filter(|port| path(port).exists())
            .map(|port| ((*port).to_owned(), vec![input(port)]))
            .collect(),
        // The inputs are outputs as well, so that the test can write them.
        outputs: PORTS.iter().chain(&["model"]).map(|port| ((*port).to_owned(), path(port))).collect(),
        scratch: folder.to_owned(),
    };
    Context::new(task, Box::new(std::io::sink()))
}

fn lists(rows: &[&[&str]]) -> Series {
    let rows: Vec<Series> = rows.iter().map(|row| Series::new("".into(), *row)).collect();
    Series::new("".into(), rows).cast(&DataType::List(Box::new(DataType::String))).unwrap()
}

/// Metadata of items `c` (not in the index), `b` and `a`, in this order; `d` has none.
fn items() -> DataFrame {
    let none: [Option<f32>; 4] = [None; 4];
    let frame = df!(
        "item" => ["c", "b", "a", "a"],
        "title" => [Some("Red guitar"), Some("Red guitar strings"), None, Some("Steel drum")],
        "brand" => [None, None, Some("Fender"), None],
        "categories" => lists(&[&["Music"], &["Music", "Guitar"], &["Music", "Red Guitar"], &[]]),
        "price" => none,
        "description" => [None::<&str>; 4],
        "image" => [None::<&str>; 4],
        "also_bought" => lists(&[&[], &[], &[], &[]]),
        "also_viewed" => lists(&[&[], &[], &[], &[]]),
    );
    frame.unwrap()
}

fn write_table(folder: &Path, port: &str, kind: Kind, frame: &DataFrame, extra: &[(&str, String)]) {
    let columns = schema::columns(kind).into_iter().map(|column| column.name);
    let frame = frame.select(columns).unwrap();
    let mut writer = TableWriter::create_at(&folder.join(port), kind, "test", extra).unwrap();
    writer.write(&frame).unwrap();
    writer.finish().unwrap();
}

/// Item `a` and `d` have the same features, `b` the opposite.
fn write_inputs(folder: &Path, items: &DataFrame, features: &[[f32; 2]]) {
    let keys = ["a", "b", "d"].map(str::to_owned);
    write_keys(&context(folder), "item_index", Kind::ItemIndex, &keys).unwrap();
    write_table(folder, "items", Kind::Items, items, &[]);
    let index: Vec<u32> = (0..features.len() as u32).collect();
    let values: Vec<Series> = features.iter().map(|row| Series::new("".into(), row)).collect();
    let frame = df!("item" => index, "values" => Series::new("".into(), values)).unwrap();
    let names = [("features", r#"["price", "popularity"]"#.to_owned())];
    write_table(folder, "item_features", Kind::ItemFeatures, &frame, &names);
}

fn run(folder: &Path, params: Value) -> anyhow::Result<Box<dyn Recommender>> {
    let entry = StageEntry::of::<TrainContent>();
    (entry.run)(&(entry.canonical)(params)?, &context(folder))?;
    Ok(load(&read_model(&folder.join("model")).unwrap()).unwrap())
}

fn scores(model: &dyn Recommender, item: u32) -> Vec<f32> {
    let mut scores = vec![9.0; model.item_count()];
    model.score(&[Interaction { item, weight: 5.0, time: 0 }], &mut scores);
    scores
}

#[test]
fn texts_are_brought_into_the_order_of_the_index() {
    let folder = tempfile::tempdir().unwrap();
    write_inputs(folder.path(), &items(), &[[1.0, 2.0], [3.0, 0.0], [1.0, 2.0]]);
    // Of the two rows of item a the first counts; music, red and guitar stand in both a and b.
    let model = run(folder.path(), json!({ "max_df_ratio": 1.0 })).unwrap();
    let found = scores(model.as_ref(), 0);
    assert!(found[1] > 0.5 && found[2].abs() < f32::EPSILON, "{found:?}");
    assert_eq!(model.similar(0, 9).len(), 1);
}

#[test]
fn features_are_taken_in_by_their_weight() {
    let folder = tempfile::tempdir().unwrap();
    write_inputs(folder.path(), &items(), &[[1.0, 2.0], [3.0, 0.0], [1.0, 2.0]]);
    let scores_with = |weight: f64| {
        let params = json!({ "max_df_ratio": 1.0, "feature_weight": weight });
        scores(run(folder.path(), params).unwrap().as_ref(), 0)
    };
    // Cosines of the features with those of item a: 1, -1 and 1.
    let expected: Vec<f32> =
        scores_with(0.0).iter().zip([0.5, -0.5, 0.5]).map(|(text, feature)| text + feature).collect();
    let found = scores_with(0.5);
    assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} {expected:?}");
}

#[test]
fn what_is_chosen_often_is_lifted_if_interactions_are_connected() {
    let folder = tempfile::tempdir().unwrap();
    write_inputs(folder.path(), &items(), &[[1.0, 2.0], [3.0, 0.0], [1.0, 2.0]]);
    let params = || json!({ "max_df_ratio": 1.0, "popularity": 1.0 });
    let without = scores(run(folder.path(), params()).unwrap().as_ref(), 0);
    let users = ["u", "v"].map(str::to_owned);
    write_keys(&context(folder.path()), "user_index", Kind::UserIndex, &users).unwrap();
    let entry = Interaction { item: 1, weight: 5.0, time: 0 };
    let train = Interactions::from_pairs(2, 3, &[(0, entry), (1, entry)]);
    write_interactions(&context(folder.path()), "train", &train).unwrap();
    let with = scores(run(folder.path(), params()).unwrap().as_ref(), 0);
    // Item b was chosen twice: (1 + 2)^1.
    assert!((with[1] - 3.0 * without[1]).abs() < 1e-5 && (with[0] - without[0]).abs() < 1e-5, "{with:?} {without:?}");
}

#[test]
fn features_of_another_run_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    write_inputs(folder.path(), &items(), &[[1.0, 2.0]; 4]);
    let error = run(folder.path(), json!({ "feature_weight": 0.5 })).err().unwrap().to_string();
    assert!(error.contains("row 3: expected an item below 3 and 2 values, found item 3"), "{error}");
}

#[test]
fn nothing_to_read_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    write_inputs(folder.path(), &items().head(Some(0)), &[[1.0, 2.0]; 3]);
    let error = run(folder.path(), json!({})).err().unwrap().to_string();
    assert!(error.contains("none of 3 items has a usable word; load metadata"), "{error}");
}

#[test]
fn wrong_parameters_are_named() {
    let canonical = StageEntry::of::<TrainContent>().canonical;
    for (params, part) in [
        (json!({ "max_df": 0.5 }), "unknown field `max_df`, expected one of `field_weights`, `learn_field_weights`"),
        (json!({ "field_weights": { "titel": 1.0 } }), "unknown field `titel`"),
        (json!({ "field_weights": { "title": -1.0 } }), "use field_weights.title = -1 of content-tfidf"),
        (json!({ "popularity": 1.5 }), "use popularity = 1.5 of content-tfidf: expected a number from 0 to 1"),
    ] {
        let message = canonical(params).unwrap_err().message;
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(canonical(json!({})).unwrap()["max_df_ratio"], json!(0.5));
}
