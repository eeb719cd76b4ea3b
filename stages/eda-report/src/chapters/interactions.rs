//! How often two values meet: pairs of numbers, binned.

use rayon::prelude::*;
use reports::{
    chart::{self, Frame, Scale, Unit},
    page::Section,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Chapter,
    variables::{Variable, variables},
};
use crate::{
    Params,
    data::Data,
    formulas::{
        histogram::{Bins, Histogram},
        ranks::{known_ranks, spearman},
    },
    words::{date, figure, fixed, number, section},
};

/// Most bins of a variable.
const BINS: usize = 12;
/// Pairs that the page shows; `eda.json` has all of them.
const SHOWN: usize = 6;

/// Counts of pairs of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interactions {
    /// Reviews that they were taken over, as for the correlations.
    pub rows: u64,
    /// Every pair of numeric variables that vary, the strongest relation first.
    pub pairs: Vec<Interaction>,
}

/// How often the values of two variables meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interaction {
    /// Name of the first variable.
    pub x: String,
    /// Name of the second variable.
    pub y: String,
    /// Lower ends of the bins of the first variable.
    pub x_bins: Vec<f64>,
    /// Lower ends of the bins of the second variable.
    pub y_bins: Vec<f64>,
    /// Rows by bin of the second variable and, within that, bin of the first one.
    pub counts: Vec<Vec<u64>>,
    /// Spearman's rho.
    pub spearman: Option<f64>,
}

impl Chapter for Interactions {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        let (rows, variables) = variables(data, params.seed);
        let numbers: Vec<Binned> = variables.iter().filter_map(Binned::of).collect();
        let places: Vec<(usize, usize)> = (0..numbers.len()).flat_map(|b| (0..b).map(move |a| (a, b))).collect();
        let mut pairs: Vec<Interaction> =
            places.par_iter().map(|(a, b)| interaction(&numbers[*a], &numbers[*b])).collect();
        // Both count the same text: nothing is learned from that.
        pairs.retain(|pair| pair.x != "characters" || pair.y != "words");
        let size = |pair: &Interaction| pair.spearman.map_or(0.0, f64::abs);
        pairs.sort_by(|a, b| size(b).total_cmp(&size(a)));
        Ok((!pairs.is_empty()).then_some(Self { rows: rows.len() as u64, pairs }))
    }

    fn sections(&self) -> Vec<Section> {
        let figures = self.pairs.iter().take(SHOWN).map(|pair| {
            let title = format!("{} and {}", pair.x, pair.y);
            let description = format!("Reviews by {} and {}.", pair.x, pair.y);
            let frame = Frame { title: &title, description: &description, x: &pair.x, y: &pair.y };
            // The largest values stand at the top.
            let values: Vec<Vec<Option<f64>>> =
                pair.counts.iter().rev().map(|row| row.iter().map(|count| Some(*count as f64)).collect()).collect();
            let rows: Vec<String> = labels(&pair.y, &pair.y_bins).into_iter().rev().collect();
            figure(
                &title,
                chart::matrix(&frame, &rows, &labels(&pair.x, &pair.x_bins), &values, (Scale::Log, Unit::Count)),
            )
        });
        let figures = figures.collect();
        let reading = format!(
            "How often two values meet in {} reviews; the pairs with the strongest relation come first. A bin is named by its \
             lower end, and stronger colour stands for more reviews.",
            number(self.rows)
        );
        vec![section("interactions", "Interactions", vec![reading], figures).in_group("Relations")]
    }
}

/// A variable with the bin of each row.
struct Binned {
    name: &'static str,
    ranks: Vec<Option<u32>>,
    bins: Vec<f64>,
    places: Vec<Option<usize>>,
}

impl Binned {
    /// None for categories, and for numbers that do not vary.
    fn of(variable: &Variable) -> Option<Self> {
        let numbers = variable.numbers()?;
        let mut sorted: Vec<f64> = numbers.iter().copied().flatten().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        if first == last {
            return None;
        }
        let histogram = Histogram::of(&sorted);
        let bins: Vec<f64> = match histogram.kind {
            Bins::Equal => (0..BINS).map(|bin| first + (last - first) * bin as f64 / BINS as f64).collect(),
            // The bins of the rare largest values become one.
            Bins::Values | Bins::Doubling => histogram.bins.iter().map(|bin| bin.0).take(BINS).collect(),
        };
        let place = |value: f64| bins.partition_point(|low| *low <= value).saturating_sub(1);
        let places = numbers.iter().map(|value| value.map(place)).collect();
        Some(Self { name: variable.name, ranks: known_ranks(numbers), bins, places })
    }
}

fn interaction(x: &Binned, y: &Binned) -> Interaction {
    let mut counts = vec![vec![0; x.bins.len()]; y.bins.len()];
    for (x, y) in x.places.iter().zip(&y.places).filter_map(|(x, y)| (*x).zip(*y)) {
        counts[y][x] += 1;
    }
    Interaction {
        x: x.name.to_owned(),
        y: y.name.to_owned(),
        x_bins: x.bins.clone(),
        y_bins: y.bins.clone(),
        counts,
        spearman: spearman(&x.ranks, &y.ranks),
    }
}

fn labels(name: &str, bins: &[f64]) -> Vec<String> {
    let label = |low: &f64| match name {
        "time" => date(*low as i64).chars().take(7).collect(),
        _ if low.fract() == 0.0 => reports::format::compact(*low),
        _ => fixed(*low, 1),
    };
    bins.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{data, row};

    #[test]
    fn counts_by_hand() {
        let mut rows = vec![row("u", "a", 1.0, 0), row("v", "a", 5.0, 0), row("w", "a", 5.0, 0), row("x", "a", 5.0, 0)];
        for (row, votes) in rows.iter_mut().zip([Some(2), Some(0), Some(0), None]) {
            row.votes = votes;
        }
        let found = Interactions::measure(&data(&rows), &Params::default()).unwrap().unwrap();
        let pair = &found.pairs[0];
        assert_eq!(
            (found.pairs.len(), pair.x.as_str(), pair.y.as_str(), pair.spearman),
            (1, "rating", "votes", Some(-1.0))
        );
        assert_eq!((pair.x_bins.as_slice(), pair.y_bins.as_slice()), (&[1.0, 5.0][..], &[0.0, 2.0][..]));
        assert_eq!(pair.counts, [vec![0, 2], vec![1, 0]]);
    }
}
