//! The report that compares models: a leaderboard, what the differences mean, costs, groups, examples.
//!
//! The caller gives figures; which is the best, how far each is from the popularity baseline, and
//! the charts are worked out here.

mod figures;
mod tables;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    Error, Template,
    format::{fixed, number},
    page::{Fact, Figure, Table},
    render,
};

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
    /// Every other model against the best.
    pub differences: Vec<Difference>,
    /// Models that differ in their seed alone.
    pub seeds: Vec<Seeds>,
    /// What the groups of users and items are, in whole sentences.
    pub segments: String,
    /// By what items are alike where diversity is measured, such as `their categories`.
    pub diversity: String,
    /// A few users with what each model shows them.
    pub examples: Vec<Example>,
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
    /// Means over users by name, such as `ndcg@10` and `mrr`; `rmse` and `mae` (in rating units) for models
    /// that predict ratings. A value that is missing shows as a dash.
    pub values: BTreeMap<String, f64>,
    /// 95 % intervals of these.
    pub intervals: BTreeMap<String, [f64; 2]>,
    /// The figures for groups of users and of items.
    pub segments: Vec<Segment>,
    /// What it costs, where that was measured.
    pub cost: Option<Cost>,
}

/// Figures of one model for one group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Segment {
    /// Name of the group: `... users` or `... items`.
    pub name: String,
    /// Users in it.
    pub users: u64,
    /// Figures by name.
    pub values: BTreeMap<String, f64>,
}

/// What one model costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// Processor time of its training.
    pub training_cpu_s: Option<f64>,
    /// The most memory that its training held.
    pub training_peak_bytes: Option<u64>,
    /// Size of the model.
    pub size_bytes: u64,
    /// Median and 95th percentile of the time from a history to a list.
    pub latency_ms: Option<[f64; 2]>,
}

/// One model against the best.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// What is compared, such as `ndcg@10`.
    pub metric: String,
    /// Name of the model.
    pub model: String,
    /// Its mean less that of the best.
    pub difference: f64,
    /// 95 % interval of it.
    pub interval: Option<[f64; 2]>,
    /// Corrected for all comparisons.
    pub p_value: f64,
    /// Whether chance is ruled out.
    pub is_significant: bool,
    /// In standard deviations of the users' differences.
    pub effect: f64,
}

/// Models that differ in their seed alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Seeds {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Their names.
    pub models: Vec<String>,
    /// Mean and standard deviation over the seeds, by metric.
    pub values: BTreeMap<String, (f64, f64)>,
}

/// One user.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Example {
    /// What kind of user, such as `light user`.
    pub group: String,
    /// Interactions in the history.
    pub interactions: u64,
    /// Names of items of the history, newest first.
    pub history: Vec<String>,
    /// Names of the items to find.
    pub wanted: Vec<String>,
    /// What each model shows.
    pub lists: Vec<ExampleList>,
}

/// What one model shows one user.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ExampleList {
    /// Name of the model.
    pub model: String,
    /// Its list, best first.
    pub items: Vec<ExampleItem>,
}

/// One place of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ExampleItem {
    /// Name of the item.
    pub name: String,
    /// Whether the user went on to choose it.
    pub is_hit: bool,
    /// Why it is there; may be empty.
    pub reason: String,
}

/// What the template is filled with.
#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    facts: Vec<Fact>,
    leaderboard: Table,
    certainty: Vec<Figure>,
    comparisons: Vec<Table>,
    seed_table: Option<Table>,
    quality: Vec<Table>,
    lists: Option<Table>,
    costs: Option<Table>,
    pareto: Vec<Figure>,
    groups: Vec<Figure>,
    shown: Vec<Shown<'a>>,
    errors: Option<Table>,
    baseline: Option<&'a str>,
    main_k: u32,
}

/// An example with the table of its lists.
#[derive(Serialize)]
struct Shown<'a> {
    /// From 1.
    place: usize,
    example: &'a Example,
    table: Table,
}

impl Evaluation {
    /// The report as one HTML file.
    pub fn render(&self) -> Result<String, Error> {
        let k = self.main_k();
        let shown = self.examples.iter().enumerate();
        let view = View {
            evaluation: self,
            facts: self.facts(),
            leaderboard: self.leaderboard(),
            certainty: self.certainty(),
            comparisons: self.comparisons(),
            seed_table: self.seed_table(),
            quality: self.ks.iter().map(|&k| self.quality(k)).collect(),
            lists: self.lists(),
            costs: self.costs(),
            pareto: self.pareto(),
            groups: self.groups(),
            shown: shown
                .map(|(place, example)| Shown { place: place + 1, example, table: tables::example(place + 1, example) })
                .collect(),
            errors: self.errors(),
            baseline: self.baseline().map(|model| model.name.as_str()),
            main_k: k,
        };
        render(Template::Evaluation, &view)
    }

    /// The list length of leaderboard and charts.
    fn main_k(&self) -> u32 {
        if self.ks.contains(&10) { 10 } else { self.ks.iter().copied().max().unwrap_or(10) }
    }

    fn baseline(&self) -> Option<&Model> {
        self.models.iter().find(|model| model.algorithm == "popularity")
    }

    /// Models by falling NDCG, then in the order of the pipeline file.
    fn ranked(&self) -> Vec<&Model> {
        let key = format!("ndcg@{}", self.main_k());
        let value = |model: &Model| model.values.get(&key).copied().unwrap_or(f64::NEG_INFINITY);
        let mut models: Vec<&Model> = self.models.iter().collect();
        models.sort_by(|a, b| value(b).total_cmp(&value(a)));
        models
    }

    fn facts(&self) -> Vec<Fact> {
        let ks: Vec<String> = self.ks.iter().map(u32::to_string).collect();
        let key = format!("ndcg@{}", self.main_k());
        let mut facts = vec![
            Fact::new("users", number(self.users), format!("with rows in the {} split", self.split)),
            Fact::new("items", number(self.items), "ranked for every user"),
            Fact::new("list lengths", ks.join(", "), "the k of the metrics"),
        ];
        let leader = self.ranked().first().copied().filter(|_| self.models.len() > 1);
        if let Some((leader, best)) = leader.and_then(|leader| Some((leader, *leader.values.get(&key)?))) {
            let note = match leader.intervals.get(&key) {
                Some([low, high]) => format!("{}, from {} to {}", fixed(best, 4), fixed(*low, 4), fixed(*high, 4)),
                None => fixed(best, 4),
            };
            facts.push(Fact::new(&format!("best NDCG@{}", self.main_k()), leader.name.clone(), note));
        }
        facts
    }
}

#[cfg(test)]
mod tests;
