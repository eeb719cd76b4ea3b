//! Binned points: where two values meet, and how often.

use super::{
    Chart, Data, Frame, Scale, Unit,
    axis::Axis,
    canvas::Canvas,
    chart::write,
    lines::{HEIGHT, plot},
};

const LARGEST: f64 = 9.0;
const SMALLEST: f64 = 1.5;

/// What falls into one bin of two values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// Middle of the bin along the horizontal axis.
    pub x: f64,
    /// Middle of the bin along the vertical axis.
    pub y: f64,
    /// How many values lie in it.
    pub count: f64,
}

/// Spots whose area grows with their count. Bin the values first: a few hundred spots are plenty.
pub fn scatter(frame: &Frame<'_>, x: (Scale, Unit), y: (Scale, Unit), spots: &[Spot]) -> Chart {
    let horizontal = Axis::around(x.0, x.1, spots.iter().map(|spot| spot.x));
    let vertical = Axis::around(y.0, y.1, spots.iter().map(|spot| spot.y));
    let (Some(horizontal), Some(vertical)) = (horizontal, vertical) else { return Canvas::empty(frame) };
    let mut canvas = Canvas::new(frame, HEIGHT);
    let (horizontal, vertical) = plot(&mut canvas, frame, (horizontal, vertical), &[]);
    let most = spots.iter().map(|spot| spot.count).fold(0.0, f64::max);
    let mut data = Data::new([frame.x_or("x"), frame.y_or("y"), "count"]);
    for spot in spots {
        let tip = [horizontal.write(spot.x), vertical.write(spot.y), write(Unit::Count, spot.count)];
        if let Some((x, y)) = horizontal.place(spot.x).zip(vertical.place(spot.y)) {
            let radius = (LARGEST * (spot.count / most).max(0.0).sqrt()).max(SMALLEST);
            canvas.dot("s1 spot", (x, y), radius, &format!("{}, {}: {}", tip[0], tip[1], tip[2]));
        }
        data.push(tip);
    }
    canvas.finish(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> =
        Frame { title: "Price and rating", description: "Products.", x: "price", y: "mean rating" };

    #[test]
    fn the_area_grows_with_the_count() {
        let spots = [Spot { x: 1.0, y: 4.0, count: 100.0 }, Spot { x: 10.0, y: 3.0, count: 25.0 }];
        let chart = scatter(&FRAME, (Scale::Log, Unit::Count), (Scale::Linear, Unit::Fixed(1)), &spots);
        insta::assert_snapshot!(chart.to_string());
        assert!(chart.as_str().contains("r=\"9\"") && chart.as_str().contains("r=\"4.5\""));
        assert_eq!(chart.data().rows[1], ["10", "3.0", "25"]);
    }

    #[test]
    fn nothing_to_show_is_said() {
        let chart = scatter(&FRAME, (Scale::Log, Unit::Count), (Scale::Linear, Unit::Count), &[]);
        assert!(chart.as_str().contains("No values to show"));
    }
}
