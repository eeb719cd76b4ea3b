//! One pass over the reviews: everything that is counted on the way.

use std::collections::{BTreeMap, HashMap, HashSet};

use polars::{error::PolarsResult, frame::DataFrame};
use reports::bins::month;

use crate::{correlation::Sampled, words::Words};

/// Rows that the correlations are taken over, at most about this many.
const CORRELATED_ROWS: u64 = 200_000;

/// Users or items: keys with their number of reviews and sum of ratings, in order of first appearance.
#[derive(Default)]
pub(crate) struct Units {
    numbers: HashMap<String, u32>,
    pub(crate) keys: Vec<String>,
    pub(crate) reviews: Vec<u64>,
    pub(crate) stars: Vec<f64>,
}

impl Units {
    fn add(&mut self, key: &str, rating: f64) -> u32 {
        let number = if let Some(number) = self.numbers.get(key) {
            *number
        } else {
            let number = self.keys.len() as u32;
            self.numbers.insert(key.to_owned(), number);
            self.keys.push(key.to_owned());
            self.reviews.push(0);
            self.stars.push(0.0);
            number
        };
        self.reviews[number as usize] += 1;
        self.stars[number as usize] += rating;
        number
    }

    /// The number of a key.
    pub(crate) fn number(&self, key: &str) -> Option<usize> {
        self.numbers.get(key).map(|number| *number as usize)
    }

    /// Numbers of the units with most reviews, the most first; equal ones by key.
    pub(crate) fn top(&self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        order.sort_unstable_by(|a, b| {
            self.reviews[*b].cmp(&self.reviews[*a]).then_with(|| self.keys[*a].cmp(&self.keys[*b]))
        });
        order.truncate(count);
        order
    }
}

/// Rows and their sum of ratings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stars {
    pub(crate) rows: u64,
    pub(crate) sum: f64,
}

impl Stars {
    fn add(&mut self, rating: f64) {
        self.rows += 1;
        self.sum += rating;
    }
}

/// Helpful votes of reviews with one rating.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Votes {
    pub(crate) rows: u64,
    pub(crate) sum: u64,
}

/// What is known after the pass.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) rows: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) duplicates: u64,
    pub(crate) verified: u64,
    /// Rows without a value: title (if texts are at hand), text, verified, helpful votes.
    pub(crate) missing: [u64; 4],
    /// Rows by rating in half stars.
    pub(crate) ratings: BTreeMap<i64, u64>,
    pub(crate) stars: Stars,
    pub(crate) months: BTreeMap<i64, Stars>,
    /// Rows by number of words and of characters of the text.
    pub(crate) words: BTreeMap<u64, u64>,
    pub(crate) characters: BTreeMap<u64, u64>,
    /// Rows by helpful votes, and votes by rating in half stars; of rows that tell.
    pub(crate) votes: BTreeMap<u64, u64>,
    pub(crate) votes_of_rating: BTreeMap<i64, Votes>,
    pub(crate) users: Units,
    pub(crate) items: Units,
    pub(crate) sampled: Vec<Sampled>,
    /// Words of the texts, if these are at hand.
    pub(crate) texts: Option<Words>,
    sampled_share: f64,
    item: u32,
    users_of_item: HashSet<u32>,
}

/// One row as it is counted.
struct Row<'a> {
    user: &'a str,
    item: &'a str,
    rating: f64,
    time: i64,
    title_words: Option<u32>,
    words: Option<u32>,
    characters: Option<u32>,
    verified: Option<bool>,
    votes: Option<u32>,
}

impl Counts {
    /// Nothing counted yet, of a table with this many rows.
    pub(crate) fn new(rows: u64, texts: Option<Words>) -> Self {
        let sampled_share = (CORRELATED_ROWS as f64 / rows.max(1) as f64).min(1.0);
        Self { sampled_share, texts, first: i64::MAX, last: i64::MIN, ..Self::default() }
    }

    /// Counts a batch with all columns of the reviews.
    pub(crate) fn add(&mut self, batch: &DataFrame) -> PolarsResult<()> {
        let keys = batch.column("user")?.str()?.iter().zip(batch.column("item")?.str()?.iter());
        let values = batch.column("rating")?.f32()?.iter().zip(batch.column("time")?.i64()?.iter());
        let places = batch.column("part")?.u32()?.iter().zip(batch.column("row")?.u32()?.iter());
        let texts = batch.column("text_length")?.u32()?.iter().zip(places);
        let marks = batch.column("verified")?.bool()?.iter().zip(batch.column("helpful_votes")?.u32()?.iter());
        for (((user, item), (rating, time)), ((characters, (part, row)), (verified, votes))) in
            keys.zip(values).zip(texts.zip(marks))
        {
            let words = self.texts.as_ref().zip(part.zip(row)).map(|(texts, (part, row))| texts.at(part, row));
            let [title_words, words] = words.unwrap_or_default();
            self.add_row(&Row {
                user: user.unwrap_or_default(),
                item: item.unwrap_or_default(),
                rating: f64::from(rating.unwrap_or_default()),
                time: time.unwrap_or_default(),
                title_words,
                words,
                characters,
                verified,
                votes,
            });
        }
        Ok(())
    }

    fn add_row(&mut self, row: &Row<'_>) {
        let user = self.users.add(row.user, row.rating);
        let item = self.items.add(row.item, row.rating);
        self.count_duplicate(user, item);
        self.first = self.first.min(row.time);
        self.last = self.last.max(row.time);
        self.stars.add(row.rating);
        self.months.entry(month(row.time)).or_default().add(row.rating);
        let half_stars = (row.rating * 2.0).round() as i64;
        *self.ratings.entry(half_stars).or_default() += 1;
        self.verified += u64::from(row.verified == Some(true));
        let is_missing =
            [row.title_words.is_none(), row.characters.is_none(), row.verified.is_none(), row.votes.is_none()];
        for (count, is_missing) in self.missing.iter_mut().zip(is_missing) {
            *count += u64::from(is_missing);
        }
        if let Some(words) = row.words {
            *self.words.entry(u64::from(words)).or_default() += 1;
        }
        if let Some(characters) = row.characters {
            *self.characters.entry(u64::from(characters)).or_default() += 1;
        }
        if let Some(votes) = row.votes {
            *self.votes.entry(u64::from(votes)).or_default() += 1;
            let of_rating = self.votes_of_rating.entry(half_stars).or_default();
            of_rating.rows += 1;
            of_rating.sum += u64::from(votes);
        }
        self.sample(row, user, item);
        self.rows += 1;
    }

    /// Counts repeated pairs of user and item. The table is sorted by item, so the users of one item are enough.
    fn count_duplicate(&mut self, user: u32, item: u32) {
        if item != self.item {
            self.item = item;
            self.users_of_item.clear();
        }
        self.duplicates += u64::from(!self.users_of_item.insert(user));
    }

    /// Keeps the row for the correlations if its place in the table says so.
    fn sample(&mut self, row: &Row<'_>, user: u32, item: u32) {
        let place = scrambled(self.rows) as f64 / 2f64.powi(64);
        if self.sampled_share < 1.0 && place >= self.sampled_share {
            return;
        }
        self.sampled.push(Sampled {
            user,
            item,
            rating: row.rating as f32,
            time: row.time,
            words: row.words,
            title_words: row.title_words,
            votes: row.votes,
        });
    }
}

/// A number spread evenly over all 64-bit numbers (the finalizer of `SplitMix64`, Steele et al. 2014).
fn scrambled(number: u64) -> u64 {
    let mut value = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
