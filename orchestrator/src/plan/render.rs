//! A plan drawn for people: as text by level, and as a Mermaid diagram.

use std::fmt::Write as _;

use super::{Plan, PlannedStage};

/// The stages by level: those of one level need nothing of each other and can run at the same time.
pub fn text(plan: &Plan) -> String {
    let levels = levels(plan);
    let last = levels.iter().max().copied().unwrap_or_default();
    let width = plan.stages.iter().map(|stage| stage.name.chars().count()).max().unwrap_or_default();
    let mut text = format!("{} ({})\n", plan.name, plan.file.display());
    for level in 0..=last {
        let _ = writeln!(text, "level {}", level + 1);
        for (position, stage) in plan.stages.iter().enumerate().filter(|(position, _)| levels[*position] == level) {
            let sources = stage.upstream().into_iter().map(|upstream| plan.stages[upstream].name.clone());
            let sources: Vec<String> = sources.collect();
            let from = if sources.is_empty() { String::new() } else { format!("<- {}", sources.join(", ")) };
            let line = format!("  {:width$}  {from}", plan.stages[position].name);
            let _ = writeln!(text, "{}", line.trim_end());
            if let Some(tuned) = tuned_text(plan, stage) {
                let _ = writeln!(text, "  {:width$}  {tuned}", "");
            }
        }
    }
    text
}

/// The tuned parameters of a stage and the file that they come from; none if it has none.
pub fn tuned_text(plan: &Plan, stage: &PlannedStage) -> Option<String> {
    let values: Vec<String> = stage.tuned().iter().map(|(path, value)| format!("{path} {value}")).collect();
    let file = plan.tune.file.as_deref().filter(|_| !values.is_empty())?;
    Some(format!("tuned: {} (from {})", values.join(", "), file.display()))
}

/// The stages as a Mermaid flow chart whose arrows are labelled with the outputs that pass along them.
pub fn mermaid(plan: &Plan) -> String {
    let mut text = String::from("flowchart LR\n");
    for (position, stage) in plan.stages.iter().enumerate() {
        let kind = if stage.stage() == stage.name { String::new() } else { format!("<br/><i>{}</i>", stage.stage()) };
        let _ = writeln!(text, "  s{position}[\"{}{kind}\"]", stage.name);
    }
    for (position, stage) in plan.stages.iter().enumerate() {
        for upstream in stage.upstream() {
            let connections = stage.inputs.values().flatten().filter(|connection| connection.stage == upstream);
            let mut ports: Vec<&str> = connections.map(|connection| connection.port.as_str()).collect();
            ports.dedup();
            let _ = writeln!(text, "  s{upstream} -- \"{}\" --> s{position}", ports.join(", "));
        }
    }
    text
}

/// The length of the longest way from a stage that reads nothing.
fn levels(plan: &Plan) -> Vec<usize> {
    let mut levels = vec![0; plan.stages.len()];
    for (position, stage) in plan.stages.iter().enumerate() {
        levels[position] = stage.upstream().iter().map(|upstream| levels[*upstream] + 1).max().unwrap_or_default();
    }
    levels
}
