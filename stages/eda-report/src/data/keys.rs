//! Keys of users and items as numbers.
//!
//! One buffer holds all keys, and the table that finds them holds eight bytes a slot: a million keys cost
//! about 50 MB less than strings in a map of the standard library.

use xxhash_rust::xxh3::xxh3_64;

const EMPTY: u64 = u64::MAX;

/// Keys numbered 0, 1, 2, ... in order of their first appearance, with the reviews of each.
pub struct Keys {
    text: String,
    /// Where each key ends in `text`.
    ends: Vec<u32>,
    /// Open addressing: 32 bits of the hash, then the number.
    slots: Vec<u64>,
    /// Reviews of each.
    pub reviews: Vec<u32>,
    /// Sum of the ratings of each.
    pub stars: Vec<f64>,
    /// What stands before the number where keys are not to be shown; none where they are.
    alias: Option<&'static str>,
}

impl Keys {
    /// No keys yet. With an `alias`, such as `user`, [`Keys::name`] gives `user 1` in place of the key.
    pub fn new(alias: Option<&'static str>) -> Self {
        Self {
            text: String::new(),
            ends: Vec::new(),
            slots: vec![EMPTY; 1024],
            reviews: Vec::new(),
            stars: Vec::new(),
            alias,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The key with a number. Never for output: see [`Keys::name`].
    pub fn key(&self, number: u32) -> &str {
        let number = number as usize;
        let start = if number == 0 { 0 } else { self.ends[number - 1] as usize };
        &self.text[start..self.ends[number] as usize]
    }

    /// What to show for a number: the key, or the alias where keys are not to be shown.
    pub fn name(&self, number: u32) -> String {
        match self.alias {
            Some(alias) => format!("{alias} {}", number + 1),
            None => self.key(number).to_owned(),
        }
    }

    /// The number of a key.
    pub fn number(&self, key: &str) -> Option<u32> {
        self.find(key).ok()
    }

    /// The number of a key, which is added if it is new.
    pub fn intern(&mut self, key: &str) -> u32 {
        match self.find(key) {
            Ok(number) => number,
            Err(slot) => self.insert(key, slot),
        }
    }

    /// Counts a review of a key.
    pub fn count(&mut self, number: u32, rating: f32) {
        self.reviews[number as usize] += 1;
        self.stars[number as usize] += f64::from(rating);
    }

    /// Mean rating of a key.
    pub fn mean_rating(&self, number: u32) -> f64 {
        self.stars[number as usize] / f64::from(self.reviews[number as usize])
    }

    /// Numbers of those with most reviews, the most first; equal ones by key.
    pub fn top(&self, count: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        let reviews = |number: &u32| self.reviews[*number as usize];
        let compare = |a: &u32, b: &u32| reviews(b).cmp(&reviews(a)).then_with(|| self.key(*a).cmp(self.key(*b)));
        if count < order.len() {
            order.select_nth_unstable_by(count, compare);
            order.truncate(count);
        }
        order.sort_unstable_by(compare);
        order
    }

    /// The number of a key, or the slot where it belongs.
    fn find(&self, key: &str) -> Result<u32, usize> {
        let hash = xxh3_64(key.as_bytes());
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let found = self.slots[slot];
            if found == EMPTY {
                return Err(slot);
            }
            if found >> 32 == hash >> 32 && self.key(found as u32) == key {
                return Ok(found as u32);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn insert(&mut self, key: &str, slot: usize) -> u32 {
        let number = self.len() as u32;
        self.text.push_str(key);
        self.ends.push(self.text.len() as u32);
        self.reviews.push(0);
        self.stars.push(0.0);
        self.slots[slot] = xxh3_64(key.as_bytes()) >> 32 << 32 | u64::from(number);
        if self.len() * 10 > self.slots.len() * 6 {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        self.slots.clear();
        self.slots.resize(size, EMPTY);
        for number in 0..self.len() as u32 {
            let hash = xxh3_64(self.key(number).as_bytes());
            let mut slot = hash as usize & (size - 1);
            while self.slots[slot] != EMPTY {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = hash >> 32 << 32 | u64::from(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_keeps_its_number() {
        let mut keys = Keys::new(None);
        let all: Vec<String> = (0..5000).map(|number| format!("key {}", number * 7)).collect();
        for (number, key) in all.iter().enumerate() {
            assert_eq!(keys.intern(key), number as u32);
        }
        assert!((0..5000).all(|number| keys.number(&all[number]) == Some(number as u32)));
        assert_eq!((keys.number("key 1"), keys.key(3), keys.len()), (None, "key 21", 5000));
        assert_eq!(keys.intern(""), 5000);
        assert_eq!(keys.key(5000), "");
    }

    #[test]
    fn the_most_reviewed_come_first_and_equal_ones_by_key() {
        let mut keys = Keys::new(Some("user"));
        for (key, reviews) in [("c", 2), ("b", 2), ("a", 1), ("d", 5)] {
            let number = keys.intern(key);
            (0..reviews).for_each(|_| keys.count(number, 4.0));
        }
        let names: Vec<&str> = keys.top(3).into_iter().map(|number| keys.key(number)).collect();
        assert_eq!(names, ["d", "b", "c"]);
        assert_eq!((keys.name(0), keys.mean_rating(3)), ("user 1".to_owned(), 4.0));
    }
}
