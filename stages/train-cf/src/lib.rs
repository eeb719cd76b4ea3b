//! The `train-cf` stage: fits one collaborative algorithm to the training interactions.
//!
//! The algorithms themselves live in `recommender`; here the artifacts are read and the model is
//! written. Which algorithm is best is not decided here: name the stage once for each and compare them
//! with `evaluate`.

use pipeline::{Context, Kind, Port, Stage, read_interactions, read_keys, write_model};
use recommender::{Algorithm, Fit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Parameters of `train-cf`: `algorithm` (`popularity`, `item-knn`, `als` or `biased-mf`) and, beside
/// it, the parameters of that algorithm.
///
/// They are those of `recommender::algorithms`, where each is explained with its formula. Ranges are
/// checked while they are read, and an unknown parameter is an error that lists the known ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Algorithm", into = "Algorithm")]
#[schemars(with = "Algorithm")]
pub struct Params(Algorithm);

impl TryFrom<Algorithm> for Params {
    type Error = recommender::Error;

    fn try_from(algorithm: Algorithm) -> Result<Self, Self::Error> {
        algorithm.check().map(|()| Self(algorithm))
    }
}

impl From<Params> for Algorithm {
    fn from(params: Params) -> Self {
        params.0
    }
}

/// Learns from interactions alone.
///
/// Reads `train` and, for their sizes, `user_index` and `item_index`. Writes `model`. The same
/// interactions, parameters and seed give the same bytes for any number of threads.
///
/// Parameters: see [`Params`].
///
/// ```yaml
/// als:
///   stage: train-cf
///   params: {algorithm: als, factors: 64, seed: 42}
/// ```
pub struct TrainCf;

impl Stage for TrainCf {
    const NAME: &'static str = "train-cf";
    const SUMMARY: &'static str = "Fits a collaborative recommender to the training interactions";
    const INPUTS: &'static [Port] = &[
        Port::one("train", Kind::Interactions),
        Port::one("user_index", Kind::UserIndex),
        Port::one("item_index", Kind::ItemIndex),
    ];
    const OUTPUTS: &'static [Port] = &[Port::one("model", Kind::Model)];
    type Params = Params;

    fn run(Params(algorithm): &Params, context: &Context) -> anyhow::Result<()> {
        let users = read_keys(context.input("user_index")?, Kind::UserIndex)?.len();
        let items = read_keys(context.input("item_index")?, Kind::ItemIndex)?.len();
        let train = read_interactions(context.input("train")?, users, items)?;
        tracing::info!(algorithm = algorithm.name(), users, items, interactions = train.len(), "fit model");
        let model = algorithm.fit(&train)?;
        write_model(context.output("model")?, &model.save())?;
        context.summary("algorithm", algorithm.name());
        context.summary("users", users);
        context.summary("items", items);
        context.summary("interactions", train.len());
        Ok(())
    }
}
