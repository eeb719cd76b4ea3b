//! Peeling: each user, item and review is taken out at most once for all k together, so the cost is linear.

use crate::data::{Data, Reviews};

/// What a core has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub users: u64,
    pub items: u64,
    pub pairs: u64,
    pub reviews: u64,
}

/// A user or an item.
#[derive(Clone, Copy)]
enum Unit {
    User(u32),
    Item(u32),
}

/// Marks a user or item that is taken out, in place of its number of partners.
const OUT: u32 = u32::MAX;

struct Peeling<'a> {
    reviews: &'a Reviews,
    /// Whether a row is the first of its pair.
    is_first: Vec<bool>,
    /// Whether a row is taken out.
    is_gone: Vec<bool>,
    /// Partners that are left of each user, and of each item.
    users: Vec<u32>,
    items: Vec<u32>,
    queue: Vec<Unit>,
    left: Left,
}

/// The cores for ascending k: each is peeled from the one before, as cores lie within one another.
pub(super) fn cores(data: &Data, ks: &[u32]) -> Vec<Left> {
    let mut peeling = Peeling::new(data);
    ks.iter().map(|k| peeling.peel(*k)).collect()
}

impl<'a> Peeling<'a> {
    fn new(data: &'a Data) -> Self {
        let reviews = &data.reviews;
        // Rows of an item are sorted by user, so that the rows of a pair follow one another.
        let pair = |row: usize| (reviews.item[row], reviews.user[row]);
        let is_first: Vec<bool> = (0..reviews.len()).map(|row| row == 0 || pair(row) != pair(row - 1)).collect();
        let (mut users, mut items) = (vec![0; data.users.len()], vec![0; data.items.len()]);
        let mut pairs = 0;
        for row in (0..reviews.len()).filter(|row| is_first[*row]) {
            users[reviews.user[row] as usize] += 1;
            items[reviews.item[row] as usize] += 1;
            pairs += 1;
        }
        let left = Left { users: users.len() as u64, items: items.len() as u64, pairs, reviews: reviews.len() as u64 };
        Self { reviews, is_gone: vec![false; is_first.len()], is_first, users, items, queue: Vec::new(), left }
    }

    fn peel(&mut self, k: u32) -> Left {
        for user in 0..self.users.len() {
            if self.users[user] < k {
                self.take_user(user as u32);
            }
        }
        for item in 0..self.items.len() {
            if self.items[item] < k {
                self.take_item(item as u32);
            }
        }
        while let Some(unit) = self.queue.pop() {
            match unit {
                Unit::User(user) => {
                    for row in self.reviews.of_user(user) {
                        self.drop_row(*row as usize, k, true);
                    }
                }
                Unit::Item(item) => {
                    for row in self.reviews.of_item(item) {
                        self.drop_row(row, k, false);
                    }
                }
            }
        }
        self.left
    }

    fn take_user(&mut self, user: u32) {
        self.users[user as usize] = OUT;
        self.left.users -= 1;
        self.queue.push(Unit::User(user));
    }

    fn take_item(&mut self, item: u32) {
        self.items[item as usize] = OUT;
        self.left.items -= 1;
        self.queue.push(Unit::Item(item));
    }

    /// Takes out a row with its user, or else with its item. Where both are to be taken out, it comes twice.
    fn drop_row(&mut self, row: usize, k: u32, is_user: bool) {
        if std::mem::replace(&mut self.is_gone[row], true) {
            return;
        }
        self.left.reviews -= 1;
        if !self.is_first[row] {
            return;
        }
        self.left.pairs -= 1;
        let (user, item) = (self.reviews.user[row], self.reviews.item[row]);
        let partners = if is_user { &mut self.items[item as usize] } else { &mut self.users[user as usize] };
        if *partners == OUT {
            return;
        }
        *partners -= 1;
        if *partners < k {
            if is_user { self.take_item(item) } else { self.take_user(user) }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::data::fixture::{Row, data, row};

    /// By the definition: take out who has too few partners until nobody has.
    fn plain(rows: &[(u8, u8)], k: u32) -> Left {
        let mut left = rows.to_vec();
        loop {
            let mut pairs = left.clone();
            pairs.sort_unstable();
            pairs.dedup();
            let (mut users, mut items) = (BTreeMap::new(), BTreeMap::new());
            for (user, item) in &pairs {
                *users.entry(*user).or_insert(0) += 1;
                *items.entry(*item).or_insert(0) += 1;
            }
            let before = left.len();
            left.retain(|(user, item)| users[user] >= k && items[item] >= k);
            if left.len() == before {
                let [users, items] = [users.len(), items.len()].map(|count| count as u64);
                return Left { users, items, pairs: pairs.len() as u64, reviews: left.len() as u64 };
            }
        }
    }

    proptest! {
        #[test]
        fn cores_are_those_of_the_definition_and_nested(
            pairs in proptest::collection::vec((0_u8..12, 0_u8..9), 1..120),
        ) {
            let rows: Vec<Row> =
                pairs.iter().map(|(user, item)| row(&format!("u{user}"), &format!("i{item}"), 5.0, 0)).collect();
            let ks = [1, 2, 3, 5, 10];
            let found = cores(&data(&rows), &ks);
            for (k, found) in ks.into_iter().zip(&found) {
                prop_assert_eq!(*found, plain(&pairs, k), "k = {}", k);
            }
            prop_assert!(found.is_sorted_by(|a, b| a.users >= b.users && a.items >= b.items && a.reviews >= b.reviews));
        }
    }
}
