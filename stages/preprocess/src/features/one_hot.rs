//! Categories, brands and price bands as columns of 0 and 1.

use std::collections::{BTreeMap, BTreeSet};

/// The `limit` commonest values, each with its column; commonest first, ties by name.
///
/// `values` holds the distinct values of each item. Only items for which `has_item` is true are
/// counted; a value of one item or of all of them tells nothing and gets no column.
pub fn commonest(values: &[Vec<String>], has_item: &[bool], limit: usize) -> Vec<(String, Vec<f32>)> {
    let counts = counts(values, has_item);
    let all = has_item.iter().filter(|has| **has).count();
    let mut common: Vec<(&str, usize)> = counts.into_iter().filter(|(_, count)| (2..all).contains(count)).collect();
    common.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    common.truncate(limit);
    let column = |name: &str| values.iter().map(|values| as_number(values.iter().any(|value| value == name))).collect();
    common.into_iter().map(|(name, _)| (name.to_owned(), column(name))).collect()
}

/// Training items of each value.
pub fn counts<'a>(values: &'a [Vec<String>], has_item: &[bool]) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for (values, _) in values.iter().zip(has_item).filter(|(_, has)| **has) {
        for value in values.iter().collect::<BTreeSet<_>>() {
            *counts.entry(value.as_str()).or_insert(0) += 1;
        }
    }
    counts
}

/// Prices that part those of training items into `bands` of about equal size; fewer where prices
/// are equal.
pub fn band_edges(prices: &[Option<f64>], has_item: &[bool], bands: usize) -> Vec<f64> {
    let mut known: Vec<f64> =
        prices.iter().zip(has_item).filter(|(_, has)| **has).filter_map(|(price, _)| *price).collect();
    known.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..bands).filter_map(|band| known.get(band * known.len() / bands).copied()).collect();
    edges.dedup();
    // An edge at the lowest price would leave the band below it empty.
    edges.retain(|edge| known.first().is_some_and(|lowest| edge > lowest));
    edges
}

/// A column for each band, numbered from 1; none if there are no edges.
pub fn bands(prices: &[Option<f64>], edges: &[f64]) -> Vec<(usize, Vec<f32>)> {
    if edges.is_empty() {
        return Vec::new();
    }
    let band = |price: f64| edges.partition_point(|edge| *edge <= price);
    let column = |index| prices.iter().map(|price| as_number(price.map(band) == Some(index))).collect();
    (0..=edges.len()).map(|index| (index + 1, column(index))).collect()
}

fn as_number(is_so: bool) -> f32 {
    if is_so { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_hold_about_as_many_items_each() {
        let prices: Vec<Option<f64>> = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(Some).into_iter().chain([None]).collect();
        let edges = band_edges(&prices, &[true; 7], 3);
        // Six known prices in three bands: edges at positions 2 and 4.
        assert_eq!(edges, [3.0, 5.0]);
        let columns = bands(&prices, &edges);
        assert_eq!(columns[0], (1, vec![1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]));
        assert_eq!(columns[2], (3, vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]));
    }

    #[test]
    fn equal_prices_have_no_bands() {
        assert_eq!(band_edges(&[Some(5.0); 9], &[true; 9], 4), Vec::<f64>::new());
        assert!(bands(&[Some(5.0); 9], &[]).is_empty());
    }

    #[test]
    fn only_values_that_tell_items_apart_get_a_column() {
        let values: Vec<Vec<String>> = [&["all", "b"][..], &["all", "a", "b"], &["all", "a"], &["all", "once"], &["a"]]
            .map(|values| values.iter().map(ToString::to_string).collect())
            .to_vec();
        // The fifth item is not in train: `all` is on all others, `a` and `b` on two each.
        let columns = commonest(&values, &[true, true, true, true, false], 10);
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(columns[0].1, [0.0, 1.0, 1.0, 0.0, 1.0]);
        assert_eq!(commonest(&values, &[true; 5], 1).len(), 1);
    }
}
