//! What is compared: the variables of a review and of a unit, and their bins.
//!
//! All bins of all variables stand one after another in a flat row of numbers, followed by a few sums;
//! every statistic of the proof is a function of such rows. Ordered variables have up to 128 cells with
//! about equally many reviews of the population each; their exact distances are taken elsewhere.

use std::ops::Range;

use crate::{
    Unit,
    census::{Census, clamped, day, deciles, degrees, year, year_of_day},
    review::Review,
};

/// Cells of an ordered variable, at most about this many.
const CELLS: u64 = 128;

/// Sums that follow the bins.
pub(crate) const SUMS: usize = 11;
/// Places of the sums behind the bins.
pub(crate) mod sum {
    /// Reviews.
    pub(crate) const ROWS: usize = 0;
    /// Stars.
    pub(crate) const STARS: usize = 1;
    /// Squared stars.
    pub(crate) const SQUARED_STARS: usize = 2;
    /// Reviews with five stars.
    pub(crate) const FIVE: usize = 3;
    /// Reviews known to be of a purchase.
    pub(crate) const VERIFIED: usize = 4;
    /// Reviews of which it is known whether they are.
    pub(crate) const KNOWN: usize = 5;
    /// Characters of text.
    pub(crate) const LENGTH: usize = 6;
    /// Squared characters.
    pub(crate) const SQUARED_LENGTH: usize = 7;
    /// Reviews that someone found helpful.
    pub(crate) const VOTED: usize = 8;
    /// Users or products, where they are the units.
    pub(crate) const UNITS: usize = 9;
    /// Units with five reviews or more.
    pub(crate) const BUSY_UNITS: usize = 10;
}

/// Variables of a review, in the order of [`Layout::variables`]; that of a unit follows.
pub(crate) const ROW_VARIABLES: usize = 8;

/// A variable and its bins.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// Such as `text_length`.
    pub(crate) name: &'static str,
    /// Its bins in the flat row.
    pub(crate) bins: Range<usize>,
    pub(crate) scale: Scale,
}

/// What the bins of a variable are.
#[derive(Clone, Debug)]
pub(crate) enum Scale {
    /// Names.
    Nominal(Vec<String>),
    /// Mean values of cells, ascending.
    Ordered(Vec<f64>),
}

/// Category of each product by its index; `names[category]`.
#[derive(Default)]
pub(crate) struct Categories {
    pub(crate) of: Vec<u8>,
    pub(crate) names: Vec<String>,
}

/// All variables.
pub(crate) struct Layout {
    pub(crate) variables: Vec<Variable>,
    first_year: i16,
    years: usize,
    categories: Categories,
    /// Decile of a product by its reviews.
    decile: Vec<u8>,
    /// Cell by value.
    day_cells: Vec<u8>,
    length_cells: Vec<u8>,
    vote_cells: Vec<u8>,
    degree_cells: Vec<u8>,
    /// Length of a flat row.
    pub(crate) width: usize,
}

impl Layout {
    pub(crate) fn new(census: &Census, categories: Categories, unit: Unit) -> Self {
        let years: Vec<i16> = census.used_days().map(year_of_day).collect();
        let first_year = years.first().copied().unwrap_or(1970);
        let year_count = years.last().map_or(1, |last| (last - first_year) as usize + 1);
        let (day_cells, days) = cells(&census.days);
        let (length_cells, lengths) = cells(&census.lengths);
        let (vote_cells, votes) = cells(&census.votes);
        let mut layout = Self {
            variables: Vec::new(),
            first_year,
            years: year_count,
            categories,
            decile: deciles(&census.items.rows),
            day_cells,
            length_cells,
            vote_cells,
            degree_cells: Vec::new(),
            width: 0,
        };
        let text = |values: &[&str]| Scale::Nominal(values.iter().map(|value| (*value).to_owned()).collect());
        layout.push("rating", text(&["1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5"]));
        layout.push("verified", text(&["no", "yes", "unknown"]));
        let names = (first_year..).take(year_count).map(|year| year.to_string()).collect();
        layout.push("year", Scale::Nominal(names));
        layout.push("category", Scale::Nominal(layout.categories.names.clone()));
        layout.push("popularity_decile", Scale::Nominal((1..=10).map(|decile: u8| decile.to_string()).collect()));
        layout.push("time", Scale::Ordered(days));
        layout.push("text_length", Scale::Ordered(lengths));
        layout.push("helpful_votes", Scale::Ordered(votes));
        let degree = match unit {
            Unit::User => Some(("reviews_a_user", &census.users.rows)),
            Unit::Asin => Some(("reviews_a_product", &census.items.rows)),
            Unit::Row | Unit::UserItem => None,
        };
        if let Some((name, rows)) = degree {
            let (of, values) = cells(&degrees(rows));
            layout.degree_cells = of;
            layout.push(name, Scale::Ordered(values));
        }
        layout.width += SUMS;
        layout
    }

    fn push(&mut self, name: &'static str, scale: Scale) {
        let length = match &scale {
            Scale::Nominal(names) => names.len(),
            Scale::Ordered(values) => values.len(),
        };
        self.variables.push(Variable { name, bins: self.width..self.width + length, scale });
        self.width += length;
    }

    /// Place of a sum in the flat row.
    pub(crate) fn sum(&self, which: usize) -> usize {
        self.width - SUMS + which
    }

    /// The bins of a review, one a variable; none where the review has no value.
    pub(crate) fn places(&self, review: &Review, item: usize, item_rows: u32) -> [Option<usize>; ROW_VARIABLES] {
        let half_stars = (f64::from(review.rating) * 2.0).round() as i64;
        let year = ((year(review.time) - self.first_year).max(0) as usize).min(self.years - 1);
        let values = [
            Some((half_stars - 2).clamp(0, 8) as usize),
            Some(review.verified.map_or(2, usize::from)),
            Some(year),
            self.categories.of.get(item).map(|category| usize::from(*category)),
            Some(usize::from(self.decile[clamped(item_rows)])),
            Some(usize::from(self.day_cells[day(review.time)])),
            Some(usize::from(self.length_cells[clamped(review.length)])),
            Some(usize::from(self.vote_cells[clamped(review.votes)])),
        ];
        let mut places = [None; ROW_VARIABLES];
        for ((place, value), variable) in places.iter_mut().zip(values).zip(&self.variables) {
            *place = value.map(|value| variable.bins.start + value);
        }
        places
    }

    /// The bin of a unit with that many reviews.
    pub(crate) fn degree_place(&self, reviews: u32) -> usize {
        self.variables[ROW_VARIABLES].bins.start + usize::from(self.degree_cells[clamped(reviews)])
    }

    /// What a review adds to the sums from [`sum::ROWS`] to [`sum::VOTED`].
    pub(crate) fn sums(review: &Review) -> [f64; 9] {
        let (stars, length) = (f64::from(review.rating), clamped(review.length) as f64);
        let flag = |flag: bool| f64::from(u8::from(flag));
        [
            1.0,
            stars,
            stars * stars,
            flag(review.rating >= 5.0),
            flag(review.verified == Some(true)),
            flag(review.verified.is_some()),
            length,
            length * length,
            flag(review.votes > 0),
        ]
    }
}

/// Cells of values 0, 1, 2, ... with these counts: the cell of each value, and the mean of each cell.
fn cells(counts: &[u64]) -> (Vec<u8>, Vec<f64>) {
    let all: u64 = counts.iter().sum();
    let most = all.div_ceil(CELLS).max(1);
    let mut of = vec![0; counts.len()];
    let (mut means, mut held, mut weighted) = (Vec::new(), 0, 0.0);
    for (value, count) in counts.iter().enumerate() {
        if held > 0 && held + count > most {
            means.push(weighted / held as f64);
            (held, weighted) = (0, 0.0);
        }
        of[value] = means.len().min(u8::MAX as usize) as u8;
        held += count;
        weighted += value as f64 * *count as f64;
    }
    if held > 0 {
        means.push(weighted / held as f64);
    }
    let last = means.len().saturating_sub(1) as u8;
    for cell in &mut of {
        *cell = (*cell).min(last);
    }
    (of, means)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_by_hand() {
        // 256 in all, so at most 2 a cell: [0: 1, 1: 1], [2: 250], [3: 1, 5: 1], [6: 2].
        let (of, means) = cells(&[1, 1, 250, 1, 0, 1, 2]);
        assert_eq!(of, [0, 0, 1, 2, 2, 2, 3]);
        assert_eq!(means, [0.5, 2.0, 4.0, 6.0]);
    }

    proptest! {
        #[test]
        fn cells_are_in_order_and_few(counts in proptest::collection::vec(0_u64..50, 1..600)) {
            let (of, means) = cells(&counts);
            prop_assert!(of.is_sorted() && means.is_sorted());
            prop_assert!(means.len() <= 2 * CELLS as usize);
            prop_assert!(of.iter().all(|cell| usize::from(*cell) < means.len().max(1)));
        }
    }
}
