//! What a list is like beside its accuracy: novel, diverse, calibrated, popular.
//!
//! For a list `L` of at most `k` items, `n` users, `n_i` users of item `i` in the histories:
//! - `novelty`: mean over `L` of `log2(n / max(n_i, 1))`, in bits (mean self-information; Zhou et al. 2010);
//! - `popularity`: mean over `L` of `n_i` (average recommendation popularity, ARP); `head_share`: share of
//!   `L` in the head, the most popular items that make up a given share of the catalogue;
//! - `diversity`: 1 - mean cosine over all pairs of `L` (Ziegler et al. 2005). An item is the set of its
//!   categories where these are known, else the set of its users; cosine of sets
//!   `|A and B| / sqrt(|A| |B|)`, 0 for an empty one;
//! - `calibration`: `sum over c of p(c) ln(p(c) / (0.99 q(c) + 0.01 p(c)))`, where `p` and `q` are the shares
//!   of the categories in history and list, an item's weight divided equally (Steck 2018); lower is better.

use super::segments::{Segments, UserSegment};
use crate::{Interaction, Interactions, Scored};

/// Share of the history's own categories mixed into those of the list, so that no share is 0.
const SMOOTHING: f64 = 0.01;

/// Metrics of lists at each k; the last one only with categories.
const METRICS: [&str; 5] = ["novelty", "popularity", "head_share", "diversity", "calibration"];

/// What is known about items, taken from the histories and, where there are some, from metadata.
///
/// ```
/// use recommender::{Interaction, Interactions, evaluation::{Catalogue, Segments}};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// let history = Interactions::from_pairs(2, 3, &[pair(0, 0), pair(1, 0), pair(1, 1)]);
/// let catalogue = Catalogue::new(&history, Segments::default()).with_categories(&[vec![7], vec![7, 8], vec![]]);
/// assert!(catalogue.is_head(0) && !catalogue.is_head(1));
/// ```
#[derive(Clone, Debug)]
pub struct Catalogue {
    segments: Segments,
    counts: Vec<u32>,
    is_head: Vec<bool>,
    users: usize,
    by_users: Sets,
    categories: Option<Sets>,
}

impl Catalogue {
    /// Takes popularity, head and tail from the histories.
    pub fn new(history: &Interactions, segments: Segments) -> Self {
        let by_item = history.transposed();
        let by_users = Sets::new(by_item.histories().map(|users| users.iter().map(|entry| entry.item).collect()));
        let counts: Vec<u32> = (0..history.item_count() as u32).map(|item| by_users.of(item).len() as u32).collect();
        let is_head = segments.head(&counts);
        let users = history.histories().filter(|history| !history.is_empty()).count();
        Self { segments, counts, is_head, users, by_users, categories: None }
    }

    /// The same with the categories of each item, by any numbering.
    ///
    /// # Panics
    /// If there is not one set of categories an item.
    #[must_use]
    pub fn with_categories(mut self, categories: &[Vec<u32>]) -> Self {
        assert_eq!(categories.len(), self.counts.len(), "one set of categories an item");
        let is_known = categories.iter().any(|categories| !categories.is_empty());
        self.categories = is_known.then(|| Sets::new(categories.iter().cloned()));
        self
    }

    /// Whether any item has a category.
    pub fn has_categories(&self) -> bool {
        self.categories.is_some()
    }

    /// Whether an item is one of the most popular ones.
    pub fn is_head(&self, item: u32) -> bool {
        self.is_head.get(item as usize).copied().unwrap_or(false)
    }

    /// The segment of a user with that many interactions in the history.
    pub fn user_segment(&self, interactions: usize) -> UserSegment {
        self.segments.user(interactions)
    }

    /// The boundaries of the segments.
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Names of the metrics of lists at each k.
    pub(super) fn metrics(&self) -> &'static [&'static str] {
        if self.has_categories() { &METRICS } else { &METRICS[..METRICS.len() - 1] }
    }
}

/// A set of numbers an item, as compressed rows.
#[derive(Clone, Debug)]
struct Sets {
    offsets: Vec<usize>,
    members: Vec<u32>,
    width: usize,
}

impl Sets {
    fn new(sets: impl Iterator<Item = Vec<u32>>) -> Self {
        let (mut offsets, mut members) = (vec![0], Vec::new());
        for mut set in sets {
            set.sort_unstable();
            set.dedup();
            members.extend(set);
            offsets.push(members.len());
        }
        let width = members.iter().max().map_or(0, |member| *member as usize + 1);
        Self { offsets, members, width }
    }

    fn of(&self, item: u32) -> &[u32] {
        let item = item as usize;
        if item + 1 < self.offsets.len() { &self.members[self.offsets[item]..self.offsets[item + 1]] } else { &[] }
    }
}

/// Describes lists, one after the other; each thread has its own buffers.
pub(super) struct Lists<'a> {
    catalogue: &'a Catalogue,
    /// Sum of the vectors of the list so far, cleared after each.
    sum: Vec<f32>,
    wanted: Vec<f64>,
    found: Vec<f64>,
}

impl<'a> Lists<'a> {
    pub(super) fn new(catalogue: &'a Catalogue) -> Self {
        let categories = catalogue.categories.as_ref().map_or(0, |categories| categories.width);
        let width = catalogue.categories.as_ref().unwrap_or(&catalogue.by_users).width;
        let (wanted, found) = (vec![0.0; categories], vec![0.0; categories]);
        Self { catalogue, sum: vec![0.0; width], wanted, found }
    }

    /// Appends the values of [`Catalogue::metrics`] for the first k of the list, for each k.
    pub(super) fn describe(&mut self, history: &[Interaction], list: &[Scored], ks: &[u32], values: &mut Vec<f64>) {
        let similarities = self.similarities(list);
        for k in ks {
            let shown = &list[..list.len().min(*k as usize)];
            let mean = |value: &dyn Fn(u32) -> f64| {
                shown.iter().map(|scored| value(scored.item)).sum::<f64>() / shown.len() as f64
            };
            let catalogue = self.catalogue;
            let count = |item: u32| f64::from(catalogue.counts[item as usize]);
            values.push(mean(&|item| (catalogue.users.max(1) as f64 / count(item).max(1.0)).log2()));
            values.push(mean(&count));
            values.push(mean(&|item| f64::from(u8::from(catalogue.is_head(item)))));
            let pairs = (shown.len() * shown.len().saturating_sub(1) / 2) as f64;
            let similarity: f64 = similarities[..shown.len()].iter().sum();
            values.push(if pairs > 0.0 { 1.0 - similarity / pairs } else { f64::NAN });
            if let Some(categories) = &catalogue.categories {
                share_out(categories, history.iter().map(|entry| entry.item), &mut self.wanted);
                share_out(categories, shown.iter().map(|scored| scored.item), &mut self.found);
                values.push(divergence(&self.wanted, &self.found));
            }
        }
    }

    /// For each place of the list, the sum of its cosines to all places before it: the product of its
    /// vector with the sum of theirs.
    fn similarities(&mut self, list: &[Scored]) -> Vec<f64> {
        let sets = self.catalogue.categories.as_ref().unwrap_or(&self.catalogue.by_users);
        let mut similarities = Vec::with_capacity(list.len());
        for scored in list {
            let set = sets.of(scored.item);
            let value = 1.0 / (set.len().max(1) as f32).sqrt();
            let mut product = 0.0;
            for member in set {
                let cell = &mut self.sum[*member as usize];
                product += f64::from(*cell);
                *cell += value;
            }
            similarities.push(product * f64::from(value));
        }
        for scored in list {
            sets.of(scored.item).iter().for_each(|member| self.sum[*member as usize] = 0.0);
        }
        similarities
    }
}

/// The share of each category, every item with categories counting 1; all 0 if none has any.
fn share_out(categories: &Sets, items: impl Iterator<Item = u32>, shares: &mut [f64]) {
    shares.fill(0.0);
    let mut total = 0.0;
    for item in items {
        let set = categories.of(item);
        for category in set {
            shares[*category as usize] += 1.0 / set.len() as f64;
        }
        total += f64::from(u8::from(!set.is_empty()));
    }
    if total > 0.0 {
        for share in shares.iter_mut() {
            *share /= total;
        }
    }
}

/// Kullback-Leibler divergence of the list's shares from the wanted ones; not a number where either is unknown.
fn divergence(wanted: &[f64], found: &[f64]) -> f64 {
    let is_empty = |shares: &[f64]| shares.iter().all(|share| *share <= 0.0);
    if is_empty(wanted) || is_empty(found) {
        return f64::NAN;
    }
    let pairs = wanted.iter().zip(found).filter(|(p, _)| **p > 0.0);
    pairs.map(|(p, q)| p * (p / ((1.0 - SMOOTHING) * q + SMOOTHING * p)).ln()).sum::<f64>().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(pairs: &[(u32, u32)], users: usize, items: usize) -> Interactions {
        let pairs: Vec<(u32, Interaction)> =
            pairs.iter().map(|(user, item)| (*user, Interaction { item: *item, weight: 5.0, time: 0 })).collect();
        Interactions::from_pairs(users, items, &pairs)
    }

    fn described(catalogue: &Catalogue, history: &[Interaction], list: &[u32], k: u32) -> Vec<f64> {
        let list: Vec<Scored> = list.iter().map(|item| Scored { item: *item, score: 0.0 }).collect();
        let mut values = Vec::new();
        let mut lists = Lists::new(catalogue);
        lists.describe(history, &list, &[k], &mut values);
        let mut again = Vec::new();
        lists.describe(history, &list, &[k], &mut again);
        assert_eq!(format!("{values:?}"), format!("{again:?}"), "buffers are clean after use");
        values
    }

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "found {found}, expected {expected}");
    }

    #[test]
    fn golden_values_without_categories() {
        // Users of item 0: 0 1 2 3; of item 1: 0 1; of item 2: 1; of item 3: nobody. Four users have a history.
        let history = history(&[(0, 0), (1, 0), (2, 0), (3, 0), (0, 1), (1, 1), (1, 2)], 5, 4);
        let catalogue = Catalogue::new(&history, Segments::default());
        let values = described(&catalogue, &[], &[1, 2, 3, 0], 3);
        // log2(4/2), log2(4/1), log2(4/1): mean of 1, 2, 2.
        assert_close(values[0], 5.0 / 3.0);
        // Counts 2, 1, 0.
        assert_close(values[1], 1.0);
        // Of four items the head is one: item 0, which the first three places do not hold.
        assert_close(values[2], 0.0);
        // Cosines: 1 and 2 share user 1: 1 / sqrt(2 * 1); 3 is like nothing. Three pairs.
        assert_close(values[3], 1.0 - (1.0 / 2.0_f64.sqrt()) / 3.0);
        assert_eq!(values.len(), 4);
    }

    #[test]
    fn golden_values_with_categories() {
        let history = history(&[(0, 0), (0, 1)], 1, 4);
        let catalogue =
            Catalogue::new(&history, Segments::default()).with_categories(&[vec![0], vec![0, 1], vec![1], vec![]]);
        let values = described(&catalogue, history.history(0), &[2, 3], 2);
        // {1} and {} have nothing in common.
        assert_close(values[3], 1.0);
        // History: (1 + 1/2) / 2 = 3/4 of category 0 and 1/4 of category 1; list: all of category 1.
        let expected = 0.75 * (1.0_f64 / 0.01).ln() + 0.25 * (0.25_f64 / (0.99 + 0.01 * 0.25)).ln();
        assert_close(values[4], expected);
        let same = described(&catalogue, history.history(0), &[0, 1], 2);
        assert_close(same[4], 0.0);
        // {0} and {0, 1}: cosine 1 / sqrt(2).
        assert_close(same[3], 1.0 - 1.0 / 2.0_f64.sqrt());
        let unknown = described(&catalogue, &[], &[0], 2);
        assert!(unknown[3].is_nan() && unknown[4].is_nan(), "one item has no pair; an empty history no shares");
    }
}
