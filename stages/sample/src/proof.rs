//! The proof: four distributions of sample and population, each with its test.

use std::{collections::BTreeMap, ops::Range};

use pipeline::TableReader;
use reports::bins::{doubling_label, month_label};
use serde::{Deserialize, Serialize};

use crate::{
    Params,
    chi_square::{self, Covariance, pool, pooled},
    clusters::{self, Binning},
    selection::By,
    tally::{Pair, Tally},
    thinning,
};

/// How well a sample stands for the population: the content of `proof.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// What was kept or left out as a whole.
    pub by: By,
    /// Wanted share.
    pub ratio: f64,
    /// Seed of the choice.
    pub seed: u64,
    /// Size of the whole.
    pub population: Size,
    /// Size of the sample.
    pub sample: Size,
    /// One entry a distribution: rating, month, reviews a product, reviews a user.
    pub tests: Vec<Test>,
}

/// Size of a table of reviews.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Reviews.
    pub rows: u64,
    /// Users with a review.
    pub users: u64,
    /// Products with a review.
    pub items: u64,
}

/// One distribution of sample and population, compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// `rating`, `month`, `reviews-a-product` or `reviews-a-user`.
    pub name: String,
    /// Chi-square statistic, corrected for the way the sample was drawn.
    pub statistic: f64,
    /// Its degrees of freedom; a fraction where the correction is.
    pub degrees_of_freedom: f64,
    /// What the statistic was divided by: below 1 for the finite population, above it for clusters.
    pub scale: f64,
    /// How often a fair sample differs at least as much.
    pub p_value: f64,
    /// Cramér's V: size of the difference, whatever the number of rows.
    pub cramers_v: f64,
    /// Largest difference of the cumulative shares.
    pub max_difference: f64,
    /// Whether the distribution itself is expected to stay as it is. Where not, the sample is compared
    /// with what leaving out rows makes of the population.
    pub is_preserved: bool,
    /// Whether the p-value can be taken at its word.
    pub is_exact: bool,
    /// The bins as shown; those that expect too little are pooled for the test.
    pub bins: Vec<Bin>,
    /// Bins after pooling.
    pub pooled_bins: usize,
}

/// One bin of a distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// The value or values.
    pub label: String,
    /// Count in the population.
    pub population: u64,
    /// Count expected in a fair sample of this size.
    pub expected: f64,
    /// Count in the sample.
    pub sample: u64,
}

impl Proof {
    /// The smallest p-value that can be taken at its word.
    pub fn smallest_p_value(&self) -> f64 {
        self.tests.iter().filter(|test| test.is_exact).map(|test| test.p_value).fold(1.0, f64::min)
    }

    /// Whether the sample is the whole population.
    pub fn is_whole(&self) -> bool {
        self.sample.rows == self.population.rows
    }
}

/// Compares the four distributions. Reads the table once more where whole products or users were drawn.
pub(crate) fn prove(params: &Params, tally: &Tally, reader: &TableReader) -> anyhow::Result<Proof> {
    let rows = share(tally.sample.rows, tally.population.rows);
    let ratings = Values::new(&tally.ratings, rows);
    let months = Values::new(&tally.months, rows);
    let [of_ratings, of_months] = row_covariances(params, tally, reader, &ratings, &months)?;
    let stars = ratings.test("rating", stars_label, &of_ratings);
    let by_month = months.test("month", month_label, &of_months);
    let units = |name, by_count, by| unit_test(name, by_count, params.by, by, rows);
    let tests = vec![
        stars,
        by_month,
        units("reviews-a-product", &tally.reviews_of_item, By::Product),
        units("reviews-a-user", &tally.reviews_of_user, By::User),
    ];
    Ok(Proof {
        by: params.by,
        ratio: params.ratio,
        seed: params.seed,
        population: tally.population,
        sample: tally.sample,
        tests,
    })
}

/// How the counts of rows vary, by rating and by month.
fn row_covariances(
    params: &Params,
    tally: &Tally,
    reader: &TableReader,
    ratings: &Values,
    months: &Values,
) -> anyhow::Result<[Covariance; 2]> {
    let (whole, part) = match params.by {
        By::Product => (tally.population.items, tally.sample.items),
        By::User => (tally.population.users, tally.sample.users),
        By::Row => {
            let rest = 1.0 - share(tally.sample.rows, tally.population.rows);
            return Ok([ratings, months].map(|values| {
                let shares = pooled(&values.shares(), &values.groups);
                Covariance::of_draws(tally.sample.rows as f64, &shares, rest)
            }));
        }
    };
    let mut found = clusters::covariances(params, reader, whole, &ratings.binning(), &months.binning())?;
    let drawn = share(part, whole);
    for covariance in &mut found {
        covariance.multiply(drawn * (1.0 - drawn));
    }
    Ok(found)
}

/// A distribution of rows over values.
struct Values {
    keys: Vec<i64>,
    pairs: Vec<Pair>,
    expected: Vec<f64>,
    groups: Vec<Range<usize>>,
}

impl Values {
    fn new(counts: &BTreeMap<i64, Pair>, share: f64) -> Self {
        let pairs: Vec<Pair> = counts.values().copied().collect();
        let expected: Vec<f64> = pairs.iter().map(|pair| pair.population as f64 * share).collect();
        let groups = pool(&expected);
        Self { keys: counts.keys().copied().collect(), pairs, expected, groups }
    }

    fn shares(&self) -> Vec<f64> {
        let all: f64 = self.expected.iter().sum();
        self.expected.iter().map(|count| count / all.max(f64::MIN_POSITIVE)).collect()
    }

    fn binning(&self) -> Binning {
        Binning::new(&self.keys, &self.groups)
    }

    fn test(&self, name: &str, label: fn(i64) -> String, covariance: &Covariance) -> Test {
        let labels = self.keys.iter().map(|value| label(*value)).collect();
        assemble(name, labels, &self.pairs, &self.expected, &self.groups, covariance)
    }
}

/// The distribution of reviews a product or user.
fn unit_test(name: &str, by_count: &BTreeMap<u64, Pair>, drawn: By, unit: By, rows: f64) -> Test {
    let pairs = thinning::binned(by_count);
    if drawn == unit {
        // Units are drawn one by one, each with all its reviews.
        let kept = &pairs[1..];
        let (whole, part) = (sum(kept, |pair| pair.population), sum(kept, |pair| pair.sample));
        let expected: Vec<f64> = kept.iter().map(|pair| pair.population as f64 * part / whole.max(1.0)).collect();
        let groups = pool(&expected);
        let shares: Vec<f64> = pooled(&expected, &groups).iter().map(|count| count / part.max(1.0)).collect();
        let covariance = Covariance::of_draws(part, &shares, 1.0 - part / whole.max(1.0));
        let labels = (1..pairs.len()).map(doubling_label).collect();
        return assemble(name, labels, kept, &expected, &groups, &covariance);
    }
    let chances = thinning::chances(by_count, rows);
    let expected = thinning::expected(&chances);
    let groups = pool(&expected);
    let covariance = thinning::covariance(&chances, &groups);
    let labels = (0..pairs.len()).map(doubling_label).collect();
    let mut test = assemble(name, labels, &pairs, &expected, &groups, &covariance);
    test.is_preserved = rows >= 1.0;
    // Where whole products (users) are drawn, the users (products) gain and lose rows together.
    test.is_exact = drawn == By::Row || rows >= 1.0;
    test
}

fn assemble(
    name: &str,
    labels: Vec<String>,
    pairs: &[Pair],
    expected: &[f64],
    groups: &[Range<usize>],
    covariance: &Covariance,
) -> Test {
    let observed: Vec<f64> = pairs.iter().map(|pair| pair.sample as f64).collect();
    let (pooled_observed, pooled_expected) = (pooled(&observed, groups), pooled(expected, groups));
    let outcome = chi_square::test(&pooled_observed, &pooled_expected, covariance);
    let bins = labels
        .into_iter()
        .zip(pairs.iter().zip(expected))
        .map(|(label, (pair, expected))| Bin {
            label,
            population: pair.population,
            expected: *expected,
            sample: pair.sample,
        })
        .collect();
    Test {
        name: name.to_owned(),
        statistic: outcome.statistic,
        degrees_of_freedom: outcome.degrees_of_freedom,
        scale: outcome.scale,
        p_value: outcome.p_value,
        cramers_v: chi_square::cramers_v(&pooled_observed, &pooled_expected),
        max_difference: chi_square::max_difference(&observed, expected),
        is_preserved: true,
        is_exact: true,
        bins,
        pooled_bins: groups.len(),
    }
}

fn sum(pairs: &[Pair], of: fn(&Pair) -> u64) -> f64 {
    pairs.iter().map(of).sum::<u64>() as f64
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// `4` or `4.5`.
fn stars_label(half_stars: i64) -> String {
    if half_stars % 2 == 0 { (half_stars / 2).to_string() } else { format!("{}.5", half_stars / 2) }
}
