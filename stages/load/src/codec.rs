//! Rows as bytes, for the files that a load keeps on disk for itself.
//!
//! Keys are encoded so that comparing bytes compares them as the values would.

use std::borrow::Cow;

/// Appends a text to a key. A zero byte within it becomes 0, 255 and its end is 0, 1, so that a
/// shorter text sorts before a longer one that it begins.
pub fn push_key_text(key: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        key.push(byte);
        if byte == 0 {
            key.push(255);
        }
    }
    key.extend([0, 1]);
}

/// Splits off the text that [`push_key_text`] appended; none if there is none.
pub fn split_key_text(key: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    let mut end = memchr::memchr(0, key)?;
    if key.get(end + 1) == Some(&1) {
        return Some((Cow::Borrowed(simdutf8::basic::from_utf8(&key[..end]).ok()?), &key[end + 2..]));
    }
    let mut text = key[..end].to_vec();
    while key.get(end + 1) == Some(&255) {
        let next = memchr::memchr(0, &key[end + 2..])? + end + 2;
        text.push(0);
        text.extend(&key[end + 2..next]);
        end = next;
    }
    let is_end = key.get(end + 1) == Some(&1);
    is_end.then(|| String::from_utf8(text).ok()).flatten().map(|text| (Cow::Owned(text), &key[end + 2..]))
}

/// Appends a signed number to a key.
pub fn push_key_number(key: &mut Vec<u8>, number: i64) {
    key.extend((number.cast_unsigned() ^ (1 << 63)).to_be_bytes());
}

/// Splits off the number that [`push_key_number`] appended; none if there is none.
pub fn split_key_number(key: &[u8]) -> Option<(i64, &[u8])> {
    let (number, rest) = key.split_first_chunk()?;
    Some(((u64::from_be_bytes(*number) ^ (1 << 63)).cast_signed(), rest))
}

/// Writes values one after another.
#[derive(Default)]
pub struct Encoder {
    /// What was written.
    pub bytes: Vec<u8>,
}

impl Encoder {
    /// Writes a byte.
    pub fn byte(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Writes four bytes.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_le_bytes());
    }

    /// Writes eight bytes.
    pub fn u64(&mut self, value: u64) {
        self.bytes.extend(value.to_le_bytes());
    }

    /// Writes bytes whose number the reader knows.
    pub fn fixed<const N: usize>(&mut self, value: [u8; N]) {
        self.bytes.extend(value);
    }

    /// Writes bytes with their number.
    pub fn blob(&mut self, value: &[u8]) {
        self.u32(value.len() as u32);
        self.bytes.extend(value);
    }

    /// Writes a text.
    pub fn text(&mut self, value: &str) {
        self.blob(value.as_bytes());
    }

    /// Writes a text that may be missing.
    pub fn maybe(&mut self, value: Option<&str>) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            self.text(value);
        }
    }

    /// Writes a list of texts.
    pub fn texts(&mut self, values: &[String]) {
        self.u32(values.len() as u32);
        for value in values {
            self.text(value);
        }
    }
}

/// Reads back what an [`Encoder`] wrote; none wherever the bytes are not that.
pub struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Reads a byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.fixed::<1>().map(|[byte]| byte)
    }

    /// Reads four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.fixed().map(u32::from_le_bytes)
    }

    /// Reads eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.fixed().map(u64::from_le_bytes)
    }

    /// Reads bytes of a known number.
    pub fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (value, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*value)
    }

    /// Reads bytes with their number.
    pub fn blob(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()? as usize;
        let (value, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(value)
    }

    /// Reads a text.
    pub fn text(&mut self) -> Option<&'a str> {
        simdutf8::basic::from_utf8(self.blob()?).ok()
    }

    /// Reads a text that may be missing.
    #[expect(clippy::option_option, reason = "the outer one is damage, the inner one a missing value")]
    pub fn maybe(&mut self) -> Option<Option<&'a str>> {
        if self.byte()? == 0 { Some(None) } else { self.text().map(Some) }
    }

    /// Reads a list of texts.
    pub fn texts(&mut self) -> Option<Vec<String>> {
        let count = self.u32()?;
        (0..count).map(|_| self.text().map(str::to_owned)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str, number: i64) -> Vec<u8> {
        let mut key = Vec::new();
        push_key_text(&mut key, text);
        push_key_number(&mut key, number);
        key
    }

    proptest! {
        #[test]
        fn keys_sort_as_their_values(one in "[\0\u{1}ab]{0,4}", other in "[\0\u{1}ab]{0,4}", x: i64, y: i64) {
            prop_assert_eq!(key(&one, x).cmp(&key(&other, y)), (one.as_str(), x).cmp(&(other.as_str(), y)));
            let bytes = key(&one, x);
            let (text, rest) = split_key_text(&bytes).unwrap();
            prop_assert_eq!((text.as_ref(), split_key_number(rest)), (one.as_str(), Some((x, [].as_slice()))));
        }

        #[test]
        fn damaged_bytes_are_no_panic(bytes: Vec<u8>) {
            split_key_text(&bytes);
            let mut decoder = Decoder::new(&bytes);
            while decoder.texts().is_some() && decoder.maybe().is_some() {}
        }
    }

    #[test]
    fn values_come_back() {
        let mut encoder = Encoder::default();
        encoder.maybe(None);
        encoder.maybe(Some("é"));
        encoder.texts(&["a".to_owned(), String::new()]);
        encoder.u64(7);
        let mut decoder = Decoder::new(&encoder.bytes);
        assert_eq!(decoder.maybe(), Some(None));
        assert_eq!(decoder.maybe(), Some(Some("é")));
        assert_eq!(decoder.texts(), Some(vec!["a".to_owned(), String::new()]));
        assert_eq!(decoder.u64(), Some(7));
        assert_eq!(decoder.byte(), None);
    }
}
