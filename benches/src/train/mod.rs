//! What training costs: on made reviews, on real splits beside peers, and in memory at a tenth of the
//! largest data.

mod beside;
mod made;
mod real;
mod scale;

use crate::{figures::Figures, splits::Splits};

/// Trains on that many made reviews and on the published splits.
pub fn measure(reviews: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let splits = Splits::find()?;
    made::measure(reviews, figures)?;
    real::measure(&splits, figures)?;
    scale::measure(figures)
}
