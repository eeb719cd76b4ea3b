//! Part (d) of the proof: the shape of the table, and what of it the design keeps.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    Unit,
    core_retention::{CoreSize, retention},
    tally::{Known, Tally},
};

/// Below this many reviews a user or product is a cold start: the usual bound of a 5-core.
const COLD: u32 = 5;

/// One figure of the shape, before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Structural {
    /// Such as `density`.
    pub name: String,
    /// Of all reviews; none where only the sample was read.
    pub population: Option<f64>,
    /// Of the sample.
    pub sample: f64,
    /// What a sample by this unit does to it.
    pub design: Design,
}

/// What a way of sampling does to a figure of the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Design {
    /// It stays as it is, but for chance.
    Kept,
    /// It shrinks by the rate, and is estimated from the sample by weighting.
    Scaled,
    /// It becomes another one: do not read the population's off the sample.
    Changed,
}

/// The table of part (d). `edges` holds the pairs of users and products.
pub(crate) fn structure(tally: &Tally<'_>, edges: Option<&Path>) -> anyhow::Result<Vec<Structural>> {
    let census = tally.census;
    let users = [&census.users.rows, &tally.user_rows];
    let items = [&census.items.rows, &tally.item_rows];
    let rows = [census.rows, tally.rows].map(|rows| rows as f64);
    let count = |counts: &[u32]| counts.iter().filter(|rows| **rows > 0).count() as f64;
    let [user_count, item_count] = [users, items].map(|both| both.map(|counts| count(counts)));
    // Strata of different rates change what one rate keeps: this table is not weighted.
    let kept = |is_kept: bool| if is_kept && tally.thinned.is_some() { Design::Kept } else { Design::Changed };
    let (of_users, of_items) = (kept(tally.unit == Unit::User), kept(tally.unit == Unit::Asin));
    let scaled = |kept: bool| if kept { Design::Scaled } else { Design::Changed };
    let each = |of: &dyn Fn(usize) -> f64| [of(0), of(1)];
    let ratio = |above: f64, below: f64| if below > 0.0 { above / below } else { 0.0 };
    let density = kept(tally.unit == Unit::UserItem);
    let mut table = Vec::new();
    let mut push = |name: &str, [population, sample]: [f64; 2], design| {
        let population =
            Some(population).filter(|_| tally.known == Known::All || !name.contains("user") && name != "density");
        table.push(Structural { name: name.to_owned(), population, sample, design });
    };
    push("reviews", rows, Design::Scaled);
    push("users", user_count, scaled(tally.unit == Unit::User));
    push("products", item_count, scaled(tally.unit == Unit::Asin));
    push("reviews_a_user", each(&|side| ratio(rows[side], user_count[side])), of_users);
    push("reviews_a_product", each(&|side| ratio(rows[side], item_count[side])), of_items);
    push("density", each(&|side| ratio(rows[side], user_count[side] * item_count[side])), density);
    push("gini_of_users", users.map(|counts| gini(counts)), of_users);
    push("gini_of_products", items.map(|counts| gini(counts)), of_items);
    push("share_of_cold_users", users.map(|counts| cold(counts)), of_users);
    push("share_of_cold_products", items.map(|counts| cold(counts)), of_items);
    if let Some(edges) = edges {
        let [all, kept] = [retention(edges, false)?, retention(edges, true)?];
        let share = |core: &CoreSize, whole: &CoreSize| ratio(core.pairs as f64, whole.pairs as f64);
        for (before, after) in all.iter().zip(&kept) {
            let name = format!("share_in_{}_core", before.k);
            push(&name, [share(before, &all[0]), share(after, &kept[0])], Design::Changed);
        }
    }
    Ok(table)
}

/// Gini coefficient of the counts above zero: 0 where all are equal, near 1 where few have nearly all.
fn gini(counts: &[u32]) -> f64 {
    let mut sorted: Vec<u32> = counts.iter().copied().filter(|count| *count > 0).collect();
    sorted.sort_unstable();
    let (units, all) = (sorted.len() as f64, sorted.iter().map(|count| f64::from(*count)).sum::<f64>());
    let ranked: f64 = sorted.iter().enumerate().map(|(place, count)| (place + 1) as f64 * f64::from(*count)).sum();
    if all > 0.0 { 2.0 * ranked / (units * all) - (units + 1.0) / units } else { 0.0 }
}

/// Share of those with a review that have fewer than five.
fn cold(counts: &[u32]) -> f64 {
    let seen = counts.iter().filter(|count| **count > 0).count();
    let cold = counts.iter().filter(|count| **count > 0 && **count < COLD).count();
    cold as f64 / seen.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gini_by_hand() {
        // Mean difference of 1, 1, 4: (0 + 3 + 3) x 2 / 9 = 4/3; over twice the mean of 2: 1/3.
        assert!((gini(&[4, 0, 1, 1]) - 1.0 / 3.0).abs() < 1e-12);
        assert!(gini(&[7, 7]).abs() < 1e-12 && gini(&[]).abs() < 1e-12);
    }

    #[test]
    fn cold_starts_are_those_with_fewer_than_five() {
        assert!((cold(&[0, 1, 4, 5, 6]) - 0.5).abs() < 1e-12);
    }
}
