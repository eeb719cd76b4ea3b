//! `/`: what there is, and where to start.

use std::sync::Arc;

use rocket::{State, get};
use serde::Serialize;

use crate::failure::Failure;
use crate::html::{Page, user_href, with_query};
use crate::recommend::recommend;
use crate::site::Site;
use crate::trending::trending;
use crate::views::{Card, Link, QualityTable, count, names};
use crate::visitor::Visitor;

/// How many products a row of recommendations has.
const ROW: usize = 6;
/// How many categories are offered.
const CATEGORIES: usize = 18;

#[derive(Serialize)]
struct Home {
    suggestions: Vec<Card>,
    trending: Vec<Card>,
    popular: Vec<Card>,
    categories: Vec<Category>,
    users: Vec<Link>,
    model: String,
    version: String,
    size: String,
    quality: Option<String>,
}

#[derive(Serialize)]
struct Category {
    name: String,
    href: String,
    count: String,
}

#[get("/")]
pub(super) async fn home(site: &State<Arc<Site>>, visitor: Visitor) -> Result<Page, Failure> {
    let live = site.live().await?;
    let suggestions = match &visitor.user {
        Some(user) => recommend(site.store.as_ref(), &live, user, ROW).await?.items,
        None => Vec::new(),
    };
    let trending = trending(site.store.as_ref(), ROW).await?;
    let categories = names(&live.facets.categories).take(CATEGORIES).map(|facet| Category {
        name: facet.name.clone(),
        href: with_query("/search", &[("category", Some(facet.name.clone()))]),
        count: count(facet.count),
    });
    let version = &live.version;
    let content = Home {
        suggestions: suggestions.iter().map(Card::suggested).collect(),
        trending: trending.iter().map(|(product, _)| Card::of(product)).collect(),
        popular: live.popular.iter().map(Card::of).collect(),
        categories: categories.collect(),
        users: live.active_users.iter().map(|user| Link { text: user.clone(), href: user_href(user) }).collect(),
        model: version.model.clone(),
        version: version.version.chars().take(12).collect(),
        size: format!("{} products, {} customers", count(version.items), count(version.users)),
        quality: QualityTable::summary(version),
    };
    Ok(Page::new("home", "Find what you will like next", &visitor, &content))
}
