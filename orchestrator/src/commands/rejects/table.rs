//! `rejects list` and `rejects export`.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
};

use load::{RejectedRow, read_rejects};

use super::Rejected;
use crate::{
    Error,
    configuration::{did_you_mean, list_of},
    exit::Exit,
    output::{figures::count, quoted},
    write_output,
};

/// Characters of a row that are shown.
const SHOWN: usize = 300;

impl Rejected {
    /// Runs `rejects list`.
    pub fn list(&self, reason: Option<&str>, limit: u64) -> Result<Exit, Error> {
        let mut shown = 0;
        let mut counts = BTreeMap::new();
        read_rejects(&self.path()?, |row| {
            if reason.is_none_or(|reason| reason == row.reason) && (limit == 0 || shown < limit) {
                shown += 1;
                write_output(&described(&row));
            }
            *counts.entry(row.reason).or_default() += 1;
            true
        })
        .map_err(anyhow::Error::new)?;
        let total = total(&counts, reason)?;
        write_output(&format!("{}\n", sentence(&counts, reason)));
        if shown < total {
            let text = format!("{} of {} are shown; --limit 0 shows all\n", count(shown), count(total));
            write_output(&text);
        }
        Ok(Exit::Done)
    }

    /// Runs `rejects export`.
    pub fn export(&self, file: &Path, reason: Option<&str>) -> Result<Exit, Error> {
        let path = self.path()?;
        if file.exists() {
            let message = format!("{} is there already and may hold repaired rows: name another file", file.display());
            return Err(Error::Arguments(message));
        }
        let mut writer = BufWriter::new(File::create_new(file).map_err(Error::cache("create", file))?);
        let (mut counts, mut left_out, mut written) = (BTreeMap::new(), 0, Ok(()));
        read_rejects(&path, |row| {
            if reason.is_none_or(|reason| reason == row.reason) {
                if row.is_repairable() {
                    written = write_line(&mut writer, &row);
                } else {
                    left_out += 1;
                }
            }
            *counts.entry(row.reason).or_default() += 1;
            written.is_ok()
        })
        .map_err(anyhow::Error::new)?;
        written.and_then(|()| writer.flush()).map_err(Error::cache("write", file))?;
        let total = total(&counts, reason)?;
        let written = count(total - left_out);
        let mut text = format!("{}: {written} of {} rejected rows\n", file.display(), count(total));
        if left_out > 0 {
            let _ = writeln!(
                text,
                "left out: {}, as duplicates and rows of Parquet files cannot be repaired here",
                count(left_out)
            );
        }
        let _ = writeln!(text, "repair `raw` in it and remove the lines that you leave as they are, then:");
        let _ = writeln!(text, "  {} {}", self.command("replay"), quoted(&file.display().to_string()));
        write_output(&text);
        Ok(Exit::Done)
    }
}

fn write_line(writer: &mut impl io::Write, row: &RejectedRow) -> io::Result<()> {
    serde_json::to_writer(&mut *writer, row)?;
    writer.write_all(b"\n")
}

/// Number of rows with a reason, or of all; an error if there is none for that reason.
fn total(counts: &BTreeMap<String, u64>, reason: Option<&str>) -> Result<u64, Error> {
    let Some(reason) = reason else { return Ok(counts.values().sum()) };
    counts.get(reason).copied().ok_or_else(|| {
        let names = || counts.keys().map(String::as_str);
        let hint = did_you_mean(reason, names());
        Error::Arguments(format!("no row was rejected as `{reason}`{hint}\nreasons there are: {}", list_of(names())))
    })
}

/// A row as people read it: place, reason and fault, then what stands there.
fn described(row: &RejectedRow) -> String {
    let RejectedRow { file, line, byte_offset, reason, field, detail, .. } = row;
    let field = field.as_ref().map_or(String::new(), |field| format!(" `{field}`"));
    let mut text = format!("{file}:{line} (byte {byte_offset}): {reason}{field}: {detail}\n");
    let raw = row.bytes().unwrap_or_default();
    let raw = String::from_utf8_lossy(&raw);
    if !raw.is_empty() {
        let start: String = raw.chars().take(SHOWN).flat_map(shown).collect();
        let rest = raw.chars().count().saturating_sub(SHOWN);
        let more = if rest > 0 { format!(" ... {} more characters", count(rest as u64)) } else { String::new() };
        let _ = writeln!(text, "    {start}{more}");
    }
    text
}

/// A character of a row, such that it cannot move the cursor.
fn shown(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = escaped.is_none().then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

fn sentence(counts: &BTreeMap<String, u64>, reason: Option<&str>) -> String {
    let total: u64 = counts.values().sum();
    if total == 0 {
        return "no rows were rejected".to_owned();
    }
    if let Some(reason) = reason {
        let number = counts.get(reason).copied().unwrap_or_default();
        return format!("{} of the {} rows that are not in the tables: {reason}", count(number), count(total));
    }
    let mut reasons: Vec<(&String, &u64)> = counts.iter().collect();
    reasons.sort_by_key(|(name, number)| (std::cmp::Reverse(**number), *name));
    let list: Vec<String> = reasons.iter().map(|(name, number)| format!("{} {name}", count(**number))).collect();
    format!("{} rows are not in the tables: {}", count(total), list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_shown_without_control_characters_and_cut() {
        let raw = format!("a\u{1b}[2Jb\t{}", "é".repeat(400));
        let row = RejectedRow {
            file: "r.json".into(),
            line: 3,
            byte_offset: 90,
            reason: "wrong-type".into(),
            field: Some("overall".into()),
            detail: "expected a number, found text".into(),
            raw: Some(raw),
            raw_base64: None,
            original: String::new(),
        };
        // 7 characters before the 400, of which 293 are among the first 300.
        let expected = format!(
            "r.json:3 (byte 90): wrong-type `overall`: expected a number, found text\n    \
             a\\u{{1b}}[2Jb\\t{} ... 107 more characters\n",
            "é".repeat(293)
        );
        assert_eq!(described(&row), expected);
    }
}
