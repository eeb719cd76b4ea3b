//! Bins that several reports share: doubling counts, and months.

use time::OffsetDateTime;

use crate::format::number;

/// The bin of a count among 0, 1, 2, 3–4, 5–8, 9–16, and so on.
pub fn doubling(count: u64) -> usize {
    if count == 0 { 0 } else { 1 + (64 - (count - 1).leading_zeros()) as usize }
}

/// Largest count in a bin of [`doubling`].
pub fn last_of_doubling(bin: usize) -> u64 {
    if bin == 0 { 0 } else { 1 << (bin - 1).min(62) }
}

/// The counts in a bin of [`doubling`] in words, such as `3–4`.
pub fn doubling_label(bin: usize) -> String {
    let first = if bin == 0 { 0 } else { last_of_doubling(bin - 1) + 1 };
    let last = last_of_doubling(bin);
    if first == last { number(last) } else { format!("{}–{}", number(first), number(last)) }
}

/// The month of a time in Unix seconds, UTC: `12 × year + month`, months from 0; as axes of months want it.
///
/// Times outside the years −9999 to 9999 fall into January 1970.
pub fn month(seconds: i64) -> i64 {
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    i64::from(time.year()) * 12 + i64::from(u8::from(time.month())) - 1
}

/// A month as `2014-03`.
pub fn month_label(month: i64) -> String {
    format!("{}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_double() {
        assert_eq!([0, 1, 2, 3, 4, 5, 8, 9, 16, 17].map(doubling), [0, 1, 2, 3, 3, 4, 4, 5, 5, 6]);
        assert_eq!([0, 1, 2, 3, 4, 11].map(doubling_label), ["0", "1", "2", "3–4", "5–8", "513–1,024"]);
        assert_eq!(doubling(u64::MAX), 65);
    }

    #[test]
    fn months_of_known_days() {
        // date -u -d @SECONDS +%Y-%m
        for (seconds, label) in [
            (0, "1970-01"),
            (-1, "1969-12"),
            (951_868_799, "2000-02"),
            (951_868_800, "2000-03"),
            (1_393_372_800, "2014-02"),
        ] {
            assert_eq!(month_label(month(seconds)), label);
        }
    }
}
