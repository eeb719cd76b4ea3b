//! The report's figures and the sentences that tell how to read them.

use pipeline::Context;
use recommender::{Interactions, evaluation::Metrics};

use crate::params::Split;

/// What the held-out interactions ask of the models.
pub struct HeldOut {
    /// Interactions to predict.
    pub interactions: usize,
    /// Those of items without any interaction in the histories.
    pub of_cold_items: usize,
    /// Evaluated users without any history.
    pub users_without_history: usize,
}

impl HeldOut {
    /// Counts them.
    pub fn new(history: &Interactions, held_out: &Interactions) -> Self {
        let counts = history.item_counts();
        let entries = held_out.histories().flatten();
        let pairs = history.histories().zip(held_out.histories());
        Self {
            interactions: held_out.len(),
            of_cold_items: entries.filter(|entry| counts[entry.item as usize] == 0).count(),
            users_without_history: pairs.filter(|(known, asked)| known.is_empty() && !asked.is_empty()).count(),
        }
    }
}

/// The report as one HTML file.
pub fn render(
    context: &Context,
    split: Split,
    metrics: &Metrics,
    held_out: &HeldOut,
) -> Result<String, reports::Error> {
    let models = metrics
        .models
        .iter()
        .map(|model| reports::evaluation::Model {
            name: model.name.clone(),
            algorithm: model.algorithm.clone(),
            values: model.values.clone(),
        })
        .collect();
    let evaluation = reports::evaluation::Evaluation {
        title: "How good are the models?".to_owned(),
        pipeline: context.pipeline().to_owned(),
        split: metrics.split.clone(),
        users: metrics.users,
        items: metrics.items,
        ks: metrics.ks.clone(),
        models,
        histories: histories(split),
        caveats: caveats(split, metrics, held_out),
    };
    evaluation.render()
}

fn histories(split: Split) -> String {
    let known = match split {
        Split::Test => "the training and validation interactions",
        Split::Validation => "the training interactions",
    };
    format!(
        "A user's history is {known}. All items but those of the history are ranked; no candidates are sampled. \
         Every mean is over users with something to predict, each user counting once."
    )
}

fn caveats(split: Split, metrics: &Metrics, held_out: &HeldOut) -> Vec<String> {
    let mut caveats = Vec::new();
    let is_hybrid = |algorithm: &str| algorithm == "hybrid";
    if split == Split::Validation && metrics.models.iter().any(|model| is_hybrid(&model.algorithm)) {
        caveats.push(
            "The hybrid learned its weights on these validation interactions, so its figures here are too good. \
             Compare it on the test split."
                .to_owned(),
        );
    }
    if held_out.of_cold_items > 0 {
        caveats.push(format!(
            "{} of {} interactions to predict are of items that no history has. A model that learns from interactions \
             alone cannot find them; they count as misses.",
            held_out.of_cold_items, held_out.interactions
        ));
    }
    if held_out.users_without_history > 0 {
        caveats.push(format!(
            "{} users have no history. Each model gives them what it gives to strangers.",
            held_out.users_without_history
        ));
    }
    if metrics.users < 1000 {
        caveats.push(format!(
            "{} users are few: small differences between models may be chance. The table of user metrics holds what a \
             significance test needs.",
            metrics.users
        ));
    }
    caveats
}
