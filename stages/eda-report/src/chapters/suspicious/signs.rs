//! The signs, user by user.

use std::collections::BTreeMap;

use reports::bins::{doubling, doubling_label};

use super::{BusyBin, Flagged, Suspicious, SuspiciousUser, Thresholds};
use crate::data::{Data, Texts};

/// What counts as a sign.
const THRESHOLDS: Thresholds = Thresholds {
    reviews: 5,
    burst_reviews: 10,
    burst_share: 0.5,
    constant_reviews: 10,
    constant_chance: 0.001,
    same_text_items: 3,
    same_text_words: 5,
};

const DAY: i64 = 86_400;

/// What is seen of one user.
struct Seen {
    user: u32,
    reviews: u64,
    most_in_a_day: u64,
    always: Option<f32>,
    same_text_items: u64,
}

impl Seen {
    fn is_burst(&self) -> bool {
        let share = self.most_in_a_day as f64 / self.reviews as f64;
        self.most_in_a_day >= u64::from(THRESHOLDS.burst_reviews) && share >= THRESHOLDS.burst_share
    }

    fn is_same_text(&self) -> bool {
        self.same_text_items >= u64::from(THRESHOLDS.same_text_items)
    }

    fn signs(&self) -> u32 {
        u32::from(self.is_burst()) + u32::from(self.always.is_some()) + u32::from(self.is_same_text())
    }
}

pub fn measure(data: &Data, top: usize) -> Suspicious {
    let mut found = Suspicious {
        thresholds: THRESHOLDS,
        users: 0,
        reviews: 0,
        all_reviews: data.reviews.len() as u64,
        burst: Flagged::default(),
        constant: Flagged::default(),
        same_text: data.texts.as_ref().map(|_| Flagged::default()),
        several: Flagged::default(),
        reviews_in_bursts: 0,
        busiest_day: Vec::new(),
        top: Vec::new(),
    };
    let chances = Chances::of(&data.reviews.rating);
    let mut bins = Vec::new();
    let mut flagged: Vec<Seen> = Vec::new();
    let mut hashes = Vec::new();
    for user in (0..data.users.len() as u32).filter(|user| data.users.reviews[*user as usize] >= THRESHOLDS.reviews) {
        let seen = look(data, user, &chances, &mut hashes);
        let bin = doubling(seen.most_in_a_day);
        bins.resize(bins.len().max(bin + 1), 0);
        bins[bin] += 1;
        found.count(&seen);
        if seen.signs() > 0 {
            flagged.push(seen);
        }
    }
    let named = bins.into_iter().enumerate().skip(1);
    found.busiest_day = named.map(|(bin, users)| BusyBin { reviews: doubling_label(bin), users }).collect();
    flagged.sort_by_key(|seen| (std::cmp::Reverse((seen.signs(), seen.reviews)), seen.user));
    found.top = flagged.iter().take(top).map(|seen| told(data, seen)).collect();
    found
}

impl Suspicious {
    fn count(&mut self, seen: &Seen) {
        self.users += 1;
        self.reviews += seen.reviews;
        self.burst.add(seen.is_burst(), seen);
        self.constant.add(seen.always.is_some(), seen);
        if let Some(same_text) = &mut self.same_text {
            same_text.add(seen.is_same_text(), seen);
        }
        self.several.add(seen.signs() > 1, seen);
        if seen.is_burst() {
            self.reviews_in_bursts += seen.most_in_a_day;
        }
    }
}

impl Flagged {
    fn add(&mut self, is_flagged: bool, seen: &Seen) {
        self.users += u64::from(is_flagged);
        self.reviews += if is_flagged { seen.reviews } else { 0 };
    }
}

/// How often each rating is given, by its bits.
struct Chances(BTreeMap<u32, f64>);

impl Chances {
    fn of(ratings: &[f32]) -> Self {
        let mut counts: BTreeMap<u32, f64> = BTreeMap::new();
        let mut last = (0, 0_u32);
        for rating in ratings {
            // Equal ratings often follow one another: the map is asked once a run.
            if rating.to_bits() != last.0 {
                *counts.entry(last.0).or_default() += f64::from(last.1);
                last = (rating.to_bits(), 0);
            }
            last.1 += 1;
        }
        *counts.entry(last.0).or_default() += f64::from(last.1);
        for count in counts.values_mut() {
            *count /= ratings.len() as f64;
        }
        Self(counts)
    }

    /// The chance that so many reviews have this rating.
    fn all(&self, rating: f32, reviews: usize) -> f64 {
        self.0.get(&rating.to_bits()).copied().unwrap_or_default().powf(reviews as f64)
    }
}

fn look(data: &Data, user: u32, chances: &Chances, hashes: &mut Vec<(u64, u32)>) -> Seen {
    let (rows, reviews) = (data.reviews.of_user(user), &data.reviews);
    let first = reviews.rating[rows[0] as usize];
    let is_constant = rows.len() >= THRESHOLDS.constant_reviews as usize
        && rows.iter().all(|row| reviews.rating[*row as usize].to_bits() == first.to_bits())
        && chances.all(first, rows.len()) < THRESHOLDS.constant_chance;
    Seen {
        user,
        reviews: rows.len() as u64,
        most_in_a_day: most_in_a_day(rows, &reviews.time),
        always: is_constant.then_some(first),
        same_text_items: data.texts.as_ref().map_or(0, |texts| same_text_items(data, texts, rows, hashes)),
    }
}

/// Most reviews within 24 hours; rows are by time.
fn most_in_a_day(rows: &[u32], time: &[i64]) -> u64 {
    let (mut start, mut most) = (0, 0);
    for (end, row) in rows.iter().enumerate() {
        while time[*row as usize] - time[rows[start] as usize] >= DAY {
            start += 1;
        }
        most = most.max(end + 1 - start);
    }
    most as u64
}

/// Items with the text that is on most of them; 0 if no text is on two.
fn same_text_items(data: &Data, texts: &Texts, rows: &[u32], seen: &mut Vec<(u64, u32)>) -> u64 {
    let is_long =
        |row: &&u32| texts.hash[**row as usize] != 0 && texts.words(**row as usize) >= Some(THRESHOLDS.same_text_words);
    seen.clear();
    seen.extend(rows.iter().filter(is_long).map(|row| (texts.hash[*row as usize], data.reviews.item[*row as usize])));
    seen.sort_unstable();
    seen.dedup();
    let most = seen.chunk_by(|a, b| a.0 == b.0).map(<[_]>::len).max().unwrap_or_default();
    if most > 1 { most as u64 } else { 0 }
}

fn told(data: &Data, seen: &Seen) -> SuspiciousUser {
    SuspiciousUser {
        user: data.users.name(seen.user),
        signs: seen.signs(),
        reviews: seen.reviews,
        most_in_a_day: seen.most_in_a_day,
        is_burst: seen.is_burst(),
        always: seen.always,
        mean_rating: data.users.mean_rating(seen.user),
        same_text_items: seen.same_text_items,
        is_same_text: seen.is_same_text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{Row, data, data_with_texts, row};

    fn many(user: &str, reviews: i64, step: i64, rating: impl Fn(i64) -> f32) -> Vec<Row> {
        (0..reviews).map(|place| row(user, &format!("{user}{place}"), rating(place), place * step)).collect()
    }

    #[test]
    fn bursts_are_counted_over_24_hours() {
        // Ten within a day of twelve; the same ten of thirty are fewer than half.
        let mut rows = many("fast", 10, 100, |place| (1 + place % 5) as f32);
        rows.extend(many("slow", 10, DAY, |place| (1 + place % 5) as f32));
        rows.extend((0..2).map(|place| row("fast", &format!("x{place}"), 3.0, 90 * DAY)));
        let found = measure(&data(&rows), 5);
        assert_eq!((found.users, found.burst, found.reviews_in_bursts), (2, Flagged { users: 1, reviews: 12 }, 10));
        assert_eq!((found.top.len(), found.top[0].user.as_str(), found.top[0].most_in_a_day), (1, "fast", 10));
        assert_eq!((found.same_text, found.busiest_day[0].users), (None, 1), "each of the slow one's days has one");
    }

    #[test]
    fn constant_ratings_count_where_chance_does_not_explain_them() {
        // Half of all ratings are 1: ten in a row have a chance of 1/1024 < 0.001.
        let mut rows = many("grim", 10, DAY, |_| 1.0);
        rows.extend(many("kind", 10, DAY, |place| if place % 2 == 0 { 5.0 } else { 4.0 }));
        let found = measure(&data(&rows), 5);
        assert_eq!((found.constant.users, found.top[0].always), (1, Some(1.0)));
        // Of the same user alone, nothing else can be expected.
        assert_eq!(measure(&data(&many("only", 10, DAY, |_| 1.0)), 5).constant.users, 0);
    }

    #[test]
    fn the_same_text_on_three_items() {
        let mut rows = many("echo", 5, DAY, |place| (1 + place) as f32);
        for text in &mut rows[..3] {
            *text = text.clone().says("it works as it should");
        }
        let found = measure(&data_with_texts(&rows), 5);
        assert_eq!((found.same_text, found.several.users), (Some(Flagged { users: 1, reviews: 5 }), 0));
        assert_eq!((found.top[0].same_text_items, found.top[0].signs), (3, 1));
    }
}
