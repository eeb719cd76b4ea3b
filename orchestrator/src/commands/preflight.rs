//! What is looked at before the first stage runs, so that a wrong path is not found out hours later.

use std::{collections::BTreeSet, fs};

use crate::{
    Error,
    configuration::{Fault, Faults, nearest_file},
    execution::{chain, source_files},
    plan::{Plan, PlannedStage},
};

/// Checks that the input files of the selected stages are there.
pub fn check_sources(plan: &Plan, selected: &BTreeSet<usize>) -> Result<(), Error> {
    let faults: Vec<Fault> = selected.iter().flat_map(|position| missing(&plan.stages[*position])).collect();
    if faults.is_empty() {
        return Ok(());
    }
    let text = fs::read_to_string(&plan.file).unwrap_or_default();
    Err(Error::Faults(Faults::new(plan.file.clone(), text, faults)))
}

fn missing(stage: &PlannedStage) -> Vec<Fault> {
    let files = match source_files(stage) {
        Ok(files) => files,
        Err(error) => {
            let message = format!("stage `{}`: {}", stage.name, chain(&error).join(": "));
            return vec![Fault::new(message).at(stage.place)];
        }
    };
    let fault = |path: &std::path::PathBuf| {
        let message = format!("stage `{}`: there is no file {}{}", stage.name, path.display(), nearest_file(path));
        Fault::new(message).at(stage.place).note("relative paths start from the current folder")
    };
    files.iter().filter(|path| !path.exists()).map(fault).collect()
}
