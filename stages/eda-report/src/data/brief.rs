//! Other states of the data, in short: before sampling, and after preprocessing.

use std::{collections::HashMap, path::Path};

use anyhow::Context as _;
use pipeline::{Context, Kind, TableReader, read_keys};
use xxhash_rust::xxh3::xxh3_64;

use super::{Keys, reviews::NONE};

/// Who rated what, when and how: 20 bytes a row.
#[derive(Default)]
pub struct Brief {
    /// Number of the user.
    pub user: Vec<u32>,
    /// Number of the item.
    pub item: Vec<u32>,
    /// Rating.
    pub rating: Vec<f32>,
    /// Unix seconds, UTC.
    pub time: Vec<i64>,
    /// Users by number, in all: numbers of `raw` are its own; those of [`Parts`] are the numbers of [`super::Data`].
    pub users: usize,
    /// Items likewise.
    pub items: usize,
}

impl Brief {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.user.len()
    }

    /// The reviews of a table, with numbers of its own. Keys are told apart by 64 bits of hash: among a hundred
    /// million two are mixed up with a chance of one in four thousand.
    pub fn of_reviews(path: &Path) -> anyhow::Result<Self> {
        let reader = TableReader::open(path, Kind::Reviews)?;
        let mut brief = Self::default();
        let (mut users, mut items) = (HashMap::new(), HashMap::new());
        for batch in reader.batches(&["user", "item", "rating", "time"]) {
            let batch = batch?;
            for (name, numbers, column) in
                [("user", &mut users, &mut brief.user), ("item", &mut items, &mut brief.item)]
            {
                for key in batch.column(name)?.str()?.iter() {
                    let next = numbers.len() as u32;
                    column.push(*numbers.entry(xxh3_64(key.unwrap_or_default().as_bytes())).or_insert(next));
                }
            }
            brief.rating.extend(batch.column("rating")?.f32()?.iter().map(Option::unwrap_or_default));
            brief.time.extend(batch.column("time")?.i64()?.iter().map(Option::unwrap_or_default));
        }
        (brief.users, brief.items) = (users.len(), items.len());
        Ok(brief)
    }

    /// Interactions, their indices turned into numbers of the reviews.
    fn of_interactions(path: &Path, users: &[u32], items: &[u32]) -> anyhow::Result<Self> {
        let reader = TableReader::open(path, Kind::Interactions)?;
        let mut brief = Self { users: users.len(), items: items.len(), ..Self::default() };
        for batch in reader.batches(&["user", "item", "weight", "time"]) {
            let batch = batch?;
            for (name, numbers, column) in [("user", users, &mut brief.user), ("item", items, &mut brief.item)] {
                for index in batch.column(name)?.u32()?.iter() {
                    let index = index.unwrap_or_default() as usize;
                    let number = numbers.get(index).with_context(|| {
                        format!("{}: {name} {index}, but its index table has {} rows", path.display(), numbers.len())
                    })?;
                    column.push(*number);
                }
            }
            brief.rating.extend(batch.column("weight")?.f32()?.iter().map(Option::unwrap_or_default));
            brief.time.extend(batch.column("time")?.i64()?.iter().map(Option::unwrap_or_default));
        }
        Ok(brief)
    }
}

/// What `preprocess` made of the reviews.
pub struct Parts {
    /// What models learn from.
    pub train: Brief,
    /// What parameters are chosen by.
    pub validation: Brief,
    /// What models are measured on.
    pub test: Brief,
}

impl Parts {
    /// Reads the parts; none unless all of their inputs are connected.
    pub fn read(context: &Context, users: &Keys, items: &Keys) -> anyhow::Result<Option<Self>> {
        let ports = ["user_index", "item_index", "train", "validation", "test"];
        let paths: Vec<&Path> = ports.iter().filter_map(|port| context.optional_input(port)).collect();
        let [user_index, item_index, train, validation, test] = paths[..] else { return Ok(None) };
        let numbers = |path, kind, keys: &Keys| -> anyhow::Result<Vec<u32>> {
            Ok(read_keys(path, kind)?.iter().map(|key| keys.number(key).unwrap_or(NONE)).collect())
        };
        let users = numbers(user_index, Kind::UserIndex, users)?;
        let items = numbers(item_index, Kind::ItemIndex, items)?;
        let part = |path| Brief::of_interactions(path, &users, &items);
        Ok(Some(Self { train: part(train)?, validation: part(validation)?, test: part(test)? }))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Params,
        data::{
            NONE,
            fixture::{Fixture, row},
        },
    };

    #[test]
    fn parts_have_the_numbers_of_the_reviews() {
        let rows = vec![row("v", "a", 1.0, 0), row("u", "b", 2.0, 0)];
        let parts = [vec![row("u", "b", 2.0, 0)], vec![], vec![row("v", "a", 1.0, 0), row("new", "a", 3.0, 9)]];
        let raw = vec![row("t", "c", 5.0, 1), row("t", "d", 4.0, 2)];
        let fixture = Fixture { rows, raw: Some(raw), parts: Some(parts), ..Fixture::default() };
        let data = fixture.data(&Params::default());
        let parts = data.parts.as_ref().unwrap();
        assert_eq!((parts.train.user.as_slice(), parts.train.item.as_slice()), (&[1][..], &[1][..]));
        assert_eq!((parts.validation.len(), parts.test.user.as_slice()), (0, &[0, NONE][..]));
        assert_eq!((parts.test.users, parts.test.items, parts.test.time[1]), (3, 2, 9));
        let raw = data.raw.as_ref().unwrap();
        assert_eq!((raw.len(), raw.users, raw.items, raw.rating.as_slice()), (2, 1, 2, &[5.0, 4.0][..]));
    }
}
