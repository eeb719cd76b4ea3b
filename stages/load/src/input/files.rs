//! Which files there are, and of which form.

use std::{fs, path::PathBuf};

use crate::{Error, params::Layout};

/// What a file's name says of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A row a line.
    Lines,
    /// Comma-separated values.
    Csv,
    /// Parquet.
    Parquet,
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path as the parameter gives it.
    pub path: PathBuf,
    /// Form of its content.
    pub form: Form,
    /// Whether it is compressed by gzip.
    pub is_gzip: bool,
    /// Size on disk.
    pub size_bytes: u64,
}

/// The paths that `pattern` names, sorted. An existing path is taken as it stands, whatever
/// characters it holds.
pub fn paths(parameter: &'static str, pattern: &str) -> Result<Vec<PathBuf>, Error> {
    let literal = PathBuf::from(pattern);
    if literal.is_file() {
        return Ok(vec![literal]);
    }
    let pattern_error = |source| Error::Pattern { parameter, pattern: pattern.to_owned(), source };
    let mut paths = Vec::new();
    for entry in glob::glob(pattern).map_err(pattern_error)? {
        let path = entry.map_err(|error| {
            let path = error.path().to_owned();
            Error::Io { action: "open", path, source: error.into() }
        })?;
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(Error::NoFile { parameter, pattern: pattern.to_owned() });
    }
    Ok(paths)
}

/// The files that `pattern` names, each of a form that `layout` can have.
pub fn expand(parameter: &'static str, pattern: &str, layout: Layout) -> Result<Vec<SourceFile>, Error> {
    paths(parameter, pattern)?.into_iter().map(|path| source_file(path, layout)).collect()
}

fn source_file(path: PathBuf, layout: Layout) -> Result<SourceFile, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let bare = name.strip_suffix(".gz").unwrap_or(&name);
    let is_gzip = bare.len() < name.len();
    let ending = bare.rsplit_once('.').map_or("", |(_, ending)| ending);
    let form = match ending {
        _ if layout == Layout::Sequences => Some(Form::Lines),
        "json" | "jsonl" => Some(Form::Lines),
        "csv" if layout == Layout::Columns => Some(Form::Csv),
        "parquet" if layout == Layout::Columns && !is_gzip => Some(Form::Parquet),
        _ => None,
    };
    let Some(form) = form else {
        let expected = if layout == Layout::Columns {
            ".json, .jsonl, .csv (each also with .gz) or .parquet"
        } else {
            ".json or .jsonl (each also with .gz); other forms need `layout: columns` with a mapping"
        };
        return Err(Error::Format { path, expected, found: name });
    };
    let size_bytes = fs::metadata(&path).map_err(Error::io("open", &path))?.len();
    if size_bytes == 0 {
        return Err(Error::Empty { path });
    }
    Ok(SourceFile { path, form, is_gzip, size_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_sorted_and_forms_come_from_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.json.gz", "a.JSONL", "c.csv", "d.parquet", "e[1].json"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let pattern = |name: &str| folder.path().join(name).display().to_string();
        let files = expand("reviews", &pattern("*.[jJ]*"), Layout::Amazon2018).unwrap();
        let names: Vec<_> = files.iter().map(|file| file.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.JSONL", "b.json.gz", "e[1].json"]);
        assert_eq!(files.iter().map(|file| file.is_gzip).collect::<Vec<_>>(), [false, true, false]);
        let literal = expand("reviews", &pattern("e[1].json"), Layout::Amazon2018).unwrap();
        assert_eq!(literal.len(), 1, "a path that exists is no glob");
        let csv = expand("reviews", &pattern("c.csv"), Layout::Amazon2018).unwrap_err().to_string();
        assert!(csv.ends_with("other forms need `layout: columns` with a mapping, found `c.csv`"), "{csv}");
        assert_eq!(expand("reviews", &pattern("[cd].*"), Layout::Columns).unwrap().len(), 2);
        let none = expand("metadata", &pattern("x*"), Layout::Columns).unwrap_err().to_string();
        assert!(none.starts_with("find files of `metadata`: no file matches `"), "{none}");
    }
}
