//! The report's figures and the sentences that tell how to read them.

use pipeline::Context;
use recommender::{
    Interactions,
    evaluation::{Metrics, ModelMetrics},
};
use reports::evaluation::{Cost, Difference, Evaluation, Example, Model, Seeds, Segment};

use crate::{MetricsFile, Run, comparison::LEVEL, costs::Costs, params::Split, seeds::SeedGroup};

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
    run: &Run,
    file: &MetricsFile,
    costs: &[Costs],
    examples: Vec<Example>,
) -> Result<String, reports::Error> {
    let metrics = &file.metrics;
    let costs = costs.iter().map(Some).chain(std::iter::repeat(None));
    let held_out = HeldOut::new(&run.history, &run.held_out);
    let segments = run.catalogue.segments();
    let evaluation = Evaluation {
        title: "How good are the models?".to_owned(),
        pipeline: context.pipeline().to_owned(),
        split: metrics.split.clone(),
        users: metrics.users,
        items: metrics.items,
        ks: metrics.ks.clone(),
        models: metrics.models.iter().zip(costs).map(|(model, costs)| model_of(model, costs)).collect(),
        differences: differences(file, run.params.main_k()),
        seeds: file.seeds.iter().map(seeds_of).collect(),
        segments: format!(
            "Cold users have fewer than {} interactions in their history, heavy ones {} or more, light ones lie \
             between. Head items are the most popular {:.0} % of the catalogue; for head and tail only held-out items \
             of that group count, with the same lists.",
            segments.light_from,
            segments.heavy_from,
            segments.head_share * 100.0
        ),
        diversity: if run.catalogue.has_categories() { "their categories" } else { "the users who chose them" }
            .to_owned(),
        examples,
        histories: histories(run.params.split),
        caveats: caveats(run.params.split, metrics, &held_out),
    };
    evaluation.render()
}

fn model_of(model: &ModelMetrics, costs: Option<&Costs>) -> Model {
    let segment = |one: &recommender::evaluation::SegmentMetrics| Segment {
        name: one.name.clone(),
        users: one.users,
        values: one.values.clone(),
    };
    Model {
        name: model.name.clone(),
        algorithm: model.algorithm.clone(),
        values: model.values.clone(),
        intervals: model.intervals.clone(),
        segments: model.segments.iter().map(segment).collect(),
        cost: costs.map(cost_of),
    }
}

fn cost_of(costs: &Costs) -> Cost {
    Cost {
        training_cpu_s: costs.training.map(|cost| cost.cpu_ms as f64 / 1000.0),
        training_peak_bytes: costs.training.map(|cost| cost.peak_memory_bytes),
        size_bytes: costs.size_bytes,
        latency_ms: costs.latency_ms,
    }
}

/// Every model against the best one, by the first metric that models are ordered by.
fn differences(file: &MetricsFile, k: u32) -> Vec<Difference> {
    let metric = format!("ndcg@{k}");
    let value = |model: &ModelMetrics| model.values.get(&metric).copied().unwrap_or(f64::NEG_INFINITY);
    let best = file.metrics.models.iter().reduce(|best, model| if value(model) > value(best) { model } else { best });
    let Some(best) = best else { return Vec::new() };
    let of = |one: &crate::Difference| {
        let (seen, other) = one.seen_from(&best.name)?;
        Some(Difference {
            metric: one.metric.clone(),
            model: other.to_owned(),
            difference: -seen.paired.difference,
            interval: seen.interval.map(|[low, high]| [-high, -low]),
            p_value: seen.corrected_p_value,
            is_significant: seen.corrected_p_value < LEVEL,
            effect: -seen.paired.effect,
        })
    };
    file.differences.iter().filter_map(of).collect()
}

fn seeds_of(group: &SeedGroup) -> Seeds {
    Seeds {
        algorithm: group.algorithm.clone(),
        models: group.models.clone(),
        values: group.values.iter().map(|one| (one.metric.clone(), (one.mean, one.deviation))).collect(),
    }
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
        caveats.push(format!("{} users are few: read the intervals before the order of the models.", metrics.users));
    }
    caveats
}
