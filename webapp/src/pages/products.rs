//! `/products/ASIN`: one product, what is like it, what customers say; and the buttons on it.

use std::sync::Arc;

use rocket::form::Form;
use rocket::http::CookieJar;
use rocket::response::Redirect;
use rocket::{FromForm, State, get, post};
use serde::Serialize;
use storage::Product;
use streaming::{Event, EventKind};

use crate::events::{accept, unique_id};
use crate::failure::Failure;
use crate::html::{Page, product_href, with_query};
use crate::input;
use crate::recommend::similar_products;
use crate::security::SameOrigin;
use crate::site::Site;
use crate::trending::together;
use crate::views::{Card, EventForm, Link, Paging, Picture, RatingView, ReviewView, count, price, title};
use crate::visitor::{self, Visitor};

/// Reviews a page.
const REVIEWS: u64 = 10;
/// Furthest page of reviews.
const PAGES: u64 = 10_000;
/// How many similar products are shown.
const SIMILAR: usize = 6;
/// How many products are shown that are looked at together with it.
const TOGETHER: usize = 6;

#[derive(Serialize)]
struct ProductPage {
    asin: String,
    title: String,
    brand: Option<Link>,
    categories: Vec<Link>,
    price: Option<String>,
    description: Option<String>,
    rating: Option<RatingView>,
    picture: Picture,
    forms: Vec<EventForm>,
    notice: Option<&'static str>,
    similar: Vec<Card>,
    together: Vec<Card>,
    reviews: Vec<ReviewView>,
    review_count: String,
    paging: Option<Paging>,
}

#[get("/products/<asin>?<page>&<done>")]
pub(super) async fn product(
    site: &State<Arc<Site>>,
    visitor: Visitor,
    asin: &str,
    page: Option<&str>,
    done: Option<&str>,
) -> Result<Page, Failure> {
    let live = site.live().await?;
    let page = input::number("page", page, 1, 1..=PAGES)?;
    let product = find(site, asin).await?;
    let reviews = site.store.reviews_of_product(asin, (page - 1) * REVIEWS, REVIEWS).await?;
    let similar = similar_products(site.store.as_ref(), &live, &product, SIMILAR).await?;
    let together = together(site.store.as_ref(), asin, TOGETHER).await?;
    let by = |name: &'static str, value: &String| Link {
        text: value.clone(),
        href: with_query("/search", &[(name, Some(value.clone()))]),
    };
    let content = ProductPage {
        asin: asin.to_owned(),
        title: title(&product),
        brand: product.brand.as_ref().map(|brand| by("brand", brand)),
        categories: product.categories.iter().map(|category| by("category", category)).collect(),
        price: product.price.map(price),
        description: product.description.clone(),
        rating: RatingView::of(&product),
        picture: Picture::of(&product),
        forms: EventForm::all(),
        notice: notice(done),
        similar: similar.iter().map(|(product, _)| Card::of(product)).collect(),
        together: together.iter().map(|partner| Card::noted(&partner.product, visits(partner.count))).collect(),
        reviews: reviews.rows.iter().map(ReviewView::of).collect(),
        review_count: count(reviews.total),
        paging: Paging::of(&product_href(asin), &[], page, REVIEWS, reviews.total),
    };
    Ok(Page::new("product", &title(&product), &visitor, &content))
}

/// How often two products were looked at together, in words.
fn visits(times: u64) -> String {
    if times == 1 { "Once together".to_owned() } else { format!("{} times together", count(times)) }
}

/// A product that must exist.
pub(crate) async fn find(site: &Site, asin: &str) -> Result<Product, Failure> {
    let asin = input::key("asin", asin)?;
    let product = site.store.product(asin).await?;
    product.ok_or_else(|| Failure::not_found(format!("There is no product with the key `{asin}`.")))
}

fn notice(done: Option<&str>) -> Option<&'static str> {
    match done? {
        "like" => Some("Noted that you like it."),
        "purchase" => Some("Noted that you bought it."),
        _ => None,
    }
}

#[derive(FromForm)]
pub(super) struct EventInput<'r> {
    asin: &'r str,
    kind: &'r str,
    event_id: &'r str,
}

/// Takes what a button says. A visitor who is nobody yet becomes a guest with a name of their own.
#[post("/events", data = "<form>")]
pub(super) async fn event(
    site: &State<Arc<Site>>,
    visitor: Visitor,
    cookies: &CookieJar<'_>,
    form: Form<EventInput<'_>>,
    _origin: SameOrigin,
) -> Result<Redirect, Failure> {
    let (kind, rating) = match form.kind {
        "like" => (EventKind::Rating, Some(5.0)),
        "purchase" => (EventKind::Purchase, None),
        _ => return Err(Failure::invalid("kind", "Expected `like` or `purchase` as kind.")),
    };
    let user = visitor.user.unwrap_or_else(|| format!("guest-{}", &unique_id()[..8]));
    let event_id = Some(form.event_id.to_owned());
    let event = Event { event_id, rating, ..Event::new(&user, form.asin, kind) };
    accept(site, vec![event]).await?.shown(site, &user).await;
    visitor::sign_in(cookies, &user);
    Ok(Redirect::to(with_query(&product_href(form.asin), &[("done", Some(form.kind.to_owned()))])))
}
