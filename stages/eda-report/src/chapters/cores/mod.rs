//! The k-cores: what is left when users and products with fewer than k partners are taken out again and again.

mod peel;

use reports::{
    chart::{self, Frame, Series, Unit},
    page::{Figure, Section, Table},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    alert::{Alert, Severity},
    data::Data,
    words::{MISSING, figure, number, percent, section, small_percent},
};

const ID: &str = "k-cores";
const GROUP: &str = "Recommendation";
/// The cores that are told.
const KS: [u32; 6] = [1, 2, 3, 5, 10, 20];
/// The core that papers most often filter to, and the default of `preprocess`.
const USUAL: u32 = 5;

/// What is left of the reviews by k.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cores {
    /// For k = 1, 2, 3, 5, 10, 20.
    pub cores: Vec<Core>,
    /// The bounds that preprocess filtered by; none where its figures are not connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
}

/// Parameters of preprocess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bounds {
    /// Fewest interactions of a user that stays.
    pub min_user_interactions: u32,
    /// Fewest interactions of an item that stays.
    pub min_item_interactions: u32,
}

/// The largest set of users and items in which everyone has at least k different partners in the set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Core {
    /// Fewest partners of a user, and of an item.
    pub k: u32,
    /// Users that are left.
    pub users: u64,
    /// Items that are left.
    pub items: u64,
    /// Distinct pairs of them that have a review.
    pub pairs: u64,
    /// Reviews of these pairs.
    pub reviews: u64,
    /// The same as a share of all reviews.
    pub share: f64,
    /// Distinct pairs as a share of all possible ones among those left; none where nothing is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<f64>,
}

impl Core {
    fn new(k: u32, left: peel::Left, all: u64) -> Self {
        let peel::Left { users, items, pairs, reviews } = left;
        let density = (pairs > 0).then(|| pairs as f64 / (users as f64 * items as f64));
        Self { k, users, items, pairs, reviews, share: reviews as f64 / all.max(1) as f64, density }
    }
}

impl Chapter for Cores {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        let all = data.reviews.len() as u64;
        let left = peel::cores(data, &KS);
        let parameters = data.preprocessing.as_ref().and_then(|figures| figures.get("parameters"));
        let bounds = parameters.and_then(|parameters| Bounds::deserialize(parameters).ok());
        Ok(Some(Self { bounds, cores: KS.into_iter().zip(left).map(|(k, left)| Core::new(k, left, all)).collect() }))
    }

    fn sections(&self) -> Vec<Section> {
        let note = "The k-core is what is left after users and products with fewer than k different partners are taken \
                    out, again and again until none is left to take out. Repeated reviews of a pair count once for k. It \
                    is what preprocess keeps with min_user_interactions and min_item_interactions both at k, \
                    unless min_rating drops reviews first.";
        vec![
            section(ID, "k-cores", self.readings(), self.figures())
                .in_group(GROUP)
                .with_table(self.table())
                .with_note(note),
        ]
    }

    fn alerts(&self) -> Vec<Alert> {
        let Some(usual) = self.of(USUAL).filter(|core| core.share < 0.5) else { return Vec::new() };
        let is_looser = |bounds: Bounds| bounds.min_user_interactions.max(bounds.min_item_interactions) < USUAL;
        if self.bounds.is_some_and(is_looser) {
            return Vec::new();
        }
        let severity = if usual.share < 0.1 { Severity::Serious } else { Severity::Warning };
        let (title, text) = if usual.reviews == 0 {
            (
                "The usual filter leaves nothing",
                "The 5-core is empty: with the defaults of preprocess, five interactions a user and a product, no data is \
                 left."
                    .to_owned(),
            )
        } else {
            (
                "The usual filter drops most reviews",
                format!(
                    "The 5-core, which the defaults of preprocess keep, has {} of the reviews ({} users, {} products). What \
                     is measured on it holds for the busiest part only.",
                    small_percent(usual.share),
                    number(usual.users),
                    number(usual.items)
                ),
            )
        };
        // The strictest of the smaller cores that keeps half. Who has a single partner tells nothing of what goes together.
        let k =
            self.cores.iter().rev().find(|core| core.k < USUAL && core.share >= 0.5).map_or(2, |core| core.k.max(2));
        vec![
            Alert::new(severity, ID, "small-core", title, usual.share, text)
                .with_number(small_percent(usual.share))
                .suggest(format!(
                    "preprocess:\n  params:\n    min_user_interactions: {k}\n    min_item_interactions: {k}"
                )),
        ]
    }
}

impl Cores {
    fn of(&self, k: u32) -> Option<&Core> {
        self.cores.iter().find(|core| core.k == k)
    }

    fn readings(&self) -> Vec<String> {
        let mut readings = Vec::new();
        if let Some(core) = self.of(USUAL) {
            readings.push(if core.reviews == 0 {
                "The 5-core, which most papers use, is empty here: no group of users and products has five partners each."
                    .to_owned()
            } else {
                let kept = format!(
                    "The 5-core, which most papers use, keeps {} of the reviews: {} users and {} products.",
                    percent(core.share, 1),
                    number(core.users),
                    number(core.items)
                );
                if core.share > 0.9 {
                    format!("{kept} That is nearly all, so the file has probably been filtered like that before.")
                } else {
                    format!(
                        "{kept} It is easier to recommend in than the whole, as {} of its pairs are known.",
                        small_percent(core.density.unwrap_or_default())
                    )
                }
            });
        }
        readings.extend(self.bounds.map(|bounds| {
            format!(
                "This pipeline keeps users from {} and products from {} interactions on.",
                bounds.min_user_interactions, bounds.min_item_interactions
            )
        }));
        if let Some(last) = self.cores.iter().rev().find(|core| core.reviews > 0) {
            readings.push(format!(
                "The strictest of these cores that is not empty is k = {}, with {} users and {} products. A filter trades \
                 how many are served for how well each is known: choose the smallest k with which models still learn.",
                last.k,
                number(last.users),
                number(last.items)
            ));
        }
        readings
    }

    fn figures(&self) -> Vec<Figure> {
        let Some(all) = self.cores.first() else { return Vec::new() };
        let frame = Frame {
            title: "What each core keeps",
            description: "Share of users, products and reviews that are left in the k-core.",
            x: "k",
            y: "share that is left",
        };
        let names: Vec<String> = self.cores.iter().map(|core| core.k.to_string()).collect();
        let shares = |of: fn(&Core) -> u64| -> Vec<f64> {
            self.cores.iter().map(|core| of(core) as f64 / of(all).max(1) as f64).collect()
        };
        let (users, items, reviews) =
            (shares(|core| core.users), shares(|core| core.items), shares(|core| core.reviews));
        let series = [
            Series { name: "users", values: &users },
            Series { name: "products", values: &items },
            Series { name: "reviews", values: &reviews },
        ];
        vec![figure(frame.title, chart::bars(&frame, &names, &series, Unit::Percent))]
    }

    fn table(&self) -> Table {
        let headings = ["#k", "#users", "#products", "#pairs", "#reviews", "#share of the reviews", "#density"];
        let mut table = Table::new("What is left", &headings);
        for core in &self.cores {
            table.push([
                core.k.to_string(),
                number(core.users),
                number(core.items),
                number(core.pairs),
                number(core.reviews),
                small_percent(core.share),
                core.density.map_or_else(|| MISSING.to_owned(), small_percent),
            ]);
        }
        table.wide = true;
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{Row, data, row};

    fn cores(rows: &[Row]) -> Cores {
        Cores::measure(&data(rows), &Params::default()).unwrap().unwrap()
    }

    #[test]
    fn figures_by_hand() {
        // A square of two users and two products, one of its pairs twice, and a user with one product beside.
        let found = cores(&["ua", "ua", "ub", "va", "vb", "wa"].map(|pair| row(&pair[..1], &pair[1..], 5.0, 0)));
        let two = found.of(2).unwrap();
        assert_eq!((two.users, two.items, two.pairs, two.reviews), (2, 2, 4, 5));
        assert_eq!(two.density, Some(1.0));
        assert!((two.share - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!(found.of(3).map(|core| (core.users, core.reviews, core.density)), Some((0, 0, None)));
    }

    #[test]
    fn an_empty_core_is_serious_and_the_strictest_that_keeps_half_is_suggested() {
        let found = cores(&["ua", "ub", "va", "vb", "wa"].map(|pair| row(&pair[..1], &pair[1..], 5.0, 0)));
        let looser =
            Cores { bounds: Some(Bounds { min_user_interactions: 3, min_item_interactions: 3 }), ..found.clone() };
        assert_eq!(looser.alerts(), [], "this pipeline does not filter like that");
        let [alert] = &found.alerts()[..] else { panic!("{:?}", found.alerts()) };
        assert_eq!((alert.severity, alert.chapter.as_str()), (Severity::Serious, found.sections()[0].id.as_str()));
        assert!(alert.suggestion.as_ref().unwrap().ends_with("min_item_interactions: 2"), "{alert:?}");
    }
}
