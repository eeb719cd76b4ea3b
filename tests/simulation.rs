//! `orchestrator simulate` against a real `orchestrator serve` over the bundled sample.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tests::{Browser, Outcome, Program, Server, assert_report_is_whole};

/// A published sample and a server over it.
struct Shop {
    folder: tempfile::TempDir,
    program: Program,
    store: String,
    server: Server,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = Program::with_cache(&folder.path().join("cache"));
        let store = format!("store=sqlite://{}", folder.path().join("store.db").display());
        program.run_well(["run", "pipeline.yaml", "--set", &store]);
        let server = Server::start(store.trim_start_matches("store="));
        Self { folder, program, store, server }
    }

    fn arguments<'a>(&'a self, more: &[&'a str], site: &'a str) -> Vec<&'a str> {
        let fixed = ["simulate", "pipeline.yaml", "--set", &self.store, "--to", site, "--rate", "100000"];
        [&fixed, more].concat()
    }

    fn simulate(&self, more: &[&str]) -> Outcome {
        self.program.run_well(self.arguments(more, &self.server.url("")))
    }

    /// The figures of a simulation.
    fn figures(&self, more: &[&str]) -> Value {
        let outcome = self.simulate(&[more, &["--json"]].concat());
        assert_eq!(outcome.stdout.lines().count(), 1, "{}", outcome.stdout);
        outcome.events().remove(0)
    }

    fn list(&self, user: &str) -> Value {
        self.server.json(&format!("/api/v1/users/{user}/recommendations?k=10")).1
    }
}

fn count(figures: &Value, path: &str) -> u64 {
    figures.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{path} is a count: {figures}"))
}

/// What was measured and what was not is all that was planned, and every part adds up to it.
fn assert_adds_up(figures: &Value, events: u64) {
    let at = |path: &str| count(figures, path);
    assert_eq!(at("/planned"), events, "{figures}");
    let ends = ["accepted", "duplicates", "unknown_products", "rejected"].map(|end| at(&format!("/events/{end}")));
    assert_eq!(ends.iter().sum::<u64>(), events, "{figures}");
    assert_eq!(at("/measured"), ends[0] - at("/repeated"), "{figures}");
    for parts in ["by_events_before", "over_time"] {
        let parts = figures[parts].as_array().expect("parts");
        assert_eq!(parts.iter().map(|part| count(part, "/events")).sum::<u64>(), at("/measured"), "{figures}");
    }
    assert_eq!(at("/latency_ms/post/count"), ends[0] + ends[1], "{figures}");
}

fn rate(figures: &Value, whose: &str) -> f64 {
    figures["all"]["hit_rate"][whose]["value"].as_f64().unwrap_or_else(|| panic!("a hit rate: {figures}"))
}

#[test]
fn unseen_reviews_are_measured_once_and_change_nothing_a_second_time() {
    let shop = Shop::open();
    let report = shop.folder.path().join("simulation.html");
    let report_path = report.display().to_string();
    let figures = shop.figures(&["--events", "400", "--report", &report_path]);
    assert_adds_up(&figures, 400);
    assert_eq!(count(&figures, "/measured"), 400, "each user of this split has one unseen review: {figures}");
    assert!(figures["is_complete"] == true && figures["notes"] == json!([]), "{figures}");
    assert!(count(&figures, "/history/accepted") > 4 * 400, "{figures}");
    assert_eq!(count(&figures, "/late"), 0, "{figures}");
    assert_eq!(count(&figures, "/latency_ms/page/count"), 50, "{figures}");

    // The same as the offline evaluation of the served model's kin would say, but for the users drawn.
    let (site, popular) = (rate(&figures, "site"), rate(&figures, "popular"));
    assert!(site > popular, "the served model does not beat popularity: {figures}");
    let metrics = fs::read(shop.program.records()["evaluate"].0.join("metrics.json")).unwrap();
    let metrics: Value = serde_json::from_slice(&metrics).unwrap();
    let models = metrics["models"].as_array().unwrap();
    let hybrid = models.iter().find(|model| model["name"] == "hybrid").unwrap();
    let offline = hybrid["values"]["hit_rate@10"].as_f64().unwrap();
    let ends = ["low", "high"].map(|end| figures["all"]["hit_rate"]["site"][end].as_f64().unwrap());
    println!("hit rate@10: live {site:.4} ({ends:.4?}), offline {offline:.4}, most rated {popular:.4}");
    assert!((site - offline).abs() < 0.1, "live {site}, offline {offline}");

    let html = fs::read_to_string(&report).unwrap();
    let shown = format!("{:.1} %", site * 100.0);
    assert!(html.contains(&shown) && html.contains("hit rate@10") && !html.contains("NaN"), "no {shown}");
    assert_report_reads_well(&report);

    let users = users_of(&shop, 3);
    let before: Vec<Value> = users.iter().map(|user| shop.list(user)).collect();
    let again = shop.figures(&["--events", "400"]);
    assert_adds_up(&again, 400);
    assert_eq!((count(&again, "/events/duplicates"), count(&again, "/measured")), (400, 0), "{again}");
    assert_eq!(count(&again, "/history/duplicates"), count(&figures, "/history/accepted"), "{again}");
    assert_eq!(count(&again, "/history/accepted"), 0, "{again}");
    assert!(again["notes"][0].as_str().unwrap().contains("--as again-"), "{again}");
    let after: Vec<Value> = users.iter().map(|user| shop.list(user)).collect();
    assert_eq!(before, after);

    // Other names, same deeds: the same figures, whatever the threads did.
    let renamed = shop.figures(&["--events", "400", "--as", "again-"]);
    assert_eq!(renamed["all"], figures["all"]);
    assert_eq!(renamed["by_events_before"], figures["by_events_before"]);
    assert_a_pipeline_that_has_not_run_has_nothing_to_replay(&shop);
}

fn assert_a_pipeline_that_has_not_run_has_nothing_to_replay(shop: &Shop) {
    let empty = shop.folder.path().join("empty-cache");
    let other = Program::with_cache(&empty);
    let url = shop.server.url("");
    let outcome = other.run(shop.arguments(&[], &url));
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("orchestrator run pipeline.yaml preprocess"), "{}", outcome.stderr);
    let outcome = other.run(shop.arguments(&["--from", "preprocess.tests"], &url));
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`test`"), "{}", outcome.stderr);
}

/// Names of replayed users, as the test part has them.
fn users_of(shop: &Shop, wanted: usize) -> Vec<String> {
    let preprocess = &shop.program.records()["preprocess"].0;
    let keys = pipeline::read_keys(&preprocess.join("user_index.parquet"), pipeline::Kind::UserIndex)
        .expect("the index of users");
    keys.into_iter().take(wanted).map(|key| format!("replay-{key}")).collect()
}

fn assert_report_reads_well(report: &Path) {
    let Some(browser) = Browser::start() else { return };
    assert_report_is_whole(&browser, &format!("file://{}", report.display()));
    assert!(browser.texts("svg").len() >= 4, "charts");
}

#[test]
fn made_up_shoppers_are_learned_and_loaded_reviews_can_be_replayed() {
    let shop = Shop::open();
    let figures = shop.figures(&["--synthetic", "--users", "12", "--events", "300", "--seed", "7"]);
    assert_adds_up(&figures, 300);
    let before: Vec<&str> =
        figures["by_events_before"].as_array().unwrap().iter().filter_map(|group| group["name"].as_str()).collect();
    assert_eq!(before, ["0", "1", "2", "3–5", "6–10", "11+"]);
    assert_eq!(count(&figures, "/by_events_before/0/events"), 12, "{figures}");
    assert!(rate(&figures, "site") > rate(&figures, "popular"), "{figures}");
    let (_, page) = shop.server.page("/users/shopper-7-1");
    assert!(page.contains("Bought") || page.contains("Rated"), "the shopper's page shows what was done");

    let figures = shop.figures(&["--from", "load.reviews", "--users", "20"]);
    let planned = count(&figures, "/planned");
    assert_adds_up(&figures, planned);
    assert!(planned > 40 && figures["notes"][0].as_str().unwrap().contains("too good"), "{figures}");

    let table = shop.simulate(&["--from", "load.reviews", "--users", "3", "--as", "table-"]).stdout;
    for words in ["hit rate@10", "MRR@10", "most rated", "post to open page", "events before"] {
        assert!(table.contains(words), "no `{words}` in\n{table}");
    }
    assert_products_that_the_site_does_not_have_are_left_out(&shop);
    assert_ctrl_c_shows_what_was_measured_until_then(&shop);
}

/// Two users with 25 reviews of the time before, 3 of them of products of the site, and one to be guessed:
/// a product of the site, and another one.
fn assert_products_that_the_site_does_not_have_are_left_out(shop: &Shop) {
    let (_, found) = shop.server.json("/api/v1/products?limit=4");
    let known: Vec<&str> = (0..4).filter_map(|at| found["items"][at]["asin"].as_str()).collect();
    let mut rows = vec!["user,item,rating,time".to_owned()];
    for (user, last) in [("ann", known[3]), ("ben", "unknown-last")] {
        for time in 0..25 {
            // In the middle, so that places of faults shift when others are left out.
            let item = if (11..14).contains(&time) { known[time - 11].to_owned() } else { format!("unknown-{time}") };
            rows.push(format!("{user},{item},4,{}", 1_500_000_000 + time));
        }
        rows.push(format!("{user},{last},5,1600000000"));
    }
    let file = shop.folder.path().join("reviews.csv");
    fs::write(&file, rows.join("\n")).expect("the folder can be written");
    let reviews = format!("reviews={}", file.display());
    let store = format!("store=sqlite://{}", shop.folder.path().join("other.db").display());
    let settings = ["--set", &reviews, "--set", &store, "--set", "min_interactions=1"];
    shop.program.run_well([&["run", "pipelines/csv.yaml", "preprocess"], &settings[..]].concat());
    let url = shop.server.url("");
    let arguments = ["simulate", "pipelines/csv.yaml", "--json", "--rate", "1000", "--to", &url];
    let figures = shop.program.run_well([&arguments, &settings[..]].concat()).events().remove(0);
    assert_adds_up(&figures, 2);
    let counts =
        |of: &str| ["accepted", "unknown_products", "rejected"].map(|end| count(&figures, &format!("/{of}/{end}")));
    assert_eq!((counts("history"), counts("events")), ([6, 44, 0], [1, 1, 0]), "{figures}");
    assert_eq!(figures["by_events_before"][0]["name"], "3–5", "{figures}");
}

fn assert_ctrl_c_shows_what_was_measured_until_then(shop: &Shop) {
    let url = shop.server.url("");
    let arguments = ["simulate", "--synthetic", "--to", &url, "--rate", "20", "--events", "100000", "--json"];
    let mut command = shop.program.command(arguments);
    let mut child: Child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let log = BufReader::new(child.stderr.take().expect("standard error is piped"));
    // The progress tells that events have been measured.
    let mut lines = log.lines().map_while(Result::ok);
    let progress = lines.find(|line| line.contains("on the page before"));
    assert!(progress.is_some(), "no progress was told");
    let drained = std::thread::spawn(move || lines.for_each(drop));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill can be run");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    drained.join().expect("the log ends");
    assert_eq!(output.status.code(), Some(130));
    let figures: Value = serde_json::from_slice(&output.stdout).expect("figures");
    assert!(count(&figures, "/measured") > 0 && figures["is_complete"] == false, "{figures}");
    assert!(figures["notes"].to_string().contains("interrupted"), "{figures}");
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = Program::with_cache(&folder.path().join("cache"));
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = program.run(["simulate", "--to", &format!("http://{nobody}")]);
    assert_eq!(away.code, 3, "{}", away.stderr);
    assert!(away.stderr.contains("orchestrator serve"), "{}", away.stderr);

    let store = format!("sqlite://{}", folder.path().join("store.db").display());
    let server = Server::start(&store);
    let bare = program.run(["simulate", "--synthetic", "--to", &server.url("")]);
    assert_eq!(bare.code, 3, "{}", bare.stderr);
    assert!(bare.stderr.contains("orchestrator run"), "{}", bare.stderr);

    let wrong = program.run(["simulate", "--to", "127.0.0.1:8000"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("http://127.0.0.1:8000"), "{}", wrong.stderr);
}
