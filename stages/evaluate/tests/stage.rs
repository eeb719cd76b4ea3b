//! The stage as a whole: tables and models in, metrics, tables and report out.

#![expect(clippy::unwrap_used, reason = "a step of a fixture that fails is a failed test")]

use std::{collections::BTreeMap, fs, path::Path};

use evaluate::{Evaluate, Params, Split};
use pipeline::{
    Context, Input, Kind, Stage, TableReader, TableWriter, Task, read_json, write_interactions, write_keys, write_model,
};
use polars::{
    df,
    prelude::{DataType, NamedFrom, Series},
};
use recommender::{Algorithm, Fit, Interaction, Interactions, evaluation::Metrics};
use serde_json::{Value, json};

const OUTPUTS: [(&str, &str); 4] = [
    ("metrics", "metrics.json"),
    ("user_metrics", "user_metrics.parquet"),
    ("recommendations", "recommendations.parquet"),
    ("report", "report.html"),
];
const TABLES: [&str; 5] = ["user_index", "item_index", "train", "validation", "test"];

fn interactions(users: usize, items: usize, pairs: &[(u32, u32)]) -> Interactions {
    let entry = |(time, (user, item)): (u32, &(u32, u32))| (*user, Interaction { item: *item, weight: 4.0, time });
    Interactions::from_pairs(users, items, &(0_u32..).zip(pairs).map(entry).collect::<Vec<_>>())
}

/// A folder with the tables of `preprocess` and a model of each algorithm, by name.
struct Fixture {
    folder: tempfile::TempDir,
    models: Vec<String>,
}

impl Fixture {
    fn new([train, validation, test]: [&Interactions; 3], algorithms: &[(&str, Value)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let outputs = TABLES.map(|port| (port.to_owned(), path.join(port))).into();
        let context = context(path, BTreeMap::new(), outputs);
        let keys = |prefix, count| (0..count).map(|index| format!("{prefix}{index}")).collect::<Vec<String>>();
        write_keys(&context, "user_index", Kind::UserIndex, &keys("u", train.user_count())).unwrap();
        write_keys(&context, "item_index", Kind::ItemIndex, &keys("i", train.item_count())).unwrap();
        for (port, part) in [("train", train), ("validation", validation), ("test", test)] {
            write_interactions(&context, port, part).unwrap();
        }
        for (name, algorithm) in algorithms {
            let algorithm: Algorithm = serde_json::from_value(algorithm.clone()).unwrap();
            write_model(&path.join(name), &algorithm.fit(train).unwrap().save()).unwrap();
        }
        Self { models: algorithms.iter().map(|(name, _)| (*name).to_owned()).collect(), folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, params: &Params) -> anyhow::Result<()> {
        let input = |stage: &str, port: &str, file: &str| Input {
            stage: stage.to_owned(),
            port: port.to_owned(),
            path: self.path().join(file),
        };
        let mut inputs: BTreeMap<String, Vec<Input>> =
            TABLES.map(|port| (port.to_owned(), vec![input("preprocess", port, port)])).into();
        if self.path().join("items").exists() {
            inputs.insert("items".to_owned(), vec![input("load", "items", "items")]);
        }
        inputs.insert("models".to_owned(), self.models.iter().map(|name| input(name, "model", name)).collect());
        let outputs = OUTPUTS.map(|(port, file)| (port.to_owned(), self.path().join(file))).into();
        Evaluate::run(params, &context(self.path(), inputs, outputs))
    }

    /// Metadata for the items with even index: a title, and one of two categories.
    fn write_items(&self, items: u32) {
        let even: Vec<u32> = (0..items).step_by(2).collect();
        let none = || vec![None::<&str>; even.len()];
        let lists = |list: &dyn Fn(u32) -> Vec<String>| {
            let rows: Vec<Series> = even.iter().map(|item| Series::new("".into(), list(*item))).collect();
            Series::new("".into(), rows).cast(&DataType::List(Box::new(DataType::String))).unwrap()
        };
        let frame = df!(
            "item" => even.iter().map(|item| format!("i{item}")).collect::<Vec<_>>(),
            "title" => even.iter().map(|item| format!("Title <{item}>")).collect::<Vec<_>>(),
            "brand" => none(),
            "categories" => lists(&|item| vec![format!("category {}", item / 2 % 2)]),
            "price" => vec![None::<f32>; even.len()],
            "description" => none(),
            "image" => none(),
            "also_bought" => lists(&|_| Vec::new()),
            "also_viewed" => lists(&|_| Vec::new()),
        );
        let mut writer = TableWriter::create_at(&self.path().join("items"), Kind::Items, "load", &[]).unwrap();
        writer.write(&frame.unwrap()).unwrap();
        writer.finish().unwrap();
    }

    fn outputs(&self) -> Vec<Vec<u8>> {
        OUTPUTS.iter().map(|(_, file)| fs::read(self.path().join(file)).unwrap()).collect()
    }

    fn metrics(&self) -> Metrics {
        read_json(&self.path().join("metrics.json")).unwrap()
    }

    /// Lists by model and user: items in the order of ranks.
    fn lists(&self) -> BTreeMap<(String, u32), Vec<u32>> {
        let frame = self.table("recommendations.parquet", Kind::Recommendations);
        let mut lists: BTreeMap<(String, u32), Vec<u32>> = BTreeMap::new();
        let user = frame.column("user").unwrap().u32().unwrap();
        let item = frame.column("item").unwrap().u32().unwrap();
        let rank = frame.column("rank").unwrap().u16().unwrap();
        for (row, model) in frame.column("model").unwrap().str().unwrap().iter().enumerate() {
            let list = lists.entry((model.unwrap().to_owned(), user.get(row).unwrap())).or_default();
            list.push(item.get(row).unwrap());
            assert_eq!(usize::from(rank.get(row).unwrap()), list.len());
        }
        lists
    }

    /// Values by model, metric and user.
    fn user_metrics(&self) -> BTreeMap<(String, String, u32), f32> {
        let frame = self.table("user_metrics.parquet", Kind::UserMetrics);
        let text = |column: &str, row| frame.column(column).unwrap().str().unwrap().get(row).unwrap().to_owned();
        let user = frame.column("user").unwrap().u32().unwrap();
        let value = frame.column("value").unwrap().f32().unwrap();
        (0..frame.height())
            .map(|row| {
                let key = (text("model", row), text("metric", row), user.get(row).unwrap());
                (key, value.get(row).unwrap())
            })
            .collect()
    }

    fn table(&self, file: &str, kind: Kind) -> polars::frame::DataFrame {
        TableReader::open(&self.path().join(file), kind).unwrap().read(&[]).unwrap()
    }
}

fn context(
    scratch: &Path,
    inputs: BTreeMap<String, Vec<Input>>,
    outputs: BTreeMap<String, std::path::PathBuf>,
) -> Context {
    let task = Task {
        name: "evaluate".to_owned(),
        stage: Evaluate::NAME.to_owned(),
        pipeline: "test".to_owned(),
        fingerprint: "0".repeat(32),
        params: Value::Null,
        inputs,
        outputs,
        scratch: scratch.to_owned(),
    };
    Context::new(task, Box::new(std::io::sink()))
}

/// Popularity of the items 0 to 4 in train: 3, 2, 1, 1, 0.
fn small() -> [Interactions; 3] {
    let train = interactions(3, 5, &[(0, 0), (0, 1), (1, 0), (1, 2), (2, 0), (2, 1), (2, 3)]);
    [train, interactions(3, 5, &[(0, 2)]), interactions(3, 5, &[(0, 3), (1, 1), (1, 4)])]
}

#[test]
fn a_small_example_comes_out_as_computed_by_hand() {
    let [train, validation, test] = small();
    let fixture = Fixture::new([&train, &validation, &test], &[("top", json!({"algorithm": "popularity"}))]);
    fixture.run(&Params { ks: vec![1, 2], ..Params::default() }).unwrap();

    // User 0 knows 0, 1, 2 and is shown 3, 4 and wants 3: rank 1.
    // User 1 knows 0, 2 and is shown 1, 3 (then 4) and wants 1 and 4: ranks 1 and 3.
    // User 2 wants nothing and is not counted.
    assert_eq!(fixture.lists(), [(("top".to_owned(), 0), vec![3, 4]), (("top".to_owned(), 1), vec![1, 3])].into());
    let metrics = fixture.metrics();
    assert_eq!((metrics.split.as_str(), metrics.users, metrics.items), ("test", 2, 5));
    assert_eq!((metrics.models[0].name.as_str(), metrics.models[0].algorithm.as_str()), ("top", "popularity"));
    let ndcg_of_user_1 = 1.0 / (1.0 + 1.0 / 3.0_f64.log2());
    for (name, of_user_0, of_user_1) in [
        ("precision@1", 1.0, 1.0),
        ("recall@1", 1.0, 1.0 / 2.0),
        ("f1@1", 1.0, 2.0 / 3.0),
        ("hit_rate@1", 1.0, 1.0),
        ("precision@2", 1.0 / 2.0, 1.0 / 2.0),
        ("recall@2", 1.0, 1.0 / 2.0),
        ("f1@2", 2.0 / 3.0, 1.0 / 2.0),
        ("ndcg@2", 1.0, ndcg_of_user_1),
        ("mrr", 1.0, 1.0),
        // Items 1, 3 and 4 of five are in a list of two; no mean over users.
        ("coverage@2", 3.0 / 5.0, 3.0 / 5.0),
    ] {
        let (found, expected) = (metrics.models[0].values[name], f64::midpoint(of_user_0, of_user_1));
        assert!((found - expected).abs() < 1e-9, "{name}: found {found}, expected {expected}");
    }
    let html = fs::read_to_string(fixture.path().join("report.html")).unwrap();
    assert!(html.contains("1 of 3 interactions to predict are of items that no history has"), "item 4 is cold");
}

#[test]
fn validation_is_predicted_from_train_alone() {
    let [train, validation, test] = small();
    let fixture = Fixture::new([&train, &validation, &test], &[("top", json!({"algorithm": "popularity"}))]);
    fixture.run(&Params { ks: vec![1, 2], split: Split::Validation, ..Params::default() }).unwrap();
    // User 0 knows 0 and 1 and wants 2, which is the first of those left (2 and 3 are as popular).
    assert_eq!(fixture.lists(), [(("top".to_owned(), 0), vec![2, 3])].into());
    assert_eq!(fixture.metrics().users, 1);
}

/// Thirty users with tastes: user `u` likes items `u`, `u + 7`, `u + 14`, ... of 40.
fn tastes() -> [Interactions; 3] {
    let (mut train, mut validation, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for user in 0..30_u32 {
        for nth in 0..8_u32 {
            let pair = (user, (user + 7 * nth + nth * nth % 3) % 40);
            if train.contains(&pair) || validation.contains(&pair) || test.contains(&pair) {
                continue;
            }
            match nth {
                0..5 => train.push(pair),
                5 => validation.push(pair),
                _ => test.push(pair),
            }
        }
    }
    [train, validation, test].map(|pairs| interactions(30, 40, &pairs))
}

fn three_models() -> [(&'static str, Value); 3] {
    [
        ("top", json!({"algorithm": "popularity"})),
        ("knn", json!({"algorithm": "item-knn"})),
        ("als-4", json!({"algorithm": "als", "factors": 4, "iterations": 3})),
    ]
}

#[test]
fn anyone_can_recompute_the_metrics_from_the_lists() {
    let [train, validation, test] = tastes();
    let fixture = Fixture::new([&train, &validation, &test], &three_models());
    fixture.run(&Params { ks: vec![3, 10], ..Params::default() }).unwrap();
    let (lists, of_users, metrics) = (fixture.lists(), fixture.user_metrics(), fixture.metrics());
    let names: Vec<&str> = metrics.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["top", "knn", "als-4"]);
    for model in &metrics.models {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for user in 0..30 {
            let list = &lists[&(model.name.clone(), user)];
            let known: Vec<u32> =
                train.history(user).iter().chain(validation.history(user)).map(|entry| entry.item).collect();
            assert!(list.iter().all(|item| !known.contains(item)), "the list is free of the history");
            let wanted: Vec<u32> = test.history(user).iter().map(|entry| entry.item).collect();
            for k in [3, 10] {
                let is_hit: Vec<bool> = list.iter().take(k).map(|item| wanted.contains(item)).collect();
                let hits = is_hit.iter().filter(|hit| **hit).count() as f64;
                let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
                let found: f64 = is_hit.iter().enumerate().filter(|(_, hit)| **hit).map(|(rank, _)| gain(rank)).sum();
                let ideal: f64 = (0..wanted.len().min(k)).map(gain).sum();
                for (name, value) in
                    [("precision", hits / k as f64), ("recall", hits / wanted.len() as f64), ("ndcg", found / ideal)]
                {
                    let name = format!("{name}@{k}");
                    let stored = of_users[&(model.name.clone(), name.clone(), user)];
                    assert!((f64::from(stored) - value).abs() < 1e-6, "{} user {user} {name}", model.name);
                    *sums.entry(name).or_default() += value;
                }
            }
        }
        for (name, sum) in sums {
            assert!((model.values[&name] - sum / 30.0).abs() < 1e-9, "{} {name}", model.name);
        }
    }
    let file: Value = read_json(&fixture.path().join("metrics.json")).unwrap();
    assert_eq!(file["comparison"]["baseline"], "top");
    assert_eq!(file["comparison"]["metric"], "recall@10");
    let knn = &file["comparison"]["models"][0];
    assert_eq!(knn["name"], "knn");
    assert_eq!(knn["beats"], metrics.models[1].values["recall@10"] > metrics.models[0].values["recall@10"]);
}

#[test]
fn every_two_models_are_compared_on_the_same_users() {
    let [train, validation, test] = tastes();
    let mut models = three_models().to_vec();
    for (name, seed) in [("als-one", 1), ("als-two", 2)] {
        models.push((name, json!({"algorithm": "als", "factors": 4, "iterations": 3, "seed": seed})));
    }
    let fixture = Fixture::new([&train, &validation, &test], &models);
    fixture.run(&Params::default()).unwrap();
    let (metrics, of_users) = (fixture.metrics(), fixture.user_metrics());
    for model in &metrics.models {
        let [low, high] = model.intervals["ndcg@10"];
        assert!(low <= model.values["ndcg@10"] && model.values["ndcg@10"] <= high, "{}", model.name);
        assert!(model.intervals.keys().all(|name| !name.ends_with("@5")), "intervals are of the main length");
        let users: u64 = model.segments.iter().filter(|one| one.name.ends_with("users")).map(|one| one.users).sum();
        assert_eq!(users, metrics.users);
    }
    let file: Value = read_json(&fixture.path().join("metrics.json")).unwrap();
    let differences = file["differences"].as_array().unwrap();
    // Two metrics, 5 * 4 / 2 pairs each.
    assert_eq!(differences.len(), 20);
    for one in differences {
        let value = |side: &str, user: u32| {
            let word = |value: &Value| value.as_str().unwrap().to_owned();
            f64::from(of_users[&(word(&one[side]), word(&one["metric"]), user)])
        };
        let mean = (0..30).map(|user| value("first", user) - value("second", user)).sum::<f64>() / 30.0;
        assert!((one["difference"].as_f64().unwrap() - mean).abs() < 1e-6, "{one}");
        assert!(one["corrected_p_value"].as_f64() >= one["p_value"].as_f64(), "{one}");
    }
    let seeds = file["seeds"].as_array().unwrap();
    assert_eq!((seeds.len(), &seeds[0]["algorithm"]), (1, &json!("als")));
    let html = fs::read_to_string(fixture.path().join("report.html")).unwrap();
    for section in ["leaderboard", "differences", "lists", "costs", "groups", "examples"] {
        assert!(html.contains(&format!("<section id=\"{section}\"")), "{section}");
    }
    fixture.run(&Params { costs: false, examples: 0, ..Params::default() }).unwrap();
    let html = fs::read_to_string(fixture.path().join("report.html")).unwrap();
    assert!(!html.contains("<section id=\"costs\"") && !html.contains("<section id=\"examples\""));
}

#[test]
fn items_give_lists_their_names_and_categories() {
    let [train, validation, test] = tastes();
    let fixture = Fixture::new([&train, &validation, &test], &three_models());
    fixture.run(&Params::default()).unwrap();
    let without = fixture.metrics();
    fixture.write_items(40);
    fixture.run(&Params::default()).unwrap();
    let with = fixture.metrics();
    for (without, with) in without.models.iter().zip(&with.models) {
        assert_eq!(without.values["ndcg@10"].to_bits(), with.values["ndcg@10"].to_bits());
        assert_ne!(without.values["diversity@10"].to_bits(), with.values["diversity@10"].to_bits());
        assert!(!without.values.contains_key("calibration@10") && with.values["calibration@10"] >= 0.0);
    }
    let html = fs::read_to_string(fixture.path().join("report.html")).unwrap();
    assert!(html.contains("Title &lt;") && html.contains(">i1"), "titles where there are some, else keys");
    assert!(fixture.user_metrics().values().all(|value| !value.is_nan()));
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let [train, validation, test] = tastes();
    let fixture = Fixture::new([&train, &validation, &test], &three_models());
    let of_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        // Measured times are the one thing that may differ.
        pool.install(|| fixture.run(&Params { costs: false, ..Params::default() })).unwrap();
        fixture.outputs()
    };
    assert_eq!(of_threads(1), of_threads(5));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let [train, validation, test] = small();
    let none = interactions(3, 5, &[]);
    let top = [("top", json!({"algorithm": "popularity"}))];
    let message = |fixture: &Fixture| fixture.run(&Params::default()).unwrap_err().to_string();
    let empty = message(&Fixture::new([&train, &validation, &none], &top));
    assert!(empty.contains("split `test`: expected interactions to predict, found none"), "{empty}");
    let known = message(&Fixture::new([&train, &validation, &validation], &top));
    assert!(known.contains("all 1 interactions are of items that the user's history already has"), "{known}");
    let fixture = Fixture::new([&train, &validation, &test], &top);
    let fewer = interactions(3, 4, &[(0, 0)]);
    let algorithm: Algorithm = serde_json::from_value(json!({"algorithm": "popularity"})).unwrap();
    write_model(&fixture.path().join("top"), &algorithm.fit(&fewer).unwrap().save()).unwrap();
    let wrong = message(&fixture);
    assert!(wrong.contains("model `top`: expected scores of 5 items as in the item index, found 4"), "{wrong}");
}
