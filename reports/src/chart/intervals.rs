//! Intervals: a value with its lower and upper end a row, beside a line of reference.

use super::{
    Chart, Data, Frame, Scale, Unit,
    axis::Axis,
    canvas::{Anchor, Canvas, WIDTH},
    chart::write,
    text::{shortened, text_width},
};

const SLOT: f64 = 24.0;
const TOP: f64 = 10.0;

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Interval<'a> {
    /// Its name.
    pub name: &'a str,
    /// Lower end.
    pub low: f64,
    /// The value between.
    pub value: f64,
    /// Upper end.
    pub high: f64,
}

/// Intervals from top to bottom, with a line at `reference`. Those that do not hold it stand out in colour.
pub fn intervals(frame: &Frame<'_>, rows: &[Interval<'_>], reference: f64, unit: Unit) -> Chart {
    let rows: Vec<&Interval<'_>> = rows.iter().filter(|row| row.low.is_finite() && row.high.is_finite()).collect();
    let ends = rows.iter().flat_map(|row| [row.low, row.high]).chain([reference]);
    let Some(axis) = Axis::around(Scale::Linear, unit, ends).filter(|_| !rows.is_empty()) else {
        return Canvas::empty(frame);
    };
    let names: Vec<String> = rows.iter().map(|row| shortened(row.name, 160.0)).collect();
    let left = names.iter().map(|name| text_width(name)).fold(0.0, f64::max) + 16.0;
    let bottom = TOP + SLOT * rows.len() as f64;
    let mut canvas = Canvas::new(frame, bottom + if frame.x.is_empty() { 24.0 } else { 42.0 });
    let axis = axis.between(left, WIDTH - 24.0);
    axis.draw_horizontal(&mut canvas, bottom, TOP, 6);
    if let Some(x) = axis.place(reference) {
        canvas.axis((x, TOP), (x, bottom));
    }
    for (place, (row, name)) in rows.iter().zip(&names).enumerate() {
        let y = TOP + SLOT * (place as f64 + 0.5);
        let (Some(low), Some(value), Some(high)) = (axis.place(row.low), axis.place(row.value), axis.place(row.high))
        else {
            continue;
        };
        let class = if row.low <= reference && reference <= row.high { "s1" } else { "s2" };
        let write = |value| unit.write(value);
        let tip = format!("{}: {}, from {} to {}", row.name, write(row.value), write(row.low), write(row.high));
        canvas.text(left - 8.0, y + 4.0, "tick", Anchor::End, name);
        canvas.rect(class, (low, y - 1.5), ((high - low).max(1.0), 3.0), &tip);
        canvas.dot(class, (value, y), 4.0, &tip);
    }
    canvas.text(f64::midpoint(left, WIDTH), bottom + 36.0, "label", Anchor::Middle, frame.x);
    canvas.finish(data(frame, &rows, unit))
}

fn data(frame: &Frame<'_>, rows: &[&Interval<'_>], unit: Unit) -> Data {
    let mut data = Data::new([frame.y_or("row"), frame.x_or("value"), "from", "to"]);
    for row in rows {
        let values = [row.value, row.low, row.high].map(|value| write(unit, value));
        data.push([row.name.to_owned()].into_iter().chain(values));
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> = Frame { title: "Estimates", description: "Estimates and truth.", x: "error", y: "" };

    #[test]
    fn rows_with_and_without_the_reference() {
        let rows = [
            Interval { name: "reviews", low: -0.02, value: 0.01, high: 0.04 },
            Interval { name: "users", low: 0.01, value: 0.02, high: 0.03 },
            Interval { name: "unknown", low: f64::NAN, value: 0.0, high: 0.0 },
        ];
        let svg = intervals(&FRAME, &rows, 0.0, Unit::Percent);
        insta::assert_snapshot!(svg.to_string());
        assert!(!svg.as_str().contains("unknown"));
    }

    #[test]
    fn nothing_to_show_is_said() {
        assert!(intervals(&FRAME, &[], 0.0, Unit::Percent).as_str().contains("No values to show"));
    }
}
