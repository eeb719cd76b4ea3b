//! Prices against ratings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    data::{Data, Products},
    formulas::intervals::Sums,
};

/// Bins along each axis of the scatter.
const STEPS: f64 = 6.0;

/// Bands with about as many products each.
const BANDS: usize = 10;

/// Prices of the reviewed products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Prices {
    /// Products with a price.
    pub items: u64,
    /// Prices at the levels 5, 25, 50, 75 and 95 %: the smallest that at least so many do not exceed; none without prices.
    pub quantiles: Option<[f32; 5]>,
    /// Share of the variance of the ratings that the price bands explain (eta squared); none where ratings do not vary.
    pub explained: Option<f64>,
    /// Bands of price with about as many products each, the cheapest first.
    pub bands: Vec<PriceBand>,
    /// Products by price and mean rating, in bins: middle of the prices, middle of the mean ratings, products.
    pub scatter: Vec<[f64; 3]>,
}

/// Products of about the same price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriceBand {
    /// Lowest price.
    pub from: f32,
    /// Highest price.
    pub to: f32,
    /// Products.
    pub items: u64,
    /// Their reviews.
    pub reviews: u64,
    /// Mean rating of the reviews.
    pub mean_rating: f64,
    /// 95 % interval of the mean of the products' mean ratings (Student); none for a single product.
    pub interval: Option<[f64; 2]>,
    /// Mean of the products' mean ratings.
    pub mean_of_items: f64,
}

impl Prices {
    /// Prices above zero; free products have none that says something.
    pub fn of(data: &Data, products: &Products) -> Self {
        let mut priced: Vec<(f32, u32)> =
            products.price.iter().copied().zip(0..).filter(|(price, _)| *price > 0.0).collect();
        priced.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let bands = bands(data, &priced);
        let level = |share: f64| priced[((priced.len() as f64 * share).ceil() as usize).max(1) - 1].0;
        Self {
            items: priced.len() as u64,
            quantiles: (!priced.is_empty()).then(|| [0.05, 0.25, 0.5, 0.75, 0.95].map(level)),
            explained: explained(data, &priced, &bands),
            scatter: scatter(data, &priced),
            bands,
        }
    }
}

/// Equal prices stay in one band.
fn bands(data: &Data, priced: &[(f32, u32)]) -> Vec<PriceBand> {
    let mut found = Vec::new();
    let mut start = 0;
    for band in 1..=BANDS {
        let mut end = (priced.len() * band).div_ceil(BANDS).max(start);
        while end > start && end < priced.len() && priced[end].0.to_bits() == priced[end - 1].0.to_bits() {
            end += 1;
        }
        if end > start {
            found.push(price_band(data, &priced[start..end]));
        }
        start = end;
    }
    found
}

fn price_band(data: &Data, priced: &[(f32, u32)]) -> PriceBand {
    let (mut means, mut reviews, mut stars) = (Sums::default(), 0, 0.0);
    for (_, item) in priced {
        means.add(data.items.mean_rating(*item));
        reviews += u64::from(data.items.reviews[*item as usize]);
        stars += data.items.stars[*item as usize];
    }
    PriceBand {
        from: priced[0].0,
        to: priced[priced.len() - 1].0,
        items: priced.len() as u64,
        reviews,
        mean_rating: stars / reviews.max(1) as f64,
        interval: means.interval(),
        mean_of_items: means.mean().unwrap_or_default(),
    }
}

/// Between the bands, over all, for the reviews of products with a price.
fn explained(data: &Data, priced: &[(f32, u32)], bands: &[PriceBand]) -> Option<f64> {
    let mut sums = Sums::default();
    for (_, item) in priced {
        data.reviews.of_item(*item).for_each(|row| sums.add(f64::from(data.reviews.rating[row])));
    }
    let (mean, variance) = (sums.mean()?, sums.variance()?);
    let between: f64 = bands.iter().map(|band| band.reviews as f64 * (band.mean_rating - mean).powi(2)).sum();
    let all = variance * (sums.count - 1) as f64;
    (all > 1e-9 * sums.count as f64).then(|| (between / all).min(1.0))
}

/// Six bins a factor of ten of the price, four a star.
fn scatter(data: &Data, priced: &[(f32, u32)]) -> Vec<[f64; 3]> {
    let mut counts = std::collections::BTreeMap::new();
    for (price, item) in priced {
        let column = (f64::from(*price).log10() * STEPS).floor() as i64;
        let row = ((data.items.mean_rating(*item) * 4.0).floor() as i64).min(19);
        *counts.entry((column, row)).or_insert(0.0) += 1.0;
    }
    let middle = |(column, row): (i64, i64)| [10_f64.powf((column as f64 + 0.5) / STEPS), (row as f64 + 0.5) / 4.0];
    counts.into_iter().map(|(place, count)| [middle(place)[0], middle(place)[1], count]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Params,
        data::fixture::{Fixture, Product, row},
    };

    #[test]
    fn prices_by_hand() {
        let rows = vec![
            row("u", "a", 5.0, 0),
            row("v", "a", 3.0, 0),
            row("u", "b", 1.0, 0),
            row("u", "c", 5.0, 0),
            row("u", "d", 2.0, 0),
        ];
        let product = |item, price| Product { item, price, ..Product::default() };
        let products = vec![
            product("a", Some(10.0)),
            product("b", Some(10.0)),
            product("c", Some(200.0)),
            product("d", Some(0.0)),
        ];
        let data = Fixture { rows, products: Some(products), ..Fixture::default() }.data(&Params::default());
        let prices = Prices::of(&data, data.products.as_ref().unwrap());
        assert_eq!((prices.items, prices.quantiles), (3, Some([10.0, 10.0, 10.0, 200.0, 200.0])));
        assert_eq!((prices.bands.len(), prices.bands[0].items, prices.bands[0].reviews), (2, 2, 3));
        // Ratings 5, 3, 1 | 5: mean 3.5, all squares 11; between 3 · 0.25 + 2.25 = 3.
        assert!((prices.explained.unwrap() - 3.0 / 11.0).abs() < 1e-12, "{:?}", prices.explained);
        assert!((prices.bands[0].mean_of_items - 2.5).abs() < 1e-12 && prices.bands[1].interval.is_none());
        assert_eq!(prices.scatter.iter().map(|spot| spot[2]).sum::<f64>(), 3.0);
    }
}
