//! Part (a) of the proof: how far each distribution is from the population's, with an upper bound.
//!
//! The kept units are taken as a draw from an unknown distribution `Q`; the bound is for the distance of
//! `Q` from the population `P`. It is the 95 % quantile of `d(q + noise, P)`, with `q` the sample and
//! normal noise of a fair sample's covariance. All distances here are convex in `q`, so the bound holds
//! at least 95 % of the time: with `g` a slope of `d` at `Q`, `d(q + noise) ≥ d(Q) + g (q − Q + noise)`.

use serde::{Deserialize, Serialize};

use crate::{
    Tolerances, Unit,
    census::degrees,
    design::{Noise, all_shares},
    dice::Dice,
    distances::{deviation, kolmogorov_smirnov, shares, stability_index, total_variation, wasserstein},
    layout::{Scale, Variable},
    tally::{Known, Tally},
    thinning,
};

/// Draws of noise for a bound.
const DRAWS: usize = 999;
/// 95 % quantile of Student's t with 63 degrees of freedom over that of the normal distribution.
const STUDENT: f64 = 1.6694 / 1.6449;
/// Rows that a bin should have in the sample; neighbouring bins with fewer are taken together.
const SMALLEST_BIN: f64 = 5.0;

/// A distance between sample and population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Total variation distance.
    TotalVariation,
    /// Population stability index.
    Psi,
    /// Kolmogorov-Smirnov D.
    Ks,
    /// Wasserstein-1 distance in standard deviations of the population.
    Wasserstein,
}

/// How far one distribution is from the population's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// What is distributed, such as `rating`.
    pub variable: String,
    /// How the distance is measured.
    pub measure: Measure,
    /// The distance of this sample.
    pub value: f64,
    /// Upper 95 % bound; none where the design changes the distribution.
    pub upper: Option<f64>,
    /// What the bound must not pass.
    pub tolerance: f64,
    /// Whether it does not; none where the design changes the distribution.
    pub within: Option<bool>,
    /// What a fair draw makes of the distance, where the design changes the distribution and that is known.
    pub expected: Option<f64>,
}

/// One distance to be bounded: of which variable, by which measure.
struct Wanted<'a> {
    variable: &'a Variable,
    measure: Measure,
    /// Population shares of its bins.
    population: Vec<f64>,
    /// Bins taken together, for the stability index.
    groups: Vec<usize>,
    /// What the distance is divided by.
    scale: f64,
}

impl Wanted<'_> {
    fn distance(&self, sample: &[f64]) -> f64 {
        let values: &[f64] = match &self.variable.scale {
            Scale::Ordered(values) => values,
            Scale::Nominal(_) => &[],
        };
        match self.measure {
            Measure::TotalVariation => total_variation(sample, &self.population),
            Measure::Psi => stability_index(&pooled(sample, &self.groups), &pooled(&self.population, &self.groups)),
            Measure::Ks => kolmogorov_smirnov(sample, &self.population),
            Measure::Wasserstein => wasserstein(values, sample, &self.population) / self.scale,
        }
    }
}

/// The distances of all variables that are more than one value in the population.
pub(crate) fn effects(tally: &Tally<'_>, tolerances: &Tolerances, seed: u64) -> Vec<Effect> {
    let wanted = wanted(tally);
    let sample = all_shares(tally.layout, &tally.estimate);
    let draws = noisy_distances(&wanted, &sample, &Noise::new(tally), seed);
    let mut effects: Vec<Effect> = wanted
        .iter()
        .zip(draws)
        .map(|(wanted, mut draws)| {
            let in_cells = wanted.distance(&sample[wanted.variable.bins.clone()]);
            let value = exact(tally, wanted).unwrap_or(in_cells);
            draws.sort_unstable_by(f64::total_cmp);
            let upper = value + (draws[DRAWS * 95 / 100] - in_cells).max(0.0);
            let tolerance = tolerance(tolerances, wanted.measure);
            let within = upper <= tolerance;
            Effect {
                variable: wanted.variable.name.to_owned(),
                measure: wanted.measure,
                value,
                upper: Some(upper),
                tolerance,
                within: Some(within),
                expected: None,
            }
        })
        .collect();
    effects.extend(changed_degrees(tally, tolerances));
    effects
}

fn tolerance(tolerances: &Tolerances, measure: Measure) -> f64 {
    match measure {
        Measure::TotalVariation => tolerances.total_variation,
        Measure::Psi => tolerances.psi,
        Measure::Ks => tolerances.ks,
        Measure::Wasserstein => tolerances.wasserstein,
    }
}

fn wanted<'a>(tally: &'a Tally<'_>) -> Vec<Wanted<'a>> {
    let mut wanted = Vec::new();
    for variable in &tally.layout.variables {
        let counts = &tally.population[variable.bins.clone()];
        if counts.iter().filter(|count| **count > 0.0).count() < 2 {
            continue;
        }
        let population = shares(counts);
        let (measures, scale) = match &variable.scale {
            Scale::Nominal(_) => ([Measure::TotalVariation, Measure::Psi], 1.0),
            Scale::Ordered(values) => ([Measure::Ks, Measure::Wasserstein], deviation(values, &population)),
        };
        let groups = grouped(&population, SMALLEST_BIN / (tally.rows.max(1) as f64));
        for measure in measures {
            wanted.push(Wanted { variable, measure, population: population.clone(), groups: groups.clone(), scale });
        }
    }
    wanted
}

/// The group of each bin: neighbours are taken together until each group has at least this share.
pub(crate) fn grouped(population: &[f64], smallest: f64) -> Vec<usize> {
    let mut groups = Vec::with_capacity(population.len());
    let (mut group, mut held) = (0, 0.0);
    for share in population {
        if held >= smallest {
            (group, held) = (group + 1, 0.0);
        }
        groups.push(group);
        held += share;
    }
    if held < smallest && group > 0 {
        groups.iter_mut().filter(|found| **found == group).for_each(|found| *found -= 1);
    }
    groups
}

/// Sums of the groups.
pub(crate) fn pooled(values: &[f64], groups: &[usize]) -> Vec<f64> {
    let mut sums = vec![0.0; groups.last().map_or(0, |last| last + 1)];
    values.iter().zip(groups).for_each(|(value, group)| sums[*group] += value);
    sums
}

/// Each distance of the sample with noise added, once a draw.
fn noisy_distances(wanted: &[Wanted<'_>], sample: &[f64], noise: &Noise, seed: u64) -> Vec<Vec<f64>> {
    let mut dice = Dice::new(seed, 1);
    let mut found = vec![Vec::with_capacity(DRAWS); wanted.len()];
    let mut shaken = vec![0.0; sample.len()];
    for _ in 0..DRAWS {
        shaken.copy_from_slice(sample);
        for row in &noise.rows {
            let factor = dice.normal() * STUDENT;
            shaken.iter_mut().zip(row).for_each(|(share, difference)| *share += factor * difference);
        }
        for (found, wanted) in found.iter_mut().zip(wanted) {
            found.push(wanted.distance(&shaken[wanted.variable.bins.clone()]));
        }
    }
    found
}

/// The distance over single values instead of cells, for ordered variables.
fn exact(tally: &Tally<'_>, wanted: &Wanted<'_>) -> Option<f64> {
    let census = tally.census;
    let (sample, population): (&[f64], Vec<u64>) = match wanted.variable.name {
        "time" => (&tally.days, census.days.clone()),
        "text_length" => (&tally.lengths, census.lengths.clone()),
        "helpful_votes" => (&tally.votes, census.votes.clone()),
        "reviews_a_user" => (&tally.degrees, degrees(&census.users.rows)),
        "reviews_a_product" => (&tally.degrees, degrees(&census.items.rows)),
        _ => return None,
    };
    Some(exact_distance(sample, &population, wanted.measure))
}

fn exact_distance(sample: &[f64], population: &[u64], measure: Measure) -> f64 {
    let (sample, population) = (shares(sample), shares(&population.iter().map(|n| *n as f64).collect::<Vec<_>>()));
    if measure == Measure::Ks {
        return kolmogorov_smirnov(&sample, &population);
    }
    let values: Vec<f64> = (0..population.len()).map(|value| value as f64).collect();
    let deviation = deviation(&values, &population);
    if deviation > 0.0 { wasserstein(&values, &sample, &population) / deviation } else { 0.0 }
}

/// Reviews a user or product where leaving out rows makes every count smaller: shown, not judged.
fn changed_degrees(tally: &Tally<'_>, tolerances: &Tolerances) -> Vec<Effect> {
    let census = tally.census;
    let both = [
        ("reviews_a_user", Unit::User, &census.users.rows, &tally.user_rows),
        ("reviews_a_product", Unit::Asin, &census.items.rows, &tally.item_rows),
    ];
    let mut effects = Vec::new();
    for (variable, unit, population, sample) in both {
        let is_unknown = tally.known == Known::Units && unit == Unit::User;
        if is_unknown || unit == tally.unit || population.iter().all(|rows| *rows == population[0]) {
            continue;
        }
        let weights: Vec<f64> = degrees(sample).iter().map(|units| *units as f64).collect();
        for measure in [Measure::Ks, Measure::Wasserstein] {
            let expected = tally.thinned.filter(|_| measure == Measure::Ks);
            effects.push(Effect {
                variable: variable.to_owned(),
                measure,
                value: exact_distance(&weights, &degrees(population), measure),
                upper: None,
                tolerance: tolerance(tolerances, measure),
                within: None,
                expected: expected.map(|share| thinning::distance(population, share)),
            });
        }
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bins_are_taken_together_with_their_neighbours() {
        assert_eq!(grouped(&[0.1, 0.2, 0.3, 0.3, 0.1], 0.25), [0, 0, 1, 2, 2]);
        assert_eq!(grouped(&[0.1, 0.1], 0.5), [0, 0]);
        assert_eq!(pooled(&[1.0, 2.0, 3.0, 9.0, 1.0], &[0, 0, 1, 2, 2]), [3.0, 3.0, 10.0]);
        assert!(grouped(&[], 0.1).is_empty());
    }
}
