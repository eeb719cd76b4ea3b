//! Models that differ in their seed alone: how far the draw of the seed moves a figure.

use recommender::evaluation::ModelMetrics;
use serde::Serialize;
use serde_json::Value;

/// Models of the same algorithm and parameters but for the seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SeedGroup {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Names of the stages that trained them.
    pub models: Vec<String>,
    /// Mean and spread of each metric that all have.
    pub values: Vec<Spread>,
}

/// A metric over several seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Its name, such as `ndcg@10`.
    pub metric: String,
    /// Mean over the seeds.
    pub mean: f64,
    /// Standard deviation over the seeds.
    pub deviation: f64,
}

/// The groups of two or more, in the order of their first models. `parameters` are those of the models.
pub fn seed_groups(models: &[ModelMetrics], parameters: &[Value]) -> Vec<SeedGroup> {
    let mut groups: Vec<(Value, Vec<&ModelMetrics>)> = Vec::new();
    for (model, parameters) in models.iter().zip(parameters) {
        let mut key = parameters.clone();
        if key.as_object_mut().is_none_or(|fields| fields.remove("seed").is_none()) {
            continue;
        }
        match groups.iter_mut().find(|(other, members)| *other == key && members[0].algorithm == model.algorithm) {
            Some((_, members)) => members.push(model),
            None => groups.push((key, vec![model])),
        }
    }
    groups.into_iter().filter(|(_, members)| members.len() > 1).map(|(_, members)| group(&members)).collect()
}

fn group(members: &[&ModelMetrics]) -> SeedGroup {
    let spread = |metric: &String| {
        let values: Option<Vec<f64>> = members.iter().map(|model| model.values.get(metric).copied()).collect();
        let values = values?;
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Spread { metric: metric.clone(), mean, deviation: (squares / (values.len() - 1) as f64).sqrt() })
    };
    SeedGroup {
        algorithm: members[0].algorithm.clone(),
        models: members.iter().map(|model| model.name.clone()).collect(),
        values: members[0].values.keys().filter_map(spread).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn models_that_differ_in_the_seed_alone_belong_together() {
        let model = |name: &str, algorithm: &str, value: f64| ModelMetrics {
            name: name.to_owned(),
            algorithm: algorithm.to_owned(),
            values: [("mrr".to_owned(), value)].into(),
            ..ModelMetrics::default()
        };
        let models =
            [model("a", "als", 0.1), model("b", "als", 0.2), model("c", "als", 0.5), model("d", "popularity", 0.3)];
        let of = |factors: u32, seed: u32| json!({"factors": factors, "seed": seed});
        let groups = seed_groups(&models, &[of(8, 1), of(8, 2), of(9, 1), json!({})]);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].models, ["a", "b"]);
        // Mean of 0.1 and 0.2; deviation sqrt((0.05^2 + 0.05^2) / 1).
        assert!((groups[0].values[0].mean - 0.15).abs() < 1e-12);
        assert!((groups[0].values[0].deviation - 0.005_f64.sqrt()).abs() < 1e-12);
    }
}
