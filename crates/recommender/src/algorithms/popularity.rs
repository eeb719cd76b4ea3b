//! The same list for everyone: what most users chose, what they chose of late, or what is on the rise.
//!
//! Formulas, with the newest interaction as the present: `all`: `score(i) = number of interactions with i`;
//! `decayed`: `score(i) = sum over interactions of 2^(-days ago / half_life_days)`; `trending`: `score(i) = recent
//! / (expected + smoothing)`, `recent` being the interactions of the last `window_days` and `expected` those that
//! the days before them would give in as many days. Items with equal scores stand in the order of their indices,
//! as everywhere ([`crate::top_k`]). What is popular in the categories of a history is the business of
//! [`super::content_tfidf`]: its similarity by categories alone, lifted by `popularity: 1`.
//!
//! Fitting `O(interactions)`, scoring `O(items)`. It has no notion of similar items. The baseline that every
//! other algorithm has to beat (Cremonesi, Koren and Turrin, "Performance of recommender algorithms on top-n
//! recommendation tasks", `RecSys` 2010; on time: Ji et al., "A re-visit of the popularity baseline in recommender
//! systems", SIGIR 2020).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{parameters_of, require};
use crate::{Error, Evidence, Explainer, Fit, Interaction, Interactions, ModelData, Recommender, Tensor};

/// Name of the algorithm.
pub const NAME: &str = "popularity";

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// Which interactions count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// All, alike.
    #[default]
    All,
    /// All, the less the older they are.
    Decayed,
    /// Those of the last days, set against those before.
    Trending,
}

/// What `popularity` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Which interactions count.
    #[schemars(extend("tune" = {"values": ["all", "decayed", "trending"]}))]
    pub variant: Variant,
    /// Days after which an interaction counts half, if `decayed`; above 0, at most 1000000.
    #[schemars(extend("tune" = {"low": 7.0, "high": 1500.0, "scale": "log"}))]
    pub half_life_days: f64,
    /// Days that are set against those before, if `trending`; above 0, at most 1000000.
    #[schemars(extend("tune" = {"low": 3.0, "high": 365.0, "scale": "log"}))]
    pub window_days: f64,
    /// Interactions that an item needs to be told from chance, if `trending`; above 0, at most 1000000.
    #[schemars(extend("tune" = {"low": 1.0, "high": 100.0, "scale": "log"}))]
    pub smoothing: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { variant: Variant::All, half_life_days: 180.0, window_days: 30.0, smoothing: 10.0 }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        let values =
            [("half_life_days", self.half_life_days), ("window_days", self.window_days), ("smoothing", self.smoothing)];
        for (name, value) in values {
            require(NAME, name, value, value > 0.0 && value <= 1e6, "a number above 0, at most 1000000")?;
        }
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
/// let model = popularity::Popularity::fit(&popularity::Parameters::default(), &train)?;
/// let mut scores = vec![0.0; 2];
/// model.score(&[], &mut scores);
/// assert_eq!(scores, [1.0, 2.0]);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Popularity {
    parameters: Parameters,
    scores: Vec<f32>,
}

impl Popularity {
    /// Adds up the interactions of each item.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        let entries = || train.histories().flatten();
        let Some(present) = entries().map(|entry| entry.time).max() else {
            return Err(Error::NoInteractions { algorithm: NAME });
        };
        let days_ago = |entry: &Interaction| f64::from(present - entry.time) / DAY;
        let sums = |value: &dyn Fn(&Interaction) -> f64| {
            let mut sums = vec![0.0; train.item_count()];
            entries().for_each(|entry| sums[entry.item as usize] += value(entry));
            sums
        };
        let scores = match parameters.variant {
            Variant::All => sums(&|_| 1.0),
            Variant::Decayed => sums(&|entry| (-days_ago(entry) / parameters.half_life_days).exp2()),
            Variant::Trending => {
                let window = parameters.window_days;
                let is_recent = |entry: &Interaction| days_ago(entry) < window;
                let longest = entries().map(days_ago).fold(0.0, f64::max);
                let recent = sums(&|entry| f64::from(u8::from(is_recent(entry))));
                // Per day before the window, as many days as the window has.
                let before = window / (longest - window).max(1.0);
                let expected = sums(&|entry| if is_recent(entry) { 0.0 } else { before });
                let ratio = |(recent, expected): (f64, f64)| recent / (expected + parameters.smoothing);
                recent.into_iter().zip(expected).map(ratio).collect()
            }
        };
        Ok(Self { parameters: parameters.clone(), scores: scores.into_iter().map(|score| score as f32).collect() })
    }

    /// The list that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        Ok(Self { parameters: parameters_of(data)?, scores: data.floats_of("scores", data.items)?.to_vec() })
    }
}

impl Recommender for Popularity {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.scores.len()
    }

    fn score(&self, _history: &[Interaction], scores: &mut [f32]) {
        scores.copy_from_slice(&self.scores);
    }

    fn explainer<'a>(&'a self, _history: &'a [Interaction]) -> Explainer<'a> {
        Box::new(|item| Some(Evidence::new(*self.scores.get(item as usize)?, [], true)))
    }

    fn save(&self) -> ModelData {
        let tensors = BTreeMap::from([("scores".to_owned(), Tensor::vector(self.scores.clone()))]);
        ModelData::new(NAME, &self.parameters, self.scores.len(), tensors)
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
        let model = Popularity::fit(&Parameters::default(), &train).unwrap();
        let mut scores = vec![0.0; 4];
        model.score(train.history(0), &mut scores);
        let list: Vec<u32> = top_k(&scores, 4, |_| false).into_iter().map(|scored| scored.item).collect();
        assert_eq!(list, [3, 1, 2, 0]);
        assert_eq!((model.similar(3, 5), model.reason(3, &[])), (vec![], Some(Reason::Popular)));
    }

    const DAYS: u32 = 86_400;

    fn scores(variant: Variant, cells: &[(u32, u32)]) -> Vec<f32> {
        let parameters = Parameters { variant, half_life_days: 10.0, window_days: 10.0, smoothing: 2.0 };
        let pair = |(item, day): &(u32, u32)| (0, Interaction { item: *item, weight: 1.0, time: day * DAYS });
        let train = Interactions::from_pairs(1, 3, &cells.iter().map(pair).collect::<Vec<_>>());
        let model = Popularity::fit(&parameters, &train).unwrap();
        assert_eq!(Popularity::load(&model.save()).unwrap(), model);
        model.scores
    }

    #[test]
    fn golden_decay_and_trend() {
        // The present is day 50. Item 0 long ago, item 1 now, item 2 evenly.
        let cells = [(0, 0), (0, 10), (0, 20), (1, 45), (1, 50), (2, 10), (2, 50)];
        assert_eq!(scores(Variant::All, &cells), [3.0, 2.0, 2.0]);
        // Days ago 50, 40, 30: 2^-5 + 2^-4 + 2^-3; 5 and 0: 2^-0.5 + 1; 40 and 0: 2^-4 + 1.
        let decayed = [0.218_75, 1.0 + 0.5_f32.sqrt(), 1.0625];
        assert!(scores(Variant::Decayed, &cells).iter().zip(decayed).all(|(a, b)| (a - b).abs() < 1e-6));
        // Ten days against forty before: expected 3/4, 0 and 1/4; recent 0, 2 and 1.
        let trending = [0.0, 1.0, 1.0 / 2.25];
        assert!(scores(Variant::Trending, &cells).iter().zip(trending).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn without_days_the_trend_is_the_count() {
        assert_eq!(scores(Variant::Trending, &[(0, 7), (1, 7), (1, 7)]), [0.5, 1.0, 0.0]);
    }
}
