//! Whether the proof itself is right: how often its intervals hold the truth, how often it rejects fair
//! samples, and how often it sees through samples that are not fair.
//!
//! Every seed makes a population of its own with what makes real reviews hard: users and products of
//! long-tailed activity, ratings that depend on both, drift over time. `scripts/bench.sh sample` prints
//! the figures, and a test of this crate holds them.

use rayon::prelude::*;

use crate::{
    Params, Unit,
    census::{Census, Keys},
    dice::Dice,
    estimates::{Estimate, estimates},
    hashing::{Hasher, mix},
    layout::{Categories, Layout},
    review::{Review, pair},
    selection::{Decision, Selection},
    significance::{LEVEL, tests},
    tally::Tally,
};

/// Units whose samples are measured.
pub const UNITS: [Unit; 4] = [Unit::User, Unit::Asin, Unit::Row, Unit::UserItem];
/// Units that an unfair sample is said to be drawn by.
pub const CLAIMED: [Unit; 2] = [Unit::User, Unit::Asin];

/// Samples that are not fair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// The beginning of the table.
    FirstRows,
    /// The products with most reviews.
    HeadProducts,
    /// The reviews of the newest year.
    LastYear,
    /// A fair sample, and five-star reviews on top of it until their share is 2 points higher.
    SurplusFiveStars,
}

impl Control {
    /// Its name in figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstRows => "first_rows",
            Self::HeadProducts => "head_products",
            Self::LastYear => "last_year",
            Self::SurplusFiveStars => "surplus_five_stars",
        }
    }
}

/// Every unfair sample.
pub const CONTROLS: [Control; 4] =
    [Control::FirstRows, Control::HeadProducts, Control::LastYear, Control::SurplusFiveStars];

/// How large the populations are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Populations, and samples of each kind.
    pub seeds: u64,
    /// Users of a population.
    pub users: u32,
    /// Products of a population.
    pub items: u32,
    /// Rate of the fair samples.
    pub rate: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seeds: 200, users: 30_000, items: 4000, rate: 0.3 }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Share of the intervals that hold the truth, by [`UNITS`].
    pub coverage: [f64; 4],
    /// Share of the fair samples that are rejected, by [`UNITS`].
    pub false_alarms: [f64; 4],
    /// Share of the unfair samples that are rejected, by [`CONTROLS`] and [`CLAIMED`].
    pub rejected: [[f64; 2]; 4],
    /// Share of the intervals that hold the truth, by unit and name of the figure.
    pub coverage_of: Vec<(Unit, String, f64)>,
    /// Mean number of reviews of a population.
    pub reviews: f64,
}

/// What one seed gave.
struct Outcome {
    estimates: Vec<(Unit, Vec<Estimate>)>,
    alarms: [bool; 4],
    rejected: [[bool; 2]; 4],
    reviews: usize,
}

/// Measures the proof over many seeds, in parallel. The same settings give the same figures.
///
/// # Panics
/// Never: populations have users, products and reviews.
pub fn calibrate(settings: &Settings) -> Calibration {
    let outcomes: Vec<Outcome> = (0..settings.seeds).into_par_iter().map(|seed| outcome(settings, seed)).collect();
    let share = |of: &dyn Fn(&Outcome) -> bool| {
        outcomes.iter().filter(|outcome| of(outcome)).count() as f64 / outcomes.len().max(1) as f64
    };
    let mut coverage_of: Vec<(Unit, String, f64)> = Vec::new();
    for (unit, first) in outcomes.first().map_or(&[][..], |outcome| &outcome.estimates) {
        for (place, estimate) in first.iter().enumerate() {
            let is_inside = |outcome: &Outcome| {
                outcome.estimates.iter().any(|(other, found)| other == unit && found[place].inside == Some(true))
            };
            coverage_of.push((*unit, estimate.name.clone(), share(&is_inside)));
        }
    }
    let mean = |unit: Unit| {
        let of: Vec<f64> = coverage_of.iter().filter(|entry| entry.0 == unit).map(|entry| entry.2).collect();
        of.iter().sum::<f64>() / of.len().max(1) as f64
    };
    Calibration {
        coverage: UNITS.map(mean),
        false_alarms: std::array::from_fn(|unit| share(&|outcome| outcome.alarms[unit])),
        rejected: std::array::from_fn(|control| {
            std::array::from_fn(|claimed| share(&|outcome| outcome.rejected[control][claimed]))
        }),
        coverage_of,
        reviews: outcomes.iter().map(|outcome| outcome.reviews as f64).sum::<f64>() / outcomes.len().max(1) as f64,
    }
}

fn outcome(settings: &Settings, seed: u64) -> Outcome {
    let population = Population::new(settings, seed);
    let census = &population.census;
    let fair: Vec<(Selection, Vec<Estimate>, bool)> = UNITS
        .iter()
        .map(|unit| {
            let params = Params { unit: *unit, rate: settings.rate, seed, ..Params::default() };
            let selection =
                Selection::new(&params, census, |_| Ok(())).expect("rates need no further pass over the rows");
            let decide = |review: &Review, user, item| selection.decide(review, user, item);
            let (estimates, is_rejected) = population.judge(*unit, settings.rate, seed, &decide);
            (selection, estimates, is_rejected)
        })
        .collect();
    let alarms = std::array::from_fn(|unit| fair[unit].2);
    let rejected = CONTROLS.map(|control| {
        CLAIMED.map(|claimed| {
            let selection = &fair[UNITS.iter().position(|unit| *unit == claimed).unwrap_or(0)].0;
            let kept = population.unfair(control, selection, seed);
            population.rejects(claimed, &kept, seed)
        })
    });
    let estimates = UNITS.into_iter().zip(fair).map(|(unit, (_, estimates, _))| (unit, estimates)).collect();
    Outcome { estimates, alarms, rejected, reviews: population.reviews.len() }
}

/// A population and its census.
struct Population {
    reviews: Vec<Review>,
    /// User and product of each review, as the census numbers them.
    indices: Vec<(usize, usize)>,
    census: Census,
    layout: [Layout; 4],
}

impl Population {
    fn new(settings: &Settings, seed: u64) -> Self {
        let (reviews, category_of) = made_reviews(settings, seed);
        let mut census = Census::default();
        census.add(&reviews);
        let index = |keys: &Keys, hash| keys.index(hash).expect("the census has seen every review");
        let indices: Vec<(usize, usize)> = reviews
            .iter()
            .map(|review| (index(&census.users, review.user), index(&census.items, review.item)))
            .collect();
        let layout = UNITS.map(|unit| {
            let mut of = vec![0; census.items.len()];
            reviews.iter().zip(&indices).for_each(|(review, (_, item))| of[*item] = category_of(review.item));
            let names = (0..CATEGORIES).map(|category| category.to_string()).collect();
            Layout::new(&census, Categories { of, names }, unit)
        });
        Self { reviews, indices, census, layout }
    }

    /// Estimates from a sample, and whether the tests reject it.
    fn judge(
        &self,
        unit: Unit,
        share: f64,
        seed: u64,
        decide: &dyn Fn(&Review, usize, usize) -> Decision,
    ) -> (Vec<Estimate>, bool) {
        let layout = &self.layout[UNITS.iter().position(|other| *other == unit).unwrap_or(0)];
        let mut tally = Tally::new(unit, &self.census, layout, Some(share));
        for (review, (user, item)) in self.reviews.iter().zip(&self.indices) {
            tally.add(review, *user, *item, &decide(review, *user, *item));
        }
        tally.finish(|_| share);
        let is_rejected = tests(&tally, seed).iter().any(|test| test.adjusted < LEVEL);
        (estimates(&tally, None), is_rejected)
    }

    /// Whether the tests reject these rows as a sample by `unit`.
    fn rejects(&self, unit: Unit, kept: &[bool], seed: u64) -> bool {
        let share = kept.iter().filter(|kept| **kept).count() as f64 / kept.len() as f64;
        let number = std::cell::Cell::new(0);
        let decide = |_: &Review, _, _| {
            let keep = kept[number.replace(number.get() + 1)];
            Decision { keep, probability: share, sides: [keep, keep] }
        };
        self.judge(unit, share, seed, &decide).1
    }

    /// Which rows an unfair sample keeps.
    fn unfair(&self, control: Control, fair: &Selection, seed: u64) -> Vec<bool> {
        let rows = self.reviews.len();
        let wanted = (rows as f64 * fair.strata[0].probability) as usize;
        match control {
            Control::FirstRows => (0..rows).map(|row| row < wanted).collect(),
            Control::HeadProducts => {
                let mut items: Vec<usize> = (0..self.census.items.len()).collect();
                items.sort_by_key(|item| (std::cmp::Reverse(self.census.items.rows[*item]), *item));
                let (mut held, mut is_head) = (0, vec![false; items.len()]);
                for item in items {
                    is_head[item] = held < wanted;
                    held += self.census.items.rows[item] as usize;
                }
                self.indices.iter().map(|(_, item)| is_head[*item]).collect()
            }
            Control::LastYear => {
                let last = self.reviews.iter().map(|review| crate::census::year(review.time)).max();
                self.reviews.iter().map(|review| Some(crate::census::year(review.time)) == last).collect()
            }
            Control::SurplusFiveStars => {
                let decide =
                    |(review, (user, item)): (&Review, &(usize, usize))| fair.decide(review, *user, *item).keep;
                let mut kept: Vec<bool> = self.reviews.iter().zip(&self.indices).map(decide).collect();
                let five = |row: &usize| self.reviews[*row].rating >= 5.0;
                let count = kept.iter().filter(|kept| **kept).count() as f64;
                let share = (0..rows).filter(|row| kept[*row] && five(row)).count() as f64 / count;
                // (share · count + surplus) / (count + surplus) = share + 0.02
                let surplus = (0.02 * count / (0.98 - share)) as usize;
                let mut rest: Vec<usize> = (0..rows).filter(|row| !kept[*row] && five(row)).collect();
                rest.sort_by_key(|row| mix(*row as u64 ^ seed));
                rest.into_iter().take(surplus).for_each(|row| kept[row] = true);
                kept
            }
        }
    }
}

/// Categories of the products.
const CATEGORIES: u64 = 8;
/// 2012-01-01 and the days of seven years from there.
const START: i64 = 1_325_376_000;
const SPAN: f64 = 2557.0;

/// Reviews in the order of their products' keys, and the category of a product by its hash.
fn made_reviews(settings: &Settings, seed: u64) -> (Vec<Review>, impl Fn(u64) -> u8) {
    let mut dice = Dice::new(seed, 0);
    let mut keys = Hasher::new(seed);
    let items = settings.items as usize;
    // Keys are given in the order in which products come to the shop, as asins are.
    let launches: Vec<f64> = (0..items).map(|item| item as f64 / items as f64 * 0.9 * SPAN).collect();
    let qualities: Vec<f64> = (0..items).map(|_| dice.normal() * 0.5).collect();
    let mut ranks: Vec<usize> = (0..items).collect();
    (1..items).for_each(|place| ranks.swap(place, dice.below(place + 1)));
    let mut cumulative = Vec::with_capacity(items);
    let mut sum = 0.0;
    for rank in &ranks {
        sum += (*rank as f64 + 40.0).powf(-0.9);
        cumulative.push(sum);
    }
    let hashes: Vec<u64> = (0..items).map(|item| keys.item(&format!("B{item:09}"))).collect();
    let mut rows: Vec<(usize, Review)> = Vec::new();
    for user in 0..settings.users {
        let key = keys.user(&format!("A{user}"));
        let activity = (dice.normal() + 0.9).exp();
        let (mood, words) = (dice.normal() * 0.6, dice.normal() * 0.6);
        let joined = dice.unit() * SPAN;
        for _ in 0..=(activity as usize).min(300) {
            let drawn = dice.unit() * sum;
            let item = cumulative.partition_point(|upto| *upto < drawn).min(items - 1);
            let day = joined.max(launches[item]) + -dice.unit().max(1e-9).ln() * 200.0;
            let day = day.min(SPAN - 1.0 - dice.unit());
            let taste = 0.9 + mood + qualities[item] + dice.normal();
            let stars = 1 + [-1.0, -0.6, -0.1, 0.6].iter().filter(|bound| taste > **bound).count();
            let votes = if dice.unit() < 0.15 { (1.0 / dice.unit().max(1e-4)) as u32 } else { 0 };
            let verified = Some(dice.unit() < 0.5 + 0.4 * day / SPAN);
            let length = (4.5 + words + dice.normal()).exp() as u32;
            let time = START + (day * 86_400.0) as i64;
            let row = pair(key, hashes[item]);
            let item_hash = hashes[item];
            rows.push((
                item,
                Review { user: key, item: item_hash, row, rating: stars as f32, time, verified, votes, length },
            ));
        }
    }
    rows.sort_by_key(|(item, review)| (*item, review.user, review.time));
    let reviews: Vec<Review> = rows
        .into_iter()
        .enumerate()
        // Rows are units of their own: equal pairs get different hashes.
        .map(|(number, (_, review))| Review { row: mix(review.row ^ mix(number as u64)), ..review })
        .collect();
    (reviews, |item| (mix(item) % CATEGORIES) as u8)
}
