//! The search: seeded random sets of parameters first, then steps along one parameter at a time.
//!
//! The first set is the one of the pipeline. A third of the others are spread over the space as a Latin
//! hypercube (each range cut into as many strata as there are sets, each stratum used once; `McKay`,
//! Beckman and Conover, "A comparison of three methods for selecting values of input variables",
//! Technometrics 1979). Then each parameter in turn takes a step down and up from the best set so far;
//! its step is halved when neither is better. The same seed and values give the same search.

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::space::Dimension;

/// A step along a range from 0 to 1, at first.
const FIRST_STEP: f64 = 0.25;
/// Steps below this are not tried.
const LAST_STEP: f64 = 0.03;

/// Values in the order of the dimensions.
pub type Point = Vec<Value>;

/// A search as far as it has come.
pub struct Search<'a> {
    space: &'a [Dimension],
    /// Random points that are still to be tried.
    random: Option<Vec<Point>>,
    trials: usize,
    tried: Vec<Point>,
    best: Option<(usize, f64)>,
    steps: Vec<f64>,
    /// The dimension of the last steps.
    turn: usize,
}

impl<'a> Search<'a> {
    /// A search that begins at `start` and tries `trials` points at most.
    pub fn new(space: &'a [Dimension], start: Point, trials: usize, seed: u64) -> Self {
        let random = random_points(space, trials.saturating_sub(1).div_ceil(3), seed);
        let steps = vec![FIRST_STEP; space.len()];
        let mut first = vec![start];
        for point in random {
            if !first.contains(&point) {
                first.push(point);
            }
        }
        first.truncate(trials);
        Self { space, random: Some(first), trials, tried: Vec::new(), best: None, steps, turn: 0 }
    }

    /// What to try next, all at once; nothing when the search is over.
    pub fn propose(&mut self) -> Vec<Point> {
        let mut points = self.random.take().unwrap_or_else(|| self.next_steps());
        points.truncate(self.trials - self.tried.len());
        points
    }

    /// Takes the values of the points that were proposed last; higher is better, none where one failed.
    pub fn learn(&mut self, points: Vec<Point>, values: &[Option<f64>]) {
        let is_step = !self.tried.is_empty();
        let before = self.best;
        for (point, value) in points.into_iter().zip(values) {
            if let Some(value) = value.filter(|value| self.best.is_none_or(|(_, best)| *value > best)) {
                self.best = Some((self.tried.len(), value));
            }
            self.tried.push(point);
        }
        if is_step {
            if self.best == before {
                self.steps[self.turn] /= 2.0;
            }
            self.turn = (self.turn + 1) % self.space.len();
        }
    }

    /// Position of the best point among those that were tried, and its value; the earliest of equals.
    pub fn best(&self) -> Option<(usize, f64)> {
        self.best
    }

    /// Points beside the best one along the next dimension that has a new one.
    fn next_steps(&mut self) -> Vec<Point> {
        let Some((best, _)) = self.best else { return Vec::new() };
        let mut passed = 0;
        while passed < self.space.len() {
            let points = self.beside(best);
            if !points.is_empty() {
                return points;
            }
            // Steps that lead to nothing new are as good as steps that were tried.
            self.steps[self.turn] /= 2.0;
            if self.steps[self.turn] < LAST_STEP {
                passed += 1;
                self.turn = (self.turn + 1) % self.space.len();
            }
        }
        Vec::new()
    }

    fn beside(&self, best: usize) -> Vec<Point> {
        let (turn, step) = (self.turn, self.steps[self.turn]);
        if step < LAST_STEP {
            return Vec::new();
        }
        let range = &self.space[turn].range;
        let values = range.beside(range.position(&self.tried[best][turn]), step);
        let points = values.into_iter().map(|value| {
            let mut point = self.tried[best].clone();
            point[turn] = value;
            point
        });
        points.filter(|point| !self.tried.contains(point)).collect()
    }
}

/// A Latin hypercube of so many points.
fn random_points(space: &[Dimension], count: usize, seed: u64) -> Vec<Point> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut columns: Vec<Vec<Value>> = Vec::with_capacity(space.len());
    for dimension in space {
        let mut strata: Vec<usize> = (0..count).collect();
        strata.shuffle(&mut random);
        let mut position = |stratum: usize| (stratum as f64 + random.random_range(0.0..1.0)) / count as f64;
        columns.push(strata.into_iter().map(|stratum| dimension.range.value(position(stratum))).collect());
    }
    (0..count).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::tuning::space::Range;

    fn space() -> Vec<Dimension> {
        let number = |low, high, is_log, is_whole| Range::Number { low, high, is_log, is_whole };
        let dimension = |path: &str, range| Dimension { path: path.to_owned(), range };
        vec![
            dimension("alpha", number(0.001, 10.0, true, false)),
            dimension("factors", number(8.0, 256.0, true, true)),
            dimension("kind", Range::Choice(vec![json!("a"), json!("b"), json!("c")])),
            dimension("shrinkage", number(0.0, 100.0, false, false)),
        ]
    }

    fn start() -> Point {
        vec![json!(1.0), json!(64), json!("a"), json!(20.0)]
    }

    /// Highest at alpha 0.1, factors 128, kind b, shrinkage 80.
    fn value(point: &Point) -> f64 {
        let number = |at: usize| point[at].as_f64().unwrap();
        let kind = if point[2] == "b" { 0.0 } else { 1.0 };
        -(number(0) / 0.1).log10().abs() - (number(1) / 128.0).log2().abs() - kind - (number(3) - 80.0).abs() / 50.0
    }

    fn searched(trials: usize, seed: u64) -> (Vec<Point>, Option<(usize, f64)>) {
        let space = space();
        let mut search = Search::new(&space, start(), trials, seed);
        loop {
            let points = search.propose();
            if points.is_empty() {
                return (search.tried.clone(), search.best());
            }
            let values: Vec<Option<f64>> = points.iter().map(|point| Some(value(point))).collect();
            search.learn(points, &values);
        }
    }

    #[test]
    fn a_seed_gives_this_very_sequence() {
        let (tried, best) = searched(9, 7);
        let lines: Vec<String> = tried.iter().map(|point| Value::from(point.clone()).to_string()).collect();
        insta::assert_snapshot!("search", format!("{}\nbest: {}", lines.join("\n"), best.unwrap().0));
        assert_eq!(searched(9, 7).0, tried);
        assert_ne!(searched(9, 8).0, tried);
    }

    #[test]
    fn steps_come_near_the_top() {
        let (tried, best) = searched(60, 1);
        let (at, found) = best.unwrap();
        assert!(found > -0.3, "{found} at {:?}", tried[at]);
        assert_eq!(tried[at][2], "b");
    }

    #[test]
    fn a_search_that_can_go_no_further_ends() {
        let space = vec![Dimension { path: "kind".to_owned(), range: Range::Choice(vec![json!(1), json!(2)]) }];
        let mut search = Search::new(&space, vec![json!(1)], 50, 1);
        let points = search.propose();
        let values = vec![None; points.len()];
        search.learn(points, &values);
        assert_eq!((search.best(), search.propose().len()), (None, 0), "all have failed");
        let mut search = Search::new(&space, vec![json!(1)], 50, 1);
        let points = search.propose();
        assert_eq!(points, [vec![json!(1)], vec![json!(2)]], "each only once");
        search.learn(points, &[Some(1.0), Some(1.0)]);
        assert_eq!((search.best(), search.propose().len()), (Some((0, 1.0)), 0));
    }

    proptest! {
        #[test]
        fn ranges_are_kept_and_nothing_is_tried_twice(trials in 1_usize..60, seed in any::<u64>()) {
            let (tried, best) = searched(trials, seed);
            prop_assert!(tried.len() <= trials);
            prop_assert_eq!(&tried[0], &start());
            for (at, point) in tried.iter().enumerate() {
                prop_assert!((0.001..=10.0).contains(&point[0].as_f64().unwrap()));
                prop_assert!(point[1].as_i64().is_some_and(|factors| (8..=256).contains(&factors)));
                prop_assert!(["a", "b", "c"].contains(&point[2].as_str().unwrap()));
                prop_assert!((0.0..=100.0).contains(&point[3].as_f64().unwrap()));
                prop_assert!(!tried[..at].contains(point));
            }
            let values: Vec<f64> = tried.iter().map(value).collect();
            prop_assert_eq!(best.map(|(_, value)| value), values.into_iter().reduce(f64::max));
        }
    }
}
