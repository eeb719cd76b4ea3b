//! From a gzip file with dirty rows to Parquet: how fast, in how much memory.

use tests::Program;

use crate::figures::{Figures, add_stage, make_data, records, seconds};

/// Loads a made file of that many reviews, without a store.
pub fn measure(reviews: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let size_bytes = make_data(folder.path(), reviews)?;
    let program = Program::with_cache(&folder.path().join("cache"));
    let path = folder.path().join("load.yaml");
    let reviews_file = folder.path().join("sample-reviews.json.gz");
    std::fs::write(
        &path,
        format!(
            "version: 1\nname: bench-load\nstages:\n  load:\n    params:\n      layout: amazon-2018\n      reviews: \"{}\"\n",
            reviews_file.display()
        ),
    )?;
    program.run_well(["run".as_ref(), path.as_os_str()]);
    let record = &records(&program)["load"];
    figures.add("load_plain_mb", size_bytes / 1e6, "MB");
    add_stage(figures, "load", record);
    figures.add("load_mb_per_s", size_bytes / 1e6 / seconds(record), "MB/s (decompressed)");
    let rows = record["summary"]["rows_in"].as_f64().unwrap_or(f64::NAN);
    figures.add("load_rows_per_s", rows / seconds(record), "rows/s");
    Ok(())
}
