//! The space that recommendations are made in: how many users, products and reviews, and how they are spread.

use reports::{
    bins::{doubling, doubling_label, last_of_doubling},
    chart::{self, Frame, Scale, Series, Unit},
    page::{Figure, Section, Table},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    alert::{Alert, Severity},
    data::{Data, Keys},
    formulas::counts::Counts,
    words::{figure, fixed, number, percent, section, small_percent},
};

const ID: &str = "space";
const GROUP: &str = "Recommendation";
/// Levels of the quantiles that are told.
const LEVELS: [f64; 9] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0];
/// Fewest reviews with which `leave-last-out` has something for train, validation and test.
const SPLIT: u32 = 3;

/// Users, products and reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Space {
    /// Rows.
    pub reviews: u64,
    /// Distinct pairs of user and item.
    pub pairs: u64,
    /// Pairs as a share of all possible ones.
    pub density: f64,
    /// Users for each item: above 1 the table is higher than wide.
    pub users_per_item: f64,
    /// Reviews of a user.
    pub users: Spread,
    /// Reviews of an item.
    pub items: Spread,
}

/// How many reviews the users, or the items, have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// How many users or items there are.
    pub units: u64,
    /// Mean of their reviews.
    pub mean: f64,
    /// Quantiles of their reviews, with linear interpolation as numpy and pandas have it.
    pub quantiles: Vec<Quantile>,
    /// Those with one review.
    pub once: u64,
    /// Those with fewer than three reviews: `leave-last-out` needs three for train, validation and test.
    pub below_three: u64,
    /// Bins of one review, 2, 3 to 4, 5 to 8, and so on, from the first to the last that has any.
    pub bins: Vec<Bin>,
}

/// A quantile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantile {
    /// Its level, 0 to 1.
    pub level: f64,
    /// Reviews at that level.
    pub reviews: f64,
}

/// Users or items with similarly many reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bin {
    /// Fewest reviews.
    pub from: u64,
    /// Most reviews.
    pub to: u64,
    /// How many have so many.
    pub units: u64,
    /// The reviews that they have together.
    pub reviews: u64,
}

impl Spread {
    fn of(keys: &Keys) -> Self {
        let counts = Counts::of(&keys.reviews);
        let place = |count: u32| doubling(u64::from(count));
        let first = counts.groups().first().map_or(1, |(count, _)| place(*count));
        let range = |bin: usize| (last_of_doubling(bin - 1) + 1, last_of_doubling(bin));
        let mut bins: Vec<Bin> = (first..=place(counts.largest()))
            .map(|bin| Bin { from: range(bin).0, to: range(bin).1, units: 0, reviews: 0 })
            .collect();
        for (count, units) in counts.groups() {
            let bin = &mut bins[place(*count) - first];
            bin.units += units;
            bin.reviews += u64::from(*count) * units;
        }
        Self {
            units: counts.units(),
            mean: counts.total() as f64 / counts.units() as f64,
            quantiles: LEVELS.map(|level| Quantile { level, reviews: counts.quantile(level) }).into(),
            once: counts.units_below(2),
            below_three: counts.units_below(SPLIT),
            bins,
        }
    }

    fn median(&self) -> f64 {
        self.quantiles.iter().find(|quantile| quantile.level >= 0.5).map_or(f64::NAN, |quantile| quantile.reviews)
    }

    fn share(&self, part: u64) -> f64 {
        part as f64 / self.units.max(1) as f64
    }
}

impl Chapter for Space {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        let reviews = &data.reviews;
        // Rows of an item are sorted by user.
        let pairs = reviews.item.iter().zip(&reviews.user);
        let repeated = pairs.clone().zip(pairs.skip(1)).filter(|(earlier, later)| earlier == later).count();
        let (users, items) = (Spread::of(&data.users), Spread::of(&data.items));
        let pairs = (reviews.len() - repeated) as u64;
        Ok(Some(Self {
            reviews: reviews.len() as u64,
            pairs,
            density: pairs as f64 / (users.units as f64 * items.units as f64),
            users_per_item: users.units as f64 / items.units as f64,
            users,
            items,
        }))
    }

    fn sections(&self) -> Vec<Section> {
        let readings = vec![self.reading_of_size(), self.reading_of_spread()];
        let figures = vec![
            spread_figure("Reviews of a user", "users", &self.users),
            spread_figure("Reviews of a product", "products", &self.items),
            self.quantile_figure(),
        ];
        let note = "Density: distinct pairs of user and product as a share of all possible ones. Quantiles are \
                    interpolated between neighbours, as numpy and pandas have it.";
        vec![
            section(ID, "Users, products, reviews", readings, figures)
                .in_group(GROUP)
                .with_table(self.size_table())
                .with_table(self.quantile_table())
                .with_note(note),
        ]
    }

    fn alerts(&self) -> Vec<Alert> {
        let mut alerts = Vec::new();
        let few = self.users.share(self.users.below_three);
        if few > 0.5 {
            let severity = if few > 0.9 { Severity::Serious } else { Severity::Warning };
            let text = format!(
                "{} of the users have fewer than three reviews, {} only one. Leave-last-out cannot test them, as it needs \
                 three; and from a single review nothing is learned about what goes together.",
                percent(few, 1),
                percent(self.users.share(self.users.once), 1)
            );
            alerts.push(
                Alert::new(severity, ID, "few-reviews-a-user", "Most users have one or two reviews", few, text)
                    .with_number(percent(few, 1))
                    .suggest("preprocess:\n  params: {min_user_interactions: 2}"),
            );
        }
        let once = self.items.share(self.items.once);
        if once > 0.3 {
            let text = format!(
                "{} of the products have a single review: models of who bought what know nothing about them. Leave them \
                 out, or let a content-based model recommend them.",
                percent(once, 1)
            );
            alerts.push(
                Alert::new(
                    Severity::Warning,
                    ID,
                    "few-reviews-a-product",
                    "Many products have a single review",
                    once,
                    text,
                )
                .with_number(percent(once, 1))
                .suggest("preprocess:\n  params: {min_item_interactions: 2, cold_items: true}"),
            );
        }
        alerts
    }
}

impl Space {
    fn reading_of_size(&self) -> String {
        let shape = if self.users_per_item >= 1.0 {
            format!("{} users for each product", fixed(self.users_per_item, 1))
        } else {
            format!("{} products for each user", fixed(1.0 / self.users_per_item, 1))
        };
        let cheaper = if self.users_per_item > 2.0 {
            "With so many more users than products, comparing products with one another is the cheaper way, and each \
             product has more reviews to compare by."
        } else if self.users_per_item < 0.5 {
            "With so many more products than users, most products have few reviews to compare them by: what the \
             products are (their texts, brands, categories) has to help."
        } else {
            "Neither side is much larger than the other."
        };
        format!(
            "{} users and {} products could make {} pairs; {} of them have a review, {}. There are {shape}. {cheaper}",
            number(self.users.units),
            number(self.items.units),
            number(self.users.units.saturating_mul(self.items.units)),
            number(self.pairs),
            small_percent(self.density)
        )
    }

    fn reading_of_spread(&self) -> String {
        let once = if self.users.once + self.items.once == 0 {
            "None has just one: a file like that was filtered before.".to_owned()
        } else {
            format!(
                "{} of the users and {} of the products have just one.",
                percent(self.users.share(self.users.once), 1),
                percent(self.items.share(self.items.once), 1)
            )
        };
        format!(
            "Half of the users have at most {} reviews (on average {}), half of the products at most {} (on average {}). \
             {once}",
            fixed(self.users.median(), 0),
            fixed(self.users.mean, 1),
            fixed(self.items.median(), 0),
            fixed(self.items.mean, 1)
        )
    }

    /// Reviews by quantile; a logarithm has no zero, but none has zero reviews.
    fn quantile_figure(&self) -> Figure {
        let frame = Frame {
            title: "Reviews by quantile",
            description: "Reviews that a share of the users, or products, do not exceed; the vertical axis is logarithmic.",
            x: "share of users or products",
            y: "reviews",
        };
        let points = |spread: &Spread| -> Vec<(f64, f64)> {
            spread.quantiles.iter().map(|quantile| (quantile.level, quantile.reviews)).collect()
        };
        let (users, items) = (points(&self.users), points(&self.items));
        let lines = [
            chart::Line { name: "products", points: &items, dashed: false },
            chart::Line { name: "users", points: &users, dashed: false },
        ];
        figure(frame.title, chart::lines(&frame, (Scale::Linear, Unit::Percent), (Scale::Log, Unit::Fixed(1)), &lines))
    }

    fn size_table(&self) -> Table {
        let mut table = Table::new("Size and shape", &["figure", "#value"]);
        table.push(["users".to_owned(), number(self.users.units)]);
        table.push(["products".to_owned(), number(self.items.units)]);
        table.push(["reviews".to_owned(), number(self.reviews)]);
        table.push(["distinct pairs of user and product".to_owned(), number(self.pairs)]);
        table.push(["density".to_owned(), small_percent(self.density)]);
        table.push(["users for each product".to_owned(), fixed(self.users_per_item, 2)]);
        table
    }

    fn quantile_table(&self) -> Table {
        let mut table = Table::new("Reviews by quantile", &["quantile", "#of a user", "#of a product"]);
        for (user, item) in self.users.quantiles.iter().zip(&self.items.quantiles) {
            let name = match user.level {
                level if level <= 0.0 => "fewest".to_owned(),
                level if level >= 1.0 => "most".to_owned(),
                level => percent(level, 0),
            };
            let value = |reviews: f64| fixed(reviews, usize::from(reviews.fract() > 0.0));
            table.push([name, value(user.reviews), value(item.reviews)]);
        }
        table.push(["mean".to_owned(), fixed(self.users.mean, 2), fixed(self.items.mean, 2)]);
        table
    }
}

fn spread_figure(title: &str, what: &str, spread: &Spread) -> Figure {
    let description =
        format!("Share of the {what} by how many reviews they have, and share of the reviews that these are.");
    let frame = Frame { title, description: &description, x: "reviews each", y: "share" };
    let names: Vec<String> = spread.bins.iter().map(|bin| doubling_label(doubling(bin.to))).collect();
    let reviews: u64 = spread.bins.iter().map(|bin| bin.reviews).sum();
    let shares = |of: fn(&Bin) -> u64, all: u64| -> Vec<f64> {
        spread.bins.iter().map(|bin| of(bin) as f64 / all.max(1) as f64).collect()
    };
    let (units, reviews) = (shares(|bin| bin.units, spread.units), shares(|bin| bin.reviews, reviews));
    let series = [Series { name: what, values: &units }, Series { name: "their reviews", values: &reviews }];
    figure(title, chart::bars(&frame, &names, &series, Unit::Percent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{Row, data, row};

    fn space(rows: &[Row]) -> Space {
        Space::measure(&data(rows), &Params::default()).unwrap().unwrap()
    }

    #[test]
    fn figures_by_hand() {
        // u has a, b, b, c; v and w have a. Five pairs and one repeated of 3 · 3.
        let rows = ["ua", "ub", "ub", "uc", "va", "wa"].map(|pair| row(&pair[..1], &pair[1..], 5.0, 0));
        let found = space(&rows);
        assert_eq!((found.reviews, found.pairs, found.users.units, found.items.units), (6, 5, 3, 3));
        assert!((found.density - 5.0 / 9.0).abs() < 1e-12 && (found.users_per_item - 1.0).abs() < 1e-12);
        assert_eq!((found.users.once, found.users.below_three, found.items.once), (2, 2, 1));
        // Users have 1, 1, 4; the quantile at 0.75 is half of the way from 1 to 4.
        let quantiles: Vec<f64> = found.users.quantiles.iter().map(|quantile| quantile.reviews).collect();
        assert_eq!((quantiles[3], quantiles[4], quantiles[8]), (1.0, 2.5, 4.0));
        let bins: Vec<_> = found.users.bins.iter().map(|bin| (bin.from, bin.to, bin.units, bin.reviews)).collect();
        assert_eq!(bins, [(1, 1, 2, 2), (2, 2, 0, 0), (3, 4, 1, 4)]);
    }

    #[test]
    fn users_of_one_review_are_a_finding_with_a_parameter() {
        let found = space(&["ua", "va", "wa"].map(|pair| row(&pair[..1], &pair[1..], 5.0, 0)));
        let [alert] = &found.alerts()[..] else { panic!("{:?}", found.alerts()) };
        assert_eq!(
            (alert.id.as_str(), alert.severity, alert.chapter.as_str()),
            ("few-reviews-a-user", Severity::Serious, "space")
        );
        assert!(alert.suggestion.as_ref().unwrap().contains("min_user_interactions: 2"));
        assert!(space(&["ua", "ua", "ua"].map(|pair| row(&pair[..1], &pair[1..], 5.0, 0))).alerts().is_empty());
    }
}
