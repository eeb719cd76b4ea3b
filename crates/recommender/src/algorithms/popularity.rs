//! The same list for everyone: what most users chose.
//!
//! Formula: `score(i) = number of training interactions with i`. Items with equal counts stand in the
//! order of their indices, as everywhere ([`crate::top_k`]). Fitting `O(interactions)`, scoring
//! `O(items)`. It has no notion of similar items. The baseline that every other algorithm has to beat
//! (Cremonesi, Koren and Turrin, "Performance of recommender algorithms on top-n recommendation tasks",
//! `RecSys` 2010).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Explanation, Fit, Interaction, Interactions, ModelData, Recommender, Tensor};

/// Name of the algorithm.
pub const NAME: &str = "popularity";

/// It has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(Popularity::fit(self, train)?))
    }
}

/// A fitted popularity list.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::popularity};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// let train = Interactions::from_pairs(2, 2, &[pair(0, 0), pair(0, 1), pair(1, 1)]);
/// let model = popularity::Popularity::fit(&popularity::Parameters {}, &train)?;
/// let mut scores = vec![0.0; 2];
/// model.score(&[], &mut scores);
/// assert_eq!(scores, [1.0, 2.0]);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Popularity {
    counts: Vec<f32>,
}

impl Popularity {
    /// Counts the interactions of each item.
    pub fn fit(_parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        Ok(Self { counts: train.item_counts().into_iter().map(|count| count as f32).collect() })
    }

    /// The list that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        Ok(Self { counts: data.floats_of("counts", data.items)?.to_vec() })
    }
}

impl Recommender for Popularity {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.counts.len()
    }

    fn score(&self, _history: &[Interaction], scores: &mut [f32]) {
        scores.copy_from_slice(&self.counts);
    }

    fn explain(&self, item: u32, _history: &[Interaction]) -> Option<Explanation> {
        Some(Explanation::new(*self.counts.get(item as usize)?, [], true))
    }

    fn save(&self) -> ModelData {
        let tensors = BTreeMap::from([("counts".to_owned(), Tensor::vector(self.counts.clone()))]);
        ModelData::new(NAME, &Parameters {}, self.counts.len(), tensors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;
    use crate::top_k;

    #[test]
    fn everyone_gets_the_same_list_with_ties_in_the_order_of_items() {
        let pair = |user, item| (user, Interaction { item, weight: 1.0, time: 0 });
        let train = Interactions::from_pairs(3, 4, &[pair(0, 3), pair(1, 3), pair(2, 2), pair(2, 1)]);
        let model = Popularity::fit(&Parameters {}, &train).unwrap();
        let mut scores = vec![0.0; 4];
        model.score(train.history(0), &mut scores);
        let list: Vec<u32> = top_k(&scores, 4, |_| false).into_iter().map(|scored| scored.item).collect();
        assert_eq!(list, [3, 1, 2, 0]);
        assert_eq!((model.similar(3, 5), model.reason(3, &[])), (vec![], Some(Reason::Popular)));
    }
}
