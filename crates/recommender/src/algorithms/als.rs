//! Implicit matrix factorisation by alternating least squares.
//!
//! Formula: minimise `sum over interactions of strength * (x(u) . y(i) - 1)^2 + unobserved_weight * sum
//! over all u, i of (x(u) . y(i))^2 + sum over rows of penalty * |row|^2` with `penalty = regularization *
//! (frequency / mean frequency of its side)^frequency_exponent` and `frequency = sum of strengths +
//! unobserved_weight * rows of the other side`. Users and items are solved in turn, see [`Solver`]. Vectors of a side are turned into the basis in which their Gramian
//! is diagonal, which makes it a penalty a factor and needs `O(f^2)` nowhere in a row: three steps of
//! conjugate gradients then come as far as an exact solution does. A history is folded in exactly, its
//! entries weighted by `exp(-age / history_decay)`; no user row is kept.
//!
//! Complexity with `f` factors and rows of `n`: an iteration `O(n * f)` a row by conjugate gradients,
//! `O(n * f * b)` by blocks of `b`, `O(n * f * min(n, f))` exactly, and `O((users + items) * f^2 + f^3)`,
//! parallel over rows; scoring `O(n * f * min(n, f) + items * f)`. A stranger gets 0 for every item.
//!
//! Papers: Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008;
//! Rendle, Krichene, Zhang and Koren, "Revisiting the performance of iALS on item recommendation
//! benchmarks", `RecSys` 2022, and "iALS++: speeding up matrix factorization with subspace
//! optimization", 2021; Takács, Pilászy and Tikk, "Applications of the conjugate gradient method for
//! implicit feedback collaborative filtering", `RecSys` 2011.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{parameters_of, require};
use crate::{
    Error, Evidence, Explainer, Fit, Interaction, Interactions, ModelData, Recommender, Scored, Tensor,
    dense::{Panels, gramian, most_alike, multiplied, row},
    linear_algebra::Eigen,
    recency::by_recency,
    ridge::{Observation, Ridge},
};

/// Name of the algorithm.
pub const NAME: &str = "als";

/// Rows that one task solves.
const CHUNK_ROWS: usize = 32;

/// Steps of conjugate gradients a row and iteration.
const STEPS: usize = 3;

/// How a row is solved in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// Three steps of conjugate gradients from the row of the iteration before: the fastest.
    #[default]
    ConjugateGradient,
    /// One round of exact steps on `block_size` factors at a time (iALS++); rows of no more interactions
    /// than that exactly.
    Subspace,
    /// Every row exactly.
    Exact,
}

/// What `als` can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Length of the vectors, 1 to 1024.
    #[schemars(extend("tune" = {"low": 16, "high": 512, "scale": "log"}))]
    pub factors: u32,
    /// Penalty on long vectors of rows of mean frequency, above 0.
    #[schemars(extend("tune" = {"low": 0.3, "high": 10.0, "scale": "log"}))]
    pub regularization: f64,
    /// How much the penalty grows with the interactions of a row, 0 to 2; 0 penalises all alike.
    #[schemars(extend("tune" = {"low": 0.0, "high": 1.0}))]
    pub frequency_exponent: f64,
    /// What a pair without interaction weighs, where an interaction weighs its strength; above 0.
    #[schemars(extend("tune" = {"low": 0.001, "high": 1.0, "scale": "log"}))]
    pub unobserved_weight: f64,
    /// Rounds over users and items, 1 to 1000.
    #[schemars(extend("tune" = {"low": 4, "high": 20}))]
    pub iterations: u32,
    /// How a row is solved in training.
    pub solver: Solver,
    /// Factors that `subspace` solves at a time, 1 to 1024.
    pub block_size: u32,
    /// Places in the history after which an item counts 1/e, 0 or more; 0 counts all alike.
    #[schemars(extend("tune" = {"values": [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]}))]
    pub history_decay: f64,
    /// Whether a rating counts by its value; if not, every interaction counts 1.
    pub use_ratings: bool,
    /// Decides the vectors at the start.
    pub seed: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            factors: 64,
            regularization: 2.5,
            frequency_exponent: 1.0,
            unobserved_weight: 0.03,
            iterations: 10,
            solver: Solver::ConjugateGradient,
            block_size: 32,
            history_decay: 0.0,
            use_ratings: false,
            seed: 42,
        }
    }
}

impl Fit for Parameters {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self) -> Result<(), Error> {
        let positive = |value: f64| (1e-9..=1e6).contains(&value);
        let expected = "a number from 0.000000001 to 1000000";
        let size = |value: u32| (1..=1024).contains(&value);
        require(NAME, "factors", self.factors, size(self.factors), "a whole number from 1 to 1024")?;
        require(NAME, "regularization", self.regularization, positive(self.regularization), expected)?;
        let exponent = (0.0..=2.0).contains(&self.frequency_exponent);
        require(NAME, "frequency_exponent", self.frequency_exponent, exponent, "a number from 0 to 2")?;
        require(NAME, "unobserved_weight", self.unobserved_weight, positive(self.unobserved_weight), expected)?;
        let iterations = (1..=1000).contains(&self.iterations);
        require(NAME, "iterations", self.iterations, iterations, "a whole number from 1 to 1000")?;
        require(NAME, "block_size", self.block_size, size(self.block_size), "a whole number from 1 to 1024")?;
        let decay = (0.0..=1e6).contains(&self.history_decay);
        require(NAME, "history_decay", self.history_decay, decay, "a number from 0 to 1000000")
    }

    fn fit(&self, train: &Interactions) -> Result<Box<dyn Recommender>, Error> {
        Ok(Box::new(Als::fit(self, train)?))
    }
}

impl Parameters {
    fn width(&self) -> usize {
        self.factors as usize
    }

    /// The frequency of a row of these strengths where the other side has so many rows.
    fn frequency(&self, strengths: f32, others: usize) -> f32 {
        strengths + self.unobserved_weight as f32 * others as f32
    }

    /// The mean frequency of rows that are not empty.
    fn mean_frequency(&self, rows: &Interactions) -> f32 {
        let strengths: f64 = rows.histories().flatten().map(|entry| f64::from(entry.strength(self.use_ratings))).sum();
        let known = rows.histories().filter(|history| !history.is_empty()).count();
        self.frequency((strengths / known.max(1) as f64) as f32, rows.item_count())
    }

    /// The penalty of a row whose frequency is this share of the mean one.
    fn penalty(&self, share: f32) -> f32 {
        (self.regularization * f64::from(share).powf(self.frequency_exponent)).max(1e-12) as f32
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
/// let parameters = als::Parameters { factors: 2, ..Default::default() };
/// let model = als::Als::fit(&parameters, &train)?;
/// let mut scores = vec![0.0; 4];
/// model.score(&[Interaction { item: 0, weight: 5.0, time: 0 }], &mut scores);
/// assert!(scores[1] > scores[2]);
/// # Ok::<(), recommender::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Als {
    parameters: Parameters,
    items: Side,
    panels: Panels,
}

/// The vectors of one side, in the basis in which their Gramian is diagonal.
#[derive(Clone, Debug, PartialEq)]
struct Side {
    vectors: Vec<f32>,
    /// The diagonal of the Gramian.
    gramian: Vec<f32>,
    /// Mean frequency of the rows of the other side.
    opposite_frequency: f32,
}

impl Als {
    fn new(parameters: Parameters, items: Side) -> Self {
        Self { panels: Panels::of(&items.vectors, parameters.width()), parameters, items }
    }

    /// Alternates between users and items.
    pub fn fit(parameters: &Parameters, train: &Interactions) -> Result<Self, Error> {
        parameters.check()?;
        if train.is_empty() {
            return Err(Error::NoInteractions { algorithm: NAME });
        }
        let (by_item, width) = (train.transposed(), parameters.width());
        let mut random = ChaCha8Rng::seed_from_u64(parameters.seed);
        let scale = 0.1 / (f64::from(parameters.factors)).sqrt() as f32;
        let start: Vec<f32> = (0..train.item_count() * width).map(|_| random.random_range(-scale..scale)).collect();
        let (mut items, mut users) = (start, vec![0.0; train.user_count() * width]);
        let (of_users, of_items) = (parameters.mean_frequency(train), parameters.mean_frequency(&by_item));
        for _ in 0..parameters.iterations {
            let side = Side::turned(&items, &mut users, of_users, parameters);
            users = side.solve_opposite(parameters, train, &users);
            items = side.vectors;
            let side = Side::turned(&users, &mut items, of_items, parameters);
            items = side.solve_opposite(parameters, &by_item, &items);
            users = side.vectors;
        }
        let items = Side::turned(&items, &mut users, of_users, parameters);
        Ok(Self::new(parameters.clone(), items))
    }

    /// The vectors that [`Recommender::save`] wrote.
    pub fn load(data: &ModelData) -> Result<Self, Error> {
        let parameters: Parameters = parameters_of(data)?;
        parameters.check()?;
        let width = parameters.width();
        let vectors = data.floats_of("items", data.items * width)?.to_vec();
        let gramian = data.floats_of("gramian", width)?.to_vec();
        let opposite_frequency = data.floats_of("user_frequency", 1)?[0];
        Ok(Self::new(parameters, Side { vectors, gramian, opposite_frequency }))
    }

    /// The regression that gives the history's vector, and the items that are observed in it.
    fn fold_in(&self, history: &[Interaction]) -> (Ridge, Vec<u32>) {
        let mut ridge = Ridge::default();
        let decay = self.parameters.history_decay as f32;
        let known = || by_recency(history, self.item_count(), decay);
        self.items.observe(&mut ridge, &self.parameters, self.item_count(), known);
        (ridge, known().map(|(entry, _)| entry.item).collect())
    }
}

impl Side {
    /// Turns vectors into the basis in which their Gramian is diagonal, and, where they are a start,
    /// those of the other side with them.
    fn turned(vectors: &[f32], opposite: &mut Vec<f32>, opposite_frequency: f32, parameters: &Parameters) -> Self {
        let width = parameters.width();
        let eigen = Eigen::of_symmetric(width, &gramian(vectors, width));
        if parameters.solver != Solver::Exact {
            *opposite = multiplied(opposite, width, &eigen.vectors, width);
        }
        let gramian = eigen.values.iter().map(|value| value.max(0.0)).collect();
        Self { vectors: multiplied(vectors, width, &eigen.vectors, width), gramian, opposite_frequency }
    }

    /// Writes down the regression of a row of the other side.
    fn observe<'a, I: Iterator<Item = (&'a Interaction, f32)>>(
        &self,
        ridge: &mut Ridge,
        parameters: &Parameters,
        rows: usize,
        entries: impl Fn() -> I,
    ) {
        let strength = |(entry, recency): (&Interaction, f32)| recency * entry.strength(parameters.use_ratings);
        let frequency = parameters.frequency(entries().map(strength).sum(), rows);
        let penalty = parameters.penalty(frequency / self.opposite_frequency);
        let unobserved = parameters.unobserved_weight as f32;
        ridge.start(self.gramian.iter().map(|square| unobserved * square + penalty));
        for (entry, recency) in entries() {
            ridge.observe(Observation { row: entry.item, weight: strength((entry, recency)), target: 1.0 });
        }
    }

    /// One half of an iteration: the best vector of each row of the other side, given those of this one,
    /// or a better one than at the start.
    fn solve_opposite(&self, parameters: &Parameters, rows: &Interactions, start: &[f32]) -> Vec<f32> {
        let (width, block) = (parameters.width(), parameters.block_size as usize);
        let mut solved = vec![0.0; start.len()];
        solved.par_chunks_mut(CHUNK_ROWS * width).enumerate().for_each_init(
            Ridge::default,
            |ridge, (chunk, vectors)| {
                for (row, vector) in (chunk * CHUNK_ROWS..).zip(vectors.chunks_exact_mut(width)) {
                    let history = rows.history(row as u32);
                    if history.is_empty() {
                        continue;
                    }
                    self.observe(ridge, parameters, rows.item_count(), || history.iter().map(|entry| (entry, 1.0)));
                    let start = &start[row * width..(row + 1) * width];
                    vector.copy_from_slice(match parameters.solver {
                        Solver::ConjugateGradient => ridge.descend(&self.vectors, start, STEPS),
                        Solver::Subspace if history.len() > block => ridge.improve(&self.vectors, start, block),
                        _ => ridge.solve(&self.vectors),
                    });
                }
            },
        );
        solved
    }
}

impl Recommender for Als {
    fn algorithm(&self) -> &'static str {
        NAME
    }

    fn item_count(&self) -> usize {
        self.items.vectors.len() / self.parameters.width()
    }

    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        assert_eq!(scores.len(), self.item_count(), "one score an item");
        let mut ridge = self.fold_in(history).0;
        self.panels.products(ridge.solve(&self.items.vectors), scores);
    }

    fn score_many(&self, histories: &[&[Interaction]], scores: &mut [f32]) {
        let vectors = &self.items.vectors;
        let users = histories.iter().flat_map(|history| self.fold_in(history).0.solve(vectors).to_vec());
        self.panels.products(&users.collect::<Vec<f32>>(), scores);
    }

    fn similar(&self, item: u32, k: usize) -> Vec<Scored> {
        most_alike(&self.items.vectors, self.parameters.width(), item, k)
    }

    fn explainer<'a>(&'a self, history: &'a [Interaction]) -> Explainer<'a> {
        let (mut ridge, observed) = self.fold_in(history);
        ridge.solve(&self.items.vectors);
        Box::new(move |item| {
            let target = row(&self.items.vectors, self.parameters.width(), item)?;
            Some(Evidence::new(0.0, observed.iter().copied().zip(ridge.contributions(target)), true))
        })
    }

    fn save(&self) -> ModelData {
        let tensors = BTreeMap::from([
            (
                "items".to_owned(),
                Tensor::matrix(self.item_count(), self.parameters.width(), self.items.vectors.clone()),
            ),
            ("gramian".to_owned(), Tensor::vector(self.items.gramian.clone())),
            ("user_frequency".to_owned(), Tensor::vector(vec![self.items.opposite_frequency])),
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
        Als::fit(&Parameters { factors: 4, regularization: 0.2, ..Parameters::default() }, &two_tastes()).unwrap()
    }

    #[test]
    fn golden_fold_in_of_one_factor() {
        // y = (1, 2), Y'Y = 5, unobserved_weight 0.1, users of a mean frequency of 2, history {1}: penalty
        // 1 * ((1 + 0.1 * 2) / 2)^1 = 0.6, x = (0.1 * 5 + 0.6 + 2 * 2)^-1 * 2 = 2 / 5.1.
        let parameters = Parameters {
            factors: 1,
            regularization: 1.0,
            frequency_exponent: 1.0,
            unobserved_weight: 0.1,
            ..Parameters::default()
        };
        let items = Side { vectors: vec![1.0, 2.0], gramian: vec![5.0], opposite_frequency: 2.0 };
        let model = Als::new(parameters, items);
        let mut scores = vec![0.0; 2];
        model.score(&[entry(1)], &mut scores);
        assert!((scores[0] - 2.0 / 5.1).abs() < 1e-6 && (scores[1] - 4.0 / 5.1).abs() < 1e-6, "{scores:?}");
        // With history_decay 1 the older entry of {0, 1} weighs 1/e: penalty (1 + 1/e + 0.2) / 2.
        let parameters = Parameters { history_decay: 1.0, ..model.parameters.clone() };
        let model = Als { parameters, ..model };
        model.score(&[entry(0), entry(1)], &mut scores);
        let older = (-1.0_f32).exp();
        let expected = (older + 2.0) / (0.5 + 0.5 * (1.2 + older) + older + 4.0);
        assert!((scores[0] - expected).abs() < 1e-6, "{scores:?} {expected}");
    }

    #[test]
    fn an_iteration_does_not_raise_the_loss_however_rows_are_solved() {
        let train = two_tastes();
        let loss = |solver: Solver, iterations: u32| {
            let parameters = Parameters {
                factors: 2,
                solver,
                block_size: 1,
                iterations,
                frequency_exponent: 0.0,
                regularization: 0.01,
                unobserved_weight: 0.1,
                ..Parameters::default()
            };
            let model = Als::fit(&parameters, &train).unwrap();
            // Users are folded in, so the loss is that after a half iteration more.
            let mut loss = model.items.vectors.iter().map(|cell| f64::from(cell * cell)).sum::<f64>() * 0.01;
            for history in train.histories() {
                let mut ridge = model.fold_in(history).0;
                let user = ridge.solve(&model.items.vectors).to_vec();
                let mut scores = vec![0.0; 9];
                model.score(history, &mut scores);
                loss += user.iter().map(|cell| f64::from(cell * cell)).sum::<f64>() * 0.01;
                loss += scores.iter().map(|score| 0.1 * f64::from(score * score)).sum::<f64>();
                loss += history.iter().map(|e| f64::from(scores[e.item as usize] - 1.0).powi(2)).sum::<f64>();
            }
            loss
        };
        for solver in [Solver::ConjugateGradient, Solver::Subspace, Solver::Exact] {
            let losses = [1, 2, 4, 8, 16].map(|iterations| loss(solver, iterations));
            assert!(losses.windows(2).all(|pair| pair[1] <= pair[0] + 1e-4), "{solver:?} {losses:?}");
        }
    }

    #[test]
    fn the_missing_item_of_the_own_taste_comes_first() {
        let model = fitted();
        let mut scores = vec![0.0; 9];
        model.score(&[entry(0), entry(1), entry(2)], &mut scores);
        assert!((4..9).all(|other| scores[3] > scores[other]), "{scores:?}");
        assert!(model.similar(0, 3).iter().all(|scored| (1..4).contains(&scored.item)));
        let reason = model.reason(3, &[entry(0), entry(1), entry(5)]);
        let Some(Reason::BecauseOf { item, share }) = reason else { panic!("no reason") };
        assert!(item < 2 && (0.0..=1.0).contains(&share), "{item} {share}");
    }

    #[test]
    fn a_vector_for_an_item_that_nobody_chose_is_zero() {
        assert_eq!(row(&fitted().items.vectors, 4, 8).unwrap(), [0.0; 4]);
    }
}
