//! The `train-hybrid` stage: blends several models by weights that validation teaches.
//!
//! Weights come from a logistic regression (`learning`) and are kept only if they rank validation at
//! least as well as the best part alone (`selection`). The parts are taken as they are and saved inside
//! the new model; test interactions are never read.

mod error;
mod learning;
mod params;
mod selection;
mod users;

pub use params::{Params, Unchecked};
use pipeline::{Context, Kind, Port, Stage, read_interactions, read_keys, read_model, write_model};
use recommender::{
    Algorithm, Fit, Interactions, Recommender,
    algorithms::{
        hybrid::{Hybrid, Part},
        popularity,
    },
    load,
};
use serde_json::{Map, Value, json};

use crate::{error::Error, learning::Examples};

/// Learns how much each model should count.
///
/// Reads `models` (one or more), `train`, `validation`, `user_index` and `item_index`. Writes `model`,
/// with its parts inside. Parts go by the name of the stage that trained them. If no model is a
/// popularity list, one is fitted to `train` and added: it serves strangers and orders the items that no
/// other part tells apart, for which it keeps at least one percent of the weight.
///
/// Without a validation interaction to learn from the stage fails and says so; `weights` sets them by
/// hand instead. The summary tells the weights, and NDCG@10 on validation of each part and of the blend.
///
/// Parameters: see [`Params`].
///
/// ```yaml
/// hybrid:
///   stage: train-hybrid
///   inputs: {models: [item-knn.model, als.model, content.model]}
///   params: {seed: 42}
/// ```
pub struct TrainHybrid;

impl Stage for TrainHybrid {
    const NAME: &'static str = "train-hybrid";
    const SUMMARY: &'static str = "Blends models by weights learned on validation";
    const INPUTS: &'static [Port] = &[
        Port::many("models", Kind::Model),
        Port::one("train", Kind::Interactions),
        Port::one("validation", Kind::Interactions),
        Port::one("user_index", Kind::UserIndex),
        Port::one("item_index", Kind::ItemIndex),
    ];
    const OUTPUTS: &'static [Port] = &[Port::one("model", Kind::Model)];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        let users = read_keys(context.input("user_index")?, Kind::UserIndex)?.len();
        let items = read_keys(context.input("item_index")?, Kind::ItemIndex)?.len();
        let train = read_interactions(context.input("train")?, users, items)?;
        let validation = read_interactions(context.input("validation")?, users, items)?;
        let mut hybrid = Hybrid::new(read_parts(context, &train)?)?;
        context.summary("items", items);
        context.summary("interactions", train.len());
        match &params.weights {
            Some(weights) => hybrid.set_weights(&fixed_weights(&hybrid, weights)?)?,
            None => learn(params, context, &mut hybrid, &train, &validation)?,
        }
        let weights = hybrid.parts().iter().map(|part| (part.name.clone(), json!(rounded(f64::from(part.weight)))));
        context.summary("weights", Value::Object(weights.collect()));
        write_model(context.output("model")?, &hybrid.save())?;
        Ok(())
    }
}

/// The connected models, and a popularity list if there is none among them.
fn read_parts(context: &Context, train: &Interactions) -> anyhow::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for input in context.inputs("models") {
        let model = load(&read_model(&input.path)?)?;
        parts.push(Part { name: input.stage.clone(), model, weight: 0.0 });
    }
    if !parts.iter().any(|part| part.model.algorithm() == popularity::NAME) {
        let is_taken = parts.iter().any(|part| part.name == popularity::NAME);
        let name = if is_taken { "popularity-of-train" } else { popularity::NAME };
        let model = Algorithm::Popularity(popularity::Parameters {}).fit(train)?;
        parts.push(Part { name: name.to_owned(), model, weight: 0.0 });
    }
    Ok(parts)
}

fn fixed_weights(hybrid: &Hybrid, weights: &std::collections::BTreeMap<String, f64>) -> Result<Vec<f32>, Error> {
    let names = || hybrid.parts().iter().map(|part| part.name.as_str());
    if let Some(found) = weights.keys().find(|name| !names().any(|known| known == name.as_str())) {
        return Err(Error::UnknownPart { found: found.clone(), expected: names().collect::<Vec<_>>().join(", ") });
    }
    let sum: f64 = weights.values().sum();
    Ok(names().map(|name| (weights.get(name).copied().unwrap_or(0.0) / sum) as f32).collect())
}

fn learn(
    params: &Params,
    context: &Context,
    hybrid: &mut Hybrid,
    train: &Interactions,
    validation: &Interactions,
) -> anyhow::Result<()> {
    let validation = users::usable(params, train, validation);
    let users = validation.histories().filter(|history| !history.is_empty()).count();
    if users == 0 {
        return Err(Error::NoValidation { users: validation.user_count() }.into());
    }
    let examples = Examples::draw(params, hybrid, train, &validation);
    let learned = examples.weights(params)?;
    tracing::info!(users, rows = examples.rows(), weights = ?learned, "learned weights");
    let selection = selection::select(hybrid, &learned, train, &validation)?;
    let mut values: Map<String, Value> =
        selection.parts.iter().map(|(name, value)| (name.clone(), json!(rounded(*value)))).collect();
    values.insert(context.name().to_owned(), json!(rounded(selection.blend)));
    tracing::info!(origin = selection.origin, weights = ?selection.weights, "took weights");
    context.summary("validation_users", users);
    context.summary("examples", examples.rows());
    context.summary("origin_of_weights", selection.origin);
    context.summary(&format!("validation_ndcg@{}", selection::K), Value::Object(values));
    Ok(())
}

/// Six decimals are enough for a summary.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
