//! The figures of the report: the content of `statistics.json`.

use std::collections::BTreeMap;

use reports::bins::{doubling, doubling_label, month_label};
use serde::{Deserialize, Serialize};

use crate::{
    correlation::{Correlations, correlations},
    counts::{Counts, Units},
    metadata::{FIELDS, Group, Metadata},
    tail::{Tail, tail},
};

/// Everything that the report shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Sizes and times.
    pub overview: Overview,
    /// Columns that may be empty, with how many rows lack a value.
    pub missing: Vec<Missing>,
    /// Reviews by rating, ascending.
    pub ratings: Vec<(f64, u64)>,
    /// Every month from the first to the last, also those without reviews.
    pub months: Vec<Month>,
    /// How unevenly reviews are spread over users.
    pub users: Tail,
    /// How unevenly reviews are spread over products.
    pub items: Tail,
    /// Words of the texts that there are.
    pub words: Lengths,
    /// Characters of the texts that there are.
    pub characters: Lengths,
    /// Helpful votes of the reviews that tell them.
    pub helpful_votes: Lengths,
    /// Rating, reviews that tell their helpful votes, and the mean of these.
    pub votes_by_rating: Vec<(f64, u64, f64)>,
    /// Correlations of what is known of a review.
    pub correlations: Correlations,
    /// Products with most reviews.
    pub top_items: Vec<Top>,
    /// Users with most reviews.
    pub top_users: Vec<Top>,
    /// What the metadata says of the reviewed products; none where no metadata is connected.
    pub metadata: Option<Coverage>,
}

/// Sizes and times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Rows.
    pub reviews: u64,
    /// Users with a review.
    pub users: u64,
    /// Products with a review.
    pub items: u64,
    /// Distinct pairs of user and product, as a share of all possible ones.
    pub density: f64,
    /// Rows that repeat the user and product of another row.
    pub duplicates: u64,
    /// Earliest time, Unix seconds.
    pub first: i64,
    /// Latest time, Unix seconds.
    pub last: i64,
    /// Mean of the ratings.
    pub mean_rating: f64,
    /// Standard deviation of the ratings (of the population).
    pub rating_deviation: f64,
    /// Rows marked as verified purchases.
    pub verified: u64,
}

/// Rows that lack a value in a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Missing {
    /// Name of the column.
    pub column: String,
    /// Rows without a value; an empty text counts as none.
    pub rows: u64,
    /// The same as a share.
    pub share: f64,
}

/// Reviews of a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Month {
    /// Such as `2014-03`.
    pub label: String,
    /// Months since year 0.
    pub number: i64,
    /// Reviews.
    pub reviews: u64,
    /// Their mean rating; none without reviews.
    pub mean_rating: Option<f64>,
}

/// Distribution of a count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// Rows that have a value.
    pub rows: u64,
    /// Mean; 0 without rows.
    pub mean: f64,
    /// Median: the smallest value that at least half of the rows do not exceed.
    pub median: u64,
    /// 90th percentile, likewise.
    pub p90: u64,
    /// Largest value.
    pub largest: u64,
    /// Rows in the bins 0, 1, 2, 3–4, 5–8, ... from the first to the last that has any.
    pub bins: Vec<(String, u64)>,
}

/// A product or user of the lists of the most frequent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Top {
    /// Its key.
    pub key: String,
    /// Title of the product, where known.
    pub title: Option<String>,
    /// Brand of the product, where known.
    pub brand: Option<String>,
    /// Reviews.
    pub reviews: u64,
    /// Mean of their ratings.
    pub mean_rating: f64,
}

/// What the metadata says of the reviewed products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Rows of the metadata.
    pub rows: u64,
    /// Reviewed products that it has.
    pub joined: u64,
    /// Fields, and how many reviewed products have them.
    pub filled: Vec<(String, u64)>,
    /// Prices in whole bins: 0–1, 1–2, 2–4, ... and products in each.
    pub prices: Vec<(String, u64)>,
    /// Median price; none without prices.
    pub median_price: Option<f64>,
    /// Categories by reviews.
    pub categories: Vec<(String, Group)>,
    /// Number of distinct categories.
    pub category_count: u64,
    /// Brands by reviews.
    pub brands: Vec<(String, Group)>,
    /// Number of distinct brands.
    pub brand_count: u64,
}

impl Statistics {
    /// The figures, from what was counted over at least one row.
    pub(crate) fn new(counts: &Counts, metadata: Option<&Metadata>, top: usize) -> Self {
        Self {
            overview: overview(counts),
            missing: ["title", "text", "verified", "helpful_votes"]
                .into_iter()
                .zip(counts.missing)
                .filter(|(column, _)| *column != "title" || counts.texts.is_some())
                .map(|(column, rows)| Missing { column: column.to_owned(), rows, share: share(rows, counts.rows) })
                .collect(),
            ratings: counts.ratings.iter().map(|(half, rows)| (*half as f64 / 2.0, *rows)).collect(),
            months: months(counts),
            users: tail(&counts.users.reviews),
            items: tail(&counts.items.reviews),
            words: lengths(&counts.words),
            characters: lengths(&counts.characters),
            helpful_votes: lengths(&counts.votes),
            votes_by_rating: counts
                .votes_of_rating
                .iter()
                .map(|(half, votes)| (*half as f64 / 2.0, votes.rows, share(votes.sum, votes.rows)))
                .collect(),
            correlations: correlations(&counts.sampled, &counts.users, &counts.items),
            top_items: tops(&counts.items, metadata, top),
            top_users: tops(&counts.users, None, top),
            metadata: metadata.map(|metadata| coverage(metadata, top)),
        }
    }
}

fn overview(counts: &Counts) -> Overview {
    let (users, items) = (counts.users.keys.len() as u64, counts.items.keys.len() as u64);
    let rows = counts.rows.max(1) as f64;
    let mean = counts.stars.sum / rows;
    let squares: f64 =
        counts.ratings.iter().map(|(half, count)| (*half as f64 / 2.0 - mean).powi(2) * *count as f64).sum();
    Overview {
        reviews: counts.rows,
        users,
        items,
        density: (counts.rows - counts.duplicates) as f64 / (users as f64 * items as f64),
        duplicates: counts.duplicates,
        first: counts.first,
        last: counts.last,
        mean_rating: mean,
        rating_deviation: (squares / rows).sqrt(),
        verified: counts.verified,
    }
}

fn months(counts: &Counts) -> Vec<Month> {
    let (Some((first, _)), Some((last, _))) = (counts.months.first_key_value(), counts.months.last_key_value()) else {
        return Vec::new();
    };
    (*first..=*last)
        .map(|number| {
            let stars = counts.months.get(&number).copied().unwrap_or_default();
            let mean_rating = (stars.rows > 0).then(|| stars.sum / stars.rows as f64);
            Month { label: month_label(number), number, reviews: stars.rows, mean_rating }
        })
        .collect()
}

fn lengths(by_value: &BTreeMap<u64, u64>) -> Lengths {
    let rows: u64 = by_value.values().sum();
    let (Some((first, _)), Some((largest, _))) = (by_value.first_key_value(), by_value.last_key_value()) else {
        return Lengths::default();
    };
    let total: f64 = by_value.iter().map(|(value, rows)| *value as f64 * *rows as f64).sum();
    let mut bins: Vec<(String, u64)> =
        (doubling(*first)..=doubling(*largest)).map(|bin| (doubling_label(bin), 0)).collect();
    for (value, rows) in by_value {
        bins[doubling(*value) - doubling(*first)].1 += rows;
    }
    let quantile = |level| quantile(by_value, level).unwrap_or_default();
    Lengths { rows, mean: total / rows as f64, median: quantile(0.5), p90: quantile(0.9), largest: *largest, bins }
}

/// The smallest value that at least this share of the rows does not exceed.
fn quantile(by_value: &BTreeMap<u64, u64>, level: f64) -> Option<u64> {
    let wanted = (by_value.values().sum::<u64>() as f64 * level).ceil() as u64;
    let mut seen = 0;
    by_value.iter().find_map(|(value, rows)| {
        seen += rows;
        (seen >= wanted).then_some(*value)
    })
}

fn tops(units: &Units, metadata: Option<&Metadata>, count: usize) -> Vec<Top> {
    let top = |number: usize| {
        let (title, brand) = metadata.and_then(|metadata| metadata.names.get(&number)).cloned().unwrap_or_default();
        let reviews = units.reviews[number];
        Top {
            key: units.keys[number].clone(),
            title,
            brand,
            reviews,
            mean_rating: units.stars[number] / reviews as f64,
        }
    };
    units.top(count).into_iter().map(top).collect()
}

fn coverage(metadata: &Metadata, top: usize) -> Coverage {
    Coverage {
        rows: metadata.rows,
        joined: metadata.names.len() as u64,
        filled: FIELDS.into_iter().map(str::to_owned).zip(metadata.filled).collect(),
        prices: price_bins(&metadata.prices),
        median_price: quantile(&metadata.prices, 0.5).map(|cents| cents as f64 / 100.0),
        categories: Metadata::top(&metadata.categories, top),
        category_count: metadata.categories.len() as u64,
        brands: Metadata::top(&metadata.brands, top),
        brand_count: metadata.brands.len() as u64,
    }
}

/// Products by price, in bins of whole currency units that double: up to 1, 1–2, 2–4, ...
fn price_bins(by_cents: &BTreeMap<u64, u64>) -> Vec<(String, u64)> {
    let bin = |cents: &u64| doubling(cents.div_ceil(100)).max(1);
    let (Some((first, _)), Some((last, _))) = (by_cents.first_key_value(), by_cents.last_key_value()) else {
        return Vec::new();
    };
    let label = |bin: usize| {
        let upper = 1_u64 << (bin - 1);
        if bin == 1 { "0–1".to_owned() } else { format!("{}–{upper}", upper / 2) }
    };
    let mut bins: Vec<(String, u64)> = (bin(first)..=bin(last)).map(|bin| (label(bin), 0)).collect();
    for (cents, items) in by_cents {
        bins[bin(cents) - bin(first)].1 += items;
    }
    bins
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_by_hand() {
        // 1, 1, 2, 9: mean 13 / 4; half of four rows is two, which 1 reaches; 90 % needs all four.
        let lengths = lengths(&BTreeMap::from([(1, 2), (2, 1), (9, 1)]));
        assert_eq!((lengths.rows, lengths.median, lengths.p90, lengths.largest), (4, 1, 9, 9));
        assert!((lengths.mean - 3.25).abs() < 1e-12);
        let bins: Vec<(&str, u64)> = lengths.bins.iter().map(|(label, rows)| (label.as_str(), *rows)).collect();
        assert_eq!(bins, [("1", 2), ("2", 1), ("3–4", 0), ("5–8", 0), ("9–16", 1)]);
    }

    #[test]
    fn prices_fall_into_the_bin_that_names_them() {
        let bins = price_bins(&BTreeMap::from([(50, 1), (100, 1), (101, 1), (800, 2)]));
        let bins: Vec<(&str, u64)> = bins.iter().map(|(label, items)| (label.as_str(), *items)).collect();
        assert_eq!(bins, [("0–1", 2), ("1–2", 1), ("2–4", 0), ("4–8", 2)]);
        assert!(price_bins(&BTreeMap::new()).is_empty());
    }
}
