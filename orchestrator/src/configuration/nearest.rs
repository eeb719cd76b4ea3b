//! The nearest right word to a wrong one.

use std::{fs, path::Path};

/// `; did you mean `x`?` where a candidate is near enough, else nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let near = candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= allowed(word, candidate))
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

/// A third of the longer word; two edits in short words that begin alike.
fn allowed(word: &str, candidate: &str) -> usize {
    let third = word.chars().count().max(candidate.chars().count()) / 3;
    let begin_alike = word.chars().next() == candidate.chars().next() && word.chars().count() >= 4;
    if begin_alike { third.max(2) } else { third }
}

/// Edits from one word to the other; a word that is the beginning of the other is as near as one edit.
fn distance(word: &str, candidate: &str) -> usize {
    let simple = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    let (word, candidate) = (simple(word), simple(candidate));
    if word.len() >= 3 && candidate.len() > word.len() && candidate.starts_with(&word) {
        return 1;
    }
    strsim::damerau_levenshtein(&word, &candidate)
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
        assert_eq!(did_you_mean("lode", ["load", "sample"]), "; did you mean `load`?");
        assert_eq!(did_you_mean("max_reject", ["max_reject_ratio", "metadata"]), "; did you mean `max_reject_ratio`?");
    }
}
