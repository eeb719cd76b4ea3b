//! What is known about items, in the order of the item index: what people call them, and their categories.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use anyhow::Context as _;
use pipeline::{Kind, TableReader};
use polars::frame::DataFrame;

/// Titles and categories of the items.
pub struct Items {
    /// The title, or the key where there is none.
    pub names: Vec<String>,
    /// The categories of each item, numbered in the order of their names.
    pub categories: Vec<Vec<u32>>,
}

impl Items {
    /// Reads the table of items, if there is one. Of several rows of one item the first counts.
    pub fn read(path: Option<&Path>, keys: Vec<String>) -> anyhow::Result<Self> {
        let mut rows: Vec<Option<(String, Vec<String>)>> = vec![None; keys.len()];
        if let Some(path) = path {
            let index: HashMap<&str, usize> =
                keys.iter().enumerate().map(|(place, key)| (key.as_str(), place)).collect();
            for frame in TableReader::open(path, Kind::Items)?.batches(&["item", "title", "categories"]) {
                add(&frame?, &index, &mut rows).with_context(|| format!("read table {}", path.display()))?;
            }
        }
        let named = rows.iter().flatten().flat_map(|(_, categories)| categories);
        let mut numbers: BTreeMap<String, u32> = named.map(|name| (name.clone(), 0)).collect();
        (0..).zip(numbers.values_mut()).for_each(|(number, place)| *place = number);
        let categories =
            rows.iter().map(|row| row.iter().flat_map(|(_, names)| names).map(|name| numbers[name]).collect());
        let categories = categories.collect();
        let name = |(key, row): (String, Option<(String, Vec<String>)>)| match row {
            Some((title, _)) if !title.is_empty() => title,
            _ => key,
        };
        Ok(Self { names: keys.into_iter().zip(rows).map(name).collect(), categories })
    }
}

fn add(
    frame: &DataFrame,
    index: &HashMap<&str, usize>,
    rows: &mut [Option<(String, Vec<String>)>],
) -> polars::error::PolarsResult<()> {
    let (items, titles) = (frame.column("item")?.str()?, frame.column("title")?.str()?);
    let categories = frame.column("categories")?.list()?;
    for row in 0..frame.height() {
        let Some(place) = items.get(row).and_then(|key| index.get(key)) else { continue };
        if rows[*place].is_some() {
            continue;
        }
        let names = match categories.get_as_series(row) {
            Some(names) => names.str()?.iter().flatten().map(str::to_owned).collect(),
            None => Vec::new(),
        };
        rows[*place] = Some((titles.get(row).unwrap_or_default().to_owned(), names));
    }
    Ok(())
}
