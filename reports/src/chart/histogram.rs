//! Histograms: how many values lie in each bin of a continuous axis.

use super::{
    Chart, Data, Frame, Scale, Unit,
    axis::Axis,
    canvas::{Anchor, Canvas, WIDTH},
    chart::write,
    lines::{BOTTOM, HEIGHT, TICKS},
};

/// One bin of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Its lower edge.
    pub from: f64,
    /// Its upper edge.
    pub to: f64,
    /// What lies in it, mostly a count.
    pub count: f64,
}

/// Bins with numeric edges, side by side on a continuous axis. On a logarithmic one, bins that begin at zero are
/// drawn from a tenth of their upper edge.
pub fn histogram(frame: &Frame<'_>, x: (Scale, Unit), bins: &[Bin], unit: Unit) -> Chart {
    // A logarithm has no zero: a bin from there gets a tenth of its upper edge.
    let from = |bin: &Bin| if x.0 == Scale::Log && bin.from <= 0.0 { bin.to / 10.0 } else { bin.from };
    let low = bins.iter().map(from).fold(f64::INFINITY, f64::min);
    let high = bins.iter().map(|bin| bin.to).fold(f64::NEG_INFINITY, f64::max);
    let vertical = Axis::from_zero(unit, bins.iter().map(|bin| bin.count)).filter(|_| !bins.is_empty());
    let (Some(horizontal), Some(vertical)) = (Axis::exact(x.0, x.1, low, high), vertical) else {
        return Canvas::empty(frame);
    };
    let mut canvas = Canvas::new(frame, HEIGHT);
    let (left, right) = (vertical.label_width(TICKS) + 12.0, WIDTH - 18.0);
    let top = canvas.head(frame, &[]);
    let (horizontal, vertical) = (horizontal.between(left, right), vertical.between(BOTTOM, top));
    vertical.draw_vertical(&mut canvas, left, right, TICKS);
    horizontal.draw_horizontal(&mut canvas, BOTTOM + 3.0, BOTTOM, 6);
    for bin in bins {
        let Some(y) = vertical.place(bin.count).filter(|_| bin.count > 0.0) else { continue };
        let (Some(end), start) = (horizontal.place(bin.to), horizontal.place(from(bin)).unwrap_or(left)) else {
            continue;
        };
        let width = end - start;
        // A hair between bins that are wide enough for it; a bin that is not empty stays visible.
        let gap = if width > 5.0 { 1.0 } else { 0.0 };
        let height = (BOTTOM - y).max(1.0);
        let tip = format!("{}: {}", range(&horizontal, bin), write(unit, bin.count));
        canvas.rect("s1", (start + gap / 2.0, BOTTOM - height), ((width - gap).max(0.5), height), &tip);
    }
    canvas.axis((left, BOTTOM), (right, BOTTOM));
    canvas.text(f64::midpoint(left, right), HEIGHT - 3.0, "label", Anchor::Middle, frame.x);
    let mut data = Data::new([frame.x_or("from – to"), frame.y_or("count")]);
    for bin in bins {
        data.push([range(&horizontal, bin), write(unit, bin.count)]);
    }
    canvas.finish(data)
}

/// `10 – 20`, or `10` for a bin of one value.
fn range(axis: &Axis, bin: &Bin) -> String {
    let [from, to] = [bin.from, bin.to].map(|edge| axis.write(edge));
    if from == to { from } else { format!("{from} – {to}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> =
        Frame { title: "Prices", description: "Products by price.", x: "price", y: "products" };

    #[test]
    fn bins_with_numeric_edges() {
        let bins = [
            Bin { from: 0.0, to: 10.0, count: 4.0 },
            Bin { from: 10.0, to: 20.0, count: 0.0 },
            Bin { from: 20.0, to: 40.0, count: 1.0 },
        ];
        let chart = histogram(&FRAME, (Scale::Linear, Unit::Count), &bins, Unit::Count);
        insta::assert_snapshot!(chart.to_string());
        assert_eq!(chart.data().rows, [["0 – 10", "4"], ["10 – 20", "0"], ["20 – 40", "1"]]);
    }

    #[test]
    fn a_log_axis_has_room_for_the_bin_of_zero() {
        let bins = [Bin { from: 0.0, to: 1.0, count: 4.0 }, Bin { from: 1.0, to: 10.0, count: 2.0 }];
        let svg = histogram(&FRAME, (Scale::Log, Unit::Count), &bins, Unit::Count).to_string();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn nothing_to_show_is_said() {
        let chart = histogram(&FRAME, (Scale::Linear, Unit::Count), &[], Unit::Count);
        assert!(chart.as_str().contains("No values to show"));
    }
}
