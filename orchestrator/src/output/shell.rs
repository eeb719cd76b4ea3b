//! Parts of commands that are told to the user, to be copied into a shell.

use std::borrow::Cow;

/// A word as a shell takes it.
pub fn quoted(text: &str) -> Cow<'_, str> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:=,@%".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

/// The options `--set NAME=VALUE`, each after a blank. Passwords are blotted out.
pub fn settings_text<'a>(settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let one = |(name, value): (&str, &str)| {
        let value = if value.contains("://") { storage::without_password(value) } else { value.to_owned() };
        format!(" --set {}", quoted(&format!("{name}={value}")))
    };
    settings.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell_and_passwords_are_not_shown() {
        assert_eq!(quoted("data/a-1.json.gz"), "data/a-1.json.gz");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
        let settings = [("reviews", "a/*.gz"), ("store", "mongodb://me:secret@host/shop"), ("ratio", "0.5")];
        let expected = " --set 'reviews=a/*.gz' --set 'store=mongodb://me:***@host/shop' --set ratio=0.5";
        assert_eq!(settings_text(settings), expected);
    }
}
