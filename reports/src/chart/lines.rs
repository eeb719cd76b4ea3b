//! Lines: values along a continuous axis, linear or logarithmic.

use super::{
    Frame, Scale, Unit,
    axis::Axis,
    canvas::{Anchor, Canvas, Svg, WIDTH, text_width},
};

const HEIGHT: f64 = 290.0;
const BOTTOM: f64 = HEIGHT - 42.0;
const TICKS: usize = 5;
/// Up to this many points a line has dots.
const DOTS: usize = 60;
/// Up to this many points it has tooltips.
const TOOLTIPS: usize = 400;

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Name in the legend.
    pub name: &'a str,
    /// Its points by ascending `x`; those that are no numbers, or that a logarithm does not have, are left out.
    pub points: &'a [(f64, f64)],
    /// Drawn broken and without dots, for a line of reference.
    pub dashed: bool,
}

/// One or more lines. A linear vertical axis begins at zero.
pub fn lines(frame: &Frame<'_>, x: (Scale, Unit), y: (Scale, Unit), lines: &[Line<'_>]) -> Svg {
    let points = || lines.iter().flat_map(|line| line.points.iter().copied());
    let vertical = match y.0 {
        Scale::Log => Axis::tight(Scale::Log, y.1, points().map(|point| point.1)),
        _ => Axis::from_zero(y.1, points().map(|point| point.1)),
    };
    let (Some(horizontal), Some(vertical)) = (Axis::tight(x.0, x.1, points().map(|point| point.0)), vertical) else {
        return Canvas::empty(frame);
    };
    let mut canvas = Canvas::new(frame, HEIGHT);
    let left = vertical.label_width(TICKS) + 14.0;
    // Half a label stands out at the right end.
    let right = WIDTH - 22.0;
    let mut top = 30.0;
    canvas.text(2.0, 14.0, "label", Anchor::Start, frame.y);
    if lines.len() > 1 {
        let names: Vec<&str> = lines.iter().map(|line| line.name).collect();
        top = canvas.legend(text_width(frame.y) + 24.0, 14.0, &names) + 16.0;
    }
    let (horizontal, vertical) = (horizontal.between(left, right), vertical.between(BOTTOM, top));
    vertical.draw_vertical(&mut canvas, left, right, TICKS);
    horizontal.draw_horizontal(&mut canvas, BOTTOM, BOTTOM - 4.0, 6);
    canvas.line("axis", (left, BOTTOM), (right, BOTTOM));
    for (index, line) in lines.iter().enumerate() {
        draw(&mut canvas, &horizontal, &vertical, index, line);
    }
    canvas.text(f64::midpoint(left, right), HEIGHT - 6.0, "label", Anchor::Middle, frame.x);
    canvas.finish()
}

fn draw(canvas: &mut Canvas, horizontal: &Axis, vertical: &Axis, index: usize, line: &Line<'_>) {
    let place = |(x, y): (f64, f64)| Some((horizontal.place(x)?, vertical.place(y)?));
    let places: Vec<(f64, f64)> = line.points.iter().copied().filter_map(place).collect();
    let class = format!("l{}{}", index % 6 + 1, if line.dashed { " dashed" } else { "" });
    canvas.path(&class, &places);
    if line.dashed || line.points.len() > TOOLTIPS {
        return;
    }
    let (class, radius) =
        if places.len() > DOTS { ("hover".to_owned(), 4.0) } else { (format!("s{}", index % 6 + 1), 2.5) };
    for &(x, y) in line.points {
        if let Some(center) = place((x, y)) {
            let tip = format!("{}: {}, {}", line.name, horizontal.write(x), vertical.write(y));
            canvas.dot(&class, center, radius, &tip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> =
        Frame { title: "Long tail", description: "Reviews by rank.", x: "rank", y: "reviews" };

    #[test]
    fn a_line_on_log_axes() {
        let points = [(1.0, 100.0), (2.0, 10.0), (10.0, 1.0), (20.0, 0.0)];
        let line = Line { name: "items", points: &points, dashed: false };
        let svg = lines(&FRAME, (Scale::Log, Unit::Count), (Scale::Log, Unit::Count), &[line]);
        insta::assert_snapshot!(svg.to_string());
    }

    #[test]
    fn one_point_and_none() {
        let one = Line { name: "items", points: &[(24_000.0, 3.0)], dashed: false };
        let svg = lines(&FRAME, (Scale::Months, Unit::Count), (Scale::Linear, Unit::Count), &[one]);
        assert!(svg.as_str().contains("items: 2000-01, 3") && !svg.as_str().contains("NaN"), "{svg}");
        let none = Line { name: "items", points: &[], dashed: false };
        let svg = lines(&FRAME, (Scale::Linear, Unit::Count), (Scale::Linear, Unit::Count), &[none]);
        assert!(svg.as_str().contains("No values to show"));
    }
}
