//! The evaluation as a whole, computed by hand.

use super::*;
use crate::{Interaction, ModelData};

/// Gives every item the same fixed score, whoever asks, and predicts 4 for every rating.
struct Fixed(Vec<f32>);

impl Recommender for Fixed {
    fn algorithm(&self) -> &'static str {
        "fixed"
    }
    fn item_count(&self) -> usize {
        self.0.len()
    }
    fn score(&self, _history: &[Interaction], scores: &mut [f32]) {
        scores.copy_from_slice(&self.0);
    }
    fn predict_rating(&self, _history: &[Interaction], _item: u32) -> Option<f32> {
        Some(4.0)
    }
    fn save(&self) -> ModelData {
        unreachable!("not saved in these tests")
    }
}

fn set(users: usize, items: usize, pairs: &[(u32, u32, f32)]) -> Interactions {
    let pairs: Vec<(u32, Interaction)> = pairs
        .iter()
        .map(|(user, item, weight)| (*user, Interaction { item: *item, weight: *weight, time: 0 }))
        .collect();
    Interactions::from_pairs(users, items, &pairs)
}

fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "found {found}, expected {expected}");
}

#[test]
fn golden_evaluation_of_two_users() {
    // Scores order the items 0, 1, 2, 3, 4.
    let model = Fixed(vec![5.0, 4.0, 3.0, 2.0, 1.0]);
    let history = set(3, 5, &[(0, 0, 5.0), (1, 4, 5.0), (2, 1, 1.0)]);
    // User 0 sees 1 2 3 4 and wants 2 and 4: ranks 2 and 4. User 1 sees 0 1 2 3 and wants 0: rank 1.
    // User 2 has nothing held out.
    let held_out = set(3, 5, &[(0, 2, 3.0), (0, 4, 5.0), (1, 0, 4.0)]);
    let evaluation = evaluate(&model, &history, &held_out, &[2]);
    let value = |name: &str| evaluation.values[name];
    assert_eq!(evaluation.users.len(), 2);
    // Means of 0.5 and 0.5, and of 0.5 and 1.
    assert_close(value("precision@2"), 0.5);
    assert_close(value("recall@2"), 0.75);
    // Harmonic means: 0.5 and 2 * 0.5 * 1 / 1.5 = 2/3; their mean is 7/12.
    assert_close(value("f1@2"), 7.0 / 12.0);
    assert_close(value("mrr"), 0.75);
    // Lists 1 2 and 0 1 hold three of five items.
    assert_close(value("coverage@2"), 3.0 / 5.0);
    // They show 0, 1, 2, 3, 4 how often: 1, 2, 1, 0, 0. Ascending 0 0 1 1 2: (1 * 0 + 1 * 2 + 2 * 4) / (5 * 4).
    assert_close(value("gini@2"), 0.5);
    // Errors 1, -1, 0.
    assert_close(value("rmse"), (2.0_f64 / 3.0).sqrt());
    assert_close(value("mae"), 2.0 / 3.0);
    let items: Vec<u32> = evaluation.users[0].list.iter().map(|scored| scored.item).collect();
    assert_eq!(items, [1, 2]);
    let recall = evaluation.metrics.iter().position(|name| name == "recall@2").unwrap();
    assert_close(f64::from(evaluation.users[0].values[recall]), 0.5);
}

#[test]
fn equal_scores_rank_in_the_order_of_items_as_in_the_list() {
    let model = Fixed(vec![1.0; 4]);
    let evaluation = evaluate(&model, &set(1, 4, &[(0, 1, 5.0)]), &set(1, 4, &[(0, 3, 5.0)]), &[3]);
    // 0, 2, 3: the wanted item is third.
    assert_close(evaluation.values["mrr"], 1.0 / 3.0);
    assert_eq!(evaluation.users[0].list[2].item, 3);
}

#[test]
fn seen_items_are_neither_ranked_nor_relevant() {
    let model = Fixed(vec![2.0, 1.0]);
    let evaluation = evaluate(&model, &set(1, 2, &[(0, 0, 5.0)]), &set(1, 2, &[(0, 0, 5.0)]), &[1]);
    assert_eq!((evaluation.users.len(), evaluation.values.len()), (0, 0));
}

#[test]
fn scores_that_are_not_finite_are_not_ranked() {
    let model = Fixed(vec![f32::NAN, 1.0, f32::INFINITY]);
    let evaluation = evaluate(&model, &set(1, 3, &[]), &set(1, 3, &[(0, 0, 5.0), (0, 1, 5.0)]), &[3]);
    assert_close(evaluation.values["recall@3"], 0.5);
    assert_close(evaluation.values["mrr"], 1.0);
}

#[test]
fn golden_figures_by_segment() {
    let model = Fixed(vec![5.0, 4.0, 3.0, 2.0, 1.0]);
    // User 0 is light (2 interactions), user 1 cold (1). Item counts 1 0 0 1 1: the head (2 of 5) is 0 and 3.
    let history = set(2, 5, &[(0, 0, 5.0), (0, 3, 5.0), (1, 4, 5.0)]);
    // User 0 sees 1 2 4 and wants 2 (tail, rank 2). User 1 sees 0 1 2 3 and wants 0 (head, rank 1), 3 (head, rank 4).
    let held_out = set(2, 5, &[(0, 2, 3.0), (1, 0, 4.0), (1, 3, 1.0)]);
    let segments = Segments { light_from: 2, heavy_from: 3, head_share: 0.4 };
    let catalogue = Catalogue::new(&history, segments);
    let evaluation = evaluate_with(&model, &history, &held_out, &[2], Some(&catalogue));
    let of = |name: &str| evaluation.segments.iter().find(|segment| segment.name == name).unwrap();
    assert_eq!(evaluation.segments.iter().map(|segment| segment.users).collect::<Vec<_>>(), [1, 1, 0, 1, 1]);
    assert_close(of("cold users").values["recall@2"], 0.5);
    assert_close(of("light users").values["mrr"], 0.5);
    assert_close(of("head items").values["recall@2"], 0.5);
    assert_close(of("tail items").values["recall@2"], 1.0);
    assert_close(of("tail items").values["precision@2"], 0.5);
    // 4 is predicted for all: errors 1 for the light user; 0 and 3 for the cold one.
    assert_close(of("light users").values["mae"], 1.0);
    assert_close(of("cold users").values["mae"], 1.5);
    assert_close(of("tail items").values["rmse"], 1.0);
    assert_close(evaluation.values["mae"], 4.0 / 3.0);
    assert!(of("heavy users").values.is_empty());
    // Lists 1 2 and 0 1: of their four places one is in the head.
    assert_close(evaluation.values["head_share@2"], 0.25);
    assert_eq!(evaluation.metrics.len(), evaluation.users[0].values.len());
}
