//! Texts that were copied: the same words, or nearly the same, in several reviews.
//!
//! Texts are compared by hashes; no text is held. Copies of copies are one cluster, so the ends of a long chain of near
//! copies may differ more than its neighbours do.

mod clusters;
mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{Params, alert::Alert, data::Data};

/// Texts that several reviews have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Copies {
    /// Fewest words of a text that is looked at: shorter ones are the same by chance.
    pub shortest: u32,
    /// Texts of at least so many words.
    pub texts: u64,
    /// The same words in the same order; case and punctuation may differ.
    pub exact: CopyTotals,
    /// About nine tenths of the sequences of three words are the same; exact copies are among them.
    pub near: CopyTotals,
    /// Clusters of exact copies by size.
    pub sizes: Vec<SizeBin>,
    /// Largest clusters of exact copies, the largest first.
    pub largest: Vec<Cluster>,
    /// Largest clusters of near copies that are not exact ones throughout, the largest first.
    pub largest_near: Vec<Cluster>,
}

/// All clusters of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyTotals {
    /// Clusters of at least two reviews.
    pub clusters: u64,
    /// Reviews in them.
    pub reviews: u64,
    /// Of these, such whose user has an earlier row in the same cluster: one person, several times.
    pub of_same_user: u64,
    /// Reviews in the largest.
    pub largest: u64,
}

/// Clusters of so many reviews.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SizeBin {
    /// Reviews in a cluster, such as `3–4`.
    pub reviews: String,
    /// Clusters.
    pub clusters: u64,
}

/// Reviews with the same text, or nearly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// Reviews.
    pub reviews: u64,
    /// Users who wrote them.
    pub users: u64,
    /// Items that they are about.
    pub items: u64,
    /// Mean rating.
    pub mean_rating: f64,
    /// Earliest time, Unix seconds.
    pub first: i64,
    /// Latest time, Unix seconds.
    pub last: i64,
    /// Words of the first text.
    pub words: u32,
    /// Beginnings of one or two of the texts; empty when redacted.
    pub examples: Vec<String>,
}

impl Chapter for Copies {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        data.texts.as_ref().map(|texts| clusters::measure(data, texts)).transpose()
    }

    fn sections(&self) -> Vec<Section> {
        vec![show::section(self).in_group("Reviews")]
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}
