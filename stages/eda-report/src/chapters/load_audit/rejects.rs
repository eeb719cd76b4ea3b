//! Examples from the table of rejected rows.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use pipeline::{Kind, TableReader};
use polars::frame::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Params;

/// Examples of each reason.
const EXAMPLES: usize = 3;

/// Characters of a row that are shown.
const SHOWN: usize = 160;

/// A row that did not get through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RejectedRow {
    /// Code of the reason; `duplicate` for a row that repeats another.
    pub reason: String,
    /// The file.
    pub file: String,
    /// Line in it, from 1.
    pub line: u64,
    /// The faulty field, where one is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was wanted and what was found; none when redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The beginning of the row; none when redacted, and where it is no text or was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

/// Up to three rows of each reason, by reason, in the order of the table.
pub fn examples(path: &Path, params: &Params) -> anyhow::Result<Vec<RejectedRow>> {
    let reader = TableReader::open(path, Kind::Rejects)?;
    let mut found: BTreeMap<String, Vec<RejectedRow>> = BTreeMap::new();
    for batch in reader.batches(&["file", "line", "reason", "field", "detail", "raw", "is_base64"]) {
        add(&batch?, params.redact, &mut found).with_context(|| format!("read {}", path.display()))?;
    }
    Ok(found.into_values().flatten().collect())
}

fn add(batch: &DataFrame, redact: bool, found: &mut BTreeMap<String, Vec<RejectedRow>>) -> anyhow::Result<()> {
    let text = |name: &str| batch.column(name).and_then(|column| column.str().cloned());
    let (files, reasons, fields, details, raws) =
        (text("file")?, text("reason")?, text("field")?, text("detail")?, text("raw")?);
    let (lines, is_base64) = (batch.column("line")?.u64()?, batch.column("is_base64")?.bool()?);
    for row in 0..batch.height() {
        let reason = reasons.get(row).unwrap_or_default();
        if found.get(reason).is_some_and(|rows| rows.len() >= EXAMPLES) {
            continue;
        }
        let shown = |text: Option<&str>| text.filter(|text| !redact && !text.is_empty()).map(beginning);
        let example = RejectedRow {
            reason: reason.to_owned(),
            file: files.get(row).unwrap_or_default().to_owned(),
            line: lines.get(row).unwrap_or_default(),
            field: fields.get(row).map(str::to_owned),
            detail: shown(details.get(row)),
            raw: shown(raws.get(row)).filter(|_| is_base64.get(row) == Some(false)),
        };
        found.entry(reason.to_owned()).or_default().push(example);
    }
    Ok(())
}

/// The beginning of a text, in one line.
fn beginning(text: &str) -> String {
    let mut shown: String =
        text.chars().take(SHOWN).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use pipeline::TableWriter;
    use polars::df;

    use super::*;

    #[test]
    fn three_rows_of_each_reason_and_no_words_of_them_when_redacted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects");
        let mut writer = TableWriter::create_at(&path, Kind::Rejects, "load", &[]).unwrap();
        let rows = 5_usize;
        let frame = df!(
            "file" => vec!["r.json"; rows],
            "line" => (1..=rows as u64).collect::<Vec<_>>(),
            "byte_offset" => vec![0_u64; rows],
            "reason" => ["broken-json", "broken-json", "broken-json", "broken-json", "bad-utf8"],
            "field" => [None, Some("overall"), None, None, None],
            "detail" => vec!["found `secret`"; rows],
            "raw" => vec!["secret\trow"; rows],
            "is_base64" => [false, false, false, false, true],
        )
        .unwrap();
        writer.write(&frame).unwrap();
        writer.finish().unwrap();
        let found = examples(&path, &Params::default()).unwrap();
        let lines: Vec<u64> = found.iter().map(|row| row.line).collect();
        assert_eq!((lines, found[0].raw.as_deref()), (vec![5, 1, 2, 3], None), "base64 is no text");
        assert_eq!(found[2].raw.as_deref(), Some("secret row"));
        let redacted = examples(&path, &Params { redact: true, ..Params::default() }).unwrap();
        assert!(redacted.iter().all(|row| row.detail.is_none() && row.raw.is_none()));
        assert_eq!(redacted[2].field.as_deref(), Some("overall"));
    }
}
