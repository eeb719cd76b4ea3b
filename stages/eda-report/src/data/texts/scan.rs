//! The words of a text, from its bytes: the hot loop of the pass.
//!
//! A word is a run of letters and digits, with apostrophes inside (`don't`), in lower case. It is hashed
//! while it is read, so that ASCII costs one table look-up and one multiplication a byte; other characters
//! are decoded where they stand.

use super::language::Scripts;

/// Start of a word's hash (FNV-1a with 64 bits).
const SEED: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

const SEPARATOR: u8 = 0;
const WIDE: u8 = 1;
const APOSTROPHE: u8 = 2;

/// What each byte is: a separator, the start of a wide character, an apostrophe, or the letter or digit itself in
/// lower case.
const CLASSES: [u8; 256] = {
    let mut classes = [SEPARATOR; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            letter @ (b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => letter.to_ascii_lowercase(),
            b'\'' => APOSTROPHE,
            128.. => WIDE,
            _ => SEPARATOR,
        };
        byte += 1;
    }
    classes
};

/// A word of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// Hash of the word in lower case.
    pub hash: u64,
    /// The word as it stands.
    pub text: &'a str,
}

/// Hands every word to `each`; letters that are not ASCII are counted. The number of letters and digits.
#[inline]
pub fn scan<'a>(text: &'a str, scripts: &mut Scripts, mut each: impl FnMut(Word<'a>)) -> u32 {
    let bytes = text.as_bytes();
    let (mut at, mut start, mut hash, mut letters) = (0, 0, SEED, 0_u32);
    while at < bytes.len() {
        let class = CLASSES[bytes[at] as usize];
        if class > APOSTROPHE {
            hash = (hash ^ u64::from(class)).wrapping_mul(PRIME);
            at += 1;
            continue;
        }
        let mut width = 1;
        match class {
            WIDE => {
                let letter = text[at..].chars().next().unwrap_or_default();
                width = letter.len_utf8();
                if letter.is_alphanumeric() {
                    scripts.count(letter);
                    for lower in letter.to_lowercase() {
                        hash = hash_char(hash, lower);
                    }
                    at += width;
                    continue;
                }
                if letter == '’' && is_inside(text, start, at, width) {
                    hash = (hash ^ u64::from(b'\'')).wrapping_mul(PRIME);
                    at += width;
                    continue;
                }
            }
            APOSTROPHE if is_inside(text, start, at, 1) => {
                hash = (hash ^ u64::from(b'\'')).wrapping_mul(PRIME);
                at += 1;
                continue;
            }
            _ => {}
        }
        if at > start {
            letters += (at - start) as u32;
            each(Word { hash: mixed(hash), text: &text[start..at] });
            hash = SEED;
        }
        at += width;
        start = at;
    }
    if at > start {
        letters += (at - start) as u32;
        each(Word { hash: mixed(hash), text: &text[start..] });
    }
    letters
}

/// Whether a mark at `at` has letters on both sides.
fn is_inside(text: &str, start: usize, at: usize, width: usize) -> bool {
    at > start && text[at + width..].chars().next().is_some_and(char::is_alphabetic)
}

#[inline]
fn hash_char(hash: u64, letter: char) -> u64 {
    let mut buffer = [0; 4];
    letter.encode_utf8(&mut buffer).bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

/// The hash of a word in lower case, as [`scan`] gives it.
pub fn hash_word(word: &str) -> u64 {
    mixed(word.chars().fold(SEED, hash_char))
}

/// Spreads the bits (the finalizer of `MurmurHash3`).
#[inline]
pub fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ hash >> 33
}

/// A word in the form that its hash is of.
pub fn lowered(word: &str) -> String {
    word.chars().map(|letter| if letter == '’' { '\'' } else { letter }).flat_map(char::to_lowercase).collect()
}

/// What white space separates, as [`str::split_whitespace`] has it, but faster.
pub fn count_words(text: &str) -> usize {
    if !text.is_ascii() {
        return text.split_whitespace().count();
    }
    // Each word begins the text or stands behind a space: pairs of bytes do not wait for one another, so that many are
    // compared at once.
    let is_space = |byte: u8| byte == b' ' || byte.wrapping_sub(9) < 5;
    let bytes = text.as_bytes();
    let begins = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    let inside: u32 = begins.map(|(before, byte)| u32::from(is_space(*before) & !is_space(*byte))).sum();
    usize::from(bytes.first().is_some_and(|byte| !is_space(*byte))) + inside as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        scan(text, &mut Scripts::default(), |word| {
            assert_eq!(word.hash, hash_word(&lowered(word.text)));
            found.push(lowered(word.text));
        });
        found
    }

    #[test]
    fn words_by_hand() {
        assert_eq!(words("Don't -- buy: it's 'BAD' (2x)!"), ["don't", "buy", "it's", "bad", "2x"]);
        assert_eq!(words("Très bien, l’Été; ça va"), ["très", "bien", "l'été", "ça", "va"]);
        assert_eq!(words("o'"), ["o"]);
        assert!(words(" .. ’ ' \u{a0} ").is_empty());
        assert_eq!(words("最高 です"), ["最高", "です"]);
    }

    proptest! {
        #[test]
        fn words_are_counted_as_the_standard_library_counts_them(text in "[ -~\\t\\né\u{a0}\u{2003}]{0,60}") {
            prop_assert_eq!(count_words(&text), text.split_whitespace().count());
        }

        #[test]
        fn every_letter_is_in_a_word(text in "\\PC{0,40}") {
            let joined: String = words(&text).concat().chars().filter(|letter| letter.is_alphanumeric()).collect();
            let expected: String =
                text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            let expected: String = expected.chars().filter(|letter| letter.is_alphanumeric()).collect();
            prop_assert_eq!(joined, expected);
        }
    }
}
