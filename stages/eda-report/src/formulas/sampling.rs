//! Samples that depend on the seed and the place of a row alone.

/// A number spread evenly over all 64-bit numbers (the finalizer of `SplitMix64`, Steele et al. 2014).
pub fn scrambled(number: u64) -> u64 {
    let mut value = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// About `wanted` of the numbers below `count`, each with the same chance, ascending; all of them if that is enough.
pub fn sample(count: usize, wanted: usize, seed: u64) -> Vec<u32> {
    if count <= wanted {
        return (0..count as u32).collect();
    }
    let limit = (wanted as f64 / count as f64 * 2f64.powi(64)) as u64;
    let key = scrambled(seed);
    (0..count as u32).filter(|number| scrambled(u64::from(*number) ^ key) < limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_about_the_wanted_size() {
        assert_eq!(sample(3, 3, 1), [0, 1, 2]);
        let found = sample(100_000, 10_000, 42);
        // Standard deviation of the size: √(100,000 · 0.1 · 0.9) = 95.
        assert!((9_600..10_400).contains(&found.len()), "{}", found.len());
        assert_ne!(found, sample(100_000, 10_000, 43));
        let first_half = found.iter().filter(|number| **number < 50_000).count();
        assert!((4_700..5_300).contains(&first_half), "{first_half}");
    }
}
