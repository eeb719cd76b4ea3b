//! Rows that share a key of 64 bits, without a table of all keys.

/// Hands every list of at least two rows with an equal key to `each`: rows ascend, and lists come in an order that the
/// keys alone decide. Half of the key is sorted with the row, eight bytes together; `key` tells the whole key again.
pub fn for_each_group(rows: impl Iterator<Item = u32>, key: impl Fn(u32) -> u64, mut each: impl FnMut(&[u32])) {
    let mut halves: Vec<u64> = rows.map(|row| key(row) >> 32 << 32 | u64::from(row)).collect();
    halves.sort_unstable();
    let mut found: Vec<(u64, u32)> = Vec::new();
    let mut group: Vec<u32> = Vec::new();
    for run in halves.chunk_by(|a, b| a >> 32 == b >> 32).filter(|run| run.len() > 1) {
        found.clear();
        found.extend(run.iter().map(|half| (key(*half as u32), *half as u32)));
        found.sort_unstable();
        for same in found.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            group.clear();
            group.extend(same.iter().map(|(_, row)| *row));
            each(&group);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn groups_are_those_of_a_map(keys in proptest::collection::vec(0_u64..6, 0..40)) {
            // Keys that differ in one half only, and in the other half only.
            let key = |row: u32| [1, 2, 1 << 32, 2 << 32, 1 << 32 | 1, 7][keys[row as usize] as usize];
            let mut wanted: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
            (0..keys.len() as u32).for_each(|row| wanted.entry(key(row)).or_default().push(row));
            wanted.retain(|_, rows| rows.len() > 1);
            let mut found = Vec::new();
            for_each_group(0..keys.len() as u32, key, |rows| found.push(rows.to_vec()));
            prop_assert_eq!(found, wanted.into_values().collect::<Vec<_>>());
        }
    }
}
