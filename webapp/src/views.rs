//! Records in the words of the templates: texts ready to be shown, addresses ready to be followed.

use std::hash::{DefaultHasher, Hash, Hasher};

use recommender::evaluation::Metrics;
use serde::Serialize;
use storage::{Facet, ModelVersion, Product, Review};
use time::OffsetDateTime;

use crate::events::unique_id;
use crate::history::Entry;
use crate::html::{product_href, with_query};
use crate::recommend::{Reason, Suggestion};

/// Number of colours that a tile without a picture can have.
const TILES: u64 = 8;
/// Longest name of a category or brand that is offered for choice.
const NAME_CHARS: usize = 40;

/// A product in a list.
#[derive(Serialize)]
pub(crate) struct Card {
    asin: String,
    href: String,
    title: String,
    brand: Option<String>,
    category: Option<String>,
    price: Option<String>,
    rating: Option<RatingView>,
    picture: Picture,
    reasons: Vec<ReasonView>,
}

/// What stands for a product: its picture, or a coloured tile with initials below it.
#[derive(Serialize)]
pub(crate) struct Picture {
    image: Option<String>,
    initials: String,
    tile: u64,
}

/// A mean rating.
#[derive(Serialize)]
pub(crate) struct RatingView {
    mean: String,
    /// Width of the filled stars in tenths, 0 to 50.
    tenths: u32,
    count: String,
}

/// Why a product is recommended, in words around an optional link.
#[derive(Serialize)]
pub(crate) struct ReasonView {
    text: String,
    link: Option<Link>,
    /// How much of all that speaks for the product, such as `60 %`.
    share: Option<String>,
}

/// Somewhere to go.
#[derive(Clone, Serialize)]
pub(crate) struct Link {
    pub text: String,
    pub href: String,
}

/// A review on a product's page.
#[derive(Serialize)]
pub(crate) struct ReviewView {
    user: Link,
    stars: StarsView,
    date: String,
    title: Option<String>,
    text: Option<String>,
    verified: bool,
    helpful: Option<String>,
}

/// A single rating.
#[derive(Serialize)]
pub(crate) struct StarsView {
    text: String,
    tenths: u32,
}

/// A part of a longer list: where it is and how to go on.
#[derive(Serialize)]
pub(crate) struct Paging {
    label: String,
    previous: Option<String>,
    next: Option<String>,
}

/// A line of a user's history.
#[derive(Serialize)]
pub(crate) struct HistoryView {
    product: Card,
    action: String,
    date: String,
}

/// Figures of one model of the run.
#[derive(Serialize)]
pub(crate) struct QualityView {
    name: String,
    served: bool,
    values: Vec<Option<String>>,
}

/// Quality of all models of the run.
#[derive(Serialize)]
pub(crate) struct QualityTable {
    note: String,
    columns: Vec<&'static str>,
    rows: Vec<QualityView>,
}

/// The title of a product, or its brand and key.
pub(crate) fn title(product: &Product) -> String {
    match (&product.title, &product.brand) {
        (Some(title), _) => title.clone(),
        (None, Some(brand)) => format!("{brand} {}", product.asin),
        (None, None) => format!("Product {}", product.asin),
    }
}

/// The commonest values that are names: dirty data has blanks and whole sentences among them.
pub(crate) fn names(facets: &[Facet]) -> impl Iterator<Item = &Facet> {
    facets.iter().filter(|facet| !facet.name.trim().is_empty() && facet.name.chars().count() <= NAME_CHARS)
}

/// A price with two decimals and no currency: the data names none.
pub(crate) fn price(price: f32) -> String {
    format!("{price:.2}")
}

/// A number with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let grouped: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    grouped.join(",")
}

/// A day such as `3 May 2017`, from Unix seconds.
pub(crate) fn date(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .map(|time| format!("{} {} {}", time.day(), time.month(), time.year()))
        .unwrap_or_default()
}

impl Picture {
    /// The picture of a product; only addresses that the browser may load.
    pub fn of(product: &Product) -> Self {
        let mut hasher = DefaultHasher::new();
        product.asin.hash(&mut hasher);
        let image = product.image.clone().filter(|address| address.starts_with("https://"));
        Self {
            image,
            initials: initials(product.title.as_ref().or(product.brand.as_ref()).unwrap_or(&product.asin)),
            tile: hasher.finish() % TILES,
        }
    }
}

/// First letters of the first two words that begin with a letter or digit.
fn initials(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.take(2).filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect()
}

impl RatingView {
    /// The rating of a product that has ratings.
    pub fn of(product: &Product) -> Option<Self> {
        let mean = product.rating_mean?;
        let count = count(u64::from(product.rating_count));
        Some(Self { mean: format!("{mean:.1}"), tenths: tenths(mean), count })
    }
}

/// Stars in tenths, rounded to what the style sheet can draw: half stars.
fn tenths(rating: f32) -> u32 {
    (rating.clamp(0.0, 5.0) * 2.0).round() as u32 * 5
}

impl Card {
    /// A product without reasons.
    pub fn of(product: &Product) -> Self {
        Self {
            asin: product.asin.clone(),
            href: product_href(&product.asin),
            title: title(product),
            // Without a title the brand stands in its place.
            brand: product.title.as_ref().and(product.brand.clone()),
            category: product.categories.last().cloned(),
            price: product.price.map(price),
            rating: RatingView::of(product),
            picture: Picture::of(product),
            reasons: Vec::new(),
        }
    }

    /// A product with something said about it.
    pub fn noted(product: &Product, text: String) -> Self {
        Self { reasons: vec![ReasonView::plain(text)], ..Self::of(product) }
    }

    /// A recommended product with its reasons.
    pub fn suggested(suggestion: &Suggestion) -> Self {
        let reasons =
            suggestion.reasons.iter().enumerate().map(|(at, reason)| ReasonView::of(reason, at == 0)).collect();
        Self { reasons, ..Self::of(&suggestion.product) }
    }
}

impl ReasonView {
    /// A reason in words; the first of a list begins the sentence.
    fn of(reason: &Reason, is_first: bool) -> Self {
        match reason {
            Reason::BecauseOf { asin, title, action, share } => Self {
                text: format!("{} you {}", if is_first { "Because" } else { "and" }, action.verb()),
                share: Some(format!("{:.0} %", share * 100.0)),
                link: Some(Link {
                    text: title.clone().unwrap_or_else(|| format!("product {asin}")),
                    href: product_href(asin),
                }),
            },
            Reason::Brand { value } => Self::plain(format!("Matches your preference for {value}")),
            Reason::Category { value } => Self::plain(format!("In {value}, which you prefer")),
            Reason::Popular => Self::plain("Popular with other customers".to_owned()),
        }
    }

    fn plain(text: String) -> Self {
        Self { text, link: None, share: None }
    }
}

impl ReviewView {
    /// A review by a user who can be looked at.
    pub fn of(review: &Review) -> Self {
        Self {
            user: Link { text: review.user.clone(), href: crate::html::user_href(&review.user) },
            stars: StarsView { text: format!("{:.0} of 5 stars", review.rating), tenths: tenths(review.rating) },
            date: date(review.time),
            title: review.title.clone(),
            text: review.text.clone(),
            verified: review.verified == Some(true),
            helpful: review.helpful_votes.filter(|votes| *votes > 0).map(|votes| match votes {
                1 => "1 person found this helpful".to_owned(),
                votes => format!("{} people found this helpful", count(u64::from(votes))),
            }),
        }
    }
}

impl HistoryView {
    /// What was done with a product and when.
    pub fn of(entry: &Entry, product: &Product) -> Self {
        let action = match entry.action {
            crate::history::Action::Rated => format!("Rated {:.0} of 5", entry.weight),
            crate::history::Action::Bought => "Bought".to_owned(),
            crate::history::Action::AddedToCart => "Put in the cart".to_owned(),
            crate::history::Action::Viewed => "Viewed".to_owned(),
        };
        Self { product: Card::of(product), action, date: date(entry.time_ms.div_euclid(1000)) }
    }
}

impl Paging {
    /// Page `page` (from 1) of `total` rows in pages of `size`, at `path?parameters&page=N`; none
    /// if one page holds them all.
    pub fn of(path: &str, parameters: &[(&str, Option<String>)], page: u64, size: u64, total: u64) -> Option<Self> {
        let pages = total.div_ceil(size);
        if pages <= 1 && page <= 1 {
            return None;
        }
        let at = |page: u64| {
            let mut parameters = parameters.to_vec();
            parameters.push(("page", (page > 1).then(|| page.to_string())));
            with_query(path, &parameters)
        };
        Some(Self {
            label: format!("Page {} of {}", count(page), count(pages.max(1))),
            previous: (page > 1).then(|| at((page - 1).min(pages.max(1)))),
            next: (page < pages).then(|| at(page + 1)),
        })
    }
}

/// A form's button that posts an event once, however often it is pressed.
#[derive(Serialize)]
pub(crate) struct EventForm {
    event_id: String,
    kind: &'static str,
    label: &'static str,
}

impl EventForm {
    /// The buttons of a product's page.
    pub fn all() -> Vec<Self> {
        let form = |kind, label| Self { event_id: unique_id(), kind, label };
        vec![form("like", "I like it"), form("purchase", "I bought it")]
    }
}

impl QualityTable {
    /// The figures at the first list length, or at 10 if that was measured; none without figures.
    pub fn of(version: &ModelVersion) -> Option<Self> {
        let metrics: Metrics = serde_json::from_value(version.metrics.clone()).ok()?;
        let k = if metrics.ks.contains(&10) { 10 } else { *metrics.ks.first()? };
        let names = ["precision", "recall", "f1", "ndcg", "hit_rate", "coverage"];
        let rows = metrics.models.iter().map(|model| QualityView {
            name: model.name.clone(),
            served: model.name == version.model,
            values: names
                .iter()
                .map(|name| model.values.get(&format!("{name}@{k}")).map(|value| format!("{:.1} %", value * 100.0)))
                .collect(),
        });
        Some(Self {
            note: format!(
                "Lists of {k} out of {} items, for {} users of the {} split whose future was held back.",
                count(metrics.items),
                count(metrics.users),
                metrics.split
            ),
            rows: rows.collect(),
            columns: vec!["Precision", "Recall", "F1", "NDCG", "Hit rate", "Coverage"],
        })
    }

    /// Recall of the served model in one line, if it was measured.
    pub fn summary(version: &ModelVersion) -> Option<String> {
        let metrics: Metrics = serde_json::from_value(version.metrics.clone()).ok()?;
        let served = metrics.models.iter().find(|model| model.name == version.model)?;
        let k = if metrics.ks.contains(&10) { 10 } else { *metrics.ks.first()? };
        let hits = served.values.get(&format!("hit_rate@{k}"))?;
        Some(format!("{:.1} % of test customers find what they chose next among {k} products", hits * 100.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"].map(str::to_owned));
        assert_eq!(price(5.0), "5.00");
        assert_eq!(date(1_493_769_600), "3 May 2017");
        assert_eq!([4.24, 4.25, 5.0, 0.0].map(tenths), [40, 45, 50, 0]);
        assert_eq!(initials("  \"the Onion\" magazine"), "TO");
    }

    #[test]
    fn paging_starts_and_ends() {
        let link = |page| Paging::of("/search", &[("q", Some("a".into()))], page, 10, 25);
        let first = link(1).unwrap();
        assert_eq!((first.previous, first.next.as_deref()), (None, Some("/search?q=a&page=2")));
        let last = link(3).unwrap();
        assert_eq!((last.previous.as_deref(), last.next), (Some("/search?q=a&page=2"), None));
        assert_eq!(link(2).unwrap().previous.as_deref(), Some("/search?q=a"));
        assert_eq!(link(9).unwrap().previous.as_deref(), Some("/search?q=a&page=3"));
        assert!(Paging::of("/search", &[], 1, 10, 10).is_none());
    }
}
