//! Stacked bars: parts of a whole, a whole a category.

use super::{
    Chart, Data, Frame, Series, Unit,
    axis::Axis,
    bars::{foot, height, keys_of, legend_height, stand},
    canvas::{Anchor, Canvas, WIDTH, color},
    chart::write,
    text::{shortened, text_width},
};
use crate::format::percent;

/// Height of a bar of shares with its gap.
const SLOT: f64 = 26.0;

/// A part of a stack; what is no number or below zero is nothing.
fn part(series: &Series<'_>, category: usize) -> f64 {
    series.values.get(category).copied().filter(|value| value.is_finite()).unwrap_or(0.0).max(0.0)
}

fn total(series: &[Series<'_>], category: usize) -> f64 {
    series.iter().map(|series| part(series, category)).sum()
}

/// Vertical bars, the series on top of one another, the first at the bottom.
pub fn stacked_bars(frame: &Frame<'_>, categories: &[String], series: &[Series<'_>], unit: Unit) -> Chart {
    let totals = (0..categories.len()).map(|category| total(series, category));
    let Some(axis) = Axis::from_zero(unit, totals).filter(|_| !categories.is_empty() && !series.is_empty()) else {
        return Canvas::empty(frame);
    };
    let mut canvas = Canvas::new(frame, height(categories));
    let (axis, left, slot) = stand(&mut canvas, frame, axis, categories.len(), &keys_of(series));
    let gap = if slot > 6.0 { slot * 0.16 } else { 0.0 };
    for (category, name) in categories.iter().enumerate() {
        let mut below = 0.0;
        for (place, entry) in series.iter().enumerate() {
            let value = part(entry, category);
            let ends = axis.place(below).zip(axis.place(below + value));
            below += value;
            let Some((bottom, top)) = ends.filter(|_| value > 0.0) else { continue };
            let tip = format!("{name}, {}: {}", entry.name, unit.write(value));
            let x = left + slot * category as f64 + gap / 2.0;
            canvas.rect(color(place), (x, top), (slot - gap, (bottom - top).max(0.3)), &tip);
        }
    }
    foot(&mut canvas, frame, &axis, categories, (left, slot));
    canvas.finish(Data::of_series(categories, series, unit, frame.x_or("category")))
}

/// Horizontal bars of equal length, divided by the shares of the series. Give counts; shares are worked out here.
pub fn share_bars(frame: &Frame<'_>, categories: &[String], series: &[Series<'_>], unit: Unit) -> Chart {
    let is_empty = (0..categories.len()).all(|category| total(series, category) <= 0.0);
    if is_empty || series.is_empty() {
        return Canvas::empty(frame);
    }
    let names: Vec<String> = categories.iter().map(|name| shortened(name, 140.0)).collect();
    let widest = names.iter().map(|name| text_width(name)).fold(0.0, f64::max);
    let left = if widest > 0.0 { widest + 10.0 } else { 0.0 };
    let top = legend_height(frame, &keys_of(series));
    let bottom = top + SLOT * categories.len() as f64;
    let mut canvas = Canvas::new(frame, bottom + if frame.x.is_empty() { 4.0 } else { 22.0 });
    if series.len() > 1 {
        canvas.legend(0.0, 12.0, &keys_of(series));
    }
    for (category, name) in names.iter().enumerate() {
        let y = top + SLOT * category as f64 + 3.0;
        canvas.text(left - 6.0, y + 14.0, "tick", Anchor::End, name);
        draw_shares(&mut canvas, &categories[category], series, category, (left, y), unit);
    }
    canvas.text(f64::midpoint(left, WIDTH), bottom + 16.0, "label", Anchor::Middle, frame.x);
    canvas.finish(data(frame, categories, series, unit))
}

fn draw_shares(
    canvas: &mut Canvas,
    name: &str,
    series: &[Series<'_>],
    category: usize,
    (left, y): (f64, f64),
    unit: Unit,
) {
    let whole = total(series, category);
    let mut x = left;
    for (place, entry) in series.iter().enumerate() {
        let value = part(entry, category);
        let width = if whole > 0.0 { value / whole * (WIDTH - left) } else { 0.0 };
        if width > 0.0 {
            let share = percent(value / whole, 1);
            let tip = format!("{name}, {}: {} ({share})", entry.name, unit.write(value));
            canvas.rect(color(place), (x, y), ((width - 1.0).max(0.5), 20.0), &tip);
            if text_width(&share) + 6.0 <= width {
                canvas.text(x + width / 2.0, y + 14.5, "value strong", Anchor::Middle, &share);
            }
        }
        x += width;
    }
}

/// Every value with its share.
fn data(frame: &Frame<'_>, categories: &[String], series: &[Series<'_>], unit: Unit) -> Data {
    let mut data = Data::new([frame.y_or("category")].into_iter().chain(series.iter().map(|series| series.name)));
    for (category, name) in categories.iter().enumerate() {
        let whole = total(series, category);
        let cell = |entry: &Series<'_>| {
            let value = part(entry, category);
            format!("{} ({})", write(unit, value), percent(value / whole, 1))
        };
        data.push([name.clone()].into_iter().chain(series.iter().map(cell)));
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> =
        Frame { title: "Ratings by year", description: "Reviews by stars and year.", x: "year", y: "reviews" };

    fn categories() -> [String; 2] {
        ["2013", "2014"].map(str::to_owned)
    }

    const SERIES: [Series<'static>; 2] =
        [Series { name: "low", values: &[1.0, 3.0] }, Series { name: "high", values: &[3.0, f64::NAN] }];

    #[test]
    fn a_stack_is_as_high_as_its_parts() {
        let chart = stacked_bars(&FRAME, &categories(), &SERIES, Unit::Count);
        insta::assert_snapshot!(chart.to_string());
        assert_eq!(chart.data().rows[1], ["2014", "3", "–"]);
    }

    #[test]
    fn shares_of_each_category() {
        let chart = share_bars(&FRAME, &categories(), &SERIES, Unit::Count);
        insta::assert_snapshot!(chart.to_string());
        assert_eq!(chart.data().rows[0], ["2013", "1 (25.0 %)", "3 (75.0 %)"]);
    }

    #[test]
    fn nothing_to_show_is_said() {
        for chart in [stacked_bars(&FRAME, &[], &SERIES, Unit::Count), share_bars(&FRAME, &[], &SERIES, Unit::Count)] {
            assert!(chart.as_str().contains("No values to show"), "{chart}");
        }
    }
}
