//! Axes: from values to places, and which values get a tick.

use super::{
    Unit,
    canvas::{Anchor, Canvas},
    text::text_width,
};
use crate::format;

/// How an axis maps values to places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal distances for equal differences.
    Linear,
    /// Equal distances for equal ratios; values must be above zero, others are left out.
    Log,
    /// Linear in months; a value is `12 × year + month`, months counted from 0.
    Months,
}

/// One direction of a plot.
pub(super) struct Axis {
    scale: Scale,
    unit: Unit,
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Axis {
    /// An axis whose ends are the values' own extremes (Log: the powers of ten around them).
    pub(super) fn tight(scale: Scale, unit: Unit, values: impl Iterator<Item = f64>) -> Option<Self> {
        let usable = values.filter(|value| value.is_finite() && (scale != Scale::Log || *value > 0.0));
        let (low, high) = usable.fold(None, |range: Option<(f64, f64)>, value| {
            Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        })?;
        let (low, high) = match scale {
            Scale::Log => {
                let low = (low.log10() + 1e-9).floor();
                (low, (high.log10() - 1e-9).ceil().max(low + 1.0))
            }
            _ if high <= low => (low - 0.5, high + 0.5),
            _ => (low, high),
        };
        Some(Self { scale, unit, low, high, start: 0.0, end: 1.0 })
    }

    /// An axis whose ends are the values' own extremes, on a logarithmic scale too.
    pub(super) fn exact(scale: Scale, unit: Unit, low: f64, high: f64) -> Option<Self> {
        let mut axis = Self::tight(scale, unit, [low, high].into_iter())?;
        if scale == Scale::Log && low > 0.0 && low < high {
            (axis.low, axis.high) = (low.log10(), high.log10());
        }
        Some(axis)
    }

    /// An axis that holds zero and ends on ticks, as lengths of bars need it.
    pub(super) fn from_zero(unit: Unit, values: impl Iterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let is_all_zero = values.iter().all(|value| value.abs() <= 0.0);
        let mut axis = Self::tight(Scale::Linear, unit, values.into_iter().chain([0.0]))?;
        if is_all_zero {
            // An axis from zero to one shows zeros better than one around them.
            (axis.low, axis.high) = (0.0, 1.0);
        }
        axis.round();
        Some(axis)
    }

    /// An axis that ends on ticks around the values, zero among them or not.
    pub(super) fn around(scale: Scale, unit: Unit, values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut axis = Self::tight(scale, unit, values)?;
        if scale == Scale::Linear {
            axis.round();
        }
        Some(axis)
    }

    /// Moves the ends out to the next ticks.
    fn round(&mut self) {
        let step = self.step(5);
        self.low = (self.low / step + 1e-9).floor() * step;
        self.high = (self.high / step - 1e-9).ceil() * step;
    }

    /// The same axis between two places on the canvas.
    pub(super) fn between(mut self, start: f64, end: f64) -> Self {
        self.start = start;
        self.end = end;
        self
    }

    /// Where a value stands; none if the scale cannot show it.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let value = match self.scale {
            Scale::Log if value > 0.0 => value.log10(),
            Scale::Log => return None,
            _ => value,
        };
        let place = self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start);
        place.is_finite().then_some(place)
    }

    /// Values with their labels, about `wanted` of them.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        match self.scale {
            Scale::Linear => {
                let step = self.step(wanted);
                multiples(self.low, self.high, step).map(|value| (value, self.unit.write_tick(value, step))).collect()
            }
            Scale::Log => {
                let step = ((self.high - self.low) / wanted.max(1) as f64).ceil().max(1.0);
                multiples(self.low, self.high, step)
                    .map(|power| (10f64.powf(power), format::compact(10f64.powf(power))))
                    .collect()
            }
            Scale::Months => {
                let span = self.high - self.low;
                let step = [1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 60.0, 120.0, 240.0]
                    .into_iter()
                    .find(|step| span / step <= wanted as f64)
                    .unwrap_or(1200.0);
                multiples(self.low, self.high, step).map(|value| (value, month_label(value, step >= 12.0))).collect()
            }
        }
    }

    /// The widest label, for the margin beside a vertical axis.
    pub(super) fn label_width(&self, wanted: usize) -> f64 {
        self.ticks(wanted).iter().map(|(_, label)| text_width(label)).fold(0.0, f64::max)
    }

    /// A horizontal axis with labels below `y` and grid lines up to `top`; as many of the wanted ticks as
    /// have room.
    pub(super) fn draw_horizontal(&self, canvas: &mut Canvas, y: f64, top: f64, wanted: usize) {
        let ticks = (2..=wanted).rev().map(|wanted| self.ticks(wanted)).find(|ticks| self.have_room(ticks));
        for (value, label) in ticks.unwrap_or_else(|| self.ticks(1)) {
            if let Some(x) = self.place(value) {
                canvas.grid((x, top), (x, y));
                let half = text_width(&label) / 2.0;
                canvas.text(x.min(canvas.width() - half).max(half), y + 16.0, "tick", Anchor::Middle, &label);
            }
        }
    }

    /// Whether labels beside one another do not touch.
    fn have_room(&self, ticks: &[(f64, String)]) -> bool {
        ticks.windows(2).all(|pair| {
            let [Some(first), Some(second)] = [self.place(pair[0].0), self.place(pair[1].0)] else { return true };
            (second - first).abs() >= f64::midpoint(text_width(&pair[0].1), text_width(&pair[1].1)) + 6.0
        })
    }

    /// A vertical axis with labels left of `x` and grid lines to `right`.
    pub(super) fn draw_vertical(&self, canvas: &mut Canvas, x: f64, right: f64, wanted: usize) {
        for (value, label) in self.ticks(wanted) {
            if let Some(y) = self.place(value) {
                canvas.grid((x, y), (right, y));
                canvas.text(x - 6.0, y + 4.0, "tick", Anchor::End, &label);
            }
        }
    }

    /// Its lower and upper end, for a legend of colours.
    pub(super) fn ends(&self) -> (f64, f64) {
        match self.scale {
            Scale::Log => (10f64.powf(self.low), 10f64.powf(self.high)),
            _ => (self.low, self.high),
        }
    }

    /// The value in full, for a tooltip.
    pub(super) fn write(&self, value: f64) -> String {
        if self.scale == Scale::Months { month_label(value, false) } else { self.unit.write(value) }
    }

    /// Distance of ticks: 1, 2 or 5 times a power of ten; whole for counts.
    fn step(&self, wanted: usize) -> f64 {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| rough <= step * 1.000_001);
        let step = step.unwrap_or(power * 10.0);
        if matches!(self.unit, Unit::Count | Unit::Year) { step.max(1.0) } else { step }
    }
}

/// The multiples of `step` between two values.
fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(move |factor| factor as f64 * step)
}

/// `2014`, or `2014-03`.
fn month_label(value: f64, only_year: bool) -> String {
    let month = value.round() as i64;
    let year = month.div_euclid(12);
    if only_year { year.to_string() } else { format!("{year}-{:02}", month.rem_euclid(12) + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, wanted: usize) -> Vec<String> {
        axis.ticks(wanted).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_numbers_and_none_stands_twice() {
        let axis = Axis::from_zero(Unit::Count, [1.0, 2.0].into_iter()).unwrap();
        assert_eq!(labels(&axis, 5), ["0", "1", "2"]);
        let axis = Axis::from_zero(Unit::Percent, [0.031, 0.012].into_iter()).unwrap();
        assert_eq!(labels(&axis, 5), ["0 %", "1 %", "2 %", "3 %", "4 %"]);
        let axis = Axis::from_zero(Unit::Count, [43_210.0].into_iter()).unwrap();
        assert_eq!(labels(&axis, 5), ["0", "10k", "20k", "30k", "40k", "50k"]);
        let axis = Axis::from_zero(Unit::Fixed(3), [0.0, 0.0].into_iter()).unwrap();
        assert_eq!(labels(&axis, 5), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    }

    #[test]
    fn log_axes_end_on_powers_of_ten() {
        let axis = Axis::tight(Scale::Log, Unit::Count, [3.0, 870.0, 0.0, f64::NAN].into_iter()).unwrap();
        assert_eq!(labels(&axis, 6), ["1", "10", "100", "1,000"].map(|label| label.replace(',', "")));
        let axis = axis.between(0.0, 300.0);
        assert_eq!(axis.place(10.0), Some(100.0));
        assert_eq!(axis.place(0.0), None);
    }

    #[test]
    fn months_get_years_where_there_are_many() {
        let month = |year: i32, month: i32| f64::from(year * 12 + month - 1);
        let axis = Axis::tight(Scale::Months, Unit::Count, [month(2005, 11), month(2018, 9)].into_iter()).unwrap();
        assert_eq!(labels(&axis, 8), ["2006", "2008", "2010", "2012", "2014", "2016", "2018"]);
        let axis = Axis::tight(Scale::Months, Unit::Count, [month(2018, 1), month(2018, 4)].into_iter()).unwrap();
        assert_eq!(labels(&axis, 5), ["2018-01", "2018-02", "2018-03", "2018-04"]);
    }

    #[test]
    fn an_axis_needs_a_value() {
        assert!(Axis::tight(Scale::Log, Unit::Count, [0.0, -1.0].into_iter()).is_none());
        let one = Axis::tight(Scale::Linear, Unit::Count, [7.0].into_iter()).unwrap().between(0.0, 10.0);
        assert_eq!(one.place(7.0), Some(5.0));
    }
}
