//! The stage as the orchestrator runs it: parameters as JSON, artifacts in a folder.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test")]

use std::{collections::BTreeMap, path::Path};

use pipeline::{Context, Input, Kind, StageEntry, Task, read_model, write_interactions, write_keys};
use recommender::{Interaction, Interactions, load};
use serde_json::{Value, json};
use train_cf::TrainCf;

fn context(folder: &Path) -> Context {
    let path = |name: &str| folder.join(name);
    let input = |port: &str| Input { stage: "preprocess".to_owned(), port: port.to_owned(), path: path(port) };
    let ports = ["train", "user_index", "item_index"];
    let task = Task {
        name: "als".to_owned(),
        stage: "train-cf".to_owned(),
        pipeline: "test".to_owned(),
        fingerprint: "0".to_owned(),
        params: Value::Null,
        inputs: ports.iter().map(|port| ((*port).to_owned(), vec![input(port)])).collect(),
        // The inputs are outputs as well, so that the test can write them.
        outputs: ports.iter().chain(&["model"]).map(|port| ((*port).to_owned(), path(port))).collect(),
        scratch: folder.to_owned(),
    };
    Context::new(task, Box::new(std::io::sink()))
}

fn write_inputs(context: &Context, pairs: &[(u32, Interaction)]) {
    let keys = |letter: char| (0..4).map(|index| format!("{letter}{index}")).collect::<Vec<String>>();
    write_keys(context, "user_index", Kind::UserIndex, &keys('u')).unwrap();
    write_keys(context, "item_index", Kind::ItemIndex, &keys('i')).unwrap();
    write_interactions(context, "train", &Interactions::from_pairs(4, 4, pairs)).unwrap();
}

fn run(folder: &Path, params: Value) -> anyhow::Result<()> {
    let entry = StageEntry::of::<TrainCf>();
    (entry.run)(&(entry.canonical)(params)?, &context(folder))
}

#[test]
fn every_algorithm_writes_a_model_that_can_be_loaded() {
    for algorithm in ["popularity", "item-knn", "als", "biased-mf"] {
        let folder = tempfile::tempdir().unwrap();
        let cells = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (3, 2), (3, 3)];
        let pairs = cells.map(|(user, item)| (user, Interaction { item, weight: 4.0, time: 1 }));
        write_inputs(&context(folder.path()), &pairs);
        run(folder.path(), json!({ "algorithm": algorithm })).unwrap();
        let model = load(&read_model(&folder.path().join("model")).unwrap()).unwrap();
        assert_eq!((model.algorithm(), model.item_count()), (algorithm, 4));
    }
}

#[test]
fn defaults_are_filled_in_so_that_they_decide_the_fingerprint() {
    let canonical = StageEntry::of::<TrainCf>().canonical;
    let params = canonical(json!({ "algorithm": "item-knn", "neighbors": 50 })).unwrap();
    let expected = json!({
        "algorithm": "item-knn",
        "neighbors": 50,
        "weighting": "tf-idf",
        "shrinkage": 5.0,
        "history_exponent": 0.5,
        "target_exponent": 0.5,
        "history_decay": 0.0,
        "use_ratings": false
    });
    assert_eq!(params, expected);
    assert_eq!(canonical(params.clone()).unwrap(), params);
}

#[test]
fn wrong_parameters_are_named() {
    let canonical = StageEntry::of::<TrainCf>().canonical;
    for (params, part) in [
        (json!({}), "missing field `algorithm`"),
        (json!({ "algorithm": "svd2" }), "unknown variant `svd2`, expected one of `popularity`, `transition`"),
        (json!({ "algorithm": "als", "neighbors": 5 }), "unknown field `neighbors`, expected one of `factors`"),
        (json!({ "algorithm": "als", "factors": 0 }), "use factors = 0 of als: expected a whole number from 1 to 1024"),
        (json!({ "algorithm": "item-knn", "weighting": "bm52" }), "unknown variant `bm52`"),
    ] {
        let message = canonical(params).unwrap_err().message;
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_schema_lists_the_parameters_of_every_algorithm() {
    let schema = (StageEntry::of::<TrainCf>().schema)();
    let variants: BTreeMap<String, Vec<String>> = schema.as_value()["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| {
            let properties = variant["properties"].as_object().unwrap();
            let name = properties["algorithm"]["const"].as_str().unwrap().to_owned();
            (name, properties.keys().cloned().collect())
        })
        .collect();
    let names = [
        "als",
        "biased-mf",
        "ease",
        "embedding",
        "graph-filter",
        "item-knn",
        "popularity",
        "rp3beta",
        "slim",
        "slist",
        "svd",
        "transition",
        "user-knn",
    ];
    assert_eq!(variants.keys().collect::<Vec<_>>(), names);
    assert!(variants["als"].contains(&"unobserved_weight".to_owned()), "{:?}", variants["als"]);
    assert!(variants["transition"].contains(&"backward".to_owned()), "{:?}", variants["transition"]);
}

#[test]
fn nothing_to_learn_from_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    write_inputs(&context(folder.path()), &[]);
    let error = run(folder.path(), json!({ "algorithm": "als" })).unwrap_err().to_string();
    assert_eq!(error, "fit als: the training interactions are empty; check the filters of `preprocess`");
}
