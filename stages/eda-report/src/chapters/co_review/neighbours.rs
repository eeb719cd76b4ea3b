//! Degrees and clustering of products.

use rayon::prelude::*;
use reports::bins::{doubling, doubling_label};

use super::{DegreeBin, Neighbours, co_reviewed};
use crate::{
    data::{Data, Reviews},
    formulas::{
        intervals::Sums,
        sampling::{sample, scrambled},
    },
};

/// Products that are looked at, where they are not all.
const ITEMS: usize = 1000;

/// Pairs of neighbours that are looked at for each of them.
const PAIRS: u64 = 6;

/// Of users with more reviews so many are looked at.
const HEAVY: usize = 200;

/// Data is small, and everything exact, up to so many products, and so many pairs of reviews of one user.
const SMALL_ITEMS: usize = 2000;
const SMALL_PAIRS: u64 = 500_000;

/// A product: how many neighbours, and how many of its looked at pairs of neighbours are neighbours themselves.
#[derive(Clone, Copy)]
struct Seen {
    degree: u32,
    closed: u64,
    pairs: u64,
}

pub fn measure(data: &Data, seed: u64) -> Neighbours {
    let items = data.items.len();
    let pairs: u64 = data.users.reviews.iter().map(|reviews| u64::from(*reviews).pow(2)).sum();
    let is_exact = items <= SMALL_ITEMS && pairs <= SMALL_PAIRS;
    let chosen = if is_exact { (0..items as u32).collect() } else { sample(items, ITEMS, seed) };
    let found: Vec<Seen> = chosen
        .par_iter()
        .map_init(
            || [Stamps::new(items), Stamps::new(items)],
            |stamps, item| {
                if is_exact { exact(&data.reviews, *item, stamps) } else { sampled(&data.reviews, *item, seed, stamps) }
            },
        )
        .collect();
    let (mut degrees, mut clustering) = (Sums::default(), Sums::default());
    for seen in &found {
        degrees.add(f64::from(seen.degree));
        if seen.pairs > 0 {
            clustering.add(seen.closed as f64 / seen.pairs as f64);
        }
    }
    let [closed, open] =
        [|seen: &Seen| seen.closed, |seen: &Seen| seen.pairs].map(|of| found.iter().map(of).sum::<u64>());
    let estimated = |interval: Option<[f64; 2]>| interval.filter(|_| !is_exact);
    let (quantiles, by_degree) = spread(found.iter().map(|seen| seen.degree).collect());
    Neighbours {
        looked_at: found.len() as u64,
        is_exact,
        heavy_from: HEAVY as u32,
        heavy_users: data.users.reviews.iter().filter(|reviews| **reviews as usize > HEAVY).count() as u64,
        mean_degree: degrees.mean().unwrap_or_default(),
        mean_degree_interval: estimated(degrees.interval()),
        degrees: quantiles,
        isolated: found.iter().filter(|seen| seen.degree == 0).count() as u64,
        by_degree,
        clustering: clustering.mean(),
        clustering_interval: estimated(clustering.interval()),
        transitivity: (is_exact && open > 0).then(|| closed as f64 / open as f64),
    }
}

/// Which items were seen since the last clearing.
struct Stamps {
    stamp: Vec<u32>,
    now: u32,
    list: Vec<u32>,
}

impl Stamps {
    fn new(items: usize) -> Self {
        Self { stamp: vec![0; items], now: 0, list: Vec::new() }
    }

    /// Finds the neighbours of an item, looking at no more than `most` reviews of a user.
    fn visit(&mut self, reviews: &Reviews, item: u32, most: usize) {
        self.now += 1;
        self.list.clear();
        self.stamp[item as usize] = self.now;
        let users = &reviews.user[reviews.of_item(item)];
        // A user with several reviews of the item stands in a run.
        for (place, user) in users.iter().enumerate() {
            if place > 0 && users[place - 1] == *user {
                continue;
            }
            let rows = reviews.of_user(*user);
            let step = rows.len().div_ceil(most);
            for row in rows.iter().step_by(step) {
                let other = reviews.item[*row as usize];
                if self.stamp[other as usize] != self.now {
                    self.stamp[other as usize] = self.now;
                    self.list.push(other);
                }
            }
        }
    }

    fn has(&self, item: u32) -> bool {
        self.stamp[item as usize] == self.now
    }
}

fn exact(reviews: &Reviews, item: u32, [stamps, others]: &mut [Stamps; 2]) -> Seen {
    stamps.visit(reviews, item, usize::MAX);
    let degree = stamps.list.len() as u64;
    let mut closed = 0;
    for neighbour in &stamps.list {
        others.visit(reviews, *neighbour, usize::MAX);
        closed += others.list.iter().filter(|other| **other != item && stamps.has(**other)).count() as u64;
    }
    Seen { degree: degree as u32, closed, pairs: degree * degree.saturating_sub(1) }
}

fn sampled(reviews: &Reviews, item: u32, seed: u64, [stamps, _]: &mut [Stamps; 2]) -> Seen {
    stamps.visit(reviews, item, HEAVY);
    let degree = stamps.list.len() as u64;
    if degree < 2 {
        return Seen { degree: degree as u32, closed: 0, pairs: 0 };
    }
    let is_closed = |pair: &u64| {
        let dice = scrambled(scrambled(seed ^ u64::from(item)) ^ pair);
        let one = (dice >> 32) % degree;
        let other = (one + 1 + (dice & 0xFFFF_FFFF) % (degree - 1)) % degree;
        co_reviewed(reviews, stamps.list[one as usize], stamps.list[other as usize])
    };
    Seen { degree: degree as u32, closed: (0..PAIRS).filter(is_closed).count() as u64, pairs: PAIRS }
}

/// Quantiles: the smallest value that at least so many do not exceed; and doubling bins.
fn spread(mut degrees: Vec<u32>) -> ([u32; 6], Vec<DegreeBin>) {
    degrees.sort_unstable();
    let level = |share: f64| degrees[((degrees.len() as f64 * share).ceil() as usize).max(1) - 1];
    let mut bins: Vec<u64> = Vec::new();
    for degree in &degrees {
        let bin = doubling(u64::from(*degree));
        bins.resize(bins.len().max(bin + 1), 0);
        bins[bin] += 1;
    }
    let quantiles = if degrees.is_empty() { [0; 6] } else { [0.05, 0.25, 0.5, 0.75, 0.95, 1.0].map(level) };
    let named = bins.into_iter().enumerate();
    (quantiles, named.map(|(bin, items)| DegreeBin { neighbours: doubling_label(bin), items }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{Row, data, row};

    fn rows(pairs: &[(&str, &str)]) -> Vec<Row> {
        pairs.iter().map(|(user, item)| row(user, item, 5.0, 0)).collect()
    }

    #[test]
    fn neighbours_by_hand() {
        // u reviews a, b, c: a triangle; v joins c and d; e is alone.
        let data = data(&rows(&[("u", "a"), ("u", "b"), ("u", "c"), ("v", "c"), ("v", "d"), ("v", "d"), ("w", "e")]));
        let found = measure(&data, 1);
        assert_eq!((found.is_exact, found.looked_at, found.isolated, found.degrees[5]), (true, 5, 1, 3));
        assert!((found.mean_degree - 8.0 / 5.0).abs() < 1e-12);
        // a and b: 1; c: one of three pairs; d has one neighbour only. Closed 2 + 2 + 2 of 2 + 2 + 6.
        assert!((found.clustering.unwrap() - (1.0 + 1.0 + 1.0 / 3.0) / 3.0).abs() < 1e-12);
        assert!((found.transitivity.unwrap() - 0.6).abs() < 1e-12);
        assert_eq!((found.clustering_interval, found.by_degree[0].items), (None, 1));
    }

    #[test]
    fn a_sample_sees_the_same_neighbours_and_the_seed_decides() {
        let data = data(&rows(&[("u", "a"), ("u", "b"), ("u", "c"), ("v", "c"), ("v", "d")]));
        let mut stamps = [Stamps::new(4), Stamps::new(4)];
        for item in 0..4 {
            let (all, some) = (exact(&data.reviews, item, &mut stamps), sampled(&data.reviews, item, 1, &mut stamps));
            assert_eq!(all.degree, some.degree);
            if all.closed == all.pairs {
                assert_eq!(some.closed, some.pairs, "every pair is closed, whichever is drawn");
            }
        }
        let reviews = &data.reviews;
        let of = |seed| {
            (0..40).map(move |item| sampled(reviews, item % 4, seed, &mut [Stamps::new(4), Stamps::new(4)]).closed)
        };
        assert_eq!(of(3).collect::<Vec<_>>(), of(3).collect::<Vec<_>>());
    }
}
