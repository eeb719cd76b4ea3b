//! Writing a whole catalogue: batches go to the store while the caller makes the next ones.

use std::{collections::VecDeque, mem, sync::Arc, time::Instant};

use tokio::task::JoinHandle;

use crate::{Error, Product, Review, Store, block_on, open::spawn};

/// Rows of one call to the store; one transaction in SQLite, one insert in MongoDB.
const BATCH_ROWS: usize = 2_000;

/// Calls under way at once. A MongoDB server works on some while others wait for its disk; SQLite
/// takes them in turn.
const AT_ONCE: usize = 8;

/// A load on its way into a store. Nothing of it counts before [`Bulk::finish`].
///
/// Batches are written out of order, so no key may be given twice with different content.
pub struct Bulk {
    store: Arc<dyn Store>,
    generation: Arc<str>,
    products: Vec<Product>,
    reviews: Vec<Review>,
    under_way: VecDeque<JoinHandle<Result<(), Error>>>,
    /// Rows given so far.
    rows: u64,
}

impl Bulk {
    /// Begins a load of that name afresh.
    ///
    /// # Panics
    /// Like all of this type when called from async code: it is for stages, which are not.
    pub fn begin(store: Arc<dyn Store>, generation: &str) -> Result<Self, Error> {
        block_on(store.begin_load(generation))?;
        let (products, reviews) = (Vec::new(), Vec::with_capacity(BATCH_ROWS));
        Ok(Self { store, generation: generation.into(), products, reviews, under_way: VecDeque::new(), rows: 0 })
    }

    /// Adds a product.
    pub fn product(&mut self, product: Product) -> Result<(), Error> {
        self.rows += 1;
        self.products.push(product);
        if self.products.len() < BATCH_ROWS {
            return Ok(());
        }
        self.send_products()
    }

    /// Adds a review.
    pub fn review(&mut self, review: Review) -> Result<(), Error> {
        self.rows += 1;
        self.reviews.push(review);
        if self.reviews.len() < BATCH_ROWS {
            return Ok(());
        }
        self.send_reviews()
    }

    fn send_products(&mut self) -> Result<(), Error> {
        let products = mem::take(&mut self.products);
        let (store, generation) = (Arc::clone(&self.store), Arc::clone(&self.generation));
        self.send(async move { store.put_products(&generation, &products).await })
    }

    fn send_reviews(&mut self) -> Result<(), Error> {
        let reviews = mem::replace(&mut self.reviews, Vec::with_capacity(BATCH_ROWS));
        let (store, generation) = (Arc::clone(&self.store), Arc::clone(&self.generation));
        self.send(async move { store.put_reviews(&generation, &reviews).await })
    }

    fn send(&mut self, write: impl Future<Output = Result<(), Error>> + Send + 'static) -> Result<(), Error> {
        if self.under_way.len() == AT_ONCE {
            self.wait_for_one()?;
        }
        self.under_way.push_back(spawn(write));
        Ok(())
    }

    fn wait_for_one(&mut self) -> Result<(), Error> {
        let Some(write) = self.under_way.pop_front() else { return Ok(()) };
        block_on(write).unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Waits until everything given so far is in the store.
    pub fn flush(&mut self) -> Result<(), Error> {
        if !self.products.is_empty() {
            self.send_products()?;
        }
        if !self.reviews.is_empty() {
            self.send_reviews()?;
        }
        while !self.under_way.is_empty() {
            self.wait_for_one()?;
        }
        Ok(())
    }

    /// Makes this load the one that counts.
    pub fn finish(mut self) -> Result<(), Error> {
        self.flush()?;
        let (rows, location) = (self.rows, self.store.location());
        tracing::info!(rows, location, "wrote {rows} products and reviews to {location}, building indexes");
        let started = Instant::now();
        block_on(self.store.finish_load(&self.generation))?;
        let duration_ms = started.elapsed().as_millis() as u64;
        tracing::info!(duration_ms, location, "built indexes of {location} in {duration_ms} ms; the load counts now");
        Ok(())
    }
}
