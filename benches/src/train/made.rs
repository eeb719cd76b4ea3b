//! The stages of the default pipeline on made reviews: seconds, CPU and memory of each.

use ::tests::Program;

use crate::figures::{Figures, add_stage, make_data, records};

/// Stages that are reported, in the order of the pipeline.
const STAGES: &[&str] = &["preprocess", "popularity", "item-knn", "als", "biased-mf", "content", "hybrid", "evaluate"];

/// Runs the pipeline up to `evaluate` on that many made reviews.
pub fn measure(reviews: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    make_data(folder.path(), reviews)?;
    let program = Program::with_cache(&folder.path().join("cache"));
    let set = |name: &str, file: &str| format!("{name}={}", folder.path().join(file).display());
    program.run_well([
        "run",
        "pipelines/amazon-2018.yaml",
        "evaluate",
        "--jobs",
        "1",
        "--set",
        &set("reviews", "sample-reviews.json.gz"),
        "--set",
        &set("metadata", "sample-products.json.gz"),
        "--set",
        &format!("store=sqlite://{}", folder.path().join("store.db").display()),
    ]);
    let records = records(&program);
    for stage in STAGES {
        add_stage(figures, &format!("train_{}", stage.replace('-', "_")), &records[*stage]);
    }
    Ok(())
}
