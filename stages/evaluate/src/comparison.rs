//! Whether each model is worth its training: its recall beside that of the popularity list.

use recommender::evaluation::ModelMetrics;
use serde::Serialize;

use crate::columns::Difference;

/// Corrected p-values below this are called significant.
pub const LEVEL: f64 = 0.05;

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
    /// Whether its value is higher.
    pub beats: bool,
    /// Whether chance is ruled out as the reason of the difference: corrected p-value below 0.05.
    pub is_significant: bool,
}

impl Comparison {
    /// Compares with the first model whose algorithm is popularity; none if there is none.
    pub fn new(models: &[ModelMetrics], differences: &[Difference], k: u32) -> Option<Self> {
        let metric = format!("recall@{k}");
        let baseline = models.iter().find(|model| model.algorithm == recommender::algorithms::popularity::NAME)?;
        let value = *baseline.values.get(&metric)?;
        let is_significant = |name: &str| {
            let pair = differences.iter().filter(|one| one.metric == metric);
            let mut pair = pair.filter_map(|one| one.seen_from(name)).filter(|(_, other)| *other == baseline.name);
            pair.any(|(difference, _)| difference.corrected_p_value < LEVEL)
        };
        let compared = |model: &ModelMetrics| {
            let own = *model.values.get(&metric)?;
            let ratio = (value > 0.0).then(|| own / value);
            let (name, is_significant) = (model.name.clone(), is_significant(&model.name));
            Some(Compared { name, value: own, ratio, beats: own > value, is_significant })
        };
        let models = models.iter().filter(|model| model.name != baseline.name).filter_map(compared).collect();
        Some(Self { baseline: baseline.name.clone(), metric, value, models })
    }
}

#[cfg(test)]
mod tests {
    use recommender::significance::Paired;

    use super::*;

    fn model(name: &str, algorithm: &str, recall: f64) -> ModelMetrics {
        let values = [("recall@10".to_owned(), recall)].into();
        ModelMetrics { name: name.to_owned(), algorithm: algorithm.to_owned(), values, ..ModelMetrics::default() }
    }

    fn difference(first: &str, second: &str, corrected_p_value: f64) -> Difference {
        let paired = Paired { users: 10, difference: 0.1, p_value: 0.001, effect: 0.3 };
        let (metric, interval) = ("recall@10".to_owned(), Some([0.05, 0.2]));
        Difference { metric, first: first.to_owned(), second: second.to_owned(), paired, corrected_p_value, interval }
    }

    #[test]
    fn equal_recall_beats_nothing() {
        let models = [model("als", "als", 0.3), model("top", "popularity", 0.2), model("knn", "item-knn", 0.2)];
        let differences =
            [difference("als", "top", 0.01), difference("als", "knn", 0.01), difference("top", "knn", 0.9)];
        let comparison = Comparison::new(&models, &differences, 10).unwrap();
        assert_eq!(comparison.baseline, "top");
        let beats: Vec<(&str, bool, bool)> =
            comparison.models.iter().map(|model| (model.name.as_str(), model.beats, model.is_significant)).collect();
        assert_eq!(beats, [("als", true, true), ("knn", false, false)]);
        assert!((comparison.models[0].ratio.unwrap() - 1.5).abs() < 1e-12);
    }

    #[test]
    fn without_a_baseline_or_a_hit_of_it_there_is_no_ratio() {
        assert_eq!(Comparison::new(&[model("als", "als", 0.3)], &[], 10), None);
        let models = [model("top", "popularity", 0.0), model("als", "als", 0.3)];
        assert_eq!(Comparison::new(&models, &[], 10).unwrap().models[0].ratio, None);
    }

    #[test]
    fn a_difference_has_two_sides() {
        let one = difference("als", "top", 0.01);
        let (turned, other) = one.seen_from("top").unwrap();
        assert_eq!((other, turned.interval), ("als", Some([-0.2, -0.05])));
        assert!((turned.paired.difference + 0.1).abs() < 1e-12 && (turned.paired.effect + 0.3).abs() < 1e-12);
        assert_eq!(one.seen_from("top").map(|(turned, _)| turned.first), Some("top".to_owned()));
        assert!(one.seen_from("knn").is_none());
    }
}
