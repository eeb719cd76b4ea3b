//! Every algorithm that the product has: adding one touches this list and adds its own file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Interactions, ModelData, Recommender};

pub mod popularity;

/// An algorithm that learns from interactions alone, with its parameters: what `train-cf` takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "algorithm", rename_all = "kebab-case")]
pub enum Algorithm {
    /// The same list for everyone: what most users chose.
    Popularity(popularity::Parameters),
}

impl Algorithm {
    /// Fits the algorithm to training interactions.
    pub fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        match self {
            Self::Popularity(parameters) => Ok(Box::new(popularity::Popularity::fit(parameters, train)?)),
        }
    }
}

/// Builds a saved recommender again.
pub fn load(data: &ModelData) -> Result<Box<dyn Recommender>, Error> {
    match data.algorithm.as_str() {
        popularity::NAME => Ok(Box::new(popularity::Popularity::load(data)?)),
        found => {
            let expected = [popularity::NAME].join(", ");
            Err(Error::UnknownAlgorithm { found: found.to_owned(), expected })
        }
    }
}
