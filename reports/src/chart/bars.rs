//! Bars: a value or a few a category.

use super::{
    Frame, Series, Unit,
    axis::Axis,
    canvas::{Anchor, Canvas, Svg, WIDTH, shortened, text_width},
};

const HEIGHT: f64 = 290.0;
const BOTTOM: f64 = HEIGHT - 42.0;
const TICKS: usize = 5;

/// Vertical bars, categories from left to right: histograms and distributions.
///
/// Every series has one value a category; several series stand side by side.
pub fn bars(frame: &Frame<'_>, categories: &[String], series: &[Series<'_>], unit: Unit) -> Svg {
    let all = series.iter().flat_map(|series| series.values.iter().copied());
    let Some(axis) = Axis::from_zero(unit, all).filter(|_| !categories.is_empty() && !series.is_empty()) else {
        return Canvas::empty(frame);
    };
    let mut canvas = Canvas::new(frame, HEIGHT);
    let left = axis.label_width(TICKS) + 14.0;
    let right = WIDTH - 8.0;
    let top = head(&mut canvas, frame, series);
    let axis = axis.between(BOTTOM, top);
    axis.draw_vertical(&mut canvas, left, right, TICKS);
    let slot = (right - left) / categories.len() as f64;
    draw_bars(&mut canvas, &axis, categories, series, unit, (left, slot));
    let zero = axis.place(0.0).unwrap_or(BOTTOM);
    canvas.line("axis", (left, zero), (right, zero));
    label_categories(&mut canvas, categories, left, slot);
    canvas.text(f64::midpoint(left, right), HEIGHT - 6.0, "label", Anchor::Middle, frame.x);
    canvas.finish()
}

fn draw_bars(
    canvas: &mut Canvas,
    axis: &Axis,
    categories: &[String],
    series: &[Series<'_>],
    unit: Unit,
    (left, slot): (f64, f64),
) {
    let zero = axis.place(0.0).unwrap_or(BOTTOM);
    let gap = if slot > 6.0 { slot * 0.16 } else { 0.0 };
    let width = (slot - gap) / series.len() as f64;
    for (category, name) in categories.iter().enumerate() {
        for (place, (class, entry)) in series.iter().enumerate().map(|(i, s)| (i, (class_of(i), s))) {
            let value = entry.values.get(category).copied().unwrap_or(f64::NAN);
            let Some(end) = axis.place(value) else { continue };
            let x = left + slot * category as f64 + gap / 2.0 + width * place as f64;
            // A value that is not zero stays visible.
            let height = if value == 0.0 { 0.0 } else { (zero - end).abs().max(1.0) };
            let y = if value < 0.0 { zero } else { zero - height };
            canvas.rect(class, (x, y), (width, height), &tip(name, entry, series, &unit.write(value)));
        }
    }
}

/// Horizontal bars, categories from top to bottom: rankings and comparisons, with the value beside.
pub fn horizontal_bars(frame: &Frame<'_>, categories: &[String], series: &[Series<'_>], unit: Unit) -> Svg {
    let all = || series.iter().flat_map(|series| series.values.iter().copied());
    let Some(axis) = Axis::from_zero(unit, all()).filter(|_| !categories.is_empty() && !series.is_empty()) else {
        return Canvas::empty(frame);
    };
    let names: Vec<String> = categories.iter().map(|name| shortened(name, 170.0)).collect();
    let left = names.iter().map(|name| text_width(name)).fold(0.0, f64::max) + 12.0;
    let value_room = all().map(|value| text_width(&unit.write(value))).fold(0.0, f64::max) + 12.0;
    let thickness = if series.len() == 1 { 18.0 } else { 12.0 };
    let slot = thickness * series.len() as f64 + 8.0;
    let top = if series.len() > 1 { 28.0 } else { 8.0 };
    let bottom = top + slot * categories.len() as f64;
    let height = bottom + if frame.x.is_empty() { 6.0 } else { 24.0 };
    let mut canvas = Canvas::new(frame, height);
    if series.len() > 1 {
        canvas.legend(left, 14.0, &names_of(series));
    }
    let axis = axis.between(left, WIDTH - value_room);
    let zero = axis.place(0.0).unwrap_or(left);
    for (category, name) in names.iter().enumerate() {
        let y = top + slot * category as f64 + 4.0;
        let middle = y + thickness * series.len() as f64 / 2.0 + 4.5;
        canvas.text(left - 8.0, middle, "tick", Anchor::End, name);
        for (place, entry) in series.iter().enumerate() {
            let value = entry.values.get(category).copied().unwrap_or(f64::NAN);
            let y = y + thickness * place as f64;
            let end = axis.place(value).unwrap_or(zero);
            let length = if value == 0.0 || !value.is_finite() { 0.0 } else { (end - zero).abs().max(1.0) };
            let tip = tip(&categories[category], entry, series, &unit.write(value));
            canvas.rect(class_of(place), (zero.min(end), y), (length, thickness - 1.0), &tip);
            canvas.text(zero.max(end) + 5.0, y + thickness / 2.0 + 4.0, "value", Anchor::Start, &unit.write(value));
        }
    }
    canvas.line("axis", (zero, top), (zero, bottom));
    canvas.text(f64::midpoint(left, WIDTH), height - 6.0, "label", Anchor::Middle, frame.x);
    canvas.finish()
}

/// Name of the vertical axis and legend; where the plot may begin.
pub(super) fn head(canvas: &mut Canvas, frame: &Frame<'_>, series: &[Series<'_>]) -> f64 {
    canvas.text(2.0, 14.0, "label", Anchor::Start, frame.y);
    if series.len() < 2 {
        return 30.0;
    }
    canvas.legend(text_width(frame.y) + 24.0, 14.0, &names_of(series));
    30.0
}

/// Labels below the bars: all if they fit, else every second, third, ...
fn label_categories(canvas: &mut Canvas, categories: &[String], left: f64, slot: f64) {
    let widest = categories.iter().map(|name| text_width(name)).fold(0.0, f64::max);
    let every = ((widest + 6.0) / slot).ceil().max(1.0) as usize;
    for (index, name) in categories.iter().enumerate().step_by(every) {
        // A label wider than its bar must not stand out at the right end.
        let x = (left + slot * (index as f64 + 0.5)).min(WIDTH - text_width(name) / 2.0 - 1.0);
        canvas.text(x, BOTTOM + 17.0, "tick", Anchor::Middle, name);
    }
}

fn names_of<'a>(series: &[Series<'a>]) -> Vec<&'a str> {
    series.iter().map(|series| series.name).collect()
}

fn class_of(index: usize) -> &'static str {
    ["s1", "s2", "s3", "s4", "s5", "s6"][index % 6]
}

fn tip(category: &str, series: &Series<'_>, all: &[Series<'_>], value: &str) -> String {
    if all.len() == 1 { format!("{category}: {value}") } else { format!("{category}, {}: {value}", series.name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> =
        Frame { title: "Ratings", description: "Reviews by stars.", x: "stars", y: "reviews" };

    #[test]
    fn vertical_bars() {
        let categories = ["1", "2 & more"].map(str::to_owned);
        let series = [Series { name: "reviews", values: &[4.0, 10.0] }];
        insta::assert_snapshot!(bars(&FRAME, &categories, &series, Unit::Count).to_string());
    }

    #[test]
    fn horizontal_bars_of_two_series() {
        let categories = ["als", "item-knn"].map(str::to_owned);
        let series =
            [Series { name: "recall", values: &[0.25, 0.5] }, Series { name: "ndcg", values: &[0.125, f64::NAN] }];
        insta::assert_snapshot!(horizontal_bars(&FRAME, &categories, &series, Unit::Fixed(3)).to_string());
    }

    #[test]
    fn nothing_to_show_is_said() {
        for svg in [bars(&FRAME, &[], &[], Unit::Count), horizontal_bars(&FRAME, &[], &[], Unit::Count)] {
            assert!(svg.as_str().contains("No values to show"), "{svg}");
        }
    }

    #[test]
    fn labels_that_do_not_fit_are_left_out_evenly() {
        let categories: Vec<String> = (0..100).map(|index| format!("label {index}")).collect();
        let values = vec![1.0; 100];
        let svg = bars(&FRAME, &categories, &[Series { name: "n", values: &values }], Unit::Count);
        let labels = svg.as_str().matches(">label ").count() - 100; // a hundred stand in tooltips
        assert!((3..10).contains(&labels), "{labels}");
    }
}
