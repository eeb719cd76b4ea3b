//! Part (e) of the proof: whether recommenders rank alike on the sample and on all data.
//!
//! Several algorithms are fitted and measured by NDCG@10 (full ranking; each user's last review is to be
//! found), on all data and on nested samples of it. No k-core before or after: users with two reviews are
//! tested like all others (Beel and Brunel 2019). Kendall's tau-b compares the order of the algorithms;
//! its interval is a percentile bootstrap over test users. Work is bounded: above `model_rows` reviews
//! "all data" is a part of all users, chosen by another hash than the sample.

use std::collections::{BTreeMap, HashMap};

use recommender::{
    Algorithm, Fit, Interaction, Interactions,
    algorithms::{als, biased_mf, item_knn, popularity},
    evaluation::evaluate,
};
use serde::{Deserialize, Serialize};

use crate::{
    Unit,
    census::Census,
    dice::Dice,
    hashing::{cut, mix},
    review::Review,
};

/// Rates of the nested samples.
const RATES: [f64; 5] = [0.05, 0.1, 0.25, 0.5, 1.0];
/// Fewest test users that a figure rests on.
const FEWEST_USERS: usize = 50;
/// Most test users of one evaluation, chosen by hash.
const MOST_USERS: usize = 2000;
/// Draws of the bootstrap.
const DRAWS: usize = 999;
/// Length of the lists.
const K: u32 = 10;

/// How recommenders do on the sample and on all data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Models {
    /// Reviews that stand for all data here.
    pub reviews: u64,
    /// Whether they are all reviews.
    pub is_complete: bool,
    /// What is measured.
    pub metric: String,
    /// The algorithms; all lists below are in this order.
    pub algorithms: Vec<String>,
    /// On all data.
    pub all: ModelPoint,
    /// On the sample; none where it has too few test users.
    pub sample: Option<ModelPoint>,
    /// Kendall's tau-b of the two orders: 1 where they are the same.
    pub tau: Option<f64>,
    /// Its 95 % interval.
    pub tau_interval: Option<[f64; 2]>,
    /// The metric on nested samples by the same unit and seed, by ascending rate.
    pub curve: Vec<ModelPoint>,
}

/// The metric of every algorithm on one set of reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelPoint {
    /// Share of the units; that of the rows for the sample itself.
    pub rate: f64,
    /// Reviews, of users and products, without repeated ones.
    pub reviews: u64,
    /// Users whose last review was to be found.
    pub test_users: u64,
    /// Mean of the metric over them.
    pub values: Vec<f64>,
}

/// A review that takes part.
struct Row {
    user: u64,
    item: u64,
    hash: u64,
    rating: f32,
    time: i64,
    is_kept: bool,
}

/// Reviews of the users that take part, gathered while the table is read.
pub(crate) struct ModelRows {
    rows: Vec<Row>,
    cut: u128,
    is_complete: bool,
}

impl ModelRows {
    /// Room for about `most` reviews of the population.
    pub(crate) fn new(most: u64, census: &Census) -> Self {
        let share = most as f64 / census.rows.max(1) as f64;
        Self { rows: Vec::new(), cut: cut(share), is_complete: share >= 1.0 }
    }

    /// Takes a review if its user takes part.
    pub(crate) fn add(&mut self, review: &Review, is_kept: bool) {
        if u128::from(mix(review.user)) < self.cut {
            let Review { user, item, row: hash, rating, time, .. } = *review;
            self.rows.push(Row { user, item, hash, rating, time, is_kept });
        }
    }

    /// Fits and measures; none where not even all data has enough test users.
    pub(crate) fn compare(&self, unit: Unit, seed: u64) -> anyhow::Result<Option<Models>> {
        let algorithms = algorithms(seed);
        let measure =
            |is_in: &dyn Fn(&Row) -> bool| Measured::new(self.rows.iter().filter(|row| is_in(row)), &algorithms);
        let mut curve = Vec::new();
        let mut all = None;
        for rate in RATES {
            let below = cut(rate);
            let both_below = cut(rate.sqrt());
            let is_in = |row: &Row| match unit {
                Unit::User => u128::from(row.user) < below,
                Unit::Asin => u128::from(row.item) < below,
                Unit::Row => u128::from(row.hash) < below,
                Unit::UserItem => u128::from(row.user) < both_below && u128::from(row.item) < both_below,
            };
            if let Some(measured) = measure(&is_in)? {
                curve.push(measured.point(rate));
                all = Some(measured).filter(|_| rate >= 1.0);
            }
        }
        let Some(all) = all else { return Ok(None) };
        let sample = measure(&|row| row.is_kept)?;
        let kept = self.rows.iter().filter(|row| row.is_kept).count() as f64 / self.rows.len().max(1) as f64;
        let interval = sample.as_ref().map(|sample| tau_interval(&all, sample, seed));
        Ok(Some(Models {
            reviews: self.rows.len() as u64,
            is_complete: self.is_complete,
            metric: format!("ndcg@{K}"),
            algorithms: algorithms.into_iter().map(|(name, _)| name.to_owned()).collect(),
            tau: sample.as_ref().map(|sample| tau_b(&all.means(), &sample.means())),
            tau_interval: interval,
            sample: sample.map(|sample| sample.point(kept)),
            all: all.point(1.0),
            curve,
        }))
    }
}

/// The algorithms that are compared: of every family one or two.
fn algorithms(seed: u64) -> Vec<(&'static str, Algorithm)> {
    let knn = |neighbors| Algorithm::ItemKnn(item_knn::Parameters { neighbors, ..item_knn::Parameters::default() });
    let als = |factors, regularization| {
        Algorithm::Als(als::Parameters { factors, regularization, seed, ..als::Parameters::default() })
    };
    vec![
        ("popularity", Algorithm::Popularity(popularity::Parameters::default())),
        ("item-knn, 200 neighbors", knn(200)),
        ("item-knn, 10 neighbors", knn(10)),
        ("als, 8 factors", als(8, 60.0)),
        ("als, 32 factors", als(32, 20.0)),
        ("biased-mf", Algorithm::BiasedMf(biased_mf::Parameters { seed, ..biased_mf::Parameters::default() })),
    ]
}

/// The metric of every test user and algorithm.
struct Measured {
    reviews: usize,
    users: Vec<Vec<f64>>,
}

impl Measured {
    fn new<'a>(rows: impl Iterator<Item = &'a Row>, algorithms: &[(&str, Algorithm)]) -> anyhow::Result<Option<Self>> {
        let (train, test, reviews) = split(rows);
        let mut users: Vec<Vec<f64>> = Vec::new();
        for (_, algorithm) in algorithms {
            if train.is_empty() {
                return Ok(None);
            }
            let model = algorithm.fit(&train)?;
            let found = evaluate(model.as_ref(), &train, &test, &[K]);
            let Some(place) = found.metrics.iter().position(|name| *name == format!("ndcg@{K}")) else {
                anyhow::bail!("the evaluation gives no ndcg@{K}");
            };
            users.resize(found.users.len(), Vec::new());
            users.iter_mut().zip(&found.users).for_each(|(user, found)| user.push(f64::from(found.values[place])));
        }
        Ok((users.len() >= FEWEST_USERS).then_some(Self { reviews, users }))
    }

    fn means(&self) -> Vec<f64> {
        mean_of(self.users.iter())
    }

    fn point(&self, rate: f64) -> ModelPoint {
        ModelPoint { rate, reviews: self.reviews as u64, test_users: self.users.len() as u64, values: self.means() }
    }

    /// The means over as many users, drawn with replacement.
    fn resampled(&self, dice: &mut Dice) -> Vec<f64> {
        let drawn: Vec<usize> = self.users.iter().map(|_| dice.below(self.users.len())).collect();
        mean_of(drawn.iter().map(|user| &self.users[*user]))
    }
}

fn mean_of<'a>(users: impl ExactSizeIterator<Item = &'a Vec<f64>>) -> Vec<f64> {
    let count = users.len().max(1) as f64;
    let mut means = Vec::new();
    for user in users {
        means.resize(user.len(), 0.0);
        means.iter_mut().zip(user).for_each(|(mean, value)| *mean += value / count);
    }
    means
}

/// Training data and each test user's last review; how many reviews there are without repeated ones.
fn split<'a>(rows: impl Iterator<Item = &'a Row>) -> (Interactions, Interactions, usize) {
    let mut by_user: BTreeMap<u64, BTreeMap<u64, (i64, f32)>> = BTreeMap::new();
    let mut items: BTreeMap<u64, u32> = BTreeMap::new();
    for row in rows {
        let latest = by_user.entry(row.user).or_default().entry(row.item).or_insert((row.time, row.rating));
        if row.time >= latest.0 {
            *latest = (row.time, row.rating);
        }
        items.insert(row.item, 0);
    }
    items.values_mut().enumerate().for_each(|(number, index)| *index = number as u32);
    let items: HashMap<u64, u32> = items.into_iter().collect();
    let mut testable: Vec<u64> = by_user.iter().filter(|(_, own)| own.len() > 1).map(|(user, _)| *user).collect();
    testable.sort_unstable_by_key(|user| mix(!user));
    testable.truncate(MOST_USERS);
    testable.sort_unstable();
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for (index, (user, own)) in by_user.iter().enumerate() {
        let last = own.iter().max_by_key(|(item, (time, _))| (*time, **item)).map(|(item, _)| *item);
        for (item, (time, rating)) in own {
            let entry =
                (index as u32, Interaction { item: items[item], weight: *rating, time: Interaction::time_of(*time) });
            let is_test = last == Some(*item) && testable.binary_search(user).is_ok();
            if is_test { test.push(entry) } else { train.push(entry) }
        }
    }
    let of = |pairs: &[(u32, Interaction)]| Interactions::from_pairs(by_user.len(), items.len(), pairs);
    (of(&train), of(&test), train.len() + test.len())
}

/// Kendall's tau-b of two lists of values: 1 for the same order, −1 for the opposite one, 0 where one
/// list has no order at all.
fn tau_b(a: &[f64], b: &[f64]) -> f64 {
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for i in 0..a.len() {
        for j in 0..i {
            let sign = |x: f64, y: f64| x.partial_cmp(&y).map_or(0.0, |order| f64::from(order as i8));
            let (first, second) = (sign(a[i], a[j]), sign(b[i], b[j]));
            both += first * second;
            of_a += first * first;
            of_b += second * second;
        }
    }
    if of_a > 0.0 && of_b > 0.0 { both / f64::sqrt(of_a * of_b) } else { 0.0 }
}

fn tau_interval(all: &Measured, sample: &Measured, seed: u64) -> [f64; 2] {
    let mut dice = Dice::new(seed, 4);
    let mut taus: Vec<f64> =
        (0..DRAWS).map(|_| tau_b(&all.resampled(&mut dice), &sample.resampled(&mut dice))).collect();
    taus.sort_unstable_by(f64::total_cmp);
    [taus[DRAWS * 25 / 1000], taus[DRAWS * 975 / 1000]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tau_by_hand() {
        let close = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-12, "{found} instead of {wanted}");
        close(tau_b(&[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0]), 1.0);
        close(tau_b(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), -1.0);
        // Pairs 12 and 13 agree, 23 is tied in b: 2 / sqrt(3 x 2).
        close(tau_b(&[1.0, 2.0, 3.0], &[1.0, 2.0, 2.0]), 2.0 / 6.0_f64.sqrt());
        close(tau_b(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
    }

    #[test]
    fn the_last_review_of_everyone_with_two_is_to_be_found() {
        let row = |user, item, time| Row { user, item, hash: 0, rating: 4.0, time, is_kept: true };
        // User 1 has two products (one twice), user 2 one.
        let rows = [row(1, 7, 5), row(1, 8, 9), row(1, 8, 3), row(2, 8, 1)];
        let (train, test, reviews) = split(rows.iter());
        assert_eq!((train.len(), test.len(), reviews), (2, 1, 3));
        assert_eq!(test.history(0)[0].item, 1);
        assert!(test.history(1).is_empty());
    }
}
