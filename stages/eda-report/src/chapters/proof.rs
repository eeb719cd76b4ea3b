//! The proof that the sample stands for all reviews, in short: what the stage `sample` wrote.
//!
//! Nothing is computed here again; the report of the stage itself has all of it.

use reports::{
    chart::{self, Chart, Frame, Interval, Unit},
    page::{Section, Table},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    alert::{Alert, Severity},
    data::Data,
    words::{MISSING, figure, fixed, number, section, small_percent},
};

/// The proof of the sample, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SampleProof {
    /// `whole`, `faithful`, `unproven` or `rejected`.
    pub verdict: String,
    /// What was kept or left out as a whole: `user`, `asin`, `row` or `user_item`.
    pub unit: String,
    /// Share of the units that was wanted.
    pub rate: f64,
    /// Seed of the choice.
    pub seed: u64,
    /// All reviews.
    pub population: Size,
    /// The sample.
    pub sample: Size,
    /// How far distributions are apart.
    pub effects: Vec<Distance>,
    /// What the sample says of all reviews, beside the truth.
    pub estimates: Vec<Estimate>,
    /// Smallest p-value of all tests after Holm's correction; none without tests. Below 0.05 the sample is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_p_value: Option<f64>,
}

/// Size of a table of reviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Size {
    /// Reviews.
    pub rows: u64,
    /// Users; none where that was not read.
    pub users: Option<u64>,
    /// Products.
    pub items: u64,
}

/// A distance of a distribution of the sample from that of all reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distance {
    /// What is distributed, such as `rating`.
    pub variable: String,
    /// `total_variation`, `psi`, `ks` or `wasserstein`.
    pub measure: String,
    /// The distance.
    pub value: f64,
    /// Upper 95 % bound; none where the design changes the distribution.
    pub upper: Option<f64>,
    /// What the bound must not pass.
    pub tolerance: f64,
    /// Whether it does not.
    pub within: Option<bool>,
}

/// A figure of all reviews, estimated from the sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// Such as `mean_rating`.
    pub name: String,
    /// What the sample says.
    #[serde(alias = "estimate")]
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// What it is in all reviews; none where that was not read.
    pub truth: Option<f64>,
    /// Whether the interval holds the truth.
    pub inside: Option<bool>,
}

/// What is read of the proof; what else it holds is passed over.
#[derive(Deserialize)]
struct Told {
    verdict: String,
    unit: String,
    rate: f64,
    seed: u64,
    population: Size,
    sample: Size,
    effects: Vec<Distance>,
    estimates: Vec<Estimate>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    adjusted: f64,
}

impl Chapter for SampleProof {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        let Some(proof) = &data.proof else { return Ok(None) };
        let told = Told::deserialize(proof).map_err(|error| {
            anyhow::anyhow!(
                "read input `proof`: expected the proof that stage sample writes, found other JSON: {error}"
            )
        })?;
        Ok(Some(Self {
            verdict: told.verdict,
            unit: told.unit,
            rate: told.rate,
            seed: told.seed,
            population: told.population,
            sample: told.sample,
            effects: told.effects,
            estimates: told.estimates,
            smallest_p_value: told.tests.iter().map(|test| test.adjusted).reduce(f64::min),
        }))
    }

    fn sections(&self) -> Vec<Section> {
        let mut figures = Vec::new();
        // A whole sample deviates by nothing.
        let is_part = self.verdict != "whole";
        if is_part && self.estimates.iter().any(|estimate| estimate.truth.is_some()) {
            figures.push(figure("Estimates beside the truth", self.chart()));
        }
        let mut page = section("sampling-proof", "Sampling proof", self.readings(), figures);
        if !self.effects.is_empty() {
            page.tables.push(self.distances());
        }
        if is_part && !self.estimates.is_empty() {
            page.tables.push(self.estimates());
        }
        vec![page.in_group("Pipeline").with_note(
            "From the proof of the stage sample, whose own report has the tests, the shape of the data, and how models fare \
             on it.",
        )]
    }

    fn absent() -> Option<Section> {
        let text = "The proof of the sample is not connected (inputs: {proof: sample.proof}).";
        Some(section("sampling-proof", "Sampling proof", vec![text.to_owned()], Vec::new()).in_group("Pipeline"))
    }

    fn alerts(&self) -> Vec<Alert> {
        let outside: Vec<&Distance> = self.effects.iter().filter(|effect| effect.within == Some(false)).collect();
        let worst =
            outside.iter().map(|effect| effect.upper.unwrap_or(effect.value) / effect.tolerance).fold(0.0, f64::max);
        let (severity, title, text, value) = match self.verdict.as_str() {
            "rejected" => (
                Severity::Serious,
                "The sample is not like all reviews",
                "A test rejects the sample: chance does not explain how it differs. Take another unit or a larger rate.",
                self.smallest_p_value.unwrap_or_default(),
            ),
            "unproven" => (
                Severity::Warning,
                "The sample is too small for a proof",
                "No test rejects the sample, but its bounds are wider than the tolerances. A larger rate narrows them.",
                worst,
            ),
            _ => return Vec::new(),
        };
        let rate = (self.rate * 2.0).min(1.0);
        let yaml =
            format!("sample:\n  params:\n    unit: {}\n    rate: {}", self.unit, (rate * 1000.0).ceil() / 1000.0);
        let alert = Alert::new(severity, "sampling-proof", &format!("sample-{}", self.verdict), title, value, text);
        vec![alert.with_number(small_percent(self.rate)).suggest(yaml)]
    }
}

impl SampleProof {
    fn readings(&self) -> Vec<String> {
        let verdict = match self.verdict.as_str() {
            "whole" => "Nothing was left out: the sample is all reviews, and there is nothing to prove.",
            "faithful" => {
                "The sample is faithful: every distance is shown to be inside its tolerance, and no test rejects it."
            }
            "unproven" => {
                "The sample is unproven: no test rejects it, but it is too small to show that every distance is inside its \
                 tolerance."
            }
            _ => "The sample is rejected: chance does not explain how it differs from all reviews.",
        };
        let mut readings = vec![verdict.to_owned()];
        if self.verdict != "whole" {
            let known: Vec<bool> = self.estimates.iter().filter_map(|estimate| estimate.inside).collect();
            let judged = self.effects.iter().filter_map(|effect| effect.within);
            readings.push(format!(
                "{} of {} reviews were kept ({}), whole by {}. {} of {} distances are inside their tolerance, and {} of {} \
                 intervals hold the truth; about 95 % should.",
                number(self.sample.rows),
                number(self.population.rows),
                small_percent(self.sample.rows as f64 / self.population.rows.max(1) as f64),
                self.unit.replace("asin", "product").replace("user_item", "user and product").replace("row", "review"),
                judged.clone().filter(|within| *within).count(),
                judged.count(),
                known.iter().filter(|inside| **inside).count(),
                known.len()
            ));
        }
        readings
    }

    /// Intervals relative to the truth.
    fn chart(&self) -> Chart {
        let names: Vec<String> = self.estimates.iter().map(|estimate| words(&estimate.name)).collect();
        let rows: Vec<Interval<'_>> = self
            .estimates
            .iter()
            .zip(&names)
            .filter_map(|(estimate, name)| {
                let truth = estimate.truth.filter(|truth| *truth != 0.0)?;
                let relative = |value: f64| value / truth - 1.0;
                let (low, value, high) = (relative(estimate.low), relative(estimate.value), relative(estimate.high));
                Some(Interval { name, low, value, high })
            })
            .collect();
        let frame = Frame {
            title: "Estimates beside the truth",
            description: "What the sample says of all reviews, with its 95 % interval, relative to the truth at 0.",
            x: "deviation from the truth",
            y: "figure",
        };
        chart::intervals(&frame, &rows, 0.0, Unit::Percent)
    }

    fn distances(&self) -> Table {
        let columns = ["variable", "distance", "#value", "#95 % bound", "#tolerance", "inside"];
        let mut table = Table::new("How far distributions are apart", &columns);
        for effect in &self.effects {
            table.push([
                words(&effect.variable),
                measure(&effect.measure).to_owned(),
                fixed(effect.value, 4),
                effect.upper.map_or_else(|| MISSING.to_owned(), |upper| fixed(upper, 4)),
                fixed(effect.tolerance, 2),
                effect.within.map_or("changed by design", |within| if within { "yes" } else { "no" }).to_owned(),
            ]);
        }
        table.wide = true;
        table
    }

    fn estimates(&self) -> Table {
        let columns = ["figure", "#estimate", "#95 % interval", "#truth", "holds it"];
        let mut table = Table::new("What the sample says of all reviews", &columns);
        for estimate in &self.estimates {
            let decimals = if estimate.value.abs() >= 100.0 { 0 } else { 3 };
            let write = |value: f64| fixed(value, decimals);
            table.push([
                words(&estimate.name),
                write(estimate.value),
                format!("{} to {}", write(estimate.low), write(estimate.high)),
                estimate.truth.map_or_else(|| MISSING.to_owned(), write),
                estimate.inside.map_or(MISSING, |inside| if inside { "yes" } else { "no" }).to_owned(),
            ]);
        }
        table.wide = true;
        table
    }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn measure(name: &str) -> &str {
    match name {
        "total_variation" => "total variation",
        "psi" => "stability index",
        "ks" => "Kolmogorov-Smirnov D",
        "wasserstein" => "Wasserstein-1, in deviations",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::data::fixture::{Fixture, row};

    fn measured(proof: Value) -> anyhow::Result<Option<SampleProof>> {
        let fixture =
            Fixture { rows: vec![row("u", "a", 5.0, 0)], json: [("proof", proof)].into(), ..Fixture::default() };
        let params = Params::default();
        SampleProof::measure(&fixture.data(&params), &params)
    }

    fn proof(verdict: &str) -> Value {
        json!({
            "unit": "user", "rate": 0.1, "size": null, "seed": 7, "strata": [], "verdict": verdict,
            "population": {"rows": 1000, "users": 100, "items": 50}, "sample": {"rows": 90, "users": 10, "items": 30},
            "effects": [{"variable": "rating", "measure": "psi", "value": 0.02, "upper": 0.2, "tolerance": 0.1,
                "within": false, "expected": null}],
            "estimates": [{"name": "mean_rating", "estimate": 4.0, "standard_error": 0.1, "low": 3.8, "high": 4.2,
                "truth": 4.1, "inside": true, "design_effect": null}],
            "tests": [{"variable": "rating", "method": "rao_scott", "statistic": 1.0, "degrees_of_freedom": 4.0,
                "p_value": 0.2, "adjusted": 0.4}],
            "structure": [], "models": null, "distributions": []
        })
    }

    #[test]
    fn the_proof_is_told_in_short() {
        let found = measured(proof("unproven")).unwrap().unwrap();
        assert_eq!((found.smallest_p_value, found.sample.rows), (Some(0.4), 90));
        let alert = &found.alerts()[0];
        assert_eq!((alert.value, alert.id.as_str()), (2.0, "sample-unproven"));
        assert_eq!(alert.suggestion.as_deref(), Some("sample:\n  params:\n    unit: user\n    rate: 0.2"));
        assert!(found.sections()[0].readings[1].contains("0 of 1 distances"), "{:?}", found.sections()[0].readings);
        assert!(measured(proof("faithful")).unwrap().unwrap().alerts().is_empty());
    }

    #[test]
    fn another_json_is_an_error_that_names_the_input() {
        let error = measured(json!({"rows": 3})).unwrap_err().to_string();
        assert!(error.contains("`proof`") && error.contains("sample"), "{error}");
    }
}
