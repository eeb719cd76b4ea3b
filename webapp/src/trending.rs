//! What many users do at the moment, as lists of products.

use std::collections::HashMap;

use storage::{Product, Store, weight_at};

use crate::failure::Failure;
use crate::metrics::now_ms;

/// Faded weight from which an item is shown as trending: that of one view two half-lives ago, four days.
const LEAST: f64 = 0.25;
/// Most items that the store is asked for.
const MOST: u64 = 4_096;

/// The `k` products with the highest faded weight, with that. Items that the catalogue does not have are
/// left out, as it may be newer than the events.
pub(crate) async fn trending(store: &dyn Store, k: usize) -> Result<Vec<(Product, f64)>, Failure> {
    let now = now_ms();
    let mut limit = (k as u64).saturating_mul(2);
    loop {
        let found = store.trending(limit).await?;
        let count = found.len() as u64;
        let recent = found.into_iter().map(|(asin, level)| (asin, weight_at(level, now)));
        let recent: Vec<(String, f64)> = recent.take_while(|(_, weight)| *weight >= LEAST).collect();
        let is_all = count < limit || (recent.len() as u64) < count || limit >= MOST;
        let mut products = with_products(store, recent).await?;
        if products.len() >= k || is_all {
            products.truncate(k);
            return Ok(products);
        }
        limit = (limit * 4).min(MOST);
    }
}

/// A product looked at together with another one.
pub(crate) struct Partner {
    /// The product.
    pub product: Product,
    /// How many visits both were in.
    pub count: u64,
    /// The same, faded.
    pub score: f64,
}

/// The `k` products that are looked at together with one most.
pub(crate) async fn together(store: &dyn Store, asin: &str, k: usize) -> Result<Vec<Partner>, Failure> {
    let now = now_ms();
    // Twice as many, as some may not be in the catalogue any more.
    let pairs = store.together(asin, (k as u64).saturating_mul(2)).await?;
    let counts = pairs.into_iter().map(|pair| (pair.other, (pair.count, weight_at(pair.trend, now)))).collect();
    let partners = with_products(store, counts).await?;
    let partner = |(product, (count, score))| Partner { product, count, score };
    Ok(partners.into_iter().take(k).map(partner).collect())
}

/// Those whose products the catalogue has, in the same order.
async fn with_products<T>(store: &dyn Store, found: Vec<(String, T)>) -> Result<Vec<(Product, T)>, Failure> {
    let asins: Vec<String> = found.iter().map(|(asin, _)| asin.clone()).collect();
    let products = if asins.is_empty() { Vec::new() } else { store.products(&asins).await? };
    let mut products: HashMap<String, Product> =
        products.into_iter().map(|product| (product.asin.clone(), product)).collect();
    Ok(found.into_iter().filter_map(|(asin, value)| Some((products.remove(&asin)?, value))).collect())
}
