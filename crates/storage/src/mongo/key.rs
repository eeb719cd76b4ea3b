//! The `_id` of a review: one text that sorts as its parts do.
//!
//! `B00006L9LC A2SUAM1J3GNN3B j1529193600`: asin, user, time, and the ordinal where it is not 0. In
//! asin and user a character up to `!` is written as `!` and a letter, so that the space between
//! parts is below all others and no key runs into another. A number starts with the letter of its
//! length. So a load in the order of the table appends to the index of `_id`, and the reviews of one
//! product are one stretch of it.

use std::fmt::Write;

use crate::ReviewKey;

/// The key as text.
pub(super) fn review_id(asin: &str, user: &str, time: i64, ordinal: u32) -> String {
    let mut id = String::with_capacity(asin.len() + user.len() + 24);
    push_text(&mut id, asin);
    id.push(' ');
    push_text(&mut id, user);
    id.push(' ');
    push_number(&mut id, time);
    if ordinal > 0 {
        id.push(' ');
        push_number(&mut id, ordinal.into());
    }
    id
}

/// The key of a record.
pub(super) fn of(key: &ReviewKey) -> String {
    review_id(&key.asin, &key.user, key.time, key.ordinal)
}

/// What all ids of products from `asin` on are not below.
pub(super) fn start(asin: &str) -> String {
    let mut id = String::with_capacity(asin.len() + 1);
    push_text(&mut id, asin);
    id.push(' ');
    id
}

/// What the ids of products up to `asin` are below.
pub(super) fn end(asin: &str) -> String {
    let mut id = String::with_capacity(asin.len() + 1);
    push_text(&mut id, asin);
    // The character after the space.
    id.push('!');
    id
}

fn push_text(id: &mut String, text: &str) {
    if text.bytes().all(|byte| byte > b'!') {
        return id.push_str(text);
    }
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(byte) if byte <= b'!' => id.extend(['!', char::from(b'A' + byte)]),
            _ => id.push(character),
        }
    }
}

fn push_number(id: &mut String, number: i64) {
    if number < 0 {
        // Below all lengths; a two's complement sorts upwards.
        let _ = write!(id, "-{number:016x}");
        return;
    }
    let digits = number.checked_ilog10().unwrap_or_default();
    // At most 19 digits, so at most `s`.
    id.push(char::from(b'a' + digits as u8));
    let _ = write!(id, "{number}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_can_be_read() {
        assert_eq!(
            review_id("B00006L9LC", "A2SUAM1J3GNN3B", 1_529_193_600, 0),
            "B00006L9LC A2SUAM1J3GNN3B j1529193600"
        );
        assert_eq!(review_id("a b", "x!", -1, 7), "a!ab x!b -ffffffffffffffff a7");
    }

    /// Texts full of what could be taken for a separator.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[\u{0}-\"]{0,4}", "[ab !]{0,4}", "\\PC{0,6}"]
    }

    fn key() -> impl Strategy<Value = ReviewKey> {
        let number = prop_oneof![any::<i64>(), -20..20_i64];
        (text(), text(), number, 0..12_u32).prop_map(|(asin, user, time, ordinal)| ReviewKey {
            asin,
            user,
            time,
            ordinal,
        })
    }

    proptest! {
        #[test]
        fn ids_sort_as_keys_do(a in key(), b in key()) {
            prop_assert_eq!(of(&a).cmp(&of(&b)), a.cmp(&b));
        }

        #[test]
        fn a_product_is_one_stretch(key in key(), asin in text()) {
            let id = of(&key);
            prop_assert_eq!(id >= start(&asin), key.asin >= asin, "start");
            prop_assert_eq!(id < end(&asin), key.asin <= asin, "end");
        }
    }
}
