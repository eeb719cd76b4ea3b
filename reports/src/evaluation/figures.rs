//! The charts of the report.

use super::{Cost, Evaluation, Model, tables::heading};
use crate::{
    chart::{self, Frame, Interval, Point, Series, Unit},
    page::Figure,
};

/// A chart's cost axis: heading, name of the axis, and where a model stands on it.
type CostAxis = (&'static str, &'static str, fn(&Cost) -> Option<f64>);

const COSTS: [CostAxis; 2] = [
    ("Quality against the time of a list", "milliseconds from a history to a list, one thread", latency),
    ("Quality against the cost of training", "processor seconds of the training stage", training),
];

fn latency(cost: &Cost) -> Option<f64> {
    cost.latency_ms.map(|[median, _]| median)
}

fn training(cost: &Cost) -> Option<f64> {
    cost.training_cpu_s
}

impl Evaluation {
    /// Means with their intervals, a chart a metric; the line is the baseline, or else the best.
    pub(super) fn certainty(&self) -> Vec<Figure> {
        let k = self.main_k();
        ["ndcg", "recall", "hit_rate", "map"]
            .map(|name| format!("{name}@{k}"))
            .iter()
            .filter_map(|key| self.means(key))
            .collect()
    }

    fn means(&self, key: &str) -> Option<Figure> {
        let models = self.ranked();
        let value = |model: &Model| model.values.get(key).copied();
        let reference = match self.baseline() {
            Some(baseline) => value(baseline)?,
            None => models.iter().copied().filter_map(value).reduce(f64::max)?,
        };
        let row = |model: &&Model| {
            let [low, high] = *model.intervals.get(key)?;
            Some((model.name.clone(), low, value(model)?, high))
        };
        let rows: Vec<_> = models.iter().filter_map(row).collect();
        let rows: Vec<Interval<'_>> = rows
            .iter()
            .map(|(name, low, value, high)| Interval { name, low: *low, value: *value, high: *high })
            .collect();
        let title = heading(key);
        let frame =
            Frame { title: &title, description: "Mean over users and its 95 % interval, a row a model.", x: "", y: "" };
        let chart = chart::intervals(&frame, &rows, reference, Unit::Fixed(4));
        (!rows.is_empty()).then(|| Figure::new(format!("{title}, with 95 % intervals"), chart))
    }

    /// Quality against each cost that is known.
    pub(super) fn pareto(&self) -> Vec<Figure> {
        let key = format!("ndcg@{}", self.main_k());
        let quality = heading(&key);
        let figure = |(title, x, of): &CostAxis| {
            let point = |model: &Model| Some((model.name.clone(), of(&model.cost?)?, *model.values.get(&key)?));
            let points: Vec<_> = self.models.iter().filter_map(point).collect();
            let points: Vec<Point<'_>> =
                points.iter().map(|(name, cost, quality)| Point { name, cost: *cost, quality: *quality }).collect();
            let description = "A point a model: cheaper to the left, better above.";
            let frame = Frame { title, description, x, y: &quality };
            let chart = chart::pareto(&frame, &points, Unit::Fixed(3), Unit::Fixed(4));
            (points.len() > 1).then(|| Figure::new(*title, chart))
        };
        COSTS.iter().filter_map(figure).collect()
    }

    /// NDCG by group of users, recall by group of items.
    pub(super) fn groups(&self) -> Vec<Figure> {
        let k = self.main_k();
        let charts = [("users", format!("ndcg@{k}")), ("items", format!("recall@{k}"))];
        charts.iter().filter_map(|(kind, key)| self.group(kind, key)).collect()
    }

    fn group(&self, kind: &str, key: &str) -> Option<Figure> {
        let models = self.ranked();
        let is_known = |name: &&str| models.iter().any(|model| in_group(model, name, key).is_some());
        let groups = self.models.first()?.segments.iter();
        let names: Vec<&str> =
            groups.map(|segment| segment.name.as_str()).filter(|name| name.ends_with(kind)).filter(is_known).collect();
        let values: Vec<Vec<f64>> = names
            .iter()
            .map(|name| models.iter().map(|model| in_group(model, name, key).unwrap_or(f64::NAN)).collect())
            .collect();
        let series: Vec<Series<'_>> = names.iter().zip(&values).map(|(name, values)| Series { name, values }).collect();
        let categories: Vec<String> = models.iter().map(|model| model.name.clone()).collect();
        let title = format!("{} by group of {kind}", heading(key));
        let frame = Frame { title: &title, description: "Bars by model and group; longer is better.", x: "", y: "" };
        let chart = chart::horizontal_bars(&frame, &categories, &series, Unit::Fixed(4));
        (!names.is_empty()).then(|| Figure::new(title.as_str(), chart))
    }
}

fn in_group(model: &Model, name: &str, key: &str) -> Option<f64> {
    model.segments.iter().find(|segment| segment.name == name)?.values.get(key).copied()
}
