//! How figures are put into words and sections.

use reports::{
    chart::Chart,
    page::{Figure, Section},
};

pub(crate) use reports::format::{MISSING, date, fixed, number, percent};

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

/// A chart with its heading.
pub(crate) fn figure(title: &str, chart: Chart) -> Figure {
    Figure::new(title, chart)
}

/// A section without tables and note.
pub(crate) fn section(id: &str, title: &str, readings: Vec<String>, figures: Vec<Figure>) -> Section {
    Section { id: id.to_owned(), title: title.to_owned(), readings, figures, ..Section::default() }
}
