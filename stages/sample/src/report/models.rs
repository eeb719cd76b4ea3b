//! Part (e): recommenders on the sample and on all data.

use reports::{
    chart::{self, Frame, Line, Scale, Unit},
    format::{fixed, number, percent},
    page::{Figure, Section},
};

use super::table;
use crate::Models;

pub(super) fn section(models: &Models) -> Section {
    let columns: Vec<Vec<(f64, f64)>> = (0..models.algorithms.len())
        .map(|place| models.curve.iter().map(|point| (point.rate * 100.0, point.values[place])).collect())
        .collect();
    let lines: Vec<Line<'_>> =
        models.algorithms.iter().zip(&columns).map(|(name, points)| Line { name, points, dashed: false }).collect();
    let frame = Frame {
        title: "Metric by rate",
        description: "The metric of each algorithm on nested samples of rising rate.",
        x: "% of the units kept",
        y: &models.metric,
    };
    let chart = chart::lines(&frame, (Scale::Log, Unit::Count), (Scale::Linear, Unit::Fixed(3)), &lines);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (place, name) in models.algorithms.iter().enumerate() {
        let sample = models.sample.as_ref().map_or_else(|| "–".to_owned(), |sample| fixed(sample.values[place], 4));
        rows.push(vec![name.clone(), fixed(models.all.values[place], 4), sample]);
    }
    let all = format!("#all ({} test users)", number(models.all.test_users));
    let sample = format!("#sample ({} test users)", number(models.sample.as_ref().map_or(0, |point| point.test_users)));
    let part = if models.is_complete {
        String::new()
    } else {
        format!(
            " All data stands here for {} reviews: those of a share of the users, chosen by another hash.",
            number(models.reviews)
        )
    };
    Section {
        id: "models".to_owned(),
        title: "(e) Recommenders".to_owned(),
        readings: vec![reading(models)],
        figures: vec![Figure::new(format!("{} by rate", models.metric), chart)],
        tables: vec![table(&models.metric, &["algorithm", &all, &sample], rows)],
        note: format!(
            "Full ranking; the last review of every user with two or more products is to be found, at most 2,000 users \
             by hash. No k-core is taken, and test users are not pruned. Fewer products make the task easier, so the \
             metric itself changes with the rate; what should stay is the order.{part}"
        ),
        ..Section::default()
    }
}

fn reading(models: &Models) -> String {
    match (models.tau, models.tau_interval) {
        (Some(tau), Some([low, high])) => format!(
            "Kendall's tau between the order of {} algorithms on the sample ({} of the reviews) and on all data is {}, 95 % \
             interval {} to {}: 1 means the same order, 0 none in common.",
            models.algorithms.len(),
            percent(models.sample.as_ref().map_or(0.0, |sample| sample.rate), 1),
            fixed(tau, 2),
            fixed(low, 2),
            fixed(high, 2)
        ),
        _ => "The sample has too few users with two or more reviews to compare recommenders; the chart shows larger \
              samples by the same unit and seed."
            .to_owned(),
    }
}
