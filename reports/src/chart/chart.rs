//! A finished chart: the drawing and the numbers that it shows.

use std::fmt::{self, Display};

use serde::Serialize;

use super::Unit;
use crate::format::MISSING;

/// The most rows of a table of data; a chart of more points than that is a chart that was not binned.
const ROWS: usize = 500;

/// A finished chart. Only this crate makes it, so that none lacks its [`Data`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chart {
    /// The drawing.
    pub(super) svg: Svg,
    /// The numbers that it shows.
    pub(super) data: Data,
    /// Whether it needs two columns of the page.
    pub(super) is_wide: bool,
}

impl Chart {
    /// The markup of the drawing.
    pub fn as_str(&self) -> &str {
        self.svg.as_str()
    }

    /// The numbers that it shows.
    pub fn data(&self) -> &Data {
        &self.data
    }
}

impl Display for Chart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The markup of a drawing. Every text inside is escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Svg(pub(super) String);

impl Svg {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The numbers of a chart as a table, for who cannot see it, prints it, or wants to copy them.
///
/// Made by the chart's own function from the series that it draws.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Data {
    /// Headings of the columns; the first names the rows.
    pub columns: Vec<String>,
    /// Cells, one list a row, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
    /// Rows that are not listed, as there are too many.
    pub left_out: usize,
}

impl Data {
    pub(super) fn new<T: Into<String>>(columns: impl IntoIterator<Item = T>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Appends a row, unless the table is full.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = String>) {
        if self.rows.len() < ROWS {
            let mut row: Vec<String> = row.into_iter().collect();
            row.resize(self.columns.len(), String::new());
            self.rows.push(row);
        } else {
            self.left_out += 1;
        }
    }

    /// A row a category and a column a series.
    pub(super) fn of_series(categories: &[String], series: &[super::Series<'_>], unit: Unit, heading: &str) -> Self {
        let mut data = Self::new([heading].into_iter().chain(series.iter().map(|series| series.name)));
        for (place, name) in categories.iter().enumerate() {
            let values = series.iter().map(|series| series.values.get(place).copied().unwrap_or(f64::NAN));
            data.push([name.clone()].into_iter().chain(values.map(|value| write(unit, value))));
        }
        data
    }
}

/// The value in full, or a dash.
pub(super) fn write(unit: Unit, value: f64) -> String {
    if value.is_finite() { unit.write(value) } else { MISSING.to_owned() }
}
