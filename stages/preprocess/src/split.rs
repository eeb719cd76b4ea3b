//! Divides interactions into train, validation and test without letting the future leak back.
//!
//! Times in review files often have the resolution of a day, and the order of rows within a day is
//! that of the item keys. A split by row order would hand that order to the models; here a hash of
//! (seed, user, item) decides between equal times. A given test part stays as it is, and validation is
//! carved out of the other rows.

use serde::Serialize;

use crate::{
    params::{Params, Split},
    ratings::{Rating, Ratings},
};

/// Where an interaction goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Models learn from it.
    Train,
    /// Parameters and blends are chosen by it.
    Validation,
    /// Quality is measured by it.
    Test,
}

/// The moments that a temporal split cuts at: interactions of that second or later are newer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cuts {
    /// First second of validation, Unix seconds; none where validation is empty.
    pub validation_from: Option<i64>,
    /// First second of test, Unix seconds; none where test is empty.
    pub test_from: Option<i64>,
}

/// Where each interaction goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Aligned with the ratings' entries.
    pub parts: Vec<Part>,
    /// For the temporal split.
    pub cuts: Option<Cuts>,
}

/// Sorts the entries by user, time and a seeded hash, and assigns each to a part.
pub fn split(ratings: &mut Ratings, params: &Params) -> Assignment {
    let hashes = sort_by_time(ratings, params.seed);
    let entries = &ratings.entries;
    let cuts = matches!(params.split, Split::Temporal).then(|| temporal_cuts(entries, params));
    let parts = match params.split {
        Split::LeaveLastOut => leave_last_out(entries),
        Split::TemporalPerUser => last_of_each(entries, params),
        Split::Temporal => entries.iter().map(|entry| by_time(entry.time, cuts.unwrap_or_default())).collect(),
        Split::Random => hashes.iter().map(|hash| by_hash(*hash, params)).collect(),
        Split::Given => given(ratings, &hashes, params),
    };
    Assignment { parts, cuts }
}

/// Sorts by user, time, hash; returns the hashes in the new order.
fn sort_by_time(ratings: &mut Ratings, seed: u64) -> Vec<u64> {
    let Ratings { users, items, entries } = ratings;
    let mut hashed: Vec<(u64, Rating)> = entries
        .iter()
        .map(|entry| (hash(seed, &users[entry.user as usize], &items[entry.item as usize]), *entry))
        .collect();
    hashed.sort_unstable_by_key(|(hash, entry)| (entry.user, entry.time, *hash, entry.item));
    entries.clear();
    entries.extend(hashed.iter().map(|(_, entry)| *entry));
    hashed.into_iter().map(|(hash, _)| hash).collect()
}

/// A hash of the keys and not of the indices: an interaction keeps it whatever else is filtered out.
fn hash(seed: u64, user: &str, item: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(&(user.len() as u64).to_le_bytes());
    hasher.update(user.as_bytes()).update(item.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first)
}

fn leave_last_out(entries: &[Rating]) -> Vec<Part> {
    let mut parts = vec![Part::Train; entries.len()];
    let mut end = 0;
    for history in entries.chunk_by(|a, b| a.user == b.user) {
        end += history.len();
        if history.len() >= 3 {
            parts[end - 2] = Part::Validation;
            parts[end - 1] = Part::Test;
        }
    }
    parts
}

/// The newest shares of every user, rounded; at least one interaction stays in train.
fn last_of_each(entries: &[Rating], params: &Params) -> Vec<Part> {
    let mut parts = Vec::with_capacity(entries.len());
    for history in entries.chunk_by(|a, b| a.user == b.user) {
        let rows = |ratio: f64| (history.len() as f64 * ratio).round() as usize;
        let test = rows(params.test_ratio).min(history.len() - 1);
        let validation = rows(params.validation_ratio).min(history.len() - 1 - test);
        parts.extend(std::iter::repeat_n(Part::Train, history.len() - test - validation));
        parts.extend(std::iter::repeat_n(Part::Validation, validation));
        parts.extend(std::iter::repeat_n(Part::Test, test));
    }
    parts
}

fn by_time(time: i64, cuts: Cuts) -> Part {
    let is_from = |cut: Option<i64>| cut.is_some_and(|cut| time >= cut);
    if is_from(cuts.test_from) {
        Part::Test
    } else if is_from(cuts.validation_from) {
        Part::Validation
    } else {
        Part::Train
    }
}

fn by_hash(hash: u64, params: &Params) -> Part {
    let draw = uniform(hash);
    if draw < params.test_ratio {
        Part::Test
    } else if draw < params.test_ratio + params.validation_ratio {
        Part::Validation
    } else {
        Part::Train
    }
}

/// A uniform number from 0 to below 1: 53 bits fill a double exactly.
fn uniform(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// Rows of test stay there. Of each user's other rows about `validation_ratio` become validation, those
/// with the smallest hashes; what is left over of a whole number decides by chance, and one row stays.
fn given(ratings: &Ratings, hashes: &[u64], params: &Params) -> Vec<Part> {
    let part = |entry: &Rating| if entry.is_test { Part::Test } else { Part::Train };
    let mut parts: Vec<Part> = ratings.entries.iter().map(part).collect();
    let mut start = 0;
    for history in ratings.entries.chunk_by(|a, b| a.user == b.user) {
        let rows = start..start + history.len();
        start = rows.end;
        let mut own: Vec<usize> = rows.filter(|row| parts[*row] == Part::Train).collect();
        let draw = uniform(hash(params.seed, &ratings.users[history[0].user as usize], ""));
        let share = (own.len() as f64 * params.validation_ratio + draw) as usize;
        own.sort_unstable_by_key(|row| hashes[*row]);
        let most = own.len().saturating_sub(1);
        own.iter().take(share.min(most)).for_each(|row| parts[*row] = Part::Validation);
    }
    parts
}

fn temporal_cuts(entries: &[Rating], params: &Params) -> Cuts {
    let mut times: Vec<i64> = entries.iter().map(|entry| entry.time).collect();
    times.sort_unstable();
    let rows = |ratio: f64| (times.len() as f64 * ratio).round() as usize;
    let test = cut(&times, rows(params.test_ratio));
    let before = times.partition_point(|time| test.is_none_or(|cut| *time < cut));
    let validation = cut(&times[..before], rows(params.validation_ratio));
    Cuts { validation_from: validation, test_from: test }
}

/// The second from which about `wanted` of the sorted times are: a second is never divided, so of
/// the two nearest cuts the one with the nearer count is taken, and the larger count if both are.
fn cut(times: &[i64], wanted: usize) -> Option<i64> {
    let first = *times.get(times.len().checked_sub(wanted.max(1))?)?;
    if wanted == 0 {
        return None;
    }
    let with = times.len() - times.partition_point(|time| *time < first);
    let next = times.partition_point(|time| *time <= first);
    let without = times.len() - next;
    if with - wanted <= wanted - without { Some(first) } else { times.get(next).copied() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn ratings(rows: &[(u32, u32, i64)]) -> Ratings {
        let users = rows.iter().map(|row| row.0 + 1).max().unwrap_or(0);
        let items = rows.iter().map(|row| row.1 + 1).max().unwrap_or(0);
        Ratings {
            users: (0..users).map(|user| format!("user-{user:03}")).collect(),
            items: (0..items).map(|item| format!("item-{item:03}")).collect(),
            entries: rows
                .iter()
                .map(|(user, item, time)| Rating {
                    user: *user,
                    item: *item,
                    value: 5.0,
                    length: 0,
                    time: *time,
                    is_test: false,
                })
                .collect(),
        }
    }

    fn parts_of(rows: &[(u32, u32, i64)], params: &Params) -> Vec<(u32, u32, Part)> {
        let mut ratings = ratings(rows);
        let parts = split(&mut ratings, params).parts;
        ratings.entries.iter().zip(parts).map(|(entry, part)| (entry.user, entry.item, part)).collect()
    }

    #[test]
    fn the_last_is_test_and_the_one_before_validation() {
        use Part::{Test, Train, Validation};
        let rows = [(0, 0, 40), (0, 1, 10), (0, 2, 30), (0, 3, 20), (1, 0, 5), (1, 1, 6)];
        // User 0 by time: items 1, 3, 2, 0. User 1 has two interactions only: all of them train.
        let expected = [(0, 1, Train), (0, 3, Train), (0, 2, Validation), (0, 0, Test), (1, 0, Train), (1, 1, Train)];
        assert_eq!(parts_of(&rows, &Params::default()), expected);
    }

    #[test]
    fn equal_times_are_ordered_by_seed_and_not_by_item() {
        let rows: Vec<(u32, u32, i64)> = (0..40).flat_map(|user| (0..4).map(move |item| (user, item, 7))).collect();
        let test_items = |seed| -> Vec<u32> {
            let parts = parts_of(&rows, &Params { seed, ..Params::default() });
            parts.into_iter().filter(|row| row.2 == Part::Test).map(|row| row.1).collect()
        };
        let items: BTreeSet<u32> = test_items(1).into_iter().collect();
        assert_eq!(items, BTreeSet::from([0, 1, 2, 3]), "every item is last for some user");
        assert_eq!(test_items(1), test_items(1));
        assert_ne!(test_items(1), test_items(2));
    }

    #[test]
    fn a_temporal_split_cuts_between_seconds() {
        let rows: Vec<(u32, u32, i64)> = (0..10).map(|row| (row % 3, row / 3, i64::from(row) * 10)).collect();
        let params = Params { split: Split::Temporal, validation_ratio: 0.2, test_ratio: 0.3, ..Params::default() };
        let mut all = ratings(&rows);
        let assignment = split(&mut all, &params);
        // Times 0 to 90: the newest three are 70, 80, 90; the two before them 50 and 60.
        assert_eq!(assignment.cuts, Some(Cuts { validation_from: Some(50), test_from: Some(70) }));
        for (entry, part) in all.entries.iter().zip(assignment.parts) {
            let expected = match entry.time {
                ..50 => Part::Train,
                50..70 => Part::Validation,
                70.. => Part::Test,
            };
            assert_eq!(part, expected, "time {}", entry.time);
        }
    }

    #[test]
    fn a_split_per_user_takes_the_newest_share_of_each() {
        use Part::{Test, Train, Validation};
        // User 0 has five interactions: 0.4 of them are two, 0.2 one. User 1 has one, which stays.
        let rows = [(0, 0, 50), (0, 1, 10), (0, 2, 30), (0, 3, 20), (0, 4, 40), (1, 0, 99)];
        let split = Split::TemporalPerUser;
        let params = Params { split, validation_ratio: 0.2, test_ratio: 0.4, ..Params::default() };
        let expected = [(0, 1, Train), (0, 3, Train), (0, 2, Validation), (0, 4, Test), (0, 0, Test), (1, 0, Train)];
        assert_eq!(parts_of(&rows, &params), expected);
        // Rounding must not take everything: 0.4 of two is one, and the other stays.
        let params = Params { split, validation_ratio: 0.4, test_ratio: 0.4, ..Params::default() };
        assert_eq!(parts_of(&[(0, 0, 1), (0, 1, 2)], &params), [(0, 0, Train), (0, 1, Test)]);
    }

    #[test]
    fn a_cut_takes_the_nearer_side_of_a_crowded_second() {
        // Wanted 2 of 6: from 5 on there are five, from 9 on there is one: 1 is nearer to 2 than 5.
        assert_eq!(cut(&[1, 5, 5, 5, 5, 9], 2), Some(9));
        // Wanted 4 of 6: five are nearer than one.
        assert_eq!(cut(&[1, 5, 5, 5, 5, 9], 4), Some(5));
        // Wanted 3: both are two away; the larger one is taken.
        assert_eq!(cut(&[1, 5, 5, 5, 5, 9], 3), Some(5));
        // The newest second holds more than is wanted, and leaving it out leaves nothing.
        assert_eq!(cut(&[1, 9, 9, 9], 1), None);
        assert_eq!(cut(&[1, 9, 9], 1), Some(9));
        assert_eq!(cut(&[1, 2], 0), None);
        assert_eq!(cut(&[], 3), None);
    }

    #[test]
    fn a_random_split_has_about_the_wanted_shares_and_is_stable_under_filters() {
        let rows: Vec<(u32, u32, i64)> = (0..100).flat_map(|user| (0..40).map(move |item| (user, item, 0))).collect();
        let params = Params { split: Split::Random, validation_ratio: 0.1, test_ratio: 0.2, ..Params::default() };
        let all = parts_of(&rows, &params);
        let share = |part| all.iter().filter(|row| row.2 == part).count() as f64 / all.len() as f64;
        // Standard deviation of a share of 4000 draws: at most sqrt(0.2 * 0.8 / 4000) = 0.0063.
        assert!((share(Part::Test) - 0.2).abs() < 0.025, "{}", share(Part::Test));
        assert!((share(Part::Validation) - 0.1).abs() < 0.02, "{}", share(Part::Validation));
        let half: Vec<(u32, u32, i64)> = rows.iter().copied().filter(|row| row.0 < 50).collect();
        let of_half: Vec<(u32, u32, Part)> = all.into_iter().filter(|row| row.0 < 50).collect();
        let mut same = parts_of(&half, &params);
        same.sort_unstable();
        let mut expected = of_half;
        expected.sort_unstable();
        assert_eq!(same, expected);
    }

    #[test]
    fn a_given_test_part_stays_and_validation_comes_from_the_rest() {
        // 100 users with 25 rows, the last 5 of them test, and one user with a single training row.
        let rows: Vec<(u32, u32, i64)> = (0..100).flat_map(|user| (0..25).map(move |item| (user, item, 0))).collect();
        let mut all = ratings(&[rows, vec![(100, 0, 0)]].concat());
        all.entries.iter_mut().for_each(|entry| entry.is_test = entry.item >= 20);
        let params = Params { split: Split::Given, validation_ratio: 0.125, ..Params::default() };
        let parts = split(&mut all, &params).parts;
        let is_kept = all.entries.iter().zip(&parts).all(|(entry, part)| entry.is_test == (*part == Part::Test));
        assert!(is_kept);
        // 20 * 0.125 = 2.5: two or three rows of each user, about as often.
        let found = |user: u32| {
            let own = all.entries.iter().zip(&parts).filter(move |(entry, _)| entry.user == user);
            own.filter(|(_, part)| **part == Part::Validation).count()
        };
        let counts: Vec<usize> = (0..100).map(found).collect();
        assert!(counts.iter().all(|count| (2..=3).contains(count)), "{counts:?}");
        // Standard deviation of the mean of 100 draws of 2 or 3: 0.05.
        let mean = counts.iter().sum::<usize>() as f64 / 100.0;
        assert!((mean - 2.5).abs() < 0.2, "{mean}");
        assert_eq!(found(100), 0, "a user's only row stays");
        let mut again = all.clone();
        assert_eq!(split(&mut again, &params).parts, parts);
    }

    proptest! {
        #[test]
        fn splits_are_complete_and_ordered_and_do_not_depend_on_row_order(
            rows in proptest::collection::btree_map((0..6_u32, 0..10_u32), 0..20_i64, 1..60),
            split in prop_oneof![
                Just(Split::LeaveLastOut), Just(Split::Temporal), Just(Split::TemporalPerUser), Just(Split::Random)
            ],
            seed in any::<u64>(),
        ) {
            let mut rows: Vec<(u32, u32, i64)> = rows.into_iter().map(|((user, item), time)| (user, item, time)).collect();
            let params = Params { split, seed, ..Params::default() };
            let mut forward = ratings(&rows);
            let assignment = super::split(&mut forward, &params);
            rows.reverse();
            let mut backward = ratings(&rows);
            prop_assert_eq!(&super::split(&mut backward, &params), &assignment);
            prop_assert_eq!(&backward, &forward);
            // Each interaction has one part, and none is lost.
            prop_assert_eq!(assignment.parts.len(), rows.len());
            let pairs: BTreeSet<(u32, u32)> = forward.entries.iter().map(|entry| (entry.user, entry.item)).collect();
            prop_assert_eq!(pairs.len(), rows.len());
            let placed: Vec<(u32, i64, Part)> =
                forward.entries.iter().zip(&assignment.parts).map(|(entry, part)| (entry.user, entry.time, *part)).collect();
            for a in &placed {
                for b in &placed {
                    let is_older_part = a.2 < b.2;
                    match split {
                        Split::LeaveLastOut | Split::TemporalPerUser if a.0 == b.0 && is_older_part => {
                            prop_assert!(a.1 <= b.1);
                        }
                        Split::Temporal if is_older_part => prop_assert!(a.1 < b.1),
                        _ => {}
                    }
                }
            }
        }
    }
}
