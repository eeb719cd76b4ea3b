//! User-item interactions as compressed sparse rows: one row a user, in time order.

/// One thing that a user did with an item.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interaction {
    /// Item index.
    pub item: u32,
    /// Strength or rating, as preprocessing wrote it (ratings: 1 to 5).
    pub weight: f32,
    /// When it happened: Unix seconds, UTC.
    pub time: i64,
}

/// Interactions of `users` users with `items` items, grouped by user, each user's oldest first.
///
/// Memory: 16 bytes an interaction and 8 a user.
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
    /// the index tables; `O(n log n)`.
    ///
    /// # Panics
    /// If a user or item index lies outside the given sizes.
    pub fn from_pairs(users: usize, items: usize, pairs: &[(u32, Interaction)]) -> Self {
        let mut offsets = vec![0_usize; users + 1];
        for (user, entry) in pairs {
            assert!((entry.item as usize) < items, "item index {} of {items}", entry.item);
            offsets[*user as usize + 1] += 1;
        }
        for user in 0..users {
            offsets[user + 1] += offsets[user];
        }
        let mut next = offsets.clone();
        let mut entries = vec![Interaction { item: 0, weight: 0.0, time: 0 }; pairs.len()];
        for (user, entry) in pairs {
            let slot = &mut next[*user as usize];
            entries[*slot] = *entry;
            *slot += 1;
        }
        for user in 0..users {
            entries[offsets[user]..offsets[user + 1]].sort_by_key(|entry| entry.time);
        }
        Self { offsets, entries, items }
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

    /// Both sets in one, as the history that a test user brings along (training and validation).
    ///
    /// # Panics
    /// If the two disagree about the number of users or items.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        assert_eq!((self.user_count(), self.items), (other.user_count(), other.items), "same index tables");
        let pairs: Vec<(u32, Interaction)> = [self, other]
            .into_iter()
            .flat_map(|set| {
                set.histories()
                    .enumerate()
                    .flat_map(|(user, history)| history.iter().map(move |entry| (user as u32, *entry)))
            })
            .collect();
        Self::from_pairs(self.user_count(), self.items, &pairs)
    }
}
