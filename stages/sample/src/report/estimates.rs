//! Part (b): estimates with their intervals, beside the truth.

use reports::{
    chart::{self, Frame, Interval, Unit},
    format::fixed,
    page::{Figure, Section},
};

use super::{table, words};
use crate::{Estimate, Proof};

pub(super) fn section(proof: &Proof) -> Section {
    let rows = proof.estimates.iter().map(|estimate| {
        let write = |value: f64| written(estimate, value);
        vec![
            words(&estimate.name),
            write(estimate.estimate),
            format!("{} to {}", write(estimate.low), write(estimate.high)),
            estimate.truth.map_or_else(|| "not read".to_owned(), write),
            match estimate.inside {
                Some(true) => "inside".to_owned(),
                Some(false) => "outside".to_owned(),
                None => "–".to_owned(),
            },
            estimate.design_effect.map_or_else(|| "–".to_owned(), |effect| fixed(effect, 2)),
        ]
    });
    let columns = ["figure", "#estimate", "#95 % interval", "#truth", "reading", "#design effect"];
    Section {
        id: "estimates".to_owned(),
        title: "(b) Estimates".to_owned(),
        readings: vec![
            "Each figure is estimated from the sample alone, every review counted 1 / probability times, with an interval \
             that should hold the truth 95 times in 100. Here the truth is known."
                .to_owned(),
        ],
        figures: figure(&proof.estimates).into_iter().collect(),
        tables: vec![table("Estimates and truth", &columns, rows)],
        note: "The design effect tells how many times larger the variance is than that of equally many reviews drawn one \
               by one. Above 1, reviews of one unit are alike, and tests that take them as independent are wrong."
            .to_owned(),
        ..Section::default()
    }
}

/// Totals as whole numbers, means with decimals.
fn written(estimate: &Estimate, value: f64) -> String {
    fixed(value, if estimate.estimate.abs() >= 1000.0 { 0 } else { 4 })
}

/// Errors of all estimates relative to the truth.
fn figure(estimates: &[Estimate]) -> Option<Figure> {
    let names: Vec<String> = estimates.iter().map(|estimate| words(&estimate.name)).collect();
    let relative = |estimate: &Estimate, name| {
        let truth = estimate.truth.filter(|truth| truth.abs() > 0.0)?;
        let of = |value: f64| value / truth - 1.0;
        Some(Interval { name, low: of(estimate.low), value: of(estimate.estimate), high: of(estimate.high) })
    };
    let rows: Vec<Interval<'_>> =
        estimates.iter().zip(&names).filter_map(|(estimate, name)| relative(estimate, name)).collect();
    let frame = Frame {
        title: "Errors of the estimates",
        description: "Each estimate's relative error with its 95 % interval.",
        x: "relative to the truth",
        y: "",
    };
    let title = "Estimates with 95 % intervals, relative to the truth".to_owned();
    (!rows.is_empty()).then(|| Figure::new(title.as_str(), chart::intervals(&frame, &rows, 0.0, Unit::Percent)))
}
