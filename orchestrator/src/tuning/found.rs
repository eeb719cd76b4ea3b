//! The file of what tuning found, which the pipeline reads in turn.
//!
//! It is written as a whole in a form of its own: a comment and a block for each stage. Blocks of other
//! stages are kept as they stand.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use serde_json::Value;

use super::space::set;
use crate::{Error, configuration::Tuned};

const HEAD: &str =
    "# Parameters found by `orchestrator tune` on validation rows. Whatever the pipeline file itself writes
# under `params` stands; to tune a stage again, or to drop its block, is always allowed.
stages:
";

/// Puts the block of a stage into the file, in place of an earlier one.
///
/// `comment` tells how the values were found; `params` are by path.
pub fn keep(file: &Path, stage: &str, comment: &str, params: &BTreeMap<String, Value>) -> Result<(), Error> {
    let before = fs::read_to_string(file).unwrap_or_default();
    let mut blocks = blocks(&before);
    blocks.insert(stage.to_owned(), block(stage, comment, params));
    let text = blocks.values().fold(HEAD.to_owned(), |text, block| text + block);
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(Error::cache("create folder", folder))?;
    }
    if text == before {
        return Ok(());
    }
    // Renamed into place: a run that reads it meanwhile finds the old or the new one.
    let fresh = file.with_extension("yaml.new");
    fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, file)).map_err(Error::cache("write", file))
}

fn block(stage: &str, comment: &str, params: &BTreeMap<String, Value>) -> String {
    let mut nested = Value::Object(serde_json::Map::new());
    for (path, value) in params {
        set(&mut nested, path, value.clone());
    }
    let mut text = format!("  # {comment}\n  {stage}:\n    params:\n");
    // JSON values are YAML values.
    for (name, value) in nested.as_object().into_iter().flatten() {
        let _ = writeln!(text, "      {name}: {value}");
    }
    text
}

/// The blocks of a file by stage; nothing of a file that is not sound.
fn blocks(text: &str) -> BTreeMap<String, String> {
    let mut faults = Vec::new();
    let tuned = Tuned::read(text, &mut faults);
    let mut blocks: BTreeMap<String, String> = BTreeMap::new();
    let mut waiting = String::new();
    let mut current: Option<String> = None;
    for line in text.lines().skip_while(|line| *line != "stages:").skip(1) {
        let name = line.strip_prefix("  ").and_then(|rest| rest.strip_suffix(':'));
        match name.filter(|name| !name.starts_with([' ', '#'])) {
            Some(name) if tuned.of(name).is_some() => {
                blocks.insert(name.to_owned(), std::mem::take(&mut waiting) + line + "\n");
                current = Some(name.to_owned());
            }
            _ if line.starts_with("  #") => waiting = format!("{line}\n"),
            _ => {
                if let Some(block) = current.as_ref().and_then(|name| blocks.get_mut(name)) {
                    block.push_str(line);
                    block.push('\n');
                }
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(list: &[(&str, Value)]) -> BTreeMap<String, Value> {
        list.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect()
    }

    #[test]
    fn blocks_of_other_stages_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tuned/shop.yaml");
        keep(&file, "knn", "first", &params(&[("neighbors", json!(20)), ("weights.title", json!(0.00001))])).unwrap();
        keep(&file, "als", "second", &params(&[("factors", json!(64)), ("weighting", json!("bm25"))])).unwrap();
        keep(&file, "knn", "third", &params(&[("neighbors", json!(30)), ("weights.title", json!(2.0))])).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        insta::assert_snapshot!("file", text);
        let mut faults = Vec::new();
        let tuned = Tuned::read(&text, &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        let expected = json!({"neighbors": 30, "weights": {"title": 2.0}});
        assert_eq!(tuned.of("knn").unwrap().1.to_value(), expected);
    }

    #[test]
    fn small_numbers_are_numbers_again() {
        let text = format!("{HEAD}{}", block("a", "x", &params(&[("b", json!(0.000_012_3)), ("c", json!(1e16))])));
        let mut faults = Vec::new();
        let value = Tuned::read(&text, &mut faults).of("a").unwrap().1.to_value();
        assert_eq!(value["b"].as_f64(), Some(0.000_012_3), "{text}");
        assert!(value["c"].is_number(), "{text}");
    }
}
