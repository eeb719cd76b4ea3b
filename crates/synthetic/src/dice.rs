//! Random numbers whose every bit is decided by seed and stream.
//!
//! Only additions, multiplications and comparisons of floats are used: they are exact on every
//! machine, which logarithms and powers are not.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A stream of random numbers.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of this number under this seed.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `0..count`; 0 for an empty range.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.bits()) * count as u128) >> 64) as usize
    }

    /// Uniform in `0..count` days or milliseconds; 0 for an empty range.
    pub fn span(&mut self, count: i64) -> i64 {
        (self.unit() * count as f64) as i64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// About normal with mean 0 and deviation 1: the sum of twelve uniform numbers, less 6.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// A whole number from 1 on with a tail like 1/x, at most `most`.
    pub fn long_tail(&mut self, most: u32) -> u32 {
        let value = 1.0 / (1.0 - self.unit());
        if value >= f64::from(most) { most } else { value as u32 }
    }

    /// One of a list that is not empty.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// Mixes 64 bits one to one (the finaliser of `SplitMix64`).
pub fn mix(value: u64) -> u64 {
    let mut bits = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// `value` in base 36, exactly `digits` capital digits.
pub fn base36(mut value: u64, digits: usize) -> String {
    let mut text = vec![b'0'; digits];
    for place in text.iter_mut().rev() {
        *place = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(value % 36) as usize];
        value /= 36;
    }
    text.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_their_ranges() {
        let mut dice = Dice::new(1, 2);
        let mut sum = 0.0;
        for _ in 0..10_000 {
            assert!((0.0..1.0).contains(&dice.unit()));
            assert!(dice.below(7) < 7);
            assert!((1..=50).contains(&dice.long_tail(50)));
            sum += dice.normal();
        }
        // The mean of 10,000 such numbers has a deviation of 0.01.
        assert!(sum.abs() < 500.0, "{sum}");
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn streams_differ_and_repeat() {
        assert_eq!(Dice::new(1, 2).bits(), Dice::new(1, 2).bits());
        assert_ne!(Dice::new(1, 2).bits(), Dice::new(1, 3).bits());
        assert_ne!(Dice::new(1, 2).bits(), Dice::new(2, 2).bits());
    }

    #[test]
    fn base36_has_fixed_width() {
        assert_eq!(base36(0, 3), "000");
        assert_eq!(base36(36 * 36 + 35, 3), "10Z");
    }
}
