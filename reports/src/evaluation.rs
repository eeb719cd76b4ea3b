//! The report that compares models.
//!
//! The caller gives figures; which is the best, how far each is from the popularity baseline, and
//! the charts are worked out here.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    Error, Template,
    chart::{self, Frame, Series, Unit},
    format::{MISSING, fixed, number},
    page::{Cell, Fact, Figure, Table},
    render,
};

/// Metrics at a list length, in the order of the tables: name and heading.
const AT_K: [(&str, &str); 7] = [
    ("precision", "precision"),
    ("recall", "recall"),
    ("f1", "F1"),
    ("hit_rate", "hit rate"),
    ("ndcg", "NDCG"),
    ("map", "MAP"),
    ("coverage", "coverage"),
];

/// What the report shows. Fill it and call [`Evaluation::render`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// Heading, such as `How good are the models?`.
    pub title: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Which interactions were predicted: `test` or `validation`.
    pub split: String,
    /// Users with at least one interaction to predict.
    pub users: u64,
    /// Items in the ranking.
    pub items: u64,
    /// List lengths at which the metrics were taken, ascending. Charts show 10, or else the longest.
    pub ks: Vec<u32>,
    /// One entry a model, in the order of the pipeline file.
    pub models: Vec<Model>,
    /// How the histories that models score from were built, in whole sentences.
    pub histories: String,
    /// What the reader must be careful about, a sentence or two each.
    pub caveats: Vec<String>,
}

/// Figures of one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Model {
    /// Name of the stage that trained it.
    pub name: String,
    /// Name of the algorithm; the first model with `popularity` is the baseline of the ratios.
    pub algorithm: String,
    /// Means over users by name: `precision@10`, `recall@10`, `f1@10`, `hit_rate@10`, `ndcg@10`, `map@10`,
    /// `coverage@10` for each k, and `mrr`; `rmse` and `mae` (in rating units) for models that predict
    /// ratings. A value that is missing shows as a dash.
    pub values: BTreeMap<String, f64>,
}

/// What the template is filled with.
#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    facts: Vec<Fact>,
    quality: Vec<Table>,
    errors: Option<Table>,
    figures: Vec<Figure>,
    baseline: Option<&'a str>,
    main_k: u32,
}

impl Evaluation {
    /// The report as one HTML file.
    pub fn render(&self) -> Result<String, Error> {
        let baseline = self.models.iter().find(|model| model.algorithm == "popularity");
        let main_k = if self.ks.contains(&10) { 10 } else { self.ks.iter().copied().max().unwrap_or(10) };
        let view = View {
            evaluation: self,
            facts: self.facts(main_k),
            quality: self.ks.iter().map(|&k| self.quality(k, baseline)).collect(),
            errors: self.errors(),
            figures: self.figures(main_k),
            baseline: baseline.map(|model| model.name.as_str()),
            main_k,
        };
        render(Template::Evaluation, &view)
    }

    fn facts(&self, main_k: u32) -> Vec<Fact> {
        let ks: Vec<String> = self.ks.iter().map(u32::to_string).collect();
        let key = format!("ndcg@{main_k}");
        let best = best_of(&self.models, &key, false);
        let leader = self.models.iter().find(|model| best.is_some() && model.values.get(&key).copied() == best);
        let mut facts = vec![
            Fact::new("users", number(self.users), format!("with rows in the {} split", self.split)),
            Fact::new("items", number(self.items), "ranked for every user"),
            Fact::new("list lengths", ks.join(", "), "the k of the metrics"),
        ];
        if let (Some(leader), Some(best)) = (leader, best) {
            facts.push(Fact::new(&format!("best NDCG@{main_k}"), leader.name.clone(), fixed(best, 4)));
        }
        facts
    }

    fn quality(&self, k: u32, baseline: Option<&Model>) -> Table {
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
                cell.note = ratio(model, baseline, key);
                row.push(cell);
            }
            table.push_cells(row);
        }
        table.wide = true;
        table
    }

    fn errors(&self) -> Option<Table> {
        let models: Vec<&Model> = self
            .models
            .iter()
            .filter(|model| ["rmse", "mae"].iter().any(|key| model.values.contains_key(*key)))
            .collect();
        if models.is_empty() {
            return None;
        }
        let mut table =
            Table::new("Error of predicted ratings, in stars; lower is better", &["model", "#RMSE", "#MAE"]);
        for model in models {
            let mut row = vec![name_cell(model)];
            row.extend(
                ["rmse", "mae"]
                    .map(|key| value_cell(model.values.get(key).copied(), best_of(&self.models, key, true), 4)),
            );
            table.push_cells(row);
        }
        Some(table)
    }

    fn figures(&self, k: u32) -> Vec<Figure> {
        let names: Vec<String> = self.models.iter().map(|model| model.name.clone()).collect();
        let at_k = AT_K.iter().map(|(name, heading)| (format!("{name}@{k}"), format!("{heading}@{k}")));
        at_k.chain([("mrr".to_owned(), "MRR".to_owned())])
            .filter(|(key, _)| self.models.iter().any(|model| model.values.contains_key(key)))
            .map(|(key, heading)| {
                let values: Vec<f64> =
                    self.models.iter().map(|model| model.values.get(&key).copied().unwrap_or(f64::NAN)).collect();
                let frame = Frame { title: &heading, description: "One bar a model; longer is better.", x: "", y: "" };
                let series = [Series { name: &heading, values: &values }];
                let svg = chart::horizontal_bars(&frame, &names, &series, Unit::Fixed(4));
                Figure { title: heading.clone(), svg }
            })
            .collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str, algorithm: &str, values: &[(&str, f64)]) -> Model {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect();
        Model { name: name.to_owned(), algorithm: algorithm.to_owned(), values }
    }

    fn example() -> Evaluation {
        Evaluation {
            title: "How good are the models?".to_owned(),
            pipeline: "demo".to_owned(),
            split: "test".to_owned(),
            users: 12_345,
            items: 678,
            ks: vec![5, 10],
            models: vec![
                model("popularity", "popularity", &[("recall@10", 0.1), ("ndcg@10", 0.05), ("mrr", 0.04)]),
                model("als <64>", "als", &[("recall@10", 0.184), ("ndcg@10", 0.1), ("mrr", 0.03), ("rmse", 0.9)]),
            ],
            histories: "Histories are the training rows.".to_owned(),
            caveats: vec!["Times have the resolution of a day.".to_owned()],
        }
    }

    #[test]
    fn the_report_marks_the_best_and_gives_the_ratio() {
        let html = example().render().unwrap();
        assert!(html.contains("als &lt;64&gt;") && !html.contains("als <64>"));
        insta::assert_snapshot!(html.split_once("<section id=\"quality\"").unwrap().1);
    }

    #[test]
    fn without_baseline_or_models_the_page_still_stands() {
        let mut evaluation = example();
        evaluation.models.remove(0);
        let html = evaluation.render().unwrap();
        assert!(!html.contains("popularity baseline") && !html.contains("(best)"));
        let html = Evaluation::default().render().unwrap();
        assert!(!html.contains("NaN") && !html.contains("undefined\""));
    }

    #[test]
    fn the_file_needs_nothing_from_outside() {
        let html = example().render().unwrap();
        for outside in ["<script", "src=", "@import", "url(", "<iframe"] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}
