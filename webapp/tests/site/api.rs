//! The REST API: answers, limits, failures, and that it is what `openapi.json` says.

use std::collections::BTreeSet;

use rocket::http::{ContentType, Status};
use serde_json::{Value, json};

use crate::shop::{Shop, keys};

#[rocket::async_test]
async fn products_are_found_and_paged() {
    let shop = Shop::open().await;
    let response = shop.client.get("/api/v1/products?q=tea&limit=2").dispatch().await;
    let link = response.headers().get_one("Link").unwrap().to_owned();
    assert_eq!(link, "</api/v1/products?q=tea&offset=2&limit=2>; rel=\"next\"");
    let next = link[1..].split('>').next().unwrap().to_owned();
    let (_, first) = shop.json("/api/v1/products?q=tea&limit=2").await;
    let (_, second) = shop.json(&next).await;
    assert_eq!([&first["total"], &first["offset"], &first["limit"]], [&json!(4), &json!(0), &json!(2)]);
    assert_eq!([keys(&first), keys(&second)].concat(), ["TEA-1", "TEA-2", "POT-1", "TEA-3"]);
    let (_, cheap) = shop.json("/api/v1/products?brand=Acme&max_price=6").await;
    assert_eq!(keys(&cheap), ["TEA-1", "TEA-2"]);
}

#[rocket::async_test]
async fn a_product_has_similar_ones_and_reviews() {
    let shop = Shop::open().await;
    let (_, product) = shop.json("/api/v1/products/TEA-1").await;
    assert_eq!(product["title"], "Green tea");
    let (_, published) = shop.json("/api/v1/products/TEA-1/similar?k=1").await;
    assert_eq!(keys(&published), ["TEA-2"]);
    // COF-1 has no published list: the model is asked.
    let (_, similar) = shop.json("/api/v1/products/COF-1/similar").await;
    assert_eq!(keys(&similar), ["COF-2", "COF-3"]);
    let (_, reviews) = shop.json("/api/v1/products/TEA-1/reviews?limit=1").await;
    assert_eq!((&reviews["total"], &reviews["items"][0]["user"]), (&json!(3), &json!("eva")));
}

#[rocket::async_test]
async fn contributions_and_base_add_up_to_the_score() {
    let shop = Shop::open().await;
    shop.event(&json!({ "user": "ben", "item": "POT-1", "kind": "purchase" })).await;
    let (_, answer) = shop.json("/api/v1/users/ben/recommendations/TEA-3/explanation").await;
    assert_eq!(answer["exact"], true, "{answer}");
    let contributions = answer["contributions"].as_array().unwrap();
    let known = ["TEA-1", "TEA-2", "POT-1"];
    assert!(!contributions.is_empty());
    assert!(contributions.iter().all(|one| known.contains(&one["asin"].as_str().unwrap())), "{answer}");
    let sum: f64 = contributions.iter().map(|one| one["value"].as_f64().unwrap()).sum();
    let (base, score) = (answer["base"].as_f64().unwrap(), answer["score"].as_f64().unwrap());
    assert!(score > 0.0 && (base + sum - score).abs() < 1e-4, "{answer}");
    // The list names the same items, the strongest first, with shares that fit the values.
    let (_, list) = shop.json("/api/v1/users/ben/recommendations?k=8").await;
    let tea = list["items"].as_array().unwrap().iter().find(|item| item["asin"] == "TEA-3").unwrap();
    let reasons = tea["reasons"].as_array().unwrap();
    for (reason, contribution) in reasons.iter().zip(contributions) {
        assert_eq!(reason["asin"], contribution["asin"], "{tea}");
        let share = reason["share"].as_f64().unwrap();
        assert!((share - contribution["value"].as_f64().unwrap() / sum).abs() < 1e-5, "{tea} {answer}");
    }
}

#[rocket::async_test]
async fn failures_have_their_status_and_name_the_field() {
    let shop = Shop::open().await;
    let expected = [
        ("/api/v1/products/NONE", 404, "not_found", Value::Null),
        ("/api/v1/products/NONE/similar", 404, "not_found", Value::Null),
        ("/api/v1/products/NONE/reviews", 404, "not_found", Value::Null),
        ("/api/v1/products/NONE/together", 404, "not_found", Value::Null),
        ("/api/v1/trending?k=101", 422, "invalid", json!("k")),
        ("/api/v1/users/ann/recommendations/NONE/explanation", 404, "not_found", Value::Null),
        ("/api/v1/nothing", 404, "not_found", Value::Null),
        ("/api/v1/users/ann/recommendations?k=0", 422, "invalid", json!("k")),
        ("/api/v1/users/ann/recommendations?k=101", 422, "invalid", json!("k")),
        ("/api/v1/users/ann/recommendations?k=many", 422, "invalid", json!("k")),
        ("/api/v1/products?limit=1000", 422, "invalid", json!("limit")),
        ("/api/v1/products?offset=-1", 422, "invalid", json!("offset")),
        ("/api/v1/products?min_price=cheap", 422, "invalid", json!("min_price")),
        ("/api/v1/products?min_price=9&max_price=1", 422, "invalid", json!("max_price")),
        ("/api/v1/users/%0A/preferences", 422, "invalid", json!("user")),
    ];
    for (address, status, code, field) in expected {
        let (found, answer) = shop.json(address).await;
        assert_eq!((found.code, &answer["error"]["code"]), (status, &json!(code)), "{address}");
        assert_eq!(answer["error"]["field"], field, "{address}");
    }
}

#[rocket::async_test]
async fn faulty_events_are_named_and_nothing_is_taken() {
    let shop = Shop::open().await;
    let good = json!({ "event_id": "good", "user": "zoe", "item": "TEA-1", "kind": "purchase" });
    let faults = [
        (json!({ "user": "zoe", "kind": "view" }), "item"),
        (json!({ "user": 7, "item": "TEA-1", "kind": "view" }), "user"),
        (json!({ "user": "zoe", "item": "TEA-1", "kind": "stare" }), "kind"),
        (json!({ "user": "zoe", "item": "TEA-1", "kind": "rating" }), "rating"),
        (json!({ "user": "zoe", "item": "TEA-1", "kind": "rating", "rating": 9 }), "rating"),
        (json!({ "user": "", "item": "TEA-1", "kind": "view" }), "user"),
        (json!({ "user": "zoe", "item": "NONE", "kind": "view" }), "item"),
        (json!({ "user": "zoe", "item": "TEA-1", "kind": "view", "time_ms": -5 }), "time_ms"),
        (json!({ "user": "zoe", "item": "TEA-1", "kind": "view", "schema_version": 2 }), "schema_version"),
    ];
    for (fault, field) in faults {
        let (status, answer) = shop.post("/api/v1/events", &json!([good, fault])).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (Status::UnprocessableEntity, &json!("invalid_event")),
            "{fault}"
        );
        assert_eq!(answer["error"]["field"], field, "{fault}");
        assert_eq!(answer["error"]["details"][0]["index"], 1, "{fault}");
    }
    assert_eq!(shop.store.events_of_user("zoe", 10).await.unwrap(), []);
    let (status, _) = shop.post("/api/v1/events", &json!([])).await;
    assert_eq!(status, Status::UnprocessableEntity);
    let (status, _) = shop.post("/api/v1/events", &json!(vec![good.clone(); 1_001])).await;
    assert_eq!(status, Status::UnprocessableEntity);
    let (status, receipt) = shop.post("/api/v1/events", &json!(vec![good; 1_000])).await;
    let counts = (&receipt["accepted"], &receipt["duplicates"]);
    assert_eq!((status, counts), (Status::Accepted, (&json!(1), &json!(999))), "{receipt}");
}

#[rocket::async_test]
async fn bodies_that_are_no_json_or_too_large_are_refused() {
    let shop = Shop::open().await;
    let send = async |kind: ContentType, body: &str| {
        let response = shop.client.post("/api/v1/events").header(kind).body(body).dispatch().await;
        let status = response.status().code;
        let answer: Value = serde_json::from_str(&response.into_string().await.unwrap()).unwrap();
        (status, answer["error"]["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(send(ContentType::JSON, "{").await, (400, "bad_request".to_owned()));
    assert_eq!(send(ContentType::Plain, "{}").await, (415, "unsupported_media_type".to_owned()));
    let large = format!("[{}]", "1,".repeat(600_000));
    assert_eq!(send(ContentType::JSON, &large).await, (413, "too_large".to_owned()));
    assert_eq!(send(ContentType::JSON, "7").await, (422, "invalid_event".to_owned()));
}

#[rocket::async_test]
async fn preferences_are_kept_as_sent_and_faulty_ones_named() {
    let shop = Shop::open().await;
    let address = "/api/v1/users/zo%C3%AB%2F1/preferences";
    let (status, empty) = shop.json(address).await;
    let none: [&str; 0] = [];
    assert_eq!((status, &empty["brands"], &empty["price_min"]), (Status::Ok, &json!(none), &Value::Null));
    let (_, kept) = shop.put(address, &json!({ "brands": [" Acme", "Acme"], "price_max": 20 })).await;
    assert_eq!(kept["brands"], json!(["Acme"]));
    assert_eq!(shop.json(address).await.1, kept);
    assert_eq!(shop.store.preferences("zoë/1").await.unwrap().unwrap().price_max, Some(20.0));
    for (body, field) in [
        (json!({ "brand": ["Acme"] }), "brand"),
        (json!({ "brands": "Acme" }), "brands"),
        (json!({ "price_min": -1 }), "price_min"),
        (json!({ "price_min": 5, "price_max": 1 }), "price_max"),
    ] {
        let (status, answer) = shop.put(address, &body).await;
        assert_eq!((status, &answer["error"]["field"]), (Status::UnprocessableEntity, &json!(field)), "{body}");
    }
}

/// `GET /users/{user}/recommendations` and so on, as the document has it.
fn documented(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    operations.collect()
}

#[rocket::async_test]
async fn the_document_describes_exactly_the_routes_that_are_mounted() {
    let shop = Shop::open().await;
    let (_, document) = shop.json("/api/v1/openapi.json").await;
    let mounted: BTreeSet<String> = (shop.client.rocket().routes())
        .filter(|route| route.uri.base() == "/api/v1")
        .map(|route| {
            let path = route.uri.path().strip_prefix("/api/v1").unwrap().replace('<', "{").replace('>', "}");
            format!("{} {path}", route.method)
        })
        .collect();
    assert_eq!(mounted, documented(&document));
}

#[rocket::async_test]
async fn answers_have_the_documented_fields() {
    let shop = Shop::open().await;
    let (_, document) = shop.json("/api/v1/openapi.json").await;
    shop.event(&json!({ "user": "ann", "item": "COF-1", "kind": "purchase" })).await;
    shop.event(&json!({ "user": "ann", "item": "COF-2", "kind": "rating", "rating": 4 })).await;
    for (path, address) in [
        ("/health", "/health"),
        ("/products", "/products"),
        ("/products/{asin}", "/products/TEA-1"),
        ("/products/{asin}/similar", "/products/TEA-1/similar"),
        ("/products/{asin}/together", "/products/COF-1/together"),
        ("/products/{asin}/reviews", "/products/TEA-1/reviews"),
        ("/trending", "/trending"),
        ("/users/{user}/recommendations", "/users/ann/recommendations"),
        ("/users/{user}/recommendations/{asin}/explanation", "/users/ann/recommendations/COF-2/explanation"),
        ("/users/{user}/preferences", "/users/ann/preferences"),
        ("/models/active", "/models/active"),
    ] {
        let (_, answer) = shop.json(&format!("/api/v1{address}")).await;
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert_fields(&document, schema, &answer, path);
    }
    let (_, failure) = shop.json("/api/v1/products?limit=x").await;
    assert_fields(&document, &json!({ "$ref": "#/components/schemas/Failure" }), &failure, "failure");
}

/// Every field of an answer is documented, and every required one is there; so for its parts.
fn assert_fields(document: &Value, schema: &Value, answer: &Value, place: &str) {
    let schema = match schema["$ref"].as_str() {
        Some(name) => document.pointer(name.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    };
    if let Some(entries) = answer.as_array() {
        for entry in entries {
            assert_fields(document, &schema["items"], entry, place);
        }
    }
    let (Some(fields), Some(properties)) = (answer.as_object(), schema["properties"].as_object()) else { return };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(required.as_str().unwrap()), "{place}: {required} is missing");
    }
    for (name, value) in fields {
        let property = properties.get(name).unwrap_or_else(|| panic!("{place}: `{name}` is not documented"));
        assert_fields(document, property, value, &format!("{place}.{name}"));
    }
}
