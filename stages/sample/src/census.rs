//! The first pass: who there is, how many reviews each has, and how the numbers are spread.
//!
//! Memory: about 30 bytes a user and product, and a few megabytes; rows are not kept.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use reports::bins::month;

use crate::review::Review;

/// 1995-01-01 in days since 1970; `load` takes nothing older.
const FIRST_DAY: i64 = 9131;
/// Days from there to the end of 2099, after which `load` takes nothing.
pub(crate) const DAYS: usize = 38_351;
/// Lengths, votes and counts of reviews from here on are taken as this.
pub(crate) const MOST: usize = 65_535;

/// Users or products.
#[derive(Default)]
pub(crate) struct Keys {
    index: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
    /// Hash of each, in the order of their first review in the table.
    pub(crate) hashes: Vec<u64>,
    /// Reviews of each.
    pub(crate) rows: Vec<u32>,
    /// Year of the oldest review of each.
    pub(crate) first_year: Vec<i16>,
}

/// What the first pass found.
pub(crate) struct Census {
    pub(crate) users: Keys,
    pub(crate) items: Keys,
    pub(crate) rows: u64,
    /// Reviews by [`day`].
    pub(crate) days: Vec<u64>,
    /// Reviews by text length.
    pub(crate) lengths: Vec<u64>,
    /// Reviews by helpful votes.
    pub(crate) votes: Vec<u64>,
}

/// Keys that are hashes already.
#[derive(Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

impl Keys {
    /// Number of them.
    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The index of a hash that the first pass has seen.
    pub(crate) fn index(&self, hash: u64) -> Option<usize> {
        self.index.get(&hash).map(|index| *index as usize)
    }

    fn count(&mut self, hash: u64, year: i16) {
        let next = self.hashes.len() as u32;
        let index = *self.index.entry(hash).or_insert(next);
        if index == next {
            self.hashes.push(hash);
            self.rows.push(0);
            self.first_year.push(year);
        }
        let index = index as usize;
        self.rows[index] = self.rows[index].saturating_add(1);
        self.first_year[index] = self.first_year[index].min(year);
    }
}

impl Default for Census {
    fn default() -> Self {
        Self {
            users: Keys::default(),
            items: Keys::default(),
            rows: 0,
            days: vec![0; DAYS],
            lengths: vec![0; MOST + 1],
            votes: vec![0; MOST + 1],
        }
    }
}

impl Census {
    /// Counts reviews.
    pub(crate) fn add(&mut self, reviews: &[Review]) {
        for review in reviews {
            let year = year(review.time);
            self.users.count(review.user, year);
            self.items.count(review.item, year);
            self.count_values(review);
        }
        self.rows += reviews.len() as u64;
    }

    fn count_values(&mut self, review: &Review) {
        self.days[day(review.time)] += 1;
        self.lengths[clamped(review.length)] += 1;
        self.votes[clamped(review.votes)] += 1;
    }

    /// Counts a product of which only the number of reviews is known.
    pub(crate) fn add_product(&mut self, hash: u64, reviews: u64) {
        self.items.count(hash, i16::MAX);
        if let Some(index) = self.items.index(hash) {
            self.items.rows[index] = u32::try_from(reviews).unwrap_or(u32::MAX);
        }
        self.rows += reviews;
    }

    /// Counts reviews of a sample whose products are counted already.
    pub(crate) fn add_sampled(&mut self, reviews: &[Review]) {
        for review in reviews {
            self.users.count(review.user, year(review.time));
            self.count_values(review);
        }
    }

    /// Days with reviews, ascending.
    pub(crate) fn used_days(&self) -> impl Iterator<Item = usize> {
        (0..DAYS).filter(|day| self.days[*day] > 0)
    }
}

/// Days since 1995-01-01, 0 at least and below [`DAYS`].
pub(crate) fn day(time: i64) -> usize {
    ((time.div_euclid(86_400) - FIRST_DAY).max(0) as usize).min(DAYS - 1)
}

/// The calendar year of a time, UTC.
pub(crate) fn year(time: i64) -> i16 {
    month(time).div_euclid(12) as i16
}

/// The calendar year of a [`day`].
pub(crate) fn year_of_day(day: usize) -> i16 {
    year((i64::try_from(day).unwrap_or(0) + FIRST_DAY) * 86_400)
}

/// A count, at most [`MOST`].
pub(crate) fn clamped(count: u32) -> usize {
    (count as usize).min(MOST)
}

/// How many units have that many reviews; units without any are left out.
pub(crate) fn degrees(rows: &[u32]) -> Vec<u64> {
    let mut histogram = vec![0; MOST + 1];
    for rows in rows.iter().filter(|rows| **rows > 0) {
        histogram[clamped(*rows)] += 1;
    }
    histogram
}

/// Popularity decile (0 to 9) by number of reviews: units in the order of their reviews, most first,
/// a new decile after each tenth of all reviews. Units with equally many reviews share one.
pub(crate) fn deciles(rows: &[u32]) -> Vec<u8> {
    let units = degrees(rows);
    let all: u64 = rows.iter().map(|rows| clamped(*rows) as u64).sum();
    let mut decile = vec![0; MOST + 1];
    let mut before = 0;
    for (count, units) in units.iter().enumerate().rev() {
        decile[count] = (before * 10 / all.max(1)).min(9) as u8;
        before += units * count as u64;
    }
    decile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_years_of_known_times() {
        // date -u -d @788918400: 1995-01-01; date -u -d @1393372800: 2014-02-26, day 6996 since 1995.
        assert_eq!((day(788_918_400), day(0), day(1_393_372_800)), (0, 0, 6996));
        assert_eq!((year(788_918_400), year(788_918_399)), (1995, 1994));
        // 2099-12-31 is the last day that counts.
        assert_eq!(day(4_102_444_799), DAYS - 1);
    }

    #[test]
    fn deciles_hold_about_a_tenth_of_the_reviews_each() {
        // 50 + 30 + 10 + 10 x 1 = 100 reviews: the unit of 50 stands first (decile 0), that of 30 after 50 % (5),
        // that of 10 after 80 % (8), the ten single ones after 90 % (9).
        let rows: Vec<u32> = [50, 30, 10].into_iter().chain([1; 10]).collect();
        let deciles = deciles(&rows);
        assert_eq!([50, 30, 10, 1].map(|count: usize| deciles[count]), [0, 5, 8, 9]);
    }
}
