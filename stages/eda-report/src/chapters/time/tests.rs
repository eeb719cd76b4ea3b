use proptest::prelude::*;

use super::*;
use crate::{
    alert::Severity,
    data::fixture::{Row, data, row},
};

fn time(rows: &[Row]) -> Time {
    Time::measure(&data(rows), &Params::default()).unwrap().unwrap()
}

/// 2014-03-01, a Saturday.
const MARCH: i64 = 1_393_632_000;

#[test]
fn months_and_gaps_by_hand() {
    // The first of March, an hour later, the second, and the first of May: 29 + 30 days of nothing between.
    let found = time(&[
        row("u", "a", 5.0, MARCH),
        row("u", "b", 1.0, MARCH + 3600),
        row("v", "a", 3.0, MARCH + DAY),
        row("v", "b", 3.0, MARCH + 61 * DAY),
    ]);
    let months: Vec<(i64, u64)> = found.months.iter().map(|month| (month.month - 2014 * 12, month.reviews)).collect();
    assert_eq!(months, [(2, 3), (3, 0), (4, 1)]);
    let Gaps { months, empty_months, days, empty_days, longest, longest_after } = found.gaps;
    assert_eq!((months, empty_months, days, empty_days), (3, 1, 62, 59));
    assert_eq!((longest, longest_after), (59, Some(MARCH + DAY)));
    // Saturday twice, Sunday once, Thursday once.
    assert_eq!((found.weekdays, found.season[2][5], found.season_days[2][5]), ([0, 0, 0, 1, 0, 2, 1], 2, 5));
    assert_eq!((found.users.several, found.users.one_day, found.users.last_tied), (2, 1, 0));
    assert_eq!((found.resolution.midnight, found.resolution.seconds), (3, 3600));
}

#[test]
fn drift_by_hand() {
    let mut rows: Vec<Row> = (0..10).map(|user| row(&format!("u{user}"), "a", 5.0, MARCH)).collect();
    rows.extend((0..4).map(|user| row(&format!("v{user}"), "a", 1.0, MARCH + 366 * DAY)));
    let found = time(&rows);
    let years: Vec<_> = found.years.iter().map(|year| (year.year, year.reviews, year.mean, year.margin)).collect();
    assert_eq!(years, [(2014, 10, 5.0, Some(0.0)), (2015, 4, 1.0, None)]);
    // Of 12.5 and of 6.5: one star from 0.5 to 4.5, five stars from 10.5 to 0.5, the others 0.5.
    let step = |before: f64, after: f64| (after / 6.5 - before / 12.5) * (after / 6.5 * 12.5 / before).ln();
    let wanted = step(0.5, 4.5) + step(10.5, 0.5) + 3.0 * step(0.5, 0.5);
    assert!((found.years[1].stability.unwrap() - wanted).abs() < 1e-12);
    assert_eq!(found.years[0].stability, None);
}

#[test]
fn times_at_midnight_are_a_finding() {
    let found = time(&[row("u", "a", 5.0, MARCH), row("u", "b", 5.0, MARCH), row("v", "b", 5.0, MARCH + DAY)]);
    assert_eq!((found.resolution.seconds, found.users.last_tied), (DAY, 1));
    let alert = found.alerts().into_iter().find(|alert| alert.id == "only-days").unwrap();
    assert_eq!((alert.severity, alert.chapter.as_str()), (Severity::Warning, "time"));
    assert!(alert.suggestion.unwrap().contains("split: temporal"));
}

#[test]
fn one_review_has_a_section() {
    let found = time(&[row("u", "a", 5.0, 0)]);
    assert_eq!((found.gaps.longest, found.gaps.longest_after, found.users.several), (0, None, 0));
    assert_eq!(show::section_of(&found).id, "time");
}

#[test]
fn centuries_without_reviews_are_not_told_month_by_month() {
    // date -u -d @-30000000000: 1019-05; to 2014-03 these are 995 · 12 − 2 months and the first.
    let found = time(&[row("u", "a", 5.0, -30_000_000_000), row("v", "a", 5.0, MARCH)]);
    assert_eq!((found.months.len(), found.gaps.empty_months, found.gaps.months), (2, 11_937, 11_939));
}

proptest! {
    #[test]
    fn every_review_is_counted_once_whatever_the_order(
        rows in proptest::collection::vec((0_u8..6, 0_u8..6, 1_u8..6, 0_i64..90_000), 1..50),
    ) {
        let mut rows: Vec<Row> = rows
            .into_iter()
            .map(|(user, item, rating, hour)| row(&format!("u{user}"), &format!("i{item}"), f32::from(rating), hour * 3600))
            .collect();
        let found = time(&rows);
        let all = rows.len() as u64;
        prop_assert_eq!(found.months.iter().map(|month| month.reviews).sum::<u64>(), all);
        prop_assert_eq!(found.years.iter().map(|year| year.reviews).sum::<u64>(), all);
        prop_assert_eq!(found.weekdays.iter().sum::<u64>(), all);
        prop_assert_eq!(u64::from(found.season_days.iter().flatten().sum::<u32>()), found.gaps.days);
        prop_assert!(found.users.one_day <= found.users.several && found.gaps.longest <= found.gaps.empty_days);
        prop_assert!(found.years.iter().filter_map(|year| year.stability).all(|index| index >= 0.0));
        rows.reverse();
        prop_assert_eq!(time(&rows), found);
    }
}
