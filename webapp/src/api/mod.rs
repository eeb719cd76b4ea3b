//! The REST API below `/api/v1`, as `openapi.json` describes it.

mod events;
mod models;
mod products;
pub(crate) mod stream;
mod users;

use rocket::http::ContentType;
use rocket::{Route, get, routes};

pub(crate) use models::health;

/// Largest `k`.
const MOST: u64 = 100;

/// The description of this API.
#[get("/openapi.json")]
fn openapi() -> (ContentType, &'static str) {
    (ContentType::JSON, include_str!("../../openapi.json"))
}

/// The JSON Schema of an event.
#[get("/event.schema.json")]
fn event_schema() -> (ContentType, String) {
    (ContentType::JSON, streaming::event_schema().to_string())
}

/// The routes below `/api/v1`.
pub(crate) fn routes() -> Vec<Route> {
    routes![
        openapi,
        event_schema,
        health,
        models::active,
        products::search,
        products::product,
        products::similar,
        products::set_product,
        products::together,
        products::trending,
        products::reviews,
        users::recommendations,
        users::explanation,
        users::preferences,
        users::set_preferences,
        stream::stream,
        events::events,
    ]
}
