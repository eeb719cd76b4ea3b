//! Replays of reviews: from the table of reviews itself, or from a part that preprocessing made of it.

use std::{collections::HashMap, path::Path};

use pipeline::{Error, Kind as TableKind, TableReader, read_interactions, read_keys};
use recommender::Interaction;

use super::replay::{Choice, Deed, Kind, Known, Replay, Shopper, Step};

/// A table of interactions with what is needed to understand it.
pub struct Table<'a> {
    /// In words.
    pub source: String,
    /// Whether the model that is served was not fitted to it.
    pub is_held_out: bool,
    /// Interactions to replay.
    pub events: &'a Path,
    /// What their users did before, if that is kept apart.
    pub history: Option<&'a Path>,
    /// User keys.
    pub users: &'a Path,
    /// Item keys.
    pub items: &'a Path,
}

/// Replays interactions; what their users did before is posted first.
pub fn from_interactions(table: Table<'_>, choice: &Choice) -> Result<Replay, Error> {
    let users = read_keys(table.users, TableKind::UserIndex)?;
    let items = read_keys(table.items, TableKind::ItemIndex)?;
    let events = read_interactions(table.events, users.len(), items.len())?;
    let history = table.history.map(|path| read_interactions(path, users.len(), items.len())).transpose()?;
    let known = if table.is_held_out { Known::HeldOut } else { Known::Perhaps };
    let mut replay = Replay { source: table.source, known, items, shoppers: Vec::new(), steps: Vec::new() };
    let with_events = (0..users.len() as u32).filter(|user| !events.history(*user).is_empty());
    let keys = with_events.map(|user| (users[user as usize].as_str(), user)).collect();
    for user in drawn(keys, choice) {
        let shopper = replay.shoppers.len() as u32;
        let before = history.as_ref().map(|history| history.history(user)).unwrap_or_default();
        let key = format!("{}{}", choice.prefix, users[user as usize]);
        replay.shoppers.push(Shopper { key, before: before.iter().map(deed).collect() });
        replay.steps.extend(events.history(user).iter().map(|entry| Step { shopper, deed: deed(entry) }));
    }
    Ok(replay.in_order(choice.events))
}

fn deed(entry: &Interaction) -> Deed {
    Deed { item: entry.item, kind: Kind::Rated(entry.weight), time: i64::from(entry.time) }
}

/// Replays reviews as they were loaded, from the first one of each user on.
pub fn from_reviews(source: String, path: &Path, choice: &Choice) -> Result<Replay, Error> {
    let mut rows = Rows::default();
    rows.read(path)?;
    let mut replay =
        Replay { source, known: Known::Perhaps, items: rows.items.keys, shoppers: Vec::new(), steps: Vec::new() };
    let keys = rows.users.keys.iter().zip(0..).map(|(key, user)| (key.as_str(), user)).collect();
    let mut shoppers = HashMap::new();
    for user in drawn(keys, choice) {
        shoppers.insert(user, replay.shoppers.len() as u32);
        let key = format!("{}{}", choice.prefix, rows.users.keys[user as usize]);
        replay.shoppers.push(Shopper { key, before: Vec::new() });
    }
    let step = |(user, deed)| Some(Step { shopper: *shoppers.get(&user)?, deed });
    replay.steps = rows.deeds.into_iter().filter_map(step).collect();
    Ok(replay.in_order(choice.events))
}

/// As many users as are wanted: those with the smallest hashes, so that a larger draw holds a smaller one.
fn drawn(keys: Vec<(&str, u32)>, choice: &Choice) -> Vec<u32> {
    let wanted = choice.users.unwrap_or(usize::MAX);
    if keys.len() <= wanted {
        return keys.into_iter().map(|(_, user)| user).collect();
    }
    let hash = |key: &str| *blake3::hash(format!("{}:{key}", choice.seed).as_bytes()).as_bytes();
    let mut hashed: Vec<([u8; 32], u32)> = keys.into_iter().map(|(key, user)| (hash(key), user)).collect();
    hashed.sort_unstable();
    hashed.into_iter().take(wanted).map(|(_, user)| user).collect()
}

/// Keys with their numbers, in the order in which they came.
#[derive(Default)]
struct Keys {
    numbers: HashMap<String, u32>,
    keys: Vec<String>,
}

impl Keys {
    fn number(&mut self, key: &str) -> u32 {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        let number = self.keys.len() as u32;
        self.numbers.insert(key.to_owned(), number);
        self.keys.push(key.to_owned());
        number
    }
}

#[derive(Default)]
struct Rows {
    users: Keys,
    items: Keys,
    deeds: Vec<(u32, Deed)>,
}

impl Rows {
    fn read(&mut self, path: &Path) -> Result<(), Error> {
        let table = TableReader::open(path, TableKind::Reviews)?;
        for batch in table.batches(&["user", "item", "rating", "time"]) {
            let batch = batch?;
            let text = |name: &str| batch.column(name).and_then(|column| column.str().cloned());
            let columns = text("user").and_then(|users| Ok((users, text("item")?)));
            let numbers = batch.column("rating").and_then(|column| column.f32().cloned());
            let numbers = numbers.and_then(|ratings| Ok((ratings, batch.column("time")?.i64()?.clone())));
            let all = columns.and_then(|columns| Ok((columns, numbers?)));
            let failed = |source| Error::Table { action: "read", path: path.to_owned(), source };
            let ((users, items), (ratings, times)) = all.map_err(failed)?;
            let pairs = users.iter().zip(items.iter());
            for ((user, item), (rating, time)) in pairs.zip(ratings.iter().zip(times.iter())) {
                let user = self.users.number(user.unwrap_or_default());
                let item = self.items.number(item.unwrap_or_default());
                let kind = Kind::Rated(rating.unwrap_or_default());
                self.deeds.push((user, Deed { item, kind, time: time.unwrap_or_default() }));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_draw_holds_a_smaller_one_and_the_seed_decides() {
        let names: Vec<String> = (0..200).map(|number| format!("user{number}")).collect();
        let draw = |users, seed| {
            let keys = names.iter().map(String::as_str).zip(0..).collect();
            drawn(keys, &Choice { users, events: None, seed, prefix: String::new() })
        };
        assert_eq!(draw(None, 1), (0..200).collect::<Vec<u32>>());
        let (few, more) = (draw(Some(20), 1), draw(Some(50), 1));
        assert_eq!((few.len(), &few[..]), (20, &more[..20]));
        assert_ne!(few, draw(Some(20), 2));
    }
}
