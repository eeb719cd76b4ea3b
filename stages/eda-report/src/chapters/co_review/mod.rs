//! The graph behind recommendations: products are joined where one user reviewed both.
//!
//! Only through such links can collaborative filtering lead from one product to another. Components are of all reviews;
//! degrees and clustering are exact for small data, and of a sample of the products otherwise.

mod components;
mod neighbours;
mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    alert::Alert,
    data::{Data, Reviews},
};

/// Components, degrees and clustering of the graph of products that one user reviewed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoReview {
    /// Parts of the graph of users and products that no review joins.
    pub components: Components,
    /// Neighbours of products.
    pub neighbours: Neighbours,
}

/// Connected components of users and products, joined by reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Components {
    /// How many; those of the products alone are as many, as every user has a review.
    pub count: u64,
    /// Users in all.
    pub users: u64,
    /// Items in all.
    pub items: u64,
    /// Reviews in all.
    pub reviews: u64,
    /// Users of the largest, by users and items together.
    pub giant_users: u64,
    /// Items of the largest.
    pub giant_items: u64,
    /// Reviews of the largest.
    pub giant_reviews: u64,
    /// Components of a single item.
    pub of_one_item: u64,
    /// Components by users and items together, in doubling bins.
    pub sizes: Vec<ComponentBin>,
}

/// Components of so many users and items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentBin {
    /// Users and items together, such as `3–4`.
    pub size: String,
    /// Components.
    pub components: u64,
}

/// Neighbours of products: others that one of their reviewers reviewed, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Neighbours {
    /// Products that are looked at.
    pub looked_at: u64,
    /// Whether these are all, with all of their neighbours: then nothing is estimated.
    pub is_exact: bool,
    /// Of a user with more reviews than this, so many are looked at, evenly spread over time; unless all are exact.
    pub heavy_from: u32,
    /// Users who have more.
    pub heavy_users: u64,
    /// Mean number of neighbours.
    pub mean_degree: f64,
    /// Its 95 % interval; none where all are exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_degree_interval: Option<[f64; 2]>,
    /// Neighbours at the levels 5, 25, 50, 75 and 95 %, and the most.
    pub degrees: [u32; 6],
    /// Products without any.
    pub isolated: u64,
    /// Products by neighbours, in doubling bins from 0 on.
    pub by_degree: Vec<DegreeBin>,
    /// Mean local clustering coefficient of products with two neighbours or more: how often two neighbours are neighbours
    /// of one another. None without such products.
    pub clustering: Option<f64>,
    /// Its 95 % interval; none where all are exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clustering_interval: Option<[f64; 2]>,
    /// Closed pairs of neighbours of all pairs of neighbours, over all products; where all are exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transitivity: Option<f64>,
}

/// Products of so many neighbours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DegreeBin {
    /// Neighbours, such as `3–4`.
    pub neighbours: String,
    /// Products that are looked at.
    pub items: u64,
}

impl Chapter for CoReview {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        Ok(Some(Self { components: components::measure(data), neighbours: neighbours::measure(data, params.seed) }))
    }

    fn sections(&self) -> Vec<Section> {
        vec![show::section(self).in_group("Products")]
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}

/// Whether a user reviewed both: looks through the rows of those who reviewed the less popular one.
pub fn co_reviewed(reviews: &Reviews, one: u32, other: u32) -> bool {
    let (one, other) =
        if reviews.of_item(one).len() < reviews.of_item(other).len() { (one, other) } else { (other, one) };
    let has_other = |user: &u32| reviews.of_user(*user).iter().any(|row| reviews.item[*row as usize] == other);
    reviews.user[reviews.of_item(one)].iter().any(has_other)
}
