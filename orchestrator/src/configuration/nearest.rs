//! The nearest right word to a wrong one.

use std::{fs, path::Path};

/// `; did you mean `x`?` where a candidate is near enough, else nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let near = candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= word.chars().count().max(candidate.chars().count()) / 3)
        .min();
    near.map_or_else(String::new, |(_, candidate)| format!("; did you mean `{candidate}`?"))
}

/// Words in backquotes, separated by commas; `none` for no word.
pub fn list_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    if quoted.is_empty() { "none".to_owned() } else { quoted.join(", ") }
}

/// As [`did_you_mean`], for a file that is not there and the names in its folder.
pub fn nearest_file(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).into_iter().flatten();
    let names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    did_you_mean(&name, names.iter().map(String::as_str))
}

fn distance(word: &str, candidate: &str) -> usize {
    let simple = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    strsim::damerau_levenshtein(&simple(word), &simple(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_words_are_offered() {
        let words = ["factors", "iterations", "seed"];
        assert_eq!(did_you_mean("factrs", words), "; did you mean `factors`?");
        assert_eq!(did_you_mean("sede", words), "; did you mean `seed`?");
        assert_eq!(did_you_mean("bananas", words), "");
        assert_eq!(did_you_mean("train_cf", ["train-cf"]), "; did you mean `train-cf`?");
    }
}
