//! Which reviews have the same text, or nearly.

use std::collections::BTreeSet;

use reports::bins::{doubling, doubling_label};

use super::{Cluster, Copies, CopyTotals, SizeBin};
use crate::{
    data::{Data, Texts, band},
    formulas::{components::Components, groups::for_each_group},
};

/// Fewest words of a text that is looked at.
const SHORTEST: u32 = 8;

/// Clusters that are told one by one. Each example of a text costs some megabytes of reading.
const TOLD: usize = 5;
const TOLD_NEAR: usize = 3;

/// Characters of an example.
const SHOWN: usize = 300;

pub fn measure(data: &Data, texts: &Texts) -> anyhow::Result<Copies> {
    let rows: Vec<u32> = (0..data.reviews.len() as u32)
        .filter(|row| texts.hash[*row as usize] != 0 && texts.words(*row as usize) >= Some(SHORTEST))
        .collect();
    let mut exact = Found::default();
    let mut sets = Components::new(data.reviews.len());
    for_each_group(
        rows.iter().copied(),
        |row| texts.hash[row as usize],
        |group| {
            exact.add(data, group);
            group[1..].iter().for_each(|row| sets.join(group[0], *row));
        },
    );
    join_near(texts, &rows, &mut sets);
    let mut near = near_clusters(data, texts, &rows, &mut sets);
    let (mut largest, mut largest_near) = (exact.largest(TOLD), near.largest(TOLD_NEAR));
    let shown: Vec<u32> =
        largest.iter().map(|rows| rows[0]).chain(largest_near.iter().flat_map(|rows| rows[..2].to_vec())).collect();
    let told: Option<Vec<String>> =
        texts.examples(&shown)?.map(|texts| texts.into_iter().map(|text| beginning(text.text.as_deref())).collect());
    let example = |places: std::ops::Range<usize>| told.as_ref().map_or_else(Vec::new, |told| told[places].to_vec());
    let count = largest.len();
    let cluster = |rows: &Vec<u32>, examples| Cluster::of(data, texts, rows, examples);
    Ok(Copies {
        shortest: SHORTEST,
        texts: rows.len() as u64,
        exact: exact.totals,
        near: near.totals,
        sizes: exact.size_bins(),
        largest: largest.drain(..).enumerate().map(|(place, rows)| cluster(&rows, example(place..place + 1))).collect(),
        largest_near: largest_near
            .drain(..)
            .enumerate()
            .map(|(place, rows)| cluster(&rows, example(count + 2 * place..count + 2 * place + 2)))
            .collect(),
    })
}

/// Joins texts that agree in three of the four parts of their signature.
fn join_near(texts: &Texts, rows: &[u32], sets: &mut Components) {
    for left_out in 0..4 {
        let key = |row: u32| band(texts.signature[row as usize], left_out);
        // One of each exact copy stands for all of them.
        let firsts: Vec<u32> =
            rows.iter().copied().filter(|row| sets.find(*row) == *row && key(*row).is_some()).collect();
        for_each_group(
            firsts.into_iter(),
            |row| key(row).unwrap_or_default(),
            |group| {
                group[1..].iter().for_each(|row| sets.join(group[0], *row));
            },
        );
    }
}

/// Clusters of near copies; those whose texts are all the same are counted, but not told.
fn near_clusters(data: &Data, texts: &Texts, rows: &[u32], sets: &mut Components) -> Found {
    let mut roots = vec![0_u32; data.reviews.len()];
    for row in rows {
        roots[*row as usize] = sets.find(*row);
    }
    let mut near = Found::default();
    // The root in both halves of the key.
    let key = |row: u32| u64::from(roots[row as usize]) << 32 | u64::from(roots[row as usize]);
    for_each_group(rows.iter().copied(), key, |group| {
        let hash = |row: &u32| texts.hash[*row as usize];
        match group.iter().find(|row| hash(row) != hash(&group[0])) {
            None => near.count(data, group),
            Some(other) => {
                // The first two differ, so that the example shows it.
                let mut group = group.to_vec();
                let place = group.iter().position(|row| row == other).unwrap_or_default();
                group.swap(1, place);
                near.add(data, &group);
            }
        }
    });
    near
}

/// Clusters found so far.
#[derive(Default)]
struct Found {
    totals: CopyTotals,
    bins: Vec<u64>,
    kept: Vec<Vec<u32>>,
}

impl Found {
    fn add(&mut self, data: &Data, rows: &[u32]) {
        self.count(data, rows);
        self.kept.push(rows.to_vec());
        if self.kept.len() > 64 {
            self.trim(16);
        }
    }

    fn count(&mut self, data: &Data, rows: &[u32]) {
        let mut users: Vec<u32> = rows.iter().map(|row| data.reviews.user[*row as usize]).collect();
        users.sort_unstable();
        users.dedup();
        self.totals.clusters += 1;
        self.totals.reviews += rows.len() as u64;
        self.totals.of_same_user += (rows.len() - users.len()) as u64;
        self.totals.largest = self.totals.largest.max(rows.len() as u64);
        let bin = doubling(rows.len() as u64);
        self.bins.resize(self.bins.len().max(bin + 1), 0);
        self.bins[bin] += 1;
    }

    /// Keeps the largest; of equally large ones that with the first row.
    fn trim(&mut self, count: usize) {
        self.kept.sort_by_key(|rows| (std::cmp::Reverse(rows.len()), rows[0]));
        self.kept.truncate(count);
    }

    fn largest(&mut self, count: usize) -> Vec<Vec<u32>> {
        self.trim(count);
        std::mem::take(&mut self.kept)
    }

    fn size_bins(&self) -> Vec<SizeBin> {
        // A cluster has two reviews at least: the first two bins are empty.
        let named = self.bins.iter().enumerate().skip(2);
        named.map(|(bin, clusters)| SizeBin { reviews: doubling_label(bin), clusters: *clusters }).collect()
    }
}

impl Cluster {
    fn of(data: &Data, texts: &Texts, rows: &[u32], examples: Vec<String>) -> Self {
        let reviews = &data.reviews;
        let distinct = |of: &[u32]| rows.iter().map(|row| of[*row as usize]).collect::<BTreeSet<u32>>().len() as u64;
        let times = || rows.iter().map(|row| reviews.time[*row as usize]);
        let stars: f64 = rows.iter().map(|row| f64::from(reviews.rating[*row as usize])).sum();
        Self {
            reviews: rows.len() as u64,
            users: distinct(&reviews.user),
            items: distinct(&reviews.item),
            mean_rating: stars / rows.len() as f64,
            first: times().min().unwrap_or_default(),
            last: times().max().unwrap_or_default(),
            words: texts.words(rows[0] as usize).unwrap_or_default(),
            examples,
        }
    }
}

/// The beginning of a text, in one line.
fn beginning(text: Option<&str>) -> String {
    let words: Vec<&str> = text.unwrap_or_default().split_whitespace().collect();
    let line = words.join(" ");
    let mut shown: String = line.chars().take(SHOWN).collect();
    if line.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Params,
        chapters::Chapter,
        data::fixture::{Fixture, data_with_texts, row},
    };

    const SAME: &str = "these strings sound warm and they last long";

    #[test]
    fn clusters_by_hand() {
        let long: Vec<String> = (0..60).map(|word| format!("w{word}")).collect();
        let mut other = long.clone();
        other[59] = "end".to_owned();
        let data = data_with_texts(&[
            row("u", "a", 5.0, 1).says(SAME),
            row("u", "b", 4.0, 9).says("These strings sound warm, and they last long!"),
            row("v", "a", 3.0, 5).says(SAME),
            row("w", "a", 3.0, 5).says("good"),
            row("x", "a", 3.0, 5).says("good"),
            row("y", "a", 1.0, 5).says(&long.join(" ")),
            row("z", "b", 1.0, 5).says(&other.join(" ")),
        ]);
        let copies = Copies::measure(&data, &Params::default()).unwrap().unwrap();
        assert_eq!(copies.texts, 5, "two are too short");
        let exact = CopyTotals { clusters: 1, reviews: 3, of_same_user: 1, largest: 3 };
        assert_eq!((copies.exact, copies.near), (exact, CopyTotals { clusters: 2, reviews: 5, ..exact }));
        let largest = &copies.largest[0];
        assert_eq!((largest.reviews, largest.users, largest.items, largest.words), (3, 2, 2, 8));
        assert_eq!((largest.mean_rating, largest.first, largest.last), (4.0, 1, 9));
        assert_eq!(largest.examples, [SAME]);
        assert_eq!(copies.largest_near.len(), 1, "the exact one is not told twice");
        assert!(copies.largest_near[0].examples[1].ends_with("end"));
        assert_eq!((copies.sizes.last().unwrap().reviews.as_str(), copies.sizes.last().unwrap().clusters), ("3–4", 1));
    }

    #[test]
    fn no_text_is_shown_when_redacted() {
        let rows = vec![row("u", "a", 5.0, 1).says(SAME), row("v", "a", 5.0, 1).says(SAME)];
        let fixture = Fixture { rows, has_texts: true, ..Fixture::default() };
        let params = Params { redact: true, ..Params::default() };
        let copies = Copies::measure(&fixture.data(&params), &params).unwrap().unwrap();
        assert!(copies.largest[0].examples.is_empty() && copies.exact.reviews == 2);
    }
}
