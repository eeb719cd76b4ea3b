//! The site and the reports in a real Chromium, as a visitor meets them.

use std::{fs, path::Path};

use tests::{Broker, Browser, Program, Server, assert_report_is_whole, free_port};

/// Widths of a desktop window and of a phone, in pixels.
const WIDTHS: [u32; 2] = [1280, 390];

fn publish(folder: &Path) -> (Program, String) {
    let program = Program::with_cache(&folder.join("cache"));
    let store = format!("sqlite://{}", folder.join("store.db").display());
    program.run_well(["run", "pipeline.yaml", "--set", &format!("store={store}")]);
    (program, store)
}

fn assert_page_fits(browser: &Browser, url: &str) {
    for width in WIDTHS {
        browser.resize(width, 900);
        browser.open(url);
        assert_eq!(browser.overflow(), 0, "{url} is wider than a window of {width} pixels");
        assert_eq!(browser.texts("h1").len(), 1, "{url} has one main heading");
        assert!(browser.foreign_requests().is_empty(), "{url} asks others: {:?}", browser.foreign_requests());
    }
}

#[test]
fn a_visitor_buys_and_the_list_follows() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (program, store) = publish(folder.path());
    let server = Server::start(&store);

    for path in ["/", "/search", "/search?q=no+such+thing", "/reports", "/users/never-seen-before"] {
        assert_page_fits(&browser, &server.url(path));
    }

    browser.resize(1280, 900);
    browser.open(&server.url("/"));
    browser.fill("#try-user", "grace");
    browser.follow("form[action='/demo/user'] button");
    browser.open(&server.url("/users/grace"));
    let before = browser.texts(".card-title");
    assert!(before.len() >= 5, "a stranger sees only {before:?}");

    browser.follow(".card-link");
    let product = browser.texts("h1").remove(0);
    assert!(!browser.texts(".review-text").is_empty(), "the product page of {product} shows no reviews");
    assert!(!browser.texts("#similar").is_empty(), "the product page of {product} shows no similar products");
    browser.follow("form[action='/events'] button[value='purchase']");
    browser.open(&server.url("/users/grace"));
    let after = browser.texts(".card-title");
    assert!(after.len() >= 5, "after buying {product} the list is only {after:?}");
    assert_ne!(before, after, "buying {product} changed nothing");
    let reasons = browser.texts(".reason").join("\n");
    assert!(reasons.contains(&product), "no reason names {product}: {reasons}");

    browser.fill("#price-max", "20");
    browser.follow(".preferences button[type='submit']");
    browser.open(&server.url("/users/grace"));
    let prices = browser.texts(".user-head ~ .with-side .grid .price");
    assert!(!prices.is_empty(), "no price in the list");
    for price in prices {
        let amount: f64 =
            price.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect::<String>().parse().unwrap();
        assert!(amount <= 20.0, "{price} is above the wanted 20");
    }

    // Where nothing is left out there is no proof to draw.
    let store = format!("store={store}");
    program.run_well(["run", "pipeline.yaml", "sample", "--set", "rate=0.5", "--set", &store]);
    assert_reports_stand_alone(&browser, &program);
}

/// Remembers in `window.changed` whether the list on the page was replaced.
fn watch_the_list(browser: &Browser) {
    browser.script(
        "window.changes = 0;
         window.changed = new Promise(kept => new MutationObserver(() => { window.changes += 1; kept(); })
             .observe(document.querySelector('[data-stream]'), { childList: true }))",
    );
}

#[test]
fn an_open_page_follows_what_its_user_does_and_no_other() {
    let (Some(ann), Some(ben)) = (Browser::start(), Browser::start()) else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_, store) = publish(folder.path());
    let server = Server::start(&store);
    for (browser, user) in [(&ann, "ann-lives"), (&ben, "ben-lives")] {
        browser.open(&server.url(&format!("/users/{user}")));
        watch_the_list(browser);
    }
    let before = ann.texts(".card-title");
    let asin = ann.script("return document.querySelector('[data-stream] a').pathname.split('/').pop()");
    let event = serde_json::json!({"user": "ann-lives", "item": asin, "kind": "purchase"});
    assert_eq!(server.send("POST", "/api/v1/events", &event).0, 202);
    ann.wait("window.changed");
    let after = ann.texts(".card-title");
    assert!(after.len() >= 5 && after != before, "{before:?} became {after:?}");
    assert!(!ann.texts(".card.new").is_empty(), "new products stand out");
    let reasons = ann.texts(".reason").join("\n");
    assert!(reasons.contains("Because you bought"), "{reasons}");
    assert_eq!(ann.overflow(), 0);

    // Ben's page had as much time, and follows what he does himself.
    assert_eq!(ben.script("return window.changes"), 0);
    let event = serde_json::json!({"user": "ben-lives", "item": asin, "kind": "purchase"});
    assert_eq!(server.send("POST", "/api/v1/events", &event).0, 202);
    ben.wait("window.changed");
    assert_eq!(ann.script("return window.changes"), 1);
}

/// Rates the first product of the page's list as the page's user; remembers in `window.shown` the time
/// that the list took to change, in milliseconds.
fn rate_the_first(browser: &Browser, user: &str) {
    browser.script(&format!(
        "const list = document.querySelector('[data-stream]');
         const item = list.querySelector('a').pathname.split('/').pop();
         window.shown = new Promise(kept => new MutationObserver(() => kept(performance.now() - window.began))
             .observe(list, {{ childList: true }})).then(took => {{ window.took = took; }});
         window.began = performance.now();
         fetch('/api/v1/events', {{
             method: 'POST',
             headers: {{ 'content-type': 'application/json' }},
             body: JSON.stringify({{ user: {user:?}, item, kind: 'rating', rating: 5 }}),
         }});"
    ));
}

#[test]
fn a_rating_changes_the_row_of_its_user_at_once_and_no_other() {
    let (Some(ann), Some(ben)) = (Browser::start(), Browser::start()) else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_, store) = publish(folder.path());
    let server = Server::start(&store);
    for (browser, user) in [(&ann, "ann-rates"), (&ben, "ben-rates")] {
        browser.open(&server.url(&format!("/users/{user}")));
        watch_the_list(browser);
    }
    let (mut took, rounds) = (Vec::new(), 5);
    for round in 1..=rounds {
        let before = ann.texts(".card-title");
        let rated = before.first().expect("a stranger sees what is popular").clone();
        rate_the_first(&ann, "ann-rates");
        ann.wait("window.shown");
        let after = ann.texts(".card-title");
        assert!(!after.contains(&rated), "{rated} is rated and still recommended: {after:?}");
        assert!(ann.texts(".reason").join("\n").contains("Because you rated"), "round {round} names no reason");
        took.push(ann.script("return window.took").as_f64().expect("a time was measured"));
    }
    assert_eq!(ann.script("return window.changes"), rounds);
    assert_eq!(ben.script("return window.changes"), 0);
    took.sort_by(f64::total_cmp);
    println!("from a rating to the changed row, in ms as the page measures: {took:.1?}");
}

/// Waits until the page says that it is live, or that it is not.
fn wait_until_live(browser: &Browser, live: bool) {
    browser.wait(&format!(
        "new Promise(kept => {{
             const state = document.querySelector('[data-live]');
             const look = () => state.dataset.live === '{live}' && kept();
             new MutationObserver(look).observe(state, {{ attributes: true }});
             look();
         }})"
    ));
}

/// Waits until the page shows exactly these products in this order.
fn wait_for_the_list(browser: &Browser, asins: &[&str]) {
    browser.wait(&format!(
        "new Promise(kept => {{
             const list = document.querySelector('[data-stream]');
             const shown = () => [...list.children].map(card => card.querySelector('a').pathname.split('/').pop());
             const look = () => JSON.stringify(shown()) === JSON.stringify({asins:?}) && kept();
             new MutationObserver(look).observe(list, {{ childList: true }});
             look();
         }})"
    ));
}

#[test]
fn an_open_page_says_that_the_broker_is_away_and_misses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(broker) = Broker::in_folder(&folder.path().join("services")) else { return };
    let Some(browser) = Browser::start() else { return };
    let url = broker.start();
    let (_, store) = publish(folder.path());
    let shared = ["--store", &store, "--bus", &url];
    let server = Server::run("webapp", ["serve", "--no-worker"].iter().chain(&shared));
    let _worker = Server::run_at(free_port(), "webapp", ["worker"].iter().chain(&shared));
    browser.open(&server.url("/users/cleo"));
    wait_until_live(&browser, true);

    let asins = browser.script(
        "return [...document.querySelectorAll('[data-stream] > *')].map(c => c.querySelector('a').pathname.split('/').pop())",
    );
    let event = |place: usize| serde_json::json!({"user": "cleo", "item": asins[place], "kind": "purchase"});
    assert_eq!(server.send("POST", "/api/v1/events", &event(0)).0, 202);
    broker.stop();
    wait_until_live(&browser, false);
    assert!(!browser.texts("[data-live]").join("").is_empty(), "the page says nothing");
    // What the broker has not taken is not promised either.
    let (status, answer) = server.send("POST", "/api/v1/events", &event(1));
    assert_eq!(status, 503, "{answer}");
    assert_eq!(broker.start(), url, "the broker is back where it was");
    wait_until_live(&browser, true);

    assert_eq!(server.send("POST", "/api/v1/events", &event(2)).0, 202);
    server.wait_for_metric("recommender_worker_lag", |lag| lag == 0);
    let (_, wanted) = server.json("/api/v1/users/cleo/recommendations?k=12");
    let wanted: Vec<&str> =
        wanted["items"].as_array().into_iter().flatten().filter_map(|item| item["asin"].as_str()).collect();
    for bought in [0, 2] {
        assert!(!wanted.contains(&asins[bought].as_str().unwrap()), "{} was bought: {wanted:?}", asins[bought]);
    }
    wait_for_the_list(&browser, &wanted);
}

/// Reports are opened from the disk, as somebody would who got them by mail.
fn assert_reports_stand_alone(browser: &Browser, program: &Program) {
    let mut seen = 0;
    for (name, (artifact, _)) in program.records() {
        let report = artifact.join("report.html");
        if !report.exists() {
            continue;
        }
        seen += 1;
        assert_report_is_whole(browser, &format!("file://{}", report.display()));
        assert!(browser.texts("svg").len() > 1, "the report of {name} has no charts");
        let html = fs::read_to_string(&report).expect("a report is text");
        assert!(!html.contains("NaN"), "the report of {name} shows NaN");
    }
    assert!(seen >= 3, "only {seen} reports were written");
}
