//! The table of what could be recommended, with the raw scores of every part.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::{Interaction, Interactions, Recommender, batch_size, metrics::RelevantRanks, top_k};

/// Most users that a part's scale is taken from.
const SCALE_USERS: usize = 1000;

/// Length of list whose mean score is a part's scale.
const SCALE_PLACES: usize = 10;

/// What could be recommended to users who held something out: a few hundred items each.
///
/// Memory: `4 * parts` bytes a candidate, and at most `parts * depth` candidates and the held-out items a
/// user; see [`Candidates::most_bytes`].
pub struct Candidates {
    users: Vec<UserCandidates>,
    parts: usize,
}

/// The candidates of one user, in the order of items.
#[derive(Clone, Debug, PartialEq)]
pub struct UserCandidates {
    /// Number of known items in the history.
    pub known: u32,
    /// Part by part, one scaled score a candidate.
    scores: Vec<f32>,
    /// Number of candidates.
    count: usize,
    /// Places of the held-out items among the candidates.
    relevant: Vec<u32>,
}

/// The mean score of the best ten items of each part, over at most a thousand users spread evenly over
/// those with a history; 1 for a part that has no positive one. Dividing by it brings parts whose scores
/// differ by orders of magnitude to a common size, by the same number for every user.
pub fn scales(parts: &[&dyn Recommender], history: &Interactions) -> Vec<f32> {
    let known: Vec<u32> = (0..history.user_count() as u32).filter(|user| !history.history(*user).is_empty()).collect();
    let users: Vec<u32> = known.iter().step_by(known.len().div_ceil(SCALE_USERS).max(1)).copied().collect();
    let of_part = |part: &&dyn Recommender| {
        let items = part.item_count();
        let mean = |scores: &[f32]| {
            let best = top_k(scores, SCALE_PLACES, |_| false);
            best.iter().map(|scored| f64::from(scored.score)).sum::<f64>() / best.len().max(1) as f64
        };
        let of_users = |users: &[u32]| {
            let histories: Vec<&[Interaction]> = users.iter().map(|user| history.history(*user)).collect();
            let mut scores = vec![0.0; users.len() * items];
            part.score_many(&histories, &mut scores);
            scores.chunks_exact(items.max(1)).map(mean).collect::<Vec<f64>>()
        };
        let means: Vec<f64> = users.par_chunks(batch_size(items)).flat_map_iter(of_users).collect();
        let scale = (means.iter().sum::<f64>() / means.len() as f64) as f32;
        if scale.is_finite() && scale > f32::MIN_POSITIVE { scale } else { 1.0 }
    };
    parts.iter().map(of_part).collect()
}

impl Candidates {
    /// Scores the users by every part and keeps, for each user, the `depth` best items of each part that
    /// the history does not have, and the held-out ones. Scores are divided by the part's scale; those
    /// that are not numbers become 0. Users whose held-out items are all known are left out. Parallel, one
    /// scoring a part and user; the same for any number of threads.
    ///
    /// # Panics
    /// If parts, scales, history and held-out interactions disagree about the number of parts or items.
    pub fn collect(
        parts: &[&dyn Recommender],
        scales: &[f32],
        history: &Interactions,
        held_out: &Interactions,
        users: &[u32],
        depth: usize,
    ) -> Self {
        assert_eq!(parts.len(), scales.len(), "one scale a part");
        let items = history.item_count();
        assert!(parts.iter().all(|part| part.item_count() == items), "same items");
        assert_eq!(held_out.item_count(), items, "same items");
        let of_users = |buffers: &mut Vec<Vec<f32>>, users: &[u32]| {
            let histories: Vec<&[Interaction]> = users.iter().map(|user| history.history(*user)).collect();
            for (part, scores) in parts.iter().zip(&mut *buffers) {
                scores.resize(users.len() * items, 0.0);
                part.score_many(&histories, scores);
            }
            let of_user = |(place, user): (usize, &u32)| {
                let own = place * items..(place + 1) * items;
                let mut scores: Vec<&mut [f32]> = buffers.iter_mut().map(|scores| &mut scores[own.clone()]).collect();
                UserCandidates::collect(&mut scores, scales, histories[place], held_out.history(*user), depth)
            };
            users.iter().enumerate().filter_map(of_user).collect::<Vec<UserCandidates>>()
        };
        let batches = users.par_chunks(batch_size(items)).map_init(|| vec![Vec::new(); parts.len()], of_users);
        Self { users: batches.flatten_iter().collect(), parts: parts.len() }
    }

    /// The most that a table can take: every part has other candidates.
    pub fn most_bytes(parts: usize, depth: usize, users: usize) -> usize {
        users * (parts * depth * parts * size_of::<f32>() + size_of::<UserCandidates>())
    }

    /// Number of parts.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// The users, in the order in which they were given.
    pub fn users(&self) -> &[UserCandidates] {
        &self.users
    }
}

impl UserCandidates {
    /// Of one row of scores a part; none if the history leaves nothing to predict.
    fn collect(
        rows: &mut [&mut [f32]],
        scales: &[f32],
        history: &[Interaction],
        held_out: &[Interaction],
        depth: usize,
    ) -> Option<Self> {
        let seen: BTreeSet<u32> = history.iter().map(|entry| entry.item).collect();
        let relevant: BTreeSet<u32> =
            held_out.iter().map(|entry| entry.item).filter(|item| !seen.contains(item)).collect();
        if relevant.is_empty() {
            return None;
        }
        let mut items = relevant.clone();
        for scores in &mut *rows {
            for item in &seen {
                scores[*item as usize] = f32::NEG_INFINITY;
            }
            items.extend(top_k(scores, depth, |_| false).iter().map(|scored| scored.item));
        }
        let mut table = Vec::with_capacity(items.len() * rows.len());
        for (scores, scale) in rows.iter().zip(scales) {
            let values = items.iter().map(|item| scores[*item as usize] / scale);
            table.extend(values.map(|score| if score.is_finite() { score } else { 0.0 }));
        }
        let wanted = (0..).zip(&items).filter(|(_, item)| relevant.contains(item)).map(|(place, _)| place);
        Some(Self { known: seen.len() as u32, scores: table, count: items.len(), relevant: wanted.collect() })
    }

    /// Number of candidates.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Places of the held-out items among the candidates, in order.
    pub fn relevant(&self) -> &[u32] {
        &self.relevant
    }

    /// One part's scaled scores, one a candidate.
    ///
    /// # Panics
    /// If there is no such part.
    pub fn scores(&self, part: usize) -> &[f32] {
        &self.scores[part * self.count..(part + 1) * self.count]
    }

    /// The weighted sum of the parts' scores, into `sums`.
    pub(super) fn blend(&self, weights: &[f32], sums: &mut Vec<f32>) {
        sums.clear();
        sums.resize(self.count, 0.0);
        for (part, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
            sums.iter_mut().zip(self.scores(part)).for_each(|(sum, score)| *sum += weight * score);
        }
    }

    /// NDCG@k of the candidates in the order of these scores, ties in the order of items.
    pub(super) fn ndcg_of(&self, scores: &[f32], k: u32) -> f64 {
        let rank = |place: &u32| {
            let own = scores[*place as usize];
            let (before, after) = scores.split_at(*place as usize);
            let ahead = |is_ahead: fn(f32, f32) -> bool, scores: &[f32]| -> u32 {
                scores.iter().map(|score| u32::from(is_ahead(*score, own))).sum()
            };
            1 + ahead(|score, own| score >= own, before) + ahead(|score, own| score > own, after)
        };
        RelevantRanks::new(self.relevant.iter().map(rank).collect(), self.relevant.len()).ndcg_at_k(k)
    }

    /// NDCG@k of this user by a blend with one weight a part.
    pub fn ndcg(&self, weights: &[f32], k: u32) -> f64 {
        let mut sums = Vec::new();
        self.blend(weights, &mut sums);
        self.ndcg_of(&sums, k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelData;

    /// Gives every item the same fixed score, whoever asks.
    struct Fixed(Vec<f32>);

    impl Recommender for Fixed {
        fn algorithm(&self) -> &'static str {
            "fixed"
        }
        fn item_count(&self) -> usize {
            self.0.len()
        }
        fn score(&self, _history: &[Interaction], scores: &mut [f32]) {
            scores.copy_from_slice(&self.0);
        }
        fn save(&self) -> ModelData {
            unreachable!("not saved in these tests")
        }
    }

    fn set(users: usize, cells: &[(u32, u32)]) -> Interactions {
        let entry = |item| Interaction { item, weight: 1.0, time: 0 };
        let pairs: Vec<_> = cells.iter().map(|(user, item)| (*user, entry(*item))).collect();
        Interactions::from_pairs(users, 5, &pairs)
    }

    #[test]
    fn golden_table_of_two_parts() {
        let parts = [Fixed(vec![9.0, 8.0, 4.0, 0.0, 0.0]), Fixed(vec![0.0, 0.0, 0.0, f32::NAN, 6.0])];
        let parts: Vec<&dyn Recommender> = parts.iter().map(|part| part as _).collect();
        // User 0 knows item 0 and wants 2; user 1 wants what it knows.
        let (history, held_out) = (set(2, &[(0, 0), (1, 1)]), set(2, &[(0, 2), (1, 1)]));
        let table = Candidates::collect(&parts, &[4.0, 2.0], &history, &held_out, &[0, 1], 1);
        assert_eq!((table.users().len(), table.parts()), (1, 2));
        // Best of the first part without item 0 is 1, of the second 4; item 2 is held out.
        let user = &table.users()[0];
        assert_eq!((user.count(), user.relevant(), user.known), (3, &[1][..], 1));
        assert_eq!((user.scores(0), user.scores(1)), (&[2.0, 1.0, 0.0][..], &[0.0, 0.0, 3.0][..]));
        // 2 1 0: rank 2; 2 1 3: rank 3; no weight: a tie, in the order of items.
        let ndcg = [[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]].map(|weights| user.ndcg(&weights, 10));
        let expected = [1.0 / 3.0_f64.log2(), 0.5, 1.0 / 3.0_f64.log2()];
        assert!(ndcg.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9), "{ndcg:?}");
    }

    #[test]
    fn a_scale_is_the_mean_of_the_best_ten_and_1_without_any() {
        let parts = [Fixed(vec![5.0, 4.0, 3.0, 2.0, 1.0]), Fixed(vec![0.0; 5])];
        let parts: Vec<&dyn Recommender> = parts.iter().map(|part| part as _).collect();
        assert_eq!(scales(&parts, &set(3, &[(0, 0), (2, 1)])), [3.0, 1.0]);
        assert_eq!(scales(&parts, &set(3, &[])), [1.0, 1.0]);
    }
}
