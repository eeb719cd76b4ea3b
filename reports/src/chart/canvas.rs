//! The drawing surface: SVG elements as text.

use std::fmt::{self, Display, Write};

use handlebars::html_escape;
use serde::Serialize;

use super::Frame;

/// Width of every chart, in its own units; about pixels at desktop size.
pub(super) const WIDTH: f64 = 480.0;
/// Mean width of a character of tick labels.
const CHARACTER: f64 = 7.0;

/// A finished chart. Only this crate makes it, and every text inside is escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Svg(String);

impl Svg {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Svg {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Where a text is anchored.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A chart being drawn.
pub(super) struct Canvas {
    body: String,
    height: f64,
}

impl Canvas {
    pub(super) fn new(frame: &Frame<'_>, height: f64) -> Self {
        let body = format!(
            "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 {} {}\" xmlns=\"http://www.w3.org/2000/svg\">\
             <title>{}</title><desc>{}</desc>\n",
            at(WIDTH),
            at(height),
            html_escape(frame.title),
            html_escape(frame.description)
        );
        Self { body, height }
    }

    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, anchor: Anchor, text: &str) {
        if text.is_empty() {
            return;
        }
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y, text) = (at(x), at(y), html_escape(text));
        self.push(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>"));
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (x1, y1, x2, y2) = (at(from.0), at(from.1), at(to.0), at(to.1));
        self.push(format_args!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"));
    }

    /// A rectangle from its top left corner, with a tooltip.
    pub(super) fn rect(&mut self, class: &str, corner: (f64, f64), size: (f64, f64), tip: &str) {
        let (x, y, w, h, tip) = (at(corner.0), at(corner.1), at(size.0), at(size.1), html_escape(tip));
        self.push(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"><title>{tip}</title></rect>"
        ));
    }

    /// A rectangle filled with `class` at an opacity between 0 and 1, with a tooltip.
    pub(super) fn shade(&mut self, class: &str, opacity: f64, corner: (f64, f64), size: (f64, f64), tip: &str) {
        let (x, y, w, h, tip) = (at(corner.0), at(corner.1), at(size.0), at(size.1), html_escape(tip));
        self.push(format_args!(
            "<rect class=\"{class}\" fill-opacity=\"{opacity:.2}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\">\
             <title>{tip}</title></rect>"
        ));
    }

    pub(super) fn dot(&mut self, class: &str, center: (f64, f64), radius: f64, tip: &str) {
        let (x, y, r, tip) = (at(center.0), at(center.1), at(radius), html_escape(tip));
        self.push(format_args!(
            "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\"><title>{tip}</title></circle>"
        ));
    }

    /// A line through points.
    pub(super) fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        let mut data = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let step = if index == 0 { 'M' } else { 'L' };
            let _ = write!(data, "{step}{} {}", at(*x), at(*y));
        }
        self.push(format_args!("<path class=\"{class}\" d=\"{data}\"/>"));
    }

    /// Names of several series above the plot, from `x` at height `y`, in further lines where they do not
    /// fit in one; the height of the last line.
    pub(super) fn legend(&mut self, x: f64, mut y: f64, names: &[&str]) -> f64 {
        let first = x;
        let mut x = x;
        for (index, name) in names.iter().enumerate() {
            if x > first && x + 15.0 + text_width(name) > WIDTH {
                (x, y) = (first, y + 17.0);
            }
            self.rect(&format!("s{}", index % 6 + 1), (x, y - 9.0), (10.0, 10.0), name);
            self.text(x + 15.0, y, "tick", Anchor::Start, name);
            x += 15.0 + text_width(name) + 16.0;
        }
        y
    }

    pub(super) fn finish(mut self) -> Svg {
        self.body.push_str("</svg>");
        Svg(self.body)
    }

    /// A chart that has nothing to show, and says so.
    pub(super) fn empty(frame: &Frame<'_>) -> Svg {
        let mut canvas = Self::new(frame, 90.0);
        canvas.text(WIDTH / 2.0, canvas.height / 2.0, "tick", Anchor::Middle, "No values to show");
        canvas.finish()
    }

    fn push(&mut self, element: fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }
}

/// About how wide a tick label is.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

/// The text, shortened to about `width` with an ellipsis.
pub(super) fn shortened(text: &str, width: f64) -> String {
    let room = (width / CHARACTER).floor().max(2.0) as usize;
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let start: String = text.chars().take(room - 1).collect();
    format!("{}…", start.trim_end())
}

/// A coordinate with at most one decimal.
fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}
