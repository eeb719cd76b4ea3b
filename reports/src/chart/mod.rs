//! Charts as inline SVG, each with the table of its numbers.
//!
//! A chart is drawn once, in fixed coordinates, and scales with the page. Its colours are variables
//! of the page's style, so that dark mode works. Values come binned: a chart has a node a bin, never
//! one a row. Coordinates have one decimal, so that equal data gives equal bytes. No interaction but
//! tooltips.

mod axis;
mod band;
mod bars;
mod canvas;
#[expect(clippy::module_inception, reason = "the type that all charts are")]
mod chart;
mod heat_map;
mod histogram;
mod intervals;
mod lines;
mod matrix;
mod pareto;
mod scatter;
mod spark;
mod stacked;
mod text;

pub use axis::Scale;
pub use band::{Band, band};
pub use bars::{bars, horizontal_bars};
pub use chart::{Chart, Data, Svg};
pub use heat_map::heat_map;
pub use histogram::{Bin, histogram};
pub use intervals::{Interval, intervals};
pub use lines::{Line, fitted, lines};
pub use matrix::matrix;
pub use pareto::{Point, pareto};
pub use scatter::{Spot, scatter};
pub use spark::{Spark, spark};
pub use stacked::{share_bars, stacked_bars};

use crate::format;

/// What every chart has around its data.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame<'a> {
    /// Name of the chart, read by screen readers.
    pub title: &'a str,
    /// What it shows, in a sentence, read by screen readers.
    pub description: &'a str,
    /// Name of the horizontal axis, with unit; empty for none.
    pub x: &'a str,
    /// Name of the vertical axis, with unit; empty for none.
    pub y: &'a str,
}

impl<'a> Frame<'a> {
    /// Name of the horizontal axis, or what stands in for it as a heading.
    fn x_or(&self, other: &'a str) -> &'a str {
        if self.x.is_empty() { other } else { self.x }
    }

    /// Name of the vertical axis, or what stands in for it as a heading.
    fn y_or(&self, other: &'a str) -> &'a str {
        if self.y.is_empty() { other } else { self.y }
    }
}

/// Values of bars, one a category; not-a-number where there is none.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// Name in the legend.
    pub name: &'a str,
    /// One value a category.
    pub values: &'a [f64],
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Whole numbers: `12,345`, on axes `12k`.
    Count,
    /// Shares of 1, written as percentages.
    Percent,
    /// A number of decimals.
    Fixed(usize),
    /// Whole numbers that are names, without separators: `2014`.
    Year,
}

impl Unit {
    /// The value in full, for tooltips and labels.
    pub fn write(self, value: f64) -> String {
        match self {
            Self::Count => format::fixed(value, 0),
            Self::Percent => format::percent(value, 1),
            Self::Fixed(decimals) => format::fixed(value, decimals),
            Self::Year => format!("{value:.0}"),
        }
    }

    /// The value in few characters, for an axis with ticks `step` apart.
    fn write_tick(self, value: f64, step: f64) -> String {
        match self {
            Self::Percent => format::percent(value, decimals_of(step * 100.0)),
            Self::Year => self.write(value),
            _ if value.abs() >= 1e4 => format::compact(value),
            _ => format::fixed(value, decimals_of(step)),
        }
    }
}

/// Decimals needed to tell multiples of `step` apart.
fn decimals_of(step: f64) -> usize {
    if step >= 1.0 || step <= 0.0 { 0 } else { (-step.log10() - 1e-9).ceil() as usize }
}
