//! The model's files and what belongs to them: the vocabulary and the reports.

use pipeline::{Context, Input};
use recommender::ModelData;
use storage::{Store, block_on};

use crate::error::Error;

/// Name of the file of item keys: one a line, the number of the line (from 0) is the item index.
const VOCABULARY: &str = "vocabulary/items.txt";

/// The item keys as a file.
pub fn vocabulary(items: &[String]) -> Result<String, Error> {
    match items.iter().position(|key| key.chars().any(char::is_control)) {
        Some(index) => Err(Error::Key { index, key: items[index].clone() }),
        None => Ok(items.iter().flat_map(|key| [key, "\n"]).collect()),
    }
}

/// Writes the model and its vocabulary.
pub fn write(store: &dyn Store, version: &str, model: &ModelData, vocabulary: &str) -> anyhow::Result<()> {
    for (name, bytes) in model.to_files() {
        block_on(store.put_model_file(version, &name, &bytes))?;
    }
    block_on(store.put_model_file(version, VOCABULARY, vocabulary.as_bytes()))?;
    Ok(())
}

/// Writes the reports under the names of their stages; the number of them.
pub fn write_reports(store: &dyn Store, version: &str, context: &Context) -> anyhow::Result<usize> {
    let reports = context.inputs("reports");
    for report in reports {
        let html = read(report)?;
        let title = title(&html).unwrap_or_else(|| report.stage.clone());
        block_on(store.put_report(version, &report.stage, &title, &html))?;
    }
    Ok(reports.len())
}

fn read(report: &Input) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(&report.path).with_context(|| format!("read report {}", report.path.display()))
}

/// The text of the page's `<title>`, with the entities that templates write undone.
fn title(html: &str) -> Option<String> {
    let start = html.find("<title>")? + "<title>".len();
    let title = html[start..].split_once("</title>")?.0.trim();
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    let text = entities.iter().fold(title.to_owned(), |text, (entity, character)| text.replace(entity, character));
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_plain_text() {
        assert_eq!(title("<head><title> A &lt;b&gt; &amp;amp; c </title>").unwrap(), "A <b> &amp; c");
        assert_eq!(title("<title></title>"), None);
        assert_eq!(title("<title>never closed"), None);
    }

    #[test]
    fn a_vocabulary_is_one_key_a_line() {
        let keys = |keys: &[&str]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(vocabulary(&keys(&["B01", "a b"])).unwrap(), "B01\na b\n");
        let message = vocabulary(&keys(&["B01", "x\ny"])).unwrap_err().to_string();
        assert!(message.contains(r"item 1: expected a key without control characters, found `x\ny`"), "{message}");
    }
}
