//! The records that a store keeps, in the form in which pages and API give them out.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::activity::{self, ItemActivity, ItemPair};

/// A product, keyed by asin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// Item key.
    pub asin: String,
    /// Plain text.
    pub title: Option<String>,
    /// Plain text.
    pub brand: Option<String>,
    /// From general to special.
    pub categories: Vec<String>,
    /// In the shop's currency.
    pub price: Option<f32>,
    /// Plain text.
    pub description: Option<String>,
    /// Address of a picture.
    pub image: Option<String>,
    /// Item keys.
    pub also_bought: Vec<String>,
    /// Item keys.
    pub also_viewed: Vec<String>,
    /// Mean of its ratings, 1 to 5; none without ratings.
    pub rating_mean: Option<f32>,
    /// Number of its ratings.
    pub rating_count: u32,
}

/// A review, keyed by (asin, user, time, ordinal).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// Item key.
    pub asin: String,
    /// User key.
    pub user: String,
    /// Unix seconds, UTC.
    pub time: i64,
    /// 0, or 1, 2, ... for further reviews of the same item by the same user at the same time.
    pub ordinal: u32,
    /// 1 to 5.
    pub rating: f32,
    /// Headline.
    pub title: Option<String>,
    /// Body.
    pub text: Option<String>,
    /// Whether the shop knows of a purchase.
    pub verified: Option<bool>,
    /// Readers who found it helpful.
    pub helpful_votes: Option<u32>,
}

impl Review {
    /// What tells it from all other reviews.
    pub fn key(&self) -> ReviewKey {
        ReviewKey { asin: self.asin.clone(), user: self.user.clone(), time: self.time, ordinal: self.ordinal }
    }
}

/// The key of a review. Keys sort by their fields in turn, texts by bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReviewKey {
    /// Item key.
    pub asin: String,
    /// User key.
    pub user: String,
    /// Unix seconds, UTC.
    pub time: i64,
    /// As in [`Review`].
    pub ordinal: u32,
}

/// How many reviews a product has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewCount {
    /// Item key.
    pub asin: String,
    /// Number of its reviews.
    pub reviews: u64,
}

/// A stretch of reviews in the order of their keys, read page by page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewRange {
    /// The first asin, inclusive.
    pub first: String,
    /// The last asin, inclusive; equal to `first` for the reviews of one product.
    pub last: String,
    /// Leave out everything up to this key: that of the last review of the page before.
    pub after: Option<ReviewKey>,
}

/// What a user likes, as set on the preferences form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Preferences {
    /// Preferred categories.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Preferred brands.
    #[serde(default)]
    pub brands: Vec<String>,
    /// Lowest price wanted.
    #[serde(default)]
    pub price_min: Option<f32>,
    /// Highest price wanted.
    #[serde(default)]
    pub price_max: Option<f32>,
    /// Items never to be recommended.
    #[serde(default)]
    pub excluded_items: Vec<String>,
}

/// Something that a user did live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Unique; a second event of the same id changes nothing.
    pub id: String,
    /// User key.
    pub user: String,
    /// Item key.
    pub asin: String,
    /// What was done, such as `view` or `purchase`.
    pub kind: String,
    /// Strength in the units of ratings, 1 to 5.
    pub weight: f32,
    /// Unix milliseconds, UTC.
    pub time_ms: i64,
}

/// One place of a list of recommendations or similar items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommended {
    /// Item key.
    pub asin: String,
    /// Higher is better.
    pub score: f32,
    /// The items of the user's history that speak for it, the strongest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
}

/// An item of a history that speaks for a recommended one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Item key.
    pub asin: String,
    /// Its share of all that speaks for the item, above 0, at most 1.
    pub share: f32,
}

/// The first score of a list that is no number, as a fault: lists must be sortable.
pub(crate) fn odd_score(key: &str, items: &[Recommended]) -> Option<String> {
    let odd = items.iter().find(|item| !item.score.is_finite())?;
    Some(format!("the list of `{key}` gives `{}` the score {}, which is no finite number", odd.asin, odd.score))
}

/// The items most like one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimilarItems {
    /// Item key.
    pub asin: String,
    /// Best first.
    pub items: Vec<Recommended>,
}

/// The list of one user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserRecommendations {
    /// User key.
    pub user: String,
    /// Best first.
    pub items: Vec<Recommended>,
}

/// A user and what the user likes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserPreferences {
    /// User key.
    pub user: String,
    /// Instead of all that were set before.
    pub preferences: Preferences,
}

/// What a user is recommended since the user's last live event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LiveList {
    /// User key.
    pub user: String,
    /// Version of the model that made it.
    pub version: String,
    /// Partition of the event after which it was made.
    pub partition: u32,
    /// Offset of that event in the partition.
    pub offset: u64,
    /// Best first.
    pub items: Vec<Recommended>,
}

/// What a part of a log brought: the messages of one partition from an offset up to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveBatch {
    /// Name of the log. Logs of different names have offsets of their own.
    pub log: String,
    /// Number of the partition.
    pub partition: u32,
    /// Offset of the first message, or one below it if the log has a gap there.
    pub from: u64,
    /// Offset at which to go on after the last message; not below `from`.
    pub next: u64,
    /// Of several with one id the first counts.
    pub events: Vec<EventRecord>,
    /// Of several of one user the last counts.
    pub preferences: Vec<UserPreferences>,
    /// Of several of one user the last counts.
    pub lists: Vec<LiveList>,
    /// What the events add to what is known of items; all of it counts, also of events whose id is there.
    pub activity: Vec<ItemActivity>,
    /// What they add to what is known of pairs of items, in either order of the two.
    pub pairs: Vec<ItemPair>,
}

/// The last offset that every store can keep.
const LAST_OFFSET: u64 = i64::MAX as u64;

impl LiveBatch {
    /// Why no store could apply it, however often it is tried.
    pub(crate) fn fault(&self) -> Option<String> {
        let odd = self.odd_offset().or_else(|| self.odd_weight()).or_else(|| {
            let mut lists = self.lists.iter();
            lists.find_map(|list| odd_score(&list.user, &list.items))
        });
        odd.or_else(|| activity::fault(&self.activity, &self.pairs))
    }

    fn odd_offset(&self) -> Option<String> {
        let Self { log, partition, from, next, .. } = self;
        if next < from {
            return Some(format!("the batch goes back from {from} to {next} in partition {partition} of log `{log}`"));
        }
        let last = self.lists.iter().map(|list| list.offset).fold(*next, u64::max);
        (last > LAST_OFFSET).then(|| format!("the batch gives the offset {last}; the last possible is {LAST_OFFSET}"))
    }

    fn odd_weight(&self) -> Option<String> {
        let odd = self.events.iter().find(|event| !event.weight.is_finite())?;
        Some(format!("the event `{}` has the weight {}, which is no finite number", odd.id, odd.weight))
    }
}

/// A published model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// Unique name; the fingerprint of the `publish` run.
    pub version: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Name of the stage that trained it.
    pub model: String,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Number of items that it scores.
    pub items: u64,
    /// Number of users with a list.
    pub users: u64,
    /// Quality figures of all models of the run, as `evaluate` wrote them.
    pub metrics: Value,
}

/// A report that came with a model version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportInfo {
    /// Name in addresses, such as `eda-report`.
    pub name: String,
    /// For people.
    pub title: String,
    /// Size of the HTML.
    pub size_bytes: u64,
}

/// What to search products by. All given conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProductQuery {
    /// Words that title, brand or asin contain, in any order; case does not matter.
    pub text: Option<String>,
    /// A category that the product is in.
    pub category: Option<String>,
    /// Its brand.
    pub brand: Option<String>,
    /// Lowest price.
    pub price_min: Option<f32>,
    /// Highest price.
    pub price_max: Option<f32>,
    /// How many to leave out before the first.
    pub offset: u64,
    /// How many to give at most.
    pub limit: u64,
}

/// A part of a longer list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows of this part.
    pub rows: Vec<T>,
    /// Number of rows in all.
    pub total: u64,
    /// How many were left out before the first.
    pub offset: u64,
}

/// A value and how many products have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facet {
    /// The value.
    pub name: String,
    /// Number of products.
    pub count: u64,
}

/// The commonest categories and brands, commonest first, ties by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facets {
    /// Categories.
    pub categories: Vec<Facet>,
    /// Brands.
    pub brands: Vec<Facet>,
}
