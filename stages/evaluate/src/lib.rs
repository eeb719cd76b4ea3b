//! The `evaluate` stage: how well each model predicts what it has not seen.
//!
//! Every model ranks all items that a user's history lacks, for every user with held-out
//! interactions. Metrics are computed in `recommender`; here models and tables are brought together
//! and the results written so that anyone can recompute them. Models are not trained or tuned here.

mod columns;
mod comparison;
mod costs;
mod error;
mod examples;
mod items;
mod params;
mod report;
mod seeds;
mod tables;

pub use params::{Candidates, Params, Split};
use pipeline::{Context, Input, Kind, Port, Stage, read_interactions, read_keys, read_model, write_file, write_json};
use recommender::{
    Interactions, Recommender,
    evaluation::{Catalogue, Evaluation, Metrics, ModelMetrics, evaluate_with},
};
use reports::evaluation::Example;
use serde::Serialize;
use serde_json::Value;

use crate::{
    columns::{Columns, Difference},
    comparison::Comparison,
    costs::Costs,
    error::Error,
    items::Items,
    seeds::{SeedGroup, seed_groups},
    tables::Tables,
};

/// Ranks all unseen items with every model and compares the lists with the held-out interactions.
///
/// Reads `models` (one or more), `train`, `validation`, `test`, `user_index`, `item_index` and, where there
/// are some, `items` (titles, and categories for diversity and calibration). Writes `metrics` (means over
/// users a model with their intervals, by segment, and every two models compared), `user_metrics` (the same
/// values a user), `recommendations` (the longest list of every evaluated user and model) and `report` (HTML).
///
/// For `split: test` a history is training and validation, for `split: validation` training alone.
/// Models go by the name of the stage that trained them.
///
/// Parameters: see [`Params`].
///
/// ```yaml
/// evaluate:
///   inputs: {models: [popularity.model, als.model, hybrid.model]}
///   params: {ks: [5, 10, 20], split: test}
/// ```
pub struct Evaluate;

/// The content of `metrics.json`.
#[derive(Serialize)]
struct MetricsFile {
    #[serde(flatten)]
    metrics: Metrics,
    /// None without a popularity list among the models.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
    /// Every two models on the same users.
    differences: Vec<Difference>,
    /// Models that differ in their seed alone.
    seeds: Vec<SeedGroup>,
}

impl Stage for Evaluate {
    const NAME: &'static str = "evaluate";
    const SUMMARY: &'static str = "Ranks all unseen items with every model and measures precision, recall, F1 and more";
    const INPUTS: &'static [Port] = &[
        Port::many("models", Kind::Model),
        Port::one("train", Kind::Interactions),
        Port::one("validation", Kind::Interactions),
        Port::one("test", Kind::Interactions),
        Port::one("user_index", Kind::UserIndex),
        Port::one("item_index", Kind::ItemIndex),
        Port::optional("items", Kind::Items),
    ];
    const OUTPUTS: &'static [Port] = &[
        Port::one("metrics", Kind::Metrics),
        Port::one("user_metrics", Kind::UserMetrics),
        Port::one("recommendations", Kind::Recommendations),
        Port::one("report", Kind::Report),
    ];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        let run = Run::read(params, context)?;
        let mut tables = Tables::create(context)?;
        let mut found = Found::new(&run);
        let inputs = context.inputs("models");
        for (done, input) in inputs.iter().enumerate() {
            context.progress(done as u64, Some(inputs.len() as u64), "models");
            run.evaluate(input, &mut tables, &mut found)?;
        }
        context.progress(inputs.len() as u64, Some(inputs.len() as u64), "models");
        tables.finish()?;
        let Found { mut metrics, columns, parameters, costs, examples } = found;
        let differences = columns.compare(&mut metrics, params.resamples, params.seed);
        let comparison = Comparison::new(&metrics.models, &differences, params.main_k());
        let seeds = seed_groups(&metrics.models, &parameters);
        summarise(context, params.main_k(), &metrics, comparison.as_ref());
        let file = MetricsFile { metrics, comparison, differences, seeds };
        let html = report::render(context, &run, &file, &costs, examples)?;
        write_file(context.output("report")?, html.as_bytes())?;
        write_json(context.output("metrics")?, &file)?;
        Ok(())
    }
}

/// What all models are evaluated on.
struct Run<'a> {
    params: &'a Params,
    history: Interactions,
    held_out: Interactions,
    items: Items,
    catalogue: Catalogue,
    /// Users with something held out.
    users: Vec<u32>,
    /// Those of them who are shown in the report.
    shown: Vec<u32>,
}

/// What was found of the models so far.
struct Found {
    metrics: Metrics,
    columns: Columns,
    parameters: Vec<Value>,
    costs: Vec<Costs>,
    examples: Vec<Example>,
}

impl<'a> Run<'a> {
    fn read(params: &'a Params, context: &Context) -> anyhow::Result<Self> {
        let keys = read_keys(context.input("item_index")?, Kind::ItemIndex)?;
        let (history, held_out) = interactions(params, context, keys.len())?;
        let items = Items::read(context.optional_input("items"), keys)?;
        let catalogue = Catalogue::new(&history, params.segments()).with_categories(&items.categories);
        let users = (0..held_out.user_count() as u32).filter(|user| !held_out.history(*user).is_empty());
        let users: Vec<u32> = users.collect();
        let shown = examples::choose(params.examples as usize, &users, &history, &catalogue);
        Ok(Self { params, history, held_out, items, catalogue, users, shown })
    }

    /// Evaluates one model and adds it to the tables and to what was found.
    fn evaluate(&self, input: &Input, tables: &mut Tables, found: &mut Found) -> anyhow::Result<()> {
        let data = read_model(&input.path)?;
        found.parameters.push(data.parameters.clone());
        let model = recommender::load(&data)?;
        drop(data);
        let evaluation = self.evaluated(model.as_ref(), &input.stage)?;
        tables.write(&input.stage, &evaluation)?;
        found.columns.push(&evaluation);
        if self.params.costs {
            found.costs.push(Costs::measure(&input.path, model.as_ref(), &self.history, &self.users));
        }
        for (example, user) in found.examples.iter_mut().zip(&self.shown) {
            if let Ok(place) = evaluation.users.binary_search_by_key(user, |one| one.user) {
                let sets = [&self.history, &self.held_out];
                let user = &evaluation.users[place];
                example.lists.push(examples::list(&input.stage, model.as_ref(), user, sets, &self.items.names));
            }
        }
        found.metrics.users = evaluation.users.len() as u64;
        found.metrics.models.push(ModelMetrics {
            name: input.stage.clone(),
            algorithm: model.algorithm().to_owned(),
            values: evaluation.values,
            intervals: std::collections::BTreeMap::new(),
            segments: evaluation.segments,
        });
        Ok(())
    }

    fn evaluated(&self, model: &dyn Recommender, name: &str) -> Result<Evaluation, Error> {
        let (expected, found) = (self.history.item_count(), model.item_count());
        if found != expected {
            return Err(Error::WrongItems { model: name.to_owned(), expected, found });
        }
        let evaluation = evaluate_with(model, &self.history, &self.held_out, &self.params.ks, Some(&self.catalogue));
        if evaluation.users.is_empty() {
            let (split, interactions) = (self.params.split.name(), self.held_out.len());
            return Err(Error::NothingUnseen { split, interactions });
        }
        Ok(evaluation)
    }
}

impl Found {
    fn new(run: &Run) -> Self {
        let metrics = Metrics {
            split: run.params.split.name().to_owned(),
            users: 0,
            items: run.history.item_count() as u64,
            ks: run.params.ks.clone(),
            models: Vec::new(),
        };
        let sets = [&run.history, &run.held_out];
        let examples = examples::describe(&run.shown, sets, &run.catalogue, &run.items.names);
        let columns = Columns::new(run.params.main_k());
        Self { metrics, columns, parameters: Vec::new(), costs: Vec::new(), examples }
    }
}

/// Histories and what is to be predicted from them.
fn interactions(params: &Params, context: &Context, items: usize) -> anyhow::Result<(Interactions, Interactions)> {
    let users = read_keys(context.input("user_index")?, Kind::UserIndex)?.len();
    let read = |port: &str| anyhow::Ok(read_interactions(context.input(port)?, users, items)?);
    let (train, held_out) = (read("train")?, read(params.split.name())?);
    if held_out.is_empty() {
        return Err(Error::NothingHeldOut { split: params.split.name() }.into());
    }
    let history = match params.split {
        Split::Test => train.merged(&read("validation")?),
        Split::Validation => train,
    };
    Ok((history, held_out))
}

fn summarise(context: &Context, k: u32, metrics: &Metrics, comparison: Option<&Comparison>) {
    context.summary("users", metrics.users);
    context.summary("items", metrics.items);
    for model in &metrics.models {
        for metric in ["precision", "recall", "f1", "ndcg"] {
            let name = format!("{metric}@{k}");
            if let Some(value) = model.values.get(&name) {
                context.summary(&format!("{}.{name}", model.name), *value);
            }
        }
    }
    for model in comparison.into_iter().flat_map(|comparison| &comparison.models) {
        context.summary(&format!("{}.beats_popularity", model.name), model.beats);
    }
}
