//! User-item interactions as compressed sparse rows: one row a user, in time order.

/// One thing that a user did with an item.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interaction {
    /// Item index.
    pub item: u32,
    /// Strength or rating, as preprocessing wrote it (ratings: 1 to 5).
    pub weight: f32,
    /// When it happened: Unix seconds, UTC, from 1970 to 2106; see [`Interaction::time_of`].
    pub time: u32,
}

impl Interaction {
    /// The time of an interaction from Unix seconds; times before 1970 or after 2106 become the nearest
    /// that 32 bits can hold, which keeps an interaction at 12 bytes.
    pub fn time_of(seconds: i64) -> u32 {
        u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)
    }

    /// How strongly it speaks for the item: the rating if ratings count, else 1. Never negative, and 0
    /// for a rating that is not a number.
    pub(crate) fn strength(&self, use_ratings: bool) -> f32 {
        match self.weight {
            _ if !use_ratings => 1.0,
            weight if weight.is_finite() => weight.max(0.0),
            _ => 0.0,
        }
    }
}

/// Interactions of `users` users with `items` items, grouped by user, each user's oldest first.
///
/// Memory: 12 bytes an interaction and 8 a user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interactions {
    offsets: Vec<usize>,
    entries: Vec<Interaction>,
    items: usize,
}

impl Interactions {
    /// Groups `(user, interaction)` pairs by user and sorts each user's by time.
    ///
    /// Pairs of the same user and time keep their given order. `users` and `items` are the sizes of
    /// the index tables; `O(n log n)`. [`Filling`] does the same without a list of all pairs.
    ///
    /// # Panics
    /// If a user or item index lies outside the given sizes.
    pub fn from_pairs(users: usize, items: usize, pairs: &[(u32, Interaction)]) -> Self {
        let mut counts = vec![0; users];
        for (user, _) in pairs {
            counts[*user as usize] += 1;
        }
        let mut filling = Filling::new(items, &counts);
        for (user, entry) in pairs {
            filling.push(*user, *entry);
        }
        filling.finish()
    }

    /// Number of users, those without interactions included.
    pub fn user_count(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Number of items, those without interactions included.
    pub fn item_count(&self) -> usize {
        self.items
    }

    /// Number of interactions.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no interaction at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The history of `user`, oldest first; empty for a user index out of range.
    pub fn history(&self, user: u32) -> &[Interaction] {
        let user = user as usize;
        if user + 1 < self.offsets.len() { &self.entries[self.offsets[user]..self.offsets[user + 1]] } else { &[] }
    }

    /// All histories in the order of users.
    pub fn histories(&self) -> impl Iterator<Item = &[Interaction]> {
        self.offsets.windows(2).map(|pair| &self.entries[pair[0]..pair[1]])
    }

    /// The same interactions seen from the items: row = item, `item` field = user.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let pairs: Vec<(u32, Interaction)> = self
            .histories()
            .enumerate()
            .flat_map(|(user, history)| {
                history.iter().map(move |entry| (entry.item, Interaction { item: user as u32, ..*entry }))
            })
            .collect();
        Self::from_pairs(self.items, self.user_count(), &pairs)
    }

    /// Number of interactions of each item.
    pub fn item_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.items];
        for entry in &self.entries {
            counts[entry.item as usize] += 1;
        }
        counts
    }

    /// The same, with what a user did at one time in the order of the items' indices.
    #[must_use]
    pub fn with_ties_by_item(mut self) -> Self {
        for range in self.offsets.windows(2) {
            self.entries[range[0]..range[1]].sort_by_key(|entry| (entry.time, entry.item));
        }
        self
    }

    /// Both sets in one, as the history that a test user brings along (training and validation).
    ///
    /// # Panics
    /// If the two disagree about the number of users or items.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        assert_eq!((self.user_count(), self.items), (other.user_count(), other.items), "same index tables");
        let length = |set: &Self, user| set.history(user).len() as u32;
        let users = 0..self.user_count() as u32;
        let counts: Vec<u32> = users.clone().map(|user| length(self, user) + length(other, user)).collect();
        let mut filling = Filling::new(self.items, &counts);
        for user in users {
            self.history(user).iter().chain(other.history(user)).for_each(|entry| filling.push(user, *entry));
        }
        filling.finish()
    }
}

/// Interactions while they are filled in, user by user or in any order, with nothing kept beside them but
/// 8 bytes a user.
///
/// ```
/// use recommender::{Filling, Interaction};
///
/// let mut filling = Filling::new(3, &[0, 2]);
/// filling.push(1, Interaction { item: 2, weight: 5.0, time: 20 });
/// filling.push(1, Interaction { item: 0, weight: 5.0, time: 10 });
/// assert_eq!(filling.finish().history(1).iter().map(|entry| entry.item).collect::<Vec<_>>(), [0, 2]);
/// ```
#[derive(Debug)]
pub struct Filling {
    set: Interactions,
    /// Where the next entry of each user goes.
    next: Vec<usize>,
}

impl Filling {
    /// Room for interactions with `items` items, as many for each user as `counts` says.
    pub fn new(items: usize, counts: &[u32]) -> Self {
        let ends = counts.iter().scan(0, |end, count| {
            *end += *count as usize;
            Some(*end)
        });
        let offsets: Vec<usize> = std::iter::once(0).chain(ends).collect();
        let next = offsets[..counts.len()].to_vec();
        let entries = vec![Interaction { item: 0, weight: 0.0, time: 0 }; offsets[counts.len()]];
        Self { set: Interactions { offsets, entries, items }, next }
    }

    /// Adds an interaction of `user`.
    ///
    /// # Panics
    /// If the item index lies outside the given size, or the user has more interactions than was said.
    pub fn push(&mut self, user: u32, entry: Interaction) {
        let (user, items) = (user as usize, self.set.items);
        assert!((entry.item as usize) < items, "item index {} of {items}", entry.item);
        let place = self.next[user];
        assert!(place < self.set.offsets[user + 1], "user {user} has more interactions than was said");
        self.set.entries[place] = entry;
        self.next[user] += 1;
    }

    /// Sorts each user's by time; those of the same time keep the order in which they were added.
    ///
    /// # Panics
    /// If a user has fewer interactions than was said.
    pub fn finish(mut self) -> Interactions {
        assert_eq!(self.next, self.set.offsets[1..], "as many interactions of each user as was said");
        for range in self.set.offsets.windows(2) {
            let history = &mut self.set.entries[range[0]..range[1]];
            if !history.is_sorted_by_key(|entry| entry.time) {
                history.sort_by_key(|entry| entry.time);
            }
        }
        self.set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(item: u32, time: u32) -> Interaction {
        Interaction { item, weight: 4.0, time }
    }

    #[test]
    fn histories_are_in_time_order_and_ties_keep_theirs() {
        let pairs = [(1, entry(2, 9)), (0, entry(1, 5)), (1, entry(0, 3)), (1, entry(1, 9))];
        let interactions = Interactions::from_pairs(3, 3, &pairs);
        assert_eq!(interactions.history(1), [entry(0, 3), entry(2, 9), entry(1, 9)]);
        assert_eq!((interactions.history(2), interactions.history(7)), (&[][..], &[][..]));
        assert_eq!(interactions.item_counts(), [1, 2, 1]);
        assert_eq!(interactions.with_ties_by_item().history(1), [entry(0, 3), entry(1, 9), entry(2, 9)]);
    }

    #[test]
    fn transposing_exchanges_users_and_items() {
        let interactions = Interactions::from_pairs(2, 3, &[(0, entry(2, 1)), (1, entry(2, 2))]);
        let by_item = interactions.transposed();
        assert_eq!((by_item.user_count(), by_item.item_count(), by_item.len()), (3, 2, 2));
        assert_eq!(by_item.history(2), [entry(0, 1), entry(1, 2)]);
        assert_eq!(by_item.transposed(), interactions);
    }

    #[test]
    fn merging_keeps_both_in_time_order() {
        let train = Interactions::from_pairs(1, 3, &[(0, entry(0, 5))]);
        let validation = Interactions::from_pairs(1, 3, &[(0, entry(1, 1))]);
        assert_eq!(train.merged(&validation).history(0), [entry(1, 1), entry(0, 5)]);
    }

    #[test]
    fn strength_is_never_negative_and_always_a_number() {
        let of = |weight| Interaction { item: 0, weight, time: 0 }.strength(true);
        assert_eq!(vec![of(3.0), of(-1.0), of(f32::NAN), of(f32::INFINITY)], [3.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "user 0 has more interactions than was said")]
    fn more_interactions_than_was_said_are_refused() {
        let mut filling = Filling::new(3, &[1, 1]);
        filling.push(0, entry(0, 1));
        filling.push(0, entry(1, 2));
    }

    #[test]
    #[should_panic(expected = "as many interactions of each user as was said")]
    fn fewer_interactions_than_was_said_are_refused() {
        let mut filling = Filling::new(3, &[1, 1]);
        filling.push(0, entry(0, 1));
        filling.finish();
    }
}
