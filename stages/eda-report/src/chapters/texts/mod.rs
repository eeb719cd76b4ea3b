//! What the texts are like: length, language, and the words that good and bad reviews are told by.

mod show;
mod words;

use reports::{
    bins::{doubling, doubling_label},
    page::Section,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    alert::Alert,
    data::{Data, Language, Texts},
};
pub use words::{WordOdds, Words};

/// Length and language of the texts, and their words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wording {
    /// Reviews.
    pub reviews: u64,
    /// Reviews without a text.
    pub without: u64,
    /// Texts without a word.
    pub empty: u64,
    /// Texts of one word.
    pub one_word: u64,
    /// Words of the texts.
    pub words: Lengths,
    /// Words of the titles.
    pub title_words: Lengths,
    /// Languages as guessed, most reviews first.
    pub languages: Vec<LanguageCount>,
    /// Words of bad and good reviews; none when redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Words>,
}

/// Words of texts; what spaces separate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lengths {
    /// Texts.
    pub texts: u64,
    /// Mean number of words; 0 without texts.
    pub mean: f64,
    /// Words at the levels 5, 25, 50, 75, 95 and 99 %: the smallest number that at least so many texts do not exceed.
    pub quantiles: [u32; 6],
    /// Words of the longest; 65,534 stands for so many or more.
    pub largest: u32,
    /// Texts by words, in doubling bins.
    pub bins: Vec<LengthBin>,
}

/// Texts of so many words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LengthBin {
    /// Words, such as `17–32`.
    pub words: String,
    /// Texts.
    pub texts: u64,
}

/// Reviews of a language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LanguageCount {
    /// Language, or script where it stands for several.
    pub language: Language,
    /// Reviews.
    pub reviews: u64,
    /// Their mean rating.
    pub mean_rating: f64,
}

impl Chapter for Wording {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        let Some(texts) = &data.texts else { return Ok(None) };
        let rows = data.reviews.len();
        let count = |wanted: Option<u32>| (0..rows).filter(|row| texts.words(*row) == wanted).count() as u64;
        Ok(Some(Self {
            reviews: rows as u64,
            without: count(None),
            empty: count(Some(0)),
            one_word: count(Some(1)),
            words: Lengths::of((0..rows).filter_map(|row| texts.words(row))),
            title_words: Lengths::of((0..rows).filter_map(|row| texts.title_words(row))),
            languages: languages(data, texts),
            terms: (!params.redact).then(|| Words::of(texts, params.top)),
        }))
    }

    fn sections(&self) -> Vec<Section> {
        show::sections(self).into_iter().map(|section| section.in_group("Reviews")).collect()
    }

    fn absent() -> Option<Section> {
        Some(show::absent().in_group("Reviews"))
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}

impl Lengths {
    fn of(words: impl Iterator<Item = u32>) -> Self {
        let mut counts = vec![0_u64; 1 << 16];
        words.for_each(|words| counts[words as usize] += 1);
        let texts: u64 = counts.iter().sum();
        let sum: u64 = (0..).zip(&counts).map(|(words, texts): (u64, &u64)| words * texts).sum();
        let largest = counts.iter().rposition(|texts| *texts > 0).unwrap_or_default();
        let mut bins = vec![0; if texts > 0 { doubling(largest as u64) + 1 } else { 0 }];
        (0..=largest)
            .filter(|words| counts[*words] > 0)
            .for_each(|words| bins[doubling(words as u64)] += counts[words]);
        let named = bins.into_iter().enumerate();
        Self {
            texts,
            mean: sum as f64 / texts.max(1) as f64,
            quantiles: [0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map(|level| quantile(&counts, level)),
            largest: largest as u32,
            bins: named.map(|(bin, texts)| LengthBin { words: doubling_label(bin), texts }).collect(),
        }
    }
}

/// The smallest value that at least this share does not exceed.
fn quantile(counts: &[u64], level: f64) -> u32 {
    let wanted = (counts.iter().sum::<u64>() as f64 * level).ceil() as u64;
    let mut seen = 0;
    let place = counts.iter().position(|count| {
        seen += count;
        seen >= wanted
    });
    place.unwrap_or_default() as u32
}

fn languages(data: &Data, texts: &Texts) -> Vec<LanguageCount> {
    let mut sums: Vec<(Language, u64, f64)> = Vec::new();
    for (language, rating) in texts.language.iter().zip(&data.reviews.rating) {
        // A handful of languages at most, the first of which is nearly always the one.
        let place = sums.iter().position(|(other, ..)| other == language).unwrap_or_else(|| {
            sums.push((*language, 0, 0.0));
            sums.len() - 1
        });
        sums[place].1 += 1;
        sums[place].2 += f64::from(*rating);
    }
    sums.retain(|(language, ..)| *language != Language::None);
    sums.sort_by_key(|(language, reviews, _)| (std::cmp::Reverse(*reviews), *language));
    let count = |(language, reviews, stars): (_, u64, f64)| LanguageCount {
        language,
        reviews,
        mean_rating: stars / reviews as f64,
    };
    sums.into_iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{Fixture, data_with_texts, row};

    #[test]
    fn lengths_by_hand() {
        // 20 texts of 1, 2, ... 20 words: 5 % is 1, a quarter 5, half 10.
        let lengths = Lengths::of(1..=20);
        assert_eq!((lengths.quantiles, lengths.largest, lengths.mean), ([1, 5, 10, 15, 19, 20], 20, 10.5));
        let bins: Vec<(&str, u64)> = lengths.bins.iter().map(|bin| (bin.words.as_str(), bin.texts)).collect();
        assert_eq!(bins, [("0", 0), ("1", 1), ("2", 1), ("3–4", 2), ("5–8", 4), ("9–16", 8), ("17–32", 4)]);
        let none = Lengths::of(std::iter::empty());
        assert_eq!((none.texts, none.largest, none.bins.len()), (0, 0, 0));
    }

    #[test]
    fn texts_by_hand() {
        let data = data_with_texts(&[
            row("a", "x", 5.0, 0).says("The sound is very good, and it was cheap."),
            row("b", "x", 1.0, 0).says("bad"),
            row("c", "x", 3.0, 0),
            row("d", "x", 2.0, 0).says(""),
        ]);
        let found = Wording::measure(&data, &Params::default()).unwrap().unwrap();
        assert_eq!((found.reviews, found.one_word, found.without + found.empty), (4, 1, 2));
        let english = &found.languages.iter().find(|count| count.language == Language::English).unwrap();
        assert_eq!((english.reviews, english.mean_rating), (1, 5.0));
    }

    #[test]
    fn words_are_left_out_when_redacted() {
        let fixture =
            Fixture { rows: vec![row("a", "x", 5.0, 0).says("hello")], has_texts: true, ..Fixture::default() };
        let params = Params { redact: true, ..Params::default() };
        assert_eq!(Wording::measure(&fixture.data(&params), &params).unwrap().unwrap().terms, None);
    }
}
