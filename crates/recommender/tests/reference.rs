//! Metrics against values that ranx and `pytrec_eval` computed (`benches/peers/reference_metrics.py`).

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

use std::collections::BTreeMap;

use recommender::{Interaction, Interactions, ModelData, Recommender, evaluation::evaluate};
use serde::Deserialize;

/// What the tools were given and what they said.
#[derive(Deserialize)]
struct Reference {
    ks: Vec<u32>,
    scores: Vec<Vec<f32>>,
    relevant: Vec<Vec<u32>>,
    ranx: BTreeMap<String, Vec<f64>>,
    pytrec_eval: BTreeMap<String, Vec<f64>>,
}

/// Gives each user the scores of the fixture; a history of one interaction of weight `user` tells who asks.
struct Given {
    scores: Vec<Vec<f32>>,
}

impl Recommender for Given {
    fn algorithm(&self) -> &'static str {
        "given"
    }
    fn item_count(&self) -> usize {
        self.scores[0].len() + 1
    }
    fn score(&self, history: &[Interaction], scores: &mut [f32]) {
        let (last, items) = scores.split_last_mut().unwrap();
        items.copy_from_slice(&self.scores[history[0].time as usize]);
        *last = f32::MAX;
    }
    fn save(&self) -> ModelData {
        unreachable!("not saved in this test")
    }
}

fn interactions(users: usize, items: usize, pairs: impl Iterator<Item = (u32, u32)>) -> Interactions {
    let entry = |(user, item)| (user, Interaction { item, weight: 1.0, time: user });
    Interactions::from_pairs(users, items, &pairs.map(entry).collect::<Vec<_>>())
}

#[test]
fn metrics_of_every_user_agree_with_ranx_and_pytrec_eval() {
    let reference: Reference = serde_json::from_str(include_str!("data/reference_metrics.json")).unwrap();
    let model = Given { scores: reference.scores };
    let (users, items) = (reference.relevant.len(), model.item_count());
    // The history holds one more item, which nobody wants: it is left out although it scores highest.
    let history = interactions(users, items, (0..users as u32).map(|user| (user, items as u32 - 1)));
    let wanted = (0..).zip(&reference.relevant).flat_map(|(user, items)| items.iter().map(move |item| (user, *item)));
    let evaluation = evaluate(&model, &history, &interactions(users, items, wanted), &reference.ks);
    assert_eq!(evaluation.users.len(), users);
    for (tool, values) in [("ranx", &reference.ranx), ("pytrec_eval", &reference.pytrec_eval)] {
        assert!(values.len() > 20, "{tool} was asked for {} metrics", values.len());
        for (name, expected) in values {
            let place = evaluation.metrics.iter().position(|metric| metric == name).unwrap();
            for (user, expected) in evaluation.users.iter().zip(expected) {
                let found = f64::from(user.values[place]);
                assert!((found - expected).abs() < 1e-6, "{tool} {name} user {}: {found}, {expected}", user.user);
            }
            let mean = expected.iter().sum::<f64>() / users as f64;
            assert!((evaluation.values[name] - mean).abs() < 1e-6, "{tool}: mean {name}");
        }
    }
}
