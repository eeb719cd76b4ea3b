//! Categories and brands: which have most products and reviews, and how few have how much.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    data::{Data, Keys, NONE, Products},
    formulas::{counts::Counts, inequality::gini},
};

/// Products of a category or a brand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProductGroup {
    /// Its name.
    pub name: String,
    /// Reviewed products.
    pub items: u64,
    /// Their reviews.
    pub reviews: u64,
    /// Mean rating of these.
    pub mean_rating: f64,
}

/// Categories of the reviewed products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Categories {
    /// Distinct categories.
    pub count: u64,
    /// Products with a category.
    pub items: u64,
    /// Mean number of categories of these; 0 without any.
    pub mean_depth: f64,
    /// Categories of a single product.
    pub of_one_item: u64,
    /// Those with most reviews, the most first. A product counts in each of its categories.
    pub top: Vec<ProductGroup>,
}

/// Brands of the reviewed products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Brands {
    /// Distinct brands.
    pub count: u64,
    /// Products with a brand.
    pub items: u64,
    /// Reviews of these.
    pub reviews: u64,
    /// Gini coefficient of the reviews of the brands; 0 without brands.
    pub gini: f64,
    /// Share of the reviews that the largest brand has, the largest five, and the largest ten.
    pub top_shares: [f64; 3],
    /// Effective number of brands: one over the sum of the squared shares (the inverse of Herfindahl's index).
    pub effective: f64,
    /// Those with most reviews, the most first.
    pub top: Vec<ProductGroup>,
}

/// Sums by number of the group.
struct Groups {
    items: Vec<u32>,
    reviews: Vec<u32>,
    stars: Vec<f64>,
}

impl Groups {
    fn new(count: usize) -> Self {
        Self { items: vec![0; count], reviews: vec![0; count], stars: vec![0.0; count] }
    }

    fn add(&mut self, group: u32, item: usize, items: &Keys) {
        let group = group as usize;
        self.items[group] += 1;
        self.reviews[group] += items.reviews[item];
        self.stars[group] += items.stars[item];
    }

    /// Groups with most reviews; equal ones by name.
    fn top(&self, names: &Keys, top: usize) -> Vec<ProductGroup> {
        let mut order: Vec<u32> = (0..self.reviews.len() as u32).collect();
        order.sort_by(|a, b| {
            let reviews = |group: &u32| self.reviews[*group as usize];
            reviews(b).cmp(&reviews(a)).then_with(|| names.key(*a).cmp(names.key(*b)))
        });
        let told = |group: &u32| ProductGroup {
            name: names.name(*group),
            items: u64::from(self.items[*group as usize]),
            reviews: u64::from(self.reviews[*group as usize]),
            mean_rating: self.stars[*group as usize] / f64::from(self.reviews[*group as usize].max(1)),
        };
        order.iter().take(top).map(told).collect()
    }
}

impl Categories {
    /// At most `top` of them.
    pub fn of(data: &Data, products: &Products, top: usize) -> Self {
        let mut groups = Groups::new(products.categories.len());
        let (mut items, mut links) = (0_u64, 0_u64);
        for item in 0..data.items.len() {
            let list = products.categories_of(item as u32);
            items += u64::from(!list.is_empty());
            links += list.len() as u64;
            for category in list {
                groups.add(*category, item, &data.items);
            }
        }
        Self {
            count: products.categories.len() as u64,
            items,
            mean_depth: links as f64 / items.max(1) as f64,
            of_one_item: groups.items.iter().filter(|items| **items == 1).count() as u64,
            top: groups.top(&products.categories, top),
        }
    }
}

impl Brands {
    /// At most `top` of them.
    pub fn of(data: &Data, products: &Products, top: usize) -> Self {
        let mut groups = Groups::new(products.brands.len());
        for (item, brand) in products.brand.iter().enumerate().filter(|(_, brand)| **brand != NONE) {
            groups.add(*brand, item, &data.items);
        }
        let mut sorted = groups.reviews.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        let all: u64 = sorted.iter().map(|reviews| u64::from(*reviews)).sum();
        let of = |reviews: &u32| f64::from(*reviews) / all.max(1) as f64;
        let squares: f64 = sorted.iter().map(|reviews| of(reviews).powi(2)).sum();
        Self {
            count: products.brands.len() as u64,
            items: groups.items.iter().map(|items| u64::from(*items)).sum(),
            reviews: all,
            gini: gini(&Counts::of(&groups.reviews)),
            top_shares: [1, 5, 10].map(|count| sorted.iter().take(count).map(of).sum()),
            effective: if squares > 0.0 { 1.0 / squares } else { 0.0 },
            top: groups.top(&products.brands, top),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Params,
        data::fixture::{Fixture, Product, row},
    };

    #[test]
    fn groups_by_hand() {
        let mut rows: Vec<_> = (0..6).map(|user| row(&format!("u{user}"), "a", 5.0, 0)).collect();
        rows.extend([row("u1", "b", 1.0, 0), row("u2", "c", 4.0, 0), row("u1", "d", 2.0, 0)]);
        let product = |item, brand, categories| Product { item, brand, categories, ..Product::default() };
        let products = vec![
            product("a", Some("Ernie"), &["Music", "Strings"]),
            product("b", Some("Bert"), &["Music"]),
            product("c", Some("Ernie"), &[]),
            product("d", None, &["Lamps"]),
        ];
        let data = Fixture { rows, products: Some(products), ..Fixture::default() }.data(&Params::default());
        let products = data.products.as_ref().unwrap();
        let categories = Categories::of(&data, products, 2);
        assert_eq!((categories.count, categories.items, categories.of_one_item), (3, 3, 2));
        assert!((categories.mean_depth - 4.0 / 3.0).abs() < 1e-12);
        let names: Vec<(&str, u64, u64)> =
            categories.top.iter().map(|group| (group.name.as_str(), group.items, group.reviews)).collect();
        assert_eq!(names, [("Music", 2, 7), ("Strings", 1, 6)]);
        assert!((categories.top[0].mean_rating - 31.0 / 7.0).abs() < 1e-12);
        // Ernie 7, Bert 1: shares 7/8 and 1/8; Gini (−1·1 + 1·7) / (2·8) = 3/8; squares 50/64.
        let brands = Brands::of(&data, products, 5);
        assert_eq!((brands.count, brands.items, brands.reviews), (2, 3, 8));
        assert!((brands.gini - 0.375).abs() < 1e-12 && (brands.top_shares[0] - 0.875).abs() < 1e-12);
        assert!((brands.effective - 64.0 / 50.0).abs() < 1e-12 && (brands.top_shares[2] - 1.0).abs() < 1e-12);
    }
}
