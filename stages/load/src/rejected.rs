//! A rejected row as people and scripts meet it: a line of JSON that can be repaired and given back.
//!
//! This one form is what `rejects export` writes, what is edited, and what the parameter `repairs`
//! reads. The Rejects table holds the same without `original`.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use pipeline::{Kind, TableReader};
use polars::frame::DataFrame;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::{Error, fault::Reason};

/// A rejected row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// The file as the pipeline names it.
    pub file: String,
    /// Line (text) or row (Parquet), from 1.
    pub line: u64,
    /// Of the line's first byte in the decompressed file; the row, from 0, for Parquet.
    #[serde(default)]
    pub byte_offset: u64,
    /// Code of the kind of fault.
    #[serde(default)]
    pub reason: String,
    /// The faulty field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was wanted and what was found.
    #[serde(default)]
    pub detail: String,
    /// The row, which is to be repaired here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// The row in base64 where it is not UTF-8; `raw` counts where both are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_base64: Option<String>,
    /// Hash of the row as it was rejected: ties a repair to this very row.
    pub original: String,
}

impl RejectedRow {
    /// The bytes of the row as they stand here; none if they are not given or are no base64.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.raw, &self.raw_base64) {
            (Some(raw), _) => Some(raw.clone().into_bytes()),
            (None, Some(base64)) => STANDARD.decode(base64).ok(),
            (None, None) => None,
        }
    }

    /// Whether the row is another one than that which was rejected.
    pub fn is_changed(&self) -> bool {
        self.bytes().is_some_and(|bytes| row_hash(&bytes) != self.original)
    }

    /// Whether another text in its place can help: not for a duplicate, which is sound, nor for a row
    /// of a Parquet file, which is no text.
    pub fn is_repairable(&self) -> bool {
        let is_parquet = Path::new(&self.file).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
        self.reason != Reason::Duplicate.code() && !is_parquet
    }
}

/// Hash of the bytes of a row (XXH3, 128 bits), as `original` holds it.
pub fn row_hash(raw: &[u8]) -> String {
    format!("{:032x}", xxh3_128(raw))
}

/// Reads the Rejects table at `path`, in its order; `each` gets a row and says whether to go on.
pub fn read_rejects(path: &Path, mut each: impl FnMut(RejectedRow) -> bool) -> Result<(), Error> {
    let table = TableReader::open(path, Kind::Rejects)?;
    for frame in table.batches(&[]) {
        let rows = rows(&frame?)?;
        for row in rows {
            if !each(row) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn rows(frame: &DataFrame) -> Result<Vec<RejectedRow>, Error> {
    let text = |name: &str| frame.column(name)?.str().cloned();
    let number = |name: &str| frame.column(name)?.u64().cloned();
    let (file, reason, field, detail, raw) =
        (text("file")?, text("reason")?, text("field")?, text("detail")?, text("raw")?);
    let (line, byte_offset) = (number("line")?, number("byte_offset")?);
    let is_base64 = frame.column("is_base64")?.bool().cloned()?;
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let row = |row: usize| {
        let (raw, is_base64) = (owned(raw.get(row)), is_base64.get(row).unwrap_or_default());
        let bytes = if is_base64 { STANDARD.decode(&raw).unwrap_or_default() } else { raw.clone().into_bytes() };
        let (raw, raw_base64) = if is_base64 { (None, Some(raw)) } else { (Some(raw), None) };
        RejectedRow {
            file: owned(file.get(row)),
            line: line.get(row).unwrap_or_default(),
            byte_offset: byte_offset.get(row).unwrap_or_default(),
            reason: owned(reason.get(row)),
            field: field.get(row).map(ToOwned::to_owned),
            detail: owned(detail.get(row)),
            raw,
            raw_base64,
            original: row_hash(&bytes),
        }
    };
    Ok((0..frame.height()).map(row).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(raw: Option<&str>, base64: Option<&str>, of: &[u8]) -> RejectedRow {
        let value = json!({"file": "r.json", "line": 3, "raw": raw, "raw_base64": base64, "original": row_hash(of)});
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_change_is_seen_in_either_form() {
        assert!(!row(Some("a"), None, b"a").is_changed());
        assert!(row(Some("b"), None, b"a").is_changed());
        // The byte 0xFF in base64.
        assert!(!row(None, Some("/w=="), b"\xFF").is_changed());
        assert!(row(Some("a"), Some("/w=="), b"\xFF").is_changed(), "`raw` counts");
        assert!(!row(None, None, b"a").is_changed());
    }

    #[test]
    fn duplicates_and_rows_of_parquet_cannot_be_repaired() {
        let of = |file: &str, reason: &str| RejectedRow {
            file: file.to_owned(),
            reason: reason.to_owned(),
            ..row(Some("a"), None, b"a")
        };
        assert!(of("a.json.gz", "broken-json").is_repairable());
        assert!(!of("a.json.gz", "duplicate").is_repairable());
        assert!(!of("a.parquet", "wrong-type").is_repairable());
    }
}
