//! Whether the site can serve, and what it serves.

use std::sync::Arc;

use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use storage::ModelVersion;

use crate::failure::Failure;
use crate::site::Site;

#[derive(Serialize)]
pub(crate) struct Health {
    status: &'static str,
    version: String,
}

/// Ready to serve: the store answers and a model is live. Anything else is a failure of status 503.
#[get("/health")]
pub(crate) async fn health(site: &State<Arc<Site>>) -> Result<Json<Health>, Failure> {
    site.store.ping().await?;
    let live = site.live().await?;
    Ok(Json(Health { status: "ok", version: live.version.version.clone() }))
}

#[get("/models/active")]
pub(super) async fn active(site: &State<Arc<Site>>) -> Result<Json<ModelVersion>, Failure> {
    Ok(Json(site.live().await?.version.clone()))
}
