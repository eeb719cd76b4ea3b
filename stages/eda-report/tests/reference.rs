//! The figures of the report against those of pandas, scipy, powerlaw and phik, on real review files.
//!
//! `benches/peers/eda_reference.py` computed the files in `reference/` from the rows that `load` keeps of the same
//! files. A file that is not on this machine is skipped with a message.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::BTreeMap,
    fs,
    io::sink,
    path::{Path, PathBuf},
};

use eda_report::EdaReport;
use load::Load;
use pipeline::{Context, Input, Stage, StageEntry, Task};
use serde_json::{Value, json};

/// Figures may differ by so much, relative to the larger one: sums in another order.
const CLOSE: f64 = 1e-9;
/// The same for what is the end of a search, on one side or both.
const SEARCHED: f64 = 1e-4;

/// What both say of one data set, and where they differ.
struct Comparison {
    name: String,
    reference: Value,
    chapters: Value,
    compared: usize,
    faults: Vec<String>,
}

impl Comparison {
    fn wanted(&self, pointer: &str) -> &Value {
        self.reference.pointer(pointer).unwrap_or_else(|| panic!("{}: no reference {pointer}", self.name))
    }

    /// A figure of the report; none where the chapter leaves it out.
    fn found(&self, pointer: &str) -> Option<f64> {
        self.chapters.pointer(pointer).and_then(Value::as_f64)
    }

    /// Compares a figure of the reference with one of the report, both named by JSON pointers.
    fn figure(&mut self, wanted: &str, found: &str, tolerance: f64) {
        let (number, other) = (self.wanted(wanted).as_f64(), self.found(found));
        self.numbers(&format!("{wanted} as {found}"), number, other, tolerance);
    }

    fn numbers(&mut self, what: &str, wanted: Option<f64>, found: Option<f64>, tolerance: f64) {
        let size = [wanted, found].into_iter().flatten().map(f64::abs).fold(1e-3, f64::max);
        self.within(what, wanted, found, tolerance * size);
    }

    fn within(&mut self, what: &str, wanted: Option<f64>, found: Option<f64>, distance: f64) {
        self.compared += 1;
        let is_same = match (wanted, found) {
            (Some(wanted), Some(found)) => (wanted - found).abs() <= distance,
            (wanted, found) => wanted.is_none() && found.is_none(),
        };
        if !is_same {
            self.faults.push(format!("{}: {what}: wanted {wanted:?}, found {found:?}", self.name));
        }
    }
}

/// Runs a stage in a folder, its outputs named by port.
fn run<S: Stage>(folder: &Path, params: Value, inputs: BTreeMap<String, Vec<Input>>) {
    let entry = StageEntry::of::<S>();
    let params = (entry.canonical)(params).unwrap();
    let scratch = folder.join(format!("{}-scratch", S::NAME));
    fs::create_dir(&scratch).unwrap();
    let task = Task {
        name: S::NAME.to_owned(),
        stage: S::NAME.to_owned(),
        pipeline: "reference".to_owned(),
        fingerprint: "0123".to_owned(),
        params: params.clone(),
        inputs,
        outputs: S::OUTPUTS.iter().map(|port| (port.name.to_owned(), output::<S>(folder, port.name))).collect(),
        scratch,
    };
    (entry.run)(&params, &Context::new(task, Box::new(sink()))).unwrap();
}

fn output<S: Stage>(folder: &Path, port: &str) -> PathBuf {
    folder.join(format!("{}-{port}", S::NAME))
}

/// The chapters that the report has of a file of reviews.
fn chapters(layout: &str, reviews: &Path) -> Value {
    let folder = tempfile::tempdir().unwrap();
    run::<Load>(folder.path(), json!({"layout": layout, "reviews": reviews}), BTreeMap::new());
    let input = |port: &str| {
        let input =
            Input { stage: "load".to_owned(), port: port.to_owned(), path: output::<Load>(folder.path(), port) };
        (port.to_owned(), vec![input])
    };
    run::<EdaReport>(folder.path(), json!({}), ["reviews", "texts"].map(input).into());
    let figures = fs::read(output::<EdaReport>(folder.path(), "statistics")).unwrap();
    serde_json::from_slice::<Value>(&figures).unwrap()["chapters"].take()
}

/// Every data set that is on this machine.
fn comparisons() -> Vec<Comparison> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = std::env::var_os("REAL_DATA").map_or_else(|| here.join("../../../shared/data"), PathBuf::from);
    let mut names: Vec<PathBuf> =
        fs::read_dir(here.join("tests/reference")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut found = Vec::new();
    for path in names {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let reference: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let reviews = data.join(&name).join(reference["file"].as_str().unwrap());
        if !reviews.exists() {
            println!("skipped: {} is not there; set REAL_DATA to the folder of real review files", reviews.display());
            continue;
        }
        let chapters = chapters(reference["layout"].as_str().unwrap(), &reviews);
        found.push(Comparison { name, reference, chapters, compared: 0, faults: Vec::new() });
    }
    found
}

#[test]
fn figures_are_those_of_established_programs() {
    let (mut compared, mut faults) = (0, Vec::new());
    for mut comparison in comparisons() {
        for part in [sizes, columns, correlations, phi_k, verified, tails, cores, years, biases, graphs] {
            part(&mut comparison);
        }
        compared += comparison.compared;
        println!("{}: {} figures compared", comparison.name, comparison.compared);
        faults.append(&mut comparison.faults);
    }
    assert!(faults.is_empty(), "{} of {compared} figures differ:\n{}", faults.len(), faults.join("\n"));
}

fn sizes(comparison: &mut Comparison) {
    for (wanted, found) in [
        ("/space/reviews", "/overview/reviews"),
        ("/space/users", "/overview/users"),
        ("/space/items", "/overview/items"),
        ("/space/density", "/overview/density"),
        ("/space/pairs", "/space/pairs"),
        ("/space/density", "/space/density"),
        ("/columns/rating/mean", "/overview/mean_rating"),
        ("/columns/rating/deviation", "/overview/rating_deviation"),
        ("/space/users_of_several_reviews", "/time/users/several"),
        ("/space/users_of_several_reviews_all_on_one_day", "/time/users/one_day"),
    ] {
        comparison.figure(wanted, found, CLOSE);
    }
    for (unit, name) in [("users", "a_user"), ("items", "an_item")] {
        for (place, level) in [0.05, 0.25, 0.5, 0.75, 0.95].into_iter().enumerate() {
            let wanted = comparison.wanted(&format!("/space/reviews_{name}_5_25_50_75_95/{place}")).as_f64();
            let quantiles = comparison.chapters["space"][unit]["quantiles"].as_array().cloned().unwrap_or_default();
            let found = quantiles.iter().find(|quantile| quantile["level"].as_f64() == Some(level));
            let found = found.and_then(|quantile| quantile["reviews"].as_f64());
            comparison.numbers(&format!("reviews of {unit} at {level}"), wanted, found, CLOSE);
        }
    }
}

fn columns(comparison: &mut Comparison) {
    let columns = comparison.chapters["columns"]["columns"].as_array().cloned().unwrap_or_default();
    for (name, ours) in [
        ("rating", "rating"),
        ("time", "time"),
        ("helpful_votes", "helpful_votes"),
        ("text_length", "text_length"),
        ("words", "text"),
    ] {
        let Some(place) = columns.iter().position(|column| column["name"] == ours) else {
            comparison.faults.push(format!("{}: no column {ours}", comparison.name));
            continue;
        };
        let (wanted, found) = (format!("/columns/{name}"), format!("/columns/columns/{place}"));
        comparison.figure(&format!("{wanted}/missing"), &format!("{found}/missing"), CLOSE);
        if comparison.wanted(&format!("{wanted}/count")) == 0 {
            continue;
        }
        if name != "words" {
            comparison.figure(&format!("{wanted}/distinct"), &format!("{found}/distinct"), CLOSE);
        }
        for (figure, ours) in NUMBERS {
            comparison.figure(&format!("{wanted}/{figure}"), &format!("{found}/numbers/{ours}"), CLOSE);
        }
    }
}

/// Statistics of a column: their names in the reference and in the report.
const NUMBERS: &[(&str, &str)] = &[
    ("count", "count"),
    ("zeros", "zeros"),
    ("mean", "mean"),
    ("deviation", "standard_deviation"),
    ("variance", "variance"),
    ("skewness", "skewness"),
    ("kurtosis", "kurtosis"),
    ("smallest", "minimum"),
    ("quantiles_5_25_50_75_95/0", "q05"),
    ("quantiles_5_25_50_75_95/1", "q25"),
    ("quantiles_5_25_50_75_95/2", "median"),
    ("quantiles_5_25_50_75_95/3", "q75"),
    ("quantiles_5_25_50_75_95/4", "q95"),
    ("largest", "maximum"),
    ("median_absolute_deviation", "median_absolute_deviation"),
];

/// Names of variables in the chapter of correlations.
fn variable(name: &str) -> &str {
    match name {
        "helpful_votes" => "votes",
        "text_length" => "characters",
        other => other,
    }
}

/// Compares a table with names of rows and columns below the diagonal.
fn table(comparison: &mut Comparison, part: &str, matrix: &str, ours: (&str, &str), tolerance: f64) {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let names = texts(comparison.wanted(&format!("/{part}/columns")));
    let known = texts(&comparison.chapters["correlations"][ours.0]);
    for (row, first) in names.iter().enumerate() {
        for (column, second) in names.iter().enumerate().take(row) {
            let wanted = comparison.wanted(&format!("/{part}/{matrix}/{row}/{column}")).as_f64();
            let place = |name: &str| known.iter().position(|known| known == variable(name));
            let found = place(first).zip(place(second));
            let found = found.and_then(|(a, b)| comparison.found(&format!("/correlations/{}/{a}/{b}", ours.1)));
            comparison.numbers(&format!("{matrix} of {first} and {second}"), wanted, found, tolerance);
        }
    }
}

fn correlations(comparison: &mut Comparison) {
    for matrix in ["pearson", "spearman", "kendall"] {
        table(comparison, "correlations", matrix, ("numbers", matrix), CLOSE);
    }
}

fn phi_k(comparison: &mut Comparison) {
    table(comparison, "phi_k", "phik", ("variables", "phi_k"), SEARCHED);
}

fn verified(comparison: &mut Comparison) {
    if comparison.wanted("/verified").is_null() {
        return;
    }
    for (wanted, found) in [
        ("verified", "verified/reviews"),
        ("unverified", "unverified/reviews"),
        ("mean_verified", "verified/mean"),
        ("mean_unverified", "unverified/mean"),
        ("difference", "difference"),
        ("interval/0", "interval/0"),
        ("interval/1", "interval/1"),
    ] {
        comparison.figure(&format!("/verified/{wanted}"), &format!("/trust/verified/{found}"), CLOSE);
    }
    let position = |list: &str, name: &str| {
        comparison.chapters["correlations"][list]
            .as_array()
            .and_then(|list| list.iter().position(|other| other == name))
    };
    let (category, number) = (position("categories", "verified"), position("numbers", "rating"));
    let found = category.zip(number).map(|(row, column)| format!("/correlations/eta/{row}/{column}"));
    comparison.figure("/rating_and_verified/correlation_ratio", &found.unwrap_or_default(), CLOSE);
}

fn tails(comparison: &mut Comparison) {
    for unit in ["users", "items"] {
        for (wanted, found) in [
            ("units", "units"),
            ("largest", "largest"),
            ("once", "once"),
            ("gini", "gini"),
            ("top_1_10_20_percent/0", "top_1_percent"),
            ("top_1_10_20_percent/1", "top_10_percent"),
            ("top_1_10_20_percent/2", "top_20_percent"),
        ] {
            comparison.figure(&format!("/{unit}/{wanted}"), &format!("/long_tail/{unit}/{found}"), CLOSE);
        }
        for start in ["from_smallest", "from_best"] {
            fits(comparison, &format!("/{unit}/{start}"), &format!("/long_tail/{unit}/{start}"));
        }
    }
}

fn fits(comparison: &mut Comparison, wanted: &str, found: &str) {
    for (name, ours, tolerance) in [
        ("start", "start", CLOSE),
        ("units", "units", CLOSE),
        ("alpha", "power_law/alpha", SEARCHED),
        ("alpha_by_powerlaw", "power_law/alpha", 1e-4),
        ("distance", "power_law/distance", SEARCHED),
        ("log_likelihood_power_law", "power_law/log_likelihood", SEARCHED),
        ("log_likelihood_log_normal", "log_normal/log_likelihood", SEARCHED),
    ] {
        comparison.figure(&format!("{wanted}/{name}"), &format!("{found}/{ours}"), tolerance);
    }
    // A log-normal whose mean runs away is nearly a power law; where its search ends is then a matter of patience. Also
    // where it does not, the likelihood is flat around its highest point: its value, above, is what must agree closely.
    let of = |figure: &str| comparison.wanted(&format!("{wanted}/log_normal_{figure}")).as_f64();
    if let (Some(mu), Some(sigma)) = (of("mu"), of("sigma"))
        && mu > -10.0
    {
        for (name, value) in [("mu", mu), ("sigma", sigma)] {
            let found = comparison.found(&format!("{found}/log_normal/{name}"));
            comparison.within(&format!("{wanted}/log_normal_{name}"), Some(value), found, 2e-3 * sigma);
        }
        for name in ["log_likelihood_ratio", "vuong_p"] {
            comparison.figure(&format!("{wanted}/{name}"), &format!("{found}/{name}"), 1e-3);
        }
    }
}

fn cores(comparison: &mut Comparison) {
    for place in 0..comparison.wanted("/k_core").as_array().unwrap().len() {
        for figure in ["k", "users", "items", "pairs", "reviews"] {
            comparison.figure(&format!("/k_core/{place}/{figure}"), &format!("/cores/cores/{place}/{figure}"), CLOSE);
        }
    }
}

fn years(comparison: &mut Comparison) {
    for place in 0..comparison.wanted("/years/years").as_array().unwrap().len() {
        comparison.figure(&format!("/years/years/{place}"), &format!("/ratings/years/{place}/year"), CLOSE);
        comparison.figure(&format!("/years/means/{place}"), &format!("/ratings/years/{place}/mean"), CLOSE);
        for star in 0..5 {
            let found = format!("/ratings/years/{place}/stars/{star}");
            comparison.figure(&format!("/years/counts_1_to_5/{place}/{star}"), &found, CLOSE);
        }
        if place > 0 {
            let wanted = format!("/years/psi_half_more/{}", place - 1);
            comparison.figure(&wanted, &format!("/time/years/{place}/stability"), CLOSE);
        }
    }
}

fn biases(comparison: &mut Comparison) {
    for figure in ["user_explained", "item_explained", "user_intraclass", "item_intraclass"] {
        comparison.figure(&format!("/biases/{figure}"), &format!("/ratings/variance/{figure}"), CLOSE);
    }
}

fn graphs(comparison: &mut Comparison) {
    for (wanted, found) in [
        ("components", "components/count"),
        ("giant_users", "components/giant_users"),
        ("giant_items", "components/giant_items"),
        ("co_review_mean_degree", "neighbours/mean_degree"),
        ("co_review_largest_degree", "neighbours/degrees/5"),
        ("co_review_clustering_of_degree_2_or_more", "neighbours/clustering"),
        ("co_review_transitivity", "neighbours/transitivity"),
    ] {
        comparison.figure(&format!("/graphs/{wanted}"), &format!("/co_review/{found}"), CLOSE);
    }
}
