//! The stage as the orchestrator runs it: tables in, tables and proof out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::sink,
    path::{Path, PathBuf},
};

use pipeline::{Context, Input, Kind, Stage, TableReader, TableWriter, Task, read_json};
use polars::df;
use sample::{Method, Params, Proof, Sample, Strata, StrataBy, Unit, Verdict};
use tempfile::TempDir;

/// A review: user, item, rating, time.
type Row = (String, String, f32, i64);

const DAY: i64 = 86_400;
const ALL: [Unit; 4] = [Unit::User, Unit::Asin, Unit::Row, Unit::UserItem];

fn write_reviews(path: &Path, rows: &[Row]) {
    let count = rows.len();
    let frame = df!(
        "user" => rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(),
        "item" => rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>(),
        "rating" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "time" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        "verified" => rows.iter().map(|row| Some(row.3 % 3 > 0)).collect::<Vec<_>>(),
        "helpful_votes" => vec![None::<u32>; count],
        "text_length" => rows.iter().map(|row| Some((row.3 % 900) as u32)).collect::<Vec<_>>(),
        "part" => vec![Some(0_u32); count],
        "row" => (0..count).map(|row| Some(row as u32)).collect::<Vec<_>>(),
    )
    .unwrap();
    let mut writer = TableWriter::create_at(path, Kind::Reviews, "test", &[]).unwrap();
    writer.write(&frame).unwrap();
    writer.finish().unwrap();
}

/// Products of very different size, each with ratings and a time of its own: clusters as real data has them.
fn clustered(products: usize) -> Vec<Row> {
    let mut state = 1_u64;
    let mut random = |below: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as u32) % below
    };
    let mut rows = Vec::new();
    for product in 0..products {
        let (level, start) = (random(4), 10_000 + i64::from(random(1_500)));
        for _ in 0..=random(5) * random(8) {
            let rating = (2 + level.min(3) + random(2)).min(5) as f32;
            let day = start + i64::from(random(200));
            rows.push((
                format!("U{:04}", random(800)),
                format!("P{product:05}"),
                rating,
                day * DAY + i64::from(random(1000)),
            ));
        }
    }
    rows
}

struct Run {
    folder: TempDir,
}

impl Run {
    fn of(rows: &[Row], params: &Params) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let path = |name: &str| folder.path().join(name);
        write_reviews(&path("in.parquet"), rows);
        let input = Input { stage: "load".to_owned(), port: "reviews".to_owned(), path: path("in.parquet") };
        Self::with_inputs(folder, params, BTreeMap::from([("reviews".to_owned(), vec![input])]))
    }

    fn with_inputs(folder: TempDir, params: &Params, inputs: BTreeMap<String, Vec<Input>>) -> anyhow::Result<Self> {
        let scratch = folder.path().join("scratch");
        fs::create_dir_all(&scratch)?;
        let task = Task {
            name: "sample".to_owned(),
            stage: "sample".to_owned(),
            pipeline: "test".to_owned(),
            fingerprint: String::new(),
            params: serde_json::Value::Null,
            inputs,
            outputs: ["reviews", "proof", "report"].map(|port| (port.to_owned(), folder.path().join(port))).into(),
            scratch,
        };
        Sample::run(params, &Context::new(task, Box::new(sink())))?;
        Ok(Self { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn rows(&self) -> Vec<Row> {
        let frame = TableReader::open(&self.path("reviews"), Kind::Reviews).unwrap().read(&[]).unwrap();
        let text = |name: &str| -> Vec<String> {
            frame.column(name).unwrap().str().unwrap().iter().map(|key| key.unwrap().to_owned()).collect()
        };
        let rating = frame.column("rating").unwrap().f32().unwrap().clone();
        let time = frame.column("time").unwrap().i64().unwrap().clone();
        let keys = text("user").into_iter().zip(text("item"));
        keys.zip(rating.into_no_null_iter().zip(time.into_no_null_iter()))
            .map(|((user, item), (rating, time))| (user, item, rating, time))
            .collect()
    }

    fn proof(&self) -> Proof {
        read_json(&self.path("proof")).unwrap()
    }

    fn html(&self) -> String {
        fs::read_to_string(self.path("report")).unwrap()
    }
}

fn params(unit: Unit, rate: f64, seed: u64) -> Params {
    Params { unit, rate, seed, model_rows: 0, ..Params::default() }
}

fn keys(rows: &[Row], unit: Unit) -> BTreeSet<String> {
    rows.iter().map(|row| if unit == Unit::User { row.0.clone() } else { row.1.clone() }).collect()
}

#[test]
fn whole_products_or_users_are_kept_in_order() {
    let rows = clustered(120);
    for unit in [Unit::User, Unit::Asin] {
        let kept = Run::of(&rows, &params(unit, 0.4, 3)).unwrap().rows();
        let chosen = keys(&kept, unit);
        let is_chosen = |row: &&Row| chosen.contains(if unit == Unit::User { &row.0 } else { &row.1 });
        let wanted: Vec<Row> = rows.iter().filter(is_chosen).cloned().collect();
        assert!(!kept.is_empty() && kept.len() < rows.len());
        assert_eq!(kept, wanted);
    }
}

#[test]
fn the_users_are_those_that_any_other_engine_keeps() {
    // Python: [u for u in range(800)
    //          if int(hashlib.sha256(f"3:user:U{u:04}".encode()).hexdigest()[:16], 16) < 0.01 * 2**64]
    let rows: Vec<Row> = (0..800).map(|user| (format!("U{user:04}"), "P".to_owned(), 5.0, DAY * 9999)).collect();
    let kept = keys(&Run::of(&rows, &params(Unit::User, 0.01, 3)).unwrap().rows(), Unit::User);
    assert_eq!(
        kept.into_iter().collect::<Vec<_>>(),
        ["U0016", "U0161", "U0319", "U0346", "U0364", "U0384", "U0409", "U0494", "U0515", "U0625", "U0630", "U0642"]
    );
}

#[test]
fn user_item_keeps_the_reviews_whose_user_and_product_are_kept() {
    let rows = clustered(300);
    let both = Run::of(&rows, &params(Unit::UserItem, 0.25, 3)).unwrap().rows();
    let users = keys(&Run::of(&rows, &params(Unit::User, 0.5, 3)).unwrap().rows(), Unit::User);
    let items = keys(&Run::of(&rows, &params(Unit::Asin, 0.5, 3)).unwrap().rows(), Unit::Asin);
    let wanted: Vec<Row> =
        rows.iter().filter(|row| users.contains(&row.0) && items.contains(&row.1)).cloned().collect();
    assert_eq!(both, wanted);
}

#[test]
fn samples_are_nested_and_the_same_each_time() {
    let rows = clustered(120);
    for unit in ALL {
        let draw = |rate| Run::of(&rows, &params(unit, rate, 3)).unwrap();
        let (small, large, again) = (draw(0.2), draw(0.4), draw(0.2));
        let mut rest = large.rows().into_iter();
        assert!(small.rows().iter().all(|row| rest.any(|other| other == *row)), "{unit:?}: a subsequence");
        for port in ["reviews", "proof", "report"] {
            assert_eq!(fs::read(small.path(port)).unwrap(), fs::read(again.path(port)).unwrap());
        }
    }
}

#[test]
fn a_size_keeps_that_many_units_and_is_nested() {
    let rows = clustered(300);
    for unit in [Unit::User, Unit::Asin, Unit::Row] {
        let draw = |size| Run::of(&rows, &Params { size: Some(size), ..params(unit, 1.0, 3) }).unwrap();
        let (small, large) = (draw(40), draw(90));
        let count = |run: &Run| if unit == Unit::Row { run.rows().len() } else { keys(&run.rows(), unit).len() };
        assert_eq!((count(&small), count(&large)), (40, 90));
        let mut rest = large.rows().into_iter();
        assert!(small.rows().iter().all(|row| rest.any(|other| other == *row)), "{unit:?}: a subsequence");
        let proof = small.proof();
        assert_eq!((proof.strata[0].kept, proof.size), (40, Some(40)));
        // The cut that the proof publishes gives the same units as the rate that it came to.
        assert!(proof.strata[0].below.len() >= 16 && proof.rate > 0.0);
    }
}

#[test]
fn strata_have_their_own_rates_and_weights() {
    let rows = clustered(600);
    let rates = BTreeMap::from([("1997".to_owned(), 1.0), ("1998".to_owned(), 0.5)]);
    let strata = Some(Strata { by: StrataBy::Year, rates });
    for unit in [Unit::User, Unit::Asin, Unit::Row] {
        let run = Run::of(&rows, &Params { strata: strata.clone(), ..params(unit, 0.2, 5) }).unwrap();
        let proof = run.proof();
        let first = proof.strata.iter().find(|stratum| stratum.name == "1997").unwrap();
        assert_eq!((first.kept, first.weight.to_bits()), (first.units, 1_f64.to_bits()));
        assert!(proof.strata.iter().any(|stratum| (stratum.weight - 5.0).abs() < 1e-12));
        let reviews = proof.estimates.iter().find(|estimate| estimate.name == "reviews").unwrap();
        // Weighted, the sample tells the size of the whole; unweighted it would be less than half.
        assert!((reviews.estimate / rows.len() as f64 - 1.0).abs() < 0.3, "{reviews:?}");
        assert!(run.html().contains("Strata"));
    }
}

#[test]
fn strata_of_popularity_share_a_size() {
    let rows = clustered(600);
    let strata = Some(Strata { by: StrataBy::Popularity, rates: BTreeMap::new() });
    for unit in [Unit::User, Unit::Asin, Unit::Row] {
        let proof =
            Run::of(&rows, &Params { strata: strata.clone(), size: Some(60), ..params(unit, 1.0, 5) }).unwrap().proof();
        assert_eq!(proof.strata.iter().map(|stratum| stratum.kept).sum::<u64>(), 60, "{:?}", proof.strata);
        assert_eq!(proof.strata.len(), 10);
    }
}

#[test]
fn an_unknown_stratum_is_an_error_that_lists_those_there_are() {
    let strata = Some(Strata { by: StrataBy::Popularity, rates: BTreeMap::from([("11".to_owned(), 0.5)]) });
    let error = Run::of(&clustered(9), &Params { strata, ..params(Unit::User, 1.0, 5) }).err().unwrap().to_string();
    assert!(error.contains("names stratum `11`, which does not exist; there are 1, 2, 3"), "{error}");
}

#[test]
fn a_rate_of_one_is_the_population_and_says_so() {
    let rows = clustered(40);
    for unit in ALL {
        let run = Run::of(&rows, &params(unit, 1.0, 3)).unwrap();
        assert_eq!(run.rows(), rows);
        let proof = run.proof();
        assert_eq!((proof.verdict, proof.tests.len(), proof.effects.len()), (Verdict::Whole, 0, 0));
        assert!(proof.estimates.iter().all(|estimate| estimate.inside == Some(true)), "{:?}", proof.estimates);
        assert!(run.html().contains("whole population"));
    }
}

#[test]
fn one_row_makes_a_whole_page() {
    let row = ("u".to_owned(), "i".to_owned(), 4.5, DAY * 9999);
    for unit in ALL {
        let run = Run::of(std::slice::from_ref(&row), &params(unit, 1.0, 3)).unwrap();
        assert!(!run.html().contains("NaN"));
    }
}

#[test]
fn small_tables_are_sampled_without_a_fault() {
    let rows = clustered(12);
    for unit in ALL {
        for seed in 0..20 {
            let Ok(run) = Run::of(&rows, &params(unit, 0.5, seed)) else { continue };
            let (html, proof) = (run.html(), run.proof());
            assert!(!html.contains("NaN") && !html.contains("inf "), "{unit:?} {seed}");
            assert!(proof.tests.iter().all(|test| (0.0..=1.0).contains(&test.adjusted)), "{:?}", proof.tests);
        }
    }
}

#[test]
fn an_empty_sample_is_an_error_that_says_what_to_do() {
    let error = Run::of(&clustered(3), &params(Unit::Asin, 1e-9, 3)).err().unwrap().to_string();
    assert!(error.contains("keeps none of 3 products") && error.contains("raise `rate`"), "{error}");
    let error =
        Run::with_inputs(TempDir::new().unwrap(), &Params::default(), BTreeMap::new()).err().unwrap().to_string();
    assert!(error.contains("no input `reviews` is connected and no `store` is set"), "{error}");
}

#[test]
fn a_biased_selection_is_seen() {
    // Ratings depend on the very hash that selects: every kept product has five stars.
    let all = clustered(600);
    let kept = keys(&Run::of(&all, &params(Unit::Asin, 0.3, 9)).unwrap().rows(), Unit::Asin);
    let rows: Vec<Row> = all
        .iter()
        .map(|row| (row.0.clone(), row.1.clone(), if kept.contains(&row.1) { 5.0 } else { row.2 }, row.3))
        .collect();
    let run = Run::of(&rows, &params(Unit::Asin, 0.3, 9)).unwrap();
    let proof = run.proof();
    assert_eq!(proof.verdict, Verdict::Rejected);
    let rating = proof.effects.iter().find(|effect| effect.variable == "rating").unwrap();
    assert!(rating.within == Some(false) && rating.value > 0.2, "{rating:?}");
    assert!(run.html().contains("Chance does not explain the differences in") && proof.smallest_p_value() < 0.02);
}

#[test]
fn recommenders_are_compared_on_sample_and_whole() {
    let rows = clustered(300);
    let run = Run::of(&rows, &Params { model_rows: 100_000, ..params(Unit::User, 0.4, 3) }).unwrap();
    let models = run.proof().models.unwrap();
    assert!(models.is_complete && models.all.reviews > 1000);
    assert!((-1.0..=1.0).contains(&models.tau.unwrap()));
    assert!(models.curve.is_sorted_by_key(|point| point.reviews) && models.curve.len() > 1);
    for point in &models.curve {
        assert!(point.values.iter().all(|value| (0.0..=1.0).contains(value)), "{point:?}");
    }
    assert!(run.html().contains("Kendall"));
}

#[test]
fn a_store_gives_the_same_products_as_the_table() {
    let rows = clustered(300);
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    fill_store(&url, &rows);
    for (rate, size) in [(0.3, None), (1.0, Some(25))] {
        let table = Params { size, ..params(Unit::Asin, rate, 3) };
        let stored = Params { store: Some(url.clone()), ..table.clone() };
        let from_table = Run::of(&rows, &table).unwrap();
        let from_store = Run::with_inputs(TempDir::new().unwrap(), &stored, BTreeMap::new()).unwrap();
        let sorted = |run: &Run| {
            let mut rows = run.rows();
            rows.sort_by(|a, b| (&a.1, &a.0, a.3).cmp(&(&b.1, &b.0, b.3)));
            rows
        };
        assert_eq!(sorted(&from_store), sorted(&from_table));
        let (known, told) = (from_table.proof(), from_store.proof());
        assert_eq!((told.population.rows, told.population.items), (known.population.rows, known.population.items));
        assert_eq!((told.population.users, told.sample.users), (None, known.sample.users));
        assert_eq!(told.strata, known.strata);
        for (told, known) in told.estimates.iter().zip(&known.estimates) {
            assert!(
                (told.estimate - known.estimate).abs() < 1e-9 * known.estimate.abs().max(1.0),
                "{told:?} {known:?}"
            );
            let is_of_units = ["reviews", "products"].iter().any(|word| told.name.starts_with(word));
            assert_eq!(told.truth, known.truth.filter(|_| is_of_units), "{}", told.name);
        }
        assert!(told.effects.iter().all(|effect| effect.variable == "reviews_a_product"));
        assert!(!from_store.html().contains("NaN"));
    }
}

fn fill_store(url: &str, rows: &[Row]) {
    let mut ordinals: BTreeMap<(&str, &str, i64), u32> = BTreeMap::new();
    let reviews: Vec<storage::Review> = rows
        .iter()
        .map(|(user, item, rating, time)| {
            let ordinal = ordinals.entry((user, item, *time)).or_insert(0);
            *ordinal += 1;
            storage::Review {
                asin: item.clone(),
                user: user.clone(),
                time: *time,
                ordinal: *ordinal - 1,
                rating: *rating,
                title: None,
                text: Some("é".repeat((*time % 900) as usize)),
                verified: Some(*time % 3 > 0),
                helpful_votes: None,
            }
        })
        .collect();
    storage::block_on(async {
        let store = storage::open(url).await.unwrap();
        store.begin_load("one").await.unwrap();
        store.put_reviews("one", &reviews).await.unwrap();
        store.finish_load("one").await.unwrap();
    });
}

#[test]
fn a_store_without_a_load_is_an_error_that_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let params = Params { store: Some(url), ..params(Unit::Asin, 0.5, 3) };
    let error = Run::with_inputs(TempDir::new().unwrap(), &params, BTreeMap::new()).err().unwrap().to_string();
    assert!(error.contains("holds no finished load; run `load` into it first"), "{error}");
}

#[test]
fn a_handful_of_units_proves_nothing_and_is_not_rejected_for_it() {
    let rows = clustered(600);
    for seed in 0..10 {
        let proof = Run::of(&rows, &Params { size: Some(8), ..params(Unit::Asin, 1.0, seed) }).unwrap().proof();
        assert!(proof.tests.iter().all(|test| test.method == Method::ProductPermutation), "{:?}", proof.tests);
        assert_ne!(proof.verdict, Verdict::Faithful);
    }
}
