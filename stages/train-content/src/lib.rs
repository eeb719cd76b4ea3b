//! The `train-content` stage: fits text vectors to the items' metadata.
//!
//! The algorithm lives in `recommender`; here metadata and features are brought into the order of the
//! item index. Interactions, where they are connected, tell how often an item was chosen and teach the weights
//! of the fields.

mod tables;

use pipeline::{Context, Kind, Port, Stage, read_interactions, read_keys, write_model};
use recommender::{
    Interactions, Recommender,
    algorithms::content_tfidf::{ContentTfidf, Feedback, Parameters},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of `train-content`: those of `recommender::algorithms::content_tfidf`, where each is explained with
/// the formula. Ranges are checked while they are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Parameters", into = "Parameters")]
#[schemars(with = "Parameters")]
pub struct Params(Parameters);

impl TryFrom<Parameters> for Params {
    type Error = recommender::Error;

    fn try_from(parameters: Parameters) -> Result<Self, Self::Error> {
        parameters.check().map(|()| Self(parameters))
    }
}

impl From<Params> for Parameters {
    fn from(params: Params) -> Self {
        params.0
    }
}

/// Learns from what is written about items, so that also items that nobody chose can be recommended.
///
/// Reads `items`, `item_index` and `item_features` (the latter is opened only for a `feature_weight` above 0);
/// if they are connected, also `train` (how often items were chosen) and `validation` (from which field weights
/// are learned, unless `learn_field_weights` is off), both with `user_index`. Writes `model`. Items of the index
/// without metadata score 0. If no item has a usable word, the stage fails.
///
/// Parameters: see [`Params`].
///
/// ```yaml
/// content:
///   stage: train-content
///   params: {field_weights: {title: 2.0, description: 0.5}, history_decay: 2.0}
/// ```
pub struct TrainContent;

impl Stage for TrainContent {
    const NAME: &'static str = "train-content";
    const SUMMARY: &'static str = "Fits a content-based recommender to the items' texts and features";
    const INPUTS: &'static [Port] = &[
        Port::one("items", Kind::Items),
        Port::one("item_index", Kind::ItemIndex),
        Port::one("item_features", Kind::ItemFeatures),
        Port::optional("user_index", Kind::UserIndex),
        Port::optional("train", Kind::Interactions),
        Port::optional("validation", Kind::Interactions),
    ];
    const OUTPUTS: &'static [Port] = &[Port::one("model", Kind::Model)];
    type Params = Params;

    fn run(Params(parameters): &Params, context: &Context) -> anyhow::Result<()> {
        let keys = read_keys(context.input("item_index")?, Kind::ItemIndex)?;
        let texts = tables::read_texts(context.input("items")?, &keys)?;
        let features = if parameters.feature_weight > 0.0 {
            Some(tables::read_features(context.input("item_features")?, keys.len())?)
        } else {
            None
        };
        let [train, validation] = ["train", "validation"].map(|port| read_connected(context, port, keys.len()));
        let (train, validation) = (train?, validation?);
        let feedback = train.as_ref().map(|train| Feedback { train, validation: validation.as_ref() });
        let model = ContentTfidf::fit(parameters, &texts, features.as_ref(), feedback)?;
        let items_with_text = model.items_with_text();
        tracing::info!(items = keys.len(), items_with_text, weights = ?model.field_weights(), "fit text vectors");
        write_model(context.output("model")?, &model.save())?;
        context.summary("algorithm", model.algorithm());
        context.summary("items", keys.len());
        context.summary("items_with_text", items_with_text);
        context.summary("field_weights", serde_json::to_value(model.field_weights())?);
        context.summary("features", features.map_or(0, |features| features.width));
        Ok(())
    }
}

/// The interactions of a port, if it and the index of users are connected.
fn read_connected(context: &Context, port: &str, items: usize) -> anyhow::Result<Option<Interactions>> {
    let (Some(path), Some(users)) = (context.optional_input(port), context.optional_input("user_index")) else {
        return Ok(None);
    };
    let users = read_keys(users, Kind::UserIndex)?.len();
    Ok(Some(read_interactions(path, users, items)?))
}
