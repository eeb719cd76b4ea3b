//! How text becomes the words that a search compares: the same rule for both back ends.
//!
//! A word is a run of letters and digits, lower-cased; everything else only separates. So no
//! character of a query can act as an operator of a search engine. No stemming, no stop words, and
//! accents count: what a product is called is what finds it.

use crate::{Product, ProductQuery};

/// Words of a query beyond this many are left out, so that its cost is bounded.
const MOST_WORDS: usize = 32;

/// The distinct words of the texts that a search looks at: title, brand and asin; sorted.
pub(crate) fn of_product(product: &Product) -> Vec<String> {
    let texts = [product.title.as_deref(), product.brand.as_deref(), Some(product.asin.as_str())];
    let mut words: Vec<String> = texts.into_iter().flatten().flat_map(split).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// The words that a product must have (as prefixes of its own), or none if the query has no text.
///
/// Text without a letter or digit gives an empty list, which nothing matches.
pub(crate) fn of_query(query: &ProductQuery) -> Option<Vec<String>> {
    let text = query.text.as_deref().filter(|text| !text.trim().is_empty())?;
    let mut words: Vec<String> = split(text).collect();
    words.sort_unstable();
    words.dedup();
    words.truncate(MOST_WORDS);
    Some(words)
}

fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect::<String>())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query(text: &str) -> Option<Vec<String>> {
        of_query(&ProductQuery { text: Some(text.into()), ..ProductQuery::default() })
    }

    #[test]
    fn splits_at_everything_that_is_no_letter_or_digit() {
        assert_eq!(query("Café-NOIR x2 \"*\" $where").unwrap(), ["café", "noir", "where", "x2"]);
    }

    #[test]
    fn tells_no_text_from_text_without_words() {
        assert_eq!(query("  "), None);
        assert_eq!(query("*\"$"), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn words_hold_no_character_that_separates(text in "\\PC*") {
            for word in query(&text).unwrap_or_default() {
                prop_assert!(!word.is_empty() && word.chars().all(char::is_alphanumeric), "{word:?}");
            }
        }

        #[test]
        fn a_product_is_found_by_its_whole_title(title in "\\PC{0,60}") {
            let product = Product { title: Some(title.clone()), ..Product::default() };
            let words = of_product(&product);
            for word in query(&title).unwrap_or_default() {
                prop_assert!(words.contains(&word));
            }
        }
    }
}
