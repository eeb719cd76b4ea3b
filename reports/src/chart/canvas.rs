//! The drawing surface: SVG elements as text, as few and as short as can be.

use std::fmt::Write;

use handlebars::html_escape;

use super::{
    Chart, Data, Frame,
    chart::Svg,
    text::{shortened, text_width},
};

/// Width of most charts, in their own units: about pixels, at the desktop as on a phone.
pub(super) const WIDTH: f64 = 400.0;
/// Width of charts that need two columns of the page.
pub(super) const WIDE: f64 = 760.0;

/// An entry of a legend.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) name: &'a str,
    /// Which colour, from 0.
    pub(super) color: usize,
    /// Whether it stands for a broken line.
    pub(super) dashed: bool,
}

impl<'a> Key<'a> {
    /// Names in the order of colours.
    pub(super) fn all(names: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        names.into_iter().enumerate().map(|(color, name)| Self { name, color, dashed: false }).collect()
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
    head: String,
    /// The grid, one path below everything else.
    grid: String,
    body: String,
    width: f64,
    height: f64,
}

impl Canvas {
    pub(super) fn new(frame: &Frame<'_>, height: f64) -> Self {
        Self::sized(frame, WIDTH, height)
    }

    /// A chart of another width; above [`WIDTH`] it takes two columns of the page.
    pub(super) fn sized(frame: &Frame<'_>, width: f64, height: f64) -> Self {
        // One label instead of `title` and `desc`: the title would be a tooltip everywhere in the chart.
        let label = [frame.title, frame.description].map(|text| html_escape(text.trim_end_matches('.')));
        let label = label.iter().filter(|text| !text.is_empty()).fold(String::new(), |all, text| all + text + ". ");
        let head = format!(
            "<svg class=\"chart\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\">\n",
            label.trim_end(),
            at(width),
            at(height)
        );
        Self { head, grid: String::new(), body: String::new(), width, height }
    }

    pub(super) fn width(&self) -> f64 {
        self.width
    }

    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, anchor: Anchor, text: &str) {
        if text.is_empty() {
            return;
        }
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " m",
            Anchor::End => " e",
        };
        let (x, y, text) = (at(x), at(y), html_escape(text));
        self.push(format_args!("<text class=\"{class}{anchor}\" x=\"{x}\" y=\"{y}\">{text}</text>"));
    }

    /// A text that reads upwards and ends at a point.
    pub(super) fn upright_text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let (x, y, text) = (at(x), at(y), html_escape(text));
        self.push(format_args!("<text class=\"{class} e\" transform=\"translate({x} {y})rotate(-90)\">{text}</text>"));
    }

    /// A line of the grid, upright or level.
    pub(super) fn grid(&mut self, from: (f64, f64), to: (f64, f64)) {
        let _ = write!(self.grid, "M{} {}L{} {}", at(from.0), at(from.1), at(to.0), at(to.1));
    }

    /// A line of an axis.
    pub(super) fn axis(&mut self, from: (f64, f64), to: (f64, f64)) {
        let (x1, y1, x2, y2) = (at(from.0), at(from.1), at(to.0), at(to.1));
        self.push(format_args!("<path class=\"axis\" d=\"M{x1} {y1}L{x2} {y2}\"/>"));
    }

    /// A rectangle from its top left corner, with a tooltip.
    pub(super) fn rect(&mut self, class: &str, corner: (f64, f64), size: (f64, f64), tip: &str) {
        self.push_rect(class, "", corner, size, tip);
    }

    /// A rectangle filled with `class` at an opacity between 0 and 1, with a tooltip.
    pub(super) fn shade(&mut self, class: &str, opacity: f64, corner: (f64, f64), size: (f64, f64), tip: &str) {
        let opacity = format!("{opacity:.2}");
        let opacity = opacity.trim_start_matches('0').trim_end_matches('0').trim_end_matches('.');
        let opacity = if opacity.is_empty() { "0" } else { opacity };
        self.push_rect(class, &format!(" fill-opacity=\"{opacity}\""), corner, size, tip);
    }

    fn push_rect(&mut self, class: &str, more: &str, (x, y): (f64, f64), (width, height): (f64, f64), tip: &str) {
        let (x, y, w, h) = (at(x), at(y), at(width), at(height));
        let tip = titled(tip);
        self.push(format_args!("<path class=\"{class}\"{more} d=\"M{x} {y}h{w}v{h}h-{w}z\">{tip}</path>"));
    }

    pub(super) fn dot(&mut self, class: &str, center: (f64, f64), radius: f64, tip: &str) {
        let (x, y, r, tip) = (at(center.0), at(center.1), at(radius), titled(tip));
        self.push(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\">{tip}</circle>"));
    }

    /// A place that shows nothing but its tooltip.
    pub(super) fn spot(&mut self, center: (f64, f64), tip: &str) {
        let (x, y, tip) = (at(center.0), at(center.1), titled(tip));
        self.push(format_args!("<path class=\"hover\" d=\"M{x} {y}h0\">{tip}</path>"));
    }

    /// A line through points.
    pub(super) fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        if !points.is_empty() {
            self.push(format_args!("<path class=\"{class}\" d=\"{}\"/>", through(points)));
        }
    }

    /// The area between a line of lower and one of upper ends.
    pub(super) fn area(&mut self, class: &str, lower: &[(f64, f64)], upper: &[(f64, f64)]) {
        let around: Vec<(f64, f64)> = lower.iter().chain(upper.iter().rev()).copied().collect();
        if !around.is_empty() {
            self.push(format_args!("<path class=\"{class}\" d=\"{}z\"/>", through(&around)));
        }
    }

    /// Name of the vertical axis and, for several series, the legend; the height at which the plot may begin.
    pub(super) fn head(&mut self, frame: &Frame<'_>, keys: &[Key<'_>]) -> f64 {
        self.text(2.0, 12.0, "label", Anchor::Start, frame.y);
        if keys.len() < 2 {
            return if frame.y.is_empty() { 10.0 } else { 26.0 };
        }
        // Beside the name of the axis if all fits there, else below it.
        let wanted: f64 = keys.iter().map(|key| text_width(key.name) + 29.0).sum();
        let beside = if frame.y.is_empty() { 2.0 } else { text_width(frame.y) + 20.0 };
        let (x, y) = if beside + wanted <= self.width + 14.0 { (beside, 12.0) } else { (2.0, 29.0) };
        self.legend(x, y, keys) + 16.0
    }

    /// Names of several series, from `x` at height `y`, in further lines where they do not fit in one; the
    /// height of the last line.
    pub(super) fn legend(&mut self, x: f64, mut y: f64, keys: &[Key<'_>]) -> f64 {
        let first = x;
        let mut x = x;
        for key in keys {
            let name = shortened(key.name, self.width - first - 20.0);
            if x > first && x + 14.0 + text_width(&name) > self.width {
                (x, y) = (first, y + 17.0);
            }
            if key.dashed {
                self.path(&format!("l{} key", key.color % 6 + 1), &[(x, y - 4.0), (x + 11.0, y - 4.0)]);
            } else {
                self.rect(color(key.color), (x, y - 9.0), (10.0, 10.0), "");
            }
            self.text(x + 14.0, y, "tick", Anchor::Start, &name);
            x += 14.0 + text_width(&name) + 15.0;
        }
        y
    }

    /// The chart, with the numbers that it shows.
    pub(super) fn finish(self, data: Data) -> Chart {
        let grid =
            if self.grid.is_empty() { String::new() } else { format!("<path class=\"grid\" d=\"{}\"/>\n", self.grid) };
        let svg = format!("{}{grid}{}</svg>", self.head, self.body);
        Chart { svg: Svg(svg), data, is_wide: self.width > WIDTH }
    }

    /// A chart that has nothing to show, and says so.
    pub(super) fn empty(frame: &Frame<'_>) -> Chart {
        let mut canvas = Self::new(frame, 90.0);
        canvas.text(WIDTH / 2.0, canvas.height / 2.0, "tick", Anchor::Middle, "No values to show");
        canvas.finish(Data::default())
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(element);
        self.body.push('\n');
    }
}

/// Class of a text over a fill of an opacity, so that it is told apart in the light as in the dark.
pub(super) fn over(opacity: f64) -> &'static str {
    match opacity {
        opacity if opacity > 0.85 => "value strong",
        opacity if opacity > 0.6 => "value middle",
        _ => "value",
    }
}

/// Class of the fill of a series.
pub(super) fn color(index: usize) -> &'static str {
    ["s1", "s2", "s3", "s4", "s5", "s6"][index % 6]
}

fn titled(tip: &str) -> String {
    if tip.is_empty() { String::new() } else { format!("<title>{}</title>", html_escape(tip)) }
}

fn through(points: &[(f64, f64)]) -> String {
    let mut data = String::with_capacity(points.len() * 12);
    for (index, (x, y)) in points.iter().enumerate() {
        data.push(if index == 0 { 'M' } else { ' ' });
        let _ = write!(data, "{} {}", at(*x), at(*y));
    }
    data
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
