//! Reads the reviews batch by batch and gives users and items their indices.

use std::{collections::HashMap, path::Path};

use pipeline::{Context, Kind, TableReader};
use polars::{
    frame::DataFrame,
    prelude::{Float32Chunked, Int64Chunked, PolarsResult, StringChunked, UInt32Chunked},
};

use crate::{
    error::Error,
    ratings::{Rating, Ratings},
};

const COLUMNS: [&str; 5] = ["user", "item", "rating", "time", "text_length"];

/// Keys in the order in which they came.
#[derive(Default)]
struct Interner {
    indices: HashMap<String, u32>,
}

impl Interner {
    /// The index of `key`, a new one if it is new; none when indices run out.
    fn index(&mut self, key: &str) -> Option<u32> {
        if let Some(index) = self.indices.get(key) {
            return Some(*index);
        }
        let index = u32::try_from(self.indices.len()).ok().filter(|index| *index < u32::MAX)?;
        self.indices.insert(key.to_owned(), index);
        Some(index)
    }

    /// The keys sorted, and for each index so far its place among them.
    fn sorted(self) -> (Vec<String>, Vec<u32>) {
        let mut pairs: Vec<(String, u32)> = self.indices.into_iter().collect();
        pairs.sort_unstable();
        let mut places = vec![0; pairs.len()];
        for (place, (_, index)) in pairs.iter().enumerate() {
            places[*index as usize] = place as u32;
        }
        (pairs.into_iter().map(|(key, _)| key).collect(), places)
    }
}

/// All reviews as ratings, in the order of the tables, those of `test` last; repeated ones are not
/// merged yet.
pub fn read(context: &Context) -> anyhow::Result<Ratings> {
    let mut rows = Rows::default();
    rows.read(context, context.input("reviews")?)?;
    let given = rows.entries.len();
    if let Some(path) = context.optional_input("test") {
        rows.read(context, path)?;
    }
    rows.entries[given..].iter_mut().for_each(|entry| entry.is_test = true);
    let Rows { users, items, mut entries } = rows;
    let (users, user_places) = users.sorted();
    let (items, item_places) = items.sorted();
    for entry in &mut entries {
        entry.user = user_places[entry.user as usize];
        entry.item = item_places[entry.item as usize];
    }
    Ok(Ratings { users, items, entries })
}

/// Rows of all tables so far.
#[derive(Default)]
struct Rows {
    users: Interner,
    items: Interner,
    entries: Vec<Rating>,
}

impl Rows {
    fn read(&mut self, context: &Context, path: &Path) -> anyhow::Result<()> {
        let table = TableReader::open(path, Kind::Reviews)?;
        if table.rows() == 0 {
            return Err(Error::NoReviews { path: path.to_owned() }.into());
        }
        let before = self.entries.len();
        self.entries.reserve(table.rows());
        for batch in table.batches(&COLUMNS) {
            append(&batch?, path, &mut self.users, &mut self.items, &mut self.entries)?;
            context.progress((self.entries.len() - before) as u64, Some(table.rows() as u64), "rows");
        }
        Ok(())
    }
}

/// The five columns of a batch.
struct Columns<'a> {
    user: &'a StringChunked,
    item: &'a StringChunked,
    rating: &'a Float32Chunked,
    time: &'a Int64Chunked,
    text_length: &'a UInt32Chunked,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a DataFrame) -> PolarsResult<Self> {
        Ok(Self {
            user: batch.column("user")?.str()?,
            item: batch.column("item")?.str()?,
            rating: batch.column("rating")?.f32()?,
            time: batch.column("time")?.i64()?,
            text_length: batch.column("text_length")?.u32()?,
        })
    }
}

fn append(
    batch: &DataFrame,
    path: &Path,
    users: &mut Interner,
    items: &mut Interner,
    entries: &mut Vec<Rating>,
) -> anyhow::Result<()> {
    let columns = Columns::of(batch)?;
    let keys = columns.user.iter().zip(columns.item.iter());
    let values = columns.rating.iter().zip(columns.time.iter());
    for (((user, item), (rating, time)), length) in keys.zip(values).zip(columns.text_length.iter()) {
        let bad = |column, expected, found: String| Error::BadRow {
            path: path.to_owned(),
            row: entries.len(),
            column,
            expected,
            found,
        };
        let none = |column| bad(column, "a value", "none".to_owned());
        let too_many = |column| Error::TooManyKeys { path: path.to_owned(), column };
        let rating = rating.ok_or_else(|| none("rating"))?;
        if !rating.is_finite() {
            return Err(bad("rating", "a finite number", rating.to_string()).into());
        }
        let time = time.ok_or_else(|| none("time"))?;
        let user = users.index(user.ok_or_else(|| none("user"))?).ok_or_else(|| too_many("user"))?;
        let item = items.index(item.ok_or_else(|| none("item"))?).ok_or_else(|| too_many("item"))?;
        entries.push(Rating { user, item, value: rating, length: length.unwrap_or_default(), time, is_test: false });
    }
    Ok(())
}
