//! Words that tell bad reviews from good ones, and the most frequent words of all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    data::{Term, Texts},
    formulas::log_odds::{LogOdds, log_odds},
};

/// Standard errors beyond which a word is listed: the customary 5 %, corrected for about a thousand words.
const CLEAR: f64 = 4.0;

/// Words of bad reviews (below 3 stars) and good ones (4 stars and more).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Words {
    /// Texts with a rating below 3 stars.
    pub bad_texts: u64,
    /// Texts with a rating from 3 to below 4 stars.
    pub middle_texts: u64,
    /// Texts with 4 stars or more.
    pub good_texts: u64,
    /// Words that bad reviews have more often than good ones, the clearest first.
    pub bad: Vec<WordOdds>,
    /// Words that good reviews have more often than bad ones, the clearest first.
    pub good: Vec<WordOdds>,
    /// Words in the most reviews of all.
    pub frequent: Vec<WordOdds>,
    /// Words in fewer reviews than about this many may be missing.
    pub uncounted_below: u64,
}

/// A word in bad and good reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WordOdds {
    /// The word, in lower case.
    pub word: String,
    /// Bad reviews that have it.
    pub bad: u64,
    /// Good reviews that have it.
    pub good: u64,
    /// Log-odds ratio of bad against good reviews, with a prior (Monroe et al. 2008).
    pub log_odds: f64,
    /// The same in standard errors.
    pub z: f64,
}

impl Words {
    /// At most `top` words of each kind.
    pub fn of(texts: &Texts, top: usize) -> Self {
        let counts: Vec<[u64; 3]> = texts
            .terms
            .iter()
            .map(|term| [u64::from(term.reviews[0]), u64::from(term.reviews[2]), term.all()])
            .collect();
        let odds = log_odds(&counts);
        let mut order: Vec<usize> = (0..odds.len()).collect();
        order.sort_by(|a, b| {
            odds[*b].z.total_cmp(&odds[*a].z).then_with(|| texts.terms[*a].text.cmp(&texts.terms[*b].text))
        });
        let word = |place: &usize| WordOdds::new(&texts.terms[*place], &odds[*place]);
        let is_clear = |place: &&usize| odds[**place].z.abs() >= CLEAR;
        Self {
            bad_texts: texts.by_group[0],
            middle_texts: texts.by_group[1],
            good_texts: texts.by_group[2],
            bad: order
                .iter()
                .take_while(|place| is_clear(place) && odds[**place].z > 0.0)
                .take(top)
                .map(word)
                .collect(),
            good: order
                .iter()
                .rev()
                .take_while(|place| is_clear(place) && odds[**place].z < 0.0)
                .take(top)
                .map(word)
                .collect(),
            frequent: (0..odds.len().min(top)).map(|place| word(&place)).collect(),
            uncounted_below: texts.term_error,
        }
    }
}

impl WordOdds {
    fn new(term: &Term, odds: &LogOdds) -> Self {
        Self {
            word: term.text.clone(),
            bad: u64::from(term.reviews[0]),
            good: u64::from(term.reviews[2]),
            log_odds: odds.value,
            z: odds.z,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{data_with_texts, row};

    #[test]
    fn words_of_one_side_only() {
        let mut rows = Vec::new();
        for user in 0..60 {
            let (rating, text) = if user % 2 == 0 { (1.0, "this broke") } else { (5.0, "this sings") };
            rows.push(row(&format!("u{user}"), "a", rating, 0).says(text));
        }
        let data = data_with_texts(&rows);
        let words = Words::of(data.texts.as_ref().unwrap(), 5);
        assert_eq!((words.bad_texts, words.good_texts), (30, 30));
        assert_eq!(words.frequent[0].word, "this");
        let of = |list: &[WordOdds]| list.iter().map(|odds| odds.word.clone()).collect::<Vec<_>>();
        // The prior is strong beside so few words: a third of 1000 for each, 30 and 0 on top.
        assert!(
            of(&words.bad).iter().all(|word| word == "broke") && of(&words.good).iter().all(|word| word == "sings")
        );
        assert!(words.frequent.iter().find(|odds| odds.word == "this").unwrap().z.abs() < 1e-9);
        let broke = words.frequent.iter().find(|odds| odds.word == "broke").unwrap();
        assert!(broke.z > 0.0 && (broke.bad, broke.good) == (30, 0));
    }
}
