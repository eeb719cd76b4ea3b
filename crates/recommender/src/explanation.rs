//! Why an item suits a user: what each item of the history adds to its score.
//!
//! Exact wherever a score is a sum over the history (neighbourhood, linear, folded-in factor and
//! blended models): base and contributions then add up to the score, which the tests hold for every
//! algorithm that claims it. Words for people are made elsewhere, from [`Reason`].

use serde::{Deserialize, Serialize};

/// What one item of the history adds to a score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The item of the history.
    pub item: u32,
    /// What it adds, in the units of the score; below 0 where it speaks against.
    pub value: f32,
}

/// A score taken apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What the item gets whatever the history is: its popularity, its mean rating.
    pub base: f32,
    /// One entry an item of the history that adds something, the largest value first.
    pub contributions: Vec<Contribution>,
    /// Whether base and contributions add up to the score. If not, the contributions are the nearest
    /// evidence, in units of their own.
    pub exact: bool,
}

/// The shortest form of an explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// An item of the user's own history speaks for it.
    BecauseOf {
        /// The item of the history that contributes most.
        item: u32,
        /// Its share of all that speaks for the item, above 0, at most 1.
        share: f32,
    },
    /// Many users chose it.
    Popular,
}

/// What speaks for an item before it is summed up: a blend puts the evidence of its parts together, which need
/// not be in order for that.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// As in [`Explanation`].
    pub base: f32,
    /// Items of the history and what they add, in any order; an item may be repeated.
    pub parts: Vec<(u32, f32)>,
    /// As in [`Explanation`].
    pub exact: bool,
}

impl Evidence {
    /// Collects the parts.
    pub fn new(base: f32, parts: impl IntoIterator<Item = (u32, f32)>, exact: bool) -> Self {
        Self { base, parts: parts.into_iter().collect(), exact }
    }

    /// The parts of a repeated item taken together, those that add nothing left out, equal ones in the order of items.
    pub fn summed_up(self) -> Explanation {
        let Self { base, mut parts, exact } = self;
        // Stable: those of an item are summed up in the order given.
        parts.sort_by_key(|part| part.0);
        let sum = |of_item: &[(u32, f32)]| Contribution {
            item: of_item[0].0,
            value: of_item.iter().map(|part| part.1).sum(),
        };
        let sums = parts.chunk_by(|a, b| a.0 == b.0).map(sum);
        let mut contributions: Vec<Contribution> = sums.filter(|one| one.value != 0.0).collect();
        contributions.sort_unstable_by(|a, b| b.value.total_cmp(&a.value).then(a.item.cmp(&b.item)));
        Explanation { base, contributions, exact }
    }
}

impl Explanation {
    /// The sum of base and contributions: the score, if the explanation is exact.
    pub fn sum(&self) -> f32 {
        let contributions: f64 = self.contributions.iter().map(|one| f64::from(one.value)).sum();
        (f64::from(self.base) + contributions) as f32
    }

    /// The items of the history that speak most for `item`, which is no reason for itself, at most `most`
    /// of them, each with its share of all that speak for it: above 0, at most 1.
    pub fn causes(&self, item: u32, most: usize) -> Vec<(u32, f32)> {
        let others = || self.contributions.iter().filter(|one| one.item != item && one.value > 0.0);
        let total: f32 = others().map(|one| one.value).sum();
        others().take(most).map(|one| (one.item, (one.value / total).min(1.0))).collect()
    }

    /// The item of the history that speaks most for `item`; without one, that the item is popular where
    /// the base says so.
    pub fn reason(&self, item: u32) -> Option<Reason> {
        match self.causes(item, 1).first() {
            Some((item, share)) => Some(Reason::BecauseOf { item: *item, share: *share }),
            None => (self.base > 0.0).then_some(Reason::Popular),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_items_are_taken_together_and_an_item_is_no_reason_for_itself() {
        let parts = [(1, 2.0), (2, 3.0), (1, 2.0), (3, -1.0), (9, 50.0), (4, 0.0)];
        let explanation = Evidence::new(0.5, parts, true).summed_up();
        let items: Vec<u32> = explanation.contributions.iter().map(|one| one.item).collect();
        assert_eq!(items, [9, 1, 2, 3]);
        assert!((explanation.sum() - 56.5).abs() < 1e-6);
        assert_eq!(explanation.reason(9), Some(Reason::BecauseOf { item: 1, share: 4.0 / 7.0 }));
        assert_eq!(explanation.causes(9, 5), [(1, 4.0 / 7.0), (2, 3.0 / 7.0)]);
    }

    #[test]
    fn without_anything_that_speaks_for_it_an_item_is_popular_or_has_no_reason() {
        let against = [(1, -1.0)];
        assert_eq!(Evidence::new(2.0, against, true).summed_up().reason(0), Some(Reason::Popular));
        assert_eq!(Evidence::new(0.0, against, true).summed_up().reason(0), None);
        assert_eq!(Evidence::new(0.0, [(1, 5.0)], true).summed_up().reason(1), None);
    }
}
