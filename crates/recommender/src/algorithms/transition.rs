//! What came after what: order-aware item-item scores, the strongest cheap model on sequences.
//!
//! Formulas. A pair of items at most `window` places apart in a user's history, `j` after `i`, weighs
//! `p = gap^-gap_exponent`; `C(i, j) = sum of p over pairs with i first + backward * sum of p over
//! pairs with j first`. With `c(i)` the count of item `i`, `late(i) = sum over its occurrences of
//! exp(-age / trend_decay)` and `m` the mean of `late / c`, an item's trend is
//! `t(i) = (late(i) + trend_smoothing * m) / (c(i) + trend_smoothing)`, and
//! `W(i, j) = C(i, j)^sharpness * c(i)^-source_exponent * c(j)^-target_exponent * t(j)^trend_exponent`.
//! `score(j) = popularity * late(j) / max late + sum over the history of exp(-age / history_decay) *
//! W(i, j)`; `age` counts the later entries of the same history.
//!
//! Complexity: fitting `O(interactions * window)`, parallel over items; memory 8 bytes a kept pair;
//! scoring `O(items + history * neighbors)`.
//!
//! Papers: a first-order Markov chain as in Rendle, Freudenthaler and Schmidt-Thieme, "Factorizing
//! personalized Markov chains", WWW 2010, here over gaps as in Garg et al., "Sequence and time aware
//! neighborhood for session-based recommendations", SIGIR 2019; popularity exponents as in Paudel et
//! al. 2017. The trend term is this project's own: late occurrences mark what is chosen now.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fit, parameters_of, require};
use crate::{
    Error, Evidence, Explainer, Interaction, Interactions, ModelData, Recommender, Scored, Tensor,
    cooccurrence::{Accumulator, best_of_rows},
    recency::by_recency,
    sparse::SparseRows,
};

/// Name of the algorithm.
pub const NAME: &str = "transition";

/// What `transition` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Largest distance of a pair, in places of the history, 1 to 1000.
    pub window: u32,
    /// How fast a pair loses weight with its distance, 0 to 4.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.5}))]
    pub gap_exponent: f32,
    /// What a pair counts in the direction against time, 0 to 1; 1 ignores the order of pairs.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub backward: f32,
    /// Exponent of the summed pairs, 0.1 to 4: below 1, a few strong pairs weigh less against many weak.
    #[schemars(extend("tune" = {"low": 0.5, "high": 1.5}))]
    pub sharpness: f32,
    /// How much an item of the history loses by being popular, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.0, "high": 0.6}))]
    pub source_exponent: f32,
    /// How much a recommended item loses by being popular, 0 to 1.
    #[schemars(extend("tune" = {"low": 0.0, "high": 0.6}))]
    pub target_exponent: f32,
    /// How much a recommended item gains by being chosen late in histories, 0 to 4; 0: nothing.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.5}))]
    pub trend_exponent: f32,
    /// Age at which an occurrence counts 1/e as a late one, above 0, at most 1000 places.
    #[schemars(extend("tune" = {"values": [1.0, 2.0, 3.0, 5.0, 8.0]}))]
    pub trend_decay: f32,
    /// Occurrences of mean lateness that each item gets beforehand, above 0, at most 1000.
    #[schemars(extend("tune" = {"low": 0.5, "high": 20.0, "scale": "log"}))]
    pub trend_smoothing: f32,
    /// Age at which an entry of the history counts 1/e, as a number of later entries, 0 to 10000;
    /// 0: all count alike.
    #[schemars(extend("tune" = {"values": [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 8.0, 16.0, 50.0]}))]
    pub history_decay: f32,
    /// What the item of the most late occurrences gets whatever the history is, 0 to 1000.
    #[schemars(extend("tune" = {"values": [0.001, 0.01, 0.03, 0.05, 0.1, 0.2]}))]
    pub popularity: f32,
    /// Items kept for each item of a history, 0 to 100000; 0: all.
    pub neighbors: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            window: 20,
            gap_exponent: 0.6,
            backward: 0.3,
            sharpness: 0.8,
            source_exponent: 0.2,
            target_exponent: 0.05,
            trend_exponent: 0.6,
            trend_decay: 3.0,
            trend_smoothing: 6.0,
            history_decay: 2.5,
            popularity: 0.05,
            neighbors: 2000,
        }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        require(NAME, "window", self.window, (1..=1000).contains(&self.window), "a whole number from 1 to 1000")?;
        for (name, value, highest, expected) in [
            ("gap_exponent", self.gap_exponent, 4.0, "a number from 0 to 4"),
            ("backward", self.backward, 1.0, "a number from 0 to 1"),
            ("source_exponent", self.source_exponent, 1.0, "a number from 0 to 1"),
            ("target_exponent", self.target_exponent, 1.0, "a number from 0 to 1"),
            ("trend_exponent", self.trend_exponent, 4.0, "a number from 0 to 4"),
            ("history_decay", self.history_decay, 10_000.0, "a number from 0 to 10000"),
            ("popularity", self.popularity, 1000.0, "a number from 0 to 1000"),
        ] {
            require(NAME, name, value, (0.0..=highest).contains(&value), expected)?;
        }
        require(NAME, "sharpness", self.sharpness, (0.1..=4.0).contains(&self.sharpness), "a number from 0.1 to 4")?;
        for (name, value) in [("trend_decay", self.trend_decay), ("trend_smoothing", self.trend_smoothing)] {
            require(NAME, name, value, value > 0.0 && value <= 1000.0, "a number above 0, at most 1000")?;
        }
        let neighbors = self.neighbors <= 100_000;
        require(NAME, "neighbors", self.neighbors, neighbors, "a whole number from 0 to 100000")
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(Transition::fit(self, train)?))
    }
}

/// Fitted transitions.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::transition};
///
/// let entry = |item, time| Interaction { item, weight: 5.0, time };
/// // Two users take item 1 after item 0.
/// let pairs = [(0, entry(0, 1)), (0, entry(1, 2)), (1, entry(0, 1)), (1, entry(1, 2)), (2, entry(2, 1))];
/// let train = Interactions::from_pairs(3, 3, &pairs);
/// let model = transition::Transition::fit(&Default::default(), &train)?;
/// let mut scores = vec![0.0; 3];
/// model.score(&[entry(0, 9)], &mut scores);
/// assert!(scores[1] > scores[2]);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    parameters: Parameters,
    /// Row: an item of a history; columns: the items that it speaks for.
    transitions: SparseRows,
    /// What each item gets whatever the history is.
    base: Vec<f32>,
}

impl Transition {
    /// Counts all pairs within the window.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let items = train.item_count();
        let counts = train.item_counts();
        let late = late_counts(train, parameters.trend_decay);
        let of_source: Vec<f32> =
            counts.iter().map(|count| power(*count as f32, -parameters.source_exponent)).collect();
        let of_target = target_factors(parameters, &counts, &late);
        let places = Occurrences::of(train);
        let weights: Vec<f32> =
            (0..=parameters.window).map(|gap| (gap.max(1) as f32).powf(-parameters.gap_exponent)).collect();
        let score = |row: u32, column: u32, sum: f32| {
            let is_other = f32::from(u8::from(row != column));
            is_other * power(sum, parameters.sharpness) * of_source[row as usize] * of_target[column as usize]
        };
        let fill = |row: u32, sums: &mut Accumulator<f32>| places.add_pairs(row, &weights, parameters.backward, sums);
        let transitions = best_of_rows((items, items), parameters.neighbors, fill, score);
        let highest = late.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        let base = late.iter().map(|late| parameters.popularity * late / highest).collect();
        Ok(Self { parameters: parameters.clone(), transitions, base })
    }

    /// The transitions that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let transitions = SparseRows::load(data, "transitions", data.items, data.items)?;
        let base = data.floats_of("base", data.items)?.to_vec();
        Ok(Self { parameters: parameters_of(data)?, transitions, base })
    }

    fn recent<'a>(&'a self, history: &'a [Interaction]) -> impl Iterator<Item = (u32, f32)> + 'a {
        by_recency(history, self.item_count(), self.parameters.history_decay)
            .map(|(entry, weight)| (entry.item, weight))
    }
}

/// `value^exponent`, 0 for 0.
fn power(value: f32, exponent: f32) -> f32 {
    if value > 0.0 { value.powf(exponent) } else { 0.0 }
}

/// Occurrences of each item, each counted `exp(-age / decay)`.
fn late_counts(train: &Interactions, decay: f32) -> Vec<f32> {
    let mut late = vec![0.0; train.item_count()];
    for history in train.histories() {
        for (age, entry) in history.iter().rev().enumerate() {
            late[entry.item as usize] += (-(age as f32) / decay).exp();
        }
    }
    late
}

/// What an item gains or loses as a target.
fn target_factors(parameters: &Parameters, counts: &[u32], late: &[f32]) -> Vec<f32> {
    let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    let mean = (late.iter().map(|late| f64::from(*late)).sum::<f64>() / total.max(1.0)) as f32;
    let smoothing = parameters.trend_smoothing;
    let factor = |(count, late): (&u32, &f32)| {
        let count = *count as f32;
        let trend = (late + smoothing * mean) / (count + smoothing);
        power(count, -parameters.target_exponent) * power(trend, parameters.trend_exponent)
    };
    counts.iter().zip(late).map(factor).collect()
}

/// All histories in one row, and where in it each item stands.
struct Occurrences {
    /// The items, history after history.
    items: Vec<u32>,
    /// Start and end of the history that each place belongs to.
    bounds: Vec<(u32, u32)>,
    /// Occurrences of item `i`: `places[offsets[i]..offsets[i + 1]]`, ascending.
    offsets: Vec<usize>,
    places: Vec<u32>,
}

impl Occurrences {
    fn of(train: &Interactions) -> Self {
        let mut offsets = vec![0; train.item_count() + 1];
        for (item, count) in train.item_counts().into_iter().enumerate() {
            offsets[item + 1] = offsets[item] + count as usize;
        }
        let (mut items, mut bounds) = (Vec::with_capacity(train.len()), Vec::with_capacity(train.len()));
        for history in train.histories() {
            let start = items.len() as u32;
            items.extend(history.iter().map(|entry| entry.item));
            bounds.resize(items.len(), (start, items.len() as u32));
        }
        let mut next = offsets.clone();
        let mut places = vec![0; items.len()];
        for (place, item) in (0..).zip(&items) {
            let slot = &mut next[*item as usize];
            places[*slot] = place;
            *slot += 1;
        }
        Self { items, bounds, offsets, places }
    }

    /// Adds all pairs of one item; `weights[gap]` is the weight of a pair.
    fn add_pairs(&self, item: u32, weights: &[f32], backward: f32, sums: &mut Accumulator<f32>) {
        let window = weights.len() - 1;
        let range = self.offsets[item as usize]..self.offsets[item as usize + 1];
        for place in self.places[range].iter().map(|place| *place as usize) {
            let (start, end) = (self.bounds[place].0 as usize, self.bounds[place].1 as usize);
            let later = &self.items[place + 1..end.min(place + 1 + window)];
            later.iter().zip(&weights[1..]).for_each(|(other, weight)| sums.add(*other, *weight));
            if backward > 0.0 {
                let earlier = &self.items[start.max(place.saturating_sub(window))..place];
                let weighted = earlier.iter().rev().zip(&weights[1..]);
                weighted.for_each(|(other, weight)| sums.add(*other, backward * weight));
            }
        }
    }
}

impl Recommender for Transition {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.base.len()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        scores.copy_from_slice(&self.base);
        for (item, weight) in self.recent(history) {
            for (other, value) in self.transitions.row(item) {
                scores[other as usize] += weight * value;
            }
        }
    }

    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        self.transitions.best_of_row(item, k)
    }

    fn explainer<'a>(&'a self, history: &'a [Interaction]) -> Explainer<'a> {
        let recent: Vec<(u32, f32)> = self.recent(history).collect();
        Box::new(move |item| {
            let base = *self.base.get(item as usize)?;
            let contribution =
                |(other, weight): &(u32, f32)| Some((*other, weight * self.transitions.value(*other, item)?));
            Some(Evidence::new(base, recent.iter().filter_map(contribution), true))
        })
    }

    fn save(&self) -> ModelData {
        let mut tensors = BTreeMap::from([("base".to_owned(), Tensor::vector(self.base.clone()))]);
        self.transitions.save("transitions", &mut tensors);
        ModelData::new(NAME, &self.parameters, self.item_count(), tensors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// User 0: items 0, 1, 2; user 1: items 0, 2; user 2: item 1.
    fn train() -> Interactions {
        let cells = [(0, 0, 1), (0, 1, 2), (0, 2, 3), (1, 0, 1), (1, 2, 2), (2, 1, 1)];
        let pairs = cells.map(|(user, item, time)| (user, Interaction { item, weight: 4.0, time }));
        Interactions::from_pairs(3, 3, &pairs)
    }

    fn plain() -> Parameters {
        Parameters {
            window: 5,
            gap_exponent: 1.0,
            backward: 0.0,
            sharpness: 1.0,
            source_exponent: 0.0,
            target_exponent: 0.0,
            trend_exponent: 0.0,
            popularity: 0.0,
            ..Parameters::default()
        }
    }

    fn row(parameters: &Parameters, item: u32) -> Vec<(u32, f32)> {
        let model = Transition::fit(parameters, &train()).unwrap();
        model.similar(item, 9).into_iter().map(|scored| (scored.item, scored.score)).collect()
    }

    fn assert_close(found: f32, expected: f64) {
        assert!((f64::from(found) - expected).abs() < 1e-5, "found {found}, expected {expected}");
    }

    #[test]
    fn golden_pairs_by_gap_and_direction() {
        // 0 before 2: gap 2 for user 0 and gap 1 for user 1, 1/2 + 1; 0 before 1: gap 1.
        assert_eq!(row(&plain(), 0), [(2, 1.5), (1, 1.0)]);
        assert_eq!(row(&plain(), 2), []);
        let both = Parameters { backward: 0.5, ..plain() };
        assert_eq!(row(&both, 2), [(0, 0.75), (1, 0.5)]);
        let near = Parameters { window: 1, ..plain() };
        assert_eq!(row(&near, 0), [(1, 1.0), (2, 1.0)]);
    }

    #[test]
    fn golden_exponents() {
        // Counts: 2 each. C(0, 2) = 1.5.
        let parameters = Parameters { sharpness: 0.5, source_exponent: 0.3, target_exponent: 0.2, ..plain() };
        assert_close(row(&parameters, 0)[0].1, 1.5_f64.sqrt() * 2.0_f64.powf(-0.5));
    }

    #[test]
    fn golden_trend() {
        let parameters = Parameters { trend_exponent: 1.0, trend_decay: 1.0, trend_smoothing: 2.0, ..plain() };
        // late: item 0 e^-2 + e^-1, item 1 e^-1 + 1, item 2 1 + 1; mean over six occurrences.
        let (one, two) = ((-1.0_f64).exp(), (-2.0_f64).exp());
        let mean = (one + two + one + 1.0 + 2.0) / 6.0;
        let expected = 1.5 * (2.0 + 2.0 * mean) / (2.0 + 2.0);
        assert_close(row(&parameters, 0)[0].1, expected);
    }

    #[test]
    fn recent_items_count_more_and_a_stranger_gets_what_is_chosen_late() {
        let parameters = Parameters { history_decay: 1.0, popularity: 0.1, trend_decay: 1.0, ..plain() };
        let model = Transition::fit(&parameters, &train()).unwrap();
        let entry = |item| Interaction { item, weight: 1.0, time: 0 };
        let mut scores = [0.0; 3];
        model.score(&[], &mut scores);
        // Item 2 is last twice.
        assert_close(scores[2], 0.1);
        model.score(&[entry(0), entry(1)], &mut scores);
        // Item 1 (age 0) gives 1, item 0 (age 1) gives 1.5 / e.
        assert_close(scores[2], 0.1 + 1.0 + 1.5 * (-1.0_f64).exp());
    }
}
