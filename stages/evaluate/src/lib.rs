//! The `evaluate` stage: how well each model predicts what it has not seen.
//!
//! Every model ranks all items that a user's history lacks, for every user with held-out
//! interactions. Metrics are computed in `recommender`; here models and tables are brought together
//! and the results written so that anyone can recompute them. Models are not trained or tuned here.

mod comparison;
mod error;
mod params;
mod report;
mod tables;

pub use params::{Params, Split};
use pipeline::{Context, Input, Kind, Port, Stage, read_interactions, read_keys, read_model, write_file, write_json};
use recommender::{
    Interactions, Recommender,
    evaluation::{Evaluation, Metrics, ModelMetrics, evaluate},
};
use serde::Serialize;

use crate::{comparison::Comparison, error::Error, report::HeldOut, tables::Tables};

/// Ranks all unseen items with every model and compares the lists with the held-out interactions.
///
/// Reads `models` (one or more), `train`, `validation`, `test`, `user_index` and `item_index`. Writes
/// `metrics` (means over users a model, and the recall of each beside that of the popularity list),
/// `user_metrics` (the same values a user), `recommendations` (the longest list of every evaluated
/// user and model) and `report` (HTML).
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
    ];
    const OUTPUTS: &'static [Port] = &[
        Port::one("metrics", Kind::Metrics),
        Port::one("user_metrics", Kind::UserMetrics),
        Port::one("recommendations", Kind::Recommendations),
        Port::one("report", Kind::Report),
    ];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        let (history, held_out) = interactions(params, context)?;
        let inputs = context.inputs("models");
        let mut tables = Tables::create(context)?;
        let mut metrics = Metrics {
            split: params.split.name().to_owned(),
            users: 0,
            items: history.item_count() as u64,
            ks: params.ks.clone(),
            models: Vec::new(),
        };
        for (done, input) in inputs.iter().enumerate() {
            context.progress(done as u64, Some(inputs.len() as u64), "models");
            let model = model(input, history.item_count())?;
            let evaluation = evaluated(model.as_ref(), &history, &held_out, params)?;
            tables.write(&input.stage, &evaluation)?;
            metrics.users = evaluation.users.len() as u64;
            metrics.models.push(ModelMetrics {
                name: input.stage.clone(),
                algorithm: model.algorithm().to_owned(),
                values: evaluation.values,
            });
        }
        context.progress(inputs.len() as u64, Some(inputs.len() as u64), "models");
        tables.finish()?;
        let html = report::render(context, params.split, &metrics, &HeldOut::new(&history, &held_out))?;
        write_file(context.output("report")?, html.as_bytes())?;
        let comparison = Comparison::new(&metrics.models, params.main_k());
        summarise(context, params.main_k(), &metrics, comparison.as_ref());
        write_json(context.output("metrics")?, &MetricsFile { metrics, comparison })?;
        Ok(())
    }
}

/// Histories and what is to be predicted from them.
fn interactions(params: &Params, context: &Context) -> anyhow::Result<(Interactions, Interactions)> {
    let users = read_keys(context.input("user_index")?, Kind::UserIndex)?.len();
    let items = read_keys(context.input("item_index")?, Kind::ItemIndex)?.len();
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

fn model(input: &Input, items: usize) -> anyhow::Result<Box<dyn Recommender>> {
    let model = recommender::load(&read_model(&input.path)?)?;
    if model.item_count() != items {
        let found = model.item_count();
        return Err(Error::WrongItems { model: input.stage.clone(), expected: items, found }.into());
    }
    Ok(model)
}

fn evaluated(
    model: &dyn Recommender,
    history: &Interactions,
    held_out: &Interactions,
    params: &Params,
) -> Result<Evaluation, Error> {
    let evaluation = evaluate(model, history, held_out, &params.ks);
    if evaluation.users.is_empty() {
        return Err(Error::NothingUnseen { split: params.split.name(), interactions: held_out.len() });
    }
    Ok(evaluation)
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
