//! Part (a): distances with their bounds, and the distributions side by side.

use reports::{
    chart::{self, Chart, Frame, Line, Scale, Series, Unit},
    format::fixed,
    page::{Figure, Section},
};

use super::{table, words};
use crate::{Distribution, Effect, Proof};

/// 1995-01 in months since year 0, and days of a mean month.
const FIRST_MONTH: f64 = 1995.0 * 12.0;
const DAYS_A_MONTH: f64 = 30.436_875;

pub(super) fn section(proof: &Proof) -> Section {
    let rows = proof.effects.iter().map(|effect| {
        vec![
            words(&effect.variable),
            effect.measure.title().to_owned(),
            fixed(effect.value, 4),
            effect.upper.map_or_else(|| "–".to_owned(), |upper| fixed(upper, 4)),
            fixed(effect.tolerance, 2),
            reading(effect),
        ]
    });
    let columns = ["distribution", "distance", "#of this sample", "#upper 95 % bound", "#tolerance", "reading"];
    let figures = proof.distributions.iter().map(|distribution| Figure::new(heading(distribution), draw(distribution)));
    Section {
        id: "distances".to_owned(),
        title: "(a) Distances".to_owned(),
        readings: vec![
            "A distance passes when even its upper bound lies inside the tolerance: then the kept units are shown to be \
             near enough, not only not shown to differ."
                .to_owned(),
        ],
        figures: figures.collect(),
        tables: vec![table("Distances between sample and all reviews", &columns, rows)],
        note: "Total variation is the share of reviews that stand in another bin than they should. A stability index (PSI) \
               below 0.1 is customarily called stable. Ordered distributions are shown cumulated: the largest gap is \
               Kolmogorov-Smirnov D."
            .to_owned(),
        ..Section::default()
    }
}

fn reading(effect: &Effect) -> String {
    match (effect.within, effect.expected) {
        (Some(true), _) => "inside".to_owned(),
        (Some(false), _) => "outside".to_owned(),
        (None, Some(expected)) => format!("changed by design; a fair draw gives about {}", fixed(expected, 4)),
        (None, None) => "changed by design".to_owned(),
    }
}

fn heading(distribution: &Distribution) -> String {
    let mut name = words(&distribution.variable);
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if distribution.labels.is_empty() { format!("{name}, cumulated") } else { name }
}

fn draw(distribution: &Distribution) -> Chart {
    let title = words(&distribution.variable);
    if distribution.labels.is_empty() { cumulated(distribution, &title) } else { bars(distribution, &title) }
}

fn bars(distribution: &Distribution, title: &str) -> Chart {
    let frame = Frame { title, description: "Share of each value in all reviews and in the sample.", x: title, y: "" };
    // Values that nobody has are left out.
    let is_used = |place: &usize| distribution.population[*place] > 0.0 || distribution.sample[*place] > 0.0;
    let used: Vec<usize> = (0..distribution.labels.len()).filter(is_used).collect();
    let pick = |shares: &[f64]| -> Vec<f64> { used.iter().map(|place| shares[*place]).collect() };
    let labels: Vec<String> = used.iter().map(|place| distribution.labels[*place].clone()).collect();
    let (population, sample) = (pick(&distribution.population), pick(&distribution.sample));
    let mut series = vec![Series { name: "all", values: &population }, Series { name: "sample", values: &sample }];
    let expected = if distribution.expected.is_empty() { Vec::new() } else { pick(&distribution.expected) };
    if !expected.is_empty() {
        series.push(Series { name: "expected of a fair draw", values: &expected });
    }
    chart::bars(&frame, &labels, &series, Unit::Percent)
}

fn cumulated(distribution: &Distribution, title: &str) -> Chart {
    let is_time = distribution.variable == "time";
    let x = |value: f64| if is_time { FIRST_MONTH + value / DAYS_A_MONTH } else { value + 1.0 };
    let points = |shares: &[f64]| -> Vec<(f64, f64)> {
        let mut sum = 0.0;
        let mut cumulate = |share: &f64| {
            sum += share;
            sum
        };
        distribution.values.iter().zip(shares).map(|(value, share)| (x(*value), cumulate(share))).collect()
    };
    let (population, sample) = (points(&distribution.population), points(&distribution.sample));
    let (scale, name) = match distribution.variable.as_str() {
        "time" => (Scale::Months, "month"),
        "text_length" => (Scale::Log, "characters + 1"),
        "helpful_votes" => (Scale::Log, "votes + 1"),
        _ => (Scale::Log, "reviews + 1"),
    };
    let frame = Frame { title, description: "Cumulated share in all reviews and in the sample.", x: name, y: "share" };
    let lines = [
        Line { name: "all", points: &population, dashed: false },
        Line { name: "sample", points: &sample, dashed: true },
    ];
    chart::lines(&frame, (scale, Unit::Count), (Scale::Linear, Unit::Percent), &lines)
}
