//! Lines: values along a continuous axis, linear or logarithmic.

use super::{
    Chart, Data, Frame, Scale, Unit,
    axis::Axis,
    canvas::{Anchor, Canvas, Key, WIDTH, color},
    chart::write,
};

pub(super) const HEIGHT: f64 = 270.0;
pub(super) const BOTTOM: f64 = HEIGHT - 40.0;
pub(super) const TICKS: usize = 5;
/// Up to this many points a line has dots.
const DOTS: usize = 40;
/// Up to this many points it has tooltips.
const TOOLTIPS: usize = 300;

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
pub fn lines(frame: &Frame<'_>, x: (Scale, Unit), y: (Scale, Unit), lines: &[Line<'_>]) -> Chart {
    let styled: Vec<(usize, &Line<'_>)> = lines.iter().enumerate().collect();
    draw(frame, x, y, &styled, false)
}

/// Measured points as dots, and lines that were fitted to them, dashed: the first fit has the colour of the first
/// points, and so on.
pub fn fitted(frame: &Frame<'_>, x: (Scale, Unit), y: (Scale, Unit), points: &[Line<'_>], fits: &[Line<'_>]) -> Chart {
    let fits: Vec<Line<'_>> = fits.iter().map(|fit| Line { dashed: true, ..*fit }).collect();
    let styled: Vec<(usize, &Line<'_>)> = points.iter().enumerate().chain(fits.iter().enumerate()).collect();
    draw(frame, x, y, &styled, true)
}

fn draw(frame: &Frame<'_>, x: (Scale, Unit), y: (Scale, Unit), lines: &[(usize, &Line<'_>)], only_dots: bool) -> Chart {
    let points = || lines.iter().flat_map(|(_, line)| line.points.iter().copied());
    let vertical = match y.0 {
        Scale::Log => Axis::tight(Scale::Log, y.1, points().map(|point| point.1)),
        _ => Axis::from_zero(y.1, points().map(|point| point.1)),
    };
    let (Some(horizontal), Some(vertical)) = (Axis::tight(x.0, x.1, points().map(|point| point.0)), vertical) else {
        return Canvas::empty(frame);
    };
    let mut canvas = Canvas::new(frame, HEIGHT);
    let keys = lines.iter().map(|(color, line)| Key { name: line.name, color: *color, dashed: line.dashed });
    let keys: Vec<Key<'_>> = keys.collect();
    let (horizontal, vertical) = plot(&mut canvas, frame, (horizontal, vertical), &keys);
    for (color, line) in lines {
        let place = |(x, y): (f64, f64)| Some((horizontal.place(x)?, vertical.place(y)?));
        let name = if lines.len() > 1 { format!("{}: ", line.name) } else { String::new() };
        let tip = |(x, y): (f64, f64)| format!("{name}{}, {}", horizontal.write(x), vertical.write(y));
        draw_line(&mut canvas, *color, line, only_dots, (&place, &tip));
    }
    canvas.finish(data(frame, (&horizontal, y.1), lines))
}

/// Axes, legend and names of a plot of continuous axes; the axes placed on it.
pub(super) fn plot(
    canvas: &mut Canvas,
    frame: &Frame<'_>,
    (horizontal, vertical): (Axis, Axis),
    keys: &[Key<'_>],
) -> (Axis, Axis) {
    let left = vertical.label_width(TICKS) + 12.0;
    // Half a label stands out at the right end.
    let right = WIDTH - 18.0;
    let top = canvas.head(frame, keys);
    let (horizontal, vertical) = (horizontal.between(left, right), vertical.between(BOTTOM, top));
    vertical.draw_vertical(canvas, left, right, TICKS);
    horizontal.draw_horizontal(canvas, BOTTOM, BOTTOM - 4.0, 6);
    canvas.axis((left, BOTTOM), (right, BOTTOM));
    canvas.text(f64::midpoint(left, right), HEIGHT - 6.0, "label", Anchor::Middle, frame.x);
    (horizontal, vertical)
}

/// How to place a point, and what its tooltip says.
type Point<'a> = (&'a dyn Fn((f64, f64)) -> Option<(f64, f64)>, &'a dyn Fn((f64, f64)) -> String);

fn draw_line(canvas: &mut Canvas, index: usize, line: &Line<'_>, only_dots: bool, (place, tip): Point<'_>) {
    let places: Vec<(f64, f64)> = line.points.iter().copied().filter_map(place).collect();
    let class = format!("l{}{}", index % 6 + 1, if line.dashed { " dashed" } else { "" });
    if line.dashed || !only_dots {
        canvas.path(&class, &places);
    }
    if line.dashed || line.points.len() > TOOLTIPS && !only_dots {
        return;
    }
    let is_hidden = places.len() > DOTS && !only_dots;
    for &point in line.points {
        if let Some(center) = place(point) {
            if is_hidden {
                canvas.spot(center, &tip(point));
            } else {
                canvas.dot(color(index), center, 2.5, &tip(point));
            }
        }
    }
}

/// A row a place on the horizontal axis and a column a line.
fn data(frame: &Frame<'_>, (horizontal, unit): (&Axis, Unit), lines: &[(usize, &Line<'_>)]) -> Data {
    let heading = if lines.len() == 1 { frame.y_or(lines[0].1.name) } else { "" };
    let names = lines.iter().map(|(_, line)| if heading.is_empty() { line.name } else { heading });
    let mut data = Data::new([frame.x_or("x")].into_iter().chain(names));
    let mut places: Vec<f64> = lines.iter().flat_map(|(_, line)| line.points.iter().map(|point| point.0)).collect();
    places.sort_by(f64::total_cmp);
    places.dedup_by(|a, b| a.total_cmp(b).is_eq());
    for x in places {
        let value =
            |line: &Line<'_>| line.points.iter().find(|point| point.0.total_cmp(&x).is_eq()).map(|point| point.1);
        let cells = lines.iter().map(|(_, line)| value(line).map_or_else(String::new, |y| write(unit, y)));
        data.push([horizontal.write(x)].into_iter().chain(cells));
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> =
        Frame { title: "Long tail", description: "Reviews by rank.", x: "rank", y: "reviews" };
    const LOG: (Scale, Unit) = (Scale::Log, Unit::Count);

    #[test]
    fn a_line_on_log_axes() {
        let points = [(1.0, 100.0), (2.0, 10.0), (10.0, 1.0), (20.0, 0.0)];
        let line = Line { name: "items", points: &points, dashed: false };
        let chart = lines(&FRAME, LOG, LOG, &[line]);
        insta::assert_snapshot!(chart.to_string());
        assert_eq!(chart.data().columns, ["rank", "reviews"]);
        assert_eq!(chart.data().rows[1], ["2", "10"]);
    }

    #[test]
    fn one_point_and_none() {
        let one = Line { name: "items", points: &[(24_000.0, 3.0)], dashed: false };
        let svg = lines(&FRAME, (Scale::Months, Unit::Count), (Scale::Linear, Unit::Count), &[one]);
        assert!(svg.as_str().contains("<title>2000-01, 3") && !svg.as_str().contains("NaN"), "{svg}");
        let none = Line { name: "items", points: &[], dashed: false };
        let svg = lines(&FRAME, (Scale::Linear, Unit::Count), (Scale::Linear, Unit::Count), &[none]);
        assert!(svg.as_str().contains("No values to show"));
    }

    #[test]
    fn lines_at_other_places_share_a_table() {
        let first = Line { name: "users", points: &[(1.0, 9.0), (2.0, 5.0)], dashed: false };
        let second = Line { name: "items", points: &[(2.0, 7.0), (4.0, f64::NAN)], dashed: false };
        let chart = lines(&FRAME, LOG, LOG, &[first, second]);
        assert_eq!(chart.data().columns, ["rank", "users", "items"]);
        assert_eq!(chart.data().rows, [["1", "9", ""], ["2", "5", "7"], ["4", "", "–"]]);
    }

    #[test]
    fn a_fit_is_dashed_in_the_colour_of_its_points() {
        let points = Line { name: "items", points: &[(1.0, 100.0), (10.0, 9.0)], dashed: false };
        let fit = Line { name: "power law", points: &[(1.0, 90.0), (10.0, 10.0)], dashed: false };
        let svg = fitted(&FRAME, LOG, LOG, &[points], &[fit]).to_string();
        assert!(svg.contains("<path class=\"l1 dashed\"") && svg.contains("<circle class=\"s1\""), "{svg}");
        assert!(!svg.contains("<path class=\"l1\""), "measured points are not joined");
    }
}
