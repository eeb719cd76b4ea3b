//! The k-core of users and items: the largest set in which every user has enough items and every
//! item enough users.
//!
//! Peeling from the outside in: whoever has too few neighbours goes, which may leave others with too
//! few. Each edge is looked at twice at most, `O(interactions)`, however many rounds it takes. The
//! result is unique (Seidman 1983, doi 10.1016/0378-8733(83)90028-X), so the order of peeling and of
//! rows does not matter.

use serde::Serialize;

use crate::ratings::Rating;

/// One round of peeling: who had too few neighbours when it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Users removed.
    pub users: usize,
    /// Items removed.
    pub items: usize,
    /// Interactions removed with them.
    pub interactions: usize,
}

/// Who is in the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// By user index.
    pub users: Vec<bool>,
    /// By item index.
    pub items: Vec<bool>,
    /// What each round removed.
    pub rounds: Vec<Round>,
}

impl Core {
    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        !self.users.contains(&true)
    }
}

/// Users and items as one graph: nodes `0..users` are users, the rest are items.
pub struct Graph {
    offsets: Vec<usize>,
    neighbors: Vec<u32>,
    users: usize,
}

impl Graph {
    /// The graph of these ratings, each pair of user and item at most once.
    pub fn new(users: usize, items: usize, ratings: &[Rating]) -> Self {
        let mut offsets = vec![0_usize; users + items + 1];
        for entry in ratings {
            offsets[entry.user as usize + 1] += 1;
            offsets[users + entry.item as usize + 1] += 1;
        }
        for node in 0..users + items {
            offsets[node + 1] += offsets[node];
        }
        let mut next = offsets.clone();
        let mut neighbors = vec![0; 2 * ratings.len()];
        for entry in ratings {
            let (user, item) = (entry.user as usize, users + entry.item as usize);
            for (from, to) in [(user, item), (item, user)] {
                neighbors[next[from]] = to as u32;
                next[from] += 1;
            }
        }
        Self { offsets, neighbors, users }
    }

    /// The core in which users have at least `min_user` items and items at least `min_item` users.
    pub fn core(&self, min_user: u32, min_item: u32) -> Core {
        let nodes = self.offsets.len() - 1;
        let bound = |node: usize| if node < self.users { min_user as usize } else { min_item as usize };
        let mut degrees: Vec<usize> = self.offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mut alive = vec![true; nodes];
        let mut rounds = Vec::new();
        let mut leaving: Vec<usize> = (0..nodes).filter(|node| degrees[*node] < bound(*node)).collect();
        while !leaving.is_empty() {
            let mut round = Round::default();
            let mut next = Vec::new();
            for node in leaving {
                alive[node] = false;
                *(if node < self.users { &mut round.users } else { &mut round.items }) += 1;
                for neighbor in &self.neighbors[self.offsets[node]..self.offsets[node + 1]] {
                    let neighbor = *neighbor as usize;
                    if alive[neighbor] {
                        round.interactions += 1;
                        degrees[neighbor] -= 1;
                        // Only the step below the bound queues a node, so each is queued once.
                        if degrees[neighbor] + 1 == bound(neighbor) {
                            next.push(neighbor);
                        }
                    }
                }
            }
            rounds.push(round);
            leaving = next;
        }
        let items = alive.split_off(self.users);
        Core { users: alive, items, rounds }
    }

    /// The largest cap `c` for which the core of `min(c, min_user)` and `min(c, min_item)` has
    /// somebody in it; 0 for a graph without edges.
    pub fn largest_cap(&self, min_user: u32, min_item: u32) -> u32 {
        let (mut has, mut empty) = (0, min_user.max(min_item) + 1);
        while has + 1 < empty {
            let middle = u32::midpoint(has, empty);
            if self.core(middle.min(min_user), middle.min(min_item)).is_empty() {
                empty = middle;
            } else {
                has = middle;
            }
        }
        has
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_set, prelude::*};

    use super::*;

    fn graph(users: usize, items: usize, pairs: &[(u32, u32)]) -> Graph {
        let ratings: Vec<Rating> = pairs
            .iter()
            .map(|(user, item)| Rating { user: *user, item: *item, value: 5.0, length: 0, time: 0, is_test: false })
            .collect();
        Graph::new(users, items, &ratings)
    }

    /// Users 0 and 1 share items 0 and 1. User 2 hangs on by item 1 and, through item 2 that nobody
    /// else has, has two items at first.
    const CHAIN: [(u32, u32); 6] = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (2, 2)];

    #[test]
    fn peeling_goes_round_by_round() {
        let core = graph(3, 3, &CHAIN).core(2, 2);
        // Round 1: item 2 has one user. Round 2: that leaves user 2 with one item. Item 1 keeps two.
        assert_eq!(
            core,
            Core {
                users: vec![true, true, false],
                items: vec![true, true, false],
                rounds: vec![
                    Round { users: 0, items: 1, interactions: 1 },
                    Round { users: 1, items: 0, interactions: 1 }
                ],
            }
        );
    }

    #[test]
    fn bounds_of_one_only_drop_the_isolated() {
        let core = graph(4, 3, &CHAIN).core(1, 1);
        assert_eq!(core.users, [true, true, true, false]);
        assert_eq!(core.items, [true; 3]);
    }

    #[test]
    fn the_largest_cap_is_the_last_that_leaves_something() {
        let graph = graph(3, 3, &CHAIN);
        assert_eq!(graph.largest_cap(5, 5), 2);
        // Items may be rare: users 0 to 2 have two items each.
        assert_eq!(graph.largest_cap(5, 1), 2);
    }

    /// The definition, one removal at a time.
    fn by_definition(
        users: usize,
        items: usize,
        pairs: &[(u32, u32)],
        min_user: u32,
        min_item: u32,
    ) -> Vec<(u32, u32)> {
        let mut left = pairs.to_vec();
        loop {
            let user_degree = |user| left.iter().filter(|pair| pair.0 == user).count();
            let item_degree = |item| left.iter().filter(|pair| pair.1 == item).count();
            let bad_user = (0..users as u32).find(|user| (1..min_user as usize).contains(&user_degree(*user)));
            let bad_item = (0..items as u32).find(|item| (1..min_item as usize).contains(&item_degree(*item)));
            match (bad_user, bad_item) {
                (Some(user), _) => left.retain(|pair| pair.0 != user),
                (None, Some(item)) => left.retain(|pair| pair.1 != item),
                (None, None) => return left,
            }
        }
    }

    proptest! {
        #[test]
        fn the_core_is_the_one_of_the_definition(
            pairs in btree_set((0..8_u32, 0..8_u32), 0..50), min_user in 1..5_u32, min_item in 1..5_u32,
        ) {
            let pairs: Vec<(u32, u32)> = pairs.into_iter().collect();
            let core = graph(8, 8, &pairs).core(min_user, min_item);
            let kept: Vec<(u32, u32)> = pairs
                .iter()
                .copied()
                .filter(|(user, item)| core.users[*user as usize] && core.items[*item as usize])
                .collect();
            prop_assert_eq!(&kept, &by_definition(8, 8, &pairs, min_user, min_item));
            let removed: usize = core.rounds.iter().map(|round| round.interactions).sum();
            prop_assert_eq!(pairs.len() - removed, kept.len());
            for (user, kept_user) in core.users.iter().enumerate() {
                prop_assert_eq!(*kept_user, kept.iter().any(|pair| pair.0 == user as u32));
            }
        }
    }
}
