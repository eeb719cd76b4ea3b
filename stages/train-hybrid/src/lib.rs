//! The `train-hybrid` stage: blends several models by shares that validation teaches.
//!
//! Every part scores the validation users once (`recommender::blending`). On that table a logistic
//! regression gives first weights (`start`), which are then refined one by one for the NDCG of all users
//! and of each segment (`fitting`). What is kept is decided on users that it was not learned from
//! (`crossfit`). The parts are taken as they are and saved inside the new model; test interactions are
//! never read.

mod crossfit;
mod earlier;
mod error;
mod figures;
mod fitting;
mod params;
mod start;

use std::collections::BTreeMap;

pub use crossfit::Comparison;
pub use figures::{Figures, Learned, PartFigures};
pub use params::{Params, Unchecked};
use pipeline::{
    Context, Kind as Artifact, Port, Stage, read_interactions, read_keys, read_model, write_json, write_model,
};
use rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use recommender::{
    Algorithm, Fit, Interactions, Recommender,
    algorithms::{
        hybrid::{Blend, Hybrid, Part, check_parts},
        popularity,
    },
    blending::{Candidates, scales},
    load,
};
use serde_json::{Value, json};

use crate::{
    crossfit::choose,
    earlier::Earlier,
    error::Error,
    fitting::{Task, boundaries},
};

/// Learns how much each model should count, for cold, light and heavy users.
///
/// Reads `models` (one or more), `train`, `validation`, `user_index` and `item_index`. Writes `model`,
/// with those parts inside that have a share, and `blend` (JSON): scale, shares and NDCG of each part, and
/// how much better than the best part the blend ranks users that it did not learn from, with the paired
/// bootstrap of the difference. Where it ranks them worse, the best part alone is kept. Parts go by the name
/// of the stage that trained them. If no model is a popularity list, one is fitted to `train` and added: it
/// serves strangers and orders the items that no other part tells apart.
///
/// With `blend`, the output of that name of an earlier run, nothing is learned: parts of the same names that
/// were fitted anew, to training and validation together, take the scales and shares found there.
///
/// Without a validation interaction to learn from the stage fails and says so; `weights` sets the shares by
/// hand instead.
///
/// Parameters: see [`Params`].
///
/// ```yaml
/// hybrid:
///   stage: train-hybrid
///   inputs: {models: [item-knn.model, als.model, content.model]}
///   params: {segments: 3, seed: 42}
/// hybrid-final:
///   like: hybrid
///   inputs: {models: [item-knn-final.model, als-final.model, content.model], blend: hybrid.blend}
/// ```
pub struct TrainHybrid;

impl Stage for TrainHybrid {
    const NAME: &'static str = "train-hybrid";
    const SUMMARY: &'static str = "Blends models by weights learned on validation";
    const INPUTS: &'static [Port] = &[
        Port::many("models", Artifact::Model),
        Port::one("train", Artifact::Interactions),
        Port::one("validation", Artifact::Interactions),
        Port::one("user_index", Artifact::UserIndex),
        Port::one("item_index", Artifact::ItemIndex),
        Port::optional("blend", Artifact::Statistics),
    ];
    const OUTPUTS: &'static [Port] = &[Port::one("model", Artifact::Model), Port::one("blend", Artifact::Statistics)];
    type Params = Params;

    fn run(params: &Params, context: &Context) -> anyhow::Result<()> {
        let users = read_keys(context.input("user_index")?, Artifact::UserIndex)?.len();
        let items = read_keys(context.input("item_index")?, Artifact::ItemIndex)?.len();
        let train = read_interactions(context.input("train")?, users, items)?;
        let mut parts = read_parts(context, &train)?;
        let (blend, figures) = if let Some(path) = context.optional_input("blend") {
            let blend = Earlier::read(path)?.apply(&mut parts)?;
            let figures = Figures::given("earlier", &parts, &blend);
            (blend, figures)
        } else if let Some(weights) = &params.weights {
            let blend = Blend::of_all(fixed_shares(&parts, weights)?);
            let figures = Figures::given("fixed", &parts, &blend);
            (blend, figures)
        } else {
            let validation = read_interactions(context.input("validation")?, users, items)?;
            learn(params, &parts, &train, &validation)?
        };
        let hybrid = Hybrid::new(parts, blend)?;
        write_model(context.output("model")?, &hybrid.save())?;
        write_json(context.output("blend")?, &figures)?;
        context.summary("items", items);
        context.summary("interactions", train.len());
        summarise(context, &figures);
        Ok(())
    }
}

/// The connected models, and a popularity list if there is none among them, with their scales.
fn read_parts(context: &Context, train: &Interactions) -> anyhow::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for input in context.inputs("models") {
        let model = load(&read_model(&input.path)?)?;
        parts.push(Part { name: input.stage.clone(), model, scale: 1.0 });
    }
    if !parts.iter().any(|part| part.model.algorithm() == popularity::NAME) {
        let is_taken = parts.iter().any(|part| part.name == popularity::NAME);
        let name = if is_taken { "popularity-of-train" } else { popularity::NAME };
        let model = Algorithm::Popularity(popularity::Parameters::default()).fit(train)?;
        parts.push(Part { name: name.to_owned(), model, scale: 1.0 });
    }
    // Checked before anything is scored: all must know the same items.
    check_parts(&parts)?;
    let scales = scales(&models(&parts), train);
    parts.iter_mut().zip(scales).for_each(|(part, scale)| part.scale = scale);
    Ok(parts)
}

fn models(parts: &[Part]) -> Vec<&dyn Recommender> {
    parts.iter().map(|part| part.model.as_ref()).collect()
}

fn fixed_shares(parts: &[Part], weights: &BTreeMap<String, f64>) -> Result<Vec<f32>, Error> {
    let names = || parts.iter().map(|part| part.name.as_str());
    if let Some(found) = weights.keys().find(|name| !names().any(|known| known == name.as_str())) {
        return Err(Error::UnknownPart { found: found.clone(), expected: names().collect::<Vec<_>>().join(", ") });
    }
    let sum: f64 = weights.values().sum();
    Ok(names().map(|name| (weights.get(name).copied().unwrap_or(0.0) / sum) as f32).collect())
}

fn learn(
    params: &Params,
    parts: &[Part],
    train: &Interactions,
    validation: &Interactions,
) -> anyhow::Result<(Blend, Figures)> {
    let users = users_to_learn_from(params, parts.len(), train, validation);
    let scales: Vec<f32> = parts.iter().map(|part| part.scale).collect();
    let table = Candidates::collect(&models(parts), &scales, train, validation, &users, params.depth as usize);
    if table.users().is_empty() {
        return Err(Error::NoValidation { users: validation.user_count() }.into());
    }
    tracing::info!(users = table.users().len(), parts = parts.len(), "scored candidates");
    let is_popularity = |part: &Part| part.model.algorithm() == popularity::NAME;
    let popularity = parts.iter().position(is_popularity).expect("read_parts adds one");
    let boundaries = boundaries(params, table.users());
    let task = Task { params, parts: parts.len(), popularity, boundaries };
    let chosen = choose(&task, table.users())?;
    let figures = Figures::learned(parts, &task, &chosen, table.users());
    Ok((chosen.blend, figures))
}

/// The validation users with a history; if the table of all could take more than `memory_mb`, as many as fit,
/// drawn by the seed.
fn users_to_learn_from(params: &Params, parts: usize, train: &Interactions, validation: &Interactions) -> Vec<u32> {
    let is_of_use = |user: &u32| !train.history(*user).is_empty() && !validation.history(*user).is_empty();
    let users: Vec<u32> = (0..validation.user_count() as u32).filter(is_of_use).collect();
    let most = params.memory_mb as usize * 1_000_000 / Candidates::most_bytes(parts, params.depth as usize, 1);
    if users.len() <= most {
        return users;
    }
    let mut random = ChaCha8Rng::seed_from_u64(params.seed);
    let mut places = index::sample(&mut random, users.len(), most.max(1)).into_vec();
    places.sort_unstable();
    places.into_iter().map(|place| users[place]).collect()
}

fn summarise(context: &Context, figures: &Figures) {
    let pairs = |value: &dyn Fn(&PartFigures) -> Value| {
        Value::Object(figures.parts.iter().map(|part| (part.name.clone(), value(part))).collect())
    };
    context.summary("kind", figures.kind);
    context
        .summary("shares", pairs(&|part| json!(part.shares.iter().map(|share| rounded(*share)).collect::<Vec<_>>())));
    let Some(learned) = &figures.learned else { return };
    context.summary("validation_users", learned.comparison.users);
    context.summary("boundaries", json!(learned.boundaries));
    let mut values = pairs(&|part| json!(part.ndcg.map(rounded)));
    values[context.name()] = json!(rounded(learned.held_out));
    context.summary(&format!("validation_ndcg@{}", learned.k), values);
    context.summary(
        "gain_over_best_part",
        json!({
            "difference": rounded(learned.comparison.difference),
            "low": rounded(learned.comparison.low),
            "high": rounded(learned.comparison.high),
            "p_value": learned.comparison.p_value,
        }),
    );
}

/// Six decimals are enough for a summary.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
