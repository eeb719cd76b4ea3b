//! The values of users by model and metric, side by side: what intervals and paired tests are made from.

use recommender::{
    evaluation::{Evaluation, Metrics},
    significance::{Bootstrap, Paired, holm, paired},
};
use serde::Serialize;

/// Confidence of all intervals.
const LEVEL: f64 = 0.95;

/// Metrics by which every two models are compared.
const COMPARED: [&str; 2] = ["ndcg", "recall"];

/// The values of all users, for the metrics at one list length.
pub struct Columns {
    k: u32,
    /// Names of the metrics.
    metrics: Vec<String>,
    /// One list of columns a model, in the order of the metrics.
    models: Vec<Vec<Vec<f32>>>,
}

/// Two models on the same users: the first less the second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// What is compared, such as `ndcg@10`.
    pub metric: String,
    /// Name of the stage that trained the first.
    pub first: String,
    /// Name of the stage that trained the second.
    pub second: String,
    /// Difference of the means, p-value of the paired t-test, and effect size.
    #[serde(flatten)]
    pub paired: Paired,
    /// The p-value, corrected by Holm for all pairs of models.
    pub corrected_p_value: f64,
    /// The 95 % bootstrap interval of the difference.
    pub interval: Option<[f64; 2]>,
}

impl Columns {
    /// None yet; those at list length `k`, and those of no list length, will be kept.
    pub fn new(k: u32) -> Self {
        Self { k, metrics: Vec::new(), models: Vec::new() }
    }

    /// Takes the values of one more model, which must be of the same users as those of the others.
    pub fn push(&mut self, evaluation: &Evaluation) {
        let suffix = format!("@{}", self.k);
        let is_kept = |name: &str| name.ends_with(&suffix) || !name.contains('@');
        let names = evaluation.metrics.iter().enumerate().filter(|(_, name)| is_kept(name));
        let (places, metrics): (Vec<usize>, Vec<String>) = names.map(|(place, name)| (place, name.clone())).unzip();
        let column = |place: &usize| evaluation.users.iter().map(|user| user.values[*place]).collect();
        self.models.push(places.iter().map(column).collect());
        self.metrics = metrics;
    }

    /// Fills in the intervals of all models, and compares every two of them.
    pub fn compare(&self, metrics: &mut Metrics, resamples: u32, seed: u64) -> Vec<Difference> {
        let all: Vec<&[f32]> = self.models.iter().flatten().map(Vec::as_slice).collect();
        let bootstrap = Bootstrap::new(&all, resamples as usize, seed);
        let width = self.metrics.len();
        for (place, model) in metrics.models.iter_mut().enumerate() {
            let intervals =
                self.metrics.iter().enumerate().filter_map(|(metric, name)| {
                    Some((name.clone(), bootstrap.interval(place * width + metric, LEVEL)?))
                });
            model.intervals = intervals.collect();
        }
        let names: Vec<&str> = metrics.models.iter().map(|model| model.name.as_str()).collect();
        COMPARED
            .iter()
            .flat_map(|metric| self.differences(&format!("{metric}@{}", self.k), &names, &bootstrap))
            .collect()
    }

    fn differences(&self, metric: &str, names: &[&str], bootstrap: &Bootstrap) -> Vec<Difference> {
        let Some(place) = self.metrics.iter().position(|name| name == metric) else { return Vec::new() };
        let width = self.metrics.len();
        let pairs = (0..names.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
        let mut differences: Vec<Difference> = pairs
            .map(|(first, second)| Difference {
                metric: metric.to_owned(),
                first: names[first].to_owned(),
                second: names[second].to_owned(),
                paired: paired(&self.models[first][place], &self.models[second][place]),
                corrected_p_value: 1.0,
                interval: bootstrap.difference(first * width + place, second * width + place, LEVEL),
            })
            .collect();
        let p_values: Vec<f64> = differences.iter().map(|difference| difference.paired.p_value).collect();
        for (difference, corrected) in differences.iter_mut().zip(holm(&p_values)) {
            difference.corrected_p_value = corrected;
        }
        differences
    }
}

impl Difference {
    /// The same seen from `model`, if it is one of the two: that model less the other, and the other's name.
    pub fn seen_from(&self, model: &str) -> Option<(Self, &str)> {
        if self.first == model {
            return Some((self.clone(), &self.second));
        }
        let turned = Paired { difference: -self.paired.difference, effect: -self.paired.effect, ..self.paired };
        let interval = self.interval.map(|[low, high]| [-high, -low]);
        let (first, second) = (self.second.clone(), self.first.clone());
        (self.second == model).then(|| (Self { first, second, paired: turned, interval, ..self.clone() }, &*self.first))
    }
}
