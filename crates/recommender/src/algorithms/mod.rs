//! Every algorithm that the product has: adding one touches this list and adds its own file.

use std::fmt::Display;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use linear::{LinearModel, LinearParameters};

use crate::{Error, Interactions, ModelData, Recommender};

pub mod als;
pub mod biased_mf;
mod closed_form;
mod content_fields;
mod content_similarity;
pub mod content_tfidf;
pub mod ease;
pub mod embedding;
pub mod graph_filter;
pub mod hybrid;
pub mod item_knn;
mod linear;
pub mod popularity;
pub mod rp3beta;
pub mod slim;
pub mod slist;
pub mod svd;
pub mod transition;

/// An algorithm that learns from interactions alone, with its parameters: what `train-cf` takes.
///
/// Parameters that are not given take their defaults; unknown ones are errors.
///
/// ```
/// use recommender::{Algorithm, Fit};
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
    /// What came after what in the users' histories.
    Transition(transition::Parameters),
    /// A tuned low-pass filter on the item graph.
    GraphFilter(graph_filter::Parameters),
    /// Items that the same users chose are alike.
    ItemKnn(item_knn::Parameters),
    /// The linear model that reproduces the user-item matrix from itself, in closed form.
    Ease(ease::Parameters),
    /// Each item as a sparse mix of the items that it occurs with.
    Slim(slim::Parameters),
    /// A linear model of what occurs together and of what comes after, in closed form.
    Slist(slist::Parameters),
    /// Where a random walk of three steps ends, with popular ends held back.
    Rp3beta(rp3beta::Parameters),
    /// Implicit matrix factorisation by alternating least squares.
    Als(als::Parameters),
    /// A truncated singular value decomposition (`PureSVD`, the low-pass filter of GF-CF).
    Svd(svd::Parameters),
    /// Item vectors learned by gradient descent on a ranking loss (softmax, BPR).
    Embedding(embedding::Parameters),
    /// Rating prediction by biased matrix factorisation.
    BiasedMf(biased_mf::Parameters),
}

/// What an algorithm that learns from interactions alone brings with its parameters.
pub trait Fit {
    /// Name of the algorithm in `pipeline.yaml`.
    fn name(&self) -> &'static str;

    /// Checks the ranges of the parameters; [`Self::fit`] does so too.
    fn check(&self) -> Result<(), Error>;

    /// Fits the algorithm to training interactions.
    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error>;
}

impl Algorithm {
    fn parameters(&self) -> &dyn Fit {
        match self {
            Self::Popularity(parameters) => parameters,
            Self::Transition(parameters) => parameters,
            Self::GraphFilter(parameters) => parameters,
            Self::ItemKnn(parameters) => parameters,
            Self::Ease(parameters) => parameters,
            Self::Slim(parameters) => parameters,
            Self::Slist(parameters) => parameters,
            Self::Rp3beta(parameters) => parameters,
            Self::Als(parameters) => parameters,
            Self::Svd(parameters) => parameters,
            Self::Embedding(parameters) => parameters,
            Self::BiasedMf(parameters) => parameters,
        }
    }
}

impl Fit for Algorithm {
    fn name(&self) -> &'static str {
        self.parameters().name()
    }

    fn check(&self) -> Result<(), Error> {
        self.parameters().check()
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        self.parameters().fit(train)
    }
}

type Loader = fn(&ModelData) -> Result<Box<dyn Recommender>, Error>;

/// Every saved recommender that can be built again.
const LOADERS: &[(&str, Loader)] = &[
    (popularity::NAME, |data| Ok(Box::new(popularity::Popularity::load(data)?))),
    (transition::NAME, |data| Ok(Box::new(transition::Transition::load(data)?))),
    (graph_filter::NAME, |data| Ok(Box::new(graph_filter::GraphFilter::load(data)?))),
    (item_knn::NAME, |data| Ok(Box::new(item_knn::ItemKnn::load(data)?))),
    (ease::NAME, |data| Ok(Box::new(ease::Ease::load(data)?))),
    (slim::NAME, |data| Ok(Box::new(slim::Slim::load(data)?))),
    (slist::NAME, |data| Ok(Box::new(slist::Slist::load(data)?))),
    (rp3beta::NAME, |data| Ok(Box::new(rp3beta::Rp3beta::load(data)?))),
    (als::NAME, |data| Ok(Box::new(als::Als::load(data)?))),
    (svd::NAME, |data| Ok(Box::new(svd::Svd::load(data)?))),
    (embedding::NAME, |data| Ok(Box::new(embedding::Embedding::load(data)?))),
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
            expected: LOADERS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
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
