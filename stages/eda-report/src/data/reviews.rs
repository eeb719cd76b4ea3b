//! The reviews as columns, in the order of the table: by item, user, time.

use std::{ops::Range, path::Path};

use anyhow::{Context as _, ensure};
use pipeline::{Context, Kind, TableReader};
use polars::{error::PolarsResult, frame::DataFrame};

use super::{Keys, Places};

/// Stands where a `u32` column has no value.
pub const NONE: u32 = u32::MAX;

/// What is known of every review, 29 bytes each and 4 for its place among those of its user.
///
/// All columns are equally long. Columns that may lack values have an accessor that says so.
#[derive(Default)]
pub struct Reviews {
    /// Number of the user.
    pub user: Vec<u32>,
    /// Number of the item; ascending.
    pub item: Vec<u32>,
    /// Stars, 1 to 5.
    pub rating: Vec<f32>,
    /// Unix seconds, UTC.
    pub time: Vec<i64>,
    /// 0: not verified, 1: verified, 2: not told.
    verified: Vec<u8>,
    /// Helpful votes; [`NONE`] where not told.
    votes: Vec<u32>,
    /// Characters of the text; [`NONE`] without a text.
    length: Vec<u32>,
    /// First row of each item, and the number of rows.
    item_starts: Vec<u32>,
    /// First place in `user_rows` of each user, and the number of rows.
    user_starts: Vec<u32>,
    user_rows: Vec<u32>,
}

impl Reviews {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.user.len()
    }

    /// Whether the purchase is verified, where that is told.
    pub fn verified(&self, row: usize) -> Option<bool> {
        match self.verified[row] {
            2 => None,
            told => Some(told == 1),
        }
    }

    /// Helpful votes, where told.
    pub fn votes(&self, row: usize) -> Option<u32> {
        (self.votes[row] != NONE).then(|| self.votes[row])
    }

    /// Characters of the text, where there is one.
    pub fn length(&self, row: usize) -> Option<u32> {
        (self.length[row] != NONE).then(|| self.length[row])
    }

    /// Rows of an item: one run, by user and time.
    pub fn of_item(&self, item: u32) -> Range<usize> {
        self.item_starts[item as usize] as usize..self.item_starts[item as usize + 1] as usize
    }

    /// Rows of a user by time; equal times in the order of the table.
    pub fn of_user(&self, user: u32) -> &[u32] {
        &self.user_rows[self.user_starts[user as usize] as usize..self.user_starts[user as usize + 1] as usize]
    }

    /// Earliest and latest time.
    pub fn times(&self) -> (i64, i64) {
        self.time.iter().fold((i64::MAX, i64::MIN), |(first, last), time| (first.min(*time), last.max(*time)))
    }

    fn group(&mut self, users: &Keys) {
        self.item_starts.push(self.len() as u32);
        let mut next: Vec<u32> = Vec::with_capacity(users.len() + 1);
        next.push(0);
        for reviews in &users.reviews {
            next.push(next[next.len() - 1] + reviews);
        }
        self.user_starts.clone_from(&next);
        self.user_rows = vec![0; self.len()];
        for (row, user) in self.user.iter().enumerate() {
            self.user_rows[next[*user as usize] as usize] = row as u32;
            next[*user as usize] += 1;
        }
        let mut rest = self.user_rows.as_mut_slice();
        for reviews in &users.reviews {
            let (rows, others) = rest.split_at_mut(*reviews as usize);
            rows.sort_unstable_by_key(|row| (self.time[*row as usize], *row));
            rest = others;
        }
    }
}

/// Reviews with the keys of their users and items.
pub struct Table {
    pub reviews: Reviews,
    pub users: Keys,
    pub items: Keys,
}

/// Reads the table at `path`; `places` learns which review each text belongs to.
pub fn read(path: &Path, redact: bool, places: Option<&mut Places>, context: &Context) -> anyhow::Result<Table> {
    let reader = TableReader::open(path, Kind::Reviews)?;
    let rows = reader.rows();
    ensure!(rows > 0, "describe reviews: {} has no rows", path.display());
    ensure!(rows < NONE as usize, "describe reviews: {} has {rows} rows; at most 4,294,967,294 fit", path.display());
    let mut places = places;
    let mut table =
        Table { reviews: Reviews::default(), users: Keys::new(redact.then_some("user")), items: Keys::new(None) };
    let mut batches = reader.batches(&[]);
    let mut next = batches.next().transpose()?;
    while let Some(batch) = next {
        let (added, read) = rayon::join(
            || table.add(&batch, places.as_deref_mut()).with_context(|| format!("read {}", path.display())),
            || batches.next().transpose(),
        );
        added?;
        next = read?;
        context.progress(table.reviews.len() as u64, Some(rows as u64), "rows");
    }
    table.reviews.group(&table.users);
    Ok(table)
}

impl Table {
    fn add(&mut self, batch: &DataFrame, places: Option<&mut Places>) -> anyhow::Result<()> {
        let Self { reviews, users, items } = self;
        let start = reviews.len();
        let Reviews { user, item, rating, time, verified, votes, length, item_starts, .. } = reviews;
        let ratings = batch.column("rating")?.f32()?;
        let (of_users, others) = rayon::join(
            || -> PolarsResult<()> {
                for (key, rating) in batch.column("user")?.str()?.iter().zip(ratings.iter()) {
                    let number = users.intern(key.unwrap_or_default());
                    users.count(number, rating.unwrap_or_default());
                    user.push(number);
                }
                Ok(())
            },
            || -> anyhow::Result<()> {
                for (key, rating) in batch.column("item")?.str()?.iter().zip(ratings.iter()) {
                    item.push(next_item(items, key.unwrap_or_default(), item_starts, item.len())?);
                    items.count(item[item.len() - 1], rating.unwrap_or_default());
                }
                rating.extend(ratings.iter().map(Option::unwrap_or_default));
                time.extend(batch.column("time")?.i64()?.iter().map(Option::unwrap_or_default));
                verified.extend(batch.column("verified")?.bool()?.iter().map(|told| told.map_or(2, u8::from)));
                votes.extend(batch.column("helpful_votes")?.u32()?.iter().map(|told| told.unwrap_or(NONE)));
                length.extend(batch.column("text_length")?.u32()?.iter().map(|told| told.unwrap_or(NONE)));
                Ok(())
            },
        );
        of_users?;
        others?;
        places.map_or(Ok(()), |places| places.add(batch, start))
    }
}

/// The number of the item of the next row; a new one begins its run there.
fn next_item(items: &mut Keys, key: &str, starts: &mut Vec<u32>, row: usize) -> anyhow::Result<u32> {
    if items.len() > 0 && items.key(items.len() as u32 - 1) == key {
        return Ok(items.len() as u32 - 1);
    }
    let (count, number) = (items.len(), items.intern(key));
    ensure!(items.len() > count, "reviews are sorted by item, but row {row} comes back to item `{key}`");
    starts.push(row as u32);
    Ok(number)
}

#[cfg(test)]
mod tests {
    use crate::data::fixture::{data, row};

    #[test]
    fn rows_of_users_and_items() {
        // Sorted: (a, v, 3), (a, w, 5), (b, v, 1), (b, v, 3).
        let data = data(&[row("v", "b", 1.0, 3), row("w", "a", 5.0, 5), row("v", "b", 2.0, 1), row("v", "a", 4.0, 3)]);
        let user = data.users.number("v").unwrap();
        assert_eq!(data.reviews.of_user(user), [2, 0, 3], "by time, then in the order of the table");
        assert_eq!((data.reviews.of_item(0), data.reviews.of_item(1)), (0..2, 2..4));
        assert_eq!((data.reviews.times(), data.users.reviews[user as usize]), ((1, 5), 3));
        assert!((data.users.mean_rating(user) - 7.0 / 3.0).abs() < 1e-12);
        assert_eq!((data.reviews.verified(0), data.reviews.votes(0), data.reviews.length(0)), (None, None, None));
    }
}
