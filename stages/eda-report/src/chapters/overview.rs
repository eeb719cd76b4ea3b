//! Sizes and times: what the whole is like before any of its parts is looked at.

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    data::Data,
    words::{counted, number, percent, section, small_percent},
};

/// Sizes and times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    pub repeated_pairs: u64,
    /// Earliest time, Unix seconds.
    pub first: i64,
    /// Latest time, Unix seconds.
    pub last: i64,
    /// Mean of the ratings.
    pub mean_rating: f64,
    /// Standard deviation of the ratings (of a sample: the sum of squares is divided by n − 1).
    pub rating_deviation: f64,
    /// Rows marked as verified purchases.
    pub verified: u64,
}

impl Chapter for Overview {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        let reviews = &data.reviews;
        let rows = reviews.len();
        let mean = data.users.stars.iter().sum::<f64>() / rows as f64;
        let squares: f64 = reviews.rating.iter().map(|rating| (f64::from(*rating) - mean).powi(2)).sum();
        let repeated = repeated_pairs(data);
        let (first, last) = reviews.times();
        let (users, items) = (data.users.len() as u64, data.items.len() as u64);
        Ok(Some(Self {
            reviews: rows as u64,
            users,
            items,
            density: (rows as u64 - repeated) as f64 / (users as f64 * items as f64),
            repeated_pairs: repeated,
            first,
            last,
            mean_rating: mean,
            rating_deviation: if rows > 1 { (squares / (rows - 1) as f64).sqrt() } else { 0.0 },
            verified: (0..rows).filter(|row| reviews.verified(*row) == Some(true)).count() as u64,
        }))
    }

    fn sections(&self) -> Vec<Section> {
        let readings = vec![
            format!(
                "{} reviews fill {} of all possible pairs of user and product: the rest is what a recommender has to \
                 guess.{}",
                number(self.reviews),
                small_percent(self.density),
                match self.verified as f64 / self.reviews.max(1) as f64 {
                    0.0 => String::new(),
                    share => format!(" {} of them are marked as verified purchases.", percent(share, 1)),
                }
            ),
            if self.repeated_pairs == 0 {
                "No user reviewed a product twice.".to_owned()
            } else {
                format!(
                    "{} a user and product that another review already has.",
                    counted(self.repeated_pairs, "review repeats", "reviews repeat")
                )
            },
        ];
        vec![section("overview", "Overview", readings, Vec::new()).in_group("Data")]
    }
}

/// Rows whose user and item an earlier row has.
fn repeated_pairs(data: &Data) -> u64 {
    // Rows of an item are sorted by user.
    let (users, items) = (&data.reviews.user, &data.reviews.item);
    let pairs = users.iter().zip(items);
    pairs.clone().zip(pairs.skip(1)).filter(|(earlier, later)| earlier == later).count() as u64
}
