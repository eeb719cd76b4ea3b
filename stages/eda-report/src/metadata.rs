//! How far the product metadata covers the reviewed products.

use std::collections::BTreeMap;

use pipeline::TableReader;
use polars::{frame::DataFrame, prelude::AnyValue};
use serde::{Deserialize, Serialize};

use crate::counts::Units;

/// What the metadata says of the reviewed products.
#[derive(Default)]
pub(crate) struct Metadata {
    pub(crate) rows: u64,
    /// By number of the product in the reviews: its title and brand.
    pub(crate) names: BTreeMap<usize, (Option<String>, Option<String>)>,
    /// Products of the reviews that have title, brand, categories, price, description, image.
    pub(crate) filled: [u64; 6],
    /// Products by price in cents, rounded.
    pub(crate) prices: BTreeMap<u64, u64>,
    /// Products and their reviews.
    pub(crate) categories: BTreeMap<String, Group>,
    pub(crate) brands: BTreeMap<String, Group>,
}

/// Products that have something in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Reviewed products in it.
    pub items: u64,
    /// Their reviews.
    pub reviews: u64,
}

/// Fields of the metadata, in the order of [`Metadata::filled`].
pub(crate) const FIELDS: [&str; 6] = ["title", "brand", "categories", "price", "description", "image"];

impl Metadata {
    /// Reads the metadata of the products that have reviews.
    pub(crate) fn read(reader: &TableReader, reviewed: &Units) -> anyhow::Result<Self> {
        let mut metadata = Self::default();
        for batch in reader.batches(&["item", "title", "brand", "categories", "price", "description", "image"]) {
            metadata.add(&batch?, reviewed)?;
        }
        Ok(metadata)
    }

    fn add(&mut self, batch: &DataFrame, reviewed: &Units) -> anyhow::Result<()> {
        self.rows += batch.height() as u64;
        let text = |name: &str| batch.column(name).and_then(|column| column.str().cloned());
        let (items, titles, brands) = (text("item")?, text("title")?, text("brand")?);
        let (descriptions, images) = (text("description")?, text("image")?);
        let prices = batch.column("price")?.f32()?;
        let categories = batch.column("categories")?.list()?;
        for row in 0..batch.height() {
            let Some(number) = items.get(row).and_then(|key| reviewed.number(key)) else { continue };
            if self.names.contains_key(&number) {
                continue;
            }
            let of = |column: &polars::prelude::StringChunked| {
                column.get(row).filter(|text| !text.trim().is_empty()).map(str::to_owned)
            };
            let (title, brand) = (of(&titles), of(&brands));
            let price = prices.get(row).filter(|price| price.is_finite() && *price >= 0.0);
            let named: Vec<String> = categories.get_as_series(row).map_or_else(Vec::new, |series| texts(&series));
            let filled = [
                title.is_some(),
                brand.is_some(),
                !named.is_empty(),
                price.is_some(),
                of(&descriptions).is_some(),
                of(&images).is_some(),
            ];
            for (count, is_filled) in self.filled.iter_mut().zip(filled) {
                *count += u64::from(is_filled);
            }
            let reviews = reviewed.reviews[number];
            for name in named {
                self.categories.entry(name).or_default().add(reviews);
            }
            if let Some(brand) = &brand {
                self.brands.entry(brand.clone()).or_default().add(reviews);
            }
            if let Some(price) = price {
                *self.prices.entry((f64::from(price) * 100.0).round() as u64).or_default() += 1;
            }
            self.names.insert(number, (title, brand));
        }
        Ok(())
    }

    /// Groups with most reviews, the most first; equal ones by name.
    pub(crate) fn top(groups: &BTreeMap<String, Group>, count: usize) -> Vec<(String, Group)> {
        let mut sorted: Vec<(String, Group)> = groups.iter().map(|(name, group)| (name.clone(), *group)).collect();
        sorted.sort_by_key(|(_, group)| std::cmp::Reverse(group.reviews));
        sorted.truncate(count);
        sorted
    }
}

impl Group {
    fn add(&mut self, reviews: u64) {
        self.items += 1;
        self.reviews += reviews;
    }
}

/// The distinct texts of a list.
fn texts(series: &polars::prelude::Series) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in series.iter() {
        let text = match value {
            AnyValue::String(text) => text.to_owned(),
            AnyValue::StringOwned(text) => text.to_string(),
            _ => continue,
        };
        if !text.trim().is_empty() && !found.contains(&text) {
            found.push(text);
        }
    }
    found
}
