//! Bars: a value or a few a category.

use super::{
    Chart, Data, Frame, Series, Unit,
    axis::Axis,
    canvas::{Anchor, Canvas, Key, WIDTH, color},
    lines::{BOTTOM, HEIGHT, TICKS},
    text::{shortened, text_width},
};

/// Vertical bars, categories from left to right: distributions over names or few values.
///
/// Every series has one value a category; several series stand side by side.
pub fn bars(frame: &Frame<'_>, categories: &[String], series: &[Series<'_>], unit: Unit) -> Chart {
    let all = series.iter().flat_map(|series| series.values.iter().copied());
    let Some(axis) = Axis::from_zero(unit, all).filter(|_| !categories.is_empty() && !series.is_empty()) else {
        return Canvas::empty(frame);
    };
    let mut canvas = Canvas::new(frame, height(categories));
    let (axis, left, slot) = stand(&mut canvas, frame, axis, categories.len(), &keys_of(series));
    let zero = axis.place(0.0).unwrap_or(BOTTOM);
    let gap = if slot > 6.0 { slot * 0.16 } else { 0.0 };
    let width = (slot - gap) / series.len() as f64;
    for (category, name) in categories.iter().enumerate() {
        for (place, entry) in series.iter().enumerate() {
            let value = entry.values.get(category).copied().unwrap_or(f64::NAN);
            let Some(end) = axis.place(value) else { continue };
            let x = left + slot * category as f64 + gap / 2.0 + width * place as f64;
            // A value that is not zero stays visible.
            let height = if value == 0.0 { 0.0 } else { (zero - end).abs().max(1.0) };
            let y = if value < 0.0 { zero } else { zero - height };
            canvas.rect(color(place), (x, y), (width, height), &tip(name, entry, series, &unit.write(value)));
        }
    }
    foot(&mut canvas, frame, &axis, categories, (left, slot));
    canvas.finish(Data::of_series(categories, series, unit, frame.x_or("category")))
}

/// Vertical axis, legend and name of upright bars; the axis placed, where the bars begin, and room for each.
pub(super) fn stand(
    canvas: &mut Canvas,
    frame: &Frame<'_>,
    axis: Axis,
    categories: usize,
    keys: &[Key<'_>],
) -> (Axis, f64, f64) {
    let left = axis.label_width(TICKS) + 12.0;
    let right = WIDTH - 4.0;
    let top = canvas.head(frame, keys);
    let axis = axis.between(BOTTOM, top);
    axis.draw_vertical(canvas, left, right, TICKS);
    (axis, left, (right - left) / categories as f64)
}

/// Line of zero, labels of categories and name of the horizontal axis.
pub(super) fn foot(
    canvas: &mut Canvas,
    frame: &Frame<'_>,
    axis: &Axis,
    categories: &[String],
    (left, slot): (f64, f64),
) {
    let zero = axis.place(0.0).unwrap_or(BOTTOM);
    canvas.axis((left, zero), (WIDTH - 4.0, zero));
    label_categories(canvas, categories, left, slot);
    canvas.text(f64::midpoint(left, WIDTH), height(categories) - 6.0, "label", Anchor::Middle, frame.x);
}

/// Height of a chart of upright bars, with room for names that stand upright.
pub(super) fn height(categories: &[String]) -> f64 {
    if stand_upright(categories) { HEIGHT - 12.0 + widest(&shown_names(categories)) } else { HEIGHT }
}

/// Whether names are words that have no room beside one another: all are needed, unlike every number of a row.
fn stand_upright(categories: &[String]) -> bool {
    let are_words = categories.iter().filter(|name| name.chars().next().is_some_and(char::is_alphabetic)).count();
    let slot = (WIDTH - 60.0) / categories.len() as f64;
    are_words * 2 > categories.len() && slot >= 13.0 && widest(&shown_names(categories)) + 6.0 > slot
}

fn shown_names(categories: &[String]) -> Vec<String> {
    categories.iter().map(|name| shortened(name, 110.0)).collect()
}

fn widest(names: &[String]) -> f64 {
    names.iter().map(|name| text_width(name)).fold(0.0, f64::max)
}

/// Labels below the bars: all if they fit or stand upright, else every second, third, ...
fn label_categories(canvas: &mut Canvas, categories: &[String], left: f64, slot: f64) {
    let names = shown_names(categories);
    if stand_upright(categories) {
        for (index, name) in names.iter().enumerate() {
            canvas.upright_text(left + slot * (index as f64 + 0.5) + 4.0, BOTTOM + 6.0, "tick", name);
        }
        return;
    }
    let every = ((widest(&names) + 6.0) / slot).ceil().max(1.0) as usize;
    for (index, name) in names.iter().enumerate().step_by(every) {
        let x = left + slot * (index as f64 + 0.5);
        let half = text_width(name) / 2.0;
        // The last label must not stand out at the right end, nor be pushed onto the one before.
        if x + half <= WIDTH || every == 1 {
            canvas.text(x.min(WIDTH - half), BOTTOM + 16.0, "tick", Anchor::Middle, name);
        }
    }
}

/// Horizontal bars, categories from top to bottom: rankings and comparisons, with the value beside.
pub fn horizontal_bars(frame: &Frame<'_>, categories: &[String], series: &[Series<'_>], unit: Unit) -> Chart {
    let all = || series.iter().flat_map(|series| series.values.iter().copied());
    let Some(axis) = Axis::from_zero(unit, all()).filter(|_| !categories.is_empty() && !series.is_empty()) else {
        return Canvas::empty(frame);
    };
    let names: Vec<String> = categories.iter().map(|name| shortened(name, 150.0)).collect();
    let left = names.iter().map(|name| text_width(name)).fold(0.0, f64::max) + 10.0;
    let value_room = all().map(|value| text_width(&unit.write(value))).fold(0.0, f64::max) + 8.0;
    let thickness = if series.len() == 1 { 16.0 } else { 13.0 };
    let slot = thickness * series.len() as f64 + 7.0;
    let lines = legend_height(frame, &keys_of(series));
    let bottom = lines + slot * categories.len() as f64;
    let height = bottom + if frame.x.is_empty() { 4.0 } else { 22.0 };
    let mut canvas = Canvas::new(frame, height);
    let top = if series.len() > 1 { canvas.legend(0.0, 12.0, &keys_of(series)) + 8.0 } else { 4.0 };
    let axis = axis.between(left, WIDTH - value_room);
    let zero = axis.place(0.0).unwrap_or(left);
    for (category, name) in names.iter().enumerate() {
        let y = top + slot * category as f64 + 3.0;
        canvas.text(left - 6.0, y + thickness * series.len() as f64 / 2.0 + 4.0, "tick", Anchor::End, name);
        for (place, entry) in series.iter().enumerate() {
            let value = entry.values.get(category).copied().unwrap_or(f64::NAN);
            let y = y + thickness * place as f64;
            let end = axis.place(value).unwrap_or(zero);
            let length = if value == 0.0 || !value.is_finite() { 0.0 } else { (end - zero).abs().max(1.0) };
            let tip = tip(&categories[category], entry, series, &unit.write(value));
            canvas.rect(color(place), (zero.min(end), y), (length, thickness - 1.0), &tip);
            canvas.text(zero.max(end) + 5.0, y + thickness / 2.0 + 3.5, "value", Anchor::Start, &unit.write(value));
        }
    }
    canvas.axis((zero, top), (zero, top + slot * categories.len() as f64));
    canvas.text(f64::midpoint(left, WIDTH), height - 6.0, "label", Anchor::Middle, frame.x);
    canvas.finish(Data::of_series(categories, series, unit, frame.y_or("category")))
}

/// Where a plot below a legend from the left end begins.
pub(super) fn legend_height(frame: &Frame<'_>, keys: &[Key<'_>]) -> f64 {
    if keys.len() < 2 {
        return 4.0;
    }
    // Drawn on a canvas that is thrown away: where a legend breaks into lines is decided in one place.
    Canvas::new(frame, 0.0).legend(0.0, 12.0, keys) + 8.0
}

pub(super) fn keys_of<'a>(series: &[Series<'a>]) -> Vec<Key<'a>> {
    Key::all(series.iter().map(|series| series.name))
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
        let chart = bars(&FRAME, &categories, &series, Unit::Count);
        insta::assert_snapshot!(chart.to_string());
        assert_eq!(chart.data().columns, ["stars", "reviews"]);
        assert_eq!(chart.data().rows, [["1", "4"], ["2 & more", "10"]]);
    }

    #[test]
    fn horizontal_bars_of_two_series() {
        let categories = ["als", "item-knn"].map(str::to_owned);
        let series =
            [Series { name: "recall", values: &[0.25, 0.5] }, Series { name: "ndcg", values: &[0.125, f64::NAN] }];
        let chart = horizontal_bars(&FRAME, &categories, &series, Unit::Fixed(3));
        insta::assert_snapshot!(chart.to_string());
        assert_eq!(chart.data().rows[1], ["item-knn", "0.500", "–"]);
    }

    #[test]
    fn nothing_to_show_is_said() {
        for svg in [bars(&FRAME, &[], &[], Unit::Count), horizontal_bars(&FRAME, &[], &[], Unit::Count)] {
            assert!(svg.as_str().contains("No values to show"), "{svg}");
        }
    }

    #[test]
    fn words_that_do_not_fit_stand_upright() {
        let categories: Vec<String> = (0..8).map(|index| format!("Category of {index}")).collect();
        let svg = bars(&FRAME, &categories, &[Series { name: "n", values: &[1.0; 8] }], Unit::Count);
        assert_eq!(svg.as_str().matches("rotate(-90)\">Category").count(), 8, "{svg}");
    }

    #[test]
    fn labels_that_do_not_fit_are_left_out_evenly() {
        let categories: Vec<String> = (0..100).map(|index| format!("2014-{index}")).collect();
        let values = vec![1.0; 100];
        let svg = bars(&FRAME, &categories, &[Series { name: "n", values: &values }], Unit::Count);
        let labels = svg.as_str().matches(">2014-").count() - 100; // a hundred stand in tooltips
        assert!((3..10).contains(&labels), "{labels}");
    }
}
