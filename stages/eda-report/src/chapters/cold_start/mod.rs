//! Cold starts: how many users and products are new when something is to be recommended.

mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    alert::Alert,
    data::{Brief, Data, NONE},
};

/// Fewest earlier reviews of each bin: 0, 1, 2, 3 to 4, 5 to 9, 10 and more.
const BINS: [u32; 6] = [0, 1, 2, 3, 5, 10];

/// What is new after a moment that stands for a split by time, and in the test rows of the pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColdStart {
    /// The moment, Unix seconds: reviews up to it are the past. The earliest one with the share `past_share` of the
    /// reviews before it or at it.
    pub date: i64,
    /// Reviews of the past.
    pub past: u64,
    /// Users first seen after it.
    pub new_users: u64,
    /// All users.
    pub users: u64,
    /// Items first seen after it.
    pub new_items: u64,
    /// All items.
    pub items: u64,
    /// Later reviews by what the past knows of their user and item; none where all reviews are of the past.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<Known>,
    /// Test rows by what the training rows know of their user and item; none where the parts are not connected or there
    /// are no test rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Known>,
}

/// Rows by how many known rows their user has, and their item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Known {
    /// Rows.
    pub rows: u64,
    /// Rows by how many known rows they have of their user and of their item.
    pub bins: Vec<KnownBin>,
    /// Rows that know neither their user nor their item.
    pub both_new: u64,
}

/// Rows of which similarly much is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KnownBin {
    /// Fewest known rows.
    pub from: u32,
    /// Most known rows; none for the last bin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// Rows whose user has so many.
    pub by_user: u64,
    /// Rows whose item has so many.
    pub by_item: u64,
}

impl Known {
    /// Of rows, each with the number of known rows of its user and of its item.
    fn of(rows: impl Iterator<Item = (u32, u32)>) -> Option<Self> {
        let place = |known: u32| BINS.partition_point(|from| *from <= known) - 1;
        let (mut by_user, mut by_item) = ([0; BINS.len()], [0; BINS.len()]);
        let (mut count, mut both_new) = (0, 0);
        for (user, item) in rows {
            by_user[place(user)] += 1;
            by_item[place(item)] += 1;
            count += 1;
            both_new += u64::from(user == 0 && item == 0);
        }
        let bin = |place: usize| KnownBin {
            from: BINS[place],
            to: BINS.get(place + 1).map(|next| next - 1),
            by_user: by_user[place],
            by_item: by_item[place],
        };
        (count > 0).then(|| Self { rows: count, bins: (0..BINS.len()).map(bin).collect(), both_new })
    }

    /// Share of the rows with fewer known rows than a bound, which has to be where a bin starts: of their user, and of
    /// their item.
    fn share_below(&self, bound: u32) -> (f64, f64) {
        let below = self.bins.iter().filter(|bin| bin.from < bound);
        let (user, item) = below.fold((0, 0), |(user, item), bin| (user + bin.by_user, item + bin.by_item));
        (user as f64 / self.rows as f64, item as f64 / self.rows as f64)
    }
}

impl Chapter for ColdStart {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        let reviews = &data.reviews;
        let end = end_of_past(&reviews.time, params.past_share);
        let (mut users, mut items) = (vec![0_u32; data.users.len()], vec![0_u32; data.items.len()]);
        let rows = || reviews.user.iter().zip(&reviews.item).zip(&reviews.time);
        let mut past = 0;
        for ((user, item), time) in rows() {
            if *time <= end {
                users[*user as usize] += 1;
                items[*item as usize] += 1;
                past += 1;
            }
        }
        let unseen = |counts: &[u32]| counts.iter().filter(|count| **count == 0).count() as u64;
        let later = rows().filter(|(_, time)| **time > end);
        Ok(Some(Self {
            date: end,
            past,
            new_users: unseen(&users),
            users: users.len() as u64,
            new_items: unseen(&items),
            items: items.len() as u64,
            later: Known::of(later.map(|((user, item), _)| (users[*user as usize], items[*item as usize]))),
            test: data.parts.as_ref().and_then(|parts| test(&parts.train, &parts.test, data)),
        }))
    }

    fn sections(&self) -> Vec<Section> {
        vec![show::section_of(self)]
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}

/// The earliest moment with a share of the times before it or at it.
fn end_of_past(times: &[i64], share: f64) -> i64 {
    let mut times = times.to_vec();
    let place = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len()) - 1;
    *times.select_nth_unstable(place).1
}

/// Test rows by their training rows. Keys that are not among the reviews have none that count.
fn test(train: &Brief, test: &Brief, data: &Data) -> Option<Known> {
    let counts = |numbers: &[u32], all: usize| {
        let mut counts = vec![0_u32; all];
        numbers.iter().filter(|number| **number != NONE).for_each(|number| counts[*number as usize] += 1);
        counts
    };
    let (users, items) = (counts(&train.user, data.users.len()), counts(&train.item, data.items.len()));
    let known = |counts: &[u32], number: u32| counts.get(number as usize).copied().unwrap_or(0);
    Known::of(test.user.iter().zip(&test.item).map(|(user, item)| (known(&users, *user), known(&items, *item))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        alert::Severity,
        data::fixture::{Fixture, Row, data, row},
    };

    fn cold_start(rows: &[Row]) -> ColdStart {
        ColdStart::measure(&data(rows), &Params { past_share: 0.5, ..Params::default() }).unwrap().unwrap()
    }

    #[test]
    fn figures_by_hand() {
        // Past: u has a, a, b at 0, 1, 2. Later: u has a, v has a, w has c.
        let rows = [("u", "a", 0), ("u", "a", 1), ("u", "b", 2), ("u", "a", 3), ("v", "a", 4), ("w", "c", 5)]
            .map(|(user, item, time)| row(user, item, 5.0, time));
        let found = cold_start(&rows);
        assert_eq!((found.date, found.past, found.new_users, found.new_items), (2, 3, 2, 1));
        let later = found.later.unwrap();
        let by: Vec<(u64, u64)> = later.bins.iter().map(|bin| (bin.by_user, bin.by_item)).collect();
        assert_eq!(by, [(2, 1), (0, 0), (0, 2), (1, 0), (0, 0), (0, 0)]);
        assert_eq!((later.rows, later.both_new, later.bins[4].to, later.bins[5].to), (3, 1, Some(9), None));
        assert_eq!(later.share_below(1), (2.0 / 3.0, 1.0 / 3.0));
    }

    #[test]
    fn equal_times_have_no_later() {
        let found = cold_start(&[row("u", "a", 5.0, 7), row("v", "a", 5.0, 7)]);
        assert_eq!((found.past, found.later.is_none(), found.alerts().len()), (2, true, 0));
        assert_eq!(show::section_of(&found).figures.len(), 0);
    }

    #[test]
    fn test_rows_by_their_training_rows() {
        let rows = vec![row("u", "a", 5.0, 0), row("u", "b", 5.0, 1), row("v", "a", 5.0, 2)];
        // `new` is not among the reviews; v has no training row, a one.
        let parts = [rows[..2].to_vec(), vec![], vec![row("v", "a", 5.0, 2), row("new", "b", 5.0, 3)]];
        let fixture = Fixture { rows, parts: Some(parts), ..Fixture::default() };
        let found = ColdStart::measure(&fixture.data(&Params::default()), &Params::default()).unwrap().unwrap();
        let test = found.test.as_ref().unwrap();
        assert_eq!((test.rows, test.bins[0].by_user, test.bins[1].by_item, test.both_new), (2, 2, 2, 0));
        let alert = found.alerts().into_iter().find(|alert| alert.id == "cold-test-users").unwrap();
        assert_eq!(alert.severity, Severity::Serious);
    }

    proptest! {
        #[test]
        fn every_later_row_is_counted_once_whatever_the_order(
            rows in proptest::collection::vec((0_u8..6, 0_u8..6, 0_i64..20), 1..50),
        ) {
            let mut rows: Vec<Row> = rows
                .into_iter()
                .map(|(user, item, time)| row(&format!("u{user}"), &format!("i{item}"), 5.0, time))
                .collect();
            let found = cold_start(&rows);
            let later = found.later.as_ref().map_or(0, |later| later.rows);
            prop_assert!(found.past + later == rows.len() as u64 && 2 * found.past >= rows.len() as u64);
            if let Some(later) = &found.later {
                prop_assert_eq!(later.bins.iter().map(|bin| bin.by_user).sum::<u64>(), later.rows);
                prop_assert_eq!(later.bins.iter().map(|bin| bin.by_item).sum::<u64>(), later.rows);
                prop_assert!(later.both_new <= later.bins[0].by_user.min(later.bins[0].by_item));
            }
            rows.reverse();
            prop_assert_eq!(cold_start(&rows), found);
        }
    }
}
