//! What linear models learn from: what a history gives and what is wanted from it.
//!
//! The whole of each history is wanted from itself: what occurs together. Besides, a history is cut
//! before each of its entries into a past (newest weight 1, older ones `exp(-age / position_decay)`) and a
//! future (next weight 1, later ones likewise less): what comes after. The rows of the first kind have
//! the share `consistency` in a sum of squares, those of the second the rest.

use crate::{Interaction, Interactions, sparse::SparseRows};

/// Entries of a past or future whose weight is below this share of the nearest are left out.
const LEAST_WEIGHT: f32 = 0.01;

/// Rows of what is given beside rows of what is wanted.
pub(super) struct Examples {
    /// Whole histories and pasts.
    pub(super) inputs: SparseRows,
    /// Whole histories and futures.
    pub(super) targets: SparseRows,
}

/// How examples are made of histories.
pub(super) struct Cutting {
    /// Share of what occurs together, 0 to 1.
    pub(super) consistency: f32,
    /// Distance at which an entry of a past or future counts 1/e.
    pub(super) position_decay: f32,
    /// Whole histories are divided by `length^(user_exponent / 2)`.
    pub(super) user_exponent: f32,
    /// Whether a rating counts by its value.
    pub(super) use_ratings: bool,
}

impl Cutting {
    /// The examples of all histories; without cuts where only what occurs together counts.
    pub(super) fn examples(&self, train: &Interactions) -> Examples {
        let together = self.consistency.sqrt();
        let whole = SparseRows::from_histories(train, |entry| together * entry.strength(self.use_ratings))
            .scaled_by_length(-self.user_exponent / 2.0);
        if self.consistency >= 1.0 {
            return Examples { inputs: whole.clone(), targets: whole };
        }
        let width = train.item_count();
        let (mut pasts, mut futures) = (SparseRows::empty(width), SparseRows::empty(width));
        for history in train.histories() {
            for cut in 1..history.len() {
                pasts.push_merged(self.weighted(history[..cut].iter().rev()));
                futures.push_merged(self.weighted(history[cut..].iter()));
            }
        }
        Examples {
            inputs: SparseRows::concatenated(width, vec![whole.clone(), pasts]),
            targets: SparseRows::concatenated(width, vec![whole, futures]),
        }
    }

    /// Entries on one side of a cut, the nearest first, with what they count.
    fn weighted<'a>(&self, entries: impl Iterator<Item = &'a Interaction>) -> impl Iterator<Item = (u32, f32)> {
        let after = (1.0 - self.consistency).sqrt();
        let reach = (-LEAST_WEIGHT.ln() * self.position_decay).ceil() as usize;
        entries.take(reach).enumerate().map(move |(distance, entry)| {
            let weight = after * (-(distance as f32) / self.position_decay).exp();
            (entry.item, weight * entry.strength(self.use_ratings))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(consistency: f32) -> Examples {
        let pairs = [4, 2, 3].map(|item| (0, Interaction { item, weight: 5.0, time: 0 }));
        let cutting = Cutting { consistency, position_decay: 1.0, user_exponent: 1.0, use_ratings: false };
        cutting.examples(&Interactions::from_pairs(1, 5, &pairs))
    }

    fn assert_rows(found: &SparseRows, expected: &[&[(u32, f32)]]) {
        assert_eq!(found.len(), expected.len());
        for (row, expected) in (0..).zip(expected) {
            let found: Vec<(u32, f32)> = found.row(row).collect();
            let is_near = |(a, b): (&(u32, f32), &(u32, f32))| a.0 == b.0 && (a.1 - b.1).abs() < 1e-6;
            assert!(
                found.len() == expected.len() && found.iter().zip(*expected).all(is_near),
                "{found:?} {expected:?}"
            );
        }
    }

    #[test]
    fn golden_cuts() {
        let found = examples(0.36);
        // The whole counts the root of 0.36 through that of its length 3, cuts the root of 0.64; e^-1 a step.
        let (whole, one, two) = (0.6 / 3.0_f32.sqrt(), 0.8, 0.8 * (-1.0_f32).exp());
        let all: &[(u32, f32)] = &[(2, whole), (3, whole), (4, whole)];
        assert_rows(&found.inputs, &[all, &[(4, one)], &[(2, one), (4, two)]]);
        assert_rows(&found.targets, &[all, &[(2, one), (3, two)], &[(3, one)]]);
    }

    #[test]
    fn without_order_there_are_no_cuts() {
        let found = examples(1.0);
        assert_eq!((found.inputs.len(), found.targets.len()), (1, 1));
    }
}
