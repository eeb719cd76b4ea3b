//! What a simulation found, as a table for people.

use std::fmt::Write as _;

use reports::format::{fixed, number, percent};

use super::{
    outcome::{Comparison, Group, Latency, Outcome},
    statistics::Estimate,
};
use crate::output::{Align, table};

/// The figures on standard output.
pub fn text(outcome: &Outcome) -> String {
    let mut text = format!(
        "{} of {} events of {} users measured, {} a second, after {} events of the time before\n\n",
        number(outcome.measured),
        number(outcome.planned),
        number(outcome.users),
        fixed(outcome.events_per_s, 1),
        number(outcome.history.accepted + outcome.history.duplicates),
    );
    let k = outcome.k;
    let right = Align::Right;
    let columns = [("", Align::Left), ("site", right), ("most rated", right), ("difference", right)];
    let rows = total_rows(outcome);
    text += &table(&columns, &rows);
    if !outcome.by_events_before.is_empty() {
        let columns = [
            ("events before", Align::Left),
            ("events", right),
            ("users", right),
            ("site", right),
            ("most rated", right),
            ("points more", right),
        ];
        let rows: Vec<Vec<String>> = outcome.by_events_before.iter().map(group_row).collect();
        let _ = write!(text, "\nhit rate@{k}\n{}", table(&columns, &rows));
    }
    let columns = [("milliseconds", Align::Left), ("events", right), ("p50", right), ("p90", right), ("p99", right)];
    let latency = &outcome.latency_ms;
    let rows = [
        latency_row("list asked for", &latency.list),
        latency_row("post to answer", &latency.post),
        latency_row("post to open page", &latency.page),
    ];
    let _ = write!(text, "\n{}", table(&columns, &rows));
    let left_out = left_out(outcome);
    if !left_out.is_empty() {
        let _ = writeln!(text, "\nnot measured: {}", left_out.join(", "));
    }
    for note in &outcome.notes {
        let _ = writeln!(text, "\n{note}");
    }
    text
}

/// Why events were not measured, with their numbers.
pub fn left_out(outcome: &Outcome) -> Vec<String> {
    let events = &outcome.events;
    let causes = [
        (events.duplicates, "on the site already"),
        (events.unknown_products, "of unknown products"),
        (events.rejected, "refused"),
        (outcome.repeated, "of products that the user had"),
        (outcome.planned - events.total().min(outcome.planned), "not reached"),
    ];
    let told = causes.into_iter().filter(|(count, _)| *count > 0);
    told.map(|(count, cause)| format!("{} {cause}", number(count))).collect()
}

/// Hit rate and MRR of all events: name, site, most rated, difference.
pub fn total_rows(outcome: &Outcome) -> [Vec<String>; 2] {
    let Group { hit_rate, mrr, .. } = &outcome.all;
    let difference = points(hit_rate.difference).replacen(" (", " points (", 1);
    [
        vec![format!("hit rate@{}", outcome.k), share(hit_rate.site), share(hit_rate.popular), difference],
        vec![format!("MRR@{}", outcome.k), plain(mrr.site), plain(mrr.popular), plain(mrr.difference)],
    ]
}

fn group_row(group: &Group) -> Vec<String> {
    let Comparison { site, popular, difference } = group.hit_rate;
    let mut row = vec![group.name.clone(), number(group.events), number(group.users)];
    row.extend([share(site), share(popular), points(difference)]);
    row
}

fn latency_row(name: &str, latency: &Latency) -> Vec<String> {
    let mut row = vec![name.to_owned(), number(latency.count)];
    row.extend([latency.p50, latency.p90, latency.p99].map(|value| fixed(value, 1)));
    row
}

/// A share with its interval: `12.3 % (10.1 to 14.9)`.
pub fn share(estimate: Estimate) -> String {
    let Estimate { value, low, high } = estimate;
    with_interval(&percent(value, 1), (low, high), &|end| fixed(end * 100.0, 1))
}

/// A difference of shares in hundredths, with its interval: `2.3 (0.1 to 4.9)`.
pub fn points(estimate: Estimate) -> String {
    let Estimate { value, low, high } = estimate;
    let write = |value: f64| fixed(value * 100.0, 1);
    with_interval(&write(value), (low, high), &write)
}

/// A mean with its interval: `0.123 (0.101 to 0.149)`.
pub fn plain(estimate: Estimate) -> String {
    let Estimate { value, low, high } = estimate;
    with_interval(&fixed(value, 3), (low, high), &|end| fixed(end, 3))
}

fn with_interval(value: &str, (low, high): (f64, f64), write: &dyn Fn(f64) -> String) -> String {
    if low.is_finite() && high.is_finite() {
        format!("{value} ({} to {})", write(low), write(high))
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_its_interval_if_there_is_one() {
        let estimate = |low, high| Estimate { value: 0.1234, low, high };
        assert_eq!(share(estimate(0.1, 0.15)), "12.3 % (10.0 to 15.0)");
        assert_eq!(points(estimate(-0.1, 0.15)), "12.3 (−10.0 to 15.0)");
        assert_eq!(plain(estimate(-0.1, 0.15)), "0.123 (−0.100 to 0.150)");
        assert_eq!(plain(estimate(f64::NAN, f64::NAN)), "0.123");
    }
}
