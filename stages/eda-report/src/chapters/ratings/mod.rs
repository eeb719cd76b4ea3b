//! How ratings are distributed: overall, by year, their shape, and whether user or product decides on them.

mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Chapter, calendar::Calendar};
use crate::{
    Params,
    alert::Alert,
    data::{Data, Reviews},
    formulas::{
        counts::Counts,
        rating_scale::{Shape, Stars, chance_of_constant, mean, shape, star},
        variance_components::Sums,
    },
};

/// Fewest reviews of the users among whom those with one rating throughout are counted.
const LEAST: [u32; 4] = [2, 3, 5, 10];

/// Distribution of the ratings. A rating between two stars counts for the nearer one, of two for the higher.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ratings {
    /// Reviews with one to five stars.
    pub stars: Stars,
    /// The same by year, of the years that have reviews.
    pub years: Vec<YearOfRatings>,
    /// Whether opinions gather at the ends of the scale.
    pub shape: Shape,
    /// Whether user or product decides on the rating; none where all ratings are the same, or where the reviews do not
    /// tell, as when every user has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance: Option<Variance>,
    /// Users with one rating throughout, among those with at least 2, 3, 5 and 10 reviews; sizes without users are left
    /// out.
    pub constant: Vec<ConstantRaters>,
}

/// Ratings of a year.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct YearOfRatings {
    /// The year.
    pub year: i64,
    /// Reviews with one to five stars.
    pub stars: Stars,
    /// Their mean.
    pub mean: f64,
}

/// Shares of the variance of the ratings in the model `r = μ + b(user) + b(item) + e` with random terms (method of
/// moments, Gao and Owen 2017), and what simpler measures say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Variance {
    /// Variance of the ratings (of a sample: the sum of squares is divided by n − 1).
    pub total: f64,
    /// Share that belongs to the user: some are kinder than others.
    pub user_share: f64,
    /// Share that belongs to the item: some are better than others.
    pub item_share: f64,
    /// What neither explains: taste, mood, and chance.
    pub rest_share: f64,
    /// Share of the sum of squares that the means of users explain (R²). One review alone explains itself, so it is
    /// large wherever users have few.
    pub user_explained: f64,
    /// The same of items.
    pub item_explained: f64,
    /// Intraclass correlation of users (one-way analysis of variance): what two ratings of one user have in common, the
    /// products that they share included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_intraclass: Option<f64>,
    /// The same of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_intraclass: Option<f64>,
}

/// Users who gave the same rating throughout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConstantRaters {
    /// Fewest reviews of the users that are looked at.
    pub least_reviews: u32,
    /// Users with so many reviews.
    pub users: u64,
    /// Those of them who gave one rating throughout.
    pub constant: u64,
    /// Share of them that would have, had each rating been drawn from all ratings.
    pub expected_share: f64,
}

impl ConstantRaters {
    /// Share of the users with one rating throughout.
    pub fn share(&self) -> f64 {
        self.constant as f64 / self.users.max(1) as f64
    }
}

impl Chapter for Ratings {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        let calendar = Calendar::of(data);
        let years = calendar.stars_by_year(data);
        let mut stars = [0; 5];
        years.iter().flat_map(|(_, year)| year.iter().enumerate()).for_each(|(star, count)| stars[star] += count);
        Ok(Some(Self {
            years: years.into_iter().map(|(year, stars)| YearOfRatings { year, stars, mean: mean(&stars) }).collect(),
            shape: shape(&stars),
            variance: variance(data),
            constant: constant_raters(data, &stars),
            stars,
        }))
    }

    fn sections(&self) -> Vec<Section> {
        vec![show::section_of(self)]
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}

fn variance(data: &Data) -> Option<Variance> {
    let sums = sums(data);
    let parts = sums.components()?;
    let all: f64 = parts.iter().map(|part| part.max(0.0)).sum();
    let (user_explained, item_explained) = (sums.users.explained_share(&sums)?, sums.items.explained_share(&sums)?);
    let [user_share, item_share, rest_share] = parts.map(|part| part.max(0.0) / all);
    (all > 0.0).then(|| Variance {
        total: (sums.squares - sums.sum * sums.sum / sums.count) / (sums.count - 1.0),
        user_share,
        item_share,
        rest_share,
        user_explained,
        item_explained,
        user_intraclass: sums.users.intraclass(&sums),
        item_intraclass: sums.items.intraclass(&sums),
    })
}

fn sums(data: &Data) -> Sums {
    let Reviews { user, item, rating, .. } = &data.reviews;
    let mut sums = Sums { count: rating.len() as f64, ..Sums::default() };
    for rating in rating {
        sums.sum += f64::from(*rating);
        sums.squares += f64::from(*rating) * f64::from(*rating);
    }
    for (keys, grouping) in [(&data.users, &mut sums.users), (&data.items, &mut sums.items)] {
        keys.reviews.iter().zip(&keys.stars).for_each(|(reviews, stars)| grouping.add(f64::from(*reviews), *stars));
    }
    // Rows of an item are sorted by user, so that the rows of a pair follow one another.
    let mut start = 0;
    for end in 1..=user.len() {
        if end == user.len() || (user[end], item[end]) != (user[start], item[start]) {
            let square = ((end - start) * (end - start)) as f64;
            sums.users.pairs += square / f64::from(data.users.reviews[user[start] as usize]);
            sums.items.pairs += square / f64::from(data.items.reviews[item[start] as usize]);
            start = end;
        }
    }
    sums
}

fn constant_raters(data: &Data, stars: &Stars) -> Vec<ConstantRaters> {
    let sizes = Counts::of(&data.users.reviews);
    let mut constant = [0_u64; LEAST.len()];
    for (user, reviews) in (0..).zip(&data.users.reviews) {
        let stars = |row: &u32| star(data.reviews.rating[*row as usize]);
        let rows = data.reviews.of_user(user);
        if *reviews >= LEAST[0] && rows.iter().all(|row| stars(row) == stars(&rows[0])) {
            LEAST.iter().zip(&mut constant).for_each(|(least, users)| *users += u64::from(reviews >= least));
        }
    }
    let of_size = |(least, constant): (u32, u64)| {
        let sizes = sizes.within(least..u32::MAX);
        let users = sizes.iter().map(|(_, users)| users).sum();
        ConstantRaters { least_reviews: least, users, constant, expected_share: chance_of_constant(stars, sizes) }
    };
    LEAST.into_iter().zip(constant).map(of_size).filter(|size| size.users > 0).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::fixture::{Row, data, row};

    fn ratings(rows: &[Row]) -> Ratings {
        Ratings::measure(&data(rows), &Params::default()).unwrap().unwrap()
    }

    const YEAR: i64 = 31_622_400;

    #[test]
    fn figures_by_hand() {
        // Users p: 1, 2 and q: 3, 6 would be the full table of the formulas' test; stars end at 5, so: 1 2 / 3 5.
        let rows =
            [row("p", "a", 1.0, 0), row("p", "b", 2.0, YEAR), row("q", "a", 3.0, YEAR), row("q", "b", 5.0, YEAR)];
        let found = ratings(&rows);
        assert_eq!(found.stars, [1, 1, 1, 0, 1]);
        let years: Vec<(i64, Stars)> = found.years.iter().map(|year| (year.year, year.stars)).collect();
        assert_eq!(years, [(1970, [1, 0, 0, 0, 0]), (1971, [0, 1, 1, 0, 1])]);
        // Mean 11/4: in all 8.75; within users 0.5 + 2 = 2.5, within items 2 + 4.5 = 6.5.
        // 2.5 = 2 i + 2 e, 6.5 = 2 u + 2 e, 8.75 = 2 u + 2 i + 3 e: e = 1/4, i = 1, u = 3.
        let variance = found.variance.unwrap();
        let wanted = [3.0 / 4.25, 1.0 / 4.25, 0.25 / 4.25, 8.75 / 3.0];
        let shares = [variance.user_share, variance.item_share, variance.rest_share, variance.total];
        assert!(shares.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-12), "{shares:?}");
        assert!((variance.user_explained - 6.25 / 8.75).abs() < 1e-12);
    }

    #[test]
    fn users_of_one_rating_are_set_against_chance() {
        let rows = [row("p", "a", 5.0, 0), row("p", "b", 5.0, 0), row("q", "a", 1.0, 0), row("q", "b", 5.0, 0)];
        let found = ratings(&rows).constant;
        // Three fives and a one: 9/16 + 1/16.
        let wanted = ConstantRaters { least_reviews: 2, users: 2, constant: 1, expected_share: 0.625 };
        assert_eq!(found, [wanted]);
        assert!((found[0].share() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn one_review_and_equal_reviews_have_no_variance_to_share() {
        for rows in [vec![row("p", "a", 5.0, 0)], vec![row("p", "a", 4.0, 0), row("p", "b", 4.0, 0)]] {
            let found = ratings(&rows);
            assert_eq!(found.variance, None);
            assert_eq!(show::section_of(&found).id, "ratings");
        }
    }

    proptest! {
        #[test]
        fn shares_sum_to_one_whatever_the_order(
            rows in proptest::collection::vec((0_u8..5, 0_u8..5, 1_u8..6, 0_i64..9), 1..40),
        ) {
            let mut rows: Vec<Row> = rows
                .into_iter()
                .map(|(user, item, rating, time)| row(&format!("u{user}"), &format!("i{item}"), f32::from(rating), time * YEAR))
                .collect();
            let found = ratings(&rows);
            prop_assert_eq!(found.stars.iter().sum::<u64>(), rows.len() as u64);
            if let Some(Variance { user_share, item_share, rest_share, .. }) = &found.variance {
                prop_assert!((user_share + item_share + rest_share - 1.0).abs() < 1e-9);
                prop_assert!([user_share, item_share, rest_share].iter().all(|share| **share >= 0.0));
            }
            rows.reverse();
            prop_assert_eq!(ratings(&rows).stars, found.stars);
        }
    }
}
