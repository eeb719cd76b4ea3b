//! The long tail: how unevenly reviews are spread over users and products, and what law that follows.

mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    alert::Alert,
    data::Data,
    formulas::{
        counts::Counts,
        inequality,
        power_law::{self, Fits},
    },
};

/// Points of a Lorenz curve.
const CURVE: u64 = 50;
/// Points on the axis of ranks.
const RANKS: u32 = 60;
/// Points of a fitted line.
const LINE: u32 = 24;

/// How reviews are spread over users and items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LongTail {
    /// Over users.
    pub users: Tail,
    /// Over items.
    pub items: Tail,
}

/// How reviews are spread over users, or over items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tail {
    /// How many users or items there are.
    pub units: u64,
    /// Reviews of the first.
    pub largest: u32,
    /// Share of them with one review.
    pub once: f64,
    /// Gini coefficient: 0 when all have equally many, near 1 when one has nearly all.
    pub gini: f64,
    /// Share of all reviews that the most frequent 1 % have; at least one of them is taken.
    pub top_1_percent: f64,
    /// The same of the most frequent 10 %.
    pub top_10_percent: f64,
    /// The same of the most frequent 20 %.
    pub top_20_percent: f64,
    /// The fewest that have half of all reviews.
    pub half: u64,
    /// Share of the units, the least frequent first, and the share of the reviews that they have together.
    pub lorenz: Vec<(f64, f64)>,
    /// Rank (from 1) and reviews at that rank, at ranks evenly spread on a logarithmic scale.
    pub ranks: Vec<(u64, u32)>,
    /// Power law and log-normal of all units; none where all have equally many reviews.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_smallest: Option<Fits>,
    /// Both of the tail that a power law describes best: it starts where the Kolmogorov-Smirnov distance is smallest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_best: Option<Fits>,
    /// The two laws of the tail as lines of the chart of ranks.
    pub lines: Vec<LinePoint>,
}

/// A point of the two laws of the tail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinePoint {
    /// Reviews.
    pub reviews: u32,
    /// How many units have at least so many by the power law.
    pub power_law: f64,
    /// The same by the log-normal.
    pub log_normal: f64,
}

impl Tail {
    fn of(reviews: &[u32]) -> Self {
        let counts = Counts::of(reviews);
        let smallest = counts.groups().first().map_or(1, |(count, _)| *count);
        let (from_smallest, from_best) = rayon::join(
            || power_law::compare(&counts, smallest),
            || power_law::best_start(&counts).and_then(|start| power_law::compare(&counts, start)),
        );
        Self {
            units: counts.units(),
            largest: counts.largest(),
            once: counts.units_below(2) as f64 / counts.units() as f64,
            gini: inequality::gini(&counts),
            top_1_percent: inequality::top_share(&counts, 0.01),
            top_10_percent: inequality::top_share(&counts, 0.1),
            top_20_percent: inequality::top_share(&counts, 0.2),
            half: inequality::fewest_with(&counts, 0.5),
            lorenz: inequality::lorenz(&counts, CURVE),
            ranks: inequality::ranks(&counts, RANKS),
            lines: from_best.as_ref().map_or_else(Vec::new, |fits| lines(fits, counts.largest())),
            from_smallest,
            from_best,
        }
    }
}

/// Points of the laws from the start of the tail to its end, evenly spread on a logarithmic scale.
fn lines(fits: &Fits, largest: u32) -> Vec<LinePoint> {
    let (first, last) = (f64::from(fits.start), f64::from(largest));
    let at = |step: u32| (first * (last / first).powf(f64::from(step) / f64::from(LINE))).round() as u32;
    let mut counts: Vec<u32> = (0..=LINE).map(at).collect();
    counts.dedup();
    let point = |reviews: u32| LinePoint {
        reviews,
        power_law: fits.units as f64 * power_law::share_from(fits.power_law.alpha, fits.start, f64::from(reviews)),
        log_normal: fits.units as f64 * fits.log_normal.share_from(fits.start, f64::from(reviews)),
    };
    counts.into_iter().map(point).collect()
}

impl Chapter for LongTail {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        let (users, items) = rayon::join(|| Tail::of(&data.users.reviews), || Tail::of(&data.items.reviews));
        Ok(Some(Self { users, items }))
    }

    fn sections(&self) -> Vec<Section> {
        vec![show::section_of(self)]
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alert::Severity,
        data::fixture::{Row, data, row},
    };

    fn tail_of(rows: &[Row]) -> LongTail {
        LongTail::measure(&data(rows), &Params::default()).unwrap().unwrap()
    }

    #[test]
    fn figures_by_hand() {
        // Items a, b, c with 6, 3, 1 reviews of different users.
        let items = ["a"; 6].into_iter().chain(["b"; 3]).chain(["c"]);
        let rows: Vec<Row> = items.enumerate().map(|(user, item)| row(&format!("u{user}"), item, 5.0, 0)).collect();
        let found = tail_of(&rows);
        assert!((found.items.gini - 1.0 / 3.0).abs() < 1e-12 && found.users.gini.abs() < 1e-12);
        assert_eq!((found.items.largest, found.items.half, found.items.ranks.len()), (6, 1, 3));
        assert!((found.items.top_20_percent - 0.6).abs() < 1e-12 && (found.items.once - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!((found.users.from_smallest, found.users.from_best, found.users.lines.len()), (None, None, 0));
        // The law of all units begins where all units are.
        let fits = found.items.from_smallest.unwrap();
        assert_eq!((fits.start, fits.units), (1, 3));
        assert!((found.items.lines[0].power_law - found.items.from_best.unwrap().units as f64).abs() < 1e-9);
    }

    #[test]
    fn few_products_with_most_reviews_are_a_finding() {
        let mut rows: Vec<Row> = (0..100).map(|user| row(&format!("u{user}"), "star", 5.0, 0)).collect();
        rows.extend((0..30).map(|item| row("u", &format!("i{item}"), 5.0, 0)));
        let found = tail_of(&rows);
        let alert = found.alerts().into_iter().find(|alert| alert.id == "few-products-lead").unwrap();
        assert_eq!((alert.severity, alert.chapter.as_str()), (Severity::Warning, "long-tail"));
        // One product of 31 has half of the reviews.
        assert!(alert.suggestion.unwrap().contains("head_share: 0.04"), "rounded up");
    }

    #[test]
    fn equal_counts_have_a_section_without_laws() {
        let found = tail_of(&[row("u", "i", 5.0, 0)]);
        let section = show::section_of(&found);
        assert_eq!((section.id.as_str(), found.alerts().len()), ("long-tail", 0));
    }
}
