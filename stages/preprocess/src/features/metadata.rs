//! What the product metadata says about each item of the index.

use std::{collections::HashMap, path::Path};

use pipeline::{Kind, TableReader};
use polars::frame::DataFrame;

use super::{numeric::Numeric, one_hot};

const COLUMNS: [&str; 6] = ["item", "title", "brand", "categories", "price", "description"];

/// Metadata by item index; empty where an item has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// Characters of the title.
    pub title_length: Vec<Option<f64>>,
    /// Characters of the description.
    pub description_length: Vec<Option<f64>>,
    /// In the shop's currency, above 0.
    pub price: Vec<Option<f64>>,
    /// The brand in lower case; at most one.
    pub brand: Vec<Vec<String>>,
    /// Categories from general to special, in lower case.
    pub categories: Vec<Vec<String>>,
}

/// Keys of the items that have a title.
pub fn titled(path: &Path) -> anyhow::Result<Vec<String>> {
    let mut keys = Vec::new();
    for batch in TableReader::open(path, Kind::Items)?.batches(&["item", "title"]) {
        let batch = batch?;
        let rows = batch.column("item")?.str()?.iter().zip(batch.column("title")?.str()?.iter());
        let titled = rows.filter(|(_, title)| title.is_some_and(|title| !title.trim().is_empty()));
        keys.extend(titled.filter_map(|(key, _)| key.map(str::to_owned)));
    }
    Ok(keys)
}

impl Metadata {
    /// Reads the metadata of these items; of several rows with the same key the first stands.
    pub fn read(path: &Path, items: &[String]) -> anyhow::Result<Self> {
        let indices: HashMap<&str, usize> =
            items.iter().enumerate().map(|(index, key)| (key.as_str(), index)).collect();
        let mut metadata = Self {
            title_length: vec![None; items.len()],
            description_length: vec![None; items.len()],
            price: vec![None; items.len()],
            brand: vec![Vec::new(); items.len()],
            categories: vec![Vec::new(); items.len()],
        };
        let mut is_set = vec![false; items.len()];
        for batch in TableReader::open(path, Kind::Items)?.batches(&COLUMNS) {
            metadata.add(&batch?, &indices, &mut is_set)?;
        }
        Ok(metadata)
    }

    fn add(&mut self, batch: &DataFrame, indices: &HashMap<&str, usize>, is_set: &mut [bool]) -> anyhow::Result<()> {
        let keys = batch.column("item")?.str()?;
        let titles = batch.column("title")?.str()?;
        let brands = batch.column("brand")?.str()?;
        let categories = batch.column("categories")?.list()?;
        let prices = batch.column("price")?.f32()?;
        let descriptions = batch.column("description")?.str()?;
        for (row, key) in keys.iter().enumerate() {
            let Some(index) = key.and_then(|key| indices.get(key)).copied().filter(|index| !is_set[*index]) else {
                continue;
            };
            is_set[index] = true;
            self.title_length[index] = length(titles.get(row));
            self.description_length[index] = length(descriptions.get(row));
            self.price[index] = prices.get(row).filter(|price| price.is_finite() && *price > 0.0).map(f64::from);
            self.brand[index] = brands.get(row).and_then(normalised).into_iter().collect();
            if let Some(list) = categories.get_as_series(row) {
                self.categories[index] = list.str()?.iter().flatten().filter_map(normalised).collect();
            }
        }
        Ok(())
    }

    /// The numeric features; brands are counted over the items for which `has_item` is true.
    pub fn numerics(&self, has_item: &[bool]) -> [Numeric; 5] {
        let log = |values: &[Option<f64>]| values.iter().map(|value| value.map(f64::ln_1p)).collect();
        let brand_counts = one_hot::counts(&self.brand, has_item);
        let frequency = |brands: &Vec<String>| {
            brands.first().map(|brand| (brand_counts.get(brand.as_str()).copied().unwrap_or(0) as f64).ln_1p())
        };
        let depth = |categories: &Vec<String>| (!categories.is_empty()).then_some(categories.len() as f64);
        [
            numeric("title_length", "title_missing", log(&self.title_length)),
            numeric("description_length", "description_missing", log(&self.description_length)),
            numeric("price", "price_missing", log(&self.price)),
            numeric("brand_frequency", "brand_missing", self.brand.iter().map(frequency).collect()),
            numeric("category_depth", "category_missing", self.categories.iter().map(depth).collect()),
        ]
    }
}

fn numeric(name: &'static str, indicator: &'static str, values: Vec<Option<f64>>) -> Numeric {
    Numeric { name, indicator: Some(indicator), values }
}

/// Characters of a text; none where there are none.
fn length(text: Option<&str>) -> Option<f64> {
    text.map(|text| text.trim().chars().count()).filter(|count| *count > 0).map(|count| count as f64)
}

/// The same name however it is capitalised; none for an empty one.
fn normalised(name: &str) -> Option<String> {
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_lowercase())
}
