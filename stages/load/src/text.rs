//! Text as shops write it: markup, entities, prices, counts.

use std::borrow::Cow;

/// Plain text of what may hold markup, or none if nothing is left of it.
///
/// Tags, scripts and styles go, entities are resolved once, runs of white space become one space. A
/// title that is a piece of the shop's own script (it asks for `getTime`) counts as nothing.
pub fn plain(text: &str) -> Option<String> {
    if text.contains("getTime") {
        return None;
    }
    let stripped = if text.contains('<') { Cow::Owned(strip_tags(text)) } else { Cow::Borrowed(text) };
    let resolved = if stripped.contains('&') { Cow::Owned(resolve_entities(&stripped)) } else { stripped };
    let mut plain = String::with_capacity(resolved.len());
    for word in resolved.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    (!plain.is_empty()).then_some(plain)
}

fn strip_tags(text: &str) -> String {
    let mut stripped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        stripped.push_str(&rest[..start]);
        rest = &rest[start..];
        let opens_tag = rest[1..].starts_with(|next: char| next.is_ascii_alphabetic() || next == '/' || next == '!');
        if !opens_tag {
            stripped.push('<');
            rest = &rest[1..];
            continue;
        }
        // Words of neighbouring blocks must not grow together.
        stripped.push(' ');
        rest = after_tag(rest);
    }
    stripped.push_str(rest);
    stripped
}

/// What follows the tag at the start; of scripts and styles, what follows their end.
fn after_tag(text: &str) -> &str {
    for name in ["script", "style"] {
        let is_it = text.get(1..=name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name));
        if is_it {
            let end = text.to_ascii_lowercase().find(&format!("</{name}>"));
            return end.map_or("", |end| &text[end + name.len() + 3..]);
        }
    }
    text.find('>').map_or("", |end| &text[end + 1..])
}

fn resolve_entities(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        resolved.push_str(&rest[..start]);
        rest = &rest[start..];
        let entity = rest.find(';').filter(|end| *end <= 10).and_then(|end| Some((end, character(&rest[1..end])?)));
        let (length, character) = entity.map_or((1, '&'), |(end, character)| (end + 1, character));
        resolved.push(character);
        rest = &rest[length..];
    }
    resolved.push_str(rest);
    resolved
}

fn character(entity: &str) -> Option<char> {
    if let Some(code) = entity.strip_prefix('#') {
        let number = match code.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
            None => code.parse(),
        };
        return char::from_u32(number.ok()?).filter(|character| !character.is_control());
    }
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "reg" => '®',
        "copy" => '©',
        "trade" => '™',
        "eacute" => 'é',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "rsquo" => '’',
        "lsquo" => '‘',
        "rdquo" => '”',
        "ldquo" => '“',
        _ => return None,
    })
}

/// A price such as `$1,250.00`, `12.99`, `from $5` or `$5.00 - $9.00` (then the lower one); none for
/// anything else, for nothing and for zero.
pub fn price(text: &str) -> Option<f32> {
    let text = text.trim();
    let text = text.strip_prefix("from ").unwrap_or(text).trim_start_matches(['$', '€', '£']);
    let first = text.split([' ', '-', '–']).next()?;
    let is_number = first.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && first.chars().all(|character| character.is_ascii_digit() || character == ',' || character == '.');
    if !is_number {
        return None;
    }
    first.replace(',', "").parse().ok().and_then(sound_price)
}

/// The price if it is one: finite and above zero.
pub fn sound_price(price: f64) -> Option<f32> {
    let narrow = price as f32;
    (narrow.is_finite() && narrow > 0.0).then_some(narrow)
}

/// A count such as `12`, `1,234`, or the first of `[12, 15]`.
pub fn count(text: &str) -> Option<u32> {
    let text = text.trim();
    let list = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match list {
        Some(list) => list.split(',').next()?.trim().parse().ok(),
        None if text.starts_with(',') => None,
        None => text.replace(',', "").parse().ok(),
    }
}

/// The text if it is more than white space.
pub fn filled(text: &str) -> Option<&str> {
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_entities_go() {
        assert_eq!(plain("<b>Arts,</b> Music &amp; Photography").as_deref(), Some("Arts, Music & Photography"));
        assert_eq!(plain("one<br/>two\n three").as_deref(), Some("one two three"));
        assert_eq!(plain("a < b &#39;c&#x27; &unknown; & d").as_deref(), Some("a < b 'c' &unknown; & d"));
        assert_eq!(plain("x<script>var a = '<b>';</script>y<STYLE>.a{}</STYLE>").as_deref(), Some("x y"));
        assert_eq!(plain("&amp;lt;").as_deref(), Some("&lt;"), "entities are resolved once");
    }

    #[test]
    fn nothing_but_markup_is_missing() {
        assert_eq!(plain("<span class=\"a-size-medium a-color-secondary\""), None);
        assert_eq!(plain("</span></span>"), None);
        assert_eq!(plain(" \n&nbsp;"), None);
        assert_eq!(plain("var aPageStart = (new Date()).getTime();"), None);
        assert_eq!(plain("<script"), None);
    }

    #[test]
    fn prices_are_read_and_rubbish_is_not() {
        assert_eq!(price("$1,250.00"), Some(1250.0));
        assert_eq!(price("12.99"), Some(12.99));
        assert_eq!(price("$5.00 - $9.00"), Some(5.0));
        assert_eq!(price("from $7"), Some(7.0));
        for rubbish in ["", "0", ".", "...", ".a-box-inner{background-color:#fff}", "\n\n\n<script", "nan", "inf", "-3"]
        {
            assert_eq!(price(rubbish), None, "{rubbish}");
        }
    }

    #[test]
    fn counts_may_have_commas() {
        assert_eq!(count("1,234"), Some(1234));
        assert_eq!(count("[13, 14]"), Some(13));
        assert_eq!(count(" 7 "), Some(7));
        for rubbish in ["", "many", "-1", "1.5", "[]", ","] {
            assert_eq!(count(rubbish), None, "{rubbish}");
        }
    }
}
