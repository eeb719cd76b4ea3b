//! The contract that every back end fulfils.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use crate::{
    Error, EventRecord, Facets, ItemActivity, ItemPair, LiveBatch, LiveList, ModelVersion, Page, Preferences, Product,
    ProductQuery, Recommended, ReportInfo, Review, ReviewCount, ReviewRange, SimilarItems, UserRecommendations,
};

/// Most categories, brands and active users that a store remembers of a load.
pub const MOST_FACETS: u64 = 1000;

/// A place where served data lives.
///
/// Two groups of data change as a whole and are tagged, so that a reader never sees half of one:
/// the catalogue by *generation* (one run of `load`) and everything that a model says by *version*
/// (one run of `publish`). Writing is idempotent: the same call twice leaves the same state.
///
/// Readers of the catalogue see the generation whose load was finished last, and nothing before the
/// first [`finish_load`](Self::finish_load); a generation that is still being written is not seen.
/// Writing to the finished generation (say, products with new figures) is seen at once.
///
/// All keys and texts may hold any characters; none has a meaning to the store.
#[async_trait]
pub trait Store: Send + Sync {
    /// The URL without its password, for messages.
    fn location(&self) -> &str;

    /// Whether it answers.
    async fn ping(&self) -> Result<(), Error>;

    // Catalogue: products and reviews.

    /// Starts a load afresh: what is written under this name from now on stands apart, unseen, until
    /// [`finish_load`](Self::finish_load), even if a load of the name is the finished one. What an
    /// earlier, unfinished load of the name wrote is removed.
    ///
    /// A load that was begun through this object fails with [`Error::Replaced`] once another load
    /// was finished or begun in its place, so that no half of it can be shown.
    async fn begin_load(&self, generation: &str) -> Result<(), Error>;

    /// Inserts or replaces products, keyed by asin, tagged with `generation`. Figures that another
    /// call owns (rating mean and count) are written as given.
    async fn put_products(&self, generation: &str, products: &[Product]) -> Result<(), Error>;

    /// Inserts or replaces reviews, keyed by (asin, user, time, ordinal), tagged with `generation`.
    async fn put_reviews(&self, generation: &str, reviews: &[Review]) -> Result<(), Error>;

    /// Ends a load: builds what reads need (indexes, numbers of reviews, facets, active users), shows
    /// `generation` to readers in one step, and removes products and reviews of other generations.
    ///
    /// Calling it again brings those figures up to date with what was written since.
    async fn finish_load(&self, generation: &str) -> Result<(), Error>;

    /// The generation whose load was finished last, or none.
    async fn loaded(&self) -> Result<Option<String>, Error>;

    /// One product.
    async fn product(&self, asin: &str) -> Result<Option<Product>, Error>;

    /// Those of the products that exist, in the order asked for.
    async fn products(&self, asins: &[String]) -> Result<Vec<Product>, Error>;

    /// Products by words and filters; most rated first, ties by asin.
    async fn search(&self, query: &ProductQuery) -> Result<Page<Product>, Error>;

    /// The `limit` (up to [`MOST_FACETS`]) commonest categories and brands at the end of the load.
    async fn facets(&self, limit: u64) -> Result<Facets, Error>;

    /// Reviews of a product: most helpful first, then newest, then by user. The total is the number
    /// at the end of the load.
    async fn reviews_of_product(&self, asin: &str, offset: u64, limit: u64) -> Result<Page<Review>, Error>;

    /// Products that have reviews, with the number of these at the end of the load, in the order of
    /// the asins' bytes: those after `after`, at most `limit`.
    ///
    /// Fails with [`Error::Replaced`] if `generation` is not the loaded one, so that reading page
    /// after page never mixes two loads.
    async fn review_counts(&self, generation: &str, after: Option<&str>, limit: u64)
    -> Result<Vec<ReviewCount>, Error>;

    /// Whole reviews of one product or of a range of products, in the order of their keys: the next
    /// `limit` of the range, fewer only at its end. Fails as [`review_counts`](Self::review_counts).
    async fn reviews_by_key(&self, generation: &str, range: &ReviewRange, limit: u64) -> Result<Vec<Review>, Error>;

    /// A user's newest reviews, newest first, ties by asin.
    async fn reviews_of_user(&self, user: &str, limit: u64) -> Result<Vec<Review>, Error>;

    /// The `limit` (up to [`MOST_FACETS`]) users with most reviews at the end of the load, most
    /// first, ties by key: for the home page of a demo.
    async fn active_users(&self, limit: u64) -> Result<Vec<String>, Error>;

    // Live: events and preferences.

    /// Keeps an event; false if its id was there already (then nothing changes).
    async fn put_event(&self, event: &EventRecord) -> Result<bool, Error>;

    /// A user's newest events, newest first, ties by id.
    async fn events_of_user(&self, user: &str, limit: u64) -> Result<Vec<EventRecord>, Error>;

    /// Sets a user's preferences.
    async fn put_preferences(&self, user: &str, preferences: &Preferences) -> Result<(), Error>;

    /// A user's preferences, if any were set.
    async fn preferences(&self, user: &str) -> Result<Option<Preferences>, Error>;

    // Live, from a log that delivers at least once.

    /// Applies what a part of a log brought, in one step that is whole or not at all: keeps events
    /// (those whose id is there already change nothing), sets preferences and lists, adds to what is known
    /// of items, and keeps `next` as the offset at which to go on. So each message has its effect exactly once.
    ///
    /// False, with nothing changed, if the offset kept for the partition is beyond `batch.from`:
    /// the batch was applied already, or another worker has gone on meanwhile; ask
    /// [`offsets`](Self::offsets) and begin again there.
    ///
    /// A batch from beyond the kept offset (0 if none is kept) is applied, as a log has gaps and
    /// drops what is old; so give a batch that failed again before those after it. Scores and
    /// weights must be finite numbers.
    async fn apply(&self, batch: &LiveBatch) -> Result<bool, Error>;

    /// The offset at which to go on in each partition of a log for which one is kept.
    async fn offsets(&self, log: &str) -> Result<BTreeMap<u32, u64>, Error>;

    /// Those of the ids that events kept here have.
    async fn known_events(&self, ids: &[String]) -> Result<BTreeSet<String>, Error>;

    /// A user's newest live list, if there is one. It may be of a version that is no longer active.
    async fn live_list(&self, user: &str) -> Result<Option<LiveList>, Error>;

    // What the events of all partitions teach about items.

    /// The items of highest level (faded weight) with that level, ties by asin. Of the catalogue nothing
    /// is known here: an item may be of an older one.
    async fn trending(&self, limit: u64) -> Result<Vec<(String, f64)>, Error>;

    /// What was done with an item; nothing of an item that is not known.
    async fn activity(&self, asin: &str) -> Result<ItemActivity, Error>;

    /// The items that users looked at together with one, in the field `other`: those of highest level
    /// first, ties by asin. Of each item at least the 128 pairs of highest level are kept; the count of one
    /// that was dropped and comes again starts anew.
    async fn together(&self, asin: &str, limit: u64) -> Result<Vec<ItemPair>, Error>;

    // Published models.

    /// Keeps similar items of a version, keyed by asin. Scores must be finite numbers.
    async fn put_similar(&self, version: &str, lists: &[SimilarItems]) -> Result<(), Error>;

    /// Keeps recommendations of a version, keyed by user. Scores must be finite numbers.
    async fn put_recommendations(&self, version: &str, lists: &[UserRecommendations]) -> Result<(), Error>;

    /// Keeps a file of a version's model (any size: the store splits it as it needs).
    async fn put_model_file(&self, version: &str, name: &str, bytes: &[u8]) -> Result<(), Error>;

    /// Keeps a report of a version.
    async fn put_report(&self, version: &str, name: &str, title: &str, html: &str) -> Result<(), Error>;

    /// Makes a completely written version the active one, in one step that readers see whole.
    async fn activate(&self, version: &ModelVersion) -> Result<(), Error>;

    /// The active version, or none before the first.
    async fn active(&self) -> Result<Option<ModelVersion>, Error>;

    /// Removes everything of all versions but these: old ones, and the rests of broken runs. If the
    /// active version is not among them, none is active afterwards.
    async fn keep_versions(&self, versions: &[String]) -> Result<(), Error>;

    /// Items most like `asin` in a version.
    async fn similar(&self, version: &str, asin: &str) -> Result<Vec<Recommended>, Error>;

    /// A user's list in a version, if the user has one.
    async fn recommendations(&self, version: &str, user: &str) -> Result<Option<Vec<Recommended>>, Error>;

    /// All files of a version's model by name.
    async fn model_files(&self, version: &str) -> Result<BTreeMap<String, Vec<u8>>, Error>;

    /// The reports of a version, by name.
    async fn reports(&self, version: &str) -> Result<Vec<ReportInfo>, Error>;

    /// One report's HTML.
    async fn report(&self, version: &str, name: &str) -> Result<Option<String>, Error>;
}
