//! What a model costs: its training, its size, and the time that a list takes.

use std::{fs, path::Path, time::Instant};

use pipeline::Cost;
use recommender::{Interactions, Recommender, top_k};

/// Users for whom the time of a list is taken.
const TIMED_USERS: usize = 200;

/// Length of the timed lists.
const TIMED_LENGTH: usize = 10;

/// Measured and counted costs of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// Processor time and memory of the stage that trained it; none where no orchestrator kept it.
    pub training: Option<Cost>,
    /// Size of its files.
    pub size_bytes: u64,
    /// Median and 95th percentile of the time from a history to a list on one thread, in milliseconds.
    pub latency_ms: Option<[f64; 2]>,
}

impl Costs {
    /// Takes the costs of a model that lies at `path`.
    pub fn measure(path: &Path, model: &dyn Recommender, history: &Interactions, users: &[u32]) -> Self {
        let mut scores = vec![0.0; model.item_count()];
        let step = users.len().div_ceil(TIMED_USERS).max(1);
        let mut times: Vec<f64> = users
            .iter()
            .step_by(step)
            .map(|user| {
                let start = Instant::now();
                model.score(history.history(*user), &mut scores);
                std::hint::black_box(top_k(&scores, TIMED_LENGTH, |_| false));
                start.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        times.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied();
        let latency_ms = at(0.5).zip(at(0.95)).map(|(median, high)| [median, high]);
        Self { training: Cost::of(path), size_bytes: size(path), latency_ms }
    }
}

/// Bytes of all files below a folder; unreadable ones count nothing.
fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { bytes(&entry) }).sum()
}

fn bytes(entry: &fs::DirEntry) -> u64 {
    entry.metadata().map_or(0, |metadata| metadata.len())
}
