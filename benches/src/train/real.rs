//! The real splits through the stages: time of a full ranking, of the lists of all users, peak memory;
//! and the rows that algorithms are fitted to beside peers.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ::tests::Program;
use anyhow::Context;
use pipeline::{Kind, read_interactions, read_keys};
use recommender::{Interactions, algorithms::ease};
use serde_json::Value;

use super::beside;
use crate::{
    figures::{Figures, seconds},
    peers,
    splits::Splits,
};

/// Stages whose peak memory counts as that of training.
const TRAINING: &[&str] = &["als", "item-knn", "ease", "transition", "content", "hybrid"];

/// A pipeline of `benches/pipelines` that ran from end to end.
pub struct Prepared {
    /// Folder and record of each stage.
    records: BTreeMap<String, (PathBuf, Value)>,
}

/// Runs both splits through their stages and fits algorithms to their rows beside peers.
pub fn measure(splits: &Splits, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let set = |name: &str, path: &Path| format!("{name}={}", path.display());
    let sets = [set("train", &splits.yelp_train), set("test", &splits.yelp_test)];
    let yelp = Prepared::run("train-yelp", &folder.path().join("yelp"), &sets)?;
    let store = format!("store=sqlite://{}", folder.path().join("store.db").display());
    let sets = [set("data", &splits.beauty), set("attributes", &splits.attributes), store];
    let beauty = Prepared::run("train-beauty", &folder.path().join("beauty"), &sets)?;
    add_stages(&yelp, &beauty, figures)?;
    let [train, validation] = [yelp.interactions(&["train"])?, yelp.interactions(&["validation"])?];
    beside::als(train, &validation, folder.path(), figures)?;
    beside::item_knn(yelp.interactions(&["train", "validation"])?, folder.path(), figures)?;
    // With test rows, so that each of the 12,101 items has some and neither side can leave one out.
    beside::ease(beauty.interactions(&["train", "validation", "test"])?, folder.path(), figures)
}

/// Figures of the stages themselves, as their records tell them.
fn add_stages(yelp: &Prepared, beauty: &Prepared, figures: &mut Figures) -> anyhow::Result<()> {
    figures.add("evaluate_beauty_s", seconds(beauty.record("evaluate")?), "s, item-knn, all items for all test users");
    figures.add("evaluate_yelp_s", seconds(yelp.record("evaluate")?), "s, item-knn, all items for all test users");
    let publish = beauty.record("publish")?;
    let users = publish["summary"]["users_with_list"].as_f64().context("`publish` tells users with a list")?;
    figures.add("lists_per_s", users / seconds(publish), "lists of 10/s, hybrid of 3 models, into SQLite");
    let peak = |record: &Value| record["peak_memory_bytes"].as_f64().unwrap_or(f64::NAN);
    let stages = [yelp, beauty].into_iter().flat_map(|prepared| &prepared.records);
    let training = stages.filter(|(name, _)| TRAINING.contains(&name.as_str()));
    let most = training.map(|(_, (_, record))| peak(record)).fold(f64::NAN, f64::max);
    figures.add("train_peak_mb", most / 1e6, "MB, the most of all training stages");
    let ease = beauty.record(ease::NAME)?;
    let items = beauty.keys("item_index", Kind::ItemIndex)? as f64;
    figures.add("ease_peak_vs_floor", peak(ease) / (4.0 * items * items), "x one f32 a pair of items, the stage");
    Ok(())
}

impl Prepared {
    /// Runs `benches/pipelines/NAME.yaml`, one stage at a time.
    pub fn run(name: &str, cache: &Path, sets: &[String]) -> anyhow::Result<Self> {
        let program = Program::with_cache(cache);
        let pipeline = format!("benches/pipelines/{name}.yaml");
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let mut command = program.command(["run", &pipeline, "--jobs", "1"].into_iter().chain(sets));
        peers::measure(&mut command).with_context(|| format!("run {pipeline}"))?;
        Ok(Self { records: program.records() })
    }

    /// The record of a stage.
    pub fn record(&self, stage: &str) -> anyhow::Result<&Value> {
        Ok(&self.found(stage)?.1)
    }

    fn found(&self, stage: &str) -> anyhow::Result<&(PathBuf, Value)> {
        self.records.get(stage).with_context(|| format!("find the record of the stage `{stage}`"))
    }

    /// Number of rows of an index table.
    fn keys(&self, port: &str, kind: Kind) -> anyhow::Result<usize> {
        let path = self.found("preprocess")?.0.join(format!("{port}{}", kind.extension()));
        Ok(read_keys(&path, kind)?.len())
    }

    /// Parts of the interactions as one.
    fn interactions(&self, parts: &[&str]) -> anyhow::Result<Interactions> {
        let folder = &self.found("preprocess")?.0;
        let users = self.keys("user_index", Kind::UserIndex)?;
        let items = self.keys("item_index", Kind::ItemIndex)?;
        let read = |part: &str| {
            let path = folder.join(format!("{part}{}", Kind::Interactions.extension()));
            read_interactions(&path, users, items)
        };
        let mut all = Interactions::from_pairs(users, items, &[]);
        for part in parts {
            all = all.merged(&read(part)?);
        }
        Ok(all)
    }
}
