//! Several recommenders in one: a weighted blend of their scores.
//!
//! Formula: `score(i) = sum over parts of share(segment, part) / scale(part) * score(part, i)`. The scale of
//! a part is the mean of its best scores over many users, one number for all, so a part that is sure of
//! this user counts more than one that is not. The segment is that of the history's length: users of whom
//! little is known can need other parts than those of whom much is known. A stranger, whose history holds
//! no known item, gets the popularity part alone if there is one: the others have nothing to go by.
//! Scales and shares are learned elsewhere ([`crate::blending`], stage `train-hybrid`).
//!
//! Complexity: scoring costs the sum of the parts. Paper: Burke, "Hybrid recommender systems: survey and
//! experiments", 2002 (there the "weighted" kind).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{load, parameters_of, popularity};
use crate::{
    Error, Evidence, Explainer, Explanation, Interaction, ModelData, Recommender, Scored, Tensor, top_k::best,
};

/// Name of the algorithm.
pub const NAME: &str = "hybrid";

/// A recommender inside a blend.
pub struct Part {
    /// What it is called there, such as the stage that trained it.
    pub name: String,
    /// The fitted recommender.
    pub model: Box<dyn Recommender>,
    /// What its scores are divided by, above 0.
    pub scale: f32,
}

/// How much each part counts for which users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blend {
    /// Number of known items in the history from which on the next segment counts, rising; empty for one
    /// segment of all users.
    pub boundaries: Vec<u32>,
    /// One row a segment: one share a part, 0 or more.
    pub shares: Vec<Vec<f32>>,
}

impl Blend {
    /// The same shares for every user.
    pub fn of_all(shares: Vec<f32>) -> Self {
        Self { boundaries: Vec::new(), shares: vec![shares] }
    }

    /// The segment of a user of whose history so many items are known.
    pub fn segment(&self, known: u32) -> usize {
        self.boundaries.partition_point(|boundary| *boundary <= known)
    }

    /// The largest share that a part has in any segment.
    fn largest(&self, part: usize) -> f32 {
        self.shares.iter().map(|shares| shares[part]).fold(0.0, f32::max)
    }
}

/// A weighted blend.
///
/// ```
/// use recommender::{Algorithm, Fit, Interaction, Interactions, Recommender, algorithms::hybrid::*};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// let train = Interactions::from_pairs(2, 3, &[pair(0, 0), pair(0, 1), pair(1, 1)]);
/// let part = |name: &str, algorithm: Algorithm, scale| {
///     Ok::<_, recommender::Error>(Part { name: name.to_owned(), model: algorithm.fit(&train)?, scale })
/// };
/// let parts = vec![
///     part("popularity", Algorithm::Popularity(Default::default()), 1.5)?,
///     part("item-knn", Algorithm::ItemKnn(Default::default()), 0.5)?,
/// ];
/// let model = Hybrid::new(parts, Blend::of_all(vec![0.1, 0.9]))?;
/// let mut scores = vec![0.0; 3];
/// model.score(train.history(1), &mut scores);
/// assert!(scores[0] > scores[2]);
/// # Ok::<(), recommender::Error>(())
/// ```
pub struct Hybrid {
    parts: Vec<Part>,
    blend: Blend,
}

impl Hybrid {
    /// Puts parts together, which must score the same items, have different names (letters, digits, `-`
    /// and `_`) and scales above 0. Parts without a share in any segment are dropped, but for the first
    /// popularity part, which serves strangers.
    pub fn new(parts: Vec<Part>, mut blend: Blend) -> Result<Self, Error> {
        check_parts(&parts)?;
        check_blend(&parts, &blend)?;
        let popularity = parts.iter().position(|part| part.model.algorithm() == popularity::NAME);
        let is_kept: Vec<bool> =
            (0..parts.len()).map(|part| blend.largest(part) > 0.0 || popularity == Some(part)).collect();
        if !is_kept.contains(&true) {
            return wrong("all", "a share above 0 for at least one part", "none");
        }
        let kept = |part: &usize| is_kept[*part];
        for shares in &mut blend.shares {
            *shares = (0..shares.len()).filter(kept).map(|part| shares[part]).collect();
        }
        let parts = parts.into_iter().zip(&is_kept).filter(|(_, is_kept)| **is_kept).map(|(part, _)| part).collect();
        Ok(Self { parts, blend })
    }

    /// The blend that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let scales = data.floats_of("scales", data.parts.len())?;
        let part = |((name, part), scale): (&(String, ModelData), &f32)| {
            Ok(Part { name: name.clone(), model: load(part)?, scale: *scale })
        };
        let parts = data.parts.iter().zip(scales).map(part).collect::<Result<Vec<Part>, Error>>()?;
        Self::new(parts, parameters_of(data)?)
    }

    /// The parts in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Shares of the [`Self::parts`] by segment.
    pub fn blend(&self) -> &Blend {
        &self.blend
    }

    /// The items of a history that the parts know.
    fn known(&self, history: &[Interaction]) -> BTreeSet<u32> {
        let items = self.item_count();
        history.iter().map(|entry| entry.item).filter(|item| (*item as usize) < items).collect()
    }

    /// The parts that decide for this history, with what their scores are multiplied by.
    fn deciding(&self, history: &[Interaction]) -> Vec<(&Part, f32)> {
        let known = self.known(history);
        let popularity = self.parts.iter().find(|part| part.model.algorithm() == popularity::NAME);
        match popularity {
            Some(part) if known.is_empty() => vec![(part, 1.0 / part.scale)],
            _ => {
                let shares = &self.blend.shares[self.blend.segment(known.len() as u32)];
                let parts = self.parts.iter().zip(shares).filter(|(_, share)| **share > 0.0);
                parts.map(|(part, share)| (part, share / part.scale)).collect()
            }
        }
    }
}

fn wrong<T>(part: &str, expected: &str, found: &str) -> Result<T, Error> {
    Err(Error::WrongPart { part: part.to_owned(), expected: expected.to_owned(), found: found.to_owned() })
}

/// Checks that parts can be put together: at least one, all of the same items, with different names of
/// letters, digits, `-` and `_`, and scales above 0.
pub fn check_parts(parts: &[Part]) -> Result<(), Error> {
    let Some(first) = parts.first() else { return wrong("none", "at least one part", "no part") };
    let items = first.model.item_count();
    for (place, part) in parts.iter().enumerate() {
        let found = part.model.item_count();
        if found != items {
            return wrong(&part.name, &format!("{items} items as in `{}`", first.name), &format!("{found} items"));
        }
        if parts[..place].iter().any(|other| other.name == part.name) {
            return wrong(&part.name, "a name of its own", "two parts of that name");
        }
        if !is_folder_name(&part.name) {
            return wrong(&part.name, "a name of letters, digits, `-` and `_`", "others");
        }
        if !(part.scale.is_finite() && part.scale > 0.0) {
            return wrong(&part.name, "a scale above 0", &part.scale.to_string());
        }
    }
    Ok(())
}

fn check_blend(parts: &[Part], blend: &Blend) -> Result<(), Error> {
    if blend.shares.len() != blend.boundaries.len() + 1 || !blend.boundaries.is_sorted() {
        let found = format!("{} rows, boundaries {:?}", blend.shares.len(), blend.boundaries);
        return wrong("all", "rising boundaries and one row of shares more than there are of them", &found);
    }
    for shares in &blend.shares {
        if shares.len() != parts.len() {
            return wrong("all", &format!("{} shares", parts.len()), &shares.len().to_string());
        }
        let is_wrong = |share: &f32| !share.is_finite() || *share < 0.0;
        if let Some(place) = shares.iter().position(is_wrong) {
            return wrong(&parts[place].name, "a share of 0 or more", &shares[place].to_string());
        }
    }
    Ok(())
}

/// Parts are kept in folders of their names.
fn is_folder_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
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
            part.model.score(history, &mut own);
            scores.iter_mut().zip(&own).for_each(|(sum, score)| *sum += weight * score);
        }
    }

    /// Each part scores those histories together that it has a share in.
    fn score_many(&self, histories: &[&[Interaction]], scores: &mut [f32]) {
        let items = self.item_count();
        assert_eq!(scores.len(), histories.len() * items, "one row of scores a history");
        scores.fill(0.0);
        let deciding: Vec<Vec<(&Part, f32)>> = histories.iter().map(|history| self.deciding(history)).collect();
        let (mut rows, mut own) = (Vec::new(), Vec::new());
        for part in &self.parts {
            let weight = |row: usize| deciding[row].iter().find(|(other, _)| std::ptr::eq(*other, part));
            rows.clear();
            rows.extend((0..histories.len()).filter_map(|row| Some((row, weight(row)?.1))));
            let asked: Vec<&[Interaction]> = rows.iter().map(|(row, _)| histories[*row]).collect();
            own.resize(asked.len() * items, 0.0);
            part.model.score_many(&asked, &mut own);
            for ((row, weight), own) in rows.iter().zip(own.chunks_exact(items.max(1))) {
                let sums = &mut scores[row * items..(row + 1) * items];
                sums.iter_mut().zip(own).for_each(|(sum, score)| *sum += weight * score);
            }
        }
    }

    /// The parts' lists, each scaled so that its best item has 1, added up by the mean share. If no part
    /// with a share has a list, those without are asked.
    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        let share = |part: usize| self.blend.shares.iter().map(|shares| shares[part]).sum::<f32>();
        let blend = |share: &dyn Fn(usize) -> f32| {
            let mut sums: BTreeMap<u32, f32> = BTreeMap::new();
            for (part, share) in self.parts.iter().zip((0..).map(share)).filter(|(_, share)| *share > 0.0) {
                // Twice as many, so that an item just below the end of two lists can still come up.
                let list = part.model.similar(item, k.saturating_mul(2));
                let highest = list.first().map_or(1.0, |scored| scored.score.max(f32::MIN_POSITIVE));
                for scored in list {
                    *sums.entry(scored.item).or_default() += share * scored.score / highest;
                }
            }
            best(sums.into_iter().map(|(item, score)| Scored { item, score }).collect(), k)
        };
        let list = blend(&share);
        if list.is_empty() { blend(&|_| 1.0) } else { list }
    }

    /// The parts' explanations added up by weight. A part that cannot take its score apart exactly has its
    /// score dealt out by its positive evidence, and to the base without any.
    fn explainer<'a>(&'a self, history: &'a [Interaction]) -> Explainer<'a> {
        let deciding = self.deciding(history).into_iter();
        let items: Vec<u32> = self.known(history).into_iter().collect();
        // A part that cannot tell exactly is asked for its scores, once.
        let mut parts: Vec<_> =
            deciding.map(|(part, weight)| (part, weight, part.model.explainer(history), None::<Vec<f32>>)).collect();
        Box::new(move |item| {
            if item as usize >= self.item_count() {
                return None;
            }
            let (mut base, mut sums, mut is_exact) = (0.0, vec![0.0; items.len()], true);
            for (part, weight, explainer, scores) in &mut parts {
                let evidence = match explainer(item) {
                    Some(evidence) if evidence.exact => evidence,
                    other => {
                        is_exact = false;
                        let scores = scores.get_or_insert_with(|| {
                            let mut scores = vec![0.0; self.item_count()];
                            part.model.score(history, &mut scores);
                            scores
                        });
                        dealt_out(scores[item as usize], other.map(Evidence::summed_up).as_ref())
                    }
                };
                base += *weight * evidence.base;
                for (item, value) in evidence.parts {
                    // Only items of the history speak for anything.
                    if let Ok(place) = items.binary_search(&item) {
                        sums[place] += *weight * value;
                    }
                }
            }
            Some(Evidence::new(base, items.iter().copied().zip(sums), is_exact))
        })
    }

    fn save(&self) -> ModelData {
        let scales = self.parts.iter().map(|part| part.scale).collect();
        let tensors = BTreeMap::from([("scales".to_owned(), Tensor::vector(scales))]);
        let parts = self.parts.iter().map(|part| (part.name.clone(), part.model.save())).collect();
        ModelData { parts, ..ModelData::new(NAME, &self.blend, self.item_count(), tensors) }
    }
}

/// A score in the proportions of what speaks for it.
fn dealt_out(score: f32, evidence: Option<&Explanation>) -> Evidence {
    let positive = || evidence.iter().flat_map(|evidence| &evidence.contributions).filter(|one| one.value > 0.0);
    let total: f32 = positive().map(|one| one.value).sum();
    if total > 0.0 && score > 0.0 {
        Evidence::new(0.0, positive().map(|one| (one.item, score * (one.value / total))), false)
    } else {
        Evidence::new(score, [], false)
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

    fn part(name: &str, scale: f32) -> Part {
        let algorithm: Algorithm = serde_json::from_value(serde_json::json!({ "algorithm": name })).unwrap();
        Part { name: name.to_owned(), model: algorithm.fit(&train()).unwrap(), scale }
    }

    fn parts() -> Vec<Part> {
        vec![part("popularity", 2.0), part("item-knn", 0.5)]
    }

    fn blend(popularity: f32, neighbors: f32) -> Hybrid {
        Hybrid::new(parts(), Blend::of_all(vec![popularity, neighbors])).unwrap()
    }

    fn scores(model: &dyn Recommender, history: &[Interaction]) -> Vec<f32> {
        let mut scores = vec![9.0; 4];
        model.score(history, &mut scores);
        scores
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} {expected:?}");
    }

    #[test]
    fn golden_sum_of_raw_scores() {
        // Counts 2, 2, 3, 1; cosine of items 0 and 1 is 1.
        let neighbors = scores(part("item-knn", 1.0).model.as_ref(), &[entry(0)]);
        assert!(neighbors[1] > 0.0 && neighbors[2] == 0.0);
        let expected: Vec<f32> = [2.0, 2.0, 3.0, 1.0]
            .iter()
            .zip(&neighbors)
            .map(|(count, score)| 0.25 * count / 2.0 + 0.75 * score / 0.5)
            .collect();
        assert_close(&scores(&blend(0.25, 0.75), &[entry(0)]), &expected);
    }

    #[test]
    fn the_segment_is_that_of_the_known_items() {
        let rows = vec![vec![1.0, 0.0], vec![0.0, 1.0]];
        let model = Hybrid::new(parts(), Blend { boundaries: vec![2], shares: rows }).unwrap();
        assert_close(&scores(&model, &[entry(0), entry(9), entry(0)]), &[1.0, 1.0, 1.5, 0.5]);
        assert!(scores(&model, &[entry(0), entry(2)])[3] > 0.0);
        assert_eq!([0, 1, 2, 3].map(|known| model.blend().segment(known)), [0, 0, 1, 1]);
    }

    #[test]
    fn strangers_get_the_popular_items_whatever_the_shares() {
        let model = blend(0.0, 1.0);
        let list = |history: &[Interaction]| crate::top_k(&scores(&model, history), 1, |_| false)[0].item;
        assert_eq!(list(&[]), 2);
        assert_eq!(list(&[entry(77)]), 2);
        assert_eq!(model.reason(2, &[]), Some(Reason::Popular));
    }

    #[test]
    fn parts_without_a_share_are_dropped_but_for_popularity() {
        assert_eq!(blend(1.0, 0.0).parts().len(), 1);
        assert_eq!(blend(0.0, 1.0).parts().len(), 2);
        let one_segment = Blend { boundaries: vec![3], shares: vec![vec![1.0, 0.0], vec![1.0, 0.1]] };
        assert_eq!(Hybrid::new(parts(), one_segment).unwrap().parts().len(), 2);
    }

    #[test]
    fn explanations_are_added_up_by_weight() {
        let history = [entry(0)];
        let model = blend(0.1, 1.0);
        let explanation = model.explain(1, &history).unwrap();
        assert!(explanation.exact);
        assert!((explanation.base - 0.1 * 2.0 / 2.0).abs() < 1e-6, "popularity 2 of scale 2: {explanation:?}");
        assert_close(&[explanation.sum()], &scores(&model, &history)[1..2]);
        assert_eq!(model.reason(1, &history), Some(Reason::BecauseOf { item: 0, share: 1.0 }));
        assert_eq!((model.reason(2, &history), model.explain(9, &history)), (Some(Reason::Popular), None));
    }

    #[test]
    fn a_score_without_exact_parts_is_dealt_out_by_what_speaks_for_it() {
        let evidence = Evidence::new(7.0, [(1, 3.0), (2, 1.0), (3, -5.0)], false).summed_up();
        let values: Vec<f32> = dealt_out(2.0, Some(&evidence)).parts.iter().map(|one| one.1).collect();
        assert_eq!(values, [1.5, 0.5]);
        for explanation in [dealt_out(-2.0, Some(&evidence)), dealt_out(-2.0, None)] {
            assert_eq!((explanation.base.to_bits(), explanation.parts.len()), ((-2.0_f32).to_bits(), 0));
        }
    }

    #[test]
    fn similar_items_come_from_parts_that_know_some() {
        for model in [blend(0.5, 0.5), blend(0.0, 1.0)] {
            assert_eq!(model.similar(0, 3).iter().map(|scored| scored.item).collect::<Vec<_>>(), [1]);
        }
    }

    #[test]
    fn parts_that_do_not_fit_are_errors_that_name_them() {
        let message = |parts: Vec<Part>| {
            let shares = vec![1.0; parts.len()];
            Hybrid::new(parts, Blend::of_all(shares)).err().unwrap().to_string()
        };
        let small = Interactions::from_pairs(1, 1, &[(0, entry(0))]);
        let model = Algorithm::Popularity(popularity::Parameters::default()).fit(&small).unwrap();
        let other = Part { name: "small".to_owned(), model, scale: 1.0 };
        let expected = "combine recommenders: part `small`: expected 4 items as in `popularity`, found 1 items";
        assert_eq!(message(vec![part("popularity", 1.0), other]), expected);
        assert!(message(vec![]).contains("at least one part"));
        assert!(message(vec![part("popularity", 1.0), part("popularity", 1.0)]).contains("a name of its own"));
        let strange = Part { name: "../x".to_owned(), ..part("popularity", 1.0) };
        assert!(message(vec![strange]).contains("letters, digits"));
        assert!(message(vec![part("popularity", 0.0)]).contains("a scale above 0, found 0"));
    }

    #[test]
    fn shares_that_do_not_fit_are_errors() {
        let message = |blend| Hybrid::new(parts(), blend).err().unwrap().to_string();
        assert!(message(Blend::of_all(vec![1.0])).contains("expected 2 shares, found 1"));
        let found = message(Blend::of_all(vec![1.0, f32::NAN]));
        assert!(found.contains("part `item-knn`: expected a share of 0 or more, found NaN"), "{found}");
        let falling = Blend { boundaries: vec![5, 3], shares: vec![vec![1.0, 1.0]; 3] };
        assert!(message(falling).contains("rising boundaries"));
        let none = Hybrid::new(vec![part("item-knn", 1.0)], Blend::of_all(vec![0.0])).err().unwrap().to_string();
        assert!(none.contains("a share above 0 for at least one part"), "{none}");
    }
}
