//! How time reads.

use reports::{
    bins::month_label,
    chart::{self, Band, Bin, Frame, Scale, Series, Unit},
    page::{Figure, Section, Table},
};

use super::{Time, YearOfTime};
use crate::{
    alert::{Alert, Severity},
    words::{MISSING, date, figure, fixed, number, percent, section},
};

const ID: &str = "time";
const GROUP: &str = "Time";
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Fewest reviews of both years that are compared in words and alerts.
const ENOUGH: u64 = 200;
/// Above this, a population stability index is called a shift.
const SHIFT: f64 = 0.25;
/// Above this, it is worth a look.
const MOVED: f64 = 0.1;

/// The section of time.
pub(super) fn section_of(time: &Time) -> Section {
    let readings = [
        reading_of_growth(time),
        reading_of_drift(time),
        reading_of_season(time),
        reading_of_gaps(time),
        reading_of_users(time),
        Some(reading_of_resolution(time)),
    ];
    let mut section = section(ID, "Time", readings.into_iter().flatten().collect(), figures(time)).in_group(GROUP);
    if time.years.len() > 1 {
        section = section.with_table(year_table(time));
    }
    section.with_note(
        "All times are UTC. Interval of a mean: 1.96 standard errors to both sides. Population stability index: Σ (q − p) \
         ln(q / p) over the five stars, each with half a review more, against the year before; by custom, up to 0.1 is \
         stable and above 0.25 a shift. In small years chance alone moves it, so the chart and the alerts \
         look at years of 200 reviews or more. Seasons are reviews a day, averaged over the \
         days of that kind from the first review to the last; growth over the years shows in them, too.",
    )
}

/// Years with enough reviews after years with enough, and how far the ratings moved between them.
fn steps(time: &Time) -> Vec<(&YearOfTime, &YearOfTime, f64)> {
    let pairs = time.years.iter().zip(time.years.iter().skip(1));
    let pairs = pairs.filter(|(before, after)| before.reviews >= ENOUGH && after.reviews >= ENOUGH);
    pairs.filter_map(|(before, after)| Some((before, after, after.stability?))).collect()
}

fn reading_of_growth(time: &Time) -> Option<String> {
    let busiest = time.months.iter().max_by_key(|month| (month.reviews, -month.month))?;
    let year = time.years.iter().max_by_key(|year| (year.reviews, -year.year))?;
    let all: u64 = time.weekdays.iter().sum();
    Some(format!(
        "The busiest year is {}, with {} of the reviews, and the busiest month {}, with {}.",
        year.year,
        percent(year.reviews as f64 / all.max(1) as f64, 1),
        month_label(busiest.month),
        number(busiest.reviews)
    ))
}

fn reading_of_drift(time: &Time) -> Option<String> {
    let steps = steps(time);
    let first = steps.first()?.0;
    let last = steps.last()?.1;
    let (before, after, index) = steps.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    let judged = if *index > SHIFT {
        "a shift: a model fitted to the one year is not calibrated for the next"
    } else if *index > MOVED {
        "worth a look"
    } else {
        "stable by custom"
    };
    Some(format!(
        "The mean rating went from {} in {} to {} in {}. From one year to the next, the ratings moved most from {} to {}: a \
         population stability index of {}, {judged}.",
        fixed(first.mean, 2),
        first.year,
        fixed(last.mean, 2),
        last.year,
        before.year,
        after.year,
        fixed(*index, 3)
    ))
}

fn reading_of_season(time: &Time) -> Option<String> {
    let all: u64 = time.weekdays.iter().sum();
    let place = |shares: &[f64]| (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]).then(b.cmp(a)));
    let a_day: Vec<f64> = time
        .season
        .iter()
        .zip(&time.season_days)
        .map(|(reviews, days)| reviews.iter().sum::<u64>() as f64 / f64::from(days.iter().sum::<u32>()).max(1.0))
        .collect();
    // Half a year has no seasons.
    if all < 100 || time.gaps.days < 365 {
        return None;
    }
    let weekdays = time.weekdays.map(|reviews| reviews as f64 / all as f64);
    let (month, weekday) = (place(&a_day)?, place(&weekdays)?);
    let mean = all as f64 / time.gaps.days as f64;
    Some(format!(
        "{} is the strongest month of the year, with {} reviews a day ({} on average), and {} the strongest day of the week, \
         with {} of the reviews (a seventh is 14.3 %).",
        MONTHS[month],
        fixed(a_day[month], 1),
        fixed(mean, 1),
        WEEKDAYS[weekday],
        percent(weekdays[weekday], 1)
    ))
}

fn reading_of_gaps(time: &Time) -> Option<String> {
    let gaps = &time.gaps;
    let longest = gaps.longest_after.map_or_else(
        || "No day from the first review to the last is without one.".to_owned(),
        |after| {
            let days = if gaps.longest == 1 { "day" } else { "days" };
            format!("The longest stretch without a review is {} {days}, after {}.", number(gaps.longest), date(after))
        },
    );
    let months = if gaps.empty_months == 0 {
        format!("None of the {} months is empty.", number(gaps.months))
    } else {
        format!("{} of {} months have no reviews.", number(gaps.empty_months), number(gaps.months))
    };
    (gaps.days > 1).then(|| format!("{months} {longest}"))
}

fn reading_of_users(time: &Time) -> Option<String> {
    let users = &time.users;
    (users.several > 0).then(|| {
        format!(
            "{} of the {} users with two reviews or more wrote all of them on one day ({}). What they bought together can be \
             learned from them, but not what follows what.",
            number(users.one_day),
            number(users.several),
            percent(users.one_day as f64 / users.several as f64, 1)
        )
    })
}

fn reading_of_resolution(time: &Time) -> String {
    let resolution = &time.resolution;
    let midnight = percent(resolution.midnight as f64 / resolution.reviews.max(1) as f64, 1);
    if resolution.is_days() {
        format!(
            "{midnight} of the times are at midnight: only the day is told, and the order of reviews within a day is an \
             artefact."
        )
    } else {
        let unit = match resolution.seconds {
            3600 => "hour",
            60 => "minute",
            _ => "second",
        };
        format!("Times are told to the {unit}; {midnight} are at midnight.")
    }
}

fn figures(time: &Time) -> Vec<Figure> {
    let mut figures = vec![month_figure(time)];
    if time.years.len() > 1 {
        figures.push(drift_figure(time));
        figures.extend(stability_figure(time));
    }
    figures.push(weekday_figure(time));
    if time.gaps.days >= 365 {
        figures.push(season_figure(time));
    }
    figures
}

fn month_figure(time: &Time) -> Figure {
    let frame =
        Frame { title: "Reviews a month", description: "Number of reviews in each month.", x: "month", y: "reviews" };
    let bin = |month: &super::Month| Bin {
        from: month.month as f64,
        to: month.month as f64 + 1.0,
        count: month.reviews as f64,
    };
    let bins: Vec<Bin> = time.months.iter().map(bin).collect();
    figure(frame.title, chart::histogram(&frame, (Scale::Months, Unit::Count), &bins, Unit::Count))
}

fn drift_figure(time: &Time) -> Figure {
    let frame = Frame {
        title: "Mean rating by year",
        description: "Mean of the ratings of each year, with its 95 % interval.",
        x: "year",
        y: "mean rating",
    };
    let point = |year: &YearOfTime| {
        let margin = year.margin.unwrap_or(0.0);
        [year.year as f64, (year.mean - margin).max(1.0), year.mean, (year.mean + margin).min(5.0)]
    };
    let points: Vec<[f64; 4]> = time.years.iter().map(point).collect();
    let band = Band { name: "mean and 95 % interval", points: &points };
    figure(frame.title, chart::band(&frame, (Scale::Linear, Unit::Year), (Scale::Linear, Unit::Fixed(2)), &[band]))
}

/// Shifts between years that both have enough reviews; of the others the table tells.
fn stability_figure(time: &Time) -> Option<Figure> {
    let frame = Frame {
        title: "Shift of the ratings by year",
        description: "Population stability index of the ratings of each year against the year before; only where both \
                      have 200 reviews or more.",
        x: "year",
        y: "population stability index",
    };
    let steps = steps(time);
    let names: Vec<String> = steps.iter().map(|(_, year, _)| year.year.to_string()).collect();
    let values: Vec<f64> = steps.iter().map(|(_, _, index)| *index).collect();
    let series = [Series { name: "index", values: &values }];
    (!steps.is_empty()).then(|| figure(frame.title, chart::bars(&frame, &names, &series, Unit::Fixed(3))))
}

fn weekday_figure(time: &Time) -> Figure {
    let frame = Frame {
        title: "Reviews by weekday",
        description: "Number of reviews on each day of the week.",
        x: "day of the week",
        y: "reviews",
    };
    let values = time.weekdays.map(|reviews| reviews as f64);
    figure(
        frame.title,
        chart::bars(&frame, &WEEKDAYS.map(str::to_owned), &[Series { name: "reviews", values: &values }], Unit::Count),
    )
}

fn season_figure(time: &Time) -> Figure {
    let frame = Frame {
        title: "Reviews a day by month and weekday",
        description: "Average number of reviews on a day of each month of the year and each day of the week.",
        x: "day of the week",
        y: "month of the year",
    };
    let values: Vec<Vec<Option<f64>>> = time
        .season
        .iter()
        .zip(&time.season_days)
        .map(|(reviews, days)| {
            let a_day = |(reviews, days): (&u64, &u32)| (*days > 0).then(|| *reviews as f64 / f64::from(*days));
            reviews.iter().zip(days).map(a_day).collect()
        })
        .collect();
    let chart = chart::matrix(
        &frame,
        &MONTHS.map(str::to_owned),
        &WEEKDAYS.map(str::to_owned),
        &values,
        (Scale::Linear, Unit::Fixed(1)),
    );
    figure(frame.title, chart)
}

fn year_table(time: &Time) -> Table {
    let mut table = Table::new("Years", &["year", "#reviews", "#mean rating", "#± interval", "#PSI"]);
    for year in &time.years {
        let told =
            |value: Option<f64>, decimals| value.map_or_else(|| MISSING.to_owned(), |value| fixed(value, decimals));
        table.push([
            year.year.to_string(),
            number(year.reviews),
            fixed(year.mean, 3),
            told(year.margin, 3),
            told(year.stability, 3),
        ]);
    }
    table
}

/// What calls for something to be done.
pub(super) fn alerts(time: &Time) -> Vec<Alert> {
    [resolution_alert(time), one_day_alert(time), drift_alert(time), gap_alert(time)].into_iter().flatten().collect()
}

fn resolution_alert(time: &Time) -> Option<Alert> {
    let (users, resolution) = (&time.users, &time.resolution);
    let share = resolution.midnight as f64 / resolution.reviews.max(1) as f64;
    let tied = users.last_tied as f64 / users.several.max(1) as f64;
    let is_worth_it = resolution.is_days() && users.last_tied > 0;
    let text = format!(
        "{} of the times are at midnight, so the order within a day is an artefact. For {} of the users with two reviews or \
         more, chance decides which review is the last, and so which one leave-last-out tests. A temporal split cuts between \
         days.",
        percent(share, 1),
        percent(tied, 1)
    );
    is_worth_it.then(|| {
        Alert::new(Severity::Warning, ID, "only-days", "Times are days", tied, text)
            .with_number(percent(tied, 1))
            .suggest("preprocess:\n  params: {split: temporal}")
    })
}

fn one_day_alert(time: &Time) -> Option<Alert> {
    let users = &time.users;
    let share = users.one_day as f64 / users.several.max(1) as f64;
    let text = format!(
        "{} of the {} users with two reviews or more wrote all of them on one day: orders rated at once, or programs. Their \
         last review is not a later one, so sequences mean little for them.",
        percent(share, 1),
        number(users.several)
    );
    (share > 0.3 && users.several >= 20).then(|| {
        Alert::new(Severity::Warning, ID, "one-day-users", "Many users have a single day", share, text)
            .with_number(percent(share, 1))
    })
}

fn drift_alert(time: &Time) -> Option<Alert> {
    let (before, after, index) = steps(time).into_iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    let severity = if index > SHIFT { Severity::Warning } else { Severity::Info };
    let text = format!(
        "From {} to {} the ratings moved by a population stability index of {} (mean {} to {}). Test on what comes later, so \
         that models meet the shift as they will in use.",
        before.year,
        after.year,
        fixed(index, 3),
        fixed(before.mean, 2),
        fixed(after.mean, 2)
    );
    (index > MOVED).then(|| {
        Alert::new(severity, ID, "ratings-shift", "Ratings shift from year to year", index, text)
            .with_number(format!("PSI {}", fixed(index, 2)))
            .suggest("preprocess:\n  params: {split: temporal}")
    })
}

fn gap_alert(time: &Time) -> Option<Alert> {
    let gaps = &time.gaps;
    let share = gaps.empty_months as f64 / gaps.months.max(1) as f64;
    let text = format!(
        "{} of {} months have no reviews; the longest stretch without a review is {} days, after {}. If that is not the shop's own \
         history, a file may be missing from the pattern that load reads.",
        number(gaps.empty_months),
        number(gaps.months),
        number(gaps.longest),
        gaps.longest_after.map_or_else(|| MISSING.to_owned(), date)
    );
    (share > 0.1 && gaps.empty_months > 2).then(|| {
        Alert::new(Severity::Info, ID, "empty-months", "Months without reviews", share, text)
            .with_number(percent(share, 1))
    })
}
