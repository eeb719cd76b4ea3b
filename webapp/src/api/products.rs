//! Products, what is like them, and their reviews.

use std::sync::Arc;

use rocket::http::Header;
use rocket::request::Request;
use rocket::response::{self, Responder};
use rocket::serde::json::Json;
use rocket::{State, get, put};
use serde::{Deserialize, Serialize};
use storage::{Page, Product, ProductQuery, Review, weight_at};
use streaming::Details;

use crate::api::MOST;
use crate::failure::Failure;
use crate::html::{product_href, with_query};
use crate::input::{self, JsonBody};
use crate::metrics::now_ms;
use crate::pages::{find_product, search_parameters};
use crate::products;
use crate::recommend::similar_products;
use crate::security::SameOrigin;
use crate::site::Site;
use crate::trending::Partner;

/// A part of a longer list, with `Link` headers to the parts beside it.
#[derive(Serialize)]
pub(super) struct Listing<T> {
    items: Vec<T>,
    total: u64,
    offset: u64,
    limit: u64,
    #[serde(skip)]
    link: String,
}

impl<T> Listing<T> {
    fn new(page: Page<T>, limit: u64, path: &str, parameters: &[(&str, Option<String>)]) -> Self {
        let at = |offset: u64, relation: &str| {
            let mut parameters = parameters.to_vec();
            parameters.push(("offset", Some(offset.to_string())));
            parameters.push(("limit", Some(limit.to_string())));
            format!("<{}>; rel=\"{relation}\"", with_query(path, &parameters))
        };
        let next = (page.offset + limit < page.total).then(|| at(page.offset + limit, "next"));
        let previous = (page.offset > 0).then(|| at(page.offset.saturating_sub(limit), "prev"));
        let link = next.into_iter().chain(previous).collect::<Vec<_>>().join(", ");
        Self { items: page.rows, total: page.total, offset: page.offset, limit, link }
    }
}

impl<'r, T: Serialize> Responder<'r, 'static> for Listing<T> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let link = self.link.clone();
        let mut response = Json(self).respond_to(request)?;
        if !link.is_empty() {
            response.set_header(Header::new("Link", link));
        }
        Ok(response)
    }
}

#[get("/products?<q>&<category>&<brand>&<min_price>&<max_price>&<offset>&<limit>")]
#[expect(clippy::too_many_arguments, reason = "one a parameter of the query")]
pub(super) async fn search(
    site: &State<Arc<Site>>,
    q: Option<&str>,
    category: Option<&str>,
    brand: Option<&str>,
    min_price: Option<&str>,
    max_price: Option<&str>,
    offset: Option<&str>,
    limit: Option<&str>,
) -> Result<Listing<Product>, Failure> {
    let query = ProductQuery {
        offset: input::offset(offset)?,
        limit: input::number("limit", limit, 20, 1..=MOST)?,
        ..input::product_query(q, category, brand, min_price, max_price)?
    };
    let page = site.store.search(&query).await?;
    Ok(Listing::new(page, query.limit, "/api/v1/products", &search_parameters(&query)))
}

#[get("/products/<asin>")]
pub(super) async fn product(site: &State<Arc<Site>>, asin: &str) -> Result<Json<Product>, Failure> {
    Ok(Json(find_product(site, asin).await?))
}

#[derive(Serialize)]
pub(super) struct Similar {
    asin: String,
    model: String,
    items: Vec<SimilarProduct>,
}

#[derive(Serialize)]
struct SimilarProduct {
    #[serde(flatten)]
    product: Product,
    score: f32,
}

#[get("/products/<asin>/similar?<k>")]
pub(super) async fn similar(site: &State<Arc<Site>>, asin: &str, k: Option<&str>) -> Result<Json<Similar>, Failure> {
    let k = input::number("k", k, 10, 1..=MOST)?;
    let live = site.live().await?;
    let product = find_product(site, asin).await?;
    let items = similar_products(site.store.as_ref(), &live, &product, k as usize).await?;
    Ok(Json(Similar {
        asin: product.asin,
        model: live.version.version.clone(),
        items: items.into_iter().map(|(product, score)| SimilarProduct { product, score }).collect(),
    }))
}

#[derive(Serialize)]
pub(super) struct Trends {
    items: Vec<Trend>,
}

#[derive(Serialize)]
struct Trend {
    #[serde(flatten)]
    product: Product,
    score: f64,
}

#[get("/trending?<k>")]
pub(super) async fn trending(site: &State<Arc<Site>>, k: Option<&str>) -> Result<Json<Trends>, Failure> {
    let k = input::number("k", k, 10, 1..=MOST)?;
    let found = crate::trending::trending(site.store.as_ref(), k as usize).await?;
    Ok(Json(Trends { items: found.into_iter().map(|(product, score)| Trend { product, score }).collect() }))
}

#[derive(Serialize)]
pub(super) struct Together {
    asin: String,
    activity: Activity,
    items: Vec<PartnerProduct>,
}

/// What was done with a product since events are counted.
#[derive(Serialize)]
struct Activity {
    views: u64,
    carts: u64,
    purchases: u64,
    ratings: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating_mean: Option<f64>,
    score: f64,
}

#[derive(Serialize)]
struct PartnerProduct {
    #[serde(flatten)]
    product: Product,
    count: u64,
    score: f64,
}

#[get("/products/<asin>/together?<k>")]
pub(super) async fn together(site: &State<Arc<Site>>, asin: &str, k: Option<&str>) -> Result<Json<Together>, Failure> {
    let k = input::number("k", k, 10, 1..=MOST)?;
    let product = find_product(site, asin).await?;
    let activity = site.store.activity(&product.asin).await?;
    let partners = crate::trending::together(site.store.as_ref(), &product.asin, k as usize).await?;
    let partner = |Partner { product, count, score }| PartnerProduct { product, count, score };
    Ok(Json(Together {
        asin: product.asin,
        activity: Activity {
            views: activity.views,
            carts: activity.carts,
            purchases: activity.purchases,
            ratings: activity.ratings,
            rating_mean: (activity.ratings > 0).then(|| activity.rating_sum / activity.ratings as f64),
            score: weight_at(activity.trend, now_ms()),
        },
        items: partners.into_iter().map(partner).collect(),
    }))
}

/// The body of a `PUT`: what is known of a product, and who says so. A misspelt field is a fault, not silence.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductBody {
    /// Its products stay in the order in which it sends them.
    #[serde(default = "shop")]
    user: String,
    title: Option<String>,
    brand: Option<String>,
    #[serde(default)]
    categories: Vec<String>,
    price: Option<f32>,
    description: Option<String>,
    image: Option<String>,
}

fn shop() -> String {
    "shop".to_owned()
}

#[put("/products/<asin>", data = "<body>")]
pub(super) async fn set_product(
    site: &State<Arc<Site>>,
    asin: &str,
    body: Result<JsonBody, Failure>,
    _origin: SameOrigin,
) -> Result<Json<Product>, Failure> {
    let asin = input::key("asin", asin)?;
    let body: ProductBody =
        input::typed(body?.0).map_err(|(field, message)| Failure::invalid(field, format!("{message}.")))?;
    let ProductBody { user, title, brand, categories, price, description, image } = body;
    let details = Details { title, brand, categories, price, description, image };
    Ok(Json(products::send(site, input::key("user", &user)?, asin, details).await?))
}

#[get("/products/<asin>/reviews?<offset>&<limit>")]
pub(super) async fn reviews(
    site: &State<Arc<Site>>,
    asin: &str,
    offset: Option<&str>,
    limit: Option<&str>,
) -> Result<Listing<Review>, Failure> {
    let (offset, limit) = (input::offset(offset)?, input::number("limit", limit, 20, 1..=MOST)?);
    let product = find_product(site, asin).await?;
    let page = site.store.reviews_of_product(&product.asin, offset, limit).await?;
    let path = format!("/api/v1{}/reviews", product_href(&product.asin));
    Ok(Listing::new(page, limit, &path, &[]))
}
