//! Points with names: cost against quality, and the line of those that nothing beats in both.

use super::{
    Chart, Data, Frame, Scale, Unit,
    axis::Axis,
    canvas::{Anchor, Canvas, WIDTH},
    chart::write,
    text::{shortened, text_width},
};

const HEIGHT: f64 = 330.0;
const BOTTOM: f64 = HEIGHT - 42.0;
const TOP: f64 = 34.0;
const TICKS: usize = 5;
/// Least distance of two names above one another.
const LINE: f64 = 14.0;

/// One point.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it costs: above 0, less is better.
    pub cost: f64,
    /// What it gives: more is better.
    pub quality: f64,
}

/// Points over a logarithmic axis of cost. Those for which no other is both cheaper and better (the Pareto
/// front) stand out in colour and are joined by a line.
pub fn pareto(frame: &Frame<'_>, points: &[Point<'_>], cost: Unit, quality: Unit) -> Chart {
    let is_usable = |point: &&Point<'_>| point.cost.is_finite() && point.cost > 0.0 && point.quality.is_finite();
    let points: Vec<&Point<'_>> = points.iter().filter(is_usable).collect();
    let best = points.iter().map(|point| point.quality).fold(0.0, f64::max);
    let horizontal = Axis::tight(Scale::Log, cost, points.iter().map(|point| point.cost));
    // Room above the best for its name.
    let vertical = Axis::from_zero(quality, points.iter().map(|point| point.quality).chain([best * 1.05]));
    let (Some(horizontal), Some(vertical)) = (horizontal, vertical) else { return Canvas::empty(frame) };
    let mut canvas = Canvas::new(frame, HEIGHT);
    let (left, right) = (vertical.label_width(TICKS) + 12.0, WIDTH - 20.0);
    let (horizontal, vertical) = (horizontal.between(left, right), vertical.between(BOTTOM, TOP));
    canvas.text(2.0, 14.0, "label", Anchor::Start, frame.y);
    vertical.draw_vertical(&mut canvas, left, right, TICKS);
    horizontal.draw_horizontal(&mut canvas, BOTTOM, BOTTOM - 4.0, 6);
    canvas.axis((left, BOTTOM), (right, BOTTOM));
    let place = |point: &Point<'_>| Some((horizontal.place(point.cost)?, vertical.place(point.quality)?));
    let front = front(&points);
    let line: Vec<(f64, f64)> = front.iter().filter_map(|index| place(points[*index])).collect();
    canvas.path("l2 dashed", &line);
    let mut names = Names { taken: points.iter().filter_map(|point| place(point)).collect(), left, right };
    for (index, point) in points.iter().enumerate() {
        let Some(center) = place(point) else { continue };
        let class = if front.contains(&index) { "s2" } else { "s1" };
        let tip = format!("{}: {}, {}", point.name, cost.write(point.cost), quality.write(point.quality));
        canvas.dot(class, center, 4.5, &tip);
    }
    for point in &points {
        if let Some(center) = place(point) {
            names.write(&mut canvas, center, point.name);
        }
    }
    canvas.text(f64::midpoint(left, right), HEIGHT - 6.0, "label", Anchor::Middle, frame.x);
    let mut data = Data::new(["point", frame.x_or("cost"), frame.y_or("quality"), "on the front"]);
    for (index, point) in points.iter().enumerate() {
        let is_best = if front.contains(&index) { "yes" } else { "no" };
        data.push([point.name.to_owned(), write(cost, point.cost), write(quality, point.quality), is_best.to_owned()]);
    }
    canvas.finish(data)
}

/// Indices of the points that no other beats in both, cheapest first.
fn front(points: &[&Point<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    let by_cost = |a: &usize, b: &usize| points[*a].cost.total_cmp(&points[*b].cost);
    order.sort_by(|a, b| by_cost(a, b).then(points[*b].quality.total_cmp(&points[*a].quality)));
    let mut highest = f64::NEG_INFINITY;
    order.retain(|index| {
        let is_better = points[*index].quality > highest;
        highest = highest.max(points[*index].quality);
        is_better
    });
    order
}

/// Where names stand already.
struct Names {
    taken: Vec<(f64, f64)>,
    left: f64,
    right: f64,
}

impl Names {
    /// Writes a name beside its point, moved down or up until it covers no other.
    fn write(&mut self, canvas: &mut Canvas, (x, y): (f64, f64), name: &str) {
        let name = shortened(name, 150.0);
        let width = text_width(&name);
        let fits = x + 9.0 + width <= self.right;
        let start = if fits { x + 9.0 } else { (x - 9.0 - width).max(self.left) };
        let middle = start + width / 2.0;
        let is_free = |y: &f64| {
            let covers = |(other_x, other_y): &(f64, f64)| {
                (other_x - middle).abs() < width / 2.0 + 8.0 && (other_y - (y - 4.0)).abs() < LINE - 1.0
            };
            *y > 24.0 && *y < BOTTOM - 2.0 && !self.taken.iter().any(covers)
        };
        let steps = (0..8_u8).flat_map(|step| [f64::from(step), -f64::from(step)]);
        let y = steps.map(|step| y + 4.0 + step * LINE / 2.0).find(is_free).unwrap_or(y + 4.0);
        canvas.text(start, y, "tick named", Anchor::Start, &name);
        // A name is taken as three points in a row.
        self.taken.extend([start, middle, start + width].map(|x| (x, y - 4.0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'static> =
        Frame { title: "Cost", description: "Quality against cost.", x: "milliseconds", y: "NDCG@10" };

    #[test]
    fn the_front_is_what_nothing_beats_in_both() {
        let points = [
            Point { name: "slow and good", cost: 9.0, quality: 0.5 },
            Point { name: "dominated", cost: 10.0, quality: 0.4 },
            Point { name: "fast and poor", cost: 0.1, quality: 0.1 },
            Point { name: "as fast and poorer", cost: 0.1, quality: 0.05 },
            Point { name: "free", cost: 0.0, quality: 0.3 },
        ];
        let all: Vec<&Point<'_>> = points.iter().collect();
        assert_eq!(front(&all[..4]), [2, 0]);
        let svg = pareto(&FRAME, &points, Unit::Fixed(2), Unit::Fixed(4));
        assert!(!svg.as_str().contains("free"), "a logarithm has no zero");
        insta::assert_snapshot!(svg.to_string());
    }

    #[test]
    fn nothing_to_show_is_said() {
        assert!(pareto(&FRAME, &[], Unit::Count, Unit::Count).as_str().contains("No values to show"));
    }
}
