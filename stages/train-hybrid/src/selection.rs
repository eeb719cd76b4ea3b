//! Whether the learned blend is kept: it must not rank validation worse than its best part.
//!
//! Logistic regression separates chosen from drawn items; that usually ranks well, but is not the
//! same. So the blend, the best part and three steps between the two are compared by NDCG@10 over the
//! full ranking, and the best of them is taken.

use std::collections::BTreeMap;

use recommender::{
    Error, Interactions,
    algorithms::{hybrid::Hybrid, popularity},
    evaluation::evaluate,
};

/// Length of list at which blends are compared.
pub(crate) const K: u32 = 10;

/// Least share of the popularity part in a blend: it orders items that no other part tells apart.
const POPULARITY_SHARE: f32 = 0.01;

/// What is compared: how much of the learned weights is taken, the rest going to the best part.
const STEPS: [(&str, f32); 5] =
    [("learned", 1.0), ("mixed", 0.75), ("mixed", 0.5), ("mixed", 0.25), ("best-part", 0.0)];

/// Weights that were compared, and the ones taken.
pub(crate) struct Selection {
    /// NDCG@10 on validation of each part alone, in order.
    pub(crate) parts: Vec<(String, f64)>,
    /// NDCG@10 on validation of the weights taken.
    pub(crate) blend: f64,
    /// Which weights were taken: `learned`, `mixed` or `best-part`.
    pub(crate) origin: &'static str,
    /// One weight a part.
    pub(crate) weights: Vec<f32>,
}

/// Takes the best of the learned weights, the best part and the [`STEPS`] between; on a tie the first.
/// The best part without any share for popularity comes last.
pub(crate) fn select(
    hybrid: &mut Hybrid,
    learned: &[f32],
    train: &Interactions,
    validation: &Interactions,
) -> Result<Selection, Error> {
    let count = hybrid.parts().len();
    let alone = |part: usize| (0..count).map(|other| f32::from(u8::from(other == part))).collect::<Vec<f32>>();
    let mut values = Vec::new();
    for part in 0..count {
        values.push(quality(hybrid, &alone(part), train, validation)?);
    }
    let best = (1..count).fold(0, |best, part| if values[part] > values[best] { part } else { best });
    let mix = |share: f32| -> Vec<f32> {
        learned.iter().zip(alone(best)).map(|(learned, best)| share * learned + (1.0 - share) * best).collect()
    };
    let steps = STEPS.map(|(origin, share)| (origin, with_popularity(hybrid, &mix(share))));
    let candidates = steps.into_iter().chain([("best-part", alone(best))]);
    let mut taken: Option<(f64, &'static str, Vec<f32>)> = None;
    for (origin, weights) in candidates {
        let value = quality(hybrid, &weights, train, validation)?;
        if taken.as_ref().is_none_or(|(highest, ..)| value > *highest) {
            taken = Some((value, origin, weights));
        }
    }
    let (blend, origin, weights) = taken.expect("there are six candidates");
    hybrid.set_weights(&weights)?;
    let names = hybrid.parts().iter().map(|part| part.name.clone());
    Ok(Selection { parts: names.zip(values).collect(), blend, origin, weights })
}

/// NDCG@10 on validation with these weights.
fn quality(
    hybrid: &mut Hybrid,
    weights: &[f32],
    train: &Interactions,
    validation: &Interactions,
) -> Result<f64, Error> {
    hybrid.set_weights(weights)?;
    let values: BTreeMap<String, f64> = evaluate(hybrid, train, validation, &[K]).values;
    Ok(values.get(&format!("ndcg@{K}")).copied().unwrap_or(0.0))
}

/// The weights with sum 1 and at least [`POPULARITY_SHARE`] for the popularity part.
fn with_popularity(hybrid: &Hybrid, weights: &[f32]) -> Vec<f32> {
    let sum: f32 = weights.iter().sum();
    let mut weights: Vec<f32> = weights.iter().map(|weight| if sum > 0.0 { weight / sum } else { 0.0 }).collect();
    for (part, weight) in hybrid.parts().iter().zip(&mut weights) {
        if part.model.algorithm() == popularity::NAME {
            *weight = weight.max(POPULARITY_SHARE);
        }
    }
    let sum: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum.max(f32::MIN_POSITIVE)).collect()
}

#[cfg(test)]
mod tests {
    use recommender::{Algorithm, Fit, Interaction, algorithms::hybrid::Part};

    use super::*;

    fn set(cells: &[(u32, u32)]) -> Interactions {
        let entry = |item| Interaction { item, weight: 5.0, time: 0 };
        Interactions::from_pairs(6, 5, &cells.iter().map(|(user, item)| (*user, entry(*item))).collect::<Vec<_>>())
    }

    /// Items 0, 1 and items 2, 3 go together; item 4 is the most popular one.
    fn train() -> Interactions {
        set(&[(0, 0), (0, 1), (1, 0), (2, 2), (2, 3), (3, 2), (4, 4), (5, 4), (0, 4), (2, 4)])
    }

    fn hybrid() -> Hybrid {
        let part = |name: &str| {
            let algorithm: Algorithm = serde_json::from_value(serde_json::json!({ "algorithm": name })).unwrap();
            Part { name: name.to_owned(), model: algorithm.fit(&train()).unwrap(), weight: 1.0 }
        };
        Hybrid::new(vec![part("popularity"), part("item-knn")]).unwrap()
    }

    #[test]
    fn misleading_weights_give_way_to_the_best_part() {
        let mut hybrid = hybrid();
        let (train, validation) = (train(), set(&[(1, 1), (3, 3)]));
        // Popularity alone ranks item 4 before the wanted ones: it is second, 1 / log2(3).
        let selection = select(&mut hybrid, &[1.0, 0.0], &train, &validation).unwrap();
        let values: Vec<f64> = selection.parts.iter().map(|(_, value)| *value).collect();
        assert!(values[0] < values[1], "{values:?}");
        assert!(selection.blend >= values[1], "{} {values:?}", selection.blend);
        assert_ne!(selection.origin, "learned");
        let kept: Vec<f32> = hybrid.parts().iter().map(|part| part.weight).collect();
        assert_eq!(kept, selection.weights);
    }

    #[test]
    fn useful_weights_are_kept() {
        let selection = select(&mut hybrid(), &[0.1, 0.9], &train(), &set(&[(1, 1), (3, 3)])).unwrap();
        assert_eq!(selection.origin, "learned");
    }

    #[test]
    fn popularity_keeps_a_small_share() {
        let weights = with_popularity(&hybrid(), &[0.0, 3.0]);
        assert!((weights[0] - 0.01 / 1.01).abs() < 1e-6 && (weights[1] - 1.0 / 1.01).abs() < 1e-6, "{weights:?}");
        let nothing = with_popularity(&hybrid(), &[0.0, 0.0]);
        assert!((nothing[0] - 1.0).abs() < 1e-6, "popularity alone where nothing helps: {nothing:?}");
    }
}
