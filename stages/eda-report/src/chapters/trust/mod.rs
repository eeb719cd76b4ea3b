//! What the shop and its readers say of a review: verified purchase, helpful votes, and how they go with the rating,
//! the length and the age of a review.

mod measure;
mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{Params, alert::Alert, data::Data};

/// Verified purchases, helpful votes, length and age, against the rating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// Verified against other reviews; none where no review tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Purchases>,
    /// Helpful votes; none where no review tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes: Option<Votes>,
    /// Rating by length of the text, in doubling bins; empty where no review has a text.
    pub rating_by_length: Vec<RatingGroup>,
    /// Rating by age: whole years before the last review of all.
    pub rating_by_age: Vec<RatingGroup>,
}

/// Ratings of verified reviews against those of the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Purchases {
    /// Reviews of verified purchases.
    pub verified: RatingGroup,
    /// Reviews that are not.
    pub unverified: RatingGroup,
    /// Reviews that do not tell.
    pub untold: u64,
    /// Mean of the verified minus mean of the others; none where a side has no reviews.
    pub difference: Option<f64>,
    /// Its 95 % interval by Welch's t; none where a side has fewer than two reviews, or neither varies.
    pub interval: Option<[f64; 2]>,
    /// Degrees of freedom of the interval (Welch and Satterthwaite).
    pub degrees_of_freedom: Option<f64>,
    /// The difference in standard deviations of both sides together (Cohen's d).
    pub effect_size: Option<f64>,
    /// Reviews by stars, rounded to 1, 2, ... 5: of the verified.
    pub stars_verified: [u64; 5],
    /// Likewise of the others.
    pub stars_unverified: [u64; 5],
}

/// Ratings of some reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RatingGroup {
    /// What they have in common, such as `513–1,024`.
    pub group: String,
    /// Reviews.
    pub reviews: u64,
    /// Mean rating; none without reviews.
    pub mean: Option<f64>,
    /// Its 95 % interval (Student); none for fewer than two reviews.
    pub interval: Option<[f64; 2]>,
    /// Standard deviation of the ratings, of a sample.
    pub deviation: Option<f64>,
}

/// Helpful votes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Votes {
    /// Reviews whose row tells a number of votes, also zero.
    pub told: u64,
    /// Reviews with one vote or more.
    pub voted: u64,
    /// Mean of the told ones.
    pub mean: f64,
    /// Most votes of a review.
    pub largest: u32,
    /// By stars, rounded.
    pub by_rating: Vec<VoteGroup>,
    /// By characters of the text, in doubling bins.
    pub by_length: Vec<VoteGroup>,
    /// By age: whole years before the last review of all.
    pub by_age: Vec<VoteGroup>,
}

/// Helpful votes of some reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VoteGroup {
    /// What they have in common, such as `4` stars.
    pub group: String,
    /// Reviews, also those that do not tell their votes.
    pub reviews: u64,
    /// Reviews with one vote or more.
    pub voted: u64,
    /// Wilson's 95 % interval of the share of these.
    pub voted_interval: [f64; 2],
    /// Mean votes of those that tell; none if none does.
    pub mean: Option<f64>,
    /// Mean of ln(1 + votes) of those that tell: a few very popular reviews weigh less in it.
    pub mean_log: Option<f64>,
    /// Its 95 % interval (Student).
    pub mean_log_interval: Option<[f64; 2]>,
}

impl Chapter for Trust {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        Ok(Some(measure::measure(&data.reviews)))
    }

    fn sections(&self) -> Vec<Section> {
        show::sections(self).into_iter().map(|section| section.in_group("Reviews")).collect()
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}
