//! Figures for those who watch the site.

use rocket::http::Status;
use serde_json::json;
use streaming::Message;

use crate::shop::Shop;

/// The value of a figure.
fn figure(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("recommender_{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in:\n{text}")).parse().unwrap()
}

#[rocket::async_test]
async fn events_are_counted_from_the_request_to_the_list() {
    let shop = Shop::open().await;
    for item in ["TEA-1", "COF-1"] {
        shop.event(&json!({ "user": "zoe", "item": item, "kind": "view" })).await;
    }
    let broken = Message { key: "zoe".to_owned(), payload: b"no json".to_vec() };
    shop.bus.send("events", vec![broken]).await.unwrap();
    shop.applied().await;
    let text = shop.page("/metrics").await;
    for (name, value) in [
        ("events_accepted_total", 2.0),
        ("events_applied_total", 2.0),
        ("events_dead_total", 1.0),
        ("live_errors_total", 0.0),
        ("open_streams", 0.0),
        ("bus_up", 1.0),
        ("worker_lag", 0.0),
    ] {
        assert_eq!(figure(&text, name).to_bits(), f64::to_bits(value), "{name}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("recommender_") && value.parse::<f64>().is_ok(), "{line}");
    }
}

#[rocket::async_test]
async fn health_and_the_schema_of_events_are_there() {
    let shop = Shop::open().await;
    assert_eq!(shop.json("/health").await, (Status::Ok, json!({ "status": "ok", "version": "v1" })));
    let (_, schema) = shop.json("/api/v1/event.schema.json").await;
    assert_eq!(schema["required"], json!(["user", "kind"]));
}
