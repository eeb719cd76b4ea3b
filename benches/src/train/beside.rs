//! Algorithms fitted beside peers: the same rows, the same machine, in turn; only fitting is timed.
//!
//! Ours are fitted in this process, peers in one of their own that tells the seconds of its fit. Lists
//! of a peer are judged here, by the code that judges ours.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Instant,
};

use anyhow::{Context, ensure};
use recommender::{Algorithm, Fit, Interactions, evaluation::evaluate, metrics::RelevantRanks};
use serde_json::{Value, json};

use crate::{
    figures::{Figures, tell},
    peers::{self, Finished},
};

const PEERS: &[&str] = &["implicit==0.7.3", "numpy==2.4.6", "scipy==1.17.1"];

/// How often each side fits, one after the other in turn; the best counts.
const ROUNDS: usize = 3;

/// Length of the lists that quality is compared on; the script of the peer gives as many.
const K: u32 = 10;

/// `alpha` and `regularization` of implicit's ALS; the first are its defaults, and the best of all counts.
const THEIRS: [(f64, f64); 6] = [(1.0, 0.01), (1.0, 10.0), (10.0, 0.01), (10.0, 10.0), (10.0, 50.0), (40.0, 50.0)];

/// `unobserved_weight` and `regularization` of ours, as many; the first are the defaults.
const OURS: [(f64, f64); 6] = [(0.03, 2.5), (0.03, 1.5), (0.03, 4.0), (0.05, 2.5), (0.05, 4.0), (0.1, 2.5)];

/// Interactions, and a file of the same for a peer.
struct Rows {
    interactions: Interactions,
    file: PathBuf,
}

/// Seconds of the best fit of each side.
struct Race {
    ours: f64,
    theirs: f64,
    /// Peak memory of the peer's process.
    peer_peak_mb: f64,
}

/// ALS beside implicit's, and the quality of both on validation.
pub fn als(train: Interactions, validation: &Interactions, folder: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    let rows = Rows::write(train, folder.join("als.rows"))?;
    let race = race(&rows, ours(OURS[0]), || implicit("als", &rows, &theirs(THEIRS[0]), None))?;
    race.add("als", "implicit_als", "als_vs_implicit", figures);
    let lists = folder.join("als.lists");
    let mut best = [f64::NEG_INFINITY; 2];
    for (of_ours, of_theirs) in OURS.into_iter().zip(THEIRS) {
        let algorithm: Algorithm = serde_json::from_value(ours(of_ours))?;
        let evaluation = evaluate(algorithm.fit(&rows.interactions)?.as_ref(), &rows.interactions, validation, &[K]);
        let ndcg = *evaluation.values.get(&format!("ndcg@{K}")).context("`evaluate` gives ndcg")?;
        tell(format!("als, unobserved_weight {}, regularization {}: ndcg@{K} {ndcg:.4}", of_ours.0, of_ours.1));
        peers::measure(&mut implicit("als", &rows, &theirs(of_theirs), Some(&lists))?)?;
        let of_peer = ndcg_of_lists(&lists, validation)?;
        tell(format!("implicit als, alpha {}, regularization {}: ndcg@{K} {of_peer:.4}", of_theirs.0, of_theirs.1));
        best = [best[0].max(ndcg), best[1].max(of_peer)];
    }
    figures.add("als_ndcg10", best[0], "validation, the best of its settings");
    figures.add("implicit_als_ndcg10", best[1], "validation, the best of as many");
    Ok(())
}

fn ours((unobserved_weight, regularization): (f64, f64)) -> Value {
    json!({
        "algorithm": "als",
        "factors": 64,
        "iterations": 10,
        "unobserved_weight": unobserved_weight,
        "regularization": regularization,
    })
}

/// The peer's ALS as large as ours.
fn theirs((alpha, regularization): (f64, f64)) -> Value {
    json!({
        "factors": 64,
        "iterations": 10,
        "alpha": alpha,
        "regularization": regularization,
        "random_state": 42,
    })
}

/// Cosine neighbours of items beside implicit's, 500 of each.
pub fn item_knn(train: Interactions, folder: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    let rows = Rows::write(train, folder.join("item-knn.rows"))?;
    let ours = json!({"algorithm": "item-knn", "weighting": "cosine", "neighbors": 500, "shrinkage": 0});
    let race = race(&rows, ours, || implicit("cosine", &rows, &json!({"K": 500}), None))?;
    race.add("knn", "implicit_knn", "knn_vs_implicit", figures);
    Ok(())
}

/// EASE beside numpy's Gramian, inverse and scaling; ours also keeps the largest weights of each item.
pub fn ease(train: Interactions, folder: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    let rows = Rows::write(train, folder.join("ease.rows"))?;
    let ours = json!({"algorithm": "ease", "regularization": 100});
    let race = race(&rows, ours, || {
        let mut command = script("numpy_ease.py")?;
        command.args(rows.arguments()).arg(processors()).arg("100");
        Ok(command)
    })?;
    race.add("ease", "numpy_ease", "ease_vs_numpy", figures);
    figures.add("numpy_ease_peak_mb", race.peer_peak_mb, "MB");
    Ok(())
}

impl Rows {
    /// Writes pairs of user and item, little-endian u32.
    fn write(interactions: Interactions, file: PathBuf) -> anyhow::Result<Self> {
        let mut bytes = Vec::with_capacity(interactions.len() * 8);
        for (user, history) in (0_u32..).zip(interactions.histories()) {
            for entry in history {
                bytes.write_all(&user.to_le_bytes())?;
                bytes.write_all(&entry.item.to_le_bytes())?;
            }
        }
        fs::write(&file, bytes).with_context(|| format!("write {}", file.display()))?;
        Ok(Self { interactions, file })
    }

    /// The arguments of a script: file, users, items.
    fn arguments(&self) -> [String; 3] {
        let Self { interactions, file } = self;
        [file.display().to_string(), interactions.user_count().to_string(), interactions.item_count().to_string()]
    }
}

impl Race {
    fn add(&self, ours: &str, theirs: &str, ratio: &str, figures: &mut Figures) {
        figures.add(format!("{ours}_fit_s"), self.ours, "s");
        figures.add(format!("{theirs}_fit_s"), self.theirs, "s");
        figures.add(ratio, self.theirs / self.ours, "x as fast");
    }
}

fn race(rows: &Rows, ours: Value, peer: impl Fn() -> anyhow::Result<Command>) -> anyhow::Result<Race> {
    let algorithm: Algorithm = serde_json::from_value(ours)?;
    let mut best: Option<Race> = None;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        algorithm.fit(&rows.interactions)?;
        let ours = started.elapsed().as_secs_f64();
        let finished = peers::measure(&mut peer()?)?;
        let theirs = told_seconds(&finished)?;
        let peer_peak_mb = finished.usage.peak_bytes as f64 / 1e6;
        let (ours, theirs) = best.map_or((ours, theirs), |best| (ours.min(best.ours), theirs.min(best.theirs)));
        best = Some(Race { ours, theirs, peer_peak_mb });
    }
    best.context("fit at least once")
}

fn told_seconds(finished: &Finished) -> anyhow::Result<f64> {
    let told: Value = serde_json::from_str(finished.stdout.trim()).context("read what the peer tells")?;
    told["seconds"].as_f64().context("the peer tells its seconds")
}

fn script(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(peers::python(PEERS)?);
    command.arg(::tests::workspace_root().join("benches/peers").join(name));
    Ok(command)
}

fn implicit(name: &str, rows: &Rows, options: &Value, lists: Option<&Path>) -> anyhow::Result<Command> {
    let mut command = script("implicit_fit.py")?;
    command.arg(name).args(rows.arguments()).arg(processors()).arg(options.to_string()).args(lists);
    Ok(command)
}

fn processors() -> String {
    thread::available_parallelism().map_or(1, usize::from).to_string()
}

/// Mean over the users with something held out, of the lists of all users in a file.
fn ndcg_of_lists(file: &Path, held_out: &Interactions) -> anyhow::Result<f64> {
    let bytes = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    let items: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    let lists = items.as_chunks::<{ K as usize }>().0;
    let (found, expected) = (lists.len(), held_out.user_count());
    ensure!(found == expected, "{} has {found} lists of {K}, expected {expected}", file.display());
    let (mut sum, mut users) = (0.0, 0_u32);
    for (list, history) in lists.iter().zip(held_out.histories()).filter(|(_, history)| !history.is_empty()) {
        let relevant: Vec<u32> = history.iter().map(|entry| entry.item).collect();
        sum += RelevantRanks::of_list(list, &relevant).ndcg_at_k(K);
        users += 1;
    }
    ensure!(users > 0, "no user has anything held out");
    Ok(sum / f64::from(users))
}

#[cfg(test)]
mod tests {
    use recommender::Interaction;

    use super::*;

    #[test]
    fn lists_in_a_file_are_judged_user_by_user() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lists");
        let pair = |user, item| (user, Interaction { item, weight: 1.0, time: 0 });
        // User 0 has nothing held out; user 1 finds its item at rank 2; user 2 finds none.
        let held_out = Interactions::from_pairs(3, 40, &[pair(1, 11), pair(2, 5)]);
        let lists: Vec<u8> = (0..30_u32).flat_map(u32::to_le_bytes).collect();
        fs::write(&file, &lists).unwrap();
        let ndcg = ndcg_of_lists(&file, &held_out).unwrap();
        assert!((ndcg - 1.0 / 3.0_f64.log2() / 2.0).abs() < 1e-12, "{ndcg}");
        fs::write(&file, &lists[..40]).unwrap();
        let error = ndcg_of_lists(&file, &held_out).unwrap_err().to_string();
        assert!(error.contains("has 1 lists of 10, expected 3"), "{error}");
    }

    #[test]
    fn peers_get_every_row() {
        let folder = tempfile::tempdir().unwrap();
        let pair = |user, item| (user, Interaction { item, weight: 1.0, time: 0 });
        let interactions = Interactions::from_pairs(3, 4, &[pair(0, 1), pair(2, 3), pair(2, 0)]);
        let rows = Rows::write(interactions, folder.path().join("rows")).unwrap();
        let words: Vec<u8> = [0, 1, 2, 3, 2, 0].into_iter().flat_map(u32::to_le_bytes).collect();
        assert_eq!(fs::read(&rows.file).unwrap(), words);
        assert_eq!(rows.arguments()[1..], ["3", "4"]);
    }
}
