//! One pass over the rows: sums by group.

use reports::bins::{doubling, doubling_label};

use super::{Purchases, RatingGroup, Trust, VoteGroup, Votes};
use crate::{
    data::Reviews,
    formulas::intervals::{Sums, welch, wilson},
};

const YEAR: f64 = 365.2425 * 86_400.0;

/// Older reviews count as this old.
const OLDEST: usize = 30;

/// Sums of a group of reviews.
#[derive(Clone, Copy, Default)]
struct Group {
    ratings: Sums,
    voted: u64,
    votes: Sums,
    logs: Sums,
}

impl Group {
    fn add(&mut self, rating: f64, votes: Option<u32>) {
        self.ratings.add(rating);
        if let Some(votes) = votes {
            self.voted += u64::from(votes > 0);
            self.votes.add(f64::from(votes));
            self.logs.add(f64::from(votes).ln_1p());
        }
    }

    fn rating(&self, group: String) -> RatingGroup {
        RatingGroup {
            group,
            reviews: self.ratings.count,
            mean: self.ratings.mean(),
            interval: self.ratings.interval(),
            deviation: self.ratings.variance().map(f64::sqrt),
        }
    }

    fn votes(&self, group: String) -> VoteGroup {
        VoteGroup {
            group,
            reviews: self.ratings.count,
            voted: self.voted,
            voted_interval: wilson(self.voted, self.ratings.count),
            mean: self.votes.mean(),
            mean_log: self.logs.mean(),
            mean_log_interval: self.logs.interval(),
        }
    }
}

/// Groups with reviews, with their names.
struct Named(Vec<(String, Group)>);

impl Named {
    fn of(groups: &[Group], name: impl Fn(usize) -> String) -> Self {
        let filled = groups.iter().enumerate().filter(|(_, group)| group.ratings.count > 0);
        Self(filled.map(|(index, group)| (name(index), *group)).collect())
    }

    fn ratings(&self) -> Vec<RatingGroup> {
        self.0.iter().map(|(name, group)| group.rating(name.clone())).collect()
    }

    fn votes(&self) -> Vec<VoteGroup> {
        self.0.iter().map(|(name, group)| group.votes(name.clone())).collect()
    }
}

/// Stars from 1 to 5, rounded; as an index from 0.
fn star(rating: f32) -> usize {
    (rating.round().clamp(1.0, 5.0) as usize) - 1
}

pub fn measure(reviews: &Reviews) -> Trust {
    let last = reviews.times().1;
    let mut all = Group::default();
    let (mut by_star, mut by_length) = ([Group::default(); 5], [Group::default(); 40]);
    let mut by_age = [Group::default(); OLDEST + 1];
    // Told to be unverified, told to be verified, not told.
    let (mut by_mark, mut stars) = ([Sums::default(); 3], [[0; 5]; 3]);
    let mut largest = 0;
    for row in 0..reviews.len() {
        let (rating, votes, star) = (f64::from(reviews.rating[row]), reviews.votes(row), star(reviews.rating[row]));
        let mark = reviews.verified(row).map_or(2, usize::from);
        by_mark[mark].add(rating);
        stars[mark][star] += 1;
        all.add(rating, votes);
        by_star[star].add(rating, votes);
        if let Some(length) = reviews.length(row) {
            by_length[doubling(u64::from(length)).min(39)].add(rating, votes);
        }
        let years = last.saturating_sub(reviews.time[row]) as f64 / YEAR;
        by_age[(years as usize).min(OLDEST)].add(rating, votes);
        largest = largest.max(votes.unwrap_or_default());
    }
    let lengths = Named::of(&by_length, doubling_label);
    let ages =
        Named::of(&by_age, |years| if years == OLDEST { format!("{OLDEST} or more") } else { years.to_string() });
    let votes = all.votes.mean().map(|mean| Votes {
        told: all.votes.count,
        voted: all.voted,
        mean,
        largest,
        by_rating: Named::of(&by_star, |star| (star + 1).to_string()).votes(),
        by_length: lengths.votes(),
        by_age: ages.votes(),
    });
    Trust {
        verified: verified(&by_mark, &stars),
        votes,
        rating_by_length: lengths.ratings(),
        rating_by_age: ages.ratings(),
    }
}

fn verified(by_mark: &[Sums; 3], stars: &[[u64; 5]; 3]) -> Option<Purchases> {
    let [unverified, verified, untold] = by_mark;
    if unverified.count + verified.count == 0 {
        return None;
    }
    let difference = welch(verified, unverified);
    let group = |sums: &Sums, name: &str| Group { ratings: *sums, ..Group::default() }.rating(name.to_owned());
    let value = verified.mean().zip(unverified.mean()).map(|(one, other)| one - other);
    Some(Purchases {
        verified: group(verified, "verified"),
        unverified: group(unverified, "not verified"),
        untold: untold.count,
        difference: value,
        interval: difference.map(|difference| difference.interval),
        degrees_of_freedom: difference.map(|difference| difference.degrees_of_freedom),
        effect_size: value.zip(pooled_deviation(verified, unverified)).map(|(value, deviation)| value / deviation),
        stars_verified: stars[1],
        stars_unverified: stars[0],
    })
}

/// Standard deviation of both sides around their own means; none where nothing varies.
fn pooled_deviation(one: &Sums, other: &Sums) -> Option<f64> {
    let squares = |sums: &Sums| Some(sums.variance()? * (sums.count - 1) as f64);
    let variance = (squares(one)? + squares(other)?) / (one.count + other.count - 2) as f64;
    (variance > 0.0).then(|| variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{Row, data, row};

    fn told(rating: f32, verified: bool, votes: u32) -> Row {
        Row { verified: Some(verified), votes: Some(votes), ..row("u", "a", rating, 0) }
    }

    #[test]
    fn verified_against_others_by_hand() {
        // Verified 5, 5, 2: mean 4, variance 3; others 1, 3: mean 2, variance 2.
        let mut rows: Vec<Row> = [5.0, 5.0, 2.0].map(|rating| told(rating, true, 0)).into();
        rows.extend([1.0, 3.0].map(|rating| told(rating, false, 0)));
        rows.push(row("v", "b", 4.0, 0));
        let verified = measure(&data(&rows).reviews).verified.unwrap();
        assert_eq!((verified.verified.reviews, verified.unverified.reviews, verified.untold), (3, 2, 1));
        assert_eq!((verified.difference, verified.stars_verified), (Some(2.0), [0, 1, 0, 0, 2]));
        // Error √(3/3 + 2/2) = √2; degrees of freedom 4 / (1/2 + 1/1) = 8/3; pooled deviation √((6 + 2) / 3).
        assert!((verified.degrees_of_freedom.unwrap() - 8.0 / 3.0).abs() < 1e-12);
        assert!((verified.effect_size.unwrap() - 2.0 / (8.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        let [low, high] = verified.interval.unwrap();
        assert!((low + high - 4.0).abs() < 1e-9 && low < 0.0, "{low} {high}");
    }

    #[test]
    fn votes_by_hand() {
        let year = 366 * 86_400;
        let mut rows = vec![told(5.0, true, 0), told(5.0, true, 3), told(1.0, true, 1), row("v", "b", 1.0, year)];
        rows[0].text = Some("abcde".to_owned());
        let trust = measure(&data(&rows).reviews);
        let votes = trust.votes.unwrap();
        assert_eq!((votes.told, votes.voted, votes.largest, votes.by_rating.len()), (3, 2, 3, 2));
        let five = &votes.by_rating[1];
        assert_eq!((five.group.as_str(), five.reviews, five.voted, five.mean), ("5", 2, 1, Some(1.5)));
        assert!((five.mean_log.unwrap() - 4.0_f64.ln() / 2.0).abs() < 1e-12);
        assert_eq!(votes.by_rating[0].reviews, 2, "also the one that does not tell");
        let groups: Vec<(&str, u64)> = votes.by_age.iter().map(|age| (age.group.as_str(), age.reviews)).collect();
        assert_eq!(groups, [("0", 1), ("1", 3)]);
        assert_eq!((trust.rating_by_length.len(), trust.rating_by_length[0].group.as_str()), (1, "5–8"));
    }

    #[test]
    fn what_no_row_tells_is_none() {
        let trust = measure(&data(&[row("u", "a", 5.0, 0)]).reviews);
        assert!(trust.verified.is_none() && trust.votes.is_none() && trust.rating_by_length.is_empty());
    }
}
