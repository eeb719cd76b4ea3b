//! Which rows are in the sample: decided by a hash, so without memory and in any order.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Params;

/// What is kept or left out as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// All reviews of a product, or none: reviews a product stay as they are.
    #[default]
    Product,
    /// All reviews of a user, or none: reviews a user stay as they are.
    User,
    /// Each review for itself. Its identity is user, item, time, and its number among equal rows.
    Row,
}

impl By {
    /// The word for it in `pipeline.yaml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::User => "user",
            Self::Row => "row",
        }
    }
}

/// Decides about rows.
pub(crate) struct Selector {
    by: By,
    ratio: f64,
    seed: u64,
    /// Equal rows seen of the current item. The table is sorted by item, so equal rows are near one
    /// another; were it not, equal rows far apart would only share their fate.
    equal: BTreeMap<(u64, i64), u64>,
    item: u64,
}

/// The keys of a row as numbers, and whether it is in the sample.
pub(crate) struct Decision {
    pub(crate) user: u64,
    pub(crate) item: u64,
    pub(crate) keep: bool,
}

impl Selector {
    pub(crate) fn new(params: &Params) -> Self {
        Self { by: params.by, ratio: params.ratio, seed: params.seed, equal: BTreeMap::new(), item: 0 }
    }

    pub(crate) fn decide(&mut self, user: &str, item: &str, time: i64) -> Decision {
        let user = self.user_hash(user);
        let item = self.item_hash(item);
        let hash = match self.by {
            By::Product => item,
            By::User => user,
            By::Row => self.row_hash(user, item, time),
        };
        Decision { user, item, keep: is_below(hash, self.ratio) }
    }

    /// The number that stands for a user.
    pub(crate) fn user_hash(&self, user: &str) -> u64 {
        hash(self.seed, b"user", &[user.as_bytes()])
    }

    /// The number that stands for an item.
    pub(crate) fn item_hash(&self, item: &str) -> u64 {
        hash(self.seed, b"item", &[item.as_bytes()])
    }

    fn row_hash(&mut self, user: u64, item: u64, time: i64) -> u64 {
        if self.item != item {
            self.item = item;
            self.equal.clear();
        }
        let number = self.equal.entry((user, time)).or_insert(0);
        let parts = [user.to_le_bytes(), item.to_le_bytes(), time.to_le_bytes(), number.to_le_bytes()];
        *number += 1;
        hash(self.seed, b"row", &[parts.as_flattened()])
    }
}

/// Whether `hash / 2^64 < ratio`. A larger ratio keeps all that a smaller one keeps.
pub(crate) fn is_below(hash: u64, ratio: f64) -> bool {
    // The largest hashes round up to 2^64; a ratio of one must keep them too.
    ratio >= 1.0 || (hash as f64) < ratio * 2f64.powi(64)
}

/// First eight bytes of the BLAKE3 of seed, kind and parts, each part with its length.
fn hash(seed: u64, kind: &[u8], parts: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(kind);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn selector(by: By, ratio: f64, seed: u64) -> Selector {
        Selector::new(&Params { by, ratio, seed })
    }

    #[test]
    fn hashes_are_the_same_on_every_machine() {
        // Python: struct.unpack("<Q", blake3(pack("<Q", 42) + b"user" + pack("<Q", 2) + b"u1").digest()[:8])
        assert_eq!(selector(By::User, 1.0, 42).user_hash("u1"), 1_773_545_465_558_634_424);
    }

    #[test]
    fn equal_rows_are_decided_one_by_one() {
        let mut selector = selector(By::Row, 0.5, 7);
        let kept = (0..1000).filter(|_| selector.decide("u", "i", 0).keep).count();
        assert!((400..600).contains(&kept), "{kept}");
    }

    proptest! {
        #[test]
        fn a_smaller_sample_is_inside_a_larger_one(key in "[A-Z0-9]{1,12}", seed: u64, a in 0.0..1.0, b in 0.0..1.0) {
            let (small, large) = if a < b { (a, b) } else { (b, a) };
            for by in [By::Product, By::User, By::Row] {
                let in_small = selector(by, small, seed).decide(&key, &key, 5).keep;
                let in_large = selector(by, large, seed).decide(&key, &key, 5).keep;
                prop_assert!(!in_small || in_large);
            }
        }

        #[test]
        fn a_ratio_of_one_keeps_every_hash(hash: u64) {
            prop_assert!(is_below(hash, 1.0) && is_below(u64::MAX, 1.0));
        }
    }
}
