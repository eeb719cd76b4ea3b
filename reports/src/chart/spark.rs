//! Tiny histograms for lists: a shape at a glance, without axes.

use std::fmt::Write;

use handlebars::html_escape;
use serde::Serialize;

const WIDTH: usize = 120;
const HEIGHT: f64 = 28.0;
/// The most bars that can be told apart.
const BARS: usize = 40;

/// A tiny histogram. Not a chart: the numbers belong to the full chart beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Spark(String);

impl Spark {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The shape of counts from left to right, as one path; `label` says what it shows to who cannot see it.
///
/// More than forty values are added up in neighbours.
pub fn spark(label: &str, values: &[f64]) -> Spark {
    let values = merged(values);
    let most = values.iter().copied().fold(0.0, f64::max);
    let slot = WIDTH as f64 / values.len().max(1) as f64;
    let mut path = String::new();
    for (place, value) in values.iter().enumerate().filter(|(_, value)| **value > 0.0) {
        // What is not empty stays visible.
        let height = (value / most * HEIGHT).max(1.0);
        let width = if slot > 4.0 { slot - 1.0 } else { slot };
        let _ = write!(path, "M{:.1} {HEIGHT}v-{height:.1}h{width:.1}v{height:.1}z", slot * place as f64);
    }
    Spark(format!(
        "<svg class=\"spark\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\">\
         <path class=\"s1\" d=\"{path}\"/></svg>",
        html_escape(label)
    ))
}

/// Neighbours added up until there are at most [`BARS`].
fn merged(values: &[f64]) -> Vec<f64> {
    let together = values.len().div_ceil(BARS).max(1);
    let usable = |value: &f64| if value.is_finite() { value.max(0.0) } else { 0.0 };
    values.chunks(together).map(|chunk| chunk.iter().map(usable).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_one_path() {
        insta::assert_snapshot!(spark("stars & more", &[1.0, 0.0, 4.0, f64::NAN]).as_str());
        assert_eq!(merged(&vec![1.0; 100]).len(), 34);
        assert!(!spark("none", &[]).as_str().contains("NaN"));
        assert!(!spark("zeros", &[0.0, 0.0]).as_str().contains("NaN"));
    }
}
