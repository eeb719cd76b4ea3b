//! Users who look like machines or paid writers. Signs, not proofs: a keen buyer may show one of them.

mod show;
mod signs;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{Params, alert::Alert, data::Data};

/// Users with signs of a machine or a paid writer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Suspicious {
    /// What counts as a sign.
    pub thresholds: Thresholds,
    /// Users with enough reviews to be looked at.
    pub users: u64,
    /// Reviews of these.
    pub reviews: u64,
    /// Reviews of all users.
    pub all_reviews: u64,
    /// Users with many reviews within a day.
    pub burst: Flagged,
    /// Users who always give the same rating, beyond chance.
    pub constant: Flagged,
    /// Users with the same text on several items; none without texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_text: Option<Flagged>,
    /// Users with two signs or more.
    pub several: Flagged,
    /// Reviews written in bursts, whoever wrote them.
    pub reviews_in_bursts: u64,
    /// Users looked at by the most reviews that they have within a day, in doubling bins.
    pub busiest_day: Vec<BusyBin>,
    /// Users with most signs; of equally many the one with most reviews first.
    pub top: Vec<SuspiciousUser>,
}

/// What counts as a sign.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Thresholds {
    /// Fewest reviews of a user who is looked at.
    pub reviews: u32,
    /// Burst: at least so many reviews within 24 hours ...
    pub burst_reviews: u32,
    /// ... which are at least this share of all reviews of the user.
    pub burst_share: f64,
    /// Constant: at least so many reviews, all with the same rating ...
    pub constant_reviews: u32,
    /// ... where so many equal ratings in a row have less than this chance, as often as all users give that rating.
    pub constant_chance: f64,
    /// Same text: the same words on at least so many items.
    pub same_text_items: u32,
    /// Fewest words of such a text.
    pub same_text_words: u32,
}

/// Users with a sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flagged {
    /// Users.
    pub users: u64,
    /// Their reviews.
    pub reviews: u64,
}

/// Users with so many reviews on their busiest day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BusyBin {
    /// Reviews within 24 hours, such as `3–4`.
    pub reviews: String,
    /// Users.
    pub users: u64,
}

/// A user with signs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuspiciousUser {
    /// The user.
    pub user: String,
    /// Signs, 1 to 3.
    pub signs: u32,
    /// Reviews.
    pub reviews: u64,
    /// Most reviews within 24 hours.
    pub most_in_a_day: u64,
    /// Whether that counts as a burst.
    pub is_burst: bool,
    /// The rating that the user always gives, where that counts as a sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always: Option<f32>,
    /// Mean rating.
    pub mean_rating: f64,
    /// Items with the text that the user repeats most; 0 if none is repeated, or texts are not connected.
    pub same_text_items: u64,
    /// Whether that counts as a sign.
    pub is_same_text: bool,
}

impl Chapter for Suspicious {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        Ok(Some(signs::measure(data, params.top)))
    }

    fn sections(&self) -> Vec<Section> {
        vec![show::section(self).in_group("Reviews")]
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}
