//! The recommendations route under load: stored lists, and lists scored anew after an event.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tests::{Program, Server};

use crate::figures::{Figures, make_data};

/// Clients that ask at the same time.
const CLIENTS: usize = 4;
/// How long each kind of request is measured.
const DURATION: Duration = Duration::from_secs(8);

/// Publishes that many made reviews and asks for recommendations as fast as the server gives them.
pub fn measure(reviews: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    make_data(folder.path(), reviews)?;
    let program = Program::with_cache(&folder.path().join("cache"));
    let set = |name: &str, file: &str| format!("{name}={}", folder.path().join(file).display());
    let store = format!("sqlite://{}", folder.path().join("store.db").display());
    let variables = [
        set("reviews", "sample-reviews.json.gz"),
        set("metadata", "sample-products.json.gz"),
        format!("store={store}"),
    ];
    let sets = variables.iter().flat_map(|variable| ["--set", variable]);
    program.run_well(["run", "pipelines/amazon-2018.yaml"].into_iter().chain(sets));

    let server = Server::start(&store);
    let (users, asin) = users_and_item(&server)?;
    measure_route(&server, &users, "serve_stored", figures)?;
    for user in &users {
        let (status, answer) =
            server.send("POST", "/api/v1/events", &json!({"user": user, "item": asin, "kind": "view"}));
        ensure!(status == 202, "the event was refused: {answer}");
        server.streamed(user);
    }
    measure_route(&server, &users, "serve_live", figures)?;
    if let Some(peak) = server.peak_memory_bytes() {
        figures.add("serve_peak_mb", peak as f64 / 1e6, "MB");
    }
    Ok(())
}

/// Some users with reviews, and an item.
fn users_and_item(server: &Server) -> anyhow::Result<(Vec<String>, String)> {
    let (_, found) = server.json("/api/v1/products?limit=20");
    let asins: Vec<&str> =
        found["items"].as_array().into_iter().flatten().filter_map(|row| row["asin"].as_str()).collect();
    let asin = (*asins.first().context("the store holds no products")?).to_owned();
    let mut users = Vec::new();
    for asin in asins {
        let (_, reviews) = server.json(&format!("/api/v1/products/{asin}/reviews?limit=20"));
        let rows = reviews["items"].as_array().into_iter().flatten();
        users.extend(rows.filter_map(|row| row["user"].as_str()).map(str::to_owned));
    }
    users.sort();
    users.dedup();
    ensure!(!users.is_empty(), "the store holds no reviews");
    Ok((users, asin))
}

fn measure_route(server: &Server, users: &[String], prefix: &str, figures: &mut Figures) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut latencies: Vec<Duration> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || ask(server, users, client))).collect();
        clients.into_iter().flat_map(|client| client.join().expect("a client panics only on a broken answer")).collect()
    });
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    ensure!(!latencies.is_empty(), "no request was answered");
    let quantile = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    figures.add(format!("{prefix}_requests_per_s"), latencies.len() as f64 / elapsed.as_secs_f64(), "requests/s");
    figures.add(format!("{prefix}_p50_ms"), quantile(0.5), "ms");
    figures.add(format!("{prefix}_p99_ms"), quantile(0.99), "ms");
    Ok(())
}

fn ask(server: &Server, users: &[String], client: usize) -> Vec<Duration> {
    let started = Instant::now();
    let mut latencies = Vec::new();
    for user in users.iter().cycle().skip(client * users.len() / CLIENTS) {
        if started.elapsed() > DURATION {
            break;
        }
        let asked = Instant::now();
        let (status, body): (u16, Value) = server.json(&format!("/api/v1/users/{user}/recommendations?k=10"));
        latencies.push(asked.elapsed());
        assert_eq!(status, 200, "{body}");
    }
    latencies
}
