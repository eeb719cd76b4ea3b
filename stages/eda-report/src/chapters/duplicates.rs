//! Rows that repeat others.

use reports::page::{Section, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    alert::{Alert, Severity},
    data::Data,
    words::{number, percent, section, small_percent},
};

/// Rows that repeat others, after `load` dropped lines that are equal byte by byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Duplicates {
    /// Reviews.
    pub rows: u64,
    /// Lines that `load` dropped as they repeat an earlier one; none where its account is not connected.
    pub dropped_lines: Option<u64>,
    /// Reviews that equal an earlier one in every column: user, item, rating, time, mark, votes and, where texts are
    /// connected, the words of the text.
    pub equal_rows: u64,
    /// Reviews whose user and item an earlier one has.
    pub repeated_pairs: u64,
    /// Of these, such with the same time as an earlier one.
    pub same_time: u64,
    /// Of these, such with another rating than the one before.
    pub changed_rating: u64,
    /// Pairs of user and item by number of reviews: 2, 3, ... and how many pairs have so many.
    pub pairs_by_reviews: Vec<(u64, u64)>,
    /// Pairs with most reviews, the most first.
    pub top_pairs: Vec<RepeatedPair>,
}

/// A user and an item with several reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepeatedPair {
    /// The user.
    pub user: String,
    /// The item.
    pub item: String,
    /// Reviews.
    pub reviews: u64,
    /// Earliest of their times, Unix seconds.
    pub first: i64,
    /// Latest of their times, Unix seconds.
    pub last: i64,
    /// Their ratings in the order of time.
    pub ratings: Vec<f32>,
}

impl Chapter for Duplicates {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        let reviews = &data.reviews;
        let mut found = Self {
            rows: reviews.len() as u64,
            dropped_lines: data.account.as_ref().map(|account| account.reviews.duplicates),
            equal_rows: 0,
            repeated_pairs: 0,
            same_time: 0,
            changed_rating: 0,
            pairs_by_reviews: Vec::new(),
            top_pairs: Vec::new(),
        };
        let mut by_reviews = std::collections::BTreeMap::new();
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        let mut start = 0;
        // Rows of an item are sorted by user and time, so a pair is a run.
        for run in reviews.user.chunk_by_pair(&reviews.item) {
            if run > 1 {
                found.add(data, start, start + run);
                *by_reviews.entry(run as u64).or_insert(0) += 1;
                pairs.push((run, start));
            }
            start += run;
        }
        pairs.sort_by_key(|(run, start)| (std::cmp::Reverse(*run), *start));
        found.pairs_by_reviews = by_reviews.into_iter().collect();
        found.top_pairs = pairs.iter().take(params.top).map(|(run, start)| pair(data, *start, start + run)).collect();
        Ok(Some(found))
    }

    fn sections(&self) -> Vec<Section> {
        let share = |rows: u64| small_percent(rows as f64 / self.rows.max(1) as f64);
        let mut readings = Vec::new();
        if let Some(lines) = self.dropped_lines {
            readings.push(format!(
                "When the files were loaded, {} lines were dropped as they repeat another one byte by byte.",
                number(lines)
            ));
        }
        readings.push(if self.repeated_pairs == 0 {
            "No user reviewed a product twice.".to_owned()
        } else {
            format!(
                "{} reviews ({}) repeat a user and product that an earlier one has; {} of them have its time too, and {} have \
                 another rating than the one before. {} equal an earlier review in all that is known of them.",
                number(self.repeated_pairs),
                share(self.repeated_pairs),
                number(self.same_time),
                number(self.changed_rating),
                number(self.equal_rows)
            )
        });
        let mut section = section("duplicates", "Duplicates", readings, Vec::new());
        if !self.top_pairs.is_empty() {
            let mut counts = Table::new("Pairs of user and product with several reviews", &["#reviews", "#pairs"]);
            for (reviews, pairs) in self.pairs_by_reviews.iter().take(15) {
                counts.push([number(*reviews), number(*pairs)]);
            }
            section.tables.push(counts);
        }
        vec![section.in_group("Data")]
    }

    fn alerts(&self) -> Vec<Alert> {
        let share = self.repeated_pairs as f64 / self.rows.max(1) as f64;
        if share < 0.01 {
            return Vec::new();
        }
        let text = format!(
            "{} of the reviews repeat a user and product. Preprocessing makes one interaction of them; choose which rating counts.",
            percent(share, 1)
        );
        let alert =
            Alert::new(Severity::Warning, "duplicates", "repeated-pairs", "Users review products twice", share, text);
        vec![alert.suggest("preprocess:\n  params:\n    repeated: latest")]
    }
}

impl Duplicates {
    /// Counts the reviews of one pair: rows from `start` to `end`.
    fn add(&mut self, data: &Data, start: usize, end: usize) {
        let reviews = &data.reviews;
        let hash = |row: usize| data.texts.as_ref().map_or(0, |texts| texts.hash[row]);
        let known = |row: usize| {
            let rating = reviews.rating[row].to_bits();
            (reviews.time[row], rating, reviews.verified(row), reviews.votes(row), reviews.length(row), hash(row))
        };
        for row in start + 1..end {
            self.repeated_pairs += 1;
            // Equal times stand together.
            self.same_time += u64::from(reviews.time[row] == reviews.time[row - 1]);
            self.changed_rating += u64::from(reviews.rating[row] != reviews.rating[row - 1]);
            self.equal_rows += u64::from((start..row).any(|earlier| known(earlier) == known(row)));
        }
    }
}

fn pair(data: &Data, start: usize, end: usize) -> RepeatedPair {
    let reviews = &data.reviews;
    RepeatedPair {
        user: data.users.name(reviews.user[start]),
        item: data.items.name(reviews.item[start]),
        reviews: (end - start) as u64,
        first: reviews.time[start],
        last: reviews.time[end - 1],
        ratings: reviews.rating[start..end.min(start + 10)].to_vec(),
    }
}

/// Runs of rows that have the same user and item.
trait Pairs {
    /// Lengths of the runs, in order.
    fn chunk_by_pair<'a>(&'a self, items: &'a [u32]) -> Box<dyn Iterator<Item = usize> + 'a>;
}

impl Pairs for Vec<u32> {
    fn chunk_by_pair<'a>(&'a self, items: &'a [u32]) -> Box<dyn Iterator<Item = usize> + 'a> {
        let mut start = 0;
        Box::new(std::iter::from_fn(move || {
            if start == self.len() {
                return None;
            }
            let same = |row: &usize| self[*row] == self[start] && items[*row] == items[start];
            let run = (start..self.len()).take_while(same).count();
            start += run;
            Some(run)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{data_with_texts, row};

    #[test]
    fn repeated_rows_by_hand() {
        let data = data_with_texts(&[
            row("u", "a", 5.0, 1).says("fine"),
            row("u", "a", 5.0, 1).says("Fine!"),
            row("u", "a", 4.0, 1).says("Fine!"),
            row("u", "a", 4.0, 9).says("other"),
            row("v", "a", 4.0, 9),
            row("v", "b", 4.0, 9),
            row("v", "b", 4.0, 9),
        ]);
        let found = Duplicates::measure(&data, &Params::default()).unwrap().unwrap();
        assert_eq!((found.repeated_pairs, found.same_time, found.changed_rating), (4, 3, 1));
        // "fine" and "Fine!" are the same words but not equally long.
        assert_eq!(found.equal_rows, 1);
        assert_eq!(found.pairs_by_reviews, [(2, 1), (4, 1)]);
        let top = &found.top_pairs[0];
        assert_eq!((top.user.as_str(), top.item.as_str(), top.reviews, top.last), ("u", "a", 4, 9));
        assert_eq!(top.ratings, [5.0, 5.0, 4.0, 4.0]);
    }
}
