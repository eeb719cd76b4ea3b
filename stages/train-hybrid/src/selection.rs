//! Whether the learned blend is kept: it must not rank validation worse than its best part.
//!
//! Logistic regression separates chosen from drawn items; that usually ranks well, but is not the
//! same. So the blend, the best part and the middle between the two are compared by NDCG@10 over the
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

/// Takes the best of the learned weights, the best part and their middle; on a tie the first.
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
    let middle: Vec<f32> = learned.iter().zip(alone(best)).map(|(a, b)| f32::midpoint(*a, b)).collect();
    let candidates = [
        ("learned", with_popularity(hybrid, learned)),
        ("mixed", with_popularity(hybrid, &middle)),
        ("best-part", with_popularity(hybrid, &alone(best))),
        ("best-part", alone(best)),
    ];
    let mut taken: Option<(f64, &'static str, Vec<f32>)> = None;
    for (origin, weights) in candidates {
        let value = quality(hybrid, &weights, train, validation)?;
        if taken.as_ref().is_none_or(|(highest, ..)| value > *highest) {
            taken = Some((value, origin, weights));
        }
    }
    let (blend, origin, weights) = taken.expect("there are four candidates");
    hybrid.set_weights(&weights)?;
    let names = hybrid.parts().iter().map(|part| part.name.clone());
    Ok(Selection { parts: names.zip(values).collect(), blend, origin, weights })
}

/// NDCG@10 on validation with these weights.
pub(crate) fn quality(
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
pub(crate) fn with_popularity(hybrid: &Hybrid, weights: &[f32]) -> Vec<f32> {
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
