//! Counts over the three parts.

use super::{Leakage, Order, PartSize, SharedPairs};
use crate::data::{Brief, Data, NONE};

pub fn measure(data: &Data) -> Option<Leakage> {
    let parts = data.parts.as_ref()?;
    let split = data.preprocessing.as_ref().and_then(|figures| figures.pointer("/parameters/split")?.as_str());
    let known = Known::of(&parts.train);
    Some(Leakage {
        split: split.map(str::to_owned),
        parts: [&parts.train, &parts.validation, &parts.test].map(size),
        shared: shared(&parts.train, &parts.validation, &parts.test),
        validation: known.order(&parts.validation, &parts.train),
        test: known.order(&parts.test, &parts.train),
    })
}

fn size(part: &Brief) -> PartSize {
    PartSize { rows: part.len() as u64, first: part.time.iter().min().copied(), last: part.time.iter().max().copied() }
}

/// Pairs of a part, ascending.
fn pairs(part: &Brief) -> Vec<u64> {
    let mut pairs: Vec<u64> =
        part.user.iter().zip(&part.item).map(|(user, item)| u64::from(*user) << 32 | u64::from(*item)).collect();
    pairs.sort_unstable();
    pairs
}

fn shared(train: &Brief, validation: &Brief, test: &Brief) -> SharedPairs {
    let mut found = SharedPairs::default();
    let [train, validation, test] = [train, validation, test].map(|part| {
        let mut pairs = pairs(part);
        let rows = pairs.len();
        pairs.dedup();
        found.repeated_within += (rows - pairs.len()) as u64;
        pairs
    });
    found.train_validation = common(&validation, &train);
    found.train_test = common(&test, &train);
    found.validation_test = common(&test, &validation);
    found
}

/// How many of the numbers the other list has, too; both ascend, each number once.
fn common(one: &[u64], other: &[u64]) -> u64 {
    let (mut rest, mut found) = (other, 0);
    for pair in one {
        rest = &rest[rest.partition_point(|other| other < pair)..];
        found += u64::from(rest.first() == Some(pair));
    }
    found
}

/// What train knows.
struct Known {
    /// Latest time of each user; the smallest number where there is none.
    last_of_user: Vec<i64>,
    /// First time of each item; the largest number where there is none.
    first_of_item: Vec<i64>,
}

impl Known {
    fn of(train: &Brief) -> Self {
        let (mut last_of_user, mut first_of_item) = (vec![i64::MIN; train.users], vec![i64::MAX; train.items]);
        for row in 0..train.len() {
            let (user, item, time) = (train.user[row] as usize, train.item[row] as usize, train.time[row]);
            if let Some(last) = last_of_user.get_mut(user) {
                *last = time.max(*last);
            }
            if let Some(first) = first_of_item.get_mut(item) {
                *first = time.min(*first);
            }
        }
        Self { last_of_user, first_of_item }
    }

    fn order(&self, part: &Brief, train: &Brief) -> Order {
        let mut found = Order { rows: part.len() as u64, ..Order::default() };
        for row in 0..part.len() {
            let (user, item, time) = (part.user[row], part.item[row], part.time[row]);
            // A key that no review has is none of train either.
            let last = self.last_of_user.get(user as usize).filter(|last| user != NONE && **last > i64::MIN);
            if let Some(last) = last {
                found.of_known_users += 1;
                found.before_train += u64::from(time < *last);
                found.same_time += u64::from(time == *last);
            }
            let first = self.first_of_item.get(item as usize).filter(|first| item != NONE && **first < i64::MAX);
            if let Some(first) = first {
                found.of_known_items += 1;
                found.of_future_items += u64::from(time < *first);
            }
        }
        if let Some(first) = part.time.iter().min() {
            found.train_rows_after = train.time.iter().filter(|time| *time > first).count() as u64;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Params,
        data::fixture::{Fixture, data, row},
    };

    #[test]
    fn parts_by_hand() {
        let train =
            vec![row("u", "a", 5.0, 10), row("u", "b", 5.0, 20), row("v", "a", 4.0, 30), row("v", "a", 4.0, 31)];
        let validation = vec![row("u", "a", 5.0, 20)];
        // Before the user's last of train; after it; of an unknown user, before the first of the item; unknown item.
        let test = vec![row("u", "b", 1.0, 15), row("v", "b", 1.0, 40), row("w", "a", 1.0, 5), row("v", "c", 1.0, 41)];
        let fixture = Fixture {
            rows: [train.clone(), validation.clone(), test.clone()].concat(),
            parts: Some([train, validation, test]),
            json: [("preprocessing", json!({"parameters": {"split": "random"}}))].into(),
            ..Fixture::default()
        };
        let found = measure(&fixture.data(&Params::default())).unwrap();
        let shared = SharedPairs { train_validation: 1, train_test: 1, validation_test: 0, repeated_within: 1 };
        assert_eq!((found.split.as_deref(), found.shared), (Some("random"), shared));
        let test = Order {
            rows: 4,
            of_known_users: 3,
            before_train: 1,
            same_time: 0,
            of_known_items: 3,
            // The second is of item b after its first row at 20; the first and the third are before.
            of_future_items: 2,
            train_rows_after: 4,
        };
        assert_eq!(found.test, test);
        assert_eq!((found.validation.before_train, found.validation.same_time), (0, 1));
        assert_eq!(found.parts[2], PartSize { rows: 4, first: Some(5), last: Some(41) });
        assert!(measure(&data(&[row("u", "a", 1.0, 0)])).is_none());
    }
}
