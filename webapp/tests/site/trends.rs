//! What events teach about items, and products that come while the site is up.

use rocket::http::Status;
use serde_json::{Value, json};
use streaming::{Message, Start};

use crate::shop::{Shop, keys};

fn done(user: &str, item: &str, kind: &str) -> Value {
    json!({ "user": user, "item": item, "kind": kind })
}

fn green_mug() -> Value {
    json!({ "title": "Green tea sampler", "brand": "Acme", "categories": ["Kitchen & more", "Tea"], "price": 7.5 })
}

#[rocket::async_test]
async fn what_is_done_now_trends_the_weightier_the_more() {
    let shop = Shop::open().await;
    let (_, nothing) = shop.json("/api/v1/trending").await;
    assert_eq!(nothing, json!({ "items": [] }));
    assert!(!shop.page("/").await.contains("id=\"trending\""));
    for (user, item, kind) in
        [("u", "TEA-1", "view"), ("v", "TEA-1", "view"), ("u", "COF-1", "purchase"), ("v", "MUG-1", "cart")]
    {
        shop.event(&done(user, item, kind)).await;
    }
    let low = json!({ "user": "w", "item": "POT-1", "kind": "rating", "rating": 1 });
    shop.event(&low).await;
    // A month ago, and bought ten times.
    let now_ms = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64;
    for number in 0..10 {
        let user = format!("old-{number}");
        let time_ms = now_ms - 30 * 86_400_000;
        shop.event(&json!({ "user": user, "item": "TEA-3", "kind": "purchase", "time_ms": time_ms })).await;
    }
    let (_, trends) = shop.json("/api/v1/trending?k=5").await;
    assert_eq!(keys(&trends), ["COF-1", "MUG-1", "TEA-1"]);
    let scores: Vec<f64> =
        trends["items"].as_array().unwrap().iter().map(|item| item["score"].as_f64().unwrap()).collect();
    for (score, wanted) in scores.iter().zip([5.0, 3.0, 2.0]) {
        // They began to fade when they were applied, at half in two days.
        assert!(*score <= wanted + 1e-6 && *score > wanted * 0.99, "{scores:?}");
    }
    let (_, first) = shop.json("/api/v1/trending?k=1").await;
    assert_eq!(keys(&first), ["COF-1"]);
    let home = shop.page("/").await;
    let row = home.split("id=\"trending\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(row.contains("Espresso") && !row.contains("Teapot"), "{row}");
}

#[rocket::async_test]
async fn a_product_tells_what_was_done_with_it_and_what_is_looked_at_together() {
    let shop = Shop::open().await;
    let (_, before) = shop.json("/api/v1/products/TEA-1/together").await;
    assert_eq!((&before["items"], &before["activity"]["views"]), (&json!([]), &json!(0)));
    assert!(!shop.page("/products/TEA-1").await.contains("id=\"together\""));
    for user in ["u", "v"] {
        shop.event(&done(user, "TEA-1", "view")).await;
        shop.event(&done(user, "MUG-1", "cart")).await;
        // Loaded again: counted as a view, but not as another visit with both.
        shop.event(&done(user, "TEA-1", "view")).await;
    }
    shop.event(&done("u", "POT-1", "purchase")).await;
    shop.event(&json!({ "user": "u", "item": "TEA-1", "kind": "rating", "rating": 4 })).await;
    let (_, answer) = shop.json("/api/v1/products/TEA-1/together").await;
    let activity = &answer["activity"];
    assert_eq!([&activity["views"], &activity["carts"], &activity["ratings"]], [&json!(4), &json!(0), &json!(1)]);
    assert_eq!(activity["rating_mean"], json!(4.0));
    assert_eq!(keys(&answer), ["MUG-1", "POT-1"]);
    assert_eq!((&answer["items"][0]["count"], &answer["items"][1]["count"]), (&json!(2), &json!(1)));
    let page = shop.page("/products/TEA-1").await;
    let row = page.split("id=\"together\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(row.contains("Teapot") && row.contains("2 times together") && !row.contains("<script>"), "{row}");
    let (_, back) = shop.json("/api/v1/products/MUG-1/together?k=1").await;
    assert_eq!((keys(&back), &back["activity"]["carts"]), (vec!["TEA-1".to_owned()], &json!(2)));
}

#[rocket::async_test]
async fn an_event_that_comes_again_is_counted_once() {
    let shop = Shop::open().await;
    let payload = br#"{"event_id":"once","user":"zoe","item":"COF-1","kind":"view"}"#.to_vec();
    let message = Message { key: "zoe".to_owned(), payload };
    shop.bus.send("events", vec![message.clone(), message.clone()]).await.unwrap();
    shop.applied().await;
    shop.bus.send("events", vec![message]).await.unwrap();
    shop.applied().await;
    assert_eq!(shop.store.activity("COF-1").await.unwrap().views, 1);
}

#[rocket::async_test]
async fn items_that_the_catalogue_does_not_have_are_left_out() {
    let shop = Shop::open().await;
    let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    let view = |item: &str| {
        let event = json!({ "user": "zoe", "item": item, "kind": "purchase", "time_ms": since - 600_000 });
        let payload = event.to_string().into_bytes();
        Message { key: "zoe".to_owned(), payload }
    };
    let messages = ["GONE-1", "GONE-2", "GONE-3", "GONE-4", "GONE-5", "GONE-6"].map(view);
    shop.bus.send("events", messages.to_vec()).await.unwrap();
    for (item, ago_ms) in [("TEA-1", 60_000), ("TEA-2", 0)] {
        shop.event(&json!({ "user": "zoe", "item": item, "kind": "view", "time_ms": since - ago_ms })).await;
    }
    let (_, trends) = shop.json("/api/v1/trending?k=2").await;
    assert_eq!(keys(&trends), ["TEA-2", "TEA-1"], "the newer one has faded less");
    let (_, together) = shop.json("/api/v1/products/TEA-2/together?k=9").await;
    assert_eq!(keys(&together), ["TEA-1"]);
}

#[rocket::async_test]
async fn events_are_counted_before_a_model_is_published() {
    let shop = Shop::without_model().await;
    shop.event(&done("zoe", "TEA-1", "view")).await;
    shop.event(&done("zoe", "TEA-2", "view")).await;
    let (_, together) = shop.json("/api/v1/products/TEA-1/together").await;
    assert_eq!(keys(&together), ["TEA-2"]);
    let (_, trends) = shop.json("/api/v1/trending").await;
    assert_eq!(keys(&trends), ["TEA-2", "TEA-1"], "the newer one has faded less");
}

#[rocket::async_test]
async fn a_new_product_is_found_has_neighbours_and_moves_the_list() {
    let shop = Shop::open().await;
    let before = shop.list("zoe", 8).await;
    let (status, kept) = shop.put("/api/v1/products/NEW-1", &green_mug()).await;
    assert_eq!((status, &kept["title"], &kept["rating_count"]), (Status::Ok, &json!("Green tea sampler"), &json!(0)));
    assert_eq!(shop.json("/api/v1/products/NEW-1").await.1, kept);
    let (_, found) = shop.json("/api/v1/products?q=sampler").await;
    assert_eq!(keys(&found), ["NEW-1"]);
    // Shares `green`, `tea` and `acme` with the first, `tea` and `acme` with the second.
    let (_, similar) = shop.json("/api/v1/products/NEW-1/similar?k=2").await;
    assert_eq!(keys(&similar), ["TEA-1", "TEA-2"]);
    let page = shop.page("/products/NEW-1").await;
    assert!(page.contains("Green tea sampler") && page.contains("Similar products") && page.contains("Black tea"));

    shop.event(&done("zoe", "NEW-1", "purchase")).await;
    let (_, list) = shop.json("/api/v1/users/zoe/recommendations?k=8").await;
    assert_ne!(keys(&list), before);
    // Who bought green tea bought black and white tea; and the reason is what zoe bought, not what stands in for it.
    let white = list["items"].as_array().unwrap().iter().find(|item| item["asin"] == "TEA-3").unwrap();
    let reason = &white["reasons"][0];
    assert_eq!(
        [&reason["asin"], &reason["title"], &reason["action"]],
        [&json!("NEW-1"), &json!("Green tea sampler"), &json!("bought")],
        "{list}"
    );
    assert_eq!(white["reasons"].as_array().unwrap().len(), 1, "{white}");
    let live = shop.store.live_list("zoe").await.unwrap().unwrap();
    let asins: Vec<String> = live.items.iter().map(|item| item.asin.clone()).take(8).collect();
    assert_eq!(asins, keys(&list), "the worker's list is the same");
    let (_, answer) = shop.json("/api/v1/users/zoe/recommendations/TEA-3/explanation").await;
    let contributions = answer["contributions"].as_array().unwrap();
    assert_eq!((contributions.len(), &contributions[0]["asin"]), (1, &json!("NEW-1")), "{answer}");
    let sum = answer["base"].as_f64().unwrap() + contributions[0]["value"].as_f64().unwrap();
    assert!((sum - answer["score"].as_f64().unwrap()).abs() < 1e-5, "{answer}");
}

#[rocket::async_test]
async fn a_known_product_keeps_its_figures_and_a_changed_one_gets_other_neighbours() {
    let shop = Shop::open().await;
    let (_, kept) = shop.put("/api/v1/products/TEA-1", &json!({ "title": "Matcha", "user": "importer" })).await;
    assert_eq!([&kept["title"], &kept["rating_count"]], [&json!("Matcha"), &json!(3)]);
    assert_eq!(kept["brand"], Value::Null, "it is replaced whole");
    assert_eq!(shop.json("/api/v1/products?q=matcha").await.1["total"], json!(1));
    assert_eq!(shop.json("/api/v1/products?q=green").await.1["total"], json!(0));

    shop.put("/api/v1/products/NEW-1", &green_mug()).await;
    shop.event(&done("zoe", "NEW-1", "purchase")).await;
    let tea = shop.list("zoe", 3).await;
    shop.put("/api/v1/products/NEW-1", &json!({ "title": "Espresso filter coffee", "brand": "Roast" })).await;
    shop.event(&done("zoe", "NEW-1", "view")).await;
    let coffee = shop.list("zoe", 3).await;
    assert!(coffee != tea && coffee.iter().all(|asin| asin.starts_with("COF")), "{tea:?} became {coffee:?}");
}

#[rocket::async_test]
async fn a_product_can_come_in_one_batch_with_what_is_done_with_it() {
    let shop = Shop::open().await;
    let product = json!({ "user": "zoe", "item": "NEW-2", "kind": "product", "product": green_mug() });
    let (status, receipt) = shop.post("/api/v1/events", &json!([product, done("zoe", "NEW-2", "view")])).await;
    assert_eq!((status, &receipt["accepted"]), (Status::Accepted, &json!(2)), "{receipt}");
    shop.applied().await;
    assert_eq!(shop.store.activity("NEW-2").await.unwrap().views, 1);
    assert_eq!(shop.store.product("NEW-2").await.unwrap().unwrap().price, Some(7.5));
    assert_eq!(shop.store.events_of_user("zoe", 9).await.unwrap().len(), 1, "a product is no deed of a user");
}

#[rocket::async_test]
async fn faulty_products_are_named_and_nothing_is_taken() {
    let shop = Shop::open().await;
    for (body, field) in [
        (json!({ "titel": "Tea" }), "titel"),
        (json!({ "title": "" }), "title"),
        (json!({ "price": -1 }), "price"),
        (json!({ "categories": vec!["x"; 65] }), "categories"),
        (json!({ "title": "Tea", "user": "" }), "user"),
    ] {
        let (status, answer) = shop.put("/api/v1/products/NEW-1", &body).await;
        assert_eq!((status, &answer["error"]["field"]), (Status::UnprocessableEntity, &json!(field)), "{body}");
    }
    let (status, _) = shop.json("/api/v1/products/NEW-1").await;
    assert_eq!(status, Status::NotFound);
    let bare = json!({ "user": "shop", "item": "NEW-1", "kind": "product" });
    let (status, answer) = shop.post("/api/v1/events", &bare).await;
    assert_eq!((status, &answer["error"]["field"]), (Status::UnprocessableEntity, &json!("product")));
}

#[rocket::async_test]
async fn without_a_catalogue_a_product_is_refused_and_on_the_bus_a_dead_letter() {
    let shop = Shop::empty().await;
    let (status, answer) = shop.put("/api/v1/products/NEW-1", &green_mug()).await;
    assert_eq!((status, &answer["error"]["code"]), (Status::ServiceUnavailable, &json!("no_catalogue")));
    let event = json!({ "user": "shop", "item": "NEW-1", "kind": "product", "product": green_mug() });
    let message = Message { key: "shop".to_owned(), payload: event.to_string().into_bytes() };
    let mut letters = shop.bus.follow("events.dlq", Start::Oldest).await.unwrap();
    shop.bus.send("events", vec![message]).await.unwrap();
    let letter = loop {
        if let Some(letter) = letters.receive(1).await.unwrap().pop() {
            break letter;
        }
    };
    let letter: Value = serde_json::from_slice(&letter.payload).unwrap();
    assert_eq!(letter["reason"], "no catalogue is loaded that the product could go into");
}
