//! The form of documents in MongoDB: keys in `_id`, absent values left out.
//!
//! One struct both writes (borrowing from a record) and reads (owning).

use std::borrow::Cow;

use ::mongodb::bson::{Binary, spec::BinarySubtype};
use serde::{Deserialize, Serialize};

use super::key::review_id;
use crate::{EventRecord, Facet, ItemActivity, LiveList, Preferences, Product, Recommended, Review, words};

type Text<'a> = Cow<'a, str>;

/// A document of `products`.
#[derive(Serialize, Deserialize)]
pub(super) struct ProductDocument<'a> {
    #[serde(rename = "_id")]
    asin: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    brand: Option<Text<'a>>,
    categories: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<Text<'a>>,
    also_bought: Cow<'a, [String]>,
    also_viewed: Cow<'a, [String]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rating_mean: Option<f32>,
    rating_count: u32,
    /// What a search compares; only written.
    #[serde(skip_deserializing)]
    words: Vec<String>,
}

impl<'a> From<&'a Product> for ProductDocument<'a> {
    fn from(product: &'a Product) -> Self {
        Self {
            asin: Cow::from(&product.asin),
            title: product.title.as_deref().map(Cow::from),
            brand: product.brand.as_deref().map(Cow::from),
            categories: Cow::from(&product.categories),
            price: product.price,
            description: product.description.as_deref().map(Cow::from),
            image: product.image.as_deref().map(Cow::from),
            also_bought: Cow::from(&product.also_bought),
            also_viewed: Cow::from(&product.also_viewed),
            rating_mean: product.rating_mean,
            rating_count: product.rating_count,
            words: words::of_product(product),
        }
    }
}

impl From<ProductDocument<'_>> for Product {
    fn from(document: ProductDocument) -> Self {
        Self {
            asin: document.asin.into_owned(),
            title: document.title.map(Cow::into_owned),
            brand: document.brand.map(Cow::into_owned),
            categories: document.categories.into_owned(),
            price: document.price,
            description: document.description.map(Cow::into_owned),
            image: document.image.map(Cow::into_owned),
            also_bought: document.also_bought.into_owned(),
            also_viewed: document.also_viewed.into_owned(),
            rating_mean: document.rating_mean,
            rating_count: document.rating_count,
        }
    }
}

/// A document of `reviews`.
#[derive(Serialize, Deserialize)]
pub(super) struct ReviewDocument<'a> {
    /// Made of the next four; only written.
    #[serde(rename = "_id", skip_deserializing)]
    id: String,
    asin: Text<'a>,
    user: Text<'a>,
    time: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    ordinal: u32,
    rating: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    helpful_votes: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(ordinal: &u32) -> bool {
    *ordinal == 0
}

impl<'a> From<&'a Review> for ReviewDocument<'a> {
    fn from(review: &'a Review) -> Self {
        Self {
            id: review_id(&review.asin, &review.user, review.time, review.ordinal),
            asin: Cow::from(&review.asin),
            user: Cow::from(&review.user),
            time: review.time,
            ordinal: review.ordinal,
            rating: review.rating,
            title: review.title.as_deref().map(Cow::from),
            text: review.text.as_deref().map(Cow::from),
            verified: review.verified,
            helpful_votes: review.helpful_votes,
        }
    }
}

impl From<ReviewDocument<'_>> for Review {
    fn from(document: ReviewDocument) -> Self {
        Self {
            asin: document.asin.into_owned(),
            user: document.user.into_owned(),
            time: document.time,
            ordinal: document.ordinal,
            rating: document.rating,
            title: document.title.map(Cow::into_owned),
            text: document.text.map(Cow::into_owned),
            verified: document.verified,
            helpful_votes: document.helpful_votes,
        }
    }
}

/// A document of `summaries`: what is commonest in a load.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SummaryDocument {
    #[serde(rename = "_id")]
    pub number: i64,
    pub categories: Vec<Facet>,
    pub brands: Vec<Facet>,
    pub active_users: Vec<Facet>,
}

/// A document of `events`.
#[derive(Serialize, Deserialize)]
pub(super) struct EventDocument<'a> {
    #[serde(rename = "_id")]
    id: Text<'a>,
    user: Text<'a>,
    asin: Text<'a>,
    kind: Text<'a>,
    weight: f32,
    time_ms: i64,
}

impl<'a> From<&'a EventRecord> for EventDocument<'a> {
    fn from(event: &'a EventRecord) -> Self {
        Self {
            id: Cow::from(&event.id),
            user: Cow::from(&event.user),
            asin: Cow::from(&event.asin),
            kind: Cow::from(&event.kind),
            weight: event.weight,
            time_ms: event.time_ms,
        }
    }
}

impl From<EventDocument<'_>> for EventRecord {
    fn from(document: EventDocument) -> Self {
        Self {
            id: document.id.into_owned(),
            user: document.user.into_owned(),
            asin: document.asin.into_owned(),
            kind: document.kind.into_owned(),
            weight: document.weight,
            time_ms: document.time_ms,
        }
    }
}

/// `_id` of an offset.
#[derive(Serialize, Deserialize)]
pub(super) struct OffsetKey<'a> {
    pub log: Text<'a>,
    pub partition: u32,
}

/// A document of `offsets`.
#[derive(Serialize, Deserialize)]
pub(super) struct OffsetDocument<'a> {
    #[serde(rename = "_id")]
    pub key: OffsetKey<'a>,
    /// Where to go on.
    pub next: u64,
}

/// A document of `preferences`.
#[derive(Serialize)]
pub(super) struct PreferencesDocument<'a> {
    #[serde(rename = "_id")]
    pub user: &'a str,
    #[serde(flatten)]
    pub preferences: &'a Preferences,
}

/// A document of `live_lists`.
#[derive(Serialize, Deserialize)]
pub(super) struct LiveListDocument<'a> {
    #[serde(rename = "_id")]
    user: Text<'a>,
    version: Text<'a>,
    partition: u32,
    offset: u64,
    items: Cow<'a, [Recommended]>,
}

impl<'a> From<&'a LiveList> for LiveListDocument<'a> {
    fn from(list: &'a LiveList) -> Self {
        Self {
            user: Cow::from(&list.user),
            version: Cow::from(&list.version),
            partition: list.partition,
            offset: list.offset,
            items: Cow::from(&list.items),
        }
    }
}

impl From<LiveListDocument<'_>> for LiveList {
    fn from(document: LiveListDocument) -> Self {
        Self {
            user: document.user.into_owned(),
            version: document.version.into_owned(),
            partition: document.partition,
            offset: document.offset,
            items: document.items.into_owned(),
        }
    }
}

/// `_id` of what one partition has of an item.
#[derive(Serialize, Deserialize)]
pub(super) struct ActivityKey<'a> {
    pub asin: Text<'a>,
    pub partition: u32,
}

/// A document of `item_activity`.
#[derive(Serialize, Deserialize)]
pub(super) struct ActivityDocument<'a> {
    #[serde(rename = "_id")]
    pub key: ActivityKey<'a>,
    views: u64,
    carts: u64,
    purchases: u64,
    ratings: u64,
    rating_sum: f64,
    trend: f64,
}

impl ActivityDocument<'_> {
    pub(super) fn new(item: ItemActivity, partition: u32) -> Self {
        let ItemActivity { asin, views, carts, purchases, ratings, rating_sum, trend } = item;
        let key = ActivityKey { asin: asin.into(), partition };
        Self { key, views, carts, purchases, ratings, rating_sum, trend }
    }
}

impl From<ActivityDocument<'_>> for ItemActivity {
    fn from(document: ActivityDocument) -> Self {
        let ActivityDocument { key, views, carts, purchases, ratings, rating_sum, trend } = document;
        Self { asin: key.asin.into_owned(), views, carts, purchases, ratings, rating_sum, trend }
    }
}

/// A document of `item_pairs`.
#[derive(Serialize, Deserialize)]
pub(super) struct PairsDocument<'a> {
    #[serde(rename = "_id")]
    pub key: ActivityKey<'a>,
    pub pairs: Binary,
}

impl<'a> PairsDocument<'a> {
    pub(super) fn new(asin: &'a str, partition: u32, bytes: Vec<u8>) -> Self {
        let pairs = Binary { subtype: BinarySubtype::Generic, bytes };
        Self { key: ActivityKey { asin: asin.into(), partition }, pairs }
    }
}

/// `_id` of a list of similar items (key: asin) or recommendations (key: user).
#[derive(Serialize, Deserialize)]
pub(super) struct ListKey<'a> {
    pub version: Text<'a>,
    pub key: Text<'a>,
}

/// A document of `similar` and `recommendations`.
#[derive(Serialize, Deserialize)]
pub(super) struct ListDocument<'a> {
    #[serde(rename = "_id")]
    pub key: ListKey<'a>,
    pub items: Cow<'a, [Recommended]>,
}

/// `_id` of a part of a file.
#[derive(Serialize, Deserialize)]
pub(super) struct ChunkKey<'a> {
    pub version: Text<'a>,
    pub name: Text<'a>,
    pub chunk: i64,
}

/// A document of `model_files` and `reports`: a part of a file, as no document may exceed 16 MB.
#[derive(Serialize, Deserialize)]
pub(super) struct ChunkDocument<'a> {
    #[serde(rename = "_id")]
    pub key: ChunkKey<'a>,
    /// Of the whole file.
    pub size_bytes: u64,
    /// Of a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<'a>>,
    /// Absent where only the other fields were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Binary>,
}
