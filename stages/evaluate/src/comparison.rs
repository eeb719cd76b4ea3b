//! Whether each model is worth its training: its recall beside that of the popularity list.

use recommender::evaluation::ModelMetrics;
use serde::Serialize;

/// Models beside the popularity list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Name of the stage that trained the popularity list.
    pub baseline: String,
    /// What is compared, such as `recall@10`.
    pub metric: String,
    /// The popularity list's value.
    pub value: f64,
    /// Every other model, in the order of the pipeline file.
    pub models: Vec<Compared>,
}

/// One model beside the popularity list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Name of the stage that trained it.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its value divided by that of the popularity list; none where that is 0.
    pub ratio: Option<f64>,
    /// Whether its value is higher. Chance is not ruled out: the table of user metrics allows the test.
    pub beats: bool,
}

impl Comparison {
    /// Compares with the first model whose algorithm is popularity; none if there is none.
    pub fn new(models: &[ModelMetrics], k: u32) -> Option<Self> {
        let metric = format!("recall@{k}");
        let baseline = models.iter().find(|model| model.algorithm == recommender::algorithms::popularity::NAME)?;
        let value = *baseline.values.get(&metric)?;
        let compared = |model: &ModelMetrics| {
            let own = *model.values.get(&metric)?;
            let ratio = (value > 0.0).then(|| own / value);
            Some(Compared { name: model.name.clone(), value: own, ratio, beats: own > value })
        };
        let models = models.iter().filter(|model| model.name != baseline.name).filter_map(compared).collect();
        Some(Self { baseline: baseline.name.clone(), metric, value, models })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str, algorithm: &str, recall: f64) -> ModelMetrics {
        let values = [("recall@10".to_owned(), recall)].into();
        ModelMetrics { name: name.to_owned(), algorithm: algorithm.to_owned(), values }
    }

    #[test]
    fn equal_recall_beats_nothing() {
        let models = [model("als", "als", 0.3), model("top", "popularity", 0.2), model("knn", "item-knn", 0.2)];
        let comparison = Comparison::new(&models, 10).unwrap();
        assert_eq!(comparison.baseline, "top");
        let beats: Vec<(&str, bool)> =
            comparison.models.iter().map(|model| (model.name.as_str(), model.beats)).collect();
        assert_eq!(beats, [("als", true), ("knn", false)]);
        assert!((comparison.models[0].ratio.unwrap() - 1.5).abs() < 1e-12);
    }

    #[test]
    fn without_a_baseline_or_a_hit_of_it_there_is_no_ratio() {
        assert_eq!(Comparison::new(&[model("als", "als", 0.3)], 10), None);
        let models = [model("top", "popularity", 0.0), model("als", "als", 0.3)];
        assert_eq!(Comparison::new(&models, 10).unwrap().models[0].ratio, None);
    }
}
