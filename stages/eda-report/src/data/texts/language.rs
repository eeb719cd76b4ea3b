//! A guess at the language of a text, from its script and its most frequent words.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scan::hash_word;

/// Language of a text, or its script where one stands for several languages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Language {
    /// There is no text.
    #[default]
    None,
    /// Too short, or of no language that is known here.
    Unknown,
    /// English.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Italian.
    Italian,
    /// Portuguese.
    Portuguese,
    /// Dutch.
    Dutch,
    /// Swedish.
    Swedish,
    /// Japanese: has kana.
    Japanese,
    /// Chinese: Han characters without kana.
    Chinese,
    /// Korean.
    Korean,
    /// Russian or another language in Cyrillic letters.
    Cyrillic,
    /// Arabic or another language in its letters.
    Arabic,
    /// Greek.
    Greek,
    /// Hebrew.
    Hebrew,
    /// Hindi or another language in Devanagari letters.
    Devanagari,
    /// Thai.
    Thai,
}

impl Language {
    /// Its name for readers.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "no text",
            Self::Unknown => "not known",
            Self::English => "English",
            Self::German => "German",
            Self::French => "French",
            Self::Spanish => "Spanish",
            Self::Italian => "Italian",
            Self::Portuguese => "Portuguese",
            Self::Dutch => "Dutch",
            Self::Swedish => "Swedish",
            Self::Japanese => "Japanese",
            Self::Chinese => "Chinese",
            Self::Korean => "Korean",
            Self::Cyrillic => "Russian or another in Cyrillic",
            Self::Arabic => "Arabic",
            Self::Greek => "Greek",
            Self::Hebrew => "Hebrew",
            Self::Devanagari => "Hindi or another in Devanagari",
            Self::Thai => "Thai",
        }
    }
}

/// Frequent words that tell one language from the others; words that several of them have are left out.
const WORDS: [(Language, &str); 8] = [
    (
        Language::English,
        "the and is it this for with was my that have but are you they not very great good product would as so just had \
         be love of all one like from these bought use nice perfect excellent",
    ),
    (
        Language::German,
        "der die das und ist nicht ich ein eine mit auf für sehr auch wie aber sich gut den dem zu von habe wird nur noch \
         bei oder sind",
    ),
    (
        Language::French,
        "le les des est et pas une pour dans ce je qui très avec sur mais vous bien plus produit il au cette sont tout",
    ),
    (
        Language::Spanish,
        "el los las y muy para con una es por lo pero más buen bueno producto está excelente del su calidad todo llegó",
    ),
    (
        Language::Italian,
        "il di che è per un molto con gli sono prodotto della ma anche più ottimo questo ho bene del alla",
    ),
    (Language::Portuguese, "o os um uma não muito com é produto para mas bom do da em ótimo mais recomendo foi boa"),
    (Language::Dutch, "het een van en niet dat ik zijn voor op goed maar met ook is heel deze erg aan wel"),
    (Language::Swedish, "och att det är som en på för inte med jag av men den mycket har till bra ett var"),
];

const SLOTS: usize = 2048;

/// A vote is one in the lane (eight bits) of a language; words of several languages vote for each.
static TABLE: LazyLock<Vec<(u32, u64)>> = LazyLock::new(|| {
    let mut table = vec![(0, 0); SLOTS];
    for (lane, (_, words)) in WORDS.iter().enumerate() {
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            let hash = hash_word(word);
            let mut slot = hash as usize % SLOTS;
            while table[slot].1 != 0 && table[slot].0 != (hash >> 32) as u32 {
                slot = (slot + 1) % SLOTS;
            }
            table[slot].0 = (hash >> 32) as u32;
            table[slot].1 |= 1 << (8 * lane);
        }
    }
    table
});

/// Letters of a text outside the Latin script.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scripts {
    han: u32,
    kana: u32,
    hangul: u32,
    cyrillic: u32,
    arabic: u32,
    greek: u32,
    hebrew: u32,
    devanagari: u32,
    thai: u32,
}

impl Scripts {
    /// Counts a letter.
    pub fn count(&mut self, letter: char) {
        match letter {
            '\u{370}'..='\u{3FF}' => self.greek += 1,
            '\u{400}'..='\u{52F}' => self.cyrillic += 1,
            '\u{590}'..='\u{5FF}' => self.hebrew += 1,
            '\u{600}'..='\u{6FF}' => self.arabic += 1,
            '\u{900}'..='\u{97F}' => self.devanagari += 1,
            '\u{E00}'..='\u{E7F}' => self.thai += 1,
            '\u{3040}'..='\u{30FF}' => self.kana += 1,
            '\u{3400}'..='\u{9FFF}' => self.han += 1,
            '\u{AC00}'..='\u{D7AF}' => self.hangul += 1,
            _ => {}
        }
    }

    /// The language of the script that has most letters, and how many these are.
    fn most(&self) -> (Language, u32) {
        let japanese = if self.kana > 0 { self.kana + self.han } else { 0 };
        let chinese = if self.kana > 0 { 0 } else { self.han };
        [
            (Language::Japanese, japanese),
            (Language::Chinese, chinese),
            (Language::Korean, self.hangul),
            (Language::Cyrillic, self.cyrillic),
            (Language::Arabic, self.arabic),
            (Language::Greek, self.greek),
            (Language::Hebrew, self.hebrew),
            (Language::Devanagari, self.devanagari),
            (Language::Thai, self.thai),
        ]
        .into_iter()
        .fold((Language::Unknown, 0), |best, next| if next.1 > best.1 { next } else { best })
    }
}

/// Votes of the words of one text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Votes {
    lanes: u64,
    words: u32,
}

/// So many words of a text are looked at; a lane of eight bits holds them all.
const HEARD: u32 = 250;

impl Votes {
    /// Lets a word vote.
    #[inline]
    pub fn hear(&mut self, table: &[(u32, u64)], hash: u64) {
        if self.words == HEARD {
            return;
        }
        self.words += 1;
        let mut slot = hash as usize % SLOTS;
        while table[slot].1 != 0 {
            if table[slot].0 == (hash >> 32) as u32 {
                self.lanes += table[slot].1;
                return;
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// The language: by script if most letters are not Latin, else that of at least a tenth of the words, or of one
    /// of fewer than ten. Where two languages have equally many votes, neither is named.
    pub fn guess(self, scripts: &Scripts, letters: u32) -> Language {
        let (of_script, count) = scripts.most();
        if count * 2 > letters {
            return of_script;
        }
        let votes: [u64; 8] = std::array::from_fn(|lane| self.lanes >> (8 * lane) & 0xFF);
        let most = votes.iter().copied().max().unwrap_or_default();
        let is_clear = votes.iter().filter(|other| **other == most).count() == 1;
        let lane = votes.iter().position(|other| *other == most).unwrap_or_default();
        if most > 0 && most * 10 >= u64::from(self.words) && is_clear { WORDS[lane].0 } else { Language::Unknown }
    }
}

/// The table of [`Votes::hear`].
pub fn table() -> &'static [(u32, u64)] {
    &TABLE
}
