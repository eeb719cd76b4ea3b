//! What users do, one event or a batch of them.

use std::sync::Arc;

use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{State, post};
use serde_json::Value;
use streaming::Event;

use crate::events::{BATCH, Receipt, accept, rejected};
use crate::failure::{Detail, Failure};
use crate::input::{self, JsonBody};
use crate::security::SameOrigin;
use crate::site::Site;

#[post("/events", data = "<body>")]
pub(super) async fn events(
    site: &State<Arc<Site>>,
    body: Result<JsonBody, Failure>,
    _origin: SameOrigin,
) -> Result<(Status, Json<Receipt>), Failure> {
    let accepted = accept(site, parse(body?.0)?).await?;
    Ok((Status::Accepted, Json(accepted.receipt)))
}

/// The events of a body: one object, or an array of up to [`BATCH`].
fn parse(body: Value) -> Result<Vec<Event>, Failure> {
    let values = match body {
        Value::Array(values) => values,
        value => vec![value],
    };
    if values.is_empty() || values.len() > BATCH {
        let message = format!("Expected 1 to {BATCH} events, found {}.", values.len());
        return Err(Failure::new(Status::UnprocessableEntity, "invalid_event", message));
    }
    let mut events = Vec::with_capacity(values.len());
    let mut faults = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        match input::typed(value) {
            Ok(event) => events.push(event),
            Err((field, message)) => faults.push(Detail { index, field, message }),
        }
    }
    if faults.is_empty() { Ok(events) } else { Err(rejected(faults)) }
}
