//! Rows that differ, but tell the same: a user and an item twice, or a user's text on several items.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Params,
    data::{Data, Texts},
};

/// Texts of fewer words are the same by chance.
pub const SHORTEST: u32 = 5;

/// Kept rows that are nearly the same as another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NearDuplicates {
    /// Rows.
    pub rows: u64,
    /// Rows whose user and item an earlier row has.
    pub same_pair: u64,
    /// Of these, such with another rating than the row before of the same user and item.
    pub other_rating: u64,
    /// Rows whose user wrote the same words (five or more) for another item already; none without texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_user_text: Option<u64>,
    /// Users and items with most reviews, the most first.
    pub examples: Vec<NearPair>,
}

/// Reviews of one item by one user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NearPair {
    /// The user.
    pub user: String,
    /// The item.
    pub item: String,
    /// How many reviews.
    pub reviews: u64,
    /// Their ratings by time; the first ten.
    pub ratings: Vec<f32>,
    /// Their times, Unix seconds; the first ten.
    pub times: Vec<i64>,
}

impl NearDuplicates {
    /// Counts them.
    pub fn count(data: &Data, params: &Params) -> Self {
        let reviews = &data.reviews;
        let mut found = Self { rows: reviews.len() as u64, ..Self::default() };
        // Rows of an item are sorted by user and time: a pair is a run, here its first row and length.
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for row in 1..reviews.len() {
            if (reviews.user[row], reviews.item[row]) != (reviews.user[row - 1], reviews.item[row - 1]) {
                continue;
            }
            found.same_pair += 1;
            found.other_rating += u64::from(reviews.rating[row].to_bits() != reviews.rating[row - 1].to_bits());
            match pairs.last_mut() {
                Some((start, length)) if *start + *length == row => *length += 1,
                _ => pairs.push((row - 1, 2)),
            }
        }
        pairs.sort_by_key(|(start, length)| (std::cmp::Reverse(*length), *start));
        found.examples =
            pairs.iter().take(params.top.min(10)).map(|(start, length)| pair(data, *start, *length)).collect();
        found.same_user_text = data.texts.as_ref().map(|texts| same_texts(data, texts));
        found
    }
}

fn pair(data: &Data, start: usize, length: usize) -> NearPair {
    let (reviews, shown) = (&data.reviews, start..start + length.min(10));
    NearPair {
        user: data.users.name(reviews.user[start]),
        item: data.items.name(reviews.item[start]),
        reviews: length as u64,
        ratings: reviews.rating[shown.clone()].to_vec(),
        times: reviews.time[shown].to_vec(),
    }
}

fn same_texts(data: &Data, texts: &Texts) -> u64 {
    let mut repeated = 0;
    let mut seen: Vec<(u64, u32)> = Vec::new();
    for user in 0..data.users.len() as u32 {
        let rows = data.reviews.of_user(user);
        if rows.len() < 2 {
            continue;
        }
        seen.clear();
        let is_long = |row: &&u32| texts.hash[**row as usize] != 0 && texts.words(**row as usize) >= Some(SHORTEST);
        seen.extend(
            rows.iter().filter(is_long).map(|row| (texts.hash[*row as usize], data.reviews.item[*row as usize])),
        );
        seen.sort_unstable();
        seen.dedup();
        repeated += seen.windows(2).filter(|pair| pair[0].0 == pair[1].0).count() as u64;
    }
    repeated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{data, data_with_texts, row};

    #[test]
    fn pairs_by_hand() {
        let data = data(&[
            row("u", "a", 5.0, 1),
            row("u", "a", 5.0, 2),
            row("u", "a", 3.0, 3),
            row("v", "a", 3.0, 3),
            row("v", "b", 3.0, 1),
            row("v", "b", 3.0, 1),
        ]);
        let found = NearDuplicates::count(&data, &Params::default());
        assert_eq!((found.rows, found.same_pair, found.other_rating, found.same_user_text), (6, 3, 1, None));
        assert_eq!((found.examples.len(), found.examples[0].reviews), (2, 3));
        assert_eq!(found.examples[0].ratings, [5.0, 5.0, 3.0]);
    }

    #[test]
    fn texts_of_a_user_on_several_items() {
        let long = "it works as it should";
        let data = data_with_texts(&[
            row("u", "a", 5.0, 1).says(long),
            row("u", "b", 5.0, 1).says("It works, as it should!"),
            row("u", "c", 5.0, 1).says("good"),
            row("u", "d", 5.0, 1).says("good"),
            row("v", "a", 5.0, 1).says(long),
        ]);
        // Those of two users, and short ones, do not count.
        assert_eq!(NearDuplicates::count(&data, &Params::default()).same_user_text, Some(1));
    }
}
