//! A user's recommendations and preferences. Any key is a user: a new one is served like any other.

use std::sync::Arc;

use rocket::serde::json::Json;
use rocket::{State, get, put};
use serde::{Deserialize, Serialize};
use storage::Preferences;

use crate::api::MOST;
use crate::events::wish;
use crate::explain;
use crate::failure::Failure;
use crate::input::{self, JsonBody};
use crate::preferences::checked;
use crate::recommend::{Source, Suggestion, recommend};
use crate::security::SameOrigin;
use crate::site::Site;

#[derive(Serialize)]
pub(super) struct Recommendations {
    user: String,
    model: String,
    source: Source,
    items: Vec<Suggestion>,
}

#[get("/users/<user>/recommendations?<k>")]
pub(super) async fn recommendations(
    site: &State<Arc<Site>>,
    user: &str,
    k: Option<&str>,
) -> Result<Json<Recommendations>, Failure> {
    let user = input::key("user", user)?;
    let k = input::number("k", k, 10, 1..=MOST)?;
    let live = site.live().await?;
    let list = recommend(site.store.as_ref(), &live, user, k as usize).await?;
    Ok(Json(Recommendations {
        user: user.to_owned(),
        model: live.version.version.clone(),
        source: list.source,
        items: list.items,
    }))
}

#[derive(Serialize)]
pub(super) struct Explained {
    user: String,
    model: String,
    #[serde(flatten)]
    explanation: explain::Explanation,
}

#[get("/users/<user>/recommendations/<asin>/explanation")]
pub(super) async fn explanation(site: &State<Arc<Site>>, user: &str, asin: &str) -> Result<Json<Explained>, Failure> {
    let (user, asin) = (input::key("user", user)?, input::key("asin", asin)?);
    let live = site.live().await?;
    let explanation = explain::explain(site.store.as_ref(), &live, user, asin).await?;
    Ok(Json(Explained { user: user.to_owned(), model: live.version.version.clone(), explanation }))
}

#[get("/users/<user>/preferences")]
pub(super) async fn preferences(site: &State<Arc<Site>>, user: &str) -> Result<Json<Preferences>, Failure> {
    let user = input::key("user", user)?;
    Ok(Json(site.store.preferences(user).await?.unwrap_or_default()))
}

/// The body of a `PUT`: like [`Preferences`], but a misspelt field is a fault, not silence.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct PreferencesBody {
    categories: Vec<String>,
    brands: Vec<String>,
    price_min: Option<f32>,
    price_max: Option<f32>,
    excluded_items: Vec<String>,
}

#[put("/users/<user>/preferences", data = "<body>")]
pub(super) async fn set_preferences(
    site: &State<Arc<Site>>,
    user: &str,
    body: Result<JsonBody, Failure>,
    _origin: SameOrigin,
) -> Result<Json<Preferences>, Failure> {
    let user = input::key("user", user)?;
    let body: PreferencesBody =
        input::typed(body?.0).map_err(|(field, message)| Failure::invalid(field, format!("{message}.")))?;
    let preferences = checked(Preferences {
        categories: body.categories,
        brands: body.brands,
        price_min: body.price_min,
        price_max: body.price_max,
        excluded_items: body.excluded_items,
    })?;
    wish(site, user, &preferences).await?;
    Ok(Json(preferences))
}
