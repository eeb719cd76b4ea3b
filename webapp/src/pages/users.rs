//! `/users/USER`: recommendations with reasons, what they rest on, and the preferences form.

use std::collections::HashMap;
use std::sync::Arc;

use rocket::form::Form;
use rocket::response::Redirect;
use rocket::{FromForm, State, get, post};
use serde::Serialize;
use storage::{Facet, Preferences, Product};

use crate::api::stream;
use crate::events::wish;
use crate::failure::Failure;
use crate::html::{Page, stream_href, user_href, with_query};
use crate::input;
use crate::live::LiveModel;
use crate::preferences;
use crate::recommend::{Source, Suggestions, recommend};
use crate::security::SameOrigin;
use crate::site::Site;
use crate::views::{Card, HistoryView, names as offered};
use crate::visitor::Visitor;

/// How many products are recommended.
const LIST: usize = 12;
/// How many lines of history are shown.
const HISTORY: usize = 12;
/// How many categories and brands are offered as boxes to tick.
const BOXES: usize = 14;

#[derive(Serialize)]
struct UserPage {
    user: String,
    href: String,
    is_visitor: bool,
    is_new: bool,
    live: bool,
    notice: Option<&'static str>,
    /// Where the browser learns of changes of the list.
    stream: String,
    suggestions: Vec<Card>,
    history: Vec<HistoryView>,
    form: PreferencesView,
}

#[derive(Serialize)]
struct PreferencesView {
    categories: Vec<Choice>,
    brands: Vec<Choice>,
    all_categories: Vec<String>,
    all_brands: Vec<String>,
    price_min: String,
    price_max: String,
    excluded: Vec<Excluded>,
}

#[derive(Serialize)]
struct Choice {
    name: String,
    chosen: bool,
}

#[derive(Serialize)]
struct Excluded {
    asin: String,
    title: String,
}

#[get("/users/<user>?<done>")]
pub(super) async fn user(
    site: &State<Arc<Site>>,
    visitor: Visitor,
    user: &str,
    done: Option<&str>,
) -> Result<Page, Failure> {
    let live = site.live().await?;
    let user = input::key("user", user)?;
    let store = site.store.as_ref();
    // Looked up before the list, which can then only be newer.
    let has = stream::place(store.live_list(user).await?.as_ref());
    let Suggestions { source, items, history, preferences } = recommend(store, &live, user, LIST).await?;
    let entries = &history.entries[..history.entries.len().min(HISTORY)];
    let mut asins: Vec<String> = entries.iter().map(|entry| entry.asin.clone()).collect();
    asins.extend(preferences.excluded_items.iter().cloned());
    let products: HashMap<String, Product> =
        store.products(&asins).await?.into_iter().map(|product| (product.asin.clone(), product)).collect();
    let product = |asin: &String| {
        products.get(asin).cloned().unwrap_or_else(|| Product { asin: asin.clone(), ..Product::default() })
    };
    let content = UserPage {
        user: user.to_owned(),
        href: user_href(user),
        is_visitor: visitor.is(user),
        is_new: history.entries.is_empty(),
        live: source == Source::Live,
        notice: notice(done),
        stream: stream_href(user, &has),
        suggestions: items.iter().map(Card::suggested).collect(),
        history: entries.iter().map(|entry| HistoryView::of(entry, &product(&entry.asin))).collect(),
        form: form_of(&preferences, &live, |asin| crate::views::title(&product(asin))),
    };
    Ok(Page::new("user", &format!("Recommendations for {user}"), &visitor, &content))
}

fn form_of(preferences: &Preferences, live: &LiveModel, title: impl Fn(&String) -> String) -> PreferencesView {
    let names = |facets: &[Facet]| offered(facets).map(|facet| facet.name.clone()).collect();
    let excluded = |asin: &String| Excluded { asin: asin.clone(), title: title(asin) };
    let shown = |price: Option<f32>| price.map(|price| price.to_string()).unwrap_or_default();
    PreferencesView {
        categories: choices(&live.facets.categories, &preferences.categories),
        brands: choices(&live.facets.brands, &preferences.brands),
        all_categories: names(&live.facets.categories),
        all_brands: names(&live.facets.brands),
        price_min: shown(preferences.price_min),
        price_max: shown(preferences.price_max),
        excluded: preferences.excluded_items.iter().map(excluded).collect(),
    }
}

/// What was chosen first, then the commonest others.
fn choices(facets: &[Facet], chosen: &[String]) -> Vec<Choice> {
    let others = offered(facets).map(|facet| &facet.name).filter(|name| !chosen.contains(name)).take(BOXES);
    let chosen = chosen.iter().map(|name| Choice { name: name.clone(), chosen: true });
    chosen.chain(others.map(|name| Choice { name: name.clone(), chosen: false })).collect()
}

fn notice(done: Option<&str>) -> Option<&'static str> {
    match done? {
        "saved" => Some("Preferences saved. The list already follows them."),
        "excluded" => Some("Left out from now on. The preferences let it in again."),
        _ => None,
    }
}

#[derive(FromForm)]
pub(super) struct PreferencesInput {
    categories: Vec<String>,
    more_categories: Option<String>,
    brands: Vec<String>,
    more_brands: Option<String>,
    price_min: Option<String>,
    price_max: Option<String>,
    excluded: Vec<String>,
}

/// Replaces the preferences by what the form says.
#[post("/users/<user>/preferences", data = "<form>")]
pub(super) async fn set_preferences(
    site: &State<Arc<Site>>,
    user: &str,
    form: Form<PreferencesInput>,
    _origin: SameOrigin,
) -> Result<Redirect, Failure> {
    let user = input::key("user", user)?;
    let form = form.into_inner();
    let preferences = preferences::checked(Preferences {
        categories: form.categories.into_iter().chain(form.more_categories).collect(),
        brands: form.brands.into_iter().chain(form.more_brands).collect(),
        price_min: input::price("price_min", form.price_min.as_deref())?,
        price_max: input::price("price_max", form.price_max.as_deref())?,
        excluded_items: form.excluded,
    })?;
    wish(site, user, &preferences).await?;
    Ok(saved(user, "saved"))
}

#[derive(FromForm)]
pub(super) struct ExcludeInput<'r> {
    asin: &'r str,
}

/// Adds one item to those never to be recommended.
#[post("/users/<user>/excluded", data = "<form>")]
pub(super) async fn exclude(
    site: &State<Arc<Site>>,
    user: &str,
    form: Form<ExcludeInput<'_>>,
    _origin: SameOrigin,
) -> Result<Redirect, Failure> {
    let user = input::key("user", user)?;
    let product = super::products::find(site, form.asin).await?;
    let mut preferences = site.store.preferences(user).await?.unwrap_or_default();
    preferences.excluded_items.push(product.asin);
    wish(site, user, &preferences::checked(preferences)?).await?;
    Ok(saved(user, "excluded"))
}

fn saved(user: &str, done: &str) -> Redirect {
    Redirect::to(with_query(&user_href(user), &[("done", Some(done.to_owned()))]))
}
