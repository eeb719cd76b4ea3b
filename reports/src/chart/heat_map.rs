//! Heat map of values between −1 and 1, such as correlations.

use super::{
    Frame,
    canvas::{Anchor, Canvas, Svg, WIDTH, shortened, text_width},
};
use crate::format::{MISSING, fixed};

/// A square matrix of correlations: one hue for positive, one for negative, stronger where farther from zero.
///
/// `values[row][column]`; none where the correlation is not defined. Shows the lower triangle with the
/// diagonal, as the upper one repeats it.
pub fn heat_map(frame: &Frame<'_>, names: &[String], values: &[Vec<Option<f64>>]) -> Svg {
    if names.is_empty() {
        return Canvas::empty(frame);
    }
    let labels: Vec<String> = names.iter().map(|name| shortened(name, 130.0)).collect();
    let left = labels.iter().map(|label| text_width(label)).fold(0.0, f64::max) + 12.0;
    let width = (WIDTH - left - 4.0) / names.len() as f64;
    let height = width.min(38.0);
    let top = 6.0;
    let mut canvas = Canvas::new(frame, top + height * names.len() as f64 + 26.0);
    for (row, label) in labels.iter().enumerate() {
        let y = top + height * row as f64;
        canvas.text(left - 8.0, y + height / 2.0 + 4.5, "tick", Anchor::End, label);
        for column in 0..=row {
            let value = values.get(row).and_then(|row| row.get(column)).copied().flatten();
            let x = left + width * column as f64;
            cell(&mut canvas, value, (x, y), (width, height), &format!("{} and {}", names[row], names[column]));
        }
        let short = shortened(&labels[row], width + 4.0);
        let y = top + height * names.len() as f64 + 16.0;
        canvas.text(left + width * (row as f64 + 0.5), y, "tick", Anchor::Middle, &short);
    }
    canvas.finish()
}

fn cell(canvas: &mut Canvas, value: Option<f64>, (x, y): (f64, f64), (width, height): (f64, f64), pair: &str) {
    let text = value.map_or_else(|| MISSING.to_owned(), |value| fixed(value, 2));
    let class = match value {
        Some(value) if value < 0.0 => "negative",
        Some(_) => "positive",
        None => "undefined",
    };
    let opacity = value.map_or(0.15, |value| value.abs().min(1.0));
    let tip = format!("{pair}: {text}");
    canvas.shade(class, opacity, (x + 1.0, y + 1.0), (width - 2.0, height - 2.0), &tip);
    let strong = if opacity > 0.75 { "value strong" } else { "value" };
    canvas.text(x + width / 2.0, y + height / 2.0 + 4.5, strong, Anchor::Middle, &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_triangle_with_an_undefined_value() {
        let names = ["rating", "length"].map(str::to_owned);
        let values = [vec![Some(1.0), Some(-0.256)], vec![Some(-0.256), None]];
        let frame = Frame { title: "Correlations", description: "Pearson.", x: "", y: "" };
        insta::assert_snapshot!(heat_map(&frame, &names, &values).to_string());
    }
}
