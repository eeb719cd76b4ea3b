//! What is known of the texts after one pass over them.
//!
//! Texts are most of the bytes. They are read in pieces of some megabytes, on all threads, and never kept:
//! each leaves 21 bytes (words, hash, signature, language) with its review and its words in a bounded table.
//! Pieces are the row groups of the files, and what they found is put together in their order, so that the
//! result does not depend on the number of threads.

mod language;
mod pass;
mod scan;
mod terms;

use anyhow::Context as _;
use pipeline::{Text, TextsReader};

use super::Places;
pub use language::Language;
pub use pass::read;
pub use terms::Term;

/// Stands where a text has no words to count, as there is none. Longer texts count as one word less than this.
const NO_WORDS: u16 = u16::MAX;

/// Titles and texts of the reviews: columns in the order of [`super::Reviews`].
pub struct Texts {
    words: Vec<u16>,
    title_words: Vec<u16>,
    /// Hash of the words of the text in their order, in lower case: texts with equal hashes differ in case,
    /// spaces and punctuation at most. 0 for texts without a word, and where there is no text.
    pub hash: Vec<u64>,
    /// Signature of the text for near copies: see [`band`]. 0 for texts of fewer than eight words.
    pub signature: Vec<u64>,
    /// Language of each text, guessed.
    pub language: Vec<Language>,
    /// Words in the most reviews, the most first, and equal ones by the word; at most 20,000.
    pub terms: Vec<Term>,
    /// Reviews with a text by [`rating_group`].
    pub by_group: [u64; 3],
    /// Words in fewer reviews than about this many may be missing from `terms`; 0 if none are.
    pub term_error: u64,
    /// Titles and texts of the rows of [`Texts::shown_rows`], by row; empty where texts are not to be shown.
    pub samples: Vec<(u32, Text)>,
    reader: TextsReader,
    places: Places,
    redact: bool,
}

impl Texts {
    /// Words of a text (what spaces separate), where there is one; 65,534 at most.
    pub fn words(&self, row: usize) -> Option<u32> {
        (self.words[row] != NO_WORDS).then(|| u32::from(self.words[row]))
    }

    /// Words of a title, where there is one.
    pub fn title_words(&self, row: usize) -> Option<u32> {
        (self.title_words[row] != NO_WORDS).then(|| u32::from(self.title_words[row]))
    }

    /// Rows that serve as a sample of the table: the first five, the last five, and about ten others.
    pub fn shown_rows(rows: usize, seed: u64) -> Vec<u32> {
        let mut shown = crate::formulas::sampling::sample(rows, 10, seed);
        shown.extend((0..rows as u32).take(5));
        shown.extend((0..rows as u32).rev().take(5));
        shown.sort_unstable();
        shown.dedup();
        shown
    }

    /// Titles and texts of some reviews, read from the files again: for a few examples only, as each reads some
    /// megabytes. None where texts are not to be shown.
    pub fn examples(&self, rows: &[u32]) -> anyhow::Result<Option<Vec<Text>>> {
        if self.redact {
            return Ok(None);
        }
        let places = self.places.find(rows);
        let known: Vec<(u32, u32)> = places.iter().flatten().copied().collect();
        let mut texts = self.reader.gather(&known).context("read examples of texts")?.into_iter();
        Ok(Some(places.into_iter().map(|place| place.and_then(|_| texts.next()).unwrap_or_default()).collect()))
    }
}

/// The key of a signature without its part `left_out`, 0 to 3. Two texts with an equal key share the three other parts
/// of their signature, which says that about nine tenths of their sequences of three words are the same: parts agree
/// with the probability of the Jaccard similarity of these sequences (one-permutation `MinHash`, Li et al. 2012).
///
/// None where one of these parts is empty, as in short texts: it would say nothing, and two parts are too few.
pub fn band(signature: u64, left_out: u32) -> Option<u64> {
    let kept = signature & !(0xFFFF << (16 * left_out));
    let is_full = (0..4).all(|part| part == left_out || kept >> (16 * part) & 0xFFFF != 0);
    // The part that was left out is named, so that keys of different parts never meet.
    is_full.then(|| xxhash_rust::xxh3::xxh3_64_with_seed(&kept.to_le_bytes(), u64::from(left_out)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Params,
        data::fixture::{Fixture, data_with_texts, row},
    };

    #[test]
    fn facts_by_hand() {
        let data = data_with_texts(&[
            row("a", "x", 5.0, 0).says("The sound is very good, and it was cheap."),
            row("b", "x", 1.0, 0).says("the SOUND is very good and it was cheap"),
            row("c", "x", 3.0, 0),
            row("d", "x", 2.0, 0).says("..."),
        ]);
        let texts = data.texts.as_ref().unwrap();
        assert_eq!([0, 1, 2, 3].map(|row| texts.words(row)), [Some(9), Some(9), None, Some(1)]);
        assert_eq!(texts.hash[0], texts.hash[1], "case and punctuation make no other text");
        assert!(texts.hash[0] != 0 && texts.hash[2..] == [0, 0]);
        assert_eq!((texts.signature[0], texts.signature[3]), (texts.signature[1], 0));
        assert_eq!(texts.language, [Language::English, Language::English, Language::None, Language::Unknown]);
        assert_eq!(texts.by_group, [2, 0, 1]);
        let sound = texts.terms.iter().find(|term| term.text == "sound").unwrap();
        assert_eq!((sound.reviews, sound.all(), texts.term_error), ([1, 0, 1], 2, 0));
        let examples = texts.examples(&[3, 2]).unwrap().unwrap();
        assert_eq!((examples[0].text.as_deref(), examples[1].text.as_deref()), (Some("..."), None));
    }

    #[test]
    fn texts_are_not_shown_when_redacted() {
        let fixture =
            Fixture { rows: vec![row("a", "x", 5.0, 0).says("hello")], has_texts: true, ..Fixture::default() };
        let data = fixture.data(&Params { redact: true, ..Params::default() });
        assert_eq!(data.texts.as_ref().unwrap().examples(&[0]).unwrap(), None);
        assert_eq!(data.users.name(0), "user 1");
    }

    #[test]
    fn near_copies_share_a_band() {
        let text: Vec<String> = (0..60).map(|word| format!("word{word}")).collect();
        let mut other = text.clone();
        other[59] = "end".to_owned();
        let different: Vec<String> = (0..60).map(|word| format!("thing{word}")).collect();
        let data = data_with_texts(&[
            row("a", "x", 5.0, 0).says(&text.join(" ")),
            row("b", "x", 5.0, 0).says(&other.join(" ")),
            row("c", "x", 5.0, 0).says(&different.join(" ")),
        ]);
        let signature = &data.texts.as_ref().unwrap().signature;
        let shares = |a: usize, b: usize| (0..4).any(|part| band(signature[a], part) == band(signature[b], part));
        assert!(shares(0, 1) && !shares(0, 2) && band(0, 0).is_none());
        assert!(band(0x0001_0000_0001_0001, 0).is_none() && band(0x0001_0000_0001_0001, 2).is_some());
    }
}
