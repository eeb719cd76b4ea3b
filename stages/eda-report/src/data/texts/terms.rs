//! Words with the number of reviews that have them, in bounded tables.

use super::scan::lowered;

/// Distinct words of one piece of some megabytes; those that come later are not counted.
const PIECE_WORDS: usize = 1 << 17;
/// Distinct words of all pieces together before the rarest half is dropped.
const ALL_WORDS: usize = 1 << 19;
/// Longest word that is counted, in bytes.
const LONGEST: usize = 24;
/// Words that are kept in the end.
const KEPT: usize = 20_000;

const NO_ROW: u32 = u32::MAX;

/// Which group a rating belongs to: 0 below 3 stars, 1 below 4, 2 from 4 stars on.
pub fn rating_group(rating: f32) -> usize {
    if rating < 3.0 {
        0
    } else if rating < 4.0 {
        1
    } else {
        2
    }
}

/// A word and how many reviews have it in their text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The word, in lower case.
    pub text: String,
    /// Reviews that have it, by [`rating_group`].
    pub reviews: [u32; 3],
}

impl Term {
    /// Reviews that have it.
    pub fn all(&self) -> u64 {
        self.reviews.iter().map(|count| u64::from(*count)).sum()
    }
}

#[derive(Clone, Copy)]
struct Slot {
    hash: u64,
    /// Where the word stands in the buffer, and its length.
    start: u32,
    length: u32,
    /// The last review that had it, so that it counts once a review.
    last: u32,
    reviews: [u32; 3],
}

const FREE: Slot = Slot { hash: 0, start: 0, length: 0, last: NO_ROW, reviews: [0; 3] };

/// Words counted so far.
pub struct Terms {
    slots: Vec<Slot>,
    count: usize,
    limit: usize,
    text: String,
    /// Words in at most so many reviews may have been dropped.
    pub error: u64,
}

impl Terms {
    /// For one piece.
    pub fn of_piece() -> Self {
        Self::with_limit(PIECE_WORDS)
    }

    /// For all pieces.
    pub fn of_all() -> Self {
        Self::with_limit(ALL_WORDS)
    }

    fn with_limit(limit: usize) -> Self {
        Self { slots: vec![FREE; 1 << 12], count: 0, limit, text: String::new(), error: 0 }
    }

    /// Counts a word of a review, once a review.
    #[inline]
    pub fn count(&mut self, hash: u64, word: &str, row: u32, group: usize) {
        if word.len() > LONGEST || word.len() < 2 {
            return;
        }
        let slot = self.slot(hash);
        if self.slots[slot].length == 0 {
            if self.count == self.limit {
                self.error = self.error.max(1);
                return;
            }
            self.insert(slot, hash, &lowered(word));
            // The table may have grown.
            let slot = self.slot(hash);
            self.slots[slot].last = row;
            self.slots[slot].reviews[group] = 1;
        } else if self.slots[slot].last != row {
            self.slots[slot].last = row;
            self.slots[slot].reviews[group] += 1;
        }
    }

    /// Adds what was counted in the next piece; drops the rarest half where there are too many words.
    pub fn add(&mut self, piece: &Self) {
        for other in piece.slots.iter().filter(|slot| slot.length > 0) {
            let slot = self.slot(other.hash);
            if self.slots[slot].length == 0 {
                self.insert(slot, other.hash, piece.word(other));
            }
            let slot = self.slot(other.hash);
            for (count, more) in self.slots[slot].reviews.iter_mut().zip(other.reviews) {
                *count += more;
            }
        }
        self.error = self.error.max(piece.error);
        if self.count > self.limit {
            self.prune(self.limit / 2);
        }
    }

    /// The words in most reviews.
    pub fn most(mut self) -> (Vec<Term>, u64) {
        let mut terms: Vec<Slot> = self.slots.iter().filter(|slot| slot.length > 0).copied().collect();
        terms.sort_unstable_by(|a, b| all(b).cmp(&all(a)).then_with(|| self.word(a).cmp(self.word(b))));
        if let Some(first) = terms.get(KEPT) {
            self.error = self.error.max(all(first));
        }
        terms.truncate(KEPT);
        let term = |slot: &Slot| Term { text: self.word(slot).to_owned(), reviews: slot.reviews };
        (terms.iter().map(term).collect(), self.error)
    }

    fn prune(&mut self, kept: usize) {
        let mut slots: Vec<Slot> = self.slots.iter().filter(|slot| slot.length > 0).copied().collect();
        slots.sort_unstable_by(|a, b| all(b).cmp(&all(a)).then_with(|| self.word(a).cmp(self.word(b))));
        self.error = self.error.max(slots.get(kept).map_or(0, all));
        let mut pruned = Self::with_limit(self.limit);
        for slot in &slots[..kept.min(slots.len())] {
            let free = pruned.slot(slot.hash);
            pruned.insert(free, slot.hash, self.word(slot));
            let place = pruned.slot(slot.hash);
            pruned.slots[place].reviews = slot.reviews;
        }
        pruned.error = self.error;
        *self = pruned;
    }

    fn word(&self, slot: &Slot) -> &str {
        &self.text[slot.start as usize..(slot.start + slot.length) as usize]
    }

    /// The slot of a hash, or the free one where it belongs. Words are told apart by 64 bits of hash alone: among a
    /// million words two have the same with a chance of one in 37 million.
    #[inline]
    fn slot(&self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        while self.slots[slot].length > 0 && self.slots[slot].hash != hash {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn insert(&mut self, slot: usize, hash: u64, word: &str) {
        self.slots[slot] = Slot { hash, start: self.text.len() as u32, length: word.len() as u32, ..FREE };
        self.text.push_str(word);
        self.count += 1;
        if self.count * 2 > self.slots.len() {
            let size = self.slots.len() * 2;
            let old = std::mem::replace(&mut self.slots, vec![FREE; size]);
            for slot in old.into_iter().filter(|slot| slot.length > 0) {
                let place = self.slot(slot.hash);
                self.slots[place] = slot;
            }
        }
    }
}

fn all(slot: &Slot) -> u64 {
    slot.reviews.iter().map(|count| u64::from(*count)).sum()
}
