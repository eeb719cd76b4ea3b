//! The stage as the orchestrator runs it: parameters as JSON, artifacts in a folder.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test")]

use std::{
    collections::BTreeMap,
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};

use pipeline::{
    Context, Input, Kind, Message, StageEntry, Task, read_model, write_interactions, write_keys, write_model,
};
use recommender::{Algorithm, Fit, Interaction, Interactions, load};
use serde_json::{Map, Value, json};
use train_hybrid::TrainHybrid;

const USERS: u32 = 60;
const ITEMS: u32 = 30;
const PORTS: [&str; 4] = ["train", "validation", "user_index", "item_index"];

/// What the stage sent.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn summary(&self) -> Map<String, Value> {
        let bytes = self.0.lock().unwrap().clone();
        let messages = serde_json::Deserializer::from_slice(&bytes).into_iter::<Message>();
        let pair = |message: Message| match message {
            Message::Summary { name, value } => Some((name, value)),
            _ => None,
        };
        messages.filter_map(|message| pair(message.unwrap())).collect()
    }
}

fn context(folder: &Path, models: &[&str], blend: Option<&str>, sink: Sink) -> Context {
    let path = |name: &str| folder.join(name);
    let input = |stage: &str, port: &str, file: &str| Input {
        stage: stage.to_owned(),
        port: port.to_owned(),
        path: path(file),
    };
    let mut inputs: BTreeMap<String, Vec<Input>> =
        PORTS.iter().map(|port| ((*port).to_owned(), vec![input("preprocess", port, port)])).collect();
    inputs.insert("models".to_owned(), models.iter().map(|name| input(name, "model", name)).collect());
    if let Some(file) = blend {
        inputs.insert("blend".to_owned(), vec![input("hybrid", "blend", file)]);
    }
    let task = Task {
        name: "hybrid".to_owned(),
        stage: "train-hybrid".to_owned(),
        pipeline: "test".to_owned(),
        fingerprint: "0".to_owned(),
        params: Value::Null,
        inputs,
        // The inputs are outputs as well, so that the test can write them.
        outputs: PORTS.iter().chain(&["model", "blend"]).map(|port| ((*port).to_owned(), path(port))).collect(),
        scratch: folder.to_owned(),
    };
    Context::new(task, Box::new(sink))
}

/// Two tastes of 15 items each; the last choice of every user is held out.
fn interactions() -> (Interactions, Interactions) {
    let (mut train, mut validation) = (Vec::new(), Vec::new());
    for user in 0..USERS {
        for (time, step) in (0..).zip([0, 3, 10, 6, 1, 8]) {
            let item = (user * 7 + step) % 15 + 15 * (user % 2);
            let entry = Interaction { item, weight: 4.0, time };
            if step == 8 { validation.push((user, entry)) } else { train.push((user, entry)) }
        }
    }
    let set = |pairs: &[(u32, Interaction)]| Interactions::from_pairs(USERS as usize, ITEMS as usize, pairs);
    (set(&train), set(&validation))
}

fn write_inputs(folder: &Path, train: &Interactions, validation: &Interactions) {
    let context = context(folder, &[], None, Sink::default());
    let keys = |count: u32| (0..count).map(|index| index.to_string()).collect::<Vec<String>>();
    write_keys(&context, "user_index", Kind::UserIndex, &keys(USERS)).unwrap();
    write_keys(&context, "item_index", Kind::ItemIndex, &keys(ITEMS)).unwrap();
    write_interactions(&context, "train", train).unwrap();
    write_interactions(&context, "validation", validation).unwrap();
    for name in ["item-knn", "als", "popularity"] {
        let algorithm: Algorithm = serde_json::from_value(json!({ "algorithm": name })).unwrap();
        write_model(&folder.join(name), &algorithm.fit(train).unwrap().save()).unwrap();
    }
}

fn run(folder: &Path, models: &[&str], params: Value) -> anyhow::Result<Map<String, Value>> {
    run_with(folder, models, None, params)
}

fn run_with(folder: &Path, models: &[&str], blend: Option<&str>, params: Value) -> anyhow::Result<Map<String, Value>> {
    let entry = StageEntry::of::<TrainHybrid>();
    let sink = Sink::default();
    (entry.run)(&(entry.canonical)(params)?, &context(folder, models, blend, sink.clone()))?;
    Ok(sink.summary())
}

#[test]
fn the_blend_beats_its_best_part_on_users_that_it_did_not_learn_from() {
    let folder = tempfile::tempdir().unwrap();
    let (train, validation) = interactions();
    write_inputs(folder.path(), &train, &validation);
    let summary = run(folder.path(), &["item-knn", "als"], json!({})).unwrap();
    let figures: Value = serde_json::from_slice(&std::fs::read(folder.path().join("blend")).unwrap()).unwrap();
    let kinds: BTreeMap<String, f64> =
        serde_json::from_value::<Vec<_>>(figures["learned"]["held_out_of_kinds"].clone())
            .unwrap()
            .into_iter()
            .collect();
    let kept = kinds[summary["kind"].as_str().unwrap()];
    assert!(kinds.values().all(|value| *value <= kept), "{kinds:?}");
    let gain = &figures["learned"]["comparison"];
    assert!((gain["difference"].as_f64().unwrap() - (kept - kinds["best-part"])).abs() < 1e-9, "{figures}");
    assert!(gain["low"].as_f64() <= gain["high"].as_f64());
    let quality = summary["validation_ndcg@10"].as_object().unwrap();
    let value = |name: &str| quality[name].as_f64().unwrap();
    assert!(value("hybrid") > value("popularity"), "tastes tell more than popularity: {quality:?}");
    for shares in figures["parts"].as_array().unwrap().iter().map(|part| part["shares"].as_array().unwrap()) {
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(&share.as_f64().unwrap())), "{shares:?}");
    }
}

#[test]
fn parts_without_a_share_are_not_saved_but_popularity_is() {
    let folder = tempfile::tempdir().unwrap();
    let (train, validation) = interactions();
    write_inputs(folder.path(), &train, &validation);
    run(folder.path(), &["item-knn", "als"], json!({ "weights": { "als": 1.0 } })).unwrap();
    let data = read_model(&folder.path().join("model")).unwrap();
    let names: Vec<&str> = data.parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["als", "popularity"], "a popularity list is added");
    assert_eq!(load(&data).unwrap().algorithm(), "hybrid");
}

#[test]
fn strangers_get_the_popular_items() {
    let folder = tempfile::tempdir().unwrap();
    let (train, validation) = interactions();
    write_inputs(folder.path(), &train, &validation);
    run(folder.path(), &["item-knn", "als"], json!({})).unwrap();
    let list = |file: &str| {
        let model = load(&read_model(&folder.path().join(file)).unwrap()).unwrap();
        let mut scores = vec![0.0; ITEMS as usize];
        model.score(&[], &mut scores);
        recommender::top_k(&scores, 10, |_| false).into_iter().map(|scored| scored.item).collect::<Vec<u32>>()
    };
    assert_eq!(list("model"), list("popularity"));
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let (train, validation) = interactions();
    let files = |threads: usize| {
        let folder = tempfile::tempdir().unwrap();
        write_inputs(folder.path(), &train, &validation);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let summary = pool
            .install(|| run(folder.path(), &["item-knn", "als"], json!({ "boundaries": [3], "memory_mb": 16 })))
            .unwrap();
        (read_model(&folder.path().join("model")).unwrap().to_files(), summary)
    };
    assert_eq!(files(1), files(4));
}

#[test]
fn weights_can_be_set_by_hand_even_without_validation() {
    let folder = tempfile::tempdir().unwrap();
    let (train, _) = interactions();
    let empty = Interactions::from_pairs(USERS as usize, ITEMS as usize, &[]);
    write_inputs(folder.path(), &train, &empty);
    let error = run(folder.path(), &["als"], json!({})).unwrap_err().to_string();
    assert!(error.starts_with("learn weights: none of 60 users has both"), "{error}");
    let params = |name: &str| json!({ "weights": { "popularity": 1.0, name: 3.0 } });
    let summary = run(folder.path(), &["als"], params("als")).unwrap();
    assert_eq!(summary["shares"], json!({ "als": [0.75], "popularity": [0.25] }));
    let error = run(folder.path(), &["als"], params("asl")).unwrap_err().to_string();
    assert_eq!(error, "use weights: unknown part `asl`, expected one of als, popularity");
}

#[test]
fn an_earlier_blend_is_taken_for_parts_that_were_fitted_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (train, validation) = interactions();
    write_inputs(folder.path(), &train, &validation);
    let learned = run(folder.path(), &["item-knn", "als"], json!({})).unwrap();
    std::fs::rename(folder.path().join("blend"), folder.path().join("earlier")).unwrap();
    write_inputs(folder.path(), &train.merged(&validation), &validation);
    let taken = run_with(folder.path(), &["als", "item-knn"], Some("earlier"), json!({})).unwrap();
    assert_eq!(taken["kind"], json!("earlier"));
    assert_eq!(taken["shares"], learned["shares"], "by name, whatever the order");
    let has_share = |name: &&str| learned["shares"][*name].as_array().is_some_and(|shares| shares[0] != json!(0.0));
    let (used, others): (Vec<&str>, Vec<&str>) = ["item-knn", "als"].into_iter().partition(has_share);
    let error = run_with(folder.path(), &others, Some("earlier"), json!({})).unwrap_err().to_string();
    assert!(error.starts_with(&format!("use the earlier blend: it gives part `{}` a share", used[0])), "{error}");
}

#[test]
fn models_of_other_items_are_an_error_that_names_the_part() {
    let folder = tempfile::tempdir().unwrap();
    let (train, validation) = interactions();
    write_inputs(folder.path(), &train, &validation);
    let other = Interactions::from_pairs(1, 2, &[(0, Interaction { item: 1, weight: 5.0, time: 0 })]);
    let algorithm: Algorithm = serde_json::from_value(json!({ "algorithm": "item-knn" })).unwrap();
    std::fs::remove_dir_all(folder.path().join("item-knn")).unwrap();
    write_model(&folder.path().join("item-knn"), &algorithm.fit(&other).unwrap().save()).unwrap();
    let error = run(folder.path(), &["als", "item-knn"], json!({})).unwrap_err().to_string();
    assert_eq!(error, "combine recommenders: part `item-knn`: expected 30 items as in `als`, found 2 items");
}
