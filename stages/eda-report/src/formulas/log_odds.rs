//! Which words belong to one group of texts rather than to another.

/// How many words the prior counts as much as.
const PRIOR: f64 = 1000.0;

/// Log-odds ratio of a word in two groups, and how many standard errors it is from zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogOdds {
    /// Above zero where the first group has the word more often.
    pub value: f64,
    /// The same in standard errors: beyond about 2 it is hardly chance for a single word.
    pub z: f64,
}

/// Log-odds ratio of each word with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, eq. 16 to 22):
///
/// `δ = ln((y₁ + a) / (n₁ + A − y₁ − a)) − ln((y₂ + a) / (n₂ + A − y₂ − a))`, variance `1 / (y₁ + a) + 1 / (y₂ + a)`,
///
/// where `y` counts the word in a group, `n` all words of the group, and the prior is `a = A · y / n` in all texts, with
/// `A` = 1000 words. Words are given with their counts in the first group, the second, and all texts.
pub fn log_odds(words: &[[u64; 3]]) -> Vec<LogOdds> {
    let total = |group: usize| words.iter().map(|word| word[group]).sum::<u64>() as f64;
    let [first, second, all] = [total(0), total(1), total(2)];
    let each = |word: &[u64; 3]| {
        let prior = PRIOR * word[2] as f64 / all.max(1.0);
        let (y1, y2) = (word[0] as f64 + prior, word[1] as f64 + prior);
        let value = (y1 / (first + PRIOR - y1)).ln() - (y2 / (second + PRIOR - y2)).ln();
        LogOdds { value, z: value / (1.0 / y1 + 1.0 / y2).sqrt() }
    };
    words.iter().map(each).map(|odds| if odds.z.is_finite() { odds } else { LogOdds { value: 0.0, z: 0.0 } }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_by_hand() {
        // 30 of 100 words against 10 of 100; 40 of 200 in all: a = 200, so 230 of 1100 against 210 of 1100:
        // ln(230 / 870) − ln(210 / 890) = 0.113700; error √(1/230 + 1/210) = 0.095445.
        let found = log_odds(&[[30, 10, 40], [70, 90, 160]]);
        assert!((found[0].value - 0.113_700).abs() < 1e-5, "{found:?}");
        assert!((found[0].z - 0.113_700 / 0.095_445).abs() < 1e-4, "{found:?}");
        assert!(found[1].z < 0.0);
    }

    proptest! {
        #[test]
        fn groups_that_change_places_change_the_sign(counts in proptest::collection::vec((0_u64..50, 0_u64..50), 1..20)) {
            let words: Vec<[u64; 3]> = counts.iter().map(|(a, b)| [*a, *b, a + b]).collect();
            let other: Vec<[u64; 3]> = counts.iter().map(|(a, b)| [*b, *a, a + b]).collect();
            for (one, other) in log_odds(&words).iter().zip(log_odds(&other)) {
                prop_assert!((one.z + other.z).abs() < 1e-9 && one.z.is_finite());
            }
        }
    }
}
