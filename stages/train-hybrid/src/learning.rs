//! Weights from a logistic regression on the parts' normalised scores.
//!
//! Each validation interaction is a positive row; beside it stand drawn items that the user chose
//! neither in training nor in validation. One column a part. A part that gets a negative coefficient
//! says nothing that the others do not say better; it is left out and the rest fitted again.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use recommender::{Interactions, Recommender, algorithms::hybrid::Hybrid};
use smartcore::{
    linalg::basic::{arrays::Array, matrix::DenseMatrix},
    linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters},
};

use crate::{error::Error, params::Params};

/// Rows to learn from: scores of one user's item by each part, and whether the user chose it.
#[derive(Default)]
pub(crate) struct Examples {
    /// Row by row.
    scores: Vec<f64>,
    chosen: Vec<u32>,
    parts: usize,
}

impl Examples {
    /// Draws examples from the users who have validation interactions. Parallel; each user has an own
    /// stream of random numbers, so the number of threads does not matter.
    pub(crate) fn draw(params: &Params, hybrid: &Hybrid, train: &Interactions, validation: &Interactions) -> Self {
        let parts = hybrid.parts().len();
        let users: Vec<Self> = (0..validation.user_count() as u32)
            .into_par_iter()
            .filter(|user| !validation.history(*user).is_empty())
            .map(|user| Self::of_user(params, hybrid, train, validation, user))
            .collect();
        let mut all = Self { parts, ..Self::default() };
        for user in users {
            all.scores.extend(user.scores);
            all.chosen.extend(user.chosen);
        }
        all
    }

    fn of_user(params: &Params, hybrid: &Hybrid, train: &Interactions, validation: &Interactions, user: u32) -> Self {
        let history = train.history(user);
        let mut is_taken = vec![false; train.item_count()];
        let chosen = history.iter().chain(validation.history(user));
        chosen.for_each(|entry| is_taken[entry.item as usize] = true);
        let free: Vec<usize> = (0..is_taken.len()).filter(|item| !is_taken[*item]).collect();
        let mut random = ChaCha8Rng::seed_from_u64(params.seed);
        random.set_stream(u64::from(user) + 1);
        let mut rows: Vec<(usize, u32)> = Vec::new();
        for entry in validation.history(user) {
            rows.push((entry.item as usize, 1));
            if !free.is_empty() {
                rows.extend((0..params.negatives).map(|_| (free[random.random_range(0..free.len())], 0)));
            }
        }
        let parts = hybrid.parts().len();
        let mut scores = vec![0.0; rows.len() * parts];
        let mut own = vec![0.0; hybrid.item_count()];
        for part in 0..parts {
            hybrid.part_scores(part, history, &mut own);
            rows.iter().enumerate().for_each(|(row, (item, _))| scores[row * parts + part] = f64::from(own[*item]));
        }
        Self { scores, chosen: rows.into_iter().map(|(_, chosen)| chosen).collect(), parts }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.chosen.len()
    }

    /// One weight a part, 0 or more, with sum 1; all 0 if no part helps.
    pub(crate) fn weights(&self, params: &Params) -> Result<Vec<f32>, Error> {
        let mut used: Vec<usize> = (0..self.parts).collect();
        while !used.is_empty() {
            let coefficients = self.fit(params, &used)?;
            let is_useful = |coefficient: &f64| coefficient.is_finite() && *coefficient > 0.0;
            if coefficients.iter().all(is_useful) {
                let sum: f64 = coefficients.iter().sum();
                let mut weights = vec![0.0; self.parts];
                used.iter().zip(coefficients).for_each(|(part, value)| weights[*part] = (value / sum) as f32);
                return Ok(weights);
            }
            let kept = used.iter().zip(&coefficients).filter(|(_, value)| is_useful(value));
            used = kept.map(|(part, _)| *part).collect();
        }
        Ok(vec![0.0; self.parts])
    }

    /// Coefficients of these parts.
    fn fit(&self, params: &Params, used: &[usize]) -> Result<Vec<f64>, Error> {
        let failed = |error: smartcore::error::Failed| Error::Learner { rows: self.rows(), message: error.to_string() };
        let cells = self.scores.chunks_exact(self.parts).flat_map(|row| used.iter().map(|part| row[*part])).collect();
        let matrix = DenseMatrix::new(self.rows(), used.len(), cells, false).map_err(failed)?;
        let settings = LogisticRegressionParameters::default().with_alpha(params.regularization);
        let fitted = LogisticRegression::fit(&matrix, &self.chosen, settings).map_err(failed)?;
        Ok((0..used.len()).map(|column| *fitted.coefficients().get((0, column))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First column tells the class, second is noise, third tells the opposite of the class.
    fn examples() -> Examples {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut examples = Examples { parts: 3, ..Examples::default() };
        for row in 0..600_u32 {
            let chosen = u32::from(row % 3 == 0);
            let noise = |random: &mut ChaCha8Rng| random.random_range(-1.0..1.0);
            let signal = f64::from(chosen) - 0.5;
            let cells = [signal + noise(&mut random), noise(&mut random), -signal + noise(&mut random)];
            examples.scores.extend(cells);
            examples.chosen.push(chosen);
        }
        examples
    }

    #[test]
    fn parts_that_tell_the_class_get_the_weight_and_none_is_negative() {
        let weights = examples().weights(&Params::default()).unwrap();
        assert!(weights[0] > 0.8, "{weights:?}");
        assert!(weights[2].abs() < f32::EPSILON, "a part that misleads is left out: {weights:?}");
        assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn without_a_useful_part_all_weights_are_0() {
        let mut examples = examples();
        examples.scores.chunks_exact_mut(3).for_each(|row| row.copy_from_slice(&[row[2]; 3]));
        assert_eq!(examples.weights(&Params::default()).unwrap(), [0.0; 3]);
    }

    #[test]
    fn one_class_alone_is_an_error() {
        let examples = Examples { scores: vec![1.0, 2.0], chosen: vec![1, 1], parts: 1 };
        let message = examples.weights(&Params::default()).unwrap_err().to_string();
        assert!(message.starts_with("learn weights from 2 rows: "), "{message}");
    }
}
