//! Which rows are in the sample, and with what probability each was.
//!
//! A unit is kept when its hash is below the cut of its stratum, so the choice needs no memory of its
//! own, does not depend on the order of rows, and a smaller sample is a part of a larger one. A sample
//! of fixed size puts the cut behind the `size` smallest hashes (bottom-k).

use std::collections::BTreeMap;

use anyhow::ensure;
use serde::{Deserialize, Serialize};

use crate::{
    Params, StrataBy, Unit,
    census::{Census, Keys, clamped, deciles, year, year_of_day},
    hashing::cut,
    review::Review,
};

/// One stratum and how it was sampled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// Year or decile; `all` where there are no strata.
    pub name: String,
    /// Units in it.
    pub units: u64,
    /// Units kept.
    pub kept: u64,
    /// Probability of each unit to be kept.
    pub probability: f64,
    /// What a unit of the sample counts for in estimates: 1 / probability; 0 for an empty stratum.
    pub weight: f64,
    /// Units with a hash below this are kept: 16 hexadecimal digits, or 1 and 16 zeros for all.
    pub below: String,
}

/// What was decided about a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decision {
    pub(crate) keep: bool,
    /// Probability of the row to be kept.
    pub(crate) probability: f64,
    /// Whether its user and whether its product is kept, where both are units.
    pub(crate) sides: [bool; 2],
}

/// Decides about rows.
pub(crate) struct Selection {
    pub(crate) unit: Unit,
    pub(crate) strata: Vec<Stratum>,
    cuts: Vec<u128>,
    of: Strata,
    /// For both sides of `user_item`.
    side_cut: u128,
}

/// How the stratum of a unit is found.
enum Strata {
    One,
    /// Of each user or product, by its index.
    OfUnit(Vec<u16>),
    /// Of a row, by its year.
    OfYear(BTreeMap<i16, u16>),
    /// Of a row, by its product's index.
    OfItem(Vec<u16>),
}

impl Selection {
    /// Sets the cuts. `row_hashes` gives the hashes of all rows with their strata where rows are units
    /// and a size is asked for, which the census does not hold.
    pub(crate) fn new(
        params: &Params,
        census: &Census,
        rows: impl FnOnce(&mut dyn FnMut(&Review)) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let (names, of) = strata(params, census);
        let side_rate = if params.unit == Unit::UserItem { params.rate.sqrt() } else { 1.0 };
        let mut selection =
            Self { unit: params.unit, strata: Vec::new(), cuts: Vec::new(), of, side_cut: cut(side_rate) };
        let mut hashes: Vec<Vec<u64>> = vec![Vec::new(); names.len()];
        let mut units = vec![0_u64; names.len()];
        match keys(params.unit, census) {
            Some(keys) => {
                for (index, hash) in keys.hashes.iter().enumerate() {
                    let stratum = selection.stratum_of_unit(index);
                    units[stratum] += 1;
                    hashes[stratum].push(*hash);
                }
            }
            None if params.size.is_some() || params.strata.is_some() => {
                let most = params.size.unwrap_or_default();
                rows(&mut |review| {
                    let stratum = selection.stratum_of_row(review, census);
                    units[stratum] += 1;
                    push_smallest(&mut hashes[stratum], review.row, most);
                })?;
            }
            None => units[0] = census.rows,
        }
        let shares = shares(params, &names, &units)?;
        for ((name, units), (hashes, share)) in names.into_iter().zip(units).zip(hashes.iter_mut().zip(shares)) {
            let (cut, probability) = match share {
                Share::Rate(rate) => (cut(rate), rate),
                Share::Count(count) => {
                    ensure!(
                        count > 0 || units == 0,
                        "sample reviews: `size` leaves nothing for stratum `{name}`, so nothing could be said about it; \
                         raise `size`"
                    );
                    bottom_k(hashes, count, units)
                }
            };
            selection.cuts.push(cut);
            let below = format!("{cut:016x}");
            let weight = if probability > 0.0 { probability.recip() } else { 0.0 };
            selection.strata.push(Stratum { name, units, kept: 0, probability, weight, below });
        }
        Ok(selection)
    }

    /// Decides about a review that the census has seen.
    pub(crate) fn decide(&self, review: &Review, user: usize, item: usize) -> Decision {
        let stratum = match (&self.of, self.unit) {
            (Strata::One, _) => 0,
            (Strata::OfUnit(of), Unit::User) => usize::from(of[user]),
            (Strata::OfUnit(of) | Strata::OfItem(of), _) => usize::from(of[item]),
            (Strata::OfYear(of), _) => of.get(&year(review.time)).map_or(0, |stratum| usize::from(*stratum)),
        };
        let probability = self.strata[stratum].probability;
        let is_below = |hash: u64| u128::from(hash) < self.cuts[stratum];
        let keep = match self.unit {
            Unit::User => is_below(review.user),
            Unit::Asin => is_below(review.item),
            Unit::Row => is_below(review.row),
            Unit::UserItem => {
                let sides = [review.user, review.item].map(|hash| u128::from(hash) < self.side_cut);
                return Decision { keep: sides == [true, true], probability, sides };
            }
        };
        Decision { keep, probability, sides: [keep, keep] }
    }

    /// Whether a unit with this hash is kept, where there are no strata.
    pub(crate) fn is_kept(&self, hash: u64) -> bool {
        u128::from(hash) < self.cuts[0]
    }

    /// Probability of a user or product to be kept, by its index.
    pub(crate) fn probability(&self, unit: usize) -> f64 {
        self.strata[self.stratum_of_unit(unit)].probability
    }

    /// Counts the units that were kept, once all rows are decided.
    pub(crate) fn count_kept(&mut self, census: &Census) {
        let Some(keys) = keys(self.unit, census) else { return };
        for (index, hash) in keys.hashes.iter().enumerate() {
            let stratum = self.stratum_of_unit(index);
            self.strata[stratum].kept += u64::from(u128::from(*hash) < self.cuts[stratum]);
        }
    }

    /// Counts a kept row, where rows (or pairs) are the units.
    pub(crate) fn count_row(&mut self, review: &Review, item: usize) {
        if matches!(self.unit, Unit::Row | Unit::UserItem) {
            let stratum = match &self.of {
                Strata::OfItem(of) => usize::from(of[item]),
                Strata::OfYear(of) => of.get(&year(review.time)).map_or(0, |stratum| usize::from(*stratum)),
                _ => 0,
            };
            self.strata[stratum].kept += 1;
        }
    }

    fn stratum_of_unit(&self, index: usize) -> usize {
        match &self.of {
            Strata::OfUnit(of) => usize::from(of[index]),
            _ => 0,
        }
    }

    fn stratum_of_row(&self, review: &Review, census: &Census) -> usize {
        match &self.of {
            Strata::OfYear(of) => of.get(&year(review.time)).map_or(0, |stratum| usize::from(*stratum)),
            Strata::OfItem(of) => census.items.index(review.item).map_or(0, |item| usize::from(of[item])),
            _ => 0,
        }
    }
}

/// The units that the census has counted.
pub(crate) fn keys(unit: Unit, census: &Census) -> Option<&Keys> {
    match unit {
        Unit::User => Some(&census.users),
        Unit::Asin => Some(&census.items),
        Unit::Row | Unit::UserItem => None,
    }
}

/// How much of a stratum is kept.
enum Share {
    Rate(f64),
    Count(u64),
}

/// Names of the strata, and how the stratum of a unit is found.
fn strata(params: &Params, census: &Census) -> (Vec<String>, Strata) {
    let Some(strata) = &params.strata else { return (vec!["all".to_owned()], Strata::One) };
    match (strata.by, keys(params.unit, census)) {
        (StrataBy::Popularity, keys) => {
            let keys = keys.unwrap_or(&census.items);
            let deciles = deciles(&keys.rows);
            let of = keys.rows.iter().map(|rows| u16::from(deciles[clamped(*rows)])).collect();
            let of = if params.unit == Unit::Row { Strata::OfItem(of) } else { Strata::OfUnit(of) };
            ((1..=10).map(|decile: u16| decile.to_string()).collect(), of)
        }
        (StrataBy::Year, keys) => {
            let mut years: BTreeMap<i16, u16> = match keys {
                Some(keys) => keys.first_year.iter().map(|year| (*year, 0)).collect(),
                None => census.used_days().map(|day| (year_of_day(day), 0)).collect(),
            };
            for (number, stratum) in years.values_mut().enumerate() {
                *stratum = number as u16;
            }
            let names = years.keys().map(ToString::to_string).collect();
            let of = match keys {
                Some(keys) => Strata::OfUnit(keys.first_year.iter().map(|year| years[year]).collect()),
                None => Strata::OfYear(years),
            };
            (names, of)
        }
    }
}

/// How much of each stratum is kept.
fn shares(params: &Params, names: &[String], units: &[u64]) -> anyhow::Result<Vec<Share>> {
    if let Some(size) = params.size {
        return Ok(equal_parts(size, units).into_iter().map(Share::Count).collect());
    }
    let empty = BTreeMap::new();
    let rates = params.strata.as_ref().map_or(&empty, |strata| &strata.rates);
    for name in rates.keys() {
        ensure!(
            names.contains(name),
            "sample reviews: `strata.rates` names stratum `{name}`, which does not exist; there are {}",
            names.join(", ")
        );
    }
    Ok(names.iter().map(|name| Share::Rate(rates.get(name).copied().unwrap_or(params.rate))).collect())
}

/// `size` units in equal parts; what a small stratum cannot give, the larger ones do.
fn equal_parts(size: u64, units: &[u64]) -> Vec<u64> {
    let mut parts = vec![0; units.len()];
    let mut by_units: Vec<usize> = (0..units.len()).collect();
    by_units.sort_by_key(|stratum| (units[*stratum], *stratum));
    let mut left = size;
    for (place, stratum) in by_units.iter().enumerate() {
        parts[*stratum] = units[*stratum].min(left / (units.len() - place) as u64);
        left -= parts[*stratum];
    }
    parts
}

/// The cut behind the `count` smallest hashes, and the share of the units below it.
fn bottom_k(hashes: &mut [u64], count: u64, units: u64) -> (u128, f64) {
    let count = count.min(units);
    if count == 0 {
        return (0, 0.0);
    }
    let (_, last, _) = hashes.select_nth_unstable(count as usize - 1);
    let cut = if count == units { 1 << 64 } else { u128::from(*last) + 1 };
    (cut, count as f64 / units as f64)
}

/// Keeps about the `most` smallest hashes, at most twice as many.
fn push_smallest(hashes: &mut Vec<u64>, hash: u64, most: u64) {
    hashes.push(hash);
    let most = most as usize;
    if most > 0 && hashes.len() >= most.saturating_mul(2).max(1024) {
        hashes.select_nth_unstable(most - 1);
        hashes.truncate(most);
    } else if most == 0 {
        hashes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_strata_give_all_and_the_others_the_rest() {
        assert_eq!(equal_parts(30, &[100, 5, 100]), [12, 5, 13]);
        assert_eq!(equal_parts(30, &[3, 5]), [3, 5]);
        assert_eq!(equal_parts(1, &[3, 5]), [0, 1]);
    }

    #[test]
    fn the_cut_of_a_size_stands_behind_its_last_hash() {
        let mut hashes = [50, 10, 40, 20];
        assert_eq!(bottom_k(&mut hashes, 2, 4), (21, 0.5));
        assert_eq!(bottom_k(&mut hashes, 9, 4), (1 << 64, 1.0));
    }

    #[test]
    fn the_smallest_hashes_are_among_those_remembered() {
        let mut kept = Vec::new();
        for number in 0..10_000_u64 {
            push_smallest(&mut kept, crate::hashing::mix(number), 600);
        }
        assert!(kept.len() <= 1200);
        let mut all: Vec<u64> = (0..10_000).map(crate::hashing::mix).collect();
        all.sort_unstable();
        kept.sort_unstable();
        assert_eq!(kept[..600], all[..600]);
    }
}
