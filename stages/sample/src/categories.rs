//! The category of each product, for one of the distributions of the proof.

use std::{collections::BTreeMap, path::Path};

use pipeline::{Kind, TableReader};

pub(crate) use crate::layout::Categories;
use crate::{census::Census, hashing::Hasher};

/// Categories with a bin of their own, commonest first; the others share one.
const MOST: usize = 30;
/// How deep a category may stand.
const LEVELS: usize = 6;

/// Reads the categories of the products that have reviews, from the first level on which they differ.
pub(crate) fn read(path: &Path, seed: u64, census: &Census) -> anyhow::Result<Categories> {
    let mut hasher = Hasher::new(seed);
    let mut paths: Vec<Vec<String>> = vec![Vec::new(); census.items.len()];
    for batch in TableReader::open(path, Kind::Items)?.batches(&["item", "categories"]) {
        let batch = batch?;
        let (keys, lists) = (batch.column("item")?.str()?, batch.column("categories")?.list()?);
        for (row, key) in keys.iter().enumerate() {
            let Some(index) = key.and_then(|key| census.items.index(hasher.item(key))) else { continue };
            if let (true, Some(list)) = (paths[index].is_empty(), lists.get_as_series(row)) {
                paths[index] = list.str()?.iter().flatten().take(LEVELS).map(str::to_owned).collect();
            }
        }
    }
    Ok(categories(&paths, &census.items.rows))
}

fn categories(paths: &[Vec<String>], reviews: &[u32]) -> Categories {
    let at = |level: usize| {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for (path, reviews) in paths.iter().zip(reviews) {
            if let Some(name) = path.get(level) {
                *sums.entry(name).or_default() += u64::from(*reviews);
            }
        }
        sums
    };
    let Some((level, sums)) = (0..LEVELS).map(|level| (level, at(level))).find(|(_, sums)| sums.len() > 1) else {
        return Categories::default();
    };
    let mut sorted: Vec<(&str, u64)> = sums.into_iter().collect();
    sorted.sort_by_key(|(name, reviews)| (std::cmp::Reverse(*reviews), *name));
    sorted.truncate(MOST);
    let places: BTreeMap<&str, u8> = sorted.iter().enumerate().map(|(place, (name, _))| (*name, place as u8)).collect();
    let other = sorted.len() as u8;
    let of = paths.iter().map(|path| match path.get(level) {
        Some(name) => places.get(name.as_str()).copied().unwrap_or(other),
        None => other + 1,
    });
    let names = sorted.iter().map(|(name, _)| (*name).to_owned()).chain(["others".to_owned(), "unknown".to_owned()]);
    Categories { of: of.collect(), names: names.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_level_with_a_difference_counts_commonest_first() {
        let path = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let paths = [path(&["Books", "Novels"]), path(&["Books", "Maps"]), path(&["Books"]), path(&["Books", "Maps"])];
        let found = categories(&paths, &[10, 4, 5, 3]);
        assert_eq!(found.names, ["Novels", "Maps", "others", "unknown"]);
        assert_eq!(found.of, [0, 1, 3, 1]);
        assert!(categories(&[path(&["Books"])], &[1]).names.is_empty());
    }
}
