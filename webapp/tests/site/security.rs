//! What other people's data and other sites must not be able to do.

use rocket::http::{Header, Method, Status};

use crate::shop::{EVIL, Shop};

#[rocket::async_test]
async fn nothing_from_data_or_requests_becomes_markup() {
    let shop = Shop::open().await;
    let evil = "%3Cscript%3Ealert('x')%3C%2Fscript%3E";
    shop.form("/users/zoe/preferences", "zoe", &format!("more_brands={evil}&excluded=MUG-1")).await;
    shop.form("/events", "zoe", "asin=MUG-1&kind=like&event_id=e1").await;
    let addresses = [
        "/".to_owned(),
        "/products/MUG-1".to_owned(),
        "/users/eva".to_owned(),
        "/users/zoe".to_owned(),
        format!("/users/{evil}"),
        format!("/search?q={evil}"),
        format!("/search?category={evil}&brand={evil}"),
        format!("/search?min_price={evil}"),
        format!("/products/{evil}"),
        format!("/reports/{evil}"),
    ];
    for address in addresses {
        let request = shop.client.get(address.clone()).cookie(("user", EVIL));
        let page = request.dispatch().await.into_string().await.unwrap();
        assert!(!page.contains(EVIL), "{address}");
        // The only script of a page is the site's own.
        assert_eq!(page.matches("<script").count(), 1, "{address}");
        assert!(page.contains("&lt;script&gt;"), "{address}");
    }
}

#[rocket::async_test]
async fn every_route_that_changes_something_refuses_other_sites() {
    let shop = Shop::open().await;
    let changing: Vec<(Method, String)> = (shop.client.rocket().routes())
        .filter(|route| route.method != Method::Get)
        .map(|route| (route.method, route.uri.path().replace("<user>", "zoe").replace("<asin>", "TEA-1")))
        .collect();
    assert_eq!(changing.len(), 8, "{changing:?}");
    for (method, address) in changing {
        let cases = [
            (Header::new("Sec-Fetch-Site", "cross-site"), Header::new("Origin", "http://shop.example")),
            (Header::new("Sec-Fetch-Site", "same-site"), Header::new("Origin", "http://shop.example")),
            (Header::new("X-None", ""), Header::new("Origin", "http://evil.example")),
            (Header::new("X-None", ""), Header::new("Origin", "null")),
        ];
        for (site, origin) in cases {
            let request = shop.client.req(method, address.clone()).header(Header::new("Host", "shop.example"));
            let form = rocket::http::ContentType::Form;
            let body = "user=zoe&asin=TEA-1&kind=like&event_id=e1";
            let response = request.header(site).header(origin).header(form).body(body).dispatch().await;
            assert_eq!(response.status(), Status::Forbidden, "{method} {address}");
        }
    }
    assert_eq!(shop.store.events_of_user("zoe", 10).await.unwrap(), []);
    let own = shop.client.post("/demo/user").header(Header::new("Host", "shop.example"));
    let own =
        own.header(Header::new("Origin", "http://shop.example")).header(Header::new("Sec-Fetch-Site", "same-origin"));
    let response = own.header(rocket::http::ContentType::Form).body("user=zoe").dispatch().await;
    assert_eq!(response.status(), Status::SeeOther);
}

#[rocket::async_test]
async fn answers_carry_the_security_headers() {
    let shop = Shop::open().await;
    for address in ["/", "/nothing", "/api/v1/health", "/api/v1/products/NONE"] {
        let response = shop.client.get(address).dispatch().await;
        let header = |name: &str| response.headers().get_one(name).unwrap_or_default().to_owned();
        let policy = header("Content-Security-Policy");
        assert!(policy.starts_with("default-src 'self';") && policy.contains("frame-ancestors 'none'"), "{address}");
        assert!(!policy.contains("unsafe"), "{address}");
        assert_eq!(header("X-Content-Type-Options"), "nosniff", "{address}");
        assert_eq!(header("Referrer-Policy"), "same-origin", "{address}");
        assert_eq!(response.headers().get_one("Server"), None, "{address}");
    }
}

#[rocket::async_test]
async fn assets_may_be_kept_and_are_what_the_page_names() {
    let shop = Shop::open().await;
    let page = shop.page("/").await;
    let start = page.find("/assets/").unwrap();
    let base = &page[start..start + page[start..].find("/icon").unwrap()];
    for name in ["site.css", "site.js", "icon.svg"] {
        assert!(page.contains(&format!("{base}/{name}")), "{name}");
        let response = shop.client.get(format!("{base}/{name}")).dispatch().await;
        assert_eq!(response.status(), Status::Ok, "{name}");
        assert!(response.headers().get_one("Cache-Control").unwrap().contains("immutable"), "{name}");
    }
}

#[rocket::async_test]
async fn neither_files_nor_the_environment_open_the_server() {
    let shop = Shop::open().await;
    let config = shop.client.rocket().config();
    assert!(config.address.is_loopback());
    assert_eq!(config.port, 8000);
    // The provider holds the configuration itself and nothing that reads ROCKET_* or Rocket.toml.
    let sources: Vec<String> =
        shop.client.rocket().figment().metadata().map(|source| source.name.to_string()).collect();
    assert!(sources.iter().all(|name| !name.contains("env") && !name.contains("TOML")), "{sources:?}");
}
