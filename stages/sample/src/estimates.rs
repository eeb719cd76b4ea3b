//! Part (b) of the proof: what the sample alone says about the population, and whether that is true.
//!
//! Horvitz and Thompson (1952): totals are sums of value / probability; means are ratios of two such
//! totals. Intervals are Student's with the jackknife's 63 degrees of freedom. The design effect is the
//! variance over that of equally many rows drawn one by one (Kish 1965). Where the number of units is
//! fixed, totals are that number times the mean a unit: the same estimate without the noise of a size.

use serde::{Deserialize, Serialize};

use crate::{
    Unit,
    jackknife::Replicates,
    layout::sum::{
        BUSY_UNITS, FIVE, KNOWN, LENGTH, ROWS, SQUARED_LENGTH, SQUARED_STARS, STARS, UNITS, VERIFIED, VOTED,
    },
    tally::{Known, Tally},
};

/// 97.5 % quantile of Student's t with 63 degrees of freedom.
const T: f64 = 1.998_340_542_520_741;

/// One figure of the population, estimated from the sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Such as `mean_rating`.
    pub name: String,
    /// What the sample says.
    pub estimate: f64,
    /// Standard error by the jackknife.
    pub standard_error: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// What it is in all reviews; none where only the sample was read.
    pub truth: Option<f64>,
    /// Whether the interval holds the truth.
    pub inside: Option<bool>,
    /// Variance relative to that of equally many rows drawn one by one; none for totals and counts of units.
    pub design_effect: Option<f64>,
}

/// A figure as a function of totals.
struct Figure {
    name: &'static str,
    above: usize,
    /// None for a total.
    below: Option<usize>,
    /// Sum of the squared values, for the variance of rows; none where the value is 0 or 1.
    squares: Option<usize>,
}

impl Figure {
    fn is_known(&self, known: Known) -> bool {
        let is_counted = |which: usize| [ROWS, UNITS, BUSY_UNITS].contains(&which);
        known == Known::All || (is_counted(self.above) && self.below.is_none_or(is_counted))
    }
}

const fn total(name: &'static str, above: usize) -> Figure {
    Figure { name, above, below: None, squares: None }
}

const fn share(name: &'static str, above: usize, below: usize) -> Figure {
    Figure { name, above, below: Some(below), squares: None }
}

const ROW_FIGURES: [Figure; 7] = [
    total("reviews", ROWS),
    total("five_star_reviews", FIVE),
    Figure { name: "mean_rating", above: STARS, below: Some(ROWS), squares: Some(SQUARED_STARS) },
    share("share_of_five_stars", FIVE, ROWS),
    share("share_of_verified", VERIFIED, KNOWN),
    share("share_found_helpful", VOTED, ROWS),
    Figure { name: "mean_text_length", above: LENGTH, below: Some(ROWS), squares: Some(SQUARED_LENGTH) },
];

const USER_FIGURES: [Figure; 3] = [
    total("users", UNITS),
    total("users_of_five_reviews_or_more", BUSY_UNITS),
    Figure { name: "reviews_a_user", above: ROWS, below: Some(UNITS), squares: None },
];

const ITEM_FIGURES: [Figure; 3] = [
    total("products", UNITS),
    total("products_of_five_reviews_or_more", BUSY_UNITS),
    Figure { name: "reviews_a_product", above: ROWS, below: Some(UNITS), squares: None },
];

/// The figures of the population that the sample can tell. `fixed` is the number of units of the
/// population where the size of the sample was fixed.
pub(crate) fn estimates(tally: &Tally<'_>, fixed: Option<u64>) -> Vec<Estimate> {
    let layout = tally.layout;
    let of_units: &[Figure] = match tally.unit {
        Unit::User => &USER_FIGURES,
        Unit::Asin => &ITEM_FIGURES,
        Unit::Row | Unit::UserItem => &[],
    };
    let unit = layout.sum(if tally.unit == Unit::Row { ROWS } else { UNITS });
    let is_told = |figure: &&Figure| {
        let is_fixed = fixed.is_some() && figure.below.is_none() && layout.sum(figure.above) == unit;
        let is_empty = figure.below.is_some_and(|below| tally.estimate[layout.sum(below)] <= 0.0);
        !is_fixed && !is_empty
    };
    let figures: Vec<&Figure> = ROW_FIGURES.iter().chain(of_units).filter(is_told).collect();
    let evaluate = |totals: &[f64], fixed: Option<u64>| -> Vec<f64> {
        let of = |figure: &&Figure| {
            let above = totals[layout.sum(figure.above)];
            match (figure.below, fixed) {
                (Some(below), _) => above / totals[layout.sum(below)],
                (None, Some(units)) => above / totals[unit] * units as f64,
                (None, None) => above,
            }
        };
        figures.iter().map(of).collect()
    };
    let replicates = Replicates::new(tally, |totals| evaluate(totals, fixed));
    let truths = evaluate(&tally.population, None);
    let mut estimates = Vec::new();
    for (place, figure) in figures.iter().enumerate() {
        let (estimate, variance) = (replicates.values[place], replicates.variance(place));
        let standard_error = variance.sqrt();
        // A little room for rounding where nothing varies.
        let half = T * standard_error + estimate.abs() * 1e-12;
        let (low, high) = (estimate - half, estimate + half);
        let truth = figure.is_known(tally.known).then(|| truths[place]);
        let inside = truth.map(|truth| low <= truth && truth <= high);
        let design_effect = row_variance(tally, figure).filter(|rows| *rows > 0.0).map(|rows| variance / rows);
        let name = figure.name.to_owned();
        estimates.push(Estimate { name, estimate, standard_error, low, high, truth, inside, design_effect });
    }
    estimates
}

/// Variance of a mean of equally many rows drawn one by one without replacement.
fn row_variance(tally: &Tally<'_>, figure: &Figure) -> Option<f64> {
    let at = |which: usize| tally.estimate[tally.layout.sum(which)];
    if figure.below? == UNITS {
        return None;
    }
    let rows = at(figure.below?);
    let mean = at(figure.above) / rows;
    let squares = at(figure.squares.unwrap_or(figure.above)) / rows;
    let drawn = tally.rows as f64;
    let rest = 1.0 - drawn / tally.census.rows.max(1) as f64;
    Some((squares - mean * mean) / drawn.max(1.0) * rest)
}
