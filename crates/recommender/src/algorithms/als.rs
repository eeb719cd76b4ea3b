//! Implicit matrix factorisation by alternating least squares.
//!
//! Formula: minimise `sum over all u, i of c(u, i) * (p(u, i) - x(u) . y(i))^2 + regularization *
//! (sum of |x|^2 + sum of |y|^2)`, where `p` is 1 for an interaction and 0 otherwise, and the
//! confidence is `c = 1 + alpha * strength` for an interaction and 1 otherwise. Users and items are
//! solved in turn, each row exactly. A history is folded in: `x = (Y'Y + Y'(C - 1)Y + regularization)^-1
//! Y'C p`, from the kept Gramian `Y'Y`; `score(i) = x . y(i)`. No user row is kept.
//!
//! Complexity with `f` factors: an iteration `O(interactions * f^2 + (users + items) * f^3)`, parallel
//! over rows; scoring `O(history * f^2 + f^3 + items * f)`. A stranger gets 0 for every item.
//!
//! Paper: Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008;
//! the reasons are those of its section 5.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{parameters_of, require};
use crate::{
    Error, Explanation, Fit, Interaction, Interactions, ModelData, Recommender, Scored, Tensor,
    dense::{dot, gramian, most_alike, row},
    ridge::{Cholesky, NormalEquations},
};

/// Name of the algorithm.
pub const NAME: &str = "als";

/// What `als` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Length of the vectors, 1 to 1024.
    pub factors: u32,
    /// Penalty on long vectors, above 0.
    pub regularization: f64,
    /// How much more an interaction counts than its absence, above 0.
    pub alpha: f64,
    /// Rounds over users and items, 1 to 1000.
    pub iterations: u32,
    /// Whether a rating counts by its value; if not, every interaction counts 1.
    pub use_ratings: bool,
    /// Decides the vectors at the start.
    pub seed: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { factors: 64, regularization: 60.0, alpha: 20.0, iterations: 15, use_ratings: false, seed: 42 }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        let positive = |value: f64| value > 0.0 && value <= 1e6;
        let expected = "a number above 0, at most 1000000";
        require(NAME, "factors", self.factors, (1..=1024).contains(&self.factors), "a whole number from 1 to 1024")?;
        require(NAME, "regularization", self.regularization, positive(self.regularization), expected)?;
        require(NAME, "alpha", self.alpha, positive(self.alpha), expected)?;
        let iterations = (1..=1000).contains(&self.iterations);
        require(NAME, "iterations", self.iterations, iterations, "a whole number from 1 to 1000")
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(Als::fit(self, train)?))
    }
}

impl Parameters {
    fn width(&self) -> usize {
        self.factors as usize
    }
}

/// Fitted item vectors.
///
/// ```
/// use recommender::{Interaction, Interactions, Recommender, algorithms::als};
///
/// let pair = |user, item| (user, Interaction { item, weight: 5.0, time: 0 });
/// // Two tastes: items 0, 1 and items 2, 3.
/// let pairs = [pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1), pair(2, 2), pair(2, 3), pair(3, 2), pair(3, 3)];
/// let train = Interactions::from_pairs(4, 4, &pairs);
/// let parameters = als::Parameters { factors: 2, regularization: 1.0, ..Default::default() };
/// let model = als::Als::fit(&parameters, &train)?;
/// let mut scores = vec![0.0; 4];
/// model.score(&[Interaction { item: 0, weight: 5.0, time: 0 }], &mut scores);
/// assert!(scores[1] > scores[2]);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Als {
    parameters: Parameters,
    items: Vec<f32>,
    gramian: Vec<f32>,
}

impl Als {
    /// Alternates between users and items.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let by_item = train.transposed();
        let mut random = ChaCha8Rng::seed_from_u64(parameters.seed);
        let scale = 0.1 / (f64::from(parameters.factors)).sqrt() as f32;
        let cells = train.item_count() * parameters.width();
        let mut items: Vec<f32> = (0..cells).map(|_| random.random_range(-scale..scale)).collect();
        for _ in 0..parameters.iterations {
            let users = solve_rows(parameters, &items, train);
            items = solve_rows(parameters, &users, &by_item);
        }
        let gramian = gramian(&items, parameters.width());
        Ok(Self { parameters: parameters.clone(), items, gramian })
    }

    /// The vectors that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let parameters: Parameters = parameters_of(data)?;
        parameters.check()?;
        let width = parameters.width();
        let items = data.floats_of("items", data.items * width)?.to_vec();
        let gramian = data.floats_of("gramian", width * width)?.to_vec();
        Ok(Self { parameters, items, gramian })
    }

    /// The history's vector, and the system that gave it.
    fn fold_in(&self, history: &[Interaction]) -> (Vec<f64>, Cholesky) {
        solve_row(&self.parameters, &self.items, &self.gramian, history)
    }

    fn knows(&self, item: u32) -> bool {
        (item as usize) < self.item_count()
    }
}

/// One half of an iteration: the best vector of each row, given those of the other side.
fn solve_rows(parameters: &Parameters, others: &[f32], rows: &Interactions) -> Vec<f32> {
    let width = parameters.width();
    let gramian = gramian(others, width);
    let mut solved = vec![0.0; rows.user_count() * width];
    solved.par_chunks_mut(width).enumerate().for_each(|(row, vector)| {
        let history = rows.history(row as u32);
        if !history.is_empty() {
            let (solution, _) = solve_row(parameters, others, &gramian, history);
            vector.iter_mut().zip(solution).for_each(|(cell, value)| *cell = value as f32);
        }
    });
    solved
}

fn solve_row(
    parameters: &Parameters,
    others: &[f32],
    gramian: &[f32],
    history: &[Interaction],
) -> (Vec<f64>, Cholesky) {
    let width = parameters.width();
    let mut equations = NormalEquations::from_matrix(width, gramian);
    (0..width).for_each(|place| equations.penalize(place, parameters.regularization));
    for entry in history {
        if let Some(vector) = row(others, width, entry.item) {
            let extra = parameters.alpha * f64::from(entry.strength(parameters.use_ratings));
            equations.add(vector, extra, 1.0 + extra);
        }
    }
    equations.solve()
}

impl Recommender for Als {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.items.len() / self.parameters.width()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        assert_eq!(scores.len(), self.item_count(), "one score an item");
        if !history.iter().any(|entry| self.knows(entry.item)) {
            scores.fill(0.0);
            return;
        }
        let user: Vec<f32> = self.fold_in(history).0.into_iter().map(|value| value as f32).collect();
        for (score, item) in scores.iter_mut().zip(self.items.chunks_exact(self.parameters.width())) {
            *score = dot(&user, item);
        }
    }

    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        most_alike(&self.items, self.parameters.width(), item, k)
    }

    fn explain(&self, item: u32, history: &[Interaction]) -> Option<Explanation> {
        let width = self.parameters.width();
        let target: Vec<f64> = row(&self.items, width, item)?.iter().map(|value| f64::from(*value)).collect();
        let solved = self.fold_in(history).1.solve(&target);
        let contribution = |entry: &Interaction| {
            let vector = row(&self.items, width, entry.item)?;
            let similarity: f64 = vector.iter().zip(&solved).map(|(a, b)| f64::from(*a) * b).sum();
            let confidence = 1.0 + self.parameters.alpha * f64::from(entry.strength(self.parameters.use_ratings));
            Some((entry.item, (confidence * similarity) as f32))
        };
        Some(Explanation::new(0.0, history.iter().filter_map(contribution), true))
    }

    fn save(&self) -> ModelData {
        let width = self.parameters.width();
        let tensors = BTreeMap::from([
            ("items".to_owned(), Tensor::matrix(self.item_count(), width, self.items.clone())),
            ("gramian".to_owned(), Tensor::matrix(width, width, self.gramian.clone())),
        ]);
        ModelData::new(NAME, &self.parameters, self.item_count(), tensors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;

    fn entry(item: u32) -> Interaction {
        Interaction { item, weight: 5.0, time: 0 }
    }

    fn two_tastes() -> Interactions {
        let pairs: Vec<(u32, Interaction)> = (0..20)
            .flat_map(|user| (0..4).filter(move |n| *n != user / 2 % 4).map(move |n| (user, entry(n + 4 * (user % 2)))))
            .collect();
        Interactions::from_pairs(20, 9, &pairs)
    }

    fn fitted() -> Als {
        Als::fit(&Parameters { factors: 4, regularization: 1.0, alpha: 10.0, ..Parameters::default() }, &two_tastes())
            .unwrap()
    }

    #[test]
    fn golden_fold_in_of_one_factor() {
        // y = (1, 2), Y'Y = 5, regularization 1, alpha 10, history {1}:
        // x = (5 + 1 + 10 * 4)^-1 * 11 * 2 = 22 / 46.
        let parameters = Parameters { factors: 1, regularization: 1.0, alpha: 10.0, ..Parameters::default() };
        let model = Als { parameters, items: vec![1.0, 2.0], gramian: vec![5.0] };
        let mut scores = vec![0.0; 2];
        model.score(&[entry(1)], &mut scores);
        assert!((scores[0] - 22.0 / 46.0).abs() < 1e-6 && (scores[1] - 44.0 / 46.0).abs() < 1e-6, "{scores:?}");
    }

    #[test]
    fn the_missing_item_of_the_own_taste_comes_first() {
        let model = fitted();
        let mut scores = vec![0.0; 9];
        model.score(&[entry(0), entry(1), entry(2)], &mut scores);
        assert!((4..9).all(|other| scores[3] > scores[other]), "{scores:?}");
        assert!(model.similar(0, 3).iter().all(|scored| (1..4).contains(&scored.item)));
    }

    #[test]
    fn contributions_add_up_to_the_score() {
        // Section 5 of the paper: the score is the sum of what each item of the history contributes.
        let model = fitted();
        let history = [entry(0), entry(1), entry(5)];
        let mut scores = vec![0.0; 9];
        model.score(&history, &mut scores);
        let Some(Reason::BecauseOf { item, share }) = model.reason(3, &history) else { panic!("no reason") };
        assert!(item < 2 && (0.0..=1.0).contains(&share), "{item} {share}");
        let target: Vec<f64> = row(&model.items, 4, 3).unwrap().iter().map(|value| f64::from(*value)).collect();
        let solved = model.fold_in(&history).1.solve(&target);
        let sum: f64 = history
            .iter()
            .flat_map(|entry| row(&model.items, 4, entry.item).unwrap().iter().zip(&solved))
            // Confidence 1 + alpha.
            .map(|(a, b)| 11.0 * f64::from(*a) * b)
            .sum();
        assert!((sum - f64::from(scores[3])).abs() < 1e-4, "{sum} {}", scores[3]);
    }

    #[test]
    fn a_vector_for_an_item_that_nobody_chose_is_zero() {
        assert_eq!(row(&fitted().items, 4, 8).unwrap(), [0.0; 4]);
    }
}
