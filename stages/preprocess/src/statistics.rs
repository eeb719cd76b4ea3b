//! The figures that tell what became of the reviews at every step.

use recommender::Interactions;
use serde::Serialize;

use crate::{
    features::{Features, Scaler},
    k_core::Round,
    params::Params,
    split::Cuts,
};

/// Users, items and interactions at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Users.
    pub users: usize,
    /// Items.
    pub items: usize,
    /// Interactions.
    pub interactions: usize,
}

/// What the filters left.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filtering {
    /// Reviews that came in.
    pub rows: usize,
    /// After the reviews of the same user and item became one.
    pub merged: Size,
    /// Interactions below `min_rating`.
    pub below_min_rating: usize,
    /// What each round of the k-core filter removed.
    pub core_rounds: Vec<Round>,
    /// What is left.
    pub core: Size,
    /// Share of all pairs of a user and an item that interacted, 0 to 1.
    pub density: f64,
}

/// One part of the split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartSize {
    /// Interactions.
    pub interactions: usize,
    /// Users with one at least.
    pub users: usize,
    /// Items with one at least.
    pub items: usize,
    /// Oldest, Unix seconds; none for an empty part.
    pub first_time: Option<u32>,
    /// Newest, Unix seconds; none for an empty part.
    pub last_time: Option<u32>,
    /// Interactions with an item that train does not have: no model that learns from interactions
    /// alone can recommend it.
    pub of_cold_items: usize,
    /// Interactions of a user whom train does not have.
    pub of_cold_users: usize,
}

/// The parts of the split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SplitSizes {
    /// Moments of a temporal split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cuts: Option<Cuts>,
    /// Users of the index without an interaction in train.
    pub cold_users: usize,
    /// Items of the index without an interaction in train.
    pub cold_items: usize,
    /// What models learn from.
    pub train: PartSize,
    /// What parameters are chosen by.
    pub validation: PartSize,
    /// What quality is measured by.
    pub test: PartSize,
}

/// The whole artifact.
#[derive(Clone, Debug, Serialize)]
pub struct Statistics<'a> {
    /// Parameters, defaults filled in.
    pub parameters: &'a Params,
    /// What the filters left.
    pub filtering: Filtering,
    /// The parts of the split.
    pub split: SplitSizes,
    /// Names of the item features, in order.
    pub features: &'a [String],
    /// How the numeric ones were scaled.
    pub scalers: &'a [Scaler],
    /// Prices from which the second, third, ... price band starts.
    pub price_band_edges: &'a [f64],
}

impl SplitSizes {
    /// Measures the three parts.
    pub fn new(cuts: Option<Cuts>, train: &Interactions, validation: &Interactions, test: &Interactions) -> Self {
        let has_user: Vec<bool> = train.histories().map(|history| !history.is_empty()).collect();
        let has_item: Vec<bool> = train.item_counts().into_iter().map(|count| count > 0).collect();
        let size = |part: &Interactions| PartSize::new(part, &has_user, &has_item);
        Self {
            cuts,
            cold_users: has_user.iter().filter(|has| !**has).count(),
            cold_items: has_item.iter().filter(|has| !**has).count(),
            train: size(train),
            validation: size(validation),
            test: size(test),
        }
    }
}

impl PartSize {
    fn new(part: &Interactions, has_user: &[bool], has_item: &[bool]) -> Self {
        let entries = || part.histories().flatten();
        Self {
            interactions: part.len(),
            users: part.histories().filter(|history| !history.is_empty()).count(),
            items: part.item_counts().into_iter().filter(|count| *count > 0).count(),
            first_time: entries().map(|entry| entry.time).min(),
            last_time: entries().map(|entry| entry.time).max(),
            of_cold_items: entries().filter(|entry| !has_item[entry.item as usize]).count(),
            of_cold_users: part
                .histories()
                .zip(has_user)
                .filter(|(_, has)| !**has)
                .map(|(history, _)| history.len())
                .sum(),
        }
    }
}

impl<'a> Statistics<'a> {
    /// Everything in one.
    pub fn new(parameters: &'a Params, filtering: Filtering, split: SplitSizes, features: &'a Features) -> Self {
        Self {
            parameters,
            filtering,
            split,
            features: &features.names,
            scalers: &features.scalers,
            price_band_edges: &features.price_band_edges,
        }
    }
}
