//! From scores and preferences to an order: pure, no store.
//!
//! `score'(i) = score(i) + 2 sd [i is in a preferred category] + 2 sd [i is of a preferred brand]`,
//! sd = standard deviation of all items' scores (1 if they are all equal): a match lifts an average
//! item to where about the best 2 % are, whatever units the model scores in. Excluded items and,
//! when a price range is set, items outside of it or without a known price are left out. Equal
//! scores are ordered by number of ratings, so that a stranger whom the model can tell nothing gets
//! what is popular.

use std::cmp::Ordering;

use recommender::{Scored, top_k};
use storage::Preferences;

use crate::catalogue::Facts;
use crate::live::LiveModel;

/// How far a preference lifts an item, in standard deviations of the scores.
const BOOST: f32 = 2.0;

/// Preferences in the numbers of a model's catalogue.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Taste {
    categories: Vec<u32>,
    brands: Vec<u32>,
    price_min: Option<f32>,
    price_max: Option<f32>,
}

impl Taste {
    /// Looks the names up; names that no item has fall away.
    pub fn new(preferences: &Preferences, number: impl Fn(&str) -> Option<u32>) -> Self {
        Self {
            categories: preferences.categories.iter().filter_map(|name| number(name)).collect(),
            brands: preferences.brands.iter().filter_map(|name| number(name)).collect(),
            price_min: preferences.price_min,
            price_max: preferences.price_max,
        }
    }

    /// Whether an item is of a preferred brand.
    pub fn likes_brand(&self, facts: &Facts) -> bool {
        facts.brand.is_some_and(|brand| self.brands.contains(&brand))
    }

    /// Whether an item is in a preferred category.
    pub fn likes_category(&self, facts: &Facts) -> bool {
        facts.categories.iter().any(|category| self.categories.contains(category))
    }

    fn allows(&self, facts: &Facts) -> bool {
        if self.price_min.is_none() && self.price_max.is_none() {
            return true;
        }
        facts.price.is_some_and(|price| {
            self.price_min.is_none_or(|lowest| price >= lowest) && self.price_max.is_none_or(|highest| price <= highest)
        })
    }

    /// Lifts what is liked and takes out (not a number) what is not allowed.
    pub fn apply(&self, scores: &mut [f32], facts: &[Facts]) {
        if *self == Self::default() {
            return;
        }
        let lift = BOOST * deviation(scores);
        for (score, facts) in scores.iter_mut().zip(facts) {
            if !self.allows(facts) {
                *score = f32::NAN;
                continue;
            }
            *score += lift * f32::from(u8::from(self.likes_category(facts)) + u8::from(self.likes_brand(facts)));
        }
    }
}

/// Standard deviation of the finite scores; 1 where it is 0 or there are none.
fn deviation(scores: &[f32]) -> f32 {
    let finite = || scores.iter().filter(|score| score.is_finite()).map(|score| f64::from(*score));
    let count = finite().count() as f64;
    let mean = finite().sum::<f64>() / count;
    let variance = finite().map(|score| (score - mean).powi(2)).sum::<f64>() / count;
    if variance > 0.0 { variance.sqrt() as f32 } else { 1.0 }
}

/// The `k` best items by what a model scores them for a user of this taste, without those for which `skip` is
/// true.
pub(crate) fn rank(
    live: &LiveModel,
    scores: &mut [f32],
    taste: &Taste,
    k: usize,
    skip: impl Fn(u32) -> bool,
) -> Vec<Scored> {
    let facts = live.catalogue.facts();
    taste.apply(scores, facts);
    best(scores, facts, k, skip)
}

/// The `k` best, equal scores by number of ratings.
fn best(scores: &[f32], facts: &[Facts], k: usize, skip: impl Fn(u32) -> bool) -> Vec<Scored> {
    let mut best = top_k(scores, k, &skip);
    // Of several that are as good as the last one the most rated are in the list.
    if let Some(last) = best.last().copied().filter(|_| best.len() == k) {
        let is_equal =
            |item: &u32| scores[*item as usize].partial_cmp(&last.score) == Some(Ordering::Equal) && !skip(*item);
        let equal = (0..scores.len() as u32).filter(is_equal);
        best.retain(|scored| scored.score > last.score);
        best.extend(equal.map(|item| Scored { item, score: last.score }));
    }
    let ratings = |scored: &Scored| facts[scored.item as usize].ratings;
    // Stable: equal ones stand in the order of items.
    best.sort_by(|a, b| (b.score + 0.0).total_cmp(&(a.score + 0.0)).then_with(|| ratings(b).cmp(&ratings(a))));
    best.truncate(k);
    best
}

#[cfg(test)]
mod tests {
    use storage::Product;

    use super::*;
    use crate::catalogue::Catalogue;

    fn catalogue() -> Catalogue {
        let product = |brand: &str, category: &str, price: Option<f32>| Product {
            brand: Some(brand.into()),
            categories: vec![category.into()],
            price,
            rating_count: u32::from(category == "Coffee"),
            ..Product::default()
        };
        Catalogue::of(&[
            product("Acme", "Tea", Some(5.0)),
            product("Blend", "Tea", Some(15.0)),
            product("Acme", "Coffee", Some(25.0)),
            product("Blend", "Coffee", None),
        ])
    }

    fn applied(preferences: &Preferences, scores: [f32; 4]) -> Vec<u32> {
        let catalogue = catalogue();
        let mut scores = scores;
        Taste::new(preferences, |name| catalogue.name(name)).apply(&mut scores, catalogue.facts());
        best(&scores, catalogue.facts(), 4, |_| false).iter().map(|scored| scored.item).collect()
    }

    #[test]
    fn a_match_lifts_by_two_deviations_and_two_matches_by_four() {
        let catalogue = catalogue();
        // Mean 2, deviations -1 1 -1 1: sd 1.
        let mut scores = [1.0, 3.0, 1.0, 3.0];
        let preferences =
            Preferences { brands: vec!["ACME".into()], categories: vec!["Tea".into()], ..Preferences::default() };
        Taste::new(&preferences, |name| catalogue.name(name)).apply(&mut scores, catalogue.facts());
        assert_eq!(format!("{scores:?}"), "[5.0, 5.0, 3.0, 3.0]");
    }

    #[test]
    fn a_taste_orders_equal_scores() {
        let preferences = Preferences { brands: vec!["blend".into()], ..Preferences::default() };
        assert_eq!(applied(&preferences, [0.0; 4]), [3, 1, 2, 0]);
    }

    #[test]
    fn equal_scores_are_ordered_by_ratings() {
        assert_eq!(applied(&Preferences::default(), [0.0, 0.0, 0.0, -1.0]), [2, 0, 1, 3]);
        let facts = catalogue();
        let some = |skip: u32| best(&[-0.0, 0.0, 0.0, -1.0], facts.facts(), 2, |item| item == skip);
        assert_eq!(some(9).iter().map(|scored| scored.item).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(some(2).iter().map(|scored| scored.item).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn a_price_range_leaves_out_what_is_outside_or_unknown() {
        let preferences = Preferences { price_min: Some(5.0), price_max: Some(15.0), ..Preferences::default() };
        assert_eq!(applied(&preferences, [1.0, 2.0, 3.0, 4.0]), [1, 0]);
    }

    #[test]
    fn unknown_names_change_nothing() {
        let preferences = Preferences { brands: vec!["nobody".into()], ..Preferences::default() };
        assert_eq!(applied(&preferences, [1.0, 2.0, 3.0, 4.0]), [3, 2, 1, 0]);
    }
}
