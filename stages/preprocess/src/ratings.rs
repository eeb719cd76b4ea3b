//! Ratings by dense indices, with the keys that the indices stand for.
//!
//! Indices are the ranks of the sorted keys and entries are sorted, so nothing depends on the order
//! in which reviews come. Texts are not kept: of a review only the length of its text is needed.

use crate::params::Repeated;

/// One user's rating of one item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rating {
    /// User index.
    pub user: u32,
    /// Item index.
    pub item: u32,
    /// 1 to 5.
    pub value: f32,
    /// Characters of the review's text; 0 without one.
    pub length: u32,
    /// Unix seconds, UTC.
    pub time: i64,
    /// Whether the input says that it belongs to test.
    pub is_test: bool,
}

/// Ratings and the keys of their users and items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ratings {
    /// User keys in the order of indices, which is the order of keys.
    pub users: Vec<String>,
    /// Item keys in the order of indices, which is the order of keys.
    pub items: Vec<String>,
    /// The ratings; sorted as the function that made them says.
    pub entries: Vec<Rating>,
}

impl Ratings {
    /// One rating a user and item, sorted by both. A pair that is in test and elsewhere is not tested:
    /// nobody is recommended what they chose before.
    pub fn merged(mut self, repeated: Repeated) -> Self {
        self.entries.sort_unstable_by(|a, b| {
            (a.user, a.item, a.is_test, a.time)
                .cmp(&(b.user, b.item, b.is_test, b.time))
                .then(a.value.total_cmp(&b.value))
                .then(a.length.cmp(&b.length))
        });
        self.entries = self
            .entries
            .chunk_by(|a, b| (a.user, a.item) == (b.user, b.item))
            .map(|same| &same[..same.partition_point(|entry| entry.is_test == same[0].is_test)])
            .map(|same| match repeated {
                Repeated::First => same[0],
                Repeated::Latest => same[same.len() - 1],
                Repeated::Mean => {
                    let sum: f64 = same.iter().map(|entry| f64::from(entry.value)).sum();
                    Rating { value: (sum / same.len() as f64) as f32, ..same[same.len() - 1] }
                }
            })
            .collect();
        self
    }

    /// The same ratings beside more items; keys that are known already change nothing.
    pub fn with_items(self, more: impl IntoIterator<Item = String>) -> Self {
        let mut items: Vec<String> = more.into_iter().chain(self.items.iter().cloned()).collect();
        items.sort_unstable();
        items.dedup();
        let new_item = |key: &String| items.partition_point(|other| other < key) as u32;
        let new_items: Vec<u32> = self.items.iter().map(new_item).collect();
        let moved = |entry: Rating| Rating { item: new_items[entry.item as usize], ..entry };
        Self { users: self.users, items, entries: self.entries.into_iter().map(moved).collect() }
    }

    /// The ratings for which `keep` is true, of users and items for which it is true; indices are
    /// given out anew without gaps.
    pub fn restricted(self, keep_user: &[bool], keep_item: &[bool]) -> Self {
        let (users, new_user) = renumbered(self.users, keep_user);
        let (items, new_item) = renumbered(self.items, keep_item);
        let entries = self
            .entries
            .into_iter()
            .filter(|entry| keep_user[entry.user as usize] && keep_item[entry.item as usize])
            .map(|entry| Rating { user: new_user[entry.user as usize], item: new_item[entry.item as usize], ..entry })
            .collect();
        Self { users, items, entries }
    }
}

/// The kept keys, and for each old index its new one.
fn renumbered(keys: Vec<String>, keep: &[bool]) -> (Vec<String>, Vec<u32>) {
    let mut next = 0;
    let numbers = keep
        .iter()
        .map(|keep| {
            let number = next;
            next += u32::from(*keep);
            number
        })
        .collect();
    let kept = keys.into_iter().zip(keep).filter(|(_, keep)| **keep).map(|(key, _)| key).collect();
    (kept, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rating(user: u32, item: u32, rating: f32, time: i64) -> Rating {
        Rating { user, item, value: rating, length: 0, time, is_test: false }
    }

    fn twice() -> Ratings {
        Ratings {
            users: vec!["a".into()],
            items: vec!["x".into(), "y".into()],
            entries: vec![rating(0, 1, 5.0, 30), rating(0, 0, 2.0, 20), rating(0, 0, 4.0, 10), rating(0, 0, 3.0, 20)],
        }
    }

    #[test]
    fn repeated_reviews_leave_one_rating() {
        let first = |repeated| twice().merged(repeated).entries[0];
        assert_eq!(first(Repeated::Latest), rating(0, 0, 3.0, 20));
        assert_eq!(first(Repeated::First), rating(0, 0, 4.0, 10));
        // (4 + 2 + 3) / 3 = 3, at the newest time.
        assert_eq!(first(Repeated::Mean), rating(0, 0, 3.0, 20));
        assert_eq!(twice().merged(Repeated::Mean).entries.len(), 2);
    }

    #[test]
    fn a_pair_of_train_and_test_is_not_tested() {
        let mut both = twice();
        both.entries[1] = Rating { is_test: true, ..both.entries[1] };
        both.entries[0] = Rating { is_test: true, ..both.entries[0] };
        let merged = both.merged(Repeated::Latest).entries;
        assert_eq!(merged, [rating(0, 0, 3.0, 20), Rating { is_test: true, ..rating(0, 1, 5.0, 30) }]);
    }

    #[test]
    fn more_items_keep_the_order_of_keys_and_the_items_of_ratings() {
        let more = twice().with_items(["z", "w", "y", "xx"].map(str::to_owned));
        assert_eq!(more.items, ["w", "x", "xx", "y", "z"]);
        let key = |ratings: &Ratings, row: usize| ratings.items[ratings.entries[row].item as usize].clone();
        assert!((0..4).all(|row| key(&more, row) == key(&twice(), row)));
    }

    #[test]
    fn restriction_closes_the_gaps() {
        let kept = twice().restricted(&[true], &[false, true]);
        assert_eq!(kept.items, ["y"]);
        assert_eq!(kept.entries, [rating(0, 0, 5.0, 30)]);
    }
}
