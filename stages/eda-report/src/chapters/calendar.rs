//! Days, months and years of the reviews, in UTC.

use reports::bins::month;

use crate::{
    data::Data,
    formulas::rating_scale::{Stars, star},
};

/// Seconds of a day.
pub const DAY: i64 = 86_400;
/// Earliest and latest time that has a day: the years 1 and 9999. Others count for the nearer end.
const TIMES: (i64, i64) = (-62_135_596_800, 253_402_300_799);

/// Every day from the first review to the last.
pub struct Calendar {
    /// The first, in days since 1970.
    first: i64,
    /// Month of each day, as `12 × year + month`.
    months: Vec<i64>,
}

/// The day of a time, counted from 1970.
pub fn day(time: i64) -> i64 {
    time.clamp(TIMES.0, TIMES.1).div_euclid(DAY)
}

impl Calendar {
    /// The days of the reviews, of which there is at least one.
    pub fn of(data: &Data) -> Self {
        let (first, last) = data.reviews.times();
        let (first, last) = (day(first), day(last));
        Self { first, months: (first..=last).map(|day| month(day * DAY)).collect() }
    }

    /// How many days there are.
    pub fn len(&self) -> usize {
        self.months.len()
    }

    /// The place of a time among the days.
    pub fn place(&self, time: i64) -> usize {
        (day(time) - self.first) as usize
    }

    /// Month of a day by its place, as `12 × year + month`.
    pub fn month(&self, place: usize) -> i64 {
        self.months[place]
    }

    /// Year of a day by its place.
    pub fn year(&self, place: usize) -> i64 {
        self.months[place].div_euclid(12)
    }

    /// Days since 1970 of a day by its place.
    fn day_number(&self, place: usize) -> i64 {
        self.first + i64::try_from(place).expect("there are fewer than four million days in the years 1 to 9999")
    }

    /// Day of the week by its place: 0 is Monday.
    pub fn weekday(&self, place: usize) -> usize {
        // The first of January 1970 was a Thursday.
        (self.day_number(place) + 3).rem_euclid(7) as usize
    }

    /// Reviews by star of each year that has any.
    pub fn stars_by_year(&self, data: &Data) -> Vec<(i64, Stars)> {
        let first = self.year(0);
        let mut years = vec![[0; 5]; (self.year(self.len() - 1) - first) as usize + 1];
        for (rating, time) in data.reviews.rating.iter().zip(&data.reviews.time) {
            years[(self.year(self.place(*time)) - first) as usize][star(*rating)] += 1;
        }
        (first..).zip(years).filter(|(_, stars): &(i64, Stars)| stars.iter().any(|count| *count > 0)).collect()
    }

    /// Midnight that begins a day, in Unix seconds.
    pub fn time(&self, place: usize) -> i64 {
        self.day_number(place) * DAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{data, row};

    #[test]
    fn days_of_known_times() {
        // date -u -d @1393632000: Saturday, 2014-03-01; the day after tomorrow is Monday.
        let data = data(&[row("u", "i", 5.0, 1_393_632_000), row("v", "i", 5.0, 1_393_632_000 + 2 * DAY + 86_399)]);
        let calendar = Calendar::of(&data);
        assert_eq!((calendar.len(), calendar.place(1_393_632_000 + DAY)), (3, 1));
        assert_eq!([0, 1, 2].map(|place| calendar.weekday(place)), [5, 6, 0]);
        assert_eq!((calendar.year(0), calendar.month(2) % 12), (2014, 2));
        assert_eq!(calendar.stars_by_year(&data), [(2014, [0, 0, 0, 0, 2])]);
        assert_eq!((calendar.time(2), day(-1), day(i64::MIN) < day(0)), (1_393_632_000 + 2 * DAY, -1, true));
    }
}
