//! Item features: numbers that describe each item, from training interactions and metadata only.
//!
//! Every statistic (median, mean, deviation, price band, commonest brand) is taken over the items
//! that train has, never over those of validation or test alone. A missing value becomes the median
//! of the known ones, and an indicator says so. Columns:
//!
//! | name | value |
//! |---|---|
//! | `popularity` | ln(1 + training interactions) |
//! | `recency` | ln(1 + days between the item's newest training interaction and the newest of all) |
//! | `rating_mean`, `review_length` | mean training rating; ln(1 + mean characters of training reviews with text) |
//! | `cold`, `review_length_missing` | 1 for items without training interactions; without review text |
//! | `title_length`, `description_length`, `category_depth` | ln(1 + characters); number of categories |
//! | `price`, `brand_frequency` | ln(1 + price); ln(1 + training items of the brand) |
//! | `..._missing` | 1 where that value is not known |
//! | `price_band=N` | 1 for the band that the price lies in |
//! | `brand=NAME`, `category=NAME` | 1 for items of it |
//!
//! The first kind is standardised to mean 0 and deviation 1, the rest is 0 or 1.

mod metadata;
mod numeric;
mod one_hot;
mod table;
mod training;

pub use metadata::{Metadata, titled};
pub use numeric::Scaler;
pub use table::write;
pub use training::Training;

use crate::params::Params;

/// Feature columns of all items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// Names, in order.
    pub names: Vec<String>,
    /// One column a name, one value an item.
    pub columns: Vec<Vec<f32>>,
    /// How the numeric ones were scaled.
    pub scalers: Vec<Scaler>,
    /// Prices from which the second, third, ... price band starts.
    pub price_band_edges: Vec<f64>,
}

impl Features {
    /// Features of the items that `training` and, where there is any, `metadata` describe.
    pub fn new(training: &Training, metadata: Option<&Metadata>, params: &Params) -> Self {
        let mut features = Self::default();
        for numeric in training.numerics() {
            features.add_numeric(&numeric, &training.has_item);
        }
        if let Some(metadata) = metadata {
            features.add_metadata(metadata, &training.has_item, params);
        }
        features
    }

    fn add_metadata(&mut self, metadata: &Metadata, has_item: &[bool], params: &Params) {
        for numeric in metadata.numerics(has_item) {
            self.add_numeric(&numeric, has_item);
        }
        self.price_band_edges = one_hot::band_edges(&metadata.price, has_item, params.price_bands as usize);
        for (name, column) in one_hot::bands(&metadata.price, &self.price_band_edges) {
            self.add(format!("price_band={name}"), column);
        }
        for (name, column) in one_hot::commonest(&metadata.brand, has_item, params.max_brands as usize) {
            self.add(format!("brand={name}"), column);
        }
        for (name, column) in one_hot::commonest(&metadata.categories, has_item, params.max_categories as usize) {
            self.add(format!("category={name}"), column);
        }
    }

    fn add_numeric(&mut self, numeric: &numeric::Numeric, has_item: &[bool]) {
        let (scaler, column) = numeric.standardised(has_item);
        self.scalers.push(scaler);
        self.add(numeric.name.to_owned(), column);
        if let Some(name) = numeric.indicator {
            self.add(name.to_owned(), numeric.missing());
        }
    }

    fn add(&mut self, name: String, column: Vec<f32>) {
        self.names.push(name);
        self.columns.push(column);
    }
}
