//! Repaired rows, which are taken in place of those that would be rejected.
//!
//! A repair is tied to its row by file, line and a hash of the row as it was rejected. One that does
//! not fit any more stops the load: it was made for another version of the data, and to pass it over
//! would lose it silently. Repairs are held in memory, hence the limit; a file with more faults than
//! that is better repaired itself.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU8, Ordering},
};

use crate::{
    fault::{Fault, Place, Reason},
    input::{Form, ReadOptions, Row, SourceFile},
    rejected::{RejectedRow, row_hash},
};

/// The most bytes of a file of repairs.
const LIMIT_BYTES: u64 = 64 << 20;

/// Why repairs cannot be used. Places are those in the file of repairs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// The file cannot be read.
    #[error("read repairs {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's message.
        #[source]
        source: io::Error,
    },
    /// The file is too large to be held.
    #[error(
        "read repairs {}: expected at most {LIMIT_BYTES} bytes, found {found}; repair the input files themselves",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
    },
    /// A line is no repair.
    #[error("read repairs {}:{line}: expected an object with at least `file`, `line`, `original` and `raw`", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A repair cannot be used.
    #[error("use repairs {}:{line}: the repair of {place} {fault}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The row that it names.
        place: String,
        /// Why it cannot be used, and what to do.
        fault: String,
    },
}

/// A repaired row.
#[derive(Debug)]
pub struct Repair {
    /// The row as it is to be read.
    pub raw: Vec<u8>,
    original: String,
    line: u64,
    state: AtomicU8,
}

impl Repair {
    /// Gives the repaired row to `take`, in the form of the row that it replaces.
    pub fn row(
        &self,
        replaced: &Row,
        options: &ReadOptions,
        take: impl FnOnce(&Row) -> Result<u64, Fault>,
    ) -> Result<u64, Fault> {
        if self.raw.len() > options.max_line_bytes {
            return Err(Fault::of_row(Reason::TooLong, "expected at most `max_line_bytes`, found more"));
        }
        let Row::Record { places, width, .. } = *replaced else { return take(&Row::Line(&self.raw)) };
        let mut reader = csv::ReaderBuilder::new();
        reader.delimiter(options.delimiter).has_headers(false).flexible(true);
        let records: Vec<_> =
            reader.from_reader(self.raw.as_slice()).into_byte_records().filter_map(Result::ok).collect();
        let [fields] = records.as_slice() else {
            let detail = format!("expected one record, found {}", records.len());
            return Err(Fault::of_row(Reason::BrokenCsv, detail));
        };
        take(&Row::Record { fields, places, width })
    }
}

const UNUSED: u8 = 0;
const USED: u8 = 1;
const OUTDATED: u8 = 2;

/// The repairs of the files of one parameter, by place.
#[derive(Debug, Default)]
pub struct Repairs {
    path: PathBuf,
    files: Vec<PathBuf>,
    rows: BTreeMap<(u32, u64), Repair>,
}

impl Repairs {
    /// Reads the repairs of `files`; those of `others`, the files of another parameter, are passed over.
    pub fn read(path: &Path, files: &[SourceFile], others: &[SourceFile]) -> Result<Self, RepairError> {
        let mut repairs = Self {
            path: path.to_owned(),
            files: files.iter().map(|file| file.path.clone()).collect(),
            rows: BTreeMap::new(),
        };
        read_rows(path, |line, row| {
            if others.iter().any(|other| other.path.as_os_str() == row.file.as_str()) {
                return Ok(());
            }
            repairs.add(line, row, files)
        })?;
        Ok(repairs)
    }

    fn add(&mut self, line: u64, row: RejectedRow, files: &[SourceFile]) -> Result<(), RepairError> {
        let place = format!("{}:{}", row.file, row.line);
        let unusable = |fault: String| unusable(&self.path, line, place, fault);
        let Some(number) = files.iter().position(|file| file.path.as_os_str() == row.file.as_str()) else {
            return Err(unusable("is of a file that is not loaded; give the file as the pipeline names it".to_owned()));
        };
        let Some(raw) = row.bytes() else {
            return Err(unusable("has neither `raw` nor a valid `raw_base64`".to_owned()));
        };
        match files[number].form {
            Form::Lines if raw.contains(&b'\n') => {
                return Err(unusable("has a line break; expected one line".to_owned()));
            }
            Form::Parquet => return Err(unusable("is of a Parquet file; repair that file itself".to_owned())),
            Form::Lines | Form::Csv => {}
        }
        let key = (number as u32, row.line);
        if let Some(first) = self.rows.get(&key) {
            return Err(unusable(format!("stands already in line {}; remove one of them", first.line)));
        }
        let repair = Repair { raw, original: row.original, line, state: AtomicU8::new(UNUSED) };
        self.rows.insert(key, repair);
        Ok(())
    }

    /// The repair of the row at `place` that was rejected as `raw`.
    pub fn get(&self, place: Place, raw: &[u8]) -> Option<&Repair> {
        let repair = self.rows.get(&(place.file, place.line))?;
        let fits = row_hash(raw) == repair.original;
        repair.state.store(if fits { USED } else { OUTDATED }, Ordering::Relaxed);
        fits.then_some(repair)
    }

    /// Fails unless each repair was of a row that was rejected as it says. For when all rows are read.
    pub fn check_used(&self) -> Result<(), RepairError> {
        let state = |repair: &Repair| repair.state.load(Ordering::Relaxed);
        let Some(((file, row), repair)) = self.rows.iter().find(|(_, repair)| state(repair) != USED) else {
            return Ok(());
        };
        let place = format!("{}:{row}", self.files[*file as usize].display());
        let fault = if state(repair) == OUTDATED {
            "was made for another text than the one that is there now; export the rejects again"
        } else {
            "fits no rejected row: the row is sound, a duplicate (which cannot be repaired) or not there; remove it"
        };
        Err(unusable(&self.path, repair.line, place, fault.to_owned()))
    }
}

fn unusable(path: &Path, line: u64, place: String, fault: String) -> RepairError {
    RepairError::Unusable { path: path.to_owned(), line, place, fault }
}

/// Reads the rows of a file of repairs; `each` gets the number of the line and the row.
pub fn read_rows(
    path: &Path,
    mut each: impl FnMut(u64, RejectedRow) -> Result<(), RepairError>,
) -> Result<(), RepairError> {
    let failure = |source| RepairError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failure)?;
    let found = file.metadata().map_err(failure)?.len();
    if found > LIMIT_BYTES {
        return Err(RepairError::TooLarge { path: path.to_owned(), found });
    }
    for (line, text) in (1..).zip(BufReader::new(file).split(b'\n')) {
        let text = text.map_err(failure)?;
        if text.trim_ascii().is_empty() {
            continue;
        }
        let row = serde_json::from_slice(&text).map_err(|source| RepairError::Malformed {
            path: path.to_owned(),
            line,
            source,
        })?;
        each(line, row)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;

    fn file(path: &str, form: Form) -> SourceFile {
        SourceFile { path: path.into(), form, is_gzip: false, size_bytes: 1 }
    }

    fn read(lines: &[Value]) -> (TempDir, Result<Repairs, String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("repairs.jsonl");
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        std::fs::write(&path, text.join("\n\n")).unwrap();
        let files = [file("a.json", Form::Lines), file("b.csv", Form::Csv), file("c.parquet", Form::Parquet)];
        let repairs = Repairs::read(&path, &files, &[file("meta.json", Form::Lines)]);
        (folder, repairs.map_err(|error| error.to_string()))
    }

    fn repair(file: &str, line: u64, raw: &str) -> Value {
        json!({"file": file, "line": line, "raw": raw, "original": row_hash(b"old")})
    }

    #[test]
    fn repairs_are_found_by_place_and_must_all_be_used() {
        let lines = [repair("a.json", 7, "new"), repair("b.csv", 7, "1,2\n"), repair("meta.json", 7, "x")];
        let (_folder, repairs) = read(&lines);
        let repairs = repairs.unwrap();
        let place = |file, line| Place { file, line, byte_offset: 0 };
        assert!(repairs.get(place(0, 6), b"old").is_none());
        assert_eq!(repairs.get(place(0, 7), b"old").unwrap().raw, b"new");
        let message = repairs.check_used().unwrap_err().to_string();
        assert!(message.contains("repairs.jsonl:3: the repair of b.csv:7 fits no rejected row"), "{message}");
        assert!(repairs.get(place(1, 7), b"another").is_none());
        let message = repairs.check_used().unwrap_err().to_string();
        assert!(
            message.ends_with("was made for another text than the one that is there now; export the rejects again")
        );
        assert_eq!(repairs.get(place(1, 7), b"old").unwrap().raw, b"1,2\n");
        repairs.check_used().unwrap();
    }

    #[test]
    fn what_is_no_repair_is_named_with_its_line() {
        let cases = [
            (json!({"file": "a.json", "line": 1}), ":3: expected an object with at least `file`, `line`, `original`"),
            (repair("z.json", 2, "x"), ":3: the repair of z.json:2 is of a file that is not loaded"),
            (repair("a.json", 1, "x"), ":3: the repair of a.json:1 stands already in line 1"),
            (repair("a.json", 2, "x\ny"), "has a line break; expected one line"),
            (repair("c.parquet", 2, "x"), "is of a Parquet file; repair that file itself"),
            (json!({"file": "a.json", "line": 2, "original": ""}), "has neither `raw` nor a valid `raw_base64`"),
        ];
        for (second, expected) in cases {
            let message = read(&[repair("a.json", 1, "new"), second]).1.unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
