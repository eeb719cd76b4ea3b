//! The stage as a whole, on a real SQLite file.

#![expect(clippy::unwrap_used, reason = "a step of a fixture that fails is a failed test")]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use pipeline::{
    Context, Input, Kind, Stage, TableWriter, Task, TextBlock, TextCompression, TextsPart, write_interactions,
    write_json, write_keys, write_model,
};
use polars::{df, prelude::*};
use publish::{Params, Publish};
use recommender::{Algorithm, Fit, Interaction, Interactions, ModelData};
use serde_json::{Value, json};
use storage::{Product, Store, block_on};

const USERS: u32 = 12;
const ITEMS: u32 = 9;
const TABLES: [&str; 7] = ["user_index", "item_index", "train", "validation", "test", "reviews", "items"];

/// User `u` has the items `u`, `u + 1`, `u + 3` (train), `u + 4` (validation) and `u + 6` (test), modulo 9.
fn parts() -> [Interactions; 3] {
    let part = |steps: &[u32]| {
        let pairs: Vec<(u32, Interaction)> = (0..USERS)
            .flat_map(|user| steps.iter().map(move |step| (user, (user + step) % ITEMS, *step)))
            .map(|(user, item, time)| (user, Interaction { item, weight: 5.0, time }))
            .collect();
        Interactions::from_pairs(USERS as usize, ITEMS as usize, &pairs)
    };
    [part(&[0, 1, 3]), part(&[4]), part(&[6])]
}

fn user_key(user: u32) -> String {
    format!("u{user:02}")
}

fn item_key(item: u32) -> String {
    format!("B{item:03}")
}

fn write_reviews(path: &Path) {
    let all = parts();
    let mut rows: Vec<(String, String, i64)> = all
        .iter()
        .flat_map(|part| {
            part.histories().enumerate().flat_map(|(user, history)| history.iter().map(move |e| (user, e)))
        })
        .map(|(user, entry)| (item_key(entry.item), user_key(user as u32), i64::from(entry.time)))
        .collect();
    // A second review of the same item, user and time.
    rows.push((item_key(0), user_key(0), 0));
    rows.sort();
    let frame = df!(
        "user" => rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>(),
        "item" => rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(),
        "rating" => (0..rows.len()).map(|row| if row == 0 { 2.0_f32 } else { 5.0 }).collect::<Vec<_>>(),
        "time" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "verified" => vec![None::<bool>; rows.len()],
        "helpful_votes" => vec![None::<u32>; rows.len()],
        "text_length" => vec![Some(4_u32); rows.len()],
        "part" => vec![0_u32; rows.len()],
        "row" => (0..rows.len() as u32).rev().collect::<Vec<_>>(),
    );
    let mut texts = TextBlock::new(TextCompression::None);
    for row in (0..rows.len()).rev() {
        texts.push(None, Some(&format!("fine {row}")));
    }
    let mut part = TextsPart::create(&path.with_file_name("texts"), 0, "load").unwrap();
    part.append(texts.encode().unwrap()).unwrap();
    part.finish().unwrap();
    let mut writer = TableWriter::create_at(path, Kind::Reviews, "load", &[]).unwrap();
    writer.write(&frame.unwrap()).unwrap();
    writer.finish().unwrap();
}

/// Metadata of the first item and of one that nobody reviewed.
fn write_items(path: &Path, title: &str, other: &str) {
    let lists = |name: &str, values: [&[&str]; 2]| {
        Series::new(name.into(), values.map(|list| Series::new("".into(), list)).to_vec())
    };
    let frame = df!(
        "item" => [item_key(0), other.to_owned()],
        "title" => [Some(title), None],
        "brand" => [Some("Acme"), None],
        "categories" => lists("categories", [&["Music", "Strings"], &["Music"]]),
        "price" => [Some(9.5_f32), None],
        "description" => [None::<&str>, None],
        "image" => [None::<&str>, None],
        "also_bought" => lists("also_bought", [&["B001"], &["B000"]]),
        "also_viewed" => lists("also_viewed", [&["B002"], &["B000"]]),
    );
    let mut writer = TableWriter::create_at(path, Kind::Items, "load", &[]).unwrap();
    writer.write(&frame.unwrap()).unwrap();
    writer.finish().unwrap();
}

/// A folder with all inputs and a store.
struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let outputs = TABLES.map(|port| (port.to_owned(), path.join(port))).into();
        let context = context(path, "none", BTreeMap::new(), outputs);
        let keys = |count, key: fn(u32) -> String| (0..count).map(key).collect::<Vec<String>>();
        write_keys(&context, "user_index", Kind::UserIndex, &keys(USERS, user_key)).unwrap();
        write_keys(&context, "item_index", Kind::ItemIndex, &keys(ITEMS, item_key)).unwrap();
        let [train, validation, test] = parts();
        for (port, part) in [("train", &train), ("validation", &validation), ("test", &test)] {
            write_interactions(&context, port, part).unwrap();
        }
        write_reviews(&path.join("reviews"));
        write_items(&path.join("items"), "Guitar", "B900");
        write_json(&path.join("metrics"), &json!({"models": []})).unwrap();
        fs::write(path.join("report"), "<html><head><title>Tom &amp; Jerry</title></head></html>").unwrap();
        let fixture = Self { folder };
        fixture.train(&train);
        fixture
    }

    /// Writes the model, fitted to these interactions.
    fn train(&self, train: &Interactions) {
        let algorithm: Algorithm = serde_json::from_value(json!({"algorithm": "item-knn"})).unwrap();
        write_model(&self.path().join("model"), &algorithm.fit(train).unwrap().save()).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn params(&self) -> Params {
        let store = format!("sqlite://{}", self.path().join("store.db").display());
        Params { store, k: 3, similar: 4, ..Params::default() }
    }

    fn store(&self) -> Arc<dyn Store> {
        block_on(storage::open(&self.params().store)).unwrap()
    }

    fn publish(&self, version: &str, params: &Params) -> anyhow::Result<()> {
        let input = |stage: &str, port: &str, file: &str| {
            let input = Input { stage: stage.to_owned(), port: port.to_owned(), path: self.path().join(file) };
            (port.to_owned(), vec![input])
        };
        let mut inputs: BTreeMap<String, Vec<Input>> = TABLES.map(|port| input("preprocess", port, port)).into();
        inputs.extend([input("knn", "model", "model"), input("evaluate", "metrics", "metrics")]);
        inputs.insert("reports".to_owned(), input("eda-report", "report", "report").1);
        let outputs = [("receipt".to_owned(), self.path().join("receipt"))].into();
        Publish::run(params, &context(self.path(), version, inputs, outputs))
    }

    fn active(&self) -> Option<String> {
        block_on(self.store().active()).unwrap().map(|active| active.version)
    }
}

fn context(
    scratch: &Path,
    version: &str,
    inputs: BTreeMap<String, Vec<Input>>,
    outputs: BTreeMap<String, std::path::PathBuf>,
) -> Context {
    let task = Task {
        name: "publish".to_owned(),
        stage: Publish::NAME.to_owned(),
        pipeline: "test".to_owned(),
        fingerprint: version.to_owned(),
        params: Value::Null,
        inputs,
        outputs,
        scratch: scratch.to_owned(),
    };
    Context::new(task, Box::new(std::io::sink()))
}

#[test]
fn a_fresh_store_becomes_a_complete_site() {
    let fixture = Fixture::new();
    fixture.publish("v1", &fixture.params()).unwrap();
    let store = fixture.store();
    let active = block_on(store.active()).unwrap().unwrap();
    assert_eq!((active.version.as_str(), active.model.as_str(), active.algorithm.as_str()), ("v1", "knn", "item-knn"));
    assert_eq!((active.items, active.users, active.metrics), (9, 12, json!({"models": []})));

    let all = parts();
    for user in 0..USERS {
        let list = block_on(store.recommendations("v1", &user_key(user))).unwrap().unwrap();
        let known: Vec<String> =
            all.iter().flat_map(|part| part.history(user)).map(|entry| item_key(entry.item)).collect();
        // Nine items, five of them known: a list of three has room.
        assert_eq!(list.len(), 3, "user {user}");
        assert!(list.iter().all(|place| !known.contains(&place.asin)), "user {user}: {list:?}");
        assert!(list.is_sorted_by(|a, b| a.score >= b.score));
        let causes = &list[0].causes;
        assert!(
            !causes.is_empty() && causes.iter().all(|cause| known.contains(&cause.asin)),
            "user {user}: {causes:?}"
        );
        assert!(causes.iter().map(|cause| cause.share).sum::<f32>() < 1.0 + 1e-6, "user {user}: {causes:?}");
    }
    for item in 0..ITEMS {
        let similar = block_on(store.similar("v1", &item_key(item))).unwrap();
        assert!(!similar.is_empty() && similar.iter().all(|place| place.asin != item_key(item)), "item {item}");
    }

    let mut files = block_on(store.model_files("v1")).unwrap();
    let vocabulary = String::from_utf8(files.remove("vocabulary/items.txt").unwrap()).unwrap();
    assert_eq!(vocabulary.lines().map(str::to_owned).collect::<Vec<_>>(), (0..ITEMS).map(item_key).collect::<Vec<_>>());
    let model = recommender::load(&ModelData::from_files(&files).unwrap()).unwrap();
    assert_eq!(model.item_count(), 9);

    let report = &block_on(store.reports("v1")).unwrap()[0];
    assert_eq!((report.name.as_str(), report.title.as_str()), ("eda-report", "Tom & Jerry"));

    // Item 0 belongs to users 0 and 9 (step 0), 8 (step 1), 6 (step 3), 5 (step 4) and 3 (step 6). With
    // the second review of user 0 these are 7 reviews: one of 2 stars, six of 5, mean (2 + 6 * 5) / 7.
    let guitar = block_on(store.product("B000")).unwrap().unwrap();
    assert_eq!((guitar.title.as_deref(), guitar.rating_count), (Some("Guitar"), 7));
    assert!((guitar.rating_mean.unwrap() - 32.0 / 7.0).abs() < 1e-6);
    assert_eq!(guitar.also_bought, ["B001"]);
    assert_eq!(block_on(store.reviews_of_product("B000", 0, 100)).unwrap().total, 7, "both of the same second");
    let bare = block_on(store.product("B001")).unwrap().unwrap();
    assert_eq!((bare.title, bare.rating_mean), (None, Some(5.0)));
    assert!(block_on(store.product("B900")).unwrap().is_some(), "metadata without reviews");

    let receipt: Value = pipeline::read_json(&fixture.path().join("receipt")).unwrap();
    assert_eq!((&receipt["version"], &receipt["users_with_list"]), (&json!("v1"), &json!(12)));
    assert!(Publish::is_in_place(&fixture.params(), "v1").unwrap());
    assert!(!Publish::is_in_place(&fixture.params(), "v2").unwrap());
}

#[test]
fn a_loaded_catalogue_is_left_alone() {
    let fixture = Fixture::new();
    let store = fixture.store();
    let product = Product { asin: "loaded".to_owned(), ..Product::default() };
    block_on(store.put_products("load-1", std::slice::from_ref(&product))).unwrap();
    block_on(store.finish_load("load-1")).unwrap();
    fixture.publish("v1", &fixture.params()).unwrap();
    assert_eq!(block_on(store.loaded()).unwrap().as_deref(), Some("load-1"));
    assert_eq!(block_on(store.product("loaded")).unwrap(), Some(product));
    assert_eq!(block_on(store.product("B000")).unwrap(), None);
    assert_eq!(fixture.active().as_deref(), Some("v1"));
}

#[test]
fn an_own_catalogue_follows_its_inputs() {
    let fixture = Fixture::new();
    fixture.publish("v1", &fixture.params()).unwrap();
    let loaded = || block_on(fixture.store().loaded()).unwrap().unwrap();
    let first = loaded();
    fixture.publish("v2", &fixture.params()).unwrap();
    assert_eq!(loaded(), first, "the same inputs are not written again");
    write_reviews(&fixture.path().join("reviews"));
    fixture.publish("v3", &fixture.params()).unwrap();
    assert_eq!(loaded(), first, "nor are equal bytes of another run");
    write_items(&fixture.path().join("items"), "Ukulele", "B901");
    fixture.publish("v4", &fixture.params()).unwrap();
    assert_ne!(loaded(), first);
    let store = fixture.store();
    assert_eq!(block_on(store.product("B000")).unwrap().unwrap().title.as_deref(), Some("Ukulele"));
    assert_eq!(block_on(store.product("B900")).unwrap(), None, "what the new metadata lacks is gone");
}

#[test]
fn a_second_version_replaces_the_first_and_the_third_removes_it() {
    let fixture = Fixture::new();
    let params = fixture.params();
    fixture.publish("v1", &params).unwrap();
    fixture.train(&parts()[1].merged(&parts()[0]));
    fixture.publish("v2", &params).unwrap();
    assert_eq!(fixture.active().as_deref(), Some("v2"));
    let store = fixture.store();
    let has = |version| block_on(store.recommendations(version, "u00")).unwrap().is_some();
    assert!(has("v1") && has("v2"), "the version before is kept for readers that still hold it");
    fixture.publish("v3", &params).unwrap();
    assert!(!has("v1") && has("v2") && has("v3"));
    fixture.publish("v4", &Params { keep_versions: 1, ..params }).unwrap();
    assert!(!has("v2") && !has("v3") && has("v4"));
}

#[test]
fn a_broken_run_leaves_the_old_version_active_and_its_rests_go_with_the_next() {
    let fixture = Fixture::new();
    fixture.publish("v1", &fixture.params()).unwrap();
    fs::rename(fixture.path().join("report"), fixture.path().join("hidden")).unwrap();
    let error = fixture.publish("v2", &fixture.params()).unwrap_err();
    assert!(error.to_string().starts_with("read report "), "{error}");
    assert_eq!(fixture.active().as_deref(), Some("v1"));
    let has = |version| block_on(fixture.store().recommendations(version, "u00")).unwrap().is_some();
    assert!(has("v1") && has("v2"), "lists were written before the fault");
    fs::rename(fixture.path().join("hidden"), fixture.path().join("report")).unwrap();
    fixture.publish("v3", &fixture.params()).unwrap();
    assert!(has("v1") && !has("v2") && has("v3"));
}

#[test]
fn wrong_stores_and_models_are_refused_before_anything_is_written() {
    let fixture = Fixture::new();
    fixture.publish("v1", &fixture.params()).unwrap();
    let params = Params { store: "sqllite://x.db".to_owned(), ..fixture.params() };
    let error = format!("{:#}", fixture.publish("v2", &params).unwrap_err());
    assert!(error.contains("did you mean `sqlite://x.db`?"), "{error}");
    fixture.train(&Interactions::from_pairs(1, 2, &[(0, Interaction { item: 1, weight: 5.0, time: 0 })]));
    let error = fixture.publish("v2", &fixture.params()).unwrap_err().to_string();
    assert!(error.contains("model `knn`: expected scores of 9 items as in the item index, found 2"), "{error}");
    assert_eq!(fixture.active().as_deref(), Some("v1"));
    assert_eq!(block_on(fixture.store().recommendations("v2", "u00")).unwrap(), None);
}

#[test]
fn the_number_of_threads_changes_no_list() {
    let lists = |threads| {
        let fixture = Fixture::new();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fixture.publish("v1", &fixture.params())).unwrap();
        let store = fixture.store();
        let of_user = |user| block_on(store.recommendations("v1", &user_key(user))).unwrap();
        (0..USERS).map(of_user).collect::<Vec<_>>()
    };
    assert_eq!(lists(1), lists(4));
}
