//! What preferences are compared with: categories, brand and price of each item, kept small.

use std::cmp::Reverse;
use std::collections::HashMap;

use storage::{Product, Store};

use crate::neighbours::{Builder, Neighbours};

/// How many products are asked of the store at once.
const BATCH: usize = 1_000;
/// One of how many items counts as popular.
const POPULAR: usize = 10;

/// Categories, brand and price of one item; names as numbers of [`Catalogue::name`].
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    /// Its categories.
    pub categories: Box<[u32]>,
    /// Its brand.
    pub brand: Option<u32>,
    /// Its price.
    pub price: Option<f32>,
    /// Number of its ratings.
    pub ratings: u32,
}

/// The facts of every item of a model, by item index.
#[derive(Default)]
pub(crate) struct Catalogue {
    facts: Vec<Facts>,
    names: HashMap<String, u32>,
    /// Number of ratings from which an item counts as popular.
    popular_from: u32,
    neighbours: Neighbours,
}

impl Catalogue {
    /// Reads the products of these keys; a key without a product has no facts.
    pub async fn load(store: &dyn Store, keys: &[String]) -> Result<Self, storage::Error> {
        let (mut catalogue, mut words) = (Self::default(), Builder::default());
        for batch in keys.chunks(BATCH) {
            let found = store.products(batch).await?;
            let mut found = found.iter().peekable();
            for key in batch {
                let product = found.next_if(|product| product.asin == *key);
                words.add(product);
                let facts = product.map(|product| catalogue.facts_of(product));
                catalogue.facts.push(facts.unwrap_or_default());
            }
        }
        catalogue.neighbours = words.finish();
        Ok(catalogue.counted())
    }

    fn counted(mut self) -> Self {
        let mut ratings: Vec<u32> = self.facts.iter().map(|facts| facts.ratings).collect();
        ratings.sort_unstable_by_key(|count| Reverse(*count));
        let last_popular = (ratings.len() / POPULAR).saturating_sub(1);
        self.popular_from = ratings.get(last_popular).map_or(1, |count| (*count).max(1));
        self
    }

    /// Whether an item is among the most rated tenth.
    pub fn is_popular(&self, item: u32) -> bool {
        self.facts[item as usize].ratings >= self.popular_from
    }

    /// Finds items by what is written about them.
    pub fn neighbours(&self) -> &Neighbours {
        &self.neighbours
    }

    /// The facts of all items.
    pub fn facts(&self) -> &[Facts] {
        &self.facts
    }

    /// The number of a category's or brand's name; case does not matter. None if no item has it.
    pub fn name(&self, name: &str) -> Option<u32> {
        self.names.get(&name.to_lowercase()).copied()
    }

    fn facts_of(&mut self, product: &Product) -> Facts {
        Facts {
            categories: product.categories.iter().map(|name| self.number(name)).collect(),
            brand: product.brand.as_ref().map(|name| self.number(name)),
            price: product.price,
            ratings: product.rating_count,
        }
    }

    fn number(&mut self, name: &str) -> u32 {
        let next = self.names.len() as u32;
        *self.names.entry(name.to_lowercase()).or_insert(next)
    }

    /// A catalogue of these products, for tests of ranking.
    #[cfg(test)]
    pub fn of(products: &[Product]) -> Self {
        let mut catalogue = Self::default();
        catalogue.facts = products.iter().map(|product| catalogue.facts_of(product)).collect();
        catalogue.counted()
    }
}
