//! What was read, so that a report can be told from one of other data.

use std::path::Path;

use anyhow::Context as _;
use pipeline::Context;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Texts;

/// An input that is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputFile {
    /// Name of the input.
    pub port: String,
    /// The output that it is connected to, such as `load.reviews`.
    pub from: String,
    /// BLAKE3 of the file, in hexadecimal; of `texts` that of the hashes of the words of each text, in the order of
    /// the reviews.
    pub blake3: String,
}

/// All inputs that are connected, by name.
pub fn describe(context: &Context, texts: Option<&Texts>) -> anyhow::Result<Vec<InputFile>> {
    let mut files = Vec::new();
    for port in crate::INPUTS {
        for input in context.inputs(port.name) {
            let hash = match texts {
                Some(texts) if port.name == "texts" => hash_of_texts(texts),
                _ => hash_of_file(&input.path)?,
            };
            files.push(InputFile {
                port: port.name.to_owned(),
                from: format!("{}.{}", input.stage, input.port),
                blake3: hash.to_hex().to_string(),
            });
        }
    }
    Ok(files)
}

fn hash_of_file(path: &Path) -> anyhow::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let file = std::fs::File::open(path).with_context(|| format!("open {}", path.display()))?;
    hasher.update_reader(file).with_context(|| format!("read {}", path.display()))?;
    Ok(hasher.finalize())
}

fn hash_of_texts(texts: &Texts) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for hash in &texts.hash {
        hasher.update(&hash.to_le_bytes());
    }
    hasher.finalize()
}
