//! The published hash that decides about units: the same in every engine.
//!
//! `hash(seed, kind, key)` is the first eight bytes, most significant first, of the SHA-256 of the
//! UTF-8 text `SEED:KIND:KEY`. A unit is kept when its hash is below `rate · 2^64`; so hexadecimal
//! digits can be compared as text, and any SQL engine chooses the same rows in one expression
//! (`docs/sampling.md` has it, and test vectors).

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Hashes keys under one seed.
pub(crate) struct Hasher {
    seed: u64,
    text: String,
}

impl Hasher {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, text: String::new() }
    }

    /// Of a user key.
    pub(crate) fn user(&mut self, key: &str) -> u64 {
        self.hash("user", key)
    }

    /// Of an item key.
    pub(crate) fn item(&mut self, key: &str) -> u64 {
        self.hash("asin", key)
    }

    /// Of a row: its key is `USER`, `ITEM`, `TIME` and its number among equal rows from 0, with tabs between.
    pub(crate) fn row(&mut self, user: &str, item: &str, time: i64, number: u64) -> u64 {
        self.begin("row");
        write!(self.text, "{user}\t{item}\t{time}\t{number}").expect("a string takes any text");
        self.digest()
    }

    fn hash(&mut self, kind: &str, key: &str) -> u64 {
        self.begin(kind);
        self.text.push_str(key);
        self.digest()
    }

    fn begin(&mut self, kind: &str) {
        self.text.clear();
        write!(self.text, "{}:{kind}:", self.seed).expect("a string takes any text");
    }

    fn digest(&self) -> u64 {
        Sha256::digest(self.text.as_bytes()).iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
    }
}

/// The hashes below which units are kept: those whose `hash / 2^64 < rate`.
///
/// A larger rate keeps all that a smaller one keeps; a rate of 1 keeps every hash.
pub(crate) fn cut(rate: f64) -> u128 {
    (rate.clamp(0.0, 1.0) * 2f64.powi(64)) as u128
}

/// Where a unit stands among the kept (or the left out) ones, in [0, 1): the low half of its hash,
/// which has no part in the choice.
pub(crate) fn position(hash: u64) -> f64 {
    (hash & 0xffff_ffff) as f64 / 2f64.powi(32)
}

/// Another hash of a hash (the end of the `SplitMix64` generator), where a choice must not depend on the first.
pub(crate) fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        // Python: int(hashlib.sha256("42:user:A1B2C3".encode()).hexdigest()[:16], 16), and so on.
        assert_eq!(Hasher::new(42).user("A1B2C3"), 0x4905_6c6c_30db_7118);
        assert_eq!(Hasher::new(42).item("B00001"), 0xbf58_6eea_5e7d_63b9);
        assert_eq!(Hasher::new(7).user("ü"), 0x2da0_dee6_d761_730f);
        assert_eq!(Hasher::new(42).row("A1B2C3", "B00001", 1_393_372_800, 0), 0xd312_0bb5_fb46_2569);
        // Python: f"{int(0.1 * 2**64):016x}"
        assert_eq!(cut(0.1), 0x1999_9999_9999_9a00);
    }

    proptest! {
        #[test]
        fn a_smaller_sample_is_inside_a_larger_one(hash: u64, a in 0.0..1.0, b in 0.0..1.0) {
            let (small, large) = if a < b { (a, b) } else { (b, a) };
            prop_assert!(u128::from(hash) >= cut(small) || u128::from(hash) < cut(large));
            prop_assert!(u128::from(hash) < cut(1.0) && u128::from(hash) >= cut(0.0));
        }

        #[test]
        fn positions_do_not_depend_on_the_choice(low: u32, high: u32) {
            let hash = u64::from(high) << 32 | u64::from(low);
            prop_assert!((position(hash) * 2f64.powi(32) - f64::from(low)).abs() < 0.5);
        }
    }
}
