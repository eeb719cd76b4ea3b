//! How figures are put into words and sections.

use reports::{
    chart::{self, Chart, Frame, Series, Unit},
    page::{Figure, Section},
};

pub(crate) use reports::format::{MISSING, date, fixed, number, percent};

/// A part of a whole; 0 of nothing.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// The same as it reads, by [`small_percent`].
pub(crate) fn small_share(part: u64, whole: u64) -> String {
    small_percent(share(part, whole))
}

/// A share with enough decimals that a small one does not read as zero.
pub(crate) fn small_percent(share: f64) -> String {
    let size = share * 100.0;
    percent(share, if size >= 10.0 || size <= 0.0 { 1 } else { (1.0 - size.log10().floor()).clamp(1.0, 7.0) as usize })
}

/// `1 review`, `2,000 reviews`: a number with what it counts.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// `4` or `4.5`.
pub(crate) fn stars(rating: f64) -> String {
    if rating.fract() > 0.0 { fixed(rating, 1) } else { fixed(rating, 0) }
}

/// A bar for each bin: its name and how many are in it.
pub(crate) fn bin_figure<'a>(title: &str, frame: &Frame<'_>, bins: impl Iterator<Item = (&'a String, u64)>) -> Figure {
    let (names, values): (Vec<String>, Vec<f64>) = bins.map(|(name, count)| (name.clone(), count as f64)).unzip();
    figure(title, chart::bars(frame, &names, &[Series { name: frame.y, values: &values }], Unit::Count))
}

/// A chart with its heading.
pub(crate) fn figure(title: &str, chart: Chart) -> Figure {
    Figure::new(title, chart)
}

/// A section without tables and note.
pub(crate) fn section(id: &str, title: &str, readings: Vec<String>, figures: Vec<Figure>) -> Section {
    Section { id: id.to_owned(), title: title.to_owned(), readings, figures, ..Section::default() }
}
