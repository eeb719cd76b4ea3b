//! Lists that follow what is done, as open pages see them.

use std::time::Duration;

use recommender::Algorithm;
use recommender::algorithms::popularity;
use rocket::http::{Header, Status};
use rocket::local::asynchronous::LocalResponse;
use rocket::tokio::io::AsyncReadExt;
use serde_json::{Value, json};
use streaming::{Message, Start, Topic, last_places};

use crate::shop::{Shop, keys};

/// An open stream.
struct Open<'c> {
    response: LocalResponse<'c>,
    text: String,
}

/// What came over it.
#[derive(Debug)]
struct Came {
    id: String,
    data: Value,
}

impl<'c> Open<'c> {
    async fn new(shop: &'c Shop, address: &'c str, last: Option<&str>) -> Self {
        let mut request = shop.client.get(address);
        if let Some(last) = last {
            request = request.header(Header::new("Last-Event-ID", last.to_owned()));
        }
        let response = request.dispatch().await;
        assert_eq!(response.status(), Status::Ok);
        Self { response, text: String::new() }
    }

    /// The next list.
    async fn next(&mut self) -> Came {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())) {
                self.text = rest;
                let field = |name: &str| {
                    let lines = block.lines().filter_map(|line| line.strip_prefix(name));
                    lines.map(str::to_owned).collect::<Vec<_>>().join("\n")
                };
                if field("event:") == "recommendations" {
                    return Came { id: field("id:"), data: serde_json::from_str(&field("data:")).unwrap() };
                }
            }
            let mut bytes = [0; 4096];
            let count = self.response.read(&mut bytes).await.unwrap();
            assert!(count > 0, "the stream ended");
            self.text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
    }
}

fn bought(user: &str, item: &str) -> Value {
    json!({ "user": user, "item": item, "kind": "purchase" })
}

#[rocket::async_test]
async fn an_event_reaches_the_open_stream_of_its_user() {
    let shop = Shop::open().await;
    let mut zoe = Open::new(&shop, "/api/v1/users/zoe/stream?cards=true", None).await;
    shop.event(&bought("somebody-else", "TEA-1")).await;
    shop.event(&bought("zoe", "COF-1")).await;
    let first = zoe.next().await;
    assert_eq!(first.data["user"], "zoe");
    assert_eq!(keys(&first.data)[..2], ["COF-2", "COF-3"]);
    assert_eq!(first.data["items"][0]["reasons"][0]["asin"], "COF-1");
    assert!(first.data["cards"].as_str().unwrap().contains("Because you bought"), "{}", first.data["cards"]);
    assert_eq!(keys(&first.data), shop.list("zoe", 12).await, "the same list as a request gets");

    shop.event(&bought("zoe", "COF-2")).await;
    let second = zoe.next().await;
    assert_eq!(second.data["removed"], json!(["COF-2"]));
    assert_ne!(second.id, first.id);
}

#[rocket::async_test]
async fn a_receipt_names_the_list_that_knows_of_the_event() {
    let shop = Shop::open().await;
    let mut zoe = Open::new(&shop, "/api/v1/users/zoe/stream", None).await;
    for item in ["COF-1", "TEA-1"] {
        let (_, receipt) = shop.post("/api/v1/events", &bought("zoe", item)).await;
        assert_eq!(receipt["places"], json!([zoe.next().await.id]));
    }
}

#[rocket::async_test]
async fn a_stream_that_was_interrupted_goes_on_with_what_it_missed() {
    let shop = Shop::open().await;
    let address = "/api/v1/users/zoe/stream";
    shop.event(&bought("zoe", "COF-1")).await;
    let seen = Open::new(&shop, address, None).await.next().await;
    shop.event(&bought("zoe", "TEA-1")).await;
    let missed = Open::new(&shop, address, Some(&seen.id)).await.next().await;
    assert!(!keys(&missed.data).contains(&"TEA-1".to_owned()));
    // Nothing was missed: the next thing that comes is new.
    let mut up_to_date = Open::new(&shop, address, Some(&missed.id)).await;
    shop.event(&bought("zoe", "MUG-1")).await;
    assert_ne!(up_to_date.next().await.id, missed.id);
}

#[rocket::async_test]
async fn preferences_are_events_like_any_other() {
    let shop = Shop::open().await;
    let mut zoe = Open::new(&shop, "/api/v1/users/zoe/stream", None).await;
    shop.put("/api/v1/users/zoe/preferences", &json!({ "brands": ["Blend"], "categories": ["Coffee"] })).await;
    assert_eq!(keys(&zoe.next().await.data)[0], "COF-3");
    let wishes = json!({ "user": "zoe", "kind": "preferences", "preferences": { "excluded_items": ["TEA-1"] } });
    shop.event(&wishes).await;
    assert_eq!(keys(&zoe.next().await.data)[0], "TEA-2");
    let (_, kept) = shop.json("/api/v1/users/zoe/preferences").await;
    assert_eq!((&kept["excluded_items"], &kept["brands"]), (&json!(["TEA-1"]), &json!([])));
}

#[rocket::async_test]
async fn what_cannot_be_taken_goes_to_the_dead_letters_and_holds_nothing_up() {
    let shop = Shop::open().await;
    let mut letters = shop.bus.follow("events.dlq", Start::Oldest).await.unwrap();
    let message = |payload: &str| Message { key: "zoe".to_owned(), payload: payload.as_bytes().to_vec() };
    let broken = [message("no json"), message(r#"{"user":"zoe","item":"TEA-1","kind":"rating","rating":9}"#)];
    let places = shop.bus.send("events", broken.to_vec()).await.unwrap();
    shop.event(&bought("zoe", "COF-1")).await;
    let mut found = Vec::new();
    while found.len() < 2 {
        found.extend(letters.receive(2).await.unwrap());
    }
    found.sort_by_key(|letter| letter.key.clone());
    let letters: Vec<Value> = found.iter().map(|letter| serde_json::from_slice(&letter.payload).unwrap()).collect();
    assert_eq!(letters[0]["payload"], "no json");
    assert_eq!(letters[1]["reason"], "event field `rating`: expected a number from 1 to 5, found 9");
    assert_eq!(
        (&letters[1]["partition"], &letters[1]["offset"]),
        (&json!(places[1].partition), &json!(places[1].offset))
    );
}

#[rocket::async_test]
async fn an_event_that_comes_twice_over_the_bus_counts_once() {
    let shop = Shop::open().await;
    let payload = r#"{"event_id":"once","user":"zoe","item":"COF-1","kind":"purchase"}"#;
    let message = Message { key: "zoe".to_owned(), payload: payload.as_bytes().to_vec() };
    shop.bus.send("events", vec![message.clone(), message.clone()]).await.unwrap();
    shop.bus.send("events", vec![message]).await.unwrap();
    shop.event(&bought("zoe", "COF-2")).await;
    let events = shop.store.events_of_user("zoe", 10).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.asin == "COF-1").count(), 1);
    assert_eq!(events.len(), 2);
}

#[rocket::async_test]
async fn open_pages_follow_a_newly_published_model_without_a_request() {
    let shop = Shop::open().await;
    let mut zoe = Open::new(&shop, "/api/v1/users/zoe/stream", None).await;
    shop.event(&bought("zoe", "COF-1")).await;
    let before = zoe.next().await;
    assert_eq!(before.data["model"], "v1");
    shop.publish("v2", &Algorithm::Popularity(popularity::Parameters::default())).await;
    let after = zoe.next().await;
    assert_eq!((&after.data["model"], &after.id), (&json!("v2"), &before.id));
    assert_ne!(keys(&after.data), keys(&before.data));
    shop.event(&bought("zoe", "TEA-1")).await;
    assert_eq!(zoe.next().await.data["model"], "v2", "workers follow too");
}

#[rocket::async_test]
async fn what_the_store_has_lost_is_read_again_though_the_bus_counts_it_as_done() {
    let event = |number: usize| Message {
        key: "zoe".to_owned(),
        payload: bought("zoe", crate::shop::ITEMS[number]).to_string().into_bytes(),
    };
    let shop = Shop::after(async |bus| {
        let (name, retention) = ("events".to_owned(), Duration::from_hours(1));
        bus.ensure(&Topic { name, partitions: 2, retention, replication: 1, durable: true }).await.unwrap();
        bus.send("events", (0..3).map(event).collect()).await.unwrap();
        let mut member = bus.join("events", "live", None).await.unwrap();
        let done = member.receive(3).await.unwrap();
        member.commit(&last_places(&done)).await.unwrap();
    })
    .await;
    shop.bus.send("events", vec![event(3)]).await.unwrap();
    shop.applied().await;
    let events = shop.store.events_of_user("zoe", 10).await.unwrap();
    assert_eq!(events.len(), 4, "{events:?}");
}
