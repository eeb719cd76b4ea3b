//! Time: growth, drift, seasons, gaps, and how finely times are told.

mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Chapter,
    calendar::{Calendar, DAY, day},
};
use crate::{
    Params,
    alert::Alert,
    data::{Data, Reviews},
    formulas::{
        rating_scale::{margin, mean},
        stability::population_stability,
    },
};

/// When the reviews were written, in UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Time {
    /// Every month from the first to the last that has reviews; long stretches without any are left out.
    pub months: Vec<Month>,
    /// Years that have reviews.
    pub years: Vec<YearOfTime>,
    /// Reviews by day of the week, Monday first.
    pub weekdays: [u64; 7],
    /// By month of the year, then day of the week: reviews on such days.
    pub season: Vec<[u64; 7]>,
    /// By month of the year, then day of the week: how many such days there are from the first review to the last.
    pub season_days: Vec<[u32; 7]>,
    /// Months and days without reviews.
    pub gaps: Gaps,
    /// How users' own reviews follow one another.
    pub users: OwnTimes,
    /// How finely times are told.
    pub resolution: Resolution,
}

/// Reviews of a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Month {
    /// `12 × year + month`, months from 0.
    pub month: i64,
    /// Reviews.
    pub reviews: u64,
}

/// Ratings of a year.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct YearOfTime {
    /// The year.
    pub year: i64,
    /// Reviews.
    pub reviews: u64,
    /// Mean of their ratings.
    pub mean: f64,
    /// Half the width of the 95 % interval of the mean; none with fewer than ten reviews.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Population stability index of the ratings against the year before that has reviews, with half a review more in
    /// each class; none for the first year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<f64>,
}

/// Stretches without reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gaps {
    /// Months from the first review to the last.
    pub months: u64,
    /// Those without reviews.
    pub empty_months: u64,
    /// Days from the first review to the last.
    pub days: u64,
    /// Those without reviews.
    pub empty_days: u64,
    /// Days without reviews in the longest stretch.
    pub longest: u64,
    /// The day after which it begins, midnight in Unix seconds; none without a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_after: Option<i64>,
}

/// How users' own reviews follow one another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OwnTimes {
    /// Users with at least two reviews.
    pub several: u64,
    /// Those whose reviews all fall on one day (UTC).
    pub one_day: u64,
    /// Those whose two newest reviews have the same time, so that which one is the last is a matter of chance.
    pub last_tied: u64,
}

/// How finely times are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resolution {
    /// Reviews at midnight (UTC) exactly.
    pub midnight: u64,
    /// All reviews.
    pub reviews: u64,
    /// The largest of a day, an hour, a minute and a second, in seconds, that divides every time.
    pub seconds: i64,
}

impl Resolution {
    fn of(times: &[i64]) -> Self {
        let divides = |unit: i64| times.iter().all(|time| time % unit == 0);
        Self {
            midnight: times.iter().filter(|time| *time % DAY == 0).count() as u64,
            reviews: times.len() as u64,
            seconds: [DAY, 3600, 60].into_iter().find(|unit| divides(*unit)).unwrap_or(1),
        }
    }

    /// Whether only days are told.
    fn is_days(&self) -> bool {
        self.midnight as f64 >= 0.99 * self.reviews as f64
    }
}

impl Chapter for Time {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        let calendar = Calendar::of(data);
        let mut days = vec![0_u64; calendar.len()];
        for time in &data.reviews.time {
            days[calendar.place(*time)] += 1;
        }
        let (season, season_days) = seasons(&calendar, &days);
        let weekday = |day: usize| season.iter().map(|month: &[u64; 7]| month[day]).sum();
        let (months, empty_months) = months(&calendar, &days);
        Ok(Some(Self {
            weekdays: std::array::from_fn(weekday),
            years: years(data, &calendar),
            gaps: gaps(&calendar, &days, empty_months),
            users: own_times(data),
            resolution: Resolution::of(&data.reviews.time),
            months,
            season,
            season_days,
        }))
    }

    fn sections(&self) -> Vec<Section> {
        vec![show::section_of(self)]
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}

/// Longest stretch of empty months that is told month by month.
const STRETCH: i64 = 60;

/// Reviews by month, and how many months have none.
fn months(calendar: &Calendar, days: &[u64]) -> (Vec<Month>, u64) {
    let mut months: Vec<Month> = Vec::new();
    let mut empty = 0;
    for (place, reviews) in days.iter().enumerate().filter(|(_, reviews)| **reviews > 0) {
        let month = calendar.month(place);
        match months.last_mut() {
            Some(last) if last.month == month => last.reviews += reviews,
            last => {
                let next = last.map_or(month, |last| last.month + 1);
                empty += (month - next) as u64;
                if month - next <= STRETCH {
                    months.extend((next..month).map(|month| Month { month, reviews: 0 }));
                }
                months.push(Month { month, reviews: *reviews });
            }
        }
    }
    (months, empty)
}

fn years(data: &Data, calendar: &Calendar) -> Vec<YearOfTime> {
    let years = calendar.stars_by_year(data);
    let before = std::iter::once(None).chain(years.iter().map(|(_, stars)| Some(stars)));
    years
        .iter()
        .zip(before)
        .map(|((year, stars), before)| YearOfTime {
            year: *year,
            reviews: stars.iter().sum(),
            mean: mean(stars),
            margin: margin(stars).filter(|_| stars.iter().sum::<u64>() >= 10),
            stability: before.map(|before| population_stability(before, stars)),
        })
        .collect()
}

/// By month of the year and day of the week: reviews, and days.
fn seasons(calendar: &Calendar, days: &[u64]) -> (Vec<[u64; 7]>, Vec<[u32; 7]>) {
    let (mut reviews, mut counts) = (vec![[0; 7]; 12], vec![[0; 7]; 12]);
    for (place, of_day) in days.iter().enumerate() {
        let (month, weekday) = (calendar.month(place).rem_euclid(12) as usize, calendar.weekday(place));
        reviews[month][weekday] += of_day;
        counts[month][weekday] += 1;
    }
    (reviews, counts)
}

fn gaps(calendar: &Calendar, days: &[u64], empty_months: u64) -> Gaps {
    let (mut longest, mut after, mut run) = (0, None, 0);
    for (place, reviews) in days.iter().enumerate() {
        if *reviews == 0 {
            run += 1;
            continue;
        }
        if run > longest {
            (longest, after) = (run, Some(calendar.time(place - run as usize - 1)));
        }
        run = 0;
    }
    Gaps {
        months: (calendar.month(days.len() - 1) - calendar.month(0)) as u64 + 1,
        empty_months,
        days: days.len() as u64,
        empty_days: days.iter().filter(|reviews| **reviews == 0).count() as u64,
        longest,
        longest_after: after,
    }
}

fn own_times(data: &Data) -> OwnTimes {
    let Reviews { time, .. } = &data.reviews;
    let mut own = OwnTimes::default();
    for user in 0..data.users.len() as u32 {
        let [first, .., last] = data.reviews.of_user(user) else { continue };
        let newest = &data.reviews.of_user(user)[data.users.reviews[user as usize] as usize - 2..];
        let at = |row: u32| time[row as usize];
        own.several += 1;
        own.one_day += u64::from(day(at(*first)) == day(at(*last)));
        own.last_tied += u64::from(at(newest[0]) == at(newest[1]));
    }
    own
}

#[cfg(test)]
mod tests;
