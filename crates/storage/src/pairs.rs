//! What is looked at together with one item, as a store keeps it: one block of bytes an item and partition.
//!
//! A row for each pair would be the obvious form, but a batch of a thousand events changes three thousand
//! pairs, strewn over all pages of the table and its index; blocks of the batch's few hundred items are
//! written more than twice as fast. So each pair stands in the blocks of both its items. A block is a list
//! sorted by key: length of the key, key, count, level. The level is a little-endian f64, the others are
//! LEB128. Only the [`MOST`] pairs of highest level stay, which bounds it: to less than a page of SQLite for
//! usual keys.

use std::{cmp::Ordering, collections::BTreeMap};

use crate::activity::{ItemPair, add_levels};

/// Pairs of an item that one partition keeps: more than is ever shown.
pub(crate) const MOST: usize = 128;

/// How often another item was looked at together with one, and the level of that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Partner {
    count: u64,
    trend: f64,
}

impl Partner {
    fn add(self, other: Self) -> Self {
        Self { count: sum(self.count, other.count), trend: add_levels(self.trend, other.trend) }
    }
}

/// Counts stay within what every store can keep.
pub(crate) fn sum(one: u64, other: u64) -> u64 {
    one.saturating_add(other).min(i64::MAX.cast_unsigned())
}

/// Increments by item, each pair for both of its items.
pub(crate) fn by_item(increments: &[ItemPair]) -> BTreeMap<&str, BTreeMap<&str, Partner>> {
    let mut items: BTreeMap<&str, BTreeMap<&str, Partner>> = BTreeMap::new();
    for ItemPair { asin, other, count, trend } in increments {
        let new = Partner { count: *count, trend: *trend };
        for (one, other) in [(asin, other), (other, asin)] {
            let partners = items.entry(one).or_default();
            partners.entry(other).and_modify(|kept| *kept = kept.add(new)).or_insert(new);
        }
    }
    items
}

/// The block with increments added.
pub(crate) fn add(block: &[u8], increments: &BTreeMap<&str, Partner>) -> Result<Vec<u8>, String> {
    let mut increments = increments.iter().map(|(key, partner)| (*key, *partner)).peekable();
    let mut partners = Vec::with_capacity(block.len() / 24 + increments.len());
    for kept in entries(block) {
        let (key, mut partner) = kept?;
        while let Some(new) = increments.next_if(|(new, _)| *new < key) {
            partners.push(new);
        }
        if let Some((_, more)) = increments.next_if(|(new, _)| *new == key) {
            partner = partner.add(more);
        }
        partners.push((key, partner));
    }
    partners.extend(increments);
    keep_most(&mut partners);
    let mut block = Vec::with_capacity(block.len() + 64);
    for (key, Partner { count, trend }) in partners {
        push_number(&mut block, key.len() as u64);
        block.extend_from_slice(key.as_bytes());
        push_number(&mut block, count);
        block.extend_from_slice(&trend.to_le_bytes());
    }
    Ok(block)
}

/// Leaves out those of lowest level, in the order in which they stand; ties go to the smaller keys, so that
/// every store keeps the same.
fn keep_most(partners: &mut Vec<(&str, Partner)>) {
    let Some(beyond) = partners.len().checked_sub(MOST).filter(|beyond| *beyond > 0) else { return };
    let mut levels: Vec<f64> = partners.iter().map(|(_, partner)| partner.trend).collect();
    let lowest = *levels.select_nth_unstable_by(beyond, f64::total_cmp).1;
    let mut room = MOST - partners.iter().filter(|(_, partner)| partner.trend.total_cmp(&lowest).is_gt()).count();
    partners.retain(|(_, partner)| match partner.trend.total_cmp(&lowest) {
        Ordering::Greater => true,
        Ordering::Equal if room > 0 => {
            room -= 1;
            true
        }
        _ => false,
    });
}

/// What a block holds, in the order of the keys.
fn entries(mut block: &[u8]) -> impl Iterator<Item = Result<(&str, Partner), String>> {
    let whole = block.len();
    std::iter::from_fn(move || {
        if block.is_empty() {
            return None;
        }
        let at = whole - block.len();
        let entry = entry(&mut block).ok_or_else(|| format!("pairs of an item are broken at byte {at} of {whole}"));
        if entry.is_err() {
            block = &[];
        }
        Some(entry)
    })
}

fn entry<'a>(block: &mut &'a [u8]) -> Option<(&'a str, Partner)> {
    let length = usize::try_from(take_number(block)?).ok()?;
    let (key, rest) = block.split_at_checked(length)?;
    *block = rest;
    let count = take_number(block)?;
    let (trend, rest) = block.split_first_chunk()?;
    *block = rest;
    Some((str::from_utf8(key).ok()?, Partner { count, trend: f64::from_le_bytes(*trend) }))
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn push_number(block: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        block.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    block.push(number as u8);
}

fn take_number(block: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = block.split_first()?;
        *block = rest;
        number |= u64::from(first & 0x7f) << shift;
        if *first < 0x80 {
            return Some(number);
        }
    }
    None
}

/// The `limit` items of highest level beside `asin`, ties by key, from its blocks of all partitions, which
/// must come in one order.
pub(crate) fn together(
    asin: &str,
    blocks: impl IntoIterator<Item = Vec<u8>>,
    limit: u64,
) -> Result<Vec<ItemPair>, String> {
    let mut partners: BTreeMap<String, Partner> = BTreeMap::new();
    for block in blocks {
        for kept in entries(&block) {
            let (key, partner) = kept?;
            match partners.get_mut(key) {
                Some(sum) => *sum = sum.add(partner),
                None => drop(partners.insert(key.to_owned(), partner)),
            }
        }
    }
    let pair = |(other, Partner { count, trend })| ItemPair { asin: asin.to_owned(), other, count, trend };
    let mut pairs: Vec<ItemPair> = partners.into_iter().map(pair).collect();
    pairs.sort_by(|a, b| b.trend.total_cmp(&a.trend));
    pairs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(asin: &str, other: &str, trend: f64) -> ItemPair {
        ItemPair { asin: asin.into(), other: other.into(), count: 1, trend }
    }

    /// The block of `asin` after these batches.
    fn block(asin: &str, batches: &[&[ItemPair]]) -> Vec<u8> {
        batches.iter().fold(Vec::new(), |block, batch| match by_item(batch).get(asin) {
            Some(increments) => add(&block, increments).unwrap(),
            None => block,
        })
    }

    #[test]
    fn only_the_pairs_of_highest_level_stay() {
        let pairs: Vec<ItemPair> = (0..1_000).map(|at| pair("a", &format!("{at:03}"), f64::from(at % 300))).collect();
        let block = block("a", &[&pairs[..500], &pairs[500..]]);
        let kept = together("a", [block], 2_000).unwrap();
        assert_eq!(kept.len(), MOST);
        // Three of each level from 100 on: 128 = 42 * 3 + 2, so all down to level 258 and two of 257.
        assert_eq!(kept.iter().filter(|pair| pair.trend > 257.0).count(), 126);
        let last: Vec<_> = kept[126..].iter().map(|pair| (pair.trend.to_bits(), pair.other.as_str())).collect();
        assert_eq!(last, [(257.0_f64.to_bits(), "257"), (257.0_f64.to_bits(), "557")]);
    }

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 127, 128, 300, 1 << 35, u64::MAX] {
            let mut block = Vec::new();
            push_number(&mut block, number);
            let mut rest = block.as_slice();
            assert_eq!((take_number(&mut rest), rest), (Some(number), &[][..]));
        }
    }

    #[test]
    fn a_broken_block_is_told() {
        let block = block("a", &[&[pair("a", "b", 1.0), pair("a", "c", 1.0)]]);
        let broken = together("a", [block[..15].to_vec()], 9).unwrap_err();
        assert_eq!(broken, "pairs of an item are broken at byte 11 of 15");
        assert!(add(&[255; 30], &BTreeMap::new()).is_err());
    }

    proptest! {
        #[test]
        fn any_order_and_grouping_gives_the_same(
            rows in prop::collection::vec((0..6_u8, 0..6_u8, 9_000.0..9_020.0_f64), 1..150),
            size in 1..40_usize,
        ) {
            let rows: Vec<ItemPair> = (rows.iter())
                .filter(|(one, other, _)| one != other)
                .map(|(one, other, level)| pair(&one.to_string(), &other.to_string(), *level))
                .collect();
            let turned: Vec<ItemPair> =
                rows.iter().rev().map(|row| pair(&row.other, &row.asin, row.trend)).collect();
            let batches: Vec<&[ItemPair]> = turned.chunks(size).collect();
            for item in ["0", "1", "2"] {
                let once = together(item, [block(item, &[&rows])], 9).unwrap();
                let parts = together(item, [block(item, &batches)], 9).unwrap();
                let counts = |pairs: &[ItemPair]| -> BTreeMap<String, u64> {
                    pairs.iter().map(|pair| (pair.other.clone(), pair.count)).collect()
                };
                prop_assert_eq!(counts(&once), counts(&parts));
                for pair in &once {
                    let same = parts.iter().find(|other| other.other == pair.other).unwrap();
                    prop_assert!((same.trend - pair.trend).abs() <= 1e-9);
                }
            }
        }
    }
}
