//! Whether a blend is kept: it must rank users that it did not learn from better than the best part does.
//!
//! The users are dealt out to folds; what the users of all other folds teach is measured on each fold, the
//! choice of the best part included. The kind of blend with the highest mean is then fitted to all users.
//! How sure that is stands in the paired bootstrap of its values against those of the best part.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use recommender::{algorithms::hybrid::Blend, blending::UserCandidates};
use serde::Serialize;

use crate::{
    error::Error,
    fitting::{Kind, Task},
};

/// Resamples of the bootstrap.
const RESAMPLES: u64 = 2000;

/// A blend and how it was found.
pub(crate) struct Chosen {
    /// Shares of all parts, fitted to all users.
    pub(crate) blend: Blend,
    /// Which kind it is.
    pub(crate) kind: Kind,
    /// Mean NDCG of each kind on users that it did not learn from, in the order of [`Kind::ALL`].
    pub(crate) held_out: [f64; 3],
    /// The chosen kind less the best part, on those users.
    pub(crate) comparison: Comparison,
}

/// The paired bootstrap over users of a difference of means.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Users compared.
    pub users: usize,
    /// Mean difference.
    pub difference: f64,
    /// Lower end of the 95 % confidence interval.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
    /// Share of resamples on the other side of 0, twice; at least one in the number of resamples.
    pub p_value: f64,
}

/// Fits every kind of blend and takes the one that does best on users that it did not learn from; on a tie
/// the simplest.
pub(crate) fn choose(task: &Task, users: &[UserCandidates]) -> Result<Chosen, Error> {
    let values = held_out_values(task, users)?;
    let mean = |kind: usize| values.iter().map(|user| user[kind]).sum::<f64>() / values.len().max(1) as f64;
    let held_out = [mean(0), mean(1), mean(2)];
    let at = (1..held_out.len()).fold(0, |at, kind| if held_out[kind] > held_out[at] { kind } else { at });
    let differences: Vec<f64> = values.iter().map(|user| user[at] - user[0]).collect();
    let comparison = Comparison::of(&differences, task.params.seed);
    let [best, global, segments] = task.fit(&users.iter().collect::<Vec<_>>())?;
    let (kind, blend) = match Kind::ALL[at] {
        Kind::BestPart => (Kind::BestPart, best),
        Kind::Global => (Kind::Global, global),
        Kind::Segments => (Kind::Segments, segments),
    };
    Ok(Chosen { blend, kind, held_out, comparison })
}

/// NDCG of each kind of blend for each user, learned from the users of other folds.
fn held_out_values(task: &Task, users: &[UserCandidates]) -> Result<Vec<[f64; 3]>, Error> {
    let folds = (task.params.folds as usize).min(users.len());
    let mut values = vec![[0.0; 3]; users.len()];
    for fold in 0..folds {
        let others: Vec<&UserCandidates> =
            users.iter().enumerate().filter(|(place, _)| place % folds != fold).map(|(_, user)| user).collect();
        let blends = task.fit(if others.is_empty() { return Ok(values) } else { &others })?;
        let of_user = |user: &UserCandidates| {
            blends.each_ref().map(|blend| user.ndcg(&blend.shares[blend.segment(user.known)], task.params.k))
        };
        for place in (fold..users.len()).step_by(folds) {
            values[place] = of_user(&users[place]);
        }
    }
    Ok(values)
}

impl Comparison {
    fn of(differences: &[f64], seed: u64) -> Self {
        let count = differences.len();
        let resample = |stream: u64| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(stream + 1);
            let drawn = (0..count).map(|_| differences[random.random_range(0..count)]);
            drawn.sum::<f64>() / count as f64
        };
        let mut means: Vec<f64> = (0..RESAMPLES).into_par_iter().map(resample).collect();
        means.sort_by(f64::total_cmp);
        let quantile = |share: f64| means[((means.len() - 1) as f64 * share).round() as usize];
        let side = |is_there: fn(f64) -> bool| means.iter().filter(|mean| is_there(**mean)).count();
        let other_side = side(|mean| mean <= 0.0).min(side(|mean| mean >= 0.0));
        Self {
            users: count,
            difference: differences.iter().sum::<f64>() / count as f64,
            low: quantile(0.025),
            high: quantile(0.975),
            p_value: (2.0 * other_side as f64 / means.len() as f64).clamp(1.0 / means.len() as f64, 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clear_difference_is_certain_and_none_is_not() {
        let clear = Comparison::of(&[0.1, 0.2, 0.3, 0.2], 1);
        assert!((clear.difference - 0.2).abs() < 1e-12);
        assert!(clear.low > 0.0 && clear.high < 0.31 && clear.p_value < 0.001, "{clear:?}");
        let chance = Comparison::of(&[0.3, -0.3, 0.2, -0.2, 0.1], 1);
        assert!(chance.low < 0.0 && chance.high > 0.0 && chance.p_value > 0.3, "{chance:?}");
        let equal = Comparison::of(&[0.0; 5], 1);
        assert!((equal.p_value - 1.0).abs() < 1e-12, "{equal:?}");
    }
}
