//! The proof as a whole: the content of `proof.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    Effect, Estimate, Measure, Models, Params, Stratum, Structural, Test, Unit,
    distances::shares,
    effects::effects,
    estimates::estimates,
    layout::Scale,
    selection::Selection,
    significance::{LEVEL, tests},
    structure::structure,
    tally::{Known, Tally},
    thinning,
};

/// How well a sample stands for the population: the content of `proof.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// What was kept or left out as a whole.
    pub unit: Unit,
    /// Wanted share of the units; what `size` came to where that was given.
    pub rate: f64,
    /// Wanted number of units, where that was given.
    pub size: Option<u64>,
    /// Seed of the choice.
    pub seed: u64,
    /// The strata and their weights; one named `all` where there are none.
    pub strata: Vec<Stratum>,
    /// Size of the whole.
    pub population: Size,
    /// Size of the sample.
    pub sample: Size,
    /// What follows from the rest.
    pub verdict: Verdict,
    /// (a) How far distributions are apart, with bounds.
    pub effects: Vec<Effect>,
    /// (b) What the sample says about the population, and the truth.
    pub estimates: Vec<Estimate>,
    /// (c) Whether chance explains the differences.
    pub tests: Vec<Test>,
    /// (d) The shape of the table.
    pub structure: Vec<Structural>,
    /// (e) Recommenders on the sample and on all data; none where that was not asked for or is too small.
    pub models: Option<Models>,
    /// The distributions, for charts.
    pub distributions: Vec<Distribution>,
}

/// Size of a table of reviews.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Reviews.
    pub rows: u64,
    /// Users with a review; none where only the sample was read.
    pub users: Option<u64>,
    /// Products with a review.
    pub items: u64,
}

/// What the proof comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was left out.
    Whole,
    /// Every bound lies inside its tolerance and no test rejects.
    Faithful,
    /// No test rejects, but the sample is too small to show that every distance is inside its tolerance.
    Unproven,
    /// A test rejects: chance does not explain the difference.
    Rejected,
}

/// One distribution of population and sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// What is distributed, such as `rating`.
    pub variable: String,
    /// Names of the bins; empty for ordered variables.
    pub labels: Vec<String>,
    /// Mean values of the cells (days since 1995-01-01, characters, votes or reviews); empty for named bins.
    pub values: Vec<f64>,
    /// Share of each in the population.
    pub population: Vec<f64>,
    /// Share of each in the sample, weighted.
    pub sample: Vec<f64>,
    /// Share of each that a fair draw gives, where the design changes the distribution and that is known.
    pub expected: Vec<f64>,
}

impl Proof {
    /// The smallest p-value after correction for the number of tests; 1 without tests.
    pub fn smallest_p_value(&self) -> f64 {
        self.tests.iter().map(|test| test.adjusted).fold(1.0, f64::min)
    }
}

/// Draws up the proof of a sample. `edges` holds its pairs of users and products, where they are known.
pub(crate) fn prove(
    params: &Params,
    selection: &Selection,
    tally: &Tally<'_>,
    edges: Option<&Path>,
    models: Option<Models>,
) -> anyhow::Result<Proof> {
    let is_whole = tally.is_whole();
    let fixed = params.size.filter(|_| params.strata.is_none()).map(|_| selection.strata[0].units);
    let (effects, tests) = if is_whole {
        (Vec::new(), Vec::new())
    } else {
        (effects(tally, &params.tolerances, params.seed), tests(tally, params.seed))
    };
    let count = |counts: &[u32]| counts.iter().filter(|rows| **rows > 0).count() as u64;
    let census = tally.census;
    let users = |users: u64| Some(users).filter(|_| tally.known == Known::All);
    let units: u64 = selection.strata.iter().map(|stratum| stratum.units).sum();
    let wanted: f64 = selection.strata.iter().map(|stratum| stratum.probability * stratum.units as f64).sum();
    Ok(Proof {
        unit: params.unit,
        rate: wanted / units.max(1) as f64,
        size: params.size,
        seed: params.seed,
        strata: selection.strata.clone(),
        population: Size {
            rows: census.rows,
            users: users(census.users.len() as u64),
            items: census.items.len() as u64,
        },
        sample: Size { rows: tally.rows, users: Some(count(&tally.user_rows)), items: count(&tally.item_rows) },
        verdict: verdict(tally, &effects, &tests),
        effects,
        estimates: estimates(tally, fixed),
        tests,
        structure: structure(tally, edges)?,
        models,
        distributions: distributions(tally),
    })
}

fn verdict(tally: &Tally<'_>, effects: &[Effect], tests: &[Test]) -> Verdict {
    if tally.is_whole() {
        Verdict::Whole
    } else if tests.iter().any(|test| test.adjusted < LEVEL) {
        Verdict::Rejected
    } else if !tally.has_enough_groups() || effects.iter().any(|effect| effect.within == Some(false)) {
        Verdict::Unproven
    } else {
        Verdict::Faithful
    }
}

fn distributions(tally: &Tally<'_>) -> Vec<Distribution> {
    let mut found = Vec::new();
    for variable in &tally.layout.variables {
        let population = &tally.population[variable.bins.clone()];
        if population.iter().filter(|count| **count > 0.0).count() < 2 {
            continue;
        }
        let (labels, values) = match &variable.scale {
            Scale::Nominal(names) => (names.clone(), Vec::new()),
            Scale::Ordered(values) => (Vec::new(), values.clone()),
        };
        found.push(Distribution {
            variable: variable.name.to_owned(),
            labels,
            values,
            population: shares(population),
            sample: shares(&tally.estimate[variable.bins.clone()]),
            expected: Vec::new(),
        });
    }
    let census = tally.census;
    if tally.unit != Unit::User && tally.known == Known::All {
        found.push(changed("reviews_a_user", &census.users.rows, &tally.user_rows, tally.thinned));
    }
    if tally.unit != Unit::Asin {
        found.push(changed("reviews_a_product", &census.items.rows, &tally.item_rows, tally.thinned));
    }
    found
}

/// A distribution of counts that leaving out rows changes, in doubling bins from 1 on.
fn changed(variable: &str, before: &[u32], after: &[u32], share: Option<f64>) -> Distribution {
    let seen = |bins: &[f64]| shares(bins.get(1..).unwrap_or_default());
    let population = seen(&thinning::binned(before));
    let mut sample = seen(&thinning::binned(after));
    sample.resize(population.len(), 0.0);
    Distribution {
        variable: variable.to_owned(),
        labels: (1..=population.len()).map(reports::bins::doubling_label).collect(),
        values: Vec::new(),
        expected: share.map_or_else(Vec::new, |share| seen(&thinning::expected(before, share))),
        population,
        sample,
    }
}

impl Measure {
    /// Its name for people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::TotalVariation => "total variation",
            Self::Psi => "stability index",
            Self::Ks => "Kolmogorov-Smirnov D",
            Self::Wasserstein => "Wasserstein-1, in deviations",
        }
    }
}
