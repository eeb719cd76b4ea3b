//! Where served data lives: products, reviews, preferences, events, recommendations and models.
//!
//! One [`Store`] trait, two back ends chosen by URL: `sqlite://PATH`, embedded, nothing to install;
//! `mongodb://HOST/DATABASE`, for several nodes. Both pass the same contract suite. This is the one
//! place that speaks SQL or MongoDB; what a page looks like or how a list is scored is not known here.

mod activity;
mod bulk;
mod error;
mod mongo;
mod open;
mod pairs;
mod records;
mod sqlite;
mod store;
mod words;

pub use activity::{ItemActivity, ItemPair, add_levels, level, weight_at};
pub use bulk::Bulk;
pub use error::Error;
pub use open::{block_on, open, without_password};
pub use records::{
    Cause, EventRecord, Facet, Facets, LiveBatch, LiveList, ModelVersion, Page, Preferences, Product, ProductQuery,
    Recommended, ReportInfo, Review, ReviewCount, ReviewKey, ReviewRange, SimilarItems, UserPreferences,
    UserRecommendations,
};
pub use store::{MOST_FACETS, Store};
