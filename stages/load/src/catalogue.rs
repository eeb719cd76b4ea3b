//! Products and reviews on their way into the store.

use std::sync::Arc;

use storage::{Product, Review as StoreReview, Store, block_on};

use crate::{
    Error,
    item::{Item, Ratings},
    review::Review,
};

/// Rows of one call to the store.
const BATCH_ROWS: usize = 2000;

/// Writes the catalogue of one load. Nothing of it counts before [`Catalogue::finish`].
pub struct Catalogue {
    store: Arc<dyn Store>,
    generation: String,
    products: Vec<Product>,
    reviews: Vec<StoreReview>,
}

impl Catalogue {
    /// Opens the store and makes sure that it answers.
    pub fn open(url: &str, generation: &str) -> Result<Self, Error> {
        let store = block_on(async {
            let store = storage::open(url).await?;
            store.ping().await.map(|()| store)
        })?;
        Ok(Self { store, generation: generation.to_owned(), products: Vec::new(), reviews: Vec::new() })
    }

    /// Whether the store holds this generation, completely.
    pub fn is_loaded(url: &str, generation: &str) -> Result<bool, Error> {
        let catalogue = Self::open(url, generation)?;
        let loaded = block_on(catalogue.store.loaded())?;
        Ok(loaded.as_deref() == Some(generation))
    }

    /// Adds a review; `ordinal` counts those of the same user, item and time.
    pub fn review(&mut self, review: &Review, ordinal: u32) -> Result<(), Error> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        self.reviews.push(StoreReview {
            asin: review.item.to_string(),
            user: review.user.to_string(),
            time: review.time,
            ordinal,
            rating: review.rating,
            title: owned(review.title),
            text: owned(review.text),
            verified: review.verified,
            helpful_votes: review.helpful_votes,
        });
        if self.reviews.len() >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    /// Adds a product with what its reviews say.
    pub fn product(&mut self, item: Item, ratings: Ratings) -> Result<(), Error> {
        self.products.push(Product {
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
        });
        if self.products.len() >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if !self.reviews.is_empty() {
            block_on(self.store.put_reviews(&self.generation, &self.reviews))?;
            self.reviews.clear();
        }
        if !self.products.is_empty() {
            block_on(self.store.put_products(&self.generation, &self.products))?;
            self.products.clear();
        }
        Ok(())
    }

    /// Makes this load the one that counts.
    pub fn finish(mut self) -> Result<(), Error> {
        self.flush()?;
        Ok(block_on(self.store.finish_load(&self.generation))?)
    }
}
