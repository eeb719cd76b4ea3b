//! The pages for people.

use rocket::http::{ContentType, Status};

use crate::shop::Shop;

/// The text between the first `start` and the `end` after it, white space made single.
fn between(page: &str, start: &str, end: &str) -> String {
    let from = page.find(start).unwrap_or_else(|| panic!("no `{start}` in {page}")) + start.len();
    let to = page[from..].find(end).unwrap() + from;
    page[from..to].split_whitespace().collect::<Vec<_>>().join(" ")
}

#[rocket::async_test]
async fn the_home_page_shows_what_there_is() {
    let shop = Shop::open().await;
    let page = shop.page("/").await;
    for text in
        ["Green tea", "href=\"/search?category&#x3D;Coffee\"", "href=\"/users/ann\"", "62.5 % of test customers"]
    {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("id=\"for-you\""));
    let page = shop.client.get("/").cookie(("user", "ben")).dispatch().await.into_string().await.unwrap();
    assert!(page.contains("For ben") && page.contains("Because you rated"));
}

#[rocket::async_test]
async fn a_card_has_picture_title_brand_rating_and_price() {
    let shop = Shop::open().await;
    let card = between(&shop.page("/search?q=green").await, "<li class=\"card\">", "</li>");
    assert!(card.contains("<a class=\"card-link\" href=\"/products/TEA-1\">"));
    assert!(card.contains(
        "<img src=\"https://images.example/TEA-1.jpg\" alt=\"\" loading=\"lazy\" decoding=\"async\" \
         referrerpolicy=\"no-referrer\">"
    ));
    assert!(card.contains("<span class=\"card-title\">Green tea</span>"));
    assert!(card.contains("<span class=\"stars s45\" aria-hidden=\"true\"></span>"));
    assert!(card.contains("<span class=\"hidden\">Price </span>5.00"));
    // An address that is no https one is not given to the browser.
    assert!(!shop.page("/search?q=black").await.contains("javascript:"));
}

#[rocket::async_test]
async fn search_filters_and_keeps_what_was_typed() {
    let shop = Shop::open().await;
    let page = shop.page("/search?q=tea&category=Tea&brand=Acme&min_price=&max_price=5.5&page=1").await;
    assert_eq!(between(&page, "<p class=\"muted found\" role=\"status\">", "</p>"), "1 product");
    assert!(page.contains("<option value=\"Acme\" selected>") && page.contains("value=\"5.5\""));
    let none = shop.page("/search?q=zzz").await;
    assert!(none.contains("Nothing found"));
    for address in ["/search?min_price=x", "/search?page=0", "/search?min_price=2&max_price=1"] {
        let response = shop.client.get(address).dispatch().await;
        assert_eq!(response.status(), Status::UnprocessableEntity, "{address}");
        assert_eq!(response.content_type(), Some(ContentType::HTML));
    }
}

#[rocket::async_test]
async fn a_product_page_shows_details_similar_products_and_reviews() {
    let shop = Shop::open().await;
    let page = shop.page("/products/TEA-1").await;
    for text in ["<h1>Green tea</h1>", "About Green tea", "href=\"/search?brand&#x3D;Acme\"", "verified purchase"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(between(&page, "id=\"similar\"", "id=\"reviews\"").contains("Black tea"));
    assert_eq!(between(&page, "id=\"reviews\">Reviews <span class=\"muted\">", "</span>"), "3");
    assert!(page.contains("2 people found this helpful") && page.contains("16 July 2017"));
}

#[rocket::async_test]
async fn pressing_a_button_twice_counts_once_and_changes_the_list() {
    let shop = Shop::open().await;
    let page = shop.page("/products/COF-1").await;
    let id = between(&page, "name=\"event_id\" value=\"", "\"");
    let body = format!("asin=COF-1&kind=like&event_id={id}");
    for _ in 0..2 {
        let response = shop.form("/events", "zoe", &body).await;
        assert_eq!(response.status(), Status::SeeOther);
        assert_eq!(response.headers().get_one("Location"), Some("/products/COF-1?done=like"));
    }
    let events = shop.store.events_of_user("zoe", 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].kind.as_str(), events[0].weight), ("rating", 5.0));
    assert_eq!(shop.list("zoe", 1).await, ["COF-2"]);
    let user = shop.page("/users/zoe").await;
    assert!(user.contains("Because you rated <a href=\"/products/COF-1\">Espresso</a>"));
    assert!(user.contains("%)</span>"), "reasons come with their shares");
    assert!(user.contains("Rated 5 of 5"));
}

#[rocket::async_test]
async fn who_is_nobody_becomes_a_guest_with_the_first_press() {
    let shop = Shop::open().await;
    let response = shop.form("/events", "", "asin=COF-1&kind=purchase&event_id=e1").await;
    let cookie = response.cookies().get("user").unwrap().clone();
    assert!(cookie.value().starts_with("guest-") && cookie.http_only() == Some(true), "{cookie}");
    assert_eq!(shop.list(cookie.value(), 1).await, ["COF-2"]);
    for body in [
        "asin=NONE&kind=like&event_id=e",
        "asin=COF-1&kind=stare&event_id=e",
        "asin=COF-1",
        "asin=COF-1&kind=like&event_id=",
    ] {
        let response = shop.form("/events", "zoe", body).await;
        assert_eq!(response.status(), Status::UnprocessableEntity, "{body}");
    }
}

#[rocket::async_test]
async fn the_preferences_form_saves_and_shows_what_was_set() {
    let shop = Shop::open().await;
    let body =
        "categories=Tea&categories=Coffee&brands=Acme&more_brands=Own+Label&price_min=5&price_max=&excluded=TEA-2";
    let response = shop.form("/users/zoe/preferences", "zoe", body).await;
    assert_eq!(response.headers().get_one("Location"), Some("/users/zoe?done=saved"));
    let kept = shop.store.preferences("zoe").await.unwrap().unwrap();
    assert_eq!(
        (kept.categories, kept.brands),
        (vec!["Tea".into(), "Coffee".into()], vec!["Acme".into(), "Own Label".into()])
    );
    assert_eq!((kept.price_min, kept.price_max, kept.excluded_items), (Some(5.0), None, vec!["TEA-2".to_owned()]));
    let page = shop.page("/users/zoe?done=saved").await;
    assert!(page.contains("name=\"brands\" value=\"Own Label\" checked") && page.contains("Preferences saved"));
    assert!(page.contains("name=\"excluded\" value=\"TEA-2\" checked"));
    let wrong = shop.form("/users/zoe/preferences", "zoe", "price_min=9&price_max=1").await;
    assert_eq!(wrong.status(), Status::UnprocessableEntity);
    assert!(wrong.into_string().await.unwrap().contains("highest price"));

    let response = shop.form("/users/zoe/excluded", "zoe", "asin=TEA-1").await;
    assert_eq!(response.status(), Status::SeeOther);
    assert_eq!(shop.store.preferences("zoe").await.unwrap().unwrap().excluded_items, ["TEA-2", "TEA-1"]);
    let unknown = shop.form("/users/zoe/excluded", "zoe", "asin=NONE").await;
    assert_eq!(unknown.status(), Status::NotFound);
}

#[rocket::async_test]
async fn one_can_look_as_anybody_and_stop() {
    let shop = Shop::open().await;
    let response = shop.form("/demo/user", "", "user=zo%C3%AB%2F1").await;
    assert_eq!(response.headers().get_one("Location"), Some("/users/zo%C3%AB%2F1"));
    assert_eq!(response.cookies().get("user").unwrap().value(), "zoë/1");
    assert!(shop.page("/users/zo%C3%AB%2F1").await.contains("<h1 class=\"user-key\">zoë/1</h1>"));
    let empty = shop.form("/demo/user", "", "user=+").await;
    assert_eq!(empty.status(), Status::UnprocessableEntity);
    let response = shop.form("/demo/nobody", "zoe", "").await;
    assert!(response.headers().get("Set-Cookie").any(|cookie| cookie.starts_with("user=;")));
}

#[rocket::async_test]
async fn reports_are_listed_and_served_without_anything_that_runs() {
    let shop = Shop::open().await;
    let page = shop.page("/reports").await;
    assert!(page.contains("href=\"/reports/eda-report\"") && page.contains("What the data say"));
    assert!(page.contains("16.0 %") && page.contains("50.0 %"));
    let report = shop.client.get("/reports/eda-report").dispatch().await;
    let policy = report.headers().get_one("Content-Security-Policy").unwrap().to_owned();
    assert!(
        policy.contains("sandbox") && policy.contains("style-src 'unsafe-inline'") && !policy.contains("script-src")
    );
    assert_eq!(report.headers().get("Content-Security-Policy").count(), 1);
    assert!(report.into_string().await.unwrap().contains("<p>Report</p>"));
    assert_eq!(shop.client.get("/reports/none").dispatch().await.status(), Status::NotFound);
}

#[rocket::async_test]
async fn what_is_not_there_gets_a_friendly_page() {
    let shop = Shop::open().await;
    for address in ["/nothing", "/products/NONE", "/assets/0/site.css"] {
        let response = shop.client.get(address).dispatch().await;
        assert_eq!(response.status(), Status::NotFound, "{address}");
        assert!(response.into_string().await.unwrap().contains("To the start"), "{address}");
    }
    let large = shop.form("/demo/user", "", &format!("user={}", "x".repeat(70_000))).await;
    assert_eq!(large.status(), Status::PayloadTooLarge);
}
