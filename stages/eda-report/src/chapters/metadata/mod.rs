//! What the product metadata says of the reviewed products: coverage, categories, prices, brands, and what was bought
//! with what.

mod bought;
mod groups;
mod measure;
mod prices;
mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{Params, alert::Alert, data::Data};
pub use bought::AlsoBought;
pub use groups::{Brands, Categories};
pub use prices::Prices;

/// Product metadata, over the products that have reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metadata {
    /// Rows of the metadata.
    pub rows: u64,
    /// Rows of products without reviews.
    pub unreviewed: u64,
    /// Products with reviews.
    pub items: u64,
    /// Of these, such with metadata: at least one field is filled.
    pub joined: u64,
    /// Reviews.
    pub reviews: u64,
    /// Reviews of products with metadata.
    pub joined_reviews: u64,
    /// Fields of the metadata.
    pub fields: Vec<FieldCoverage>,
    /// Categories.
    pub categories: Categories,
    /// Prices against ratings.
    pub prices: Prices,
    /// Brands.
    pub brands: Brands,
    /// Which products were bought with which.
    pub also_bought: AlsoBought,
}

impl Metadata {
    /// Whether all rows are bare ones, which `load` writes for products of reviews where it has no metadata.
    fn is_bare(&self) -> bool {
        self.joined == 0 && self.unreviewed == 0
    }
}

/// A field of the metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldCoverage {
    /// Its name.
    pub field: String,
    /// Reviewed products that have it.
    pub items: u64,
    /// Reviews of these.
    pub reviews: u64,
}

impl Chapter for Metadata {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        Ok(data.products.as_ref().map(|products| measure::measure(data, products, params)))
    }

    fn sections(&self) -> Vec<Section> {
        show::sections(self).into_iter().map(|section| section.in_group("Products")).collect()
    }

    fn absent() -> Option<Section> {
        Some(show::absent().in_group("Products"))
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}
