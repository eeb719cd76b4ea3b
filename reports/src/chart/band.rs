//! Lines with a band around them: values with their intervals along a continuous axis.

use super::{
    Chart, Data, Frame, Scale, Unit,
    axis::Axis,
    canvas::{Canvas, Key, color},
    chart::write,
    lines::{HEIGHT, plot},
};

/// One line with its band.
#[derive(Clone, Copy, Debug)]
pub struct Band<'a> {
    /// Name in the legend.
    pub name: &'a str,
    /// By ascending `x`: `[x, lower end, value, upper end]`; equal ends give a plain line.
    pub points: &'a [[f64; 4]],
}

/// Lines with bands, such as means with their 95 % intervals. The vertical axis ends near the values, and need
/// not hold zero: for what drifts a little, such as a mean rating.
pub fn band(frame: &Frame<'_>, x: (Scale, Unit), y: (Scale, Unit), bands: &[Band<'_>]) -> Chart {
    let points = || bands.iter().flat_map(|band| band.points.iter());
    let vertical = Axis::around(y.0, y.1, points().flat_map(|point| point[1..].iter().copied()));
    let horizontal = Axis::tight(x.0, x.1, points().map(|point| point[0]));
    let (Some(horizontal), Some(vertical)) = (horizontal, vertical) else { return Canvas::empty(frame) };
    let mut canvas = Canvas::new(frame, HEIGHT);
    let keys = Key::all(bands.iter().map(|band| band.name));
    let (horizontal, vertical) = plot(&mut canvas, frame, (horizontal, vertical), &keys);
    let place = |point: &[f64; 4], end: usize| Some((horizontal.place(point[0])?, vertical.place(point[end])?));
    for (index, band) in bands.iter().enumerate() {
        let line =
            |end: usize| -> Vec<(f64, f64)> { band.points.iter().filter_map(|point| place(point, end)).collect() };
        canvas.area(&format!("a{}", index % 6 + 1), &line(1), &line(3));
        canvas.path(&format!("l{}", index % 6 + 1), &line(2));
    }
    // Dots above all bands, so that each can be pointed at.
    for (index, band) in bands.iter().enumerate() {
        for point in band.points {
            let Some(center) = place(point, 2) else { continue };
            let [low, value, high] = [point[1], point[2], point[3]].map(|value| write(y.1, value));
            let tip = format!("{}: {}, {value}, from {low} to {high}", band.name, horizontal.write(point[0]));
            canvas.dot(color(index), center, if band.points.len() > 40 { 1.5 } else { 2.5 }, &tip);
        }
    }
    canvas.finish(data(frame, &horizontal, y.1, bands))
}

fn data(frame: &Frame<'_>, horizontal: &Axis, unit: Unit, bands: &[Band<'_>]) -> Data {
    let mut data = Data::new(["", frame.x_or("x"), frame.y_or("value"), "from", "to"]);
    for band in bands {
        for point in band.points {
            let [low, value, high] = [point[1], point[2], point[3]].map(|value| write(unit, value));
            data.push([band.name.to_owned(), horizontal.write(point[0]), value, low, high]);
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> =
        Frame { title: "Mean rating", description: "By year, with 95 % intervals.", x: "year", y: "stars" };

    #[test]
    fn a_band_and_its_numbers() {
        let band_of = Band { name: "all", points: &[[2012.0, 4.0, 4.1, 4.2], [2013.0, 4.15, 4.2, 4.25]] };
        let chart = band(&FRAME, (Scale::Linear, Unit::Year), (Scale::Linear, Unit::Fixed(2)), &[band_of]);
        insta::assert_snapshot!(chart.to_string());
        assert_eq!(chart.data().rows[0], ["all", "2012", "4.10", "4.00", "4.20"]);
    }

    #[test]
    fn nothing_to_show_is_said() {
        let chart = band(&FRAME, (Scale::Linear, Unit::Count), (Scale::Linear, Unit::Count), &[]);
        assert!(chart.as_str().contains("No values to show"));
    }
}
