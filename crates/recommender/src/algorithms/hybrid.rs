//! Several recommenders in one: a weighted blend of their scores.
//!
//! Formula: `score(i) = sum over parts of weight(part) * (score(part, i) - mean) / deviation`, mean and
//! deviation over the part's scores of all items for this user. A stranger, whose history holds no
//! known item, gets the popularity part alone if there is one: the others have nothing to go by.
//! Weights are learned elsewhere (stage `train-hybrid`).
//!
//! Why standard scores: they keep how far the best items stand out, and a part without opinion gives 0
//! everywhere. Measured for a blend of item-knn and als in equal parts on Amazon Beauty (12,101 items),
//! NDCG@10 on validation is 0.0498; scaling to lowest 0 and highest 1 gives 0.0466, and ranks, which
//! make a sea of ties out of sparse scores, 0.0334. On catalogs of 150 to 290 items the three are
//! within 7 % of one another.
//!
//! Complexity: scoring costs the sum of the parts. Paper: Burke, "Hybrid recommender systems: survey and
//! experiments", 2002 (there the "weighted" kind).

use std::collections::BTreeMap;

use super::{load, popularity};
use crate::{Error, Explanation, Interaction, ModelData, Recommender, Scored, Tensor, top_k::best};

/// Name of the algorithm.
pub const NAME: &str = "hybrid";

/// Brings one user's scores to mean 0 and variance 1 over all items; scores that are all equal become 0.
pub fn standardize(scores: &mut [f32]) {
    let count = scores.len().max(1) as f64;
    let mean = scores.iter().map(|score| f64::from(*score)).sum::<f64>() / count;
    let variance = scores.iter().map(|score| (f64::from(*score) - mean).powi(2)).sum::<f64>() / count;
    let deviation = variance.sqrt();
    for score in scores {
        *score = if deviation > 1e-12 { ((f64::from(*score) - mean) / deviation) as f32 } else { 0.0 };
    }
}

/// A recommender inside a blend.
pub struct Part {
    /// What it is called there, such as the stage that trained it.
    pub name: String,
    /// The fitted recommender.
    pub model: Box<dyn Recommender>,
    /// How much its normalised scores count, 0 or more.
    pub weight: f32,
}

/// A weighted blend.
///
/// ```
/// use recommender::{Algorithm, Fit, Interaction, Interactions, Recommender, algorithms::hybrid::*};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// let train = Interactions::from_pairs(2, 3, &[pair(0, 0), pair(0, 1), pair(1, 1)]);
/// let part = |name: &str, algorithm: Algorithm, weight| {
///     Ok::<_, recommender::Error>(Part { name: name.to_owned(), model: algorithm.fit(&train)?, weight })
/// };
/// let parts = vec![
///     part("popularity", Algorithm::Popularity(Default::default()), 0.1)?,
///     part("item-knn", Algorithm::ItemKnn(Default::default()), 0.9)?,
/// ];
/// let model = Hybrid::new(parts)?;
/// let mut scores = vec![0.0; 3];
/// model.score(train.history(1), &mut scores);
/// assert!(scores[0] > scores[2]);
/// # Ok::<(), recommender::Error>(())
/// ```
pub struct Hybrid {
    parts: Vec<Part>,
}

impl Hybrid {
    /// Puts parts together, which must score the same items, have different names (letters, digits, `-`
    /// and `_`) and weights of 0 or more.
    pub fn new(parts: Vec<Part>) -> Result<Self, Error> {
        let wrong = |part: &str, expected: String, found: String| {
            Err(Error::WrongPart { part: part.to_owned(), expected, found })
        };
        let Some(first) = parts.first() else {
            return wrong("none", "at least one part".to_owned(), "no part".to_owned());
        };
        let items = first.model.item_count();
        for (place, part) in parts.iter().enumerate() {
            let found = part.model.item_count();
            if found != items {
                return wrong(&part.name, format!("{items} items as in `{}`", first.name), format!("{found} items"));
            }
            if parts[..place].iter().any(|other| other.name == part.name) {
                return wrong(&part.name, "a name of its own".to_owned(), "two parts of that name".to_owned());
            }
            if !is_folder_name(&part.name) {
                return wrong(&part.name, "a name of letters, digits, `-` and `_`".to_owned(), "others".to_owned());
            }
            check_weight(part, part.weight)?;
        }
        Ok(Self { parts })
    }

    /// The blend that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let weights = data.floats_of("weights", data.parts.len())?;
        let part = |((name, part), weight): (&(String, ModelData), &f32)| {
            Ok(Part { name: name.clone(), model: load(part)?, weight: *weight })
        };
        let parts = data.parts.iter().zip(weights).map(part).collect::<Result<Vec<Part>, Error>>()?;
        Self::new(parts)
    }

    /// The same parts with other weights, in order.
    ///
    /// # Panics
    /// If there is not one weight a part.
    pub fn set_weights(&mut self, weights: &[f32]) -> Result<(), Error> {
        assert_eq!(weights.len(), self.parts.len(), "one weight a part");
        for (part, weight) in self.parts.iter_mut().zip(weights) {
            check_weight(part, *weight)?;
            part.weight = *weight;
        }
        Ok(())
    }

    /// The parts in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// One part's scores for a history, normalised.
    ///
    /// # Panics
    /// If there is no such part, or not one score an item.
    pub fn part_scores(&self, part: usize, history: &[Interaction], scores: &mut [f32]) {
        self.parts[part].model.score(history, scores);
        standardize(scores);
    }

    /// The parts that decide for this history, with their places and weights.
    fn deciding(&self, history: &[Interaction]) -> Vec<(usize, f32)> {
        let is_stranger = !history.iter().any(|entry| (entry.item as usize) < self.item_count());
        let popularity = self.parts.iter().position(|part| part.model.algorithm() == popularity::NAME);
        match popularity {
            Some(place) if is_stranger => vec![(place, 1.0)],
            _ => self.parts.iter().map(|part| part.weight).enumerate().filter(|(_, weight)| *weight > 0.0).collect(),
        }
    }
}

/// Parts are kept in folders of their names.
fn is_folder_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
}

fn check_weight(part: &Part, weight: f32) -> Result<(), Error> {
    if weight.is_finite() && weight >= 0.0 {
        return Ok(());
    }
    let expected = "a weight of 0 or more".to_owned();
    Err(Error::WrongPart { part: part.name.clone(), expected, found: weight.to_string() })
}

impl Recommender for Hybrid {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.parts[0].model.item_count()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        scores.fill(0.0);
        let mut own = vec![0.0; scores.len()];
        for (part, weight) in self.deciding(history) {
            self.part_scores(part, history, &mut own);
            scores.iter_mut().zip(&own).for_each(|(sum, score)| *sum += weight * score);
        }
    }

    /// The parts' lists, each scaled so that its best item has 1, added up by weight. If no part with a
    /// weight has a list, those without are asked.
    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        let blend = |weight_of: &dyn Fn(&Part) -> f32| {
            let mut sums: BTreeMap<u32, f32> = BTreeMap::new();
            for part in self.parts.iter().filter(|part| weight_of(part) > 0.0) {
                // Twice as many, so that an item just below the end of two lists can still come up.
                let list = part.model.similar(item, k.saturating_mul(2));
                let highest = list.first().map_or(1.0, |scored| scored.score.max(f32::MIN_POSITIVE));
                for scored in list {
                    *sums.entry(scored.item).or_default() += weight_of(part) * scored.score / highest;
                }
            }
            best(sums.into_iter().map(|(item, score)| Scored { item, score }).collect(), k)
        };
        let list = blend(&|part| part.weight);
        if list.is_empty() { blend(&|_| 1.0) } else { list }
    }

    /// The explanation of the part that adds most to the item's score and has one.
    fn explain(&self, item: u32, history: &[Interaction]) -> Option<Explanation> {
        let mut own = vec![0.0; self.item_count()];
        let mut contributions: Vec<(usize, f32)> = Vec::new();
        for (part, weight) in self.deciding(history) {
            self.part_scores(part, history, &mut own);
            contributions.push((part, weight * own.get(item as usize)?));
        }
        contributions.sort_by(|a, b| b.1.total_cmp(&a.1));
        let found = contributions.into_iter().find_map(|(part, _)| self.parts[part].model.explain(item, history));
        found.map(|explanation| Explanation { exact: false, ..explanation })
    }

    fn save(&self) -> ModelData {
        let weights = self.parts.iter().map(|part| part.weight).collect();
        let tensors = BTreeMap::from([("weights".to_owned(), Tensor::vector(weights))]);
        let parts = self.parts.iter().map(|part| (part.name.clone(), part.model.save())).collect();
        ModelData { parts, ..ModelData::new(NAME, &serde_json::json!({}), self.item_count(), tensors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;
    use crate::{Algorithm, Fit, Interactions};

    fn entry(item: u32) -> Interaction {
        Interaction { item, weight: 5.0, time: 0 }
    }

    fn train() -> Interactions {
        let cells = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (4, 2)];
        Interactions::from_pairs(5, 4, &cells.map(|(user, item)| (user, entry(item))))
    }

    fn part(name: &str, weight: f32) -> Part {
        let algorithm: Algorithm = serde_json::from_value(serde_json::json!({ "algorithm": name })).unwrap();
        Part { name: name.to_owned(), model: algorithm.fit(&train()).unwrap(), weight }
    }

    fn blend(popularity: f32, neighbors: f32) -> Hybrid {
        let parts = vec![part("popularity", popularity), part("item-knn", neighbors)];
        Hybrid::new(parts).unwrap()
    }

    fn scores(model: &Hybrid, history: &[Interaction]) -> Vec<f32> {
        let mut scores = vec![9.0; 4];
        model.score(history, &mut scores);
        scores
    }

    #[test]
    fn golden_standard_scores() {
        // Mean 2, variance (4 + 0 + 0 + 4) / 4 = 2.
        let mut scores = [0.0, 2.0, 2.0, 4.0];
        standardize(&mut scores);
        assert_eq!(scores.to_vec(), [-(2.0_f32.sqrt()), 0.0, 0.0, 2.0_f32.sqrt()]);
        let mut equal = [3.0; 4];
        standardize(&mut equal);
        assert_eq!(equal.to_vec(), [0.0; 4]);
    }

    #[test]
    fn scores_are_the_weighted_sum_of_normalized_parts() {
        let (model, history) = (blend(0.25, 0.75), [entry(0)]);
        let (mut popularity, mut neighbors) = (vec![0.0; 4], vec![0.0; 4]);
        model.part_scores(0, &history, &mut popularity);
        model.part_scores(1, &history, &mut neighbors);
        for (item, score) in scores(&model, &history).into_iter().enumerate() {
            assert!((score - (0.25 * popularity[item] + 0.75 * neighbors[item])).abs() < 1e-6);
        }
    }

    #[test]
    fn strangers_get_the_popular_items_whatever_the_weights() {
        let model = blend(0.0, 1.0);
        // Counts 2, 2, 3, 1.
        let list = |history: &[Interaction]| crate::top_k(&scores(&model, history), 1, |_| false)[0].item;
        assert_eq!(list(&[]), 2);
        assert_eq!(list(&[entry(77)]), 2);
        assert_eq!(model.reason(2, &[]), Some(Reason::Popular));
    }

    #[test]
    fn the_reason_is_that_of_the_part_that_adds_most() {
        let history = [entry(0)];
        assert_eq!(blend(0.1, 1.0).reason(1, &history), Some(Reason::BecauseOf { item: 0, share: 1.0 }));
        assert_eq!(blend(1.0, 0.1).reason(2, &history), Some(Reason::Popular));
        assert_eq!(blend(1.0, 0.1).reason(9, &history), None);
    }

    #[test]
    fn similar_items_come_from_parts_that_know_some() {
        for model in [blend(0.5, 0.5), blend(1.0, 0.0)] {
            assert_eq!(model.similar(0, 3).iter().map(|scored| scored.item).collect::<Vec<_>>(), [1]);
        }
    }

    #[test]
    fn parts_that_do_not_fit_are_errors_that_name_them() {
        let message = |parts| Hybrid::new(parts).err().unwrap().to_string();
        let small = Interactions::from_pairs(1, 1, &[(0, entry(0))]);
        let model = Algorithm::Popularity(popularity::Parameters {}).fit(&small).unwrap();
        let other = Part { name: "small".to_owned(), model, weight: 1.0 };
        let expected = "combine recommenders: part `small`: expected 4 items as in `popularity`, found 1 items";
        assert_eq!(message(vec![part("popularity", 1.0), other]), expected);
        assert!(message(vec![]).contains("at least one part"));
        assert!(message(vec![part("popularity", 1.0), part("popularity", 1.0)]).contains("a name of its own"));
        let strange = Part { name: "../x".to_owned(), ..part("popularity", 1.0) };
        assert!(message(vec![strange]).contains("letters, digits"));
        assert!(message(vec![part("popularity", f32::NAN)]).contains("found NaN"));
    }
}
