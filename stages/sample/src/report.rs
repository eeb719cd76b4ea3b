//! The proof as a page to read.

use std::collections::BTreeMap;

use pipeline::Context;
use reports::{
    Template,
    chart::{self, Frame, Line, Scale, Series, Unit},
    format::{fixed, number, p_value, percent},
    page::{Fact, Figure, Page, Section, Table},
};

use crate::{
    proof::{Proof, Test},
    selection::By,
};

/// Below this a p-value is taken as a sign of bias.
const LEVEL: f64 = 0.01;

pub(crate) fn render(proof: &Proof, context: &Context) -> Result<String, reports::Error> {
    let mut sections = vec![verdict(proof)];
    sections.extend(proof.tests.iter().map(|test| section(proof, test)));
    let page = Page {
        title: "How faithful is the sample?".to_owned(),
        lead: lead(proof),
        origin: format!("Made by stage {} of pipeline {}", context.name(), context.pipeline()),
        facts: facts(proof),
        sections,
    };
    reports::render(Template::Sample, &page)
}

fn lead(proof: &Proof) -> String {
    if proof.is_whole() {
        return "The sample is the whole population: every distribution is the same, and there is nothing to prove."
            .to_owned();
    }
    format!(
        "{} of {} reviews, drawn by {} with ratio {} and seed {}.",
        number(proof.sample.rows),
        number(proof.population.rows),
        proof.by.name(),
        proof.ratio,
        proof.seed
    )
}

fn facts(proof: &Proof) -> Vec<Fact> {
    let of = |label: &str, sample: u64, population: u64| {
        let share = percent(sample as f64 / population.max(1) as f64, 1);
        Fact::new(label, number(sample), format!("of {}, {share}", number(population)))
    };
    vec![
        of("reviews", proof.sample.rows, proof.population.rows),
        of("products", proof.sample.items, proof.population.items),
        of("users", proof.sample.users, proof.population.users),
        Fact::new("smallest p-value", p_value(proof.smallest_p_value()), "of the tests that hold"),
    ]
}

fn verdict(proof: &Proof) -> Section {
    let columns = [
        "distribution",
        "#statistic",
        "#degrees of freedom",
        "#p-value",
        "#Cramér's V",
        "#largest difference",
        "reading",
    ];
    let mut table = Table::new("Sample against population", &columns);
    table.wide = true;
    for test in &proof.tests {
        table.push([
            title(test).to_owned(),
            fixed(test.statistic, 2),
            fixed(test.degrees_of_freedom, 1),
            p_value(test.p_value),
            fixed(test.cramers_v, 3),
            percent(test.max_difference, 2),
            short_reading(proof, test).to_owned(),
        ]);
    }
    Section {
        id: "verdict".to_owned(),
        title: "Result".to_owned(),
        readings: vec![summary(proof)],
        tables: vec![table],
        note: format!(
            "With four tests, one p-value below {LEVEL} turns up by chance in about one fair sample of 25. The largest \
             difference is that of the cumulative shares, in percentage points."
        ),
        ..Section::default()
    }
}

fn summary(proof: &Proof) -> String {
    let suspects: Vec<&str> =
        proof.tests.iter().filter(|test| test.is_exact && test.p_value < LEVEL).map(title).collect();
    if proof.is_whole() {
        "Nothing was left out, so all tests pass by definition.".to_owned()
    } else if suspects.is_empty() {
        format!("No test that holds for a sample by {} shows a sign of bias.", proof.by.name())
    } else {
        format!(
            "Differs by more than chance explains: {}. Look at the size of the difference below before using the sample.",
            suspects.join(", ")
        )
    }
}

fn short_reading(proof: &Proof, test: &Test) -> &'static str {
    match test {
        _ if proof.is_whole() => "the same",
        test if test.pooled_bins < 2 => "too few values to test",
        test if !test.is_exact => "p-value too small as a rule; read the difference",
        test if test.p_value < LEVEL => "differs",
        _ => "no sign of bias",
    }
}

fn title(test: &Test) -> &'static str {
    match test.name.as_str() {
        "rating" => "Rating",
        "month" => "Month",
        "reviews-a-product" => "Reviews a product",
        _ => "Reviews a user",
    }
}

fn section(proof: &Proof, test: &Test) -> Section {
    let heading = title(test);
    let mut readings = vec![format!(
        "Chi-square {} with {} degrees of freedom, p-value {}; Cramér's V {}, largest difference {}.",
        fixed(test.statistic, 2),
        fixed(test.degrees_of_freedom, 1),
        p_value(test.p_value),
        fixed(test.cramers_v, 3),
        percent(test.max_difference, 2)
    )];
    readings.push(explanation(proof, test));
    let svg = if test.name == "month" { month_chart(test) } else { bar_chart(test) };
    Section {
        id: test.name.clone(),
        title: heading.to_owned(),
        readings,
        figures: vec![Figure { title: format!("{heading}: share of the population and of the sample"), svg }],
        tables: if test.bins.len() <= 24 { vec![bin_table(test)] } else { Vec::new() },
        note: format!("{} bins, {} after pooling those that expect fewer than 5.", test.bins.len(), test.pooled_bins),
    }
}

fn explanation(proof: &Proof, test: &Test) -> String {
    let rows = matches!(test.name.as_str(), "rating" | "month");
    match proof.by {
        _ if proof.is_whole() => "The sample is the whole population.".to_owned(),
        By::Row if rows => format!(
            "Reviews are drawn one by one, so this is the plain chi-square test, with the statistic divided by {} because \
             the sample is a good part of a finite population.",
            fixed(test.scale, 3)
        ),
        by if rows => format!(
            "Whole {}s are drawn, and the reviews of one are alike, so the counts vary in another way than those of reviews \
             drawn one by one. Statistic (here divided by {}) and degrees of freedom are corrected for that.{}",
            by.name(),
            fixed(test.scale, 2),
            if test.scale > 10.0 {
                " A divisor this large says that a few very large ones decide the result: the test sees only gross bias, \
                 and the largest difference says more."
            } else {
                ""
            }
        ),
        by if test.is_preserved => format!(
            "{}s are drawn one by one with all their reviews, so this distribution should stay as it is.",
            if by == By::Product { "Product" } else { "User" }
        ),
        By::Row => "Leaving out reviews makes every count smaller, so this distribution cannot stay as it is. The sample \
                    is compared with what a fair draw makes of the population: who has n reviews keeps a binomial number \
                    of them."
            .to_owned(),
        _ => "Drawing the others as a whole leaves out some of the reviews here, so this distribution cannot stay as it \
              is. The sample is compared with what leaving out reviews at random makes of the population. The test \
              assumes that reviews go one by one; they go in groups, so small p-values are normal, and the largest \
              difference says more."
            .to_owned(),
    }
}

fn shares(test: &Test) -> [Vec<f64>; 3] {
    let population: f64 = test.bins.iter().map(|bin| bin.population as f64).sum();
    let sample: f64 = test.bins.iter().map(|bin| bin.sample as f64).sum();
    let expected: f64 = test.bins.iter().map(|bin| bin.expected).sum();
    [
        test.bins.iter().map(|bin| bin.population as f64 / population.max(1.0)).collect(),
        test.bins.iter().map(|bin| bin.expected / expected.max(f64::MIN_POSITIVE)).collect(),
        test.bins.iter().map(|bin| bin.sample as f64 / sample.max(1.0)).collect(),
    ]
}

fn bar_chart(test: &Test) -> chart::Svg {
    let [population, expected, sample] = shares(test);
    let labels: Vec<String> = test.bins.iter().map(|bin| bin.label.clone()).collect();
    let (x, y) = match test.name.as_str() {
        "rating" => ("stars", "reviews"),
        "reviews-a-product" => ("reviews a product", "products"),
        _ => ("reviews a user", "users"),
    };
    let description = "Share of each value in the population and in the sample, side by side.";
    let frame = Frame { title: title(test), description, x, y };
    let mut series =
        vec![Series { name: "population", values: &population }, Series { name: "sample", values: &sample }];
    if !test.is_preserved {
        series.push(Series { name: "expected", values: &expected });
    }
    chart::bars(&frame, &labels, &series, Unit::Percent)
}

fn month_chart(test: &Test) -> chart::Svg {
    let [population, _, sample] = shares(test);
    let points = |shares: &[f64]| -> Vec<(f64, f64)> {
        let known: BTreeMap<i64, f64> =
            test.bins.iter().zip(shares).filter_map(|(bin, share)| Some((month_number(&bin.label)?, *share))).collect();
        let (Some((first, _)), Some((last, _))) = (known.first_key_value(), known.last_key_value()) else {
            return Vec::new();
        };
        (*first..=*last).map(|month| (month as f64, known.get(&month).copied().unwrap_or_default())).collect()
    };
    let (population, sample) = (points(&population), points(&sample));
    let frame = Frame { title: "Month", description: "Share of each month.", x: "month", y: "reviews" };
    chart::lines(
        &frame,
        (Scale::Months, Unit::Count),
        (Scale::Linear, Unit::Percent),
        &[
            Line { name: "population", points: &population, dashed: false },
            Line { name: "sample", points: &sample, dashed: false },
        ],
    )
}

/// `2014-03` as the months since year 0.
fn month_number(label: &str) -> Option<i64> {
    let (year, month) = label.rsplit_once('-')?;
    Some(year.parse::<i64>().ok()? * 12 + month.parse::<i64>().ok()? - 1)
}

fn bin_table(test: &Test) -> Table {
    let mut table = Table::new("Counts", &["value", "#population", "#expected in the sample", "#sample"]);
    for bin in &test.bins {
        table.push([bin.label.clone(), number(bin.population), fixed(bin.expected, 1), number(bin.sample)]);
    }
    table
}
