//! Weights by coordinate-wise search for the highest mean NDCG.

use rayon::prelude::*;

use super::UserCandidates;

/// Users summed up by one task; fixed, so that sums do not depend on the number of threads.
const CHUNK_USERS: usize = 256;

/// By how much a weight is multiplied and divided, round by round; the last step goes on while it helps.
const STEPS: [f32; 5] = [4.0, 2.0, 1.5, 1.25, 1.1];

/// From which step on the steps are coarse: some of the users are enough to choose among them.
const COARSE: f32 = 2.0;

/// Users that coarse steps are tried on at most, spread evenly.
const COARSE_USERS: usize = 4096;

/// What a part of weight 0 is tried with in a coarse step, relative to the sum of all weights.
const ENTRIES: [f32; 5] = [0.01, 0.05, 0.2, 0.6, 2.0];

/// The same in a fine step.
const FINE_ENTRIES: [f32; 2] = [0.02, 0.1];

/// Rounds after the last step at most.
const LAST_ROUNDS: usize = 2;

/// Least gain in mean NDCG for which a weight is changed: less is chance.
const LEAST_GAIN: f64 = 2e-6;

/// Weights and how well they rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Refined {
    /// One weight a part, with sum 1.
    pub weights: Vec<f32>,
    /// Mean NDCG@k over the users.
    pub ndcg: f64,
}

/// Changes one weight at a time, coarse steps first, as long as the mean NDCG@k of the users rises. Coarse
/// steps are tried on at most some thousand users.
///
/// `lowest` is the least weight of each part, 0 to let a part go. `O(rounds * parts * users * candidates)`,
/// parallel over users and the same for any number of threads.
///
/// # Panics
/// If there is not one weight of 0 or more, and one lowest one, for each part of the table.
pub fn refine(users: &[&UserCandidates], start: &[f32], lowest: &[f32], k: u32) -> Refined {
    assert_eq!(start.len(), lowest.len(), "one lowest weight a part");
    let mut weights = normalized(start, lowest);
    let some: Vec<&UserCandidates> = users.iter().step_by(users.len().div_ceil(COARSE_USERS).max(1)).copied().collect();
    for step in STEPS.into_iter().chain([STEPS[STEPS.len() - 1]; LAST_ROUNDS]) {
        let users = if step >= COARSE { &some } else { users };
        let mut best = means(users, &weights, 0, &weights[..1], k)[0];
        let mut is_better = false;
        for part in 0..weights.len() {
            let tried = grid(weights[part], lowest[part], step);
            let values = means(users, &weights, part, &tried, k);
            let at = (1..values.len()).fold(0, |at, other| if values[other] > values[at] { other } else { at });
            if values[at] > best + LEAST_GAIN {
                (weights[part], best, is_better) = (tried[at], values[at], true);
                weights = normalized(&weights, lowest);
            }
        }
        if !is_better && step.to_bits() == STEPS[STEPS.len() - 1].to_bits() {
            break;
        }
    }
    let ndcg = means(users, &weights, 0, &weights[..1], k)[0];
    Refined { weights, ndcg }
}

/// The weights to try instead of one, all others having the sum 1 with it.
fn grid(weight: f32, lowest: f32, step: f32) -> Vec<f32> {
    let tried = if weight <= lowest {
        if step >= COARSE { ENTRIES.to_vec() } else { FINE_ENTRIES.to_vec() }
    } else {
        vec![0.0, weight / step / step, weight / step, weight * step, weight * step * step]
    };
    tried.into_iter().map(|weight| weight.max(lowest)).collect()
}

/// Weights of sum 1, none below its lowest one; equal ones if all are 0.
fn normalized(weights: &[f32], lowest: &[f32]) -> Vec<f32> {
    let sum: f32 = weights.iter().sum();
    let equal = 1.0 / weights.len().max(1) as f32;
    let of_sum_1 = |weight: &f32| if sum > 0.0 { weight / sum } else { equal };
    weights.iter().map(of_sum_1).zip(lowest).map(|(weight, lowest)| weight.max(*lowest)).collect()
}

/// The mean NDCG@k for each of the weights tried in the place of one part's.
fn means(users: &[&UserCandidates], weights: &[f32], part: usize, tried: &[f32], k: u32) -> Vec<f64> {
    let mut others = weights.to_vec();
    others[part] = 0.0;
    let of_chunk = |chunk: &[&UserCandidates]| {
        let (mut base, mut sums, mut totals) = (Vec::new(), Vec::new(), vec![0.0; tried.len()]);
        for user in chunk {
            user.blend(&others, &mut base);
            for (total, weight) in totals.iter_mut().zip(tried) {
                sums.clear();
                sums.extend(base.iter().zip(user.scores(part)).map(|(sum, score)| sum + weight * score));
                *total += user.ndcg_of(&sums, k);
            }
        }
        totals
    };
    let chunks: Vec<Vec<f64>> = users.par_chunks(CHUNK_USERS).map(of_chunk).collect();
    let mean = |place: usize| chunks.iter().map(|totals| totals[place]).sum::<f64>() / users.len().max(1) as f64;
    (0..tried.len()).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Interaction, Interactions, ModelData, Recommender, blending::Candidates};

    /// Scores item `i` of a history that starts with item `h` by `table[h][i]`.
    struct Table(Vec<[f32; 4]>);

    impl Recommender for Table {
        fn algorithm(&self) -> &'static str {
            "table"
        }
        fn item_count(&self) -> usize {
            4
        }
        fn score(&self, history: &[Interaction], scores: &mut [f32]) {
            scores.copy_from_slice(&self.0[history[0].item as usize]);
        }
        fn save(&self) -> ModelData {
            unreachable!("not saved in these tests")
        }
    }

    /// User 0 knows item 0 and wants 1, user 1 knows item 1 and wants 2.
    fn table() -> Candidates {
        let set = |cells: [(u32, u32); 2]| {
            let pair = |(user, item)| (user, Interaction { item, weight: 1.0, time: 0 });
            Interactions::from_pairs(2, 4, &cells.map(pair))
        };
        // The first part is right about user 0 and wrong about user 1, where it is less sure; the second
        // is right about user 1 alone; the third always misleads.
        let parts = [
            Table(vec![[0.0, 1.0, 0.5, 0.0], [0.0, 0.0, 0.2, 0.3]]),
            Table(vec![[0.0, 0.0, 0.3, 0.0], [0.0, 0.0, 0.3, 0.0]]),
            Table(vec![[0.0, 0.0, 0.0, 1.0]; 2]),
        ];
        let parts: Vec<&dyn Recommender> = parts.iter().map(|part| part as _).collect();
        Candidates::collect(&parts, &[1.0; 3], &set([(0, 0), (1, 1)]), &set([(0, 1), (1, 2)]), &[0, 1], 4)
    }

    #[test]
    fn finds_the_blend_that_no_part_reaches_alone() {
        let table = table();
        let users: Vec<&UserCandidates> = table.users().iter().collect();
        for start in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.6, 0.3, 0.1], [0.0, 0.0, 0.0]] {
            let refined = refine(&users, &start, &[0.0; 3], 10);
            assert!((refined.ndcg - 1.0).abs() < 1e-9, "{start:?}: {refined:?}");
            assert!((refined.weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
        let alone = users.iter().map(|user| user.ndcg(&[1.0, 0.0, 0.0], 10)).sum::<f64>() / 2.0;
        // Ranks 1 and 2.
        assert!((alone - f64::midpoint(1.0, 1.0 / 3.0_f64.log2())).abs() < 1e-9);
    }

    #[test]
    fn a_lowest_weight_is_kept() {
        let table = table();
        let users: Vec<&UserCandidates> = table.users().iter().collect();
        let refined = refine(&users, &[1.0, 1.0, 1.0], &[0.0, 0.0, 0.01], 10);
        assert!(refined.weights[2] >= 0.01, "{refined:?}");
    }
}
