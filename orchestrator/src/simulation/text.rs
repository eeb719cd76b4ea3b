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
    let (k, all) = (outcome.k, &outcome.all);
    let right = Align::Right;
    let columns = [("", Align::Left), ("site", right), ("most rated", right), ("difference", right)];
    let rows = [row(&format!("hit rate@{k}"), &all.hit_rate, share), row(&format!("MRR@{k}"), &all.mrr, plain)];
    text += &table(&columns, &rows);
    if !outcome.by_events_before.is_empty() {
        let columns = [
            ("events before", Align::Left),
            ("events", right),
            ("users", right),
            ("site", right),
            ("most rated", right),
            ("difference", right),
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

fn row(name: &str, figures: &Comparison, write: fn(Estimate) -> String) -> Vec<String> {
    vec![name.to_owned(), write(figures.site), write(figures.popular), write(figures.difference)]
}

fn group_row(group: &Group) -> Vec<String> {
    let Comparison { site, popular, difference } = group.hit_rate;
    let mut row = vec![group.name.clone(), number(group.events), number(group.users)];
    row.extend([site, popular, difference].map(share));
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
        assert_eq!(plain(estimate(-0.1, 0.15)), "0.123 (−0.100 to 0.150)");
        assert_eq!(plain(estimate(f64::NAN, f64::NAN)), "0.123");
    }
}
