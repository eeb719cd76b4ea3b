//! Heat map of a rectangular matrix with names of its own for rows and columns, and a legend of colours.

use super::{
    Chart, Data, Frame, Scale, Unit,
    axis::Axis,
    canvas::{Anchor, Canvas, WIDE, WIDTH, over},
    chart::write,
    text::{shortened, text_width},
};

/// From so many columns on it takes two columns of the page.
const MANY: usize = 12;
/// Room for the legend of colours.
const LEGEND: f64 = 26.0;
/// Up to so many cells their values are written into them, where they fit.
const WRITTEN: usize = 100;
/// Opacity of the lowest value that is shown.
const FAINT: f64 = 0.06;

/// `values[row][column]`, none where there is nothing to show; stronger colour for larger values. `scale` tells how
/// colour follows value: [`Scale::Log`] for counts, which leaves zeros empty.
pub fn matrix(
    frame: &Frame<'_>,
    rows: &[String],
    columns: &[String],
    values: &[Vec<Option<f64>>],
    (scale, unit): (Scale, Unit),
) -> Chart {
    let all = || values.iter().flatten().copied().flatten();
    let Some(colors) = Axis::tight(Scale::Linear, unit, all()).filter(|_| !rows.is_empty() && !columns.is_empty())
    else {
        return Canvas::empty(frame);
    };
    let colors = match scale {
        Scale::Log => Axis::tight(scale, unit, all()).unwrap_or(colors),
        _ => colors,
    };
    let layout = Layout::new(frame, rows, columns);
    let mut canvas = Canvas::sized(frame, layout.size, layout.height(frame));
    let colors = colors.between(FAINT, 1.0);
    draw_legend(&mut canvas, &colors, unit);
    draw_names(&mut canvas, frame, &layout, columns.len());
    let is_written = rows.len() * columns.len() <= WRITTEN;
    let text = |value| if is_written { unit.write(value) } else { String::new() };
    for (row, row_name) in rows.iter().enumerate() {
        for (column, column_name) in columns.iter().enumerate() {
            let value = values.get(row).and_then(|row| row.get(column)).copied().flatten();
            let tip = format!("{row_name}, {column_name}: {}", write(unit, value.unwrap_or(f64::NAN)));
            let corner = (layout.left + layout.cell.0 * column as f64, layout.top + layout.cell.1 * row as f64);
            cell(
                &mut canvas,
                value.and_then(|value| Some((colors.place(value)?, text(value)))),
                corner,
                layout.cell,
                &tip,
            );
        }
    }
    canvas.finish(data(frame, rows, columns, values, unit))
}

/// Where the parts stand.
struct Layout {
    size: f64,
    left: f64,
    top: f64,
    bottom: f64,
    /// Width and height of a cell.
    cell: (f64, f64),
    rows: Vec<String>,
    columns: Vec<String>,
    /// Every how many columns one is named.
    every: usize,
    /// Room below for upright names; none where they stand level.
    upright: Option<f64>,
}

impl Layout {
    fn new(frame: &Frame<'_>, rows: &[String], columns: &[String]) -> Self {
        let size = if columns.len() < MANY { WIDTH } else { WIDE };
        let rows: Vec<String> = rows.iter().map(|name| shortened(name, 140.0)).collect();
        let columns: Vec<String> = columns.iter().map(|name| shortened(name, 110.0)).collect();
        let widest = |names: &[String]| names.iter().map(|name| text_width(name)).fold(0.0, f64::max);
        let left = widest(&rows) + 10.0;
        let top = LEGEND + if frame.y.is_empty() { 0.0 } else { 16.0 };
        let width = (size - left - 2.0) / columns.len() as f64;
        let height = width.clamp(16.0, 26.0);
        let widest = widest(&columns);
        // Many short names, such as hours, are thinned out; others stand upright.
        let every = ((widest + 6.0) / width).ceil().max(1.0) as usize;
        let is_upright = every > 1 && (widest > 40.0 || columns.len() < MANY) && width >= 11.0;
        let (every, upright) = if is_upright { (1, Some(widest + 10.0)) } else { (every, None) };
        let bottom = top + height * rows.len() as f64;
        Self { size, left, top, bottom, cell: (width, height), rows, columns, every, upright }
    }

    fn height(&self, frame: &Frame<'_>) -> f64 {
        self.bottom + self.upright.unwrap_or(20.0) + if frame.x.is_empty() { 2.0 } else { 18.0 }
    }
}

fn draw_names(canvas: &mut Canvas, frame: &Frame<'_>, layout: &Layout, columns: usize) {
    canvas.text(2.0, layout.top - 6.0, "label", Anchor::Start, frame.y);
    for (row, name) in layout.rows.iter().enumerate() {
        let y = layout.top + layout.cell.1 * (row as f64 + 0.5) + 4.0;
        canvas.text(layout.left - 6.0, y, "tick", Anchor::End, name);
    }
    for (column, name) in layout.columns.iter().enumerate().step_by(layout.every) {
        let middle = layout.left + layout.cell.0 * (column as f64 + 0.5);
        if layout.upright.is_some() {
            canvas.upright_text(middle + 4.0, layout.bottom + 6.0, "tick", name);
        } else {
            let half = text_width(name) / 2.0;
            if column == 0 || middle + half <= layout.size {
                canvas.text(middle.min(layout.size - half), layout.bottom + 15.0, "tick", Anchor::Middle, name);
            }
        }
    }
    let middle = layout.left + layout.cell.0 * columns as f64 / 2.0;
    canvas.text(middle, layout.height(frame) - 5.0, "label", Anchor::Middle, frame.x);
}

/// Five steps of colour between the lowest and the highest value.
fn draw_legend(canvas: &mut Canvas, colors: &Axis, unit: Unit) {
    let (low, high) = colors.ends();
    let (low, high) = (unit.write(low), unit.write(high));
    let left = 8.0 + text_width(&low);
    let right = left + 90.0;
    for step in 0..5_u8 {
        let opacity = FAINT + (1.0 - FAINT) * f64::from(step) / 4.0;
        canvas.shade("s1", opacity, (left + 18.0 * f64::from(step), 3.0), (18.0, 11.0), "");
    }
    canvas.text(2.0, 12.5, "tick", Anchor::Start, &low);
    canvas.text(right + 6.0, 12.5, "tick", Anchor::Start, &high);
}

fn cell(canvas: &mut Canvas, shown: Option<(f64, String)>, (x, y): (f64, f64), (width, height): (f64, f64), tip: &str) {
    let (corner, size) = ((x + 0.5, y + 0.5), (width - 1.0, height - 1.0));
    let Some((opacity, text)) = shown else {
        canvas.shade("undefined", 0.08, corner, size, tip);
        return;
    };
    canvas.shade("s1", opacity, corner, size, tip);
    if text_width(&text) <= width - 3.0 {
        let strong = over(opacity);
        canvas.text(x + width / 2.0, y + height / 2.0 + 4.0, strong, Anchor::Middle, &text);
    }
}

fn data(frame: &Frame<'_>, rows: &[String], columns: &[String], values: &[Vec<Option<f64>>], unit: Unit) -> Data {
    let mut data = Data::new([frame.y_or("")].into_iter().chain(columns.iter().map(String::as_str)));
    for (row, name) in rows.iter().enumerate() {
        let value = |column| values.get(row).and_then(|row: &Vec<Option<f64>>| row.get(column)).copied().flatten();
        let cells = (0..columns.len()).map(|column| write(unit, value(column).unwrap_or(f64::NAN)));
        data.push([name.clone()].into_iter().chain(cells));
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> =
        Frame { title: "When", description: "Reviews by weekday and hour.", x: "hour", y: "weekday" };

    fn names(prefix: &str, count: usize) -> Vec<String> {
        (0..count).map(|place| format!("{prefix}{place}")).collect()
    }

    #[test]
    fn counts_on_a_log_scale_of_colour() {
        let values = [vec![Some(1.0), Some(1000.0), Some(0.0)], vec![Some(10.0), None, Some(f64::NAN)]];
        let chart = matrix(&FRAME, &names("day ", 2), &names("", 3), &values, (Scale::Log, Unit::Count));
        insta::assert_snapshot!(chart.to_string());
        assert_eq!(chart.data().columns, ["weekday", "0", "1", "2"]);
        assert_eq!(chart.data().rows[1], ["day 1", "10", "–", "–"]);
    }

    #[test]
    fn hours_are_thinned_out_and_long_names_stand_upright() {
        let values = vec![vec![Some(1.0); 24]; 7];
        let hours = matrix(&FRAME, &names("day ", 7), &names("", 24), &values, (Scale::Linear, Unit::Count));
        assert!(!hours.as_str().contains("rotate"), "{hours}");
        let long = matrix(&FRAME, &names("day ", 7), &names("a long name ", 24), &values, (Scale::Linear, Unit::Count));
        assert_eq!(long.as_str().matches("rotate").count(), 24);
    }

    #[test]
    fn nothing_to_show_is_said() {
        let chart = matrix(&FRAME, &[], &[], &[], (Scale::Log, Unit::Count));
        assert!(chart.as_str().contains("No values to show"));
    }
}
