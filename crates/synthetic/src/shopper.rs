//! The users: what each buys, when, and what they say about it.

use std::collections::BTreeSet;

use time::{Date, Month};

use crate::{
    Settings,
    catalogue::Catalogue,
    dice::{Dice, base36, mix},
    lines::product::Words,
    phrases::{NEUTRAL, mood},
    prose::Prose,
    vocabulary::STYLES,
};

/// Streams for how active each user is; what they buy comes from the streams from 0 on.
const ACTIVITY_STREAM: u64 = 1 << 60;

/// One sound review.
#[derive(Clone, Debug)]
pub struct Review {
    /// Number of the user.
    pub user: u32,
    /// Number of the product.
    pub item: u32,
    /// Days since 1970.
    pub day: i64,
    /// Milliseconds since midnight; only the 2023 layout tells them.
    pub milliseconds: i64,
    /// 1 to 5.
    pub rating: u8,
    /// Whether the shop knows of the purchase.
    pub verified: bool,
    /// Readers who found it helpful.
    pub votes: u32,
    /// Headline.
    pub title: Option<String>,
    /// Body.
    pub text: Option<String>,
}

/// Key of a user: distinct for distinct users.
pub fn user_key(seed: u64, user: u32) -> String {
    format!("A{}", base36(mix(u64::from(user) + (mix(seed) << 32)), 13))
}

/// Number of reviews of each user, in order; the sum is exactly as set.
pub fn activity(settings: &Settings) -> impl Iterator<Item = u64> {
    let users = u64::from(settings.users);
    let base = settings.reviews * 3 / (users * 10);
    let rest = settings.reviews - base * users;
    let seed = settings.seed;
    let weight = move |user: u64| {
        let mut dice = Dice::new(seed, ACTIVITY_STREAM + user);
        // A fifth of the users have no more than the base; the others have a long tail.
        if dice.chance(0.2) { 0 } else { u64::from(dice.long_tail(12)) }
    };
    // The first user always has a weight, so that the rest can be shared out.
    let weight = move |user: u64| if user == 0 { weight(0).max(1) } else { weight(user) };
    let total: u64 = (0..users).map(weight).sum();
    let mut sum = 0;
    (0..users).map(move |user| {
        let share = |sum: u64| (u128::from(sum) * u128::from(rest) / u128::from(total)) as u64;
        let before = share(sum);
        sum += weight(user);
        base + share(sum) - before
    })
}

/// All reviews of a user, by time. With `prose`, their texts come from it.
pub fn reviews(
    settings: &Settings,
    catalogue: &Catalogue,
    prose: Option<&Prose>,
    user: u32,
    count: u64,
) -> Vec<Review> {
    let mut dice = Dice::new(settings.seed, u64::from(user));
    let taste = Taste::new(catalogue, &mut dice);
    let days = days(settings, count, &mut dice);
    let mut bought = BTreeSet::new();
    let mut taken = BTreeSet::new();
    let mut last = None;
    let mut reviews = Vec::with_capacity(days.len());
    for mut day in days {
        let item = taste.choose(catalogue, last, day, &bought, &mut dice);
        while !taken.insert((item, day)) {
            day += 1;
        }
        bought.insert(item);
        last = Some(item);
        let mut review = review(catalogue, &taste, user, item, day, &mut dice);
        if let Some(prose) = prose {
            review.text = review.text.map(|_| prose.text(&mut dice));
        }
        reviews.push(review);
    }
    reviews
}

/// What a user likes.
struct Taste {
    /// Liked latent groups, most liked first.
    clusters: Vec<usize>,
    /// What is added to all ratings of this user.
    bias: f64,
}

impl Taste {
    fn new(catalogue: &Catalogue, dice: &mut Dice) -> Self {
        let wanted = 1 + dice.below(3);
        // The tastes of users follow the popularity of what there is.
        let clusters = (0..wanted).map(|_| catalogue.items[catalogue.draw(dice) as usize].cluster()).collect();
        Self { clusters, bias: dice.normal() * 0.4 }
    }

    fn choose(
        &self,
        catalogue: &Catalogue,
        last: Option<u32>,
        day: i64,
        bought: &BTreeSet<u32>,
        dice: &mut Dice,
    ) -> u32 {
        let again = dice.chance(0.01);
        for _ in 0..24 {
            let item = self.candidate(catalogue, last, dice);
            let is_on_sale = i64::from(catalogue.items[item as usize].launch) <= day;
            if is_on_sale && (again || !bought.contains(&item)) {
                return item;
            }
        }
        let first = catalogue.draw(dice);
        let count = catalogue.items.len() as u32;
        let mut others =
            (0..count.min(1000)).map(|step| ((u64::from(first) + u64::from(step)) % u64::from(count)) as u32);
        others.find(|item| !bought.contains(item)).unwrap_or(first)
    }

    fn candidate(&self, catalogue: &Catalogue, last: Option<u32>, dice: &mut Dice) -> u32 {
        let liked = if dice.chance(0.6) { self.clusters[0] } else { dice.pick(&self.clusters) };
        let way = dice.unit();
        let found = if way < 0.18 {
            last.map(|item| catalogue.items[item as usize].companion)
        } else if way < 0.70 {
            catalogue.draw_of_cluster(liked, dice)
        } else if way < 0.88 {
            catalogue.draw_of_group(liked / STYLES.len(), dice)
        } else {
            None
        };
        found.unwrap_or_else(|| catalogue.draw(dice))
    }

    /// What the fit of product and taste adds to a rating.
    fn fit(&self, cluster: usize) -> f64 {
        if self.clusters.contains(&cluster) {
            0.3
        } else if self.clusters.iter().any(|liked| liked / STYLES.len() == cluster / STYLES.len()) {
            -0.1
        } else {
            -0.6
        }
    }
}

/// Days of a user's reviews, ascending: more in later years and before Christmas, several on one day.
fn days(settings: &Settings, count: u64, dice: &mut Dice) -> Vec<i64> {
    let (first, last) = settings.layout.days();
    let range = last - first - 30;
    let joined = first + dice.span(range).max(dice.span(range));
    let span = (last - joined).min(90 + dice.span(1400));
    let mut days: Vec<i64> = Vec::new();
    for _ in 0..count {
        let day = match days.last() {
            Some(day) if dice.chance(0.3) => *day,
            _ => in_season(joined, span, dice),
        };
        days.push(day);
    }
    days.sort_unstable();
    days
}

fn in_season(joined: i64, span: i64, dice: &mut Dice) -> i64 {
    let mut day = joined;
    for _ in 0..4 {
        day = joined + dice.span(span);
        let demand = match date(day).month() {
            Month::November | Month::December | Month::January => 1.0,
            Month::July | Month::August => 0.7,
            _ => 0.5,
        };
        if dice.chance(demand) {
            break;
        }
    }
    day
}

/// The date of a day since 1970.
pub fn date(day: i64) -> Date {
    const EPOCH: i64 = 2_440_588; // Julian day of 1970-01-01
    Date::from_julian_day((EPOCH + day) as i32).unwrap_or(Date::MAX)
}

fn review(catalogue: &Catalogue, taste: &Taste, user: u32, item: u32, day: i64, dice: &mut Dice) -> Review {
    let product = &catalogue.items[item as usize];
    let score = 4.8 + taste.bias + f64::from(product.quality) + taste.fit(product.cluster()) + dice.normal() * 0.7;
    // Some deliveries go wrong whatever the product.
    let rating = if dice.chance(0.06) { 1 } else { score.round().clamp(1.0, 5.0) as u8 };
    let words = Words::new(catalogue, item);
    let text = body(&words, rating, dice);
    let title = (!dice.chance(0.003)).then(|| words.fill(dice.pick(mood(rating).headlines), dice));
    let noticed =
        0.08 + if rating < 3 { 0.12 } else { 0.0 } + text.as_ref().map_or(0.0, |text| text.len() as f64 / 4000.0);
    let votes = if dice.chance(noticed) { dice.long_tail(4000) } else { 0 };
    Review {
        user,
        item,
        day,
        milliseconds: dice.span(86_400_000),
        rating,
        verified: dice.chance(if day < 15_700 { 0.7 } else { 0.9 }),
        votes,
        title,
        text,
    }
}

fn body(words: &Words, rating: u8, dice: &mut Dice) -> Option<String> {
    if dice.chance(0.006) {
        return None;
    }
    let mood = mood(rating);
    if dice.chance(0.2) {
        return Some(words.fill(dice.pick(mood.closings), dice));
    }
    let mut sentences = vec![words.fill(dice.pick(mood.openings), dice)];
    for _ in 0..dice.long_tail(9) {
        let bank = if dice.chance(0.35) { NEUTRAL } else { mood.details };
        let sentence = words.fill(dice.pick(bank), dice);
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    if dice.chance(0.6) {
        sentences.push(words.fill(dice.pick(mood.closings), dice));
    }
    let gap = if dice.chance(0.05) { "\n\n" } else { " " };
    Some(sentences.join(gap))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_the_number_of_reviews() {
        for (users, reviews) in [(1, 10), (7, 3), (1200, 12_000), (1000, 123_457)] {
            let settings = Settings { users, reviews, items: 10_000, ..Settings::default() };
            assert_eq!(activity(&settings).sum::<u64>(), reviews, "{users} users");
        }
    }

    #[test]
    fn no_user_reviews_a_product_twice_on_a_day() {
        let settings = Settings { items: 5, ..Settings::default() };
        let catalogue = Catalogue::new(&settings);
        let made = reviews(&settings, &catalogue, None, 3, 60);
        let pairs: BTreeSet<(u32, i64)> = made.iter().map(|review| (review.item, review.day)).collect();
        assert_eq!(pairs.len(), 60);
    }

    #[test]
    fn ratings_have_the_form_of_a_j() {
        let settings = Settings::default();
        let catalogue = Catalogue::new(&settings);
        let mut counts = [0_u32; 6];
        for user in 0..400 {
            for review in reviews(&settings, &catalogue, None, user, 10) {
                counts[usize::from(review.rating)] += 1;
            }
        }
        assert!(counts[5] > 2000 && counts[5] > counts[4] && counts[4] > counts[3], "{counts:?}");
        assert!(counts[3] > counts[2] && counts[1] > counts[2], "{counts:?}");
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(date(0).to_string(), "1970-01-01");
        assert_eq!(date(17_699).to_string(), "2018-06-17");
        assert_eq!(date(16_270).to_string(), "2014-07-19");
    }

    #[test]
    fn user_keys_are_distinct() {
        let keys: BTreeSet<String> = (0..10_000).map(|user| user_key(42, user)).collect();
        assert_eq!(keys.len(), 10_000);
    }
}
