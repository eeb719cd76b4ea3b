//! `/search`: products by words and filters.

use std::sync::Arc;

use rocket::{State, get};
use serde::Serialize;
use storage::{Facet, ProductQuery};

use crate::failure::Failure;
use crate::html::Page;
use crate::input;
use crate::site::Site;
use crate::views::{Card, Paging, count, names as facet_names};
use crate::visitor::Visitor;

/// Products a page.
const SIZE: u64 = 24;
/// Furthest page.
const PAGES: u64 = 4_000;
/// How many categories and brands can be chosen from.
const OPTIONS: usize = 60;

#[derive(Serialize)]
struct Results {
    text: String,
    found: String,
    none: bool,
    filtered: bool,
    categories: Vec<Choice>,
    brands: Vec<Choice>,
    price_min: String,
    price_max: String,
    products: Vec<Card>,
    paging: Option<Paging>,
}

#[derive(Serialize)]
struct Choice {
    name: String,
    chosen: bool,
}

#[get("/search?<q>&<category>&<brand>&<min_price>&<max_price>&<page>")]
#[expect(clippy::too_many_arguments, reason = "one a field of the form")]
pub(super) async fn search(
    site: &State<Arc<Site>>,
    visitor: Visitor,
    q: Option<&str>,
    category: Option<&str>,
    brand: Option<&str>,
    min_price: Option<&str>,
    max_price: Option<&str>,
    page: Option<&str>,
) -> Result<Page, Failure> {
    let live = site.live().await?;
    let page = input::number("page", page, 1, 1..=PAGES)?;
    let query = ProductQuery {
        offset: (page - 1) * SIZE,
        limit: SIZE,
        ..input::product_query(q, category, brand, min_price, max_price)?
    };
    let found = site.store.search(&query).await?;
    let parameters = parameters(&query);
    let content = Results {
        text: query.text.clone().unwrap_or_default(),
        found: match found.total {
            1 => "1 product".to_owned(),
            total => format!("{} products", count(total)),
        },
        none: found.rows.is_empty(),
        filtered: parameters.iter().any(|(_, value)| value.is_some()),
        categories: choices(&live.facets.categories, query.category.as_deref()),
        brands: choices(&live.facets.brands, query.brand.as_deref()),
        price_min: shown(query.price_min),
        price_max: shown(query.price_max),
        products: found.rows.iter().map(Card::of).collect(),
        paging: Paging::of("/search", &parameters, page, SIZE, found.total),
    };
    let title = query.text.as_ref().map_or_else(|| "Products".to_owned(), |text| format!("Search: {text}"));
    Ok(Page::new("search", &title, &visitor, &content).searching(query.text.as_deref()))
}

/// The query as address parameters.
pub(crate) fn parameters(query: &ProductQuery) -> [(&'static str, Option<String>); 5] {
    [
        ("q", query.text.clone()),
        ("category", query.category.clone()),
        ("brand", query.brand.clone()),
        ("min_price", query.price_min.map(|price| price.to_string())),
        ("max_price", query.price_max.map(|price| price.to_string())),
    ]
}

fn shown(price: Option<f32>) -> String {
    price.map(|price| price.to_string()).unwrap_or_default()
}

/// The commonest values, with the chosen one among them even if it is rare.
fn choices(facets: &[Facet], chosen: Option<&str>) -> Vec<Choice> {
    let mut names: Vec<&str> = facet_names(facets).take(OPTIONS).map(|facet| facet.name.as_str()).collect();
    if let Some(chosen) = chosen
        && !names.contains(&chosen)
    {
        names.push(chosen);
    }
    names.sort_by_key(|name| name.to_lowercase());
    names.into_iter().map(|name| Choice { name: name.to_owned(), chosen: chosen == Some(name) }).collect()
}
