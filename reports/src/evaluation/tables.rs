//! The tables of the report.

use super::{Evaluation, Example, Model};
use crate::{
    format::{MISSING, bytes, fixed, number, p_value},
    page::{Cell, Table},
};

/// Metrics at a list length, in the order of the tables: name and heading.
pub(super) const AT_K: [(&str, &str); 7] = [
    ("precision", "precision"),
    ("recall", "recall"),
    ("f1", "F1"),
    ("hit_rate", "hit rate"),
    ("ndcg", "NDCG"),
    ("map", "MAP"),
    ("mrr", "MRR"),
];

/// Those of the leaderboard.
const LEADING: [(&str, &str); 5] =
    [("ndcg", "NDCG"), ("recall", "recall"), ("precision", "precision"), ("hit_rate", "hit rate"), ("map", "MAP")];

/// What lists are like: name, heading, decimals.
const LISTS: [(&str, &str, usize); 7] = [
    ("coverage", "coverage", 3),
    ("gini", "Gini", 3),
    ("head_share", "head share", 3),
    ("popularity", "popularity", 1),
    ("novelty", "novelty (bits)", 2),
    ("diversity", "diversity", 3),
    ("calibration", "miscalibration (nats)", 3),
];

impl Evaluation {
    /// All models, the best first, with intervals and whether they are told apart from the best.
    pub(super) fn leaderboard(&self) -> Table {
        let k = self.main_k();
        let headings: Vec<String> = LEADING.iter().map(|(_, heading)| format!("#{heading}@{k}")).collect();
        let mut columns = vec!["model", "against the best"];
        columns.extend(headings.iter().map(String::as_str));
        let mut table = Table::new(format!("First {k} places of the list, by NDCG@{k}"), &columns);
        let keys: Vec<String> = LEADING.iter().map(|(name, _)| format!("{name}@{k}")).collect();
        for (place, model) in self.ranked().into_iter().enumerate() {
            let mut row = vec![name_cell(model), self.verdict(place, model)];
            for key in &keys {
                let mut cell = value_cell(model.values.get(key).copied(), best_of(&self.models, key, false), 4);
                if let Some([low, high]) = model.intervals.get(key) {
                    cell.note = format!("{} to {}", fixed(*low, 4), fixed(*high, 4));
                }
                row.push(cell);
            }
            table.push_cells(row);
        }
        table.wide = true;
        table
    }

    /// Whether a model is told apart from the best by NDCG.
    fn verdict(&self, place: usize, model: &Model) -> Cell {
        let metric = format!("ndcg@{}", self.main_k());
        let found = self.differences.iter().find(|one| one.metric == metric && one.model == model.name);
        let (text, note) = match found {
            Some(one) if one.is_significant => ("worse", format!("p {}", sized(one.p_value))),
            Some(one) => ("may be as good", format!("p {}", sized(one.p_value))),
            None if place == 0 && self.models.len() > 1 => ("best", String::new()),
            None => (MISSING, String::new()),
        };
        Cell { text: text.to_owned(), note, ..Cell::default() }
    }

    /// Every model against the best, a table a metric.
    pub(super) fn comparisons(&self) -> Vec<Table> {
        let mut metrics: Vec<&str> = self.differences.iter().map(|one| one.metric.as_str()).collect();
        metrics.dedup();
        metrics.into_iter().map(|metric| self.comparison(metric)).collect()
    }

    fn comparison(&self, metric: &str) -> Table {
        let columns = ["model", "#difference", "#95 % interval", "#p, corrected", "#effect size"];
        let mut table = Table::new(format!("{}: each model less the best", heading(metric)), &columns);
        for model in self.ranked() {
            let mut found = self.differences.iter().filter(|one| one.metric == metric && one.model == model.name);
            if let Some(one) = found.next() {
                let interval = one.interval.map_or_else(
                    || MISSING.to_owned(),
                    |[low, high]| format!("{} to {}", fixed(low, 4), fixed(high, 4)),
                );
                let mark = if one.is_significant { " *" } else { "" };
                table.push([
                    model.name.clone(),
                    fixed(one.difference, 4),
                    interval,
                    format!("{}{mark}", p_value(one.p_value)),
                    fixed(one.effect, 3),
                ]);
            }
        }
        table.wide = true;
        table
    }

    /// Mean and spread over seeds; none where every model stands alone.
    pub(super) fn seed_table(&self) -> Option<Table> {
        let k = self.main_k();
        let metrics = [format!("ndcg@{k}"), format!("recall@{k}"), format!("coverage@{k}")];
        let headings: Vec<String> = metrics.iter().map(|metric| format!("#{}", heading(metric))).collect();
        let mut columns = vec!["algorithm", "models"];
        columns.extend(headings.iter().map(String::as_str));
        let mut table = Table::new("Mean ± standard deviation over seeds", &columns);
        for group in &self.seeds {
            let value = |metric: &String| match group.values.get(metric) {
                Some((mean, deviation)) => format!("{} ± {}", fixed(*mean, 4), fixed(*deviation, 4)),
                None => MISSING.to_owned(),
            };
            let names = [group.algorithm.clone(), group.models.join(", ")];
            table.push(names.into_iter().chain(metrics.iter().map(value)));
        }
        (!self.seeds.is_empty()).then_some(table)
    }

    /// Accuracy at one list length.
    pub(super) fn quality(&self, k: u32) -> Table {
        let keys: Vec<String> = AT_K.iter().map(|(name, _)| format!("{name}@{k}")).chain(["mrr".to_owned()]).collect();
        let headings: Vec<String> =
            AT_K.iter().map(|(_, heading)| format!("#{heading}@{k}")).chain(["#MRR".to_owned()]).collect();
        let mut columns = vec!["model"];
        columns.extend(headings.iter().map(String::as_str));
        let mut table = Table::new(format!("First {k} places of the list"), &columns);
        let best: Vec<Option<f64>> = keys.iter().map(|key| best_of(&self.models, key, false)).collect();
        for model in &self.models {
            let mut row = vec![name_cell(model)];
            for (key, best) in keys.iter().zip(&best) {
                let mut cell = value_cell(model.values.get(key).copied(), *best, 4);
                cell.note = ratio(model, self.baseline(), key);
                row.push(cell);
            }
            table.push_cells(row);
        }
        table.wide = true;
        table
    }

    /// What the lists are like beside their accuracy; none where nothing is known of it.
    pub(super) fn lists(&self) -> Option<Table> {
        let k = self.main_k();
        let is_known = |name: &str| self.models.iter().any(|model| model.values.contains_key(&format!("{name}@{k}")));
        let known: Vec<&(&str, &str, usize)> = LISTS.iter().filter(|(name, _, _)| is_known(name)).collect();
        let headings: Vec<String> = known.iter().map(|(_, heading, _)| format!("#{heading}")).collect();
        let mut columns = vec!["model"];
        columns.extend(headings.iter().map(String::as_str));
        let mut table = Table::new(format!("First {k} places of the list"), &columns);
        for model in self.ranked() {
            let mut row = vec![name_cell(model)];
            let value = |name: &str| model.values.get(&format!("{name}@{k}")).copied();
            row.extend(known.iter().map(|(name, _, decimals)| value_cell(value(name), None, *decimals)));
            table.push_cells(row);
        }
        table.wide = true;
        (!known.is_empty()).then_some(table)
    }

    /// What models cost; none where it was not measured.
    pub(super) fn costs(&self) -> Option<Table> {
        let columns = ["model", "#training, CPU s", "#training, memory", "#model", "#list, ms", "#95 of 100 below, ms"];
        let mut table = Table::new("Cost of training and of a list", &columns);
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| MISSING.to_owned());
        for model in self.ranked() {
            if let Some(cost) = model.cost {
                table.push([
                    model.name.clone(),
                    or_dash(cost.training_cpu_s.map(|seconds| fixed(seconds, 2))),
                    or_dash(cost.training_peak_bytes.map(bytes)),
                    bytes(cost.size_bytes),
                    or_dash(cost.latency_ms.map(|[median, _]| fixed(median, 3))),
                    or_dash(cost.latency_ms.map(|[_, high]| fixed(high, 3))),
                ]);
            }
        }
        table.wide = true;
        (!table.rows.is_empty()).then_some(table)
    }

    /// Errors of predicted ratings; none where no model predicts them.
    pub(super) fn errors(&self) -> Option<Table> {
        let columns = ["model", "#RMSE", "#MAE"];
        let mut table = Table::new("Error of predicted ratings, in stars; lower is better", &columns);
        for model in &self.models {
            if !["rmse", "mae"].iter().any(|key| model.values.contains_key(*key)) {
                continue;
            }
            let mut row = vec![name_cell(model)];
            row.extend(
                ["rmse", "mae"]
                    .map(|key| value_cell(model.values.get(key).copied(), best_of(&self.models, key, true), 4)),
            );
            table.push_cells(row);
            for segment in model.segments.iter().filter(|segment| segment.values.contains_key("rmse")) {
                let value = |key: &str| value_cell(segment.values.get(key).copied(), None, 4);
                let name = Cell { text: format!("– {}", segment.name), ..Cell::default() };
                table.push_cells(vec![name, value("rmse"), value("mae")]);
            }
        }
        (!table.rows.is_empty()).then_some(table)
    }
}

/// The lists of one user side by side.
pub(super) fn example(place: usize, example: &Example) -> Table {
    let mut columns = vec!["rank"];
    columns.extend(example.lists.iter().map(|list| list.model.as_str()));
    let mut table = Table::new(format!("What each model shows user {place}"), &columns);
    let places = example.lists.iter().map(|list| list.items.len()).max().unwrap_or(0);
    for rank in 0..places {
        let mut row = vec![Cell { text: number(rank as u64 + 1), ..Cell::default() }];
        row.extend(example.lists.iter().map(|list| match list.items.get(rank) {
            Some(item) => {
                let mark = if item.is_hit { "✓ " } else { "" };
                Cell { text: format!("{mark}{}", short(&item.name)), note: short(&item.reason), ..Cell::default() }
            }
            None => Cell { text: MISSING.to_owned(), ..Cell::default() },
        }));
        table.push_cells(row);
    }
    table.wide = true;
    table
}

/// The text, shortened at its end.
fn short(text: &str) -> String {
    const LONGEST: usize = 56;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST - 1).collect();
    format!("{}…", start.trim_end())
}

/// `ndcg@10` as `NDCG@10`.
pub(super) fn heading(metric: &str) -> String {
    let (name, k) = metric.split_once('@').unwrap_or((metric, ""));
    let heading = AT_K.iter().find(|(known, _)| *known == name).map_or(name, |(_, heading)| heading);
    if k.is_empty() { heading.to_owned() } else { format!("{heading}@{k}") }
}

/// `= 0.012` or `< 0.001`.
fn sized(value: f64) -> String {
    let text = p_value(value);
    if text.starts_with('<') { text } else { format!("= {text}") }
}

fn name_cell(model: &Model) -> Cell {
    let note = if model.algorithm == model.name { String::new() } else { model.algorithm.clone() };
    Cell { text: model.name.clone(), note, ..Cell::default() }
}

fn value_cell(value: Option<f64>, best: Option<f64>, decimals: usize) -> Cell {
    let text = value.map_or_else(|| MISSING.to_owned(), |value| fixed(value, decimals));
    Cell { text, best: value.is_some() && value == best, ..Cell::default() }
}

/// The best value of a metric; none where fewer than two models have it, as there is nothing to compare.
fn best_of(models: &[Model], key: &str, lowest: bool) -> Option<f64> {
    let values: Vec<f64> =
        models.iter().filter_map(|model| model.values.get(key).copied()).filter(|value| value.is_finite()).collect();
    let best = values.iter().copied().reduce(if lowest { f64::min } else { f64::max });
    best.filter(|_| values.len() > 1)
}

/// Times the baseline's value, such as `× 1.84`; empty for the baseline itself and where it is zero.
fn ratio(model: &Model, baseline: Option<&Model>, key: &str) -> String {
    let Some(base) = baseline.filter(|base| base.name != model.name) else { return String::new() };
    match (model.values.get(key), base.values.get(key)) {
        (Some(value), Some(base)) if *base > 0.0 && value.is_finite() => format!("× {}", fixed(value / base, 2)),
        _ => String::new(),
    }
}
