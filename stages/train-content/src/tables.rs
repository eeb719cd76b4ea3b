//! Metadata and features in the order of the item index.

use std::{collections::HashMap, path::Path};

use anyhow::{Context as _, bail};
use pipeline::{Kind, TableReader};
use polars::{frame::DataFrame, prelude::StringChunked};
use recommender::algorithms::content_tfidf::{ItemFeatures, ItemText};

/// The texts of the items with these keys; empty for those that the table lacks. Of several rows of one
/// item the first counts. Reads in batches: items outside the index are not kept.
pub(crate) fn read_texts(path: &Path, keys: &[String]) -> anyhow::Result<Vec<ItemText>> {
    let index: HashMap<&str, usize> = keys.iter().enumerate().map(|(index, key)| (key.as_str(), index)).collect();
    let mut texts = vec![None; keys.len()];
    for frame in
        TableReader::open(path, Kind::Items)?.batches(&["item", "title", "brand", "categories", "description", "price"])
    {
        add_texts(&frame?, &index, &mut texts).with_context(|| format!("read table {}", path.display()))?;
    }
    Ok(texts.into_iter().map(Option::unwrap_or_default).collect())
}

fn add_texts(
    frame: &DataFrame,
    index: &HashMap<&str, usize>,
    texts: &mut [Option<ItemText>],
) -> polars::error::PolarsResult<()> {
    let text = |column: &str| frame.column(column).and_then(|column| column.str().cloned());
    let (item, title, brand, description) = (text("item")?, text("title")?, text("brand")?, text("description")?);
    let categories = frame.column("categories")?.list()?.clone();
    let prices = frame.column("price")?.f32()?.clone();
    let cell = |column: &StringChunked, row: usize| column.get(row).unwrap_or_default().to_owned();
    for row in 0..frame.height() {
        let Some(place) = item.get(row).and_then(|key| index.get(key)) else { continue };
        if texts[*place].is_some() {
            continue;
        }
        let categories = match categories.get_as_series(row) {
            Some(names) => names.str()?.iter().flatten().map(str::to_owned).collect(),
            None => Vec::new(),
        };
        let (title, brand, description) = (cell(&title, row), cell(&brand, row), cell(&description, row));
        texts[*place] = Some(ItemText { title, brand, categories, description, price: prices.get(row) });
    }
    Ok(())
}

/// The features of `items` items; zeros for those that the table lacks.
pub(crate) fn read_features(path: &Path, items: usize) -> anyhow::Result<ItemFeatures> {
    let reader = TableReader::open(path, Kind::ItemFeatures)?;
    let names = reader.metadata_value("features").unwrap_or("[]");
    let names: Vec<String> = serde_json::from_str(names)
        .with_context(|| format!("read the names of features in table {}", path.display()))?;
    let width = names.len();
    let frame = reader.read(&["item", "values"])?;
    let mut values = vec![0.0; items * width];
    let rows = frame.column("item").and_then(|column| column.u32().cloned())?;
    let lists = frame.column("values")?.list()?.clone();
    for (row, item) in rows.into_no_null_iter().enumerate() {
        let list = lists.get_as_series(row).unwrap_or_default();
        let cells = list.f32().with_context(|| format!("read table {}", path.display()))?;
        if item as usize >= items || cells.len() != width {
            bail!(
                "read table {}: row {row}: expected an item below {items} and {width} values, found item {item} and {} \
                 values; features and item index must come from the same run of `preprocess`",
                path.display(),
                cells.len()
            );
        }
        let target = &mut values[item as usize * width..(item as usize + 1) * width];
        target.iter_mut().zip(cells.iter()).for_each(|(value, cell)| *value = cell.unwrap_or(f32::NAN));
    }
    Ok(ItemFeatures { width, values })
}
