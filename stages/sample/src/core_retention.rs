//! How much of a table is in its k-cores, for k = 1, 2, 3, 5, 10.
//!
//! The k-core is the largest part in which every user and every product has at least `k` of the others.
//! Pairs of user and product lie in a file of 8 bytes each and are peeled in passes over it, so memory
//! holds only a count a user and product. Repeated reviews of one product by one user count once.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// The cores that are reported.
const KS: [u32; 5] = [1, 2, 3, 5, 10];
/// Marks a pair of the sample, in the place of the user's highest bit.
const KEPT: u32 = 1 << 31;

/// Size of a k-core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CoreSize {
    pub(crate) k: u32,
    /// Pairs of user and product.
    pub(crate) pairs: u64,
}

/// Writes the pairs of a table that is sorted by product and user.
pub(crate) struct EdgeWriter {
    file: BufWriter<File>,
    /// The pair that is being read, and whether any review of it is kept.
    last: Option<(u32, u32, bool)>,
}

impl EdgeWriter {
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("create {}", path.display()))?;
        Ok(Self { file: BufWriter::new(file), last: None })
    }

    /// Adds a review; a further one of the same user and product is the same pair.
    pub(crate) fn add(&mut self, user: usize, item: usize, is_kept: bool) -> anyhow::Result<()> {
        let (user, item) = (user as u32, item as u32);
        match &mut self.last {
            Some((last_user, last_item, kept)) if (*last_user, *last_item) == (user, item) => *kept |= is_kept,
            last => {
                let before = last.replace((user, item, is_kept));
                self.write(before)?;
            }
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let last = self.last.take();
        self.write(last)?;
        self.file.flush().context("write pairs of users and products")
    }

    fn write(&mut self, pair: Option<(u32, u32, bool)>) -> anyhow::Result<()> {
        let Some((user, item, is_kept)) = pair else { return Ok(()) };
        let marked = user | if is_kept { KEPT } else { 0 };
        write_pair(&mut self.file, marked, item).context("write pairs of users and products")
    }
}

/// Sizes of the cores of all pairs, or of those in the sample.
pub(crate) fn retention(edges: &Path, only_kept: bool) -> anyhow::Result<Vec<CoreSize>> {
    let mut degrees = Degrees::default();
    let mut pairs = 0;
    read_pairs(edges, |user, item| {
        if !only_kept || user & KEPT != 0 {
            degrees.count(user & !KEPT, item);
            pairs += 1;
        }
        Ok(())
    })?;
    let mut cores = Vec::new();
    let mut file = edges.to_owned();
    for k in KS {
        while let Some(dropped) = peel(&file, &mut degrees, k, only_kept && file == edges)? {
            pairs -= dropped.pairs;
            if file != edges {
                fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
            }
            file = dropped.rest;
        }
        cores.push(CoreSize { k, pairs });
    }
    if file != edges {
        fs::remove_file(&file).with_context(|| format!("remove {}", file.display()))?;
    }
    Ok(cores)
}

/// Pairs of each user and product.
#[derive(Default)]
struct Degrees {
    users: Vec<u32>,
    items: Vec<u32>,
}

impl Degrees {
    fn count(&mut self, user: u32, item: u32) {
        for (counts, index) in [(&mut self.users, user as usize), (&mut self.items, item as usize)] {
            if counts.len() <= index {
                counts.resize(index + 1, 0);
            }
            counts[index] += 1;
        }
    }
}

/// What one pass took away, and where the rest is.
struct Peeled {
    pairs: u64,
    rest: PathBuf,
}

/// One pass that drops pairs of users and products with fewer than `k`; none if there is nothing to drop.
fn peel(file: &Path, degrees: &mut Degrees, k: u32, only_kept: bool) -> anyhow::Result<Option<Peeled>> {
    let is_weak = |counts: &[u32]| counts.iter().any(|count| (1..k).contains(count));
    if !is_weak(&degrees.users) && !is_weak(&degrees.items) {
        return Ok(None);
    }
    let number: u32 = file.extension().and_then(|text| text.to_str()?.parse().ok()).unwrap_or(0);
    let rest = file.with_extension((number + 1).to_string());
    let mut writer = BufWriter::new(File::create(&rest).with_context(|| format!("create {}", rest.display()))?);
    let mut pairs = 0;
    read_pairs(file, |user, item| {
        if only_kept && user & KEPT == 0 {
            return Ok(());
        }
        let user = user & !KEPT;
        let (users, items) = (&mut degrees.users[user as usize], &mut degrees.items[item as usize]);
        if *users < k || *items < k {
            (*users, *items) = (*users - 1, *items - 1);
            pairs += 1;
            return Ok(());
        }
        write_pair(&mut writer, user, item)
    })?;
    writer.flush().with_context(|| format!("write {}", rest.display()))?;
    Ok(Some(Peeled { pairs, rest }))
}

fn write_pair(writer: &mut impl Write, user: u32, item: u32) -> std::io::Result<()> {
    writer.write_all(&user.to_le_bytes())?;
    writer.write_all(&item.to_le_bytes())
}

fn read_pairs(path: &Path, mut take: impl FnMut(u32, u32) -> std::io::Result<()>) -> anyhow::Result<()> {
    let read = || format!("read {}", path.display());
    let file = File::open(path).with_context(read)?;
    let left = file.metadata().with_context(read)?.len() / 8;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut pair = [0; 8];
    for _ in 0..left {
        reader.read_exact(&mut pair).with_context(read)?;
        let both = u64::from_le_bytes(pair);
        take(both as u32, (both >> 32) as u32).with_context(read)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    /// The same by its definition, in memory.
    fn core_by_definition(pairs: &BTreeSet<(usize, usize)>, k: usize) -> u64 {
        let mut left = pairs.clone();
        loop {
            let (mut users, mut items) = (BTreeMap::new(), BTreeMap::new());
            for (item, user) in &left {
                *users.entry(*user).or_insert(0) += 1;
                *items.entry(*item).or_insert(0) += 1;
            }
            let before = left.len();
            left.retain(|(item, user)| users[user] >= k && items[item] >= k);
            if left.len() == before {
                return before as u64;
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn cores_are_those_of_the_definition(rows in proptest::collection::vec((0_usize..8, 0_usize..12, any::<bool>()), 0..80)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("edges");
            let mut all: BTreeMap<(usize, usize), bool> = BTreeMap::new();
            all.extend(rows.iter().map(|(item, user, kept)| ((*item, *user), *kept)));
            let mut writer = EdgeWriter::create(&path).unwrap();
            for ((item, user), kept) in &all {
                writer.add(*user, *item, *kept).unwrap();
                writer.add(*user, *item, *kept).unwrap();
            }
            writer.finish().unwrap();
            for only_kept in [false, true] {
                let pairs = all.iter().filter(|(_, kept)| !only_kept || **kept).map(|(pair, _)| *pair).collect();
                for core in retention(&path, only_kept).unwrap() {
                    prop_assert_eq!(core.pairs, core_by_definition(&pairs, core.k as usize), "k = {}", core.k);
                }
            }
            prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }
}
