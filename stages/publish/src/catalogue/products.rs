//! Products from metadata, with the mean and number of their ratings.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use pipeline::{Kind, TableReader};
use polars::{frame::DataFrame, prelude::ListChunked};
use storage::{Product, Store, block_on};

use super::BATCH;
use crate::error::Error;

/// Sum and number of the ratings of each item.
pub struct Ratings(BTreeMap<String, (f64, u32)>);

impl Ratings {
    /// Sums up all reviews.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let mut ratings = BTreeMap::<String, (f64, u32)>::new();
        for batch in TableReader::open(path, Kind::Reviews)?.batches(&["item", "rating"]) {
            let batch = batch?;
            let pairs = batch.column("item")?.str()?.iter().zip(batch.column("rating")?.f32()?.iter());
            for (item, rating) in pairs.filter_map(|(item, rating)| item.zip(rating)) {
                if !ratings.contains_key(item) {
                    ratings.insert(item.to_owned(), (0.0, 0));
                }
                if let Some((sum, count)) = ratings.get_mut(item) {
                    *sum += f64::from(rating);
                    *count += 1;
                }
            }
        }
        Ok(Self(ratings))
    }

    /// The product with its figures.
    fn rated(&self, mut product: Product) -> Product {
        if let Some((sum, count)) = self.0.get(&product.asin) {
            product.rating_mean = Some((sum / f64::from(*count)) as f32);
            product.rating_count = *count;
        }
        product
    }
}

/// Writes a product for each row of metadata, and a bare one for each other item with reviews.
pub fn write(store: &dyn Store, generation: &str, items: Option<&Path>, ratings: &Ratings) -> anyhow::Result<()> {
    let mut described = BTreeSet::new();
    if let Some(path) = items {
        for batch in TableReader::open(path, Kind::Items)?.batches(&[]) {
            let products = products(&batch?, path)?;
            described.extend(products.iter().map(|product| product.asin.clone()));
            let products: Vec<Product> = products.into_iter().map(|product| ratings.rated(product)).collect();
            put(store, generation, &products)?;
        }
    }
    let bare: Vec<Product> = ratings
        .0
        .keys()
        .filter(|key| !described.contains(*key))
        .map(|key| ratings.rated(Product { asin: key.clone(), ..Product::default() }))
        .collect();
    put(store, generation, &bare)
}

fn put(store: &dyn Store, generation: &str, products: &[Product]) -> anyhow::Result<()> {
    for chunk in products.chunks(BATCH) {
        block_on(store.put_products(generation, chunk))?;
    }
    Ok(())
}

fn products(batch: &DataFrame, path: &Path) -> anyhow::Result<Vec<Product>> {
    let keys = batch.column("item")?.str()?;
    let titles = batch.column("title")?.str()?;
    let brands = batch.column("brand")?.str()?;
    let categories = batch.column("categories")?.list()?;
    let prices = batch.column("price")?.f32()?;
    let descriptions = batch.column("description")?.str()?;
    let images = batch.column("image")?.str()?;
    let also_bought = batch.column("also_bought")?.list()?;
    let also_viewed = batch.column("also_viewed")?.list()?;
    let product = |row: usize| {
        let key = keys.get(row).ok_or_else(|| Error::NoValue { path: path.to_owned(), row, column: "item" })?;
        anyhow::Ok(Product {
            asin: key.to_owned(),
            title: titles.get(row).map(str::to_owned),
            brand: brands.get(row).map(str::to_owned),
            categories: strings(categories, row)?,
            price: prices.get(row).filter(|price| price.is_finite()),
            description: descriptions.get(row).map(str::to_owned),
            image: images.get(row).map(str::to_owned),
            also_bought: strings(also_bought, row)?,
            also_viewed: strings(also_viewed, row)?,
            rating_mean: None,
            rating_count: 0,
        })
    };
    (0..batch.height()).map(product).collect()
}

fn strings(lists: &ListChunked, row: usize) -> anyhow::Result<Vec<String>> {
    let Some(list) = lists.get_as_series(row) else { return Ok(Vec::new()) };
    Ok(list.str()?.iter().flatten().map(str::to_owned).collect())
}
