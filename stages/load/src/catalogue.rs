//! Products and reviews on their way into the store.

use std::sync::Arc;

use storage::{Bulk, Product, Review as StoreReview, Store, block_on};

use crate::{
    Error,
    item::{Item, Ratings},
    review::Review,
};

/// Writes the catalogue of one load. Nothing of it counts before [`Catalogue::finish`].
pub struct Catalogue {
    bulk: Bulk,
}

fn connect(url: &str) -> Result<Arc<dyn Store>, Error> {
    let store = block_on(async {
        let store = storage::open(url).await?;
        store.ping().await.map(|()| store)
    })?;
    Ok(store)
}

impl Catalogue {
    /// Opens the store, makes sure that it answers, and begins a load afresh.
    pub fn open(url: &str, generation: &str) -> Result<Self, Error> {
        Ok(Self { bulk: Bulk::begin(connect(url)?, generation)? })
    }

    /// Whether the store holds this generation, completely.
    pub fn is_loaded(url: &str, generation: &str) -> Result<bool, Error> {
        let loaded = block_on(connect(url)?.loaded())?;
        Ok(loaded.as_deref() == Some(generation))
    }

    /// Adds a review; `ordinal` counts those of the same user, item and time.
    pub fn review(&mut self, review: &Review, ordinal: u32) -> Result<(), Error> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let review = StoreReview {
            asin: review.item.to_string(),
            user: review.user.to_string(),
            time: review.time,
            ordinal,
            rating: review.rating,
            title: owned(review.title),
            text: owned(review.text),
            verified: review.verified,
            helpful_votes: review.helpful_votes,
        };
        Ok(self.bulk.review(review)?)
    }

    /// Adds a product with what its reviews say.
    pub fn product(&mut self, item: Item, ratings: Ratings) -> Result<(), Error> {
        let product = Product {
            asin: item.key,
            title: item.title,
            brand: item.brand,
            categories: item.categories,
            price: item.price,
            description: item.description,
            image: item.image,
            also_bought: item.also_bought,
            also_viewed: item.also_viewed,
            rating_mean: ratings.mean(),
            rating_count: ratings.count,
        };
        Ok(self.bulk.product(product)?)
    }

    /// Makes this load the one that counts.
    pub fn finish(self) -> Result<(), Error> {
        Ok(self.bulk.finish()?)
    }
}
