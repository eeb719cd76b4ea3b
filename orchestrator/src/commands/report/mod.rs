//! `report`: compares reports on data by their figures.

mod place;

use std::{fs, path::Path};

use eda_report::difference::{Block, Difference};
use serde_json::json;

use crate::{
    Error,
    arguments::{DiffArguments, ReportsAction, ReportsArguments},
    exit::Exit,
    output::{Align, table},
    write_output,
};

/// Rows of a table, unless all are asked for.
const ROWS: usize = 10;

/// Runs `orchestrator report`.
pub fn report(arguments: &ReportsArguments) -> Result<Exit, Error> {
    match &arguments.action {
        ReportsAction::Diff(arguments) => diff(arguments),
    }
}

fn diff(arguments: &DiffArguments) -> Result<Exit, Error> {
    let [before, after] = [&arguments.before, &arguments.after].map(|place| place::find(place, &arguments.cache));
    let (before, after) = (before?, after?);
    let difference = Difference::new(&place::read(&before)?, &place::read(&after)?);
    if let Some(file) = &arguments.html {
        let name = |path: &Path| path.display().to_string();
        let page = difference.html(&name(&before), &name(&after)).map_err(anyhow::Error::new)?;
        fs::write(file, page).map_err(Error::cache("write", file))?;
        tracing::info!("wrote {}", file.display());
    }
    let text = if arguments.json {
        let all = json!({"before": before, "after": after, "difference": difference});
        format!("{all}\n")
    } else {
        text(&before, &after, &difference, if arguments.all { usize::MAX } else { ROWS })
    };
    write_output(&text);
    Ok(Exit::Done)
}

fn text(before: &Path, after: &Path, difference: &Difference, limit: usize) -> String {
    let mut text = format!("before  {}\nafter   {}\n", before.display(), after.display());
    if difference.is_empty() {
        return text + "\nBoth reports say the same.\n";
    }
    let blocks = difference.blocks(limit);
    for block in &blocks {
        text += &block_text(block);
    }
    if blocks.iter().any(|block| !block.note.is_empty()) {
        text += "\n--all shows everything that differs.\n";
    }
    text
}

fn block_text(block: &Block) -> String {
    let column = |column: &&'static str| match column.strip_prefix('#') {
        Some(name) => (name, Align::Right),
        None => (*column, Align::Left),
    };
    let columns: Vec<(&str, Align)> = block.columns.iter().map(column).collect();
    let note = if block.note.is_empty() { String::new() } else { format!("... {}\n", block.note) };
    format!("\n{}\n{}{note}", block.title, table(&columns, &block.rows))
}

#[cfg(test)]
mod tests {
    use eda_report::Eda;
    use serde_json::Value;

    use super::*;

    fn eda(reviews: u64, rating: f64, alerts: &Value) -> Eda {
        let overview = json!({
            "reviews": reviews, "users": 458, "items": 148, "density": 0.0437, "repeated_pairs": 7,
            "first": 1_327_968_000, "last": 1_534_896_000, "mean_rating": rating, "rating_deviation": 0.48,
            "verified": 2_838,
        });
        let reproduction = json!({
            "version": "1.0.0", "pipeline": "shop", "stage": "eda-report",
            "parameters": {"top": 20, "redact": false, "seed": 42, "past_share": 0.9},
            "inputs": [{"port": "reviews", "from": "load.reviews", "blake3": format!("{reviews:064x}")}],
        });
        let chapters = json!({"overview": overview});
        let eda = json!({"schema_version": 1, "reproduction": reproduction, "alerts": alerts, "chapters": chapters});
        serde_json::from_value(eda).unwrap()
    }

    #[test]
    fn a_difference_reads_well() {
        let alert = |id: &str, title: &str, value: f64| {
            json!({
                "id": id, "severity": "warning", "title": title, "text": "What it means.", "value": value,
                "chapter": "overview",
            })
        };
        let before =
            eda(2_972, 4.885, &json!([alert("repeats", "Repeated pairs", 7.0), alert("old", "Few users", 458.0)]));
        let after = eda(2_333, 4.318, &json!([alert("repeats", "Repeated pairs", 31.0), alert("new", "J shape", 0.8)]));
        let (one, other) = (Path::new("monday/statistics.json"), Path::new("friday/statistics.json"));
        insta::assert_snapshot!("report_diff", text(one, other, &Difference::new(&before, &after), ROWS));
        insta::assert_snapshot!("report_diff_limited", text(one, other, &Difference::new(&before, &after), 1));
        insta::assert_snapshot!("report_diff_same", text(one, one, &Difference::new(&before, &before), ROWS));
    }
}
