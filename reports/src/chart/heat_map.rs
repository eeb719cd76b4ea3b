//! Heat map of values between −1 and 1, such as correlations.

use super::{
    Chart, Data, Frame,
    canvas::{Anchor, Canvas, WIDE, WIDTH, over},
    text::{shortened, text_width},
};
use crate::format::{MISSING, fixed};

/// From so many names on it takes two columns of the page.
const MANY: usize = 7;

/// A square matrix of correlations: one hue for positive, one for negative, stronger where farther from zero.
///
/// `values[row][column]`; none where the correlation is not defined. Shows the lower triangle with the
/// diagonal, as the upper one repeats it.
pub fn heat_map(frame: &Frame<'_>, names: &[String], values: &[Vec<Option<f64>>]) -> Chart {
    if names.is_empty() {
        return Canvas::empty(frame);
    }
    let size = if names.len() < MANY { WIDTH } else { WIDE };
    let labels: Vec<String> = names.iter().map(|name| shortened(name, 130.0)).collect();
    let widest = labels.iter().map(|label| text_width(label)).fold(0.0, f64::max);
    let (left, top) = (widest + 12.0, 4.0);
    let width = (size - left - 2.0) / names.len() as f64;
    let height = width.min(32.0);
    let bottom = top + height * names.len() as f64;
    let is_upright = widest > width - 4.0;
    let mut canvas = Canvas::sized(frame, size, bottom + if is_upright { widest + 12.0 } else { 24.0 });
    for (row, label) in labels.iter().enumerate() {
        let y = top + height * row as f64;
        canvas.text(left - 8.0, y + height / 2.0 + 4.0, "tick", Anchor::End, label);
        for column in 0..=row {
            let x = left + width * column as f64;
            let pair = format!("{} and {}", names[row], names[column]);
            cell(&mut canvas, at(values, row, column), (x, y), (width, height), &pair);
        }
        let middle = left + width * (row as f64 + 0.5);
        if is_upright {
            canvas.upright_text(middle + 4.0, bottom + 8.0, "tick", label);
        } else {
            canvas.text(middle, bottom + 16.0, "tick", Anchor::Middle, label);
        }
    }
    canvas.finish(data(names, values))
}

fn at(values: &[Vec<Option<f64>>], row: usize, column: usize) -> Option<f64> {
    values.get(row).and_then(|row| row.get(column)).copied().flatten().filter(|value| value.is_finite())
}

fn written(value: Option<f64>) -> String {
    value.map_or_else(|| MISSING.to_owned(), |value| fixed(value, 2))
}

fn cell(canvas: &mut Canvas, value: Option<f64>, (x, y): (f64, f64), (width, height): (f64, f64), pair: &str) {
    let text = written(value);
    let class = match value {
        Some(value) if value < 0.0 => "negative",
        Some(_) => "positive",
        None => "undefined",
    };
    let opacity = value.map_or(0.15, |value| value.abs().min(1.0));
    let tip = format!("{pair}: {text}");
    canvas.shade(class, opacity, (x + 1.0, y + 1.0), (width - 2.0, height - 2.0), &tip);
    if text_width(&text) <= width - 2.0 && height >= 14.0 {
        let strong = over(opacity);
        canvas.text(x + width / 2.0, y + height / 2.0 + 4.0, strong, Anchor::Middle, &text);
    }
}

fn data(names: &[String], values: &[Vec<Option<f64>>]) -> Data {
    let mut data = Data::new([""].into_iter().chain(names.iter().map(String::as_str)));
    for (row, name) in names.iter().enumerate() {
        data.push([name.clone()].into_iter().chain((0..names.len()).map(|column| written(at(values, row, column)))));
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_triangle_with_an_undefined_value() {
        let names = ["rating", "length"].map(str::to_owned);
        let values = [vec![Some(1.0), Some(-0.256)], vec![Some(-0.256), None]];
        let frame = Frame { title: "Correlations", description: "Pearson.", x: "", y: "" };
        let chart = heat_map(&frame, &names, &values);
        insta::assert_snapshot!(chart.to_string());
        assert_eq!(chart.data().rows, [["rating", "1.00", "−0.26"], ["length", "−0.26", "–"]]);
    }

    #[test]
    fn names_that_do_not_fit_below_their_column_stand_upright() {
        let names: Vec<String> = (0..12).map(|place| format!("a long name {place}")).collect();
        let values = vec![vec![Some(0.5); 12]; 12];
        let chart = heat_map(&Frame::default(), &names, &values);
        assert!(chart.is_wide);
        assert_eq!(chart.as_str().matches("rotate(-90)").count(), 12);
    }
}
