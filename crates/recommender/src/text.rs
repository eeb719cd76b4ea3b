//! Words of product texts.
//!
//! Lower-cased runs of letters and digits, without stop words and one-letter words. No stemming: it
//! is bound to one language, and product texts mix many with brands and part numbers.

/// Common English words that tell nothing about a product; sorted.
const STOP_WORDS: [&str; 100] = [
    "about", "above", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "before",
    "being", "below", "both", "but", "by", "can", "could", "did", "do", "does", "doing", "each", "few", "for", "from",
    "further", "had", "has", "have", "having", "he", "her", "here", "him", "his", "how", "if", "in", "into", "is",
    "it", "its", "just", "may", "me", "more", "most", "my", "no", "nor", "not", "of", "off", "on", "one", "only", "or",
    "other", "our", "out", "over", "own", "she", "should", "so", "some", "such", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "those", "through", "to", "too", "under", "up", "very", "was",
    "we", "were", "what", "when", "which", "while", "will", "with", "you", "your",
];

/// The words of a text, in order, with repetitions.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().nth(1).is_some())
        .map(str::to_lowercase)
        .filter(|word| STOP_WORDS.binary_search(&word.as_str()).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn words_are_lower_case_without_stop_words_and_single_letters() {
        let found: Vec<String> = words("The D'Addario EXL110-3D: 3 sets of Strings, für GITARRE & co.").collect();
        assert_eq!(found, ["addario", "exl110", "3d", "sets", "strings", "für", "gitarre", "co"]);
        assert_eq!(words("A & b -- ").count(), 0);
    }
}
