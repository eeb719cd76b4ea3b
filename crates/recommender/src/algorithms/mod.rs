//! Every algorithm that the product has: adding one touches this list and adds its own file.

use std::fmt::Display;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Error, Interactions, ModelData, Recommender};

pub mod als;
pub mod biased_mf;
pub mod content_tfidf;
pub mod hybrid;
pub mod item_knn;
pub mod popularity;

/// An algorithm that learns from interactions alone, with its parameters: what `train-cf` takes.
///
/// Parameters that are not given take their defaults; unknown ones are errors.
///
/// ```
/// use recommender::Algorithm;
///
/// let algorithm: Algorithm = serde_json::from_str(r#"{"algorithm": "als", "factors": 32}"#)?;
/// assert_eq!(algorithm.name(), "als");
/// assert!(serde_json::from_str::<Algorithm>(r#"{"algorithm": "als", "factor": 32}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "algorithm", rename_all = "kebab-case")]
pub enum Algorithm {
    /// The same list for everyone: what most users chose.
    Popularity(popularity::Parameters),
    /// Items that the same users chose are alike.
    ItemKnn(item_knn::Parameters),
    /// Implicit matrix factorisation by alternating least squares.
    Als(als::Parameters),
    /// Rating prediction by biased matrix factorisation.
    BiasedMf(biased_mf::Parameters),
}

impl Algorithm {
    /// Its name in `pipeline.yaml`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Popularity(_) => popularity::NAME,
            Self::ItemKnn(_) => item_knn::NAME,
            Self::Als(_) => als::NAME,
            Self::BiasedMf(_) => biased_mf::NAME,
        }
    }

    /// Checks the ranges of the parameters; [`Self::fit`] does so too.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::Popularity(_) => Ok(()),
            Self::ItemKnn(parameters) => parameters.check(),
            Self::Als(parameters) => parameters.check(),
            Self::BiasedMf(parameters) => parameters.check(),
        }
    }

    /// Fits the algorithm to training interactions.
    pub fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(match self {
            Self::Popularity(parameters) => Box::new(popularity::Popularity::fit(parameters, train)?),
            Self::ItemKnn(parameters) => Box::new(item_knn::ItemKnn::fit(parameters, train)?),
            Self::Als(parameters) => Box::new(als::Als::fit(parameters, train)?),
            Self::BiasedMf(parameters) => Box::new(biased_mf::BiasedMf::fit(parameters, train)?),
        })
    }
}

type Loader = fn(&ModelData) -> Result<Box<dyn Recommender>, Error>;

/// Every saved recommender that can be built again.
const LOADERS: [(&str, Loader); 6] = [
    (popularity::NAME, |data| Ok(Box::new(popularity::Popularity::load(data)?))),
    (item_knn::NAME, |data| Ok(Box::new(item_knn::ItemKnn::load(data)?))),
    (als::NAME, |data| Ok(Box::new(als::Als::load(data)?))),
    (biased_mf::NAME, |data| Ok(Box::new(biased_mf::BiasedMf::load(data)?))),
    (content_tfidf::NAME, |data| Ok(Box::new(content_tfidf::ContentTfidf::load(data)?))),
    (hybrid::NAME, |data| Ok(Box::new(hybrid::Hybrid::load(data)?))),
];

/// Builds a saved recommender again.
pub fn load(data: &ModelData) -> Result<Box<dyn Recommender>, Error> {
    match LOADERS.iter().find(|(name, _)| *name == data.algorithm) {
        Some((_, loader)) => loader(data),
        None => Err(Error::UnknownAlgorithm {
            found: data.algorithm.clone(),
            expected: LOADERS.map(|(name, _)| name).join(", "),
        }),
    }
}

/// The error for a parameter outside its range.
fn require(
    algorithm: &'static str,
    parameter: &'static str,
    value: impl Display,
    is_allowed: bool,
    expected: &'static str,
) -> Result<(), Error> {
    if is_allowed { Ok(()) } else { Err(Error::Parameter { algorithm, parameter, found: value.to_string(), expected }) }
}

/// The parameters of a saved model.
fn parameters_of<P: DeserializeOwned>(data: &ModelData) -> Result<P, Error> {
    serde_json::from_value(data.parameters.clone())
        .map_err(|source| Error::SavedParameters { algorithm: data.algorithm.clone(), source })
}
