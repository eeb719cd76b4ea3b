//! What is looked at before the first stage runs, so that a wrong path is not found out hours later.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

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
            return vec![near_files(&stage.params).fold(Fault::new(message).at(stage.place), Fault::note)];
        }
    };
    let fault = |path: &std::path::PathBuf| {
        let message = format!("stage `{}`: there is no file {}{}", stage.name, path.display(), nearest_file(path));
        Fault::new(message).at(stage.place).note("relative paths start from the current folder")
    };
    files.iter().filter(|path| !path.exists()).map(fault).collect()
}

/// For each parameter that looks like a path to nothing, the nearest name in that folder.
fn near_files(params: &Value) -> impl Iterator<Item = String> {
    let texts =
        params.as_object().into_iter().flatten().filter_map(|(name, value)| Some((name, Path::new(value.as_str()?))));
    texts.filter(|(_, path)| !path.as_os_str().is_empty() && !path.exists()).filter_map(|(name, path)| {
        let hint = nearest_file(path);
        (!hint.is_empty()).then(|| format!("`{name}` is {}{hint}", path.display()))
    })
}
