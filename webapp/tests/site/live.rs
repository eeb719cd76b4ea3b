//! What the product is about: what is done now shows in the next list.

use recommender::Algorithm;
use recommender::algorithms::popularity;
use rocket::http::Status;
use serde_json::{Value, json};

use crate::shop::{Shop, keys};

fn event(id: &str, user: &str, item: &str) -> Value {
    json!({ "event_id": id, "user": user, "item": item, "kind": "purchase" })
}

#[rocket::async_test]
async fn a_user_without_events_gets_the_published_list_and_after_one_event_a_live_one() {
    let shop = Shop::open().await;
    let (_, stored) = shop.json("/api/v1/users/ben/recommendations?k=3").await;
    assert_eq!(stored["source"], "stored");
    assert_eq!(keys(&stored), ["TEA-3", "MUG-1", "POT-1"]);
    let reason = &stored["items"][0]["reasons"][0];
    let expected =
        json!({ "kind": "because-of", "asin": "TEA-2", "title": "Black tea", "action": "rated", "share": 0.75 });
    assert_eq!(*reason, expected);

    shop.event(&event("e1", "ben", "COF-1")).await;
    let (_, live) = shop.json("/api/v1/users/ben/recommendations?k=3").await;
    assert_eq!(live["source"], "live");
    let coffee = live["items"].as_array().unwrap().iter().find(|item| item["asin"] == "COF-2").unwrap();
    assert_eq!(coffee["reasons"][0]["asin"], "COF-1");
    assert_eq!(coffee["reasons"][0]["action"], "bought");
    // What ben has is not recommended to him.
    assert!(keys(&live).iter().all(|asin| !["TEA-1", "TEA-2", "COF-1"].contains(&asin.as_str())));
}

#[rocket::async_test]
async fn a_user_never_seen_gets_what_is_popular_and_one_event_makes_the_list_theirs() {
    let shop = Shop::open().await;
    let (_, list) = shop.json("/api/v1/users/newcomer/recommendations?k=8").await;
    // Most rated first, ties in the order of the model; nobody's history leaves anything out.
    let popular = ["TEA-1", "TEA-2", "COF-1", "COF-2", "TEA-3", "COF-3", "MUG-1", "POT-1"];
    assert_eq!(keys(&list), popular);
    assert_eq!(list["items"][0]["reasons"], json!([{ "kind": "popular" }]));
    shop.event(&event("e1", "newcomer", "COF-1")).await;
    assert_eq!(shop.list("newcomer", 2).await, ["COF-2", "COF-3"]);
}

#[rocket::async_test]
async fn a_second_event_of_the_same_id_changes_nothing() {
    let shop = Shop::open().await;
    shop.event(&event("same", "zoe", "COF-1")).await;
    let before = shop.list("zoe", 8).await;
    let (status, receipt) = shop.post("/api/v1/events", &event("same", "zoe", "TEA-1")).await;
    assert_eq!((status, receipt), (Status::Accepted, json!({ "accepted": 0, "duplicates": 1, "places": [] })));
    assert_eq!(shop.list("zoe", 8).await, before);
}

#[rocket::async_test]
async fn a_viewed_item_may_still_be_recommended_a_bought_one_not() {
    let shop = Shop::open().await;
    let view = json!({ "user": "zoe", "item": "TEA-1", "kind": "view" });
    shop.event(&view).await;
    assert!(shop.list("zoe", 8).await.contains(&"TEA-1".to_owned()));
    shop.event(&event("e1", "zoe", "TEA-1")).await;
    assert!(!shop.list("zoe", 8).await.contains(&"TEA-1".to_owned()));
}

#[rocket::async_test]
async fn preferences_change_the_next_list() {
    let shop = Shop::open().await;
    let address = "/api/v1/users/zoe/preferences";
    assert_eq!(shop.list("zoe", 1).await, ["TEA-1"]);
    let (status, kept) = shop.put(address, &json!({ "brands": ["Blend"], "categories": ["Coffee"] })).await;
    assert_eq!(status, Status::Ok);
    assert_eq!(kept["brands"], json!(["Blend"]));
    let (_, list) = shop.json("/api/v1/users/zoe/recommendations?k=1").await;
    assert_eq!(keys(&list), ["COF-3"]);
    let reasons = json!([{ "kind": "brand", "value": "Blend" }, { "kind": "category", "value": "Coffee" }]);
    assert_eq!(list["items"][0]["reasons"], reasons);

    shop.put(address, &json!({ "excluded_items": ["TEA-1", "no-such-item"] })).await;
    assert_eq!(shop.list("zoe", 1).await, ["TEA-2"]);
    // COF-3 has no price, so it is not known to be in the range.
    shop.put(address, &json!({ "price_min": 10, "price_max": 25 })).await;
    assert_eq!(shop.list("zoe", 8).await, ["COF-1", "COF-2", "TEA-3"]);
    shop.put(address, &json!({ "price_min": 1000 })).await;
    assert_eq!(shop.list("zoe", 8).await, [""; 0]);
    assert!(shop.page("/users/zoe").await.contains("Nothing left to recommend"));
}

#[rocket::async_test]
async fn a_newly_published_version_is_served_without_a_restart() {
    let shop = Shop::open().await;
    let version = |answer: &Value| answer["model"].as_str().unwrap().to_owned();
    let (_, before) = shop.json("/api/v1/users/dan/recommendations?k=1").await;
    assert_eq!(version(&before), "v1");
    shop.publish("v2", &Algorithm::Popularity(popularity::Parameters::default())).await;
    let (_, after) = shop.json("/api/v1/users/dan/recommendations?k=1").await;
    assert_eq!((version(&after).as_str(), keys(&after)), ("v2", vec!["TEA-1".to_owned()]));
    shop.activate("v1").await;
    let (_, back) = shop.json("/api/v1/models/active").await;
    assert_eq!(back["version"], "v1");
}

#[rocket::async_test]
async fn a_newly_loaded_catalogue_is_seen_without_a_restart() {
    let shop = Shop::open().await;
    assert!(shop.page("/").await.contains("Green tea"));
    let mut product = shop.store.product("TEA-1").await.unwrap().unwrap();
    product.title = Some("Matcha".into());
    product.price = Some(99.0);
    shop.store.put_products("g2", &[product]).await.unwrap();
    shop.store.finish_load("g2").await.unwrap();
    let home = shop.page("/").await;
    assert!(home.contains("Matcha") && !home.contains("Black tea"));
    shop.put("/api/v1/users/zoe/preferences", &json!({ "price_min": 50 })).await;
    assert_eq!(shop.list("zoe", 8).await, ["TEA-1"]);
}

#[rocket::async_test]
async fn a_broken_version_leaves_the_one_before_in_place() {
    let shop = Shop::open().await;
    assert_eq!(shop.list("dan", 1).await.len(), 1);
    shop.store.put_model_file("v2", "model.json", b"{}").await.unwrap();
    shop.activate("v2").await;
    let (status, list) = shop.json("/api/v1/users/dan/recommendations?k=1").await;
    assert_eq!((status, &list["model"]), (Status::Ok, &json!("v1")));
}

#[rocket::async_test]
async fn without_a_usable_model_every_page_says_so() {
    let shop = Shop::without_model().await;
    for address in ["/", "/search", "/products/TEA-1", "/users/ann", "/reports"] {
        let response = shop.client.get(address).dispatch().await;
        assert_eq!(response.status(), Status::ServiceUnavailable, "{address}");
        assert!(response.into_string().await.unwrap().contains("orchestrator run pipeline.yaml"), "{address}");
    }
    for address in ["health", "models/active", "users/ann/recommendations", "products/TEA-1/similar"] {
        let (status, answer) = shop.json(&format!("/api/v1/{address}")).await;
        assert_eq!((status, &answer["error"]["code"]), (Status::ServiceUnavailable, &json!("no_model")), "{address}");
    }
    shop.store.put_model_file("v1", "vocabulary/items.txt", b"only-one\n").await.unwrap();
    shop.activate("v1").await;
    let (status, answer) = shop.json("/api/v1/health").await;
    assert_eq!((status, &answer["error"]["code"]), (Status::ServiceUnavailable, &json!("broken_model")));
    // What needs no model is served.
    let (status, found) = shop.json("/api/v1/products?q=tea").await;
    assert_eq!((status, &found["total"]), (Status::Ok, &json!(4)));
}
