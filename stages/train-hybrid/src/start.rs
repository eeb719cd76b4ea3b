//! First weights from a logistic regression on the parts' scaled scores.
//!
//! Each held-out item is a positive row; beside it stand drawn candidates that the user did not choose.
//! One column a part. A part that gets a negative coefficient says nothing that the others do not say
//! better; it is left out and the rest fitted again.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use recommender::blending::UserCandidates;
use smartcore::{
    linalg::basic::{arrays::Array, matrix::DenseMatrix},
    linear::logistic_regression::{LogisticRegression, LogisticRegressionParameters},
};

use crate::{error::Error, params::Params};

/// Rows at most: more do not change a handful of coefficients that are only a start.
const MOST_ROWS: usize = 200_000;

/// Rows to learn from: scores of one user's candidate by each part, and whether the user chose it.
struct Examples {
    /// Row by row.
    scores: Vec<f64>,
    chosen: Vec<u32>,
    parts: usize,
}

/// One weight a part, 0 or more; all 0 if no part helps. The same for any number of threads.
pub(crate) fn first_weights(params: &Params, users: &[&UserCandidates], parts: usize) -> Result<Vec<f32>, Error> {
    Examples::draw(params, users, parts).weights(params)
}

impl Examples {
    fn draw(params: &Params, users: &[&UserCandidates], parts: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(params.seed);
        let mut all = Self { scores: Vec::new(), chosen: Vec::new(), parts };
        for user in users {
            for place in user.relevant() {
                all.push(user, *place as usize, 1);
                for _ in 0..params.negatives {
                    let drawn = random.random_range(0..user.count());
                    if !user.relevant().contains(&(drawn as u32)) {
                        all.push(user, drawn, 0);
                    }
                }
            }
            if all.chosen.len() >= MOST_ROWS {
                break;
            }
        }
        all
    }

    fn push(&mut self, user: &UserCandidates, place: usize, chosen: u32) {
        self.scores.extend((0..self.parts).map(|part| f64::from(user.scores(part)[place])));
        self.chosen.push(chosen);
    }

    /// Without a candidate that somebody did not choose there is nothing to tell apart: all count the same.
    fn weights(&self, params: &Params) -> Result<Vec<f32>, Error> {
        let mut used: Vec<usize> = (0..self.parts).collect();
        if !self.chosen.contains(&0) {
            return Ok(vec![1.0; self.parts]);
        }
        while !used.is_empty() {
            let coefficients = self.fit(params, &used)?;
            let is_useful = |coefficient: &f64| coefficient.is_finite() && *coefficient > 0.0;
            if coefficients.iter().all(is_useful) {
                let mut weights = vec![0.0; self.parts];
                used.iter().zip(coefficients).for_each(|(part, value)| weights[*part] = value as f32);
                return Ok(weights);
            }
            let kept = used.iter().zip(&coefficients).filter(|(_, value)| is_useful(value));
            used = kept.map(|(part, _)| *part).collect();
        }
        Ok(vec![0.0; self.parts])
    }

    /// Coefficients of these parts.
    fn fit(&self, params: &Params, used: &[usize]) -> Result<Vec<f64>, Error> {
        let rows = self.chosen.len();
        let failed = |error: smartcore::error::Failed| Error::Learner { rows, message: error.to_string() };
        let cells = self.scores.chunks_exact(self.parts).flat_map(|row| used.iter().map(|part| row[*part])).collect();
        let matrix = DenseMatrix::new(rows, used.len(), cells, false).map_err(failed)?;
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
        let mut examples = Examples { scores: Vec::new(), chosen: Vec::new(), parts: 3 };
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
        assert!(weights[0] > 4.0 * weights[1] && weights[1] >= 0.0, "{weights:?}");
        assert!(weights[2].abs() < f32::EPSILON, "a part that misleads is left out: {weights:?}");
    }

    #[test]
    fn without_a_useful_part_all_weights_are_0() {
        let mut examples = examples();
        examples.scores.chunks_exact_mut(3).for_each(|row| row.copy_from_slice(&[row[2]; 3]));
        assert_eq!(examples.weights(&Params::default()).unwrap(), [0.0; 3]);
    }

    #[test]
    fn where_everything_was_chosen_all_parts_count_the_same() {
        let examples = Examples { scores: vec![1.0, 2.0], chosen: vec![1], parts: 2 };
        assert_eq!(examples.weights(&Params::default()).unwrap(), [1.0; 2]);
    }
}
