//! Gradient descent on a ranking loss for a model of item vectors: the trainer below `embedding`.
//!
//! A batch of positions is ranked against one set of sampled items, so that forward and backward pass
//! are three products of dense matrices. Those run in parallel over fixed blocks; vectors are then
//! updated in the order of the batch. So the result does not depend on the number of threads.

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::{
    Interaction, Interactions,
    dense::{Side, add_product_of, dot},
    recency::by_recency,
};

/// Positions that are learned from at a time.
const BATCH: usize = 256;
/// Rows of a block of a batch.
const BLOCK: usize = 32;
/// Entries of a history that training looks at.
const LONGEST: usize = 64;

/// What is compared with what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Loss {
    /// `-ln` of the item's share of the sampled softmax, samples corrected for how often they are drawn.
    Softmax,
    /// The mean of `-ln sigmoid(score of the item - score of a sample)`.
    Bpr,
}

/// How vectors are learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Descent {
    pub loss: Loss,
    /// Length of the vectors.
    pub factors: usize,
    /// Items sampled for each batch.
    pub negatives: usize,
    /// Items are drawn by their count to this power.
    pub negative_exponent: f64,
    pub learning_rate: f32,
    pub regularization: f32,
    pub iterations: usize,
    pub history_decay: f32,
    pub seed: u64,
}

/// Vectors of all items, each with the sum of its squared gradients (Adagrad by rows).
struct Table {
    width: usize,
    cells: Vec<f32>,
    squares: Vec<f32>,
}

/// Item vectors of `factors + 1` cells: those of a history's items, with a last cell of 0, and those of
/// the items to rank, with their bias in the last cell.
pub(crate) struct Learned {
    pub inputs: Vec<f32>,
    pub outputs: Vec<f32>,
}

/// A history's vector, with 1 in the last cell: the weighted sum of its items' vectors over the root of
/// the sum of weights.
pub(crate) fn history_vector(inputs: &[f32], width: usize, history: &[Interaction], decay: f32, vector: &mut [f32]) {
    vector.fill(0.0);
    let weights = weights(inputs.len() / width, history, decay);
    for (item, weight) in weights {
        let row = &inputs[item as usize * width..][..width];
        vector.iter_mut().zip(row).for_each(|(cell, value)| *cell += weight * value);
    }
    vector[width - 1] = 1.0;
}

/// What each known item of a history weighs: `exp(-age / decay)` over the root of their sum.
pub(crate) fn weights(items: usize, history: &[Interaction], decay: f32) -> Vec<(u32, f32)> {
    let mut weights: Vec<(u32, f32)> = by_recency(history, items, decay).map(|(entry, w)| (entry.item, w)).collect();
    let root = weights.iter().map(|(_, weight)| weight).sum::<f32>().sqrt();
    for (_, weight) in &mut weights {
        *weight /= root;
    }
    weights
}

impl Table {
    fn random(items: usize, factors: usize, random: &mut ChaCha8Rng) -> Self {
        let (width, scale) = (factors + 1, 1.0 / (factors as f32).sqrt());
        let mut cells: Vec<f32> = (0..items * width).map(|_| random.random_range(-scale..scale)).collect();
        cells.iter_mut().skip(factors).step_by(width).for_each(|cell| *cell = 0.0);
        Self { width, cells, squares: vec![0.0; items] }
    }

    fn row(&self, item: u32) -> &[f32] {
        &self.cells[item as usize * self.width..][..self.width]
    }

    /// One step against `scale * gradient` on the first `active` cells of a row.
    fn step(&mut self, item: u32, gradient: &[f32], scale: f32, active: usize, descent: &Descent) {
        let row = &mut self.cells[item as usize * self.width..][..active];
        let square = scale * scale * gradient[..active].iter().map(|value| value * value).sum::<f32>() / active as f32;
        let sum = &mut self.squares[item as usize];
        *sum += square;
        let rate = descent.learning_rate / (*sum + 1e-8).sqrt();
        for (cell, value) in row.iter_mut().zip(gradient) {
            *cell -= rate * (scale * value + descent.regularization * *cell);
        }
    }
}

/// The items that a batch is ranked against.
struct Sampler {
    cumulative: Vec<f64>,
}

impl Sampler {
    fn new(counts: &[u32], exponent: f64) -> Self {
        let weight = |count: &u32| if *count > 0 { f64::from(*count).powf(exponent) } else { 0.0 };
        let sums = counts.iter().map(weight).scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self { cumulative: sums.collect() }
    }

    /// An item, and the logarithm of how likely it is drawn.
    fn draw(&self, random: &mut ChaCha8Rng) -> (u32, f32) {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let place = random.random_range(0.0..1.0) * total;
        let item = self.cumulative.partition_point(|sum| *sum <= place).min(self.cumulative.len() - 1);
        let before = if item > 0 { self.cumulative[item - 1] } else { 0.0 };
        (item as u32, ((self.cumulative[item] - before) / total).ln() as f32)
    }
}

/// One batch on its way through the passes.
struct Batch {
    width: usize,
    targets: Vec<u32>,
    negatives: Vec<(u32, f32)>,
    /// The histories' vectors.
    users: Vec<f32>,
    /// The vectors of the sampled items.
    candidates: Vec<f32>,
    /// Scores of the sampled items, then the loss's derivatives by them; a row a position.
    slopes: Vec<f32>,
    /// The loss's derivative by the score of the target.
    target_slopes: Vec<f32>,
    /// Gradients of the histories' vectors.
    gradients: Vec<f32>,
}

/// Learns to rank each interaction of a user, given those before it.
pub(crate) fn descend(descent: &Descent, train: &Interactions) -> Learned {
    let mut random = ChaCha8Rng::seed_from_u64(descent.seed);
    let mut inputs = Table::random(train.item_count(), descent.factors, &mut random);
    let mut outputs = Table::random(train.item_count(), descent.factors, &mut random);
    let sampler = Sampler::new(&train.item_counts(), descent.negative_exponent);
    let mut positions: Vec<(u32, u32)> = (0_u32..)
        .zip(train.histories())
        .flat_map(|(user, history)| (1..history.len() as u32).map(move |place| (user, place)))
        .collect();
    for _ in 0..descent.iterations {
        positions.shuffle(&mut random);
        for positions in positions.chunks(BATCH) {
            let negatives = (0..descent.negatives).map(|_| sampler.draw(&mut random)).collect();
            let histories: Vec<&[Interaction]> = positions.iter().map(|place| before(train, *place)).collect();
            let target = |(user, place): &(u32, u32)| train.history(*user)[*place as usize].item;
            let targets = positions.iter().map(target).collect();
            let mut batch = Batch::new(descent, &inputs, &outputs, &histories, (targets, negatives));
            batch.pass(descent, &outputs);
            batch.update(descent, &mut inputs, &mut outputs, &histories);
        }
    }
    Learned { inputs: inputs.cells, outputs: outputs.cells }
}

/// What came before an interaction, as far back as training looks.
fn before(train: &Interactions, (user, place): (u32, u32)) -> &[Interaction] {
    let place = place as usize;
    &train.history(user)[place.saturating_sub(LONGEST)..place]
}

impl Batch {
    fn new(
        descent: &Descent,
        inputs: &Table,
        outputs: &Table,
        histories: &[&[Interaction]],
        (targets, negatives): (Vec<u32>, Vec<(u32, f32)>),
    ) -> Self {
        let (width, count) = (inputs.width, histories.len());
        let mut users = vec![0.0; count * width];
        users.par_chunks_mut(BLOCK * width).zip(histories.par_chunks(BLOCK)).for_each(|(users, histories)| {
            for (user, history) in users.chunks_exact_mut(width).zip(histories) {
                history_vector(&inputs.cells, width, history, descent.history_decay, user);
            }
        });
        let candidates: Vec<f32> = negatives.iter().flat_map(|(item, _)| outputs.row(*item)).copied().collect();
        let slopes = vec![0.0; count * negatives.len()];
        let (target_slopes, gradients) = (vec![0.0; count], vec![0.0; count * width]);
        Self { width, targets, negatives, users, candidates, slopes, target_slopes, gradients }
    }

    /// Scores, derivatives of the loss, and gradients of the histories' vectors.
    fn pass(&mut self, descent: &Descent, outputs: &Table) {
        let (width, count) = (self.width, self.negatives.len());
        let (candidates, negatives) = (&self.candidates, &self.negatives);
        let users = self.users.par_chunks(BLOCK * width).zip(self.targets.par_chunks(BLOCK));
        let slopes = self.slopes.par_chunks_mut(BLOCK * count).zip(self.target_slopes.par_chunks_mut(BLOCK));
        let gradients = self.gradients.par_chunks_mut(BLOCK * width);
        users.zip(slopes).zip(gradients).for_each(|(((users, targets), (slopes, target_slopes)), gradients)| {
            let rows = Side::rows(users, width);
            add_product_of(width, (rows, Side::rows(candidates, width)), (slopes, count));
            for (place, target) in targets.iter().enumerate() {
                let slopes = &mut slopes[place * count..][..count];
                let score = dot(&users[place * width..][..width], outputs.row(*target));
                target_slopes[place] = match descent.loss {
                    Loss::Softmax => softmax_slopes(score, *target, negatives, slopes),
                    Loss::Bpr => bpr_slopes(score, *target, negatives, slopes),
                };
                let gradient = &mut gradients[place * width..][..width];
                let row = outputs.row(*target);
                gradient.iter_mut().zip(row).for_each(|(cell, value)| *cell = target_slopes[place] * value);
            }
            add_product_of(count, (Side::rows(slopes, count), Side::columns(candidates, width)), (gradients, width));
        });
    }

    /// Steps of all vectors that took part, in the order of the batch.
    fn update(&self, descent: &Descent, inputs: &mut Table, outputs: &mut Table, histories: &[&[Interaction]]) {
        let (width, count) = (self.width, self.negatives.len());
        let mut gradients = vec![0.0; count * width];
        gradients.par_chunks_mut(BLOCK * width).enumerate().for_each(|(block, gradients)| {
            let slopes = Side::some_columns(&self.slopes, count, block * BLOCK, gradients.len() / width);
            add_product_of(self.targets.len(), (slopes, Side::columns(&self.users, width)), (gradients, width));
        });
        for ((item, _), gradient) in self.negatives.iter().zip(gradients.chunks_exact(width)) {
            outputs.step(*item, gradient, 1.0, width, descent);
        }
        for ((target, user), slope) in self.targets.iter().zip(self.users.chunks_exact(width)).zip(&self.target_slopes)
        {
            outputs.step(*target, user, *slope, width, descent);
        }
        let items = inputs.squares.len();
        for (history, gradient) in histories.iter().zip(self.gradients.chunks_exact(width)) {
            for (item, weight) in weights(items, history, descent.history_decay) {
                inputs.step(item, gradient, weight, width - 1, descent);
            }
        }
    }
}

/// Turns scores of samples into the derivatives of the loss and gives that by the target's score. A sample
/// stands for all items: its part is divided by how often it is expected.
fn softmax_slopes(score: f32, target: u32, negatives: &[(u32, f32)], slopes: &mut [f32]) -> f32 {
    let expected = (negatives.len() as f32).ln();
    for (slope, (item, likelihood)) in slopes.iter_mut().zip(negatives) {
        *slope = if *item == target { f32::NEG_INFINITY } else { *slope - likelihood - expected };
    }
    let largest = slopes.iter().copied().fold(score, f32::max);
    let own = (score - largest).exp();
    for slope in &mut *slopes {
        *slope = (*slope - largest).exp();
    }
    let total = own + slopes.iter().sum::<f32>();
    for slope in &mut *slopes {
        *slope /= total;
    }
    own / total - 1.0
}

/// The same for pairs of target and sample.
fn bpr_slopes(score: f32, target: u32, negatives: &[(u32, f32)], slopes: &mut [f32]) -> f32 {
    let share = 1.0 / negatives.len() as f32;
    for (slope, (item, _)) in slopes.iter_mut().zip(negatives) {
        *slope = if *item == target { 0.0 } else { share / (1.0 + (score - *slope).exp()) };
    }
    -slopes.iter().sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_softmax() {
        // Two samples, each expected 2 * 1/4 = 1/2 times: e^1 against 2 * e^0 and 2 * e^1.
        let quarter = 0.25_f32.ln();
        let mut slopes = [0.0, 1.0, 9.0];
        let negatives = [(5, quarter), (6, quarter)];
        let own = softmax_slopes(1.0, 7, &negatives, &mut slopes[..2]);
        let e = 1.0_f32.exp();
        let total = e + 2.0 + 2.0 * e;
        assert!((slopes[0] - 2.0 / total).abs() < 1e-6 && (slopes[1] - 2.0 * e / total).abs() < 1e-6, "{slopes:?}");
        assert!((own - (e / total - 1.0)).abs() < 1e-6, "{own}");
        // The target among the samples does not count against itself.
        let mut slopes = [0.0, 1.0];
        let own = softmax_slopes(1.0, 6, &negatives, &mut slopes);
        assert!(slopes[1] == 0.0 && (own - (e / (e + 2.0) - 1.0)).abs() < 1e-6, "{slopes:?} {own}");
    }

    #[test]
    fn golden_bpr() {
        // sigmoid(0 - 1) / 2 and sigmoid(1 - 1) / 2.
        let mut slopes = [0.0, 1.0];
        let own = bpr_slopes(1.0, 7, &[(5, 0.0), (6, 0.0)], &mut slopes);
        let first = 0.5 / (1.0 + 1.0_f32.exp());
        assert!((slopes[0] - first).abs() < 1e-6 && (slopes[1] - 0.25).abs() < 1e-6, "{slopes:?}");
        assert!((own + first + 0.25).abs() < 1e-6, "{own}");
    }

    #[test]
    fn items_are_drawn_by_their_counts() {
        let sampler = Sampler::new(&[0, 9, 0, 1], 0.5);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let drawn: Vec<(u32, f32)> = (0..1000).map(|_| sampler.draw(&mut random)).collect();
        // 9^0.5 = 3 against 1.
        assert!(drawn.iter().all(|(item, log)| (log.exp() - if *item == 1 { 0.75 } else { 0.25 }).abs() < 1e-6));
        let often = drawn.iter().filter(|(item, _)| *item == 1).count();
        assert!((700..800).contains(&often) && drawn.iter().all(|(item, _)| item % 2 == 1), "{often}");
    }
}
