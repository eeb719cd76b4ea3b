//! The columns as people read them.

use reports::{
    chart::{self, Frame, Series, Unit, spark},
    format::compact,
    page::{ColumnCard, Fact, Figure, Table},
};

use super::{
    Column, ColumnKind, Frequent, Mark, Numbers, Owner,
    alerts::{anchor, title},
};
use crate::{
    formulas::histogram::{Bins, Histogram},
    words::{MISSING, date, figure, fixed, number, percent},
};

/// Statistics of a value, in the order of the tables.
pub fn statistics(column: &Column) -> Vec<(&'static str, String)> {
    let Some(numbers) = &column.numbers else { return Vec::new() };
    let is_time = column.kind == ColumnKind::Time;
    let point = |value: f64| if is_time { date(value as i64) } else { short(value) };
    let length = |value: f64| if is_time { format!("{} days", fixed(value / 86_400.0, 1)) } else { short(value) };
    let maybe = |value: Option<f64>| value.map_or_else(|| MISSING.to_owned(), |value| fixed(value, 3));
    let Numbers { mean, minimum, q05, q25, median, q75, q95, maximum, .. } = *numbers;
    let mut rows = vec![
        ("mean", point(mean)),
        ("standard deviation", numbers.standard_deviation.map_or_else(|| MISSING.to_owned(), length)),
        ("smallest", point(minimum)),
        ("5 %", point(q05)),
        ("25 %", point(q25)),
        ("median", point(median)),
        ("75 %", point(q75)),
        ("95 %", point(q95)),
        ("largest", point(maximum)),
        ("range", length(numbers.range)),
        ("interquartile range", length(numbers.interquartile_range)),
        ("median absolute deviation", length(numbers.median_absolute_deviation)),
        ("skewness", maybe(numbers.skewness)),
        ("excess kurtosis", maybe(numbers.kurtosis)),
    ];
    if !is_time {
        rows.extend([
            ("variance", numbers.variance.map_or_else(|| MISSING.to_owned(), short)),
            ("coefficient of variation", maybe(numbers.coefficient_of_variation)),
            ("sum", short(numbers.sum)),
            ("zeros", number(numbers.zeros)),
            ("negative", number(numbers.negative)),
        ]);
    }
    rows
}

/// Whole numbers as they are, others with as many decimals as tell something.
fn short(value: f64) -> String {
    match value.abs() {
        size if value.fract() == 0.0 && size < 1e15 => fixed(value, 0),
        size if size >= 1000.0 => fixed(value, 0),
        size if size >= 10.0 => fixed(value, 2),
        size if size >= 0.01 => fixed(value, 3),
        _ => fixed(value, 6),
    }
}

/// The histogram of a column.
pub fn histogram(column: &Column) -> Option<Figure> {
    let found = column.histogram.as_ref()?;
    let unit = match column.kind {
        ColumnKind::Text => "words",
        ColumnKind::List => "entries",
        ColumnKind::Time => "day",
        _ => column.name.as_str(),
    };
    let labels: Vec<String> = found.bins.iter().map(|bin| label(found, column.kind, bin.0, bin.1)).collect();
    let rows: Vec<f64> = found.bins.iter().map(|bin| bin.2 as f64).collect();
    let what = match column.owner {
        Owner::Reviews => "reviews",
        Owner::Products => "products",
    };
    let heading = format!("{what} by {}", title(column));
    let frame = Frame { title: &heading, description: &heading, x: unit, y: what };
    let bars = chart::bars(&frame, &labels, &[Series { name: what, values: &rows }], Unit::Count);
    Some(figure(&heading, bars))
}

fn label(histogram: &Histogram, kind: ColumnKind, low: f64, high: f64) -> String {
    match (kind, histogram.kind) {
        (ColumnKind::Time, _) => date(low as i64),
        (_, Bins::Values) => short(low),
        (_, Bins::Doubling) if low == high => number(low as u64),
        (_, Bins::Doubling) => format!("{}–{}", number(low as u64), number(high as u64)),
        (_, Bins::Equal) => compact(low),
    }
}

/// The card of a column.
pub fn card(column: &Column) -> ColumnCard {
    let mut tables = Vec::new();
    let numbers = statistics(column);
    if !numbers.is_empty() {
        let what = match column.kind {
            ColumnKind::Text => "Words a text",
            ColumnKind::List => "Entries a row",
            _ => "Statistics",
        };
        let mut table = Table::new(what, &["statistic", "#value"]);
        for (name, value) in numbers {
            table.push([name.to_owned(), value]);
        }
        tables.push(table);
    }
    for (caption, heading, values) in [
        ("Most frequent", "value", &column.common),
        ("Smallest", "value", &column.smallest),
        ("Largest", "value", &column.largest),
        ("Languages, guessed", "language", &column.languages),
        ("Words in the most texts", "word", &column.words),
    ] {
        // The ends of a column of few values are in the list of the most frequent ones already.
        let repeats =
            caption != "Most frequent" && column.distinct.is_some_and(|all| all <= column.common.len() as u64);
        let is_end = ["Smallest", "Largest"].contains(&caption);
        if !(values.is_empty() || repeats && is_end) {
            tables.push(value_table(caption, heading, values));
        }
    }
    ColumnCard {
        id: anchor(column),
        name: title(column),
        kind: holds(column.kind).to_owned(),
        alerts: column.marks.iter().map(|mark| flag(*mark).to_owned()).collect(),
        spark: column.histogram.as_ref().map(|found| {
            let rows: Vec<f64> = found.bins.iter().map(|bin| bin.2 as f64).collect();
            spark(&format!("distribution of {}", title(column)), &rows)
        }),
        facts: facts(column),
        figures: histogram(column).into_iter().collect(),
        tables,
        note: note(column).to_owned(),
    }
}

fn value_table(caption: &str, heading: &str, values: &[Frequent]) -> Table {
    let mut table = Table::new(caption, &[heading, "#rows", "#share"]);
    for value in values {
        table.push([value.value.clone(), number(value.rows), percent(value.share, 1)]);
    }
    table
}

/// The few statistics that are always seen.
fn facts(column: &Column) -> Vec<Fact> {
    let mut facts = Vec::new();
    if column.missing > 0 {
        facts.push(Fact::new("missing", percent(column.missing_share, 1), ""));
    }
    if let Some(distinct) = column.distinct {
        facts.push(Fact::new("distinct", number(distinct), ""));
    }
    if let Some(numbers) = &column.numbers {
        let point = |value: f64| if column.kind == ColumnKind::Time { date(value as i64) } else { short(value) };
        let unit = match column.kind {
            ColumnKind::Text => "words",
            ColumnKind::List => "entries",
            _ => "",
        };
        facts.push(Fact::new("median", point(numbers.median), unit));
        facts.push(Fact::new("range", format!("{} to {}", point(numbers.minimum), point(numbers.maximum)), ""));
    } else if let Some(most) = column.common.first() {
        facts.push(Fact::new("most frequent", most.value.clone(), percent(most.share, 1)));
    }
    facts
}

/// A mark in a word or two.
fn flag(mark: Mark) -> &'static str {
    match mark {
        Mark::Constant => "constant",
        Mark::Missing => "missing",
        Mark::Empty => "empty",
        Mark::Zeros => "zeros",
        Mark::Skewed => "skewed",
        Mark::Imbalanced => "imbalanced",
        Mark::Uniform => "uniform",
        Mark::Unique => "unique",
        Mark::HighCardinality => "many names",
    }
}

fn note(column: &Column) -> &'static str {
    match (column.kind, column.name.as_str()) {
        (ColumnKind::Text, "text") => {
            "Words are what spaces separate. Distinct are sequences of words, whatever their case and punctuation. The \
             language is guessed from script and frequent words."
        }
        (ColumnKind::Text, "title") => "Words are what spaces separate.",
        (ColumnKind::List, "also_bought") => "Links to products that have reviews.",
        (ColumnKind::List, _) => "A row may have several; shares are of the products that have any.",
        (ColumnKind::Number | ColumnKind::Time, _) => {
            "Quantiles are interpolated, the standard deviation is that of a sample, skewness and kurtosis are without bias: \
             all as pandas has them."
        }
        _ => "",
    }
}

/// What a column holds, in a word.
pub fn holds(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Key => "key",
        ColumnKind::Number => "number",
        ColumnKind::Time => "time",
        ColumnKind::Boolean => "yes or no",
        ColumnKind::Category => "category",
        ColumnKind::List => "list",
        ColumnKind::Text => "text",
    }
}
