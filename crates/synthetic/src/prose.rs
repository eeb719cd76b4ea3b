//! Text that is as long and as hard to compress as what people write, for benchmarks.
//!
//! Words follow a Zipf law over a vocabulary whose first words are common English and whose others
//! are made of syllables; sentences have no meaning. The short texts of the demo come from
//! [`crate::phrases`] instead: they fit their product and rating, and repeat too much for a benchmark.

use crate::dice::Dice;

/// Words of the vocabulary.
const WORDS: usize = 12_000;

/// Stream of the vocabulary.
const PROSE_STREAM: u64 = (1 << 61) + 3;

/// The commonest words, in order.
const COMMON: &str = "the and i it to a is for this of my in that with you on but not have was are so as very great \
    good one they just can be all or if use when from had would like at me well up out no get these your really will \
    don't love too because we which there about only more than product also what after little easy still time work \
    used now first much bought even nice better them over other could make because two has he she an were by been do \
    back some off got need price size put quality it's didn't before old new way any who again right made long day \
    does find few bit look keep worked buy thing where hard how while every since small never another his her people \
    recommend year order 10 3 24 100 2nd café";

/// What words of the vocabulary are made of.
const SYLLABLES: [&str; 48] = [
    "ba", "con", "der", "ex", "fi", "gra", "hol", "in", "jus", "ka", "lo", "men", "ner", "ob", "per", "qui", "re",
    "sta", "ter", "un", "ver", "wi", "ya", "zo", "ble", "cha", "dis", "ed", "fol", "ging", "hea", "ing", "ket", "ly",
    "mo", "ness", "or", "pro", "ri", "sion", "tion", "ure", "vi", "wa", "sh", "th", "str", "ous",
];

/// A vocabulary with the sums of its weights.
pub struct Prose {
    words: Vec<String>,
    sums: Vec<f64>,
    mean_words: u32,
}

impl Prose {
    /// The vocabulary of this seed, for texts of that many words in the mean.
    pub fn new(seed: u64, mean_words: u32) -> Self {
        let mut dice = Dice::new(seed, PROSE_STREAM);
        let mut words: Vec<String> = COMMON.split_whitespace().map(str::to_owned).collect();
        while words.len() < WORDS {
            let syllables = 2 + dice.below(3);
            words.push((0..syllables).map(|_| dice.pick(&SYLLABLES)).collect());
        }
        let mut sum = 0.0;
        let weight = |rank: usize| 1.0 / (rank as f64 + 3.0);
        let sums = (0..WORDS).map(|rank| {
            sum += weight(rank);
            sum
        });
        Self { sums: sums.collect(), words, mean_words }
    }

    /// A text. Most are short, and the longest have about eight times the mean.
    pub fn text(&self, dice: &mut Dice) -> String {
        // The product of three uniform numbers has the mean 1/8.
        let share = dice.unit() * dice.unit() * dice.unit();
        let wanted = (share * 8.0 * f64::from(self.mean_words)) as usize;
        let mut text = String::new();
        let mut count = 0;
        while count == 0 || count < wanted {
            if count > 0 {
                text.push_str(if dice.chance(0.03) { "\n\n" } else { " " });
            }
            let words = 4 + dice.below(12);
            for place in 0..words {
                self.push_word(&mut text, place == 0, dice);
                text.push_str(if place + 1 < words { [" ", ", "][usize::from(dice.chance(0.06))] } else { "" });
            }
            text.push_str(dice.pick(&[".", ".", ".", ".", ".", "!", "...", "?"]));
            count += words;
        }
        text
    }

    fn push_word(&self, text: &mut String, is_first: bool, dice: &mut Dice) {
        let target = dice.unit() * self.sums.last().copied().unwrap_or(0.0);
        let place = self.sums.partition_point(|sum| *sum <= target);
        let word = &self.words[place.min(self.words.len() - 1)];
        let start = text.len();
        text.push_str(word);
        if is_first && let Some(first) = text.get_mut(start..=start) {
            first.make_ascii_uppercase();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_mean_that_was_asked_for() {
        let prose = Prose::new(1, 100);
        let mut dice = Dice::new(1, 0);
        let texts: Vec<String> = (0..4000).map(|_| prose.text(&mut dice)).collect();
        let lengths: Vec<usize> = texts.iter().map(|text| text.split_whitespace().count()).collect();
        let mean = lengths.iter().sum::<usize>() as f64 / 4000.0;
        // The product of three uniform numbers has the variance 1/27 - 1/64, so the mean of 4,000 texts
        // deviates by 800 x 0.146 / 63 = 1.9 words; a text ends up to 15 words late, 7 in the mean.
        assert!((95.0..117.0).contains(&mean), "{mean}");
        assert!(lengths.iter().all(|length| *length <= 800 + 15), "{lengths:?}");
        assert!(texts.iter().any(|text| text.contains("\n\n")));
    }
}
