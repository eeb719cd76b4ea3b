//! The proof of a sample, measured over many seeds, and what each way of sampling leaves of a 5-core.

use ::sample::{
    Proof, Structural,
    calibration::{CLAIMED, CONTROLS, Settings, UNITS, calibrate},
};
use tests::Program;

use crate::figures::{Figures, make_data};

/// Rate of the samples whose cores are compared.
const RATE: f64 = 0.1;
/// Reviews of the table whose cores are compared.
const CORE_REVIEWS: u64 = 200_000;

/// Calibrates on populations of about that many reviews.
pub fn measure(reviews: u64, figures: &mut Figures) -> anyhow::Result<()> {
    // A user of these populations writes 4.6 reviews on average, a product has 34.
    let settings =
        Settings { users: (reviews as f64 / 4.6) as u32, items: (reviews as f64 / 34.0) as u32, ..Settings::default() };
    let found = calibrate(&settings);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    figures.add("reviews_a_population", found.reviews, "reviews");
    figures.add("seeds", settings.seeds as f64, "populations, each sampled in every way");
    for (place, unit) in UNITS.iter().enumerate() {
        figures.add(format!("coverage_{}", unit.name()), found.coverage[place], "of the 95 % intervals hold the truth");
    }
    for (place, unit) in UNITS.iter().enumerate() {
        figures.add(format!("false_alarms_{}", unit.name()), found.false_alarms[place], "of the fair samples rejected");
    }
    for (control, rejected) in CONTROLS.iter().zip(found.rejected) {
        for (unit, rejected) in CLAIMED.iter().zip(rejected) {
            figures.add(
                format!("rejected_{}_as_{}", control.name(), unit.name()),
                rejected,
                "of these samples rejected",
            );
        }
    }
    measure_cores(figures)?;
    figures.add("coverage", mean(&found.coverage), "mean over the units");
    figures.add("false_alarm_rate", mean(&found.false_alarms), "mean over the units");
    let smallest = found.rejected.iter().flatten().copied().fold(1.0, f64::min);
    figures.add("negative_controls_rejected", smallest, "smallest over the controls");
    Ok(())
}

/// The share of reviews in the 5-core of a sample, relative to that of all reviews.
fn measure_cores(figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    make_data(folder.path(), CORE_REVIEWS)?;
    let reviews = folder.path().join("sample-reviews.json.gz");
    let load = format!("  load:\n    params: {{layout: amazon-2018, reviews: \"{}\"}}\n", reviews.display());
    let samples = UNITS.map(|unit| {
        let name = unit.name();
        format!(
            "  {name}:\n    stage: sample\n    inputs: {{reviews: load.reviews}}\n    \
             params: {{unit: {name}, rate: {RATE}, model_rows: 0}}\n"
        )
    });
    let pipeline = format!("version: 1\nname: bench-sample\nstages:\n{load}{}", samples.concat());
    let path = folder.path().join("sample.yaml");
    std::fs::write(&path, pipeline)?;
    let program = Program::with_cache(&folder.path().join("cache"));
    program.run_well(["run".as_ref(), path.as_os_str()]);
    let records = program.records();
    for unit in UNITS {
        let proof: Proof = serde_json::from_slice(&std::fs::read(records[unit.name()].0.join("proof.json"))?)?;
        figures.add(format!("five_core_kept_{}", unit.name()), kept(&proof), "of the share of rows in a 5-core");
        figures.add(format!("sample_seconds_{}", unit.name()), crate::figures::seconds(&records[unit.name()].1), "s");
    }
    Ok(())
}

fn kept(proof: &Proof) -> f64 {
    let core = proof.structure.iter().find(|figure| figure.name == "share_in_5_core");
    let share = |figure: &Structural| Some(figure.sample / figure.population?);
    core.and_then(share).unwrap_or(f64::NAN)
}
