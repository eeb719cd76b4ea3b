//! What is notable about a column, as findings.

use super::{Column, ColumnKind, Mark, Owner};
use crate::{
    alert::{Alert, Severity},
    words::{fixed, number, percent},
};

/// Findings about a column.
pub fn of_column(column: &Column) -> Vec<Alert> {
    let marks = column.marks.iter().filter(|mark| !is_told_elsewhere(column, **mark));
    marks.map(|mark| alert(column, *mark)).collect()
}

/// Whether the chapter on ratings has a finding of its own about it: that most are five stars.
fn is_told_elsewhere(column: &Column, mark: Mark) -> bool {
    let is_rating = column.name == "rating" && column.owner == Owner::Reviews;
    mark == Mark::Imbalanced && is_rating && column.common.first().is_some_and(|value| value.value == "5")
}

/// Name of a column in the words of the reader.
pub fn title(column: &Column) -> String {
    match column.owner {
        Owner::Reviews => column.name.clone(),
        Owner::Products => format!("{} of products", column.name),
    }
}

/// Anchor of a column.
pub fn anchor(column: &Column) -> String {
    let owner = match column.owner {
        Owner::Reviews => "column",
        Owner::Products => "column-product",
    };
    format!("{owner}-{}", column.name.replace('_', "-"))
}

fn alert(column: &Column, mark: Mark) -> Alert {
    let (severity, id, title, value, text) = finding(column, mark);
    Alert::new(severity, &anchor(column), id, &title, value, text)
}

/// Severity, id, title, number and text of a finding.
type Finding = (Severity, &'static str, String, f64, String);

fn finding(column: &Column, mark: Mark) -> Finding {
    match mark {
        Mark::Empty | Mark::Missing => gaps(column, mark),
        Mark::Constant | Mark::Imbalanced | Mark::Unique => few_values(column, mark),
        Mark::Zeros | Mark::Skewed | Mark::Uniform | Mark::HighCardinality => shape(column, mark),
    }
}

fn gaps(column: &Column, mark: Mark) -> Finding {
    let (name, rows, share) = (title(column), number(column.rows), column.missing_share);
    if mark == Mark::Empty {
        let text = format!("None of {rows} rows has a value in {name}; chapters that need it have nothing to show.");
        return (Severity::Info, "empty-column", format!("{name} is empty"), share, text);
    }
    let severity = if share > 0.5 { Severity::Warning } else { Severity::Info };
    let text = format!("{} of {rows} rows ({}) have no {name}.", number(column.missing), percent(share, 1));
    (severity, "missing-values", format!("{name} is often missing"), share, text)
}

fn few_values(column: &Column, mark: Mark) -> Finding {
    let name = title(column);
    let (value, share) = column.common.first().map_or(("", 0.0), |value| (value.value.as_str(), value.share));
    let is_rating = column.name == "rating" && column.owner == Owner::Reviews;
    match mark {
        Mark::Constant => {
            let severity = if is_rating { Severity::Serious } else { Severity::Warning };
            let text =
                format!("Every row that has a value in {name} has the same one ({value}): it tells no rows apart.");
            (severity, "constant-column", format!("{name} has one value only"), share, text)
        }
        Mark::Imbalanced => {
            let severity = if is_rating { Severity::Warning } else { Severity::Info };
            let text = format!("{} of the rows have the value {value} in {name}.", percent(share, 1));
            (severity, "imbalanced-column", format!("{name} is imbalanced"), share, text)
        }
        _ => {
            let is_key = column.kind == ColumnKind::Key;
            let severity = if is_key { Severity::Serious } else { Severity::Info };
            let rest = if is_key { ", so there is nothing to learn from" } else { "" };
            let text = format!("No two rows have the same {name}{rest}.");
            (severity, "unique-column", format!("Every {name} occurs once"), column.rows as f64, text)
        }
    }
}

fn shape(column: &Column, mark: Mark) -> Finding {
    let (name, names) = (title(column), column.distinct.unwrap_or_default());
    let numbers = column.numbers.as_ref();
    let (id, title, value, text) = match mark {
        Mark::Zeros => {
            let share = numbers.map_or(0.0, |numbers| numbers.zeros as f64 / numbers.count as f64);
            let text = format!("{} of the values of {name} are zero.", percent(share, 1));
            ("many-zeros", "is mostly zero", share, text)
        }
        Mark::Skewed => {
            let skewness = numbers.and_then(|numbers| numbers.skewness).unwrap_or_default();
            let side = if skewness > 0.0 { "large" } else { "small" };
            let text = format!(
                "A few very {side} values of {name} pull its mean (skewness {}); its median says more.",
                fixed(skewness, 1)
            );
            ("skewed-column", "is skewed", skewness, text)
        }
        Mark::Uniform => {
            let text = format!(
                "The values of {name} are more evenly frequent than chance makes them: real data hardly ever is."
            );
            ("uniform-column", "is suspiciously even", names as f64, text)
        }
        _ => {
            let rows = number(column.rows - column.missing);
            let text =
                format!("{} names for {rows} products: most occur once, and say nothing about others.", number(names));
            ("high-cardinality", "has very many names", names as f64, text)
        }
    };
    (Severity::Info, id, format!("{name} {title}"), value, text)
}
