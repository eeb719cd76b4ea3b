//! How many units have each count, such as users with three reviews.
//!
//! Counts repeat: a million users have a few hundred different numbers of reviews. What is computed from these groups
//! costs next to nothing.

use std::ops::Range;

/// Counts below this are counted in a table, the few larger ones are sorted.
const SMALL: usize = 4096;

/// Units by count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Count and units with it, ascending; every group has at least one unit.
    groups: Vec<(u32, u64)>,
}

impl Counts {
    /// Groups of these counts, in whatever order they come.
    pub fn of(counts: &[u32]) -> Self {
        let mut small = vec![0_u64; SMALL];
        let mut large = Vec::new();
        for count in counts {
            match small.get_mut(*count as usize) {
                Some(units) => *units += 1,
                None => large.push(*count),
            }
        }
        large.sort_unstable();
        let small = small.into_iter().zip(0..).filter(|(units, _)| *units > 0).map(|(units, count)| (count, units));
        let large = large.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64));
        Self { groups: small.chain(large).collect() }
    }

    /// Count and units with it, ascending.
    pub fn groups(&self) -> &[(u32, u64)] {
        &self.groups
    }

    /// How many units there are.
    pub fn units(&self) -> u64 {
        self.groups.iter().map(|(_, units)| units).sum()
    }

    /// Sum of the counts of all units.
    pub fn total(&self) -> u64 {
        self.groups.iter().map(|(count, units)| u64::from(*count) * units).sum()
    }

    /// The largest count; 0 without units.
    pub fn largest(&self) -> u32 {
        self.groups.last().map_or(0, |(count, _)| *count)
    }

    /// Groups whose counts lie in a range.
    pub fn within(&self, range: Range<u32>) -> &[(u32, u64)] {
        let place = |count: u32| self.groups.partition_point(|group| group.0 < count);
        &self.groups[place(range.start)..place(range.end).max(place(range.start))]
    }

    /// Units whose counts are below a limit.
    pub fn units_below(&self, limit: u32) -> u64 {
        self.within(0..limit).iter().map(|(_, units)| units).sum()
    }

    /// The quantile at a level from 0 to 1, with linear interpolation between the two counts around
    /// `(n − 1) · level`, as numpy and pandas have it by default. Not a number without units.
    pub fn quantile(&self, level: f64) -> f64 {
        let Some(last) = self.units().checked_sub(1) else { return f64::NAN };
        let place = last as f64 * level;
        let below = (place.floor() as u64).min(last);
        let (low, high) = (f64::from(self.at(below)), f64::from(self.at((below + 1).min(last))));
        low + (high - low) * (place - below as f64)
    }

    /// The count at a place of the ascending order, from 0.
    fn at(&self, place: u64) -> u32 {
        let mut seen = 0;
        let found = self.groups.iter().find(|(_, units)| {
            seen += units;
            seen > place
        });
        found.map_or(0, |(count, _)| *count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn groups_by_hand() {
        let counts = Counts::of(&[9000, 1, 3, 1, 9000, 2, 5000]);
        assert_eq!(counts.groups(), [(1, 2), (2, 1), (3, 1), (5000, 1), (9000, 2)]);
        assert_eq!((counts.units(), counts.total(), counts.largest()), (7, 23_007, 9000));
        assert_eq!((counts.within(2..5000), counts.units_below(3)), (&[(2, 1), (3, 1)][..], 3));
        // Places 0, 1.5, 3 of 1, 1, 3, 8: 1; 1 + 0.5 · 2; 8.
        let counts = Counts::of(&[8, 1, 3, 1]);
        assert_eq!((counts.quantile(0.0), counts.quantile(0.5), counts.quantile(1.0)), (1.0, 2.0, 8.0));
        assert!(Counts::of(&[]).quantile(0.5).is_nan());
    }

    proptest! {
        #[test]
        fn groups_hold_every_unit_once(mut counts in proptest::collection::vec(1_u32..20_000, 1..80)) {
            let groups = Counts::of(&counts);
            prop_assert_eq!(groups.units(), counts.len() as u64);
            prop_assert_eq!(groups.total(), counts.iter().map(|count| u64::from(*count)).sum::<u64>());
            counts.reverse();
            prop_assert_eq!(&groups, &Counts::of(&counts));
            counts.sort_unstable();
            prop_assert!((0..counts.len()).all(|place| groups.at(place as u64) == counts[place]));
        }
    }
}
