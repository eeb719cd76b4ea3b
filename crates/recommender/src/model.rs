//! What every recommender can do, and the form in which a fitted one is kept.
//!
//! A model is a small JSON header and flat little-endian tensors. It is a map from file name to
//! bytes, so that the pipeline can keep it in a folder and the store in a collection; this module
//! itself touches neither.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Error, Evidence, Explanation, Interaction, Reason, Scored};

/// Version of the model format; raised when old files can no longer be read.
pub const MODEL_FORMAT: u32 = 1;

/// Scores of a batch at most.
const BATCH_SCORES: usize = 1 << 21;

/// Histories of a batch at most.
const MOST_HISTORIES: usize = 64;

/// Explains one item after the other to the user of one history.
pub type Explainer<'a> = Box<dyn FnMut(u32) -> Option<Evidence> + 'a>;

/// A fitted recommender: scores every item from a history.
///
/// A history is what a user did, oldest first. No user row is stored, so a user never seen in
/// training is served after one event, and evaluation and live serving share this one path.
pub trait Recommender: Send + Sync {
    /// Name of the algorithm, as in `pipeline.yaml`.
    fn algorithm(&self) -> &'static str;

    /// Number of items that it scores.
    fn item_count(&self) -> usize;

    /// Overwrites `scores` (one a item, higher is better) for a user with this history.
    ///
    /// An empty history is allowed and gives the algorithm's default for strangers. Items of the
    /// history are scored too; leaving them out is the caller's choice. Indices in the history that
    /// lie outside the model's items are ignored.
    ///
    /// # Panics
    /// If `scores.len() != self.item_count()`.
    fn score(&self, history: &[Interaction], scores: &mut [f32]);

    /// [`Self::score`] for several histories: one row of `scores` each, which holds what [`Self::score`] gives.
    /// Models of dense vectors read them once for all; [`batch_size`] tells how many histories are worth it.
    ///
    /// # Panics
    /// If `scores.len() != histories.len() * self.item_count()`.
    fn score_many(&self, histories: &[&[Interaction]], scores: &mut [f32]) {
        let items = self.item_count();
        assert_eq!(scores.len(), histories.len() * items, "one row of scores a history");
        for (history, scores) in histories.iter().zip(scores.chunks_exact_mut(items.max(1))) {
            self.score(history, scores);
        }
    }

    /// The `k` items most like `item`, best first, never `item` itself; empty where the algorithm
    /// has no such notion.
    fn similar(&self, _item: u32, _k: usize) -> Vec<Scored> {
        Vec::new()
    }

    /// [`Self::explain`] for many items of one history, which is prepared once.
    fn explainer<'a>(&'a self, _history: &'a [Interaction]) -> Explainer<'a> {
        Box::new(|_| None)
    }

    /// What each item of the history adds to the score of `item`, where the algorithm can tell; none
    /// for an item that it does not know.
    fn explain(&self, item: u32, history: &[Interaction]) -> Option<Explanation> {
        self.explainer(history)(item).map(Evidence::summed_up)
    }

    /// The shortest form of [`Self::explain`].
    fn reason(&self, item: u32, history: &[Interaction]) -> Option<Reason> {
        self.explain(item, history)?.reason(item)
    }

    /// The rating (in the units of the training weights) that the user would give, for algorithms
    /// that predict ratings.
    fn predict_rating(&self, _history: &[Interaction], _item: u32) -> Option<f32> {
        None
    }

    /// Everything that [`crate::load`] needs to build the same recommender again.
    fn save(&self) -> ModelData;
}

/// How many histories to give to [`Recommender::score_many`] at once, 1 to 64: enough for vectors to be
/// read seldom, and at most 8 MB of scores unless one row is longer.
pub fn batch_size(items: usize) -> usize {
    (BATCH_SCORES / items.max(1)).clamp(1, MOST_HISTORIES)
}

/// A flat array with a shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// 32-bit floats.
    F32 {
        /// Length of each dimension, outermost first.
        shape: Vec<usize>,
        /// The values, row by row.
        data: Vec<f32>,
    },
    /// 32-bit unsigned integers.
    U32 {
        /// Length of each dimension, outermost first.
        shape: Vec<usize>,
        /// The values, row by row.
        data: Vec<u32>,
    },
}

/// What `model.json` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelHeader {
    /// [`MODEL_FORMAT`] of the writer.
    pub format: u32,
    /// Name of the algorithm.
    pub algorithm: String,
    /// Its parameters, defaults filled in, seed included.
    pub parameters: serde_json::Value,
    /// Number of items.
    pub items: usize,
    /// Element type and shape of each tensor file, by name.
    pub tensors: BTreeMap<String, TensorHeader>,
    /// Names of the models that this one is made of, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
}

/// Element type and shape of a tensor file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorHeader {
    /// `f32` or `u32`.
    pub dtype: String,
    /// Length of each dimension, outermost first.
    pub shape: Vec<usize>,
}

/// A fitted recommender as data.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelData {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Its parameters, defaults filled in, seed included.
    pub parameters: serde_json::Value,
    /// Number of items.
    pub items: usize,
    /// Its arrays by name.
    pub tensors: BTreeMap<String, Tensor>,
    /// The models that this one is made of, with their names, in order.
    pub parts: Vec<(String, ModelData)>,
}

impl Tensor {
    /// A one-dimensional float tensor.
    pub fn vector(data: Vec<f32>) -> Self {
        Self::F32 { shape: vec![data.len()], data }
    }

    /// A float matrix, row by row.
    pub fn matrix(rows: usize, columns: usize, data: Vec<f32>) -> Self {
        Self::F32 { shape: vec![rows, columns], data }
    }

    /// A one-dimensional integer tensor.
    pub fn indices(data: Vec<u32>) -> Self {
        Self::U32 { shape: vec![data.len()], data }
    }

    fn header(&self) -> TensorHeader {
        let (dtype, shape) = match self {
            Self::F32 { shape, .. } => ("f32", shape),
            Self::U32 { shape, .. } => ("u32", shape),
        };
        TensorHeader { dtype: dtype.to_owned(), shape: shape.clone() }
    }

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::F32 { data, .. } => data.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::U32 { data, .. } => data.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    fn from_bytes(file: &str, header: &TensorHeader, bytes: &[u8]) -> Result<Self, Error> {
        let corrupt = |expected: String, found: String| Error::CorruptFile { file: file.to_owned(), expected, found };
        let expected_size = header.shape.iter().try_fold(4_usize, |size, length| size.checked_mul(*length));
        if expected_size != Some(bytes.len()) {
            return Err(corrupt(format!("shape {:?} of 4 bytes each", header.shape), format!("{} bytes", bytes.len())));
        }
        let words = bytes.as_chunks::<4>().0.iter();
        let shape = header.shape.clone();
        match header.dtype.as_str() {
            "f32" => Ok(Self::F32 { shape, data: words.map(|word| f32::from_le_bytes(*word)).collect() }),
            "u32" => Ok(Self::U32 { shape, data: words.map(|word| u32::from_le_bytes(*word)).collect() }),
            other => Err(corrupt("dtype f32 or u32".to_owned(), other.to_owned())),
        }
    }
}

impl ModelData {
    /// A model without parts.
    pub(crate) fn new(
        algorithm: &str,
        parameters: &impl Serialize,
        items: usize,
        tensors: BTreeMap<String, Tensor>,
    ) -> Self {
        let parameters = serde_json::to_value(parameters).expect("parameters are numbers, words and flags");
        Self { algorithm: algorithm.to_owned(), parameters, items, tensors, parts: Vec::new() }
    }

    /// The files of the model's folder: name (with `/` for parts) to bytes. The same model gives
    /// the same bytes.
    ///
    /// # Panics
    /// Never: the header is plain data.
    pub fn to_files(&self) -> BTreeMap<String, Vec<u8>> {
        let header = ModelHeader {
            format: MODEL_FORMAT,
            algorithm: self.algorithm.clone(),
            parameters: self.parameters.clone(),
            items: self.items,
            tensors: self.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.header())).collect(),
            parts: self.parts.iter().map(|(name, _)| name.clone()).collect(),
        };
        let json = serde_json::to_vec_pretty(&header).expect("a header of strings and numbers is valid JSON");
        let mut files = BTreeMap::from([("model.json".to_owned(), json)]);
        files.extend(self.tensors.iter().map(|(name, tensor)| (format!("{name}.bin"), tensor.to_bytes())));
        for (name, part) in &self.parts {
            files.extend(part.to_files().into_iter().map(|(file, bytes)| (format!("parts/{name}/{file}"), bytes)));
        }
        files
    }

    /// The model that [`Self::to_files`] wrote.
    pub fn from_files(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, Error> {
        Self::from_files_below(files, "")
    }

    fn from_files_below(files: &BTreeMap<String, Vec<u8>>, prefix: &str) -> Result<Self, Error> {
        let file = |name: &str| {
            let name = format!("{prefix}{name}");
            files.get(&name).map(|bytes| (name.clone(), bytes)).ok_or(Error::MissingFile { file: name })
        };
        let (name, json) = file("model.json")?;
        let header: ModelHeader =
            serde_json::from_slice(json).map_err(|source| Error::Header { file: name.clone(), source })?;
        if header.format != MODEL_FORMAT {
            return Err(Error::CorruptFile {
                file: name,
                expected: format!("model format {MODEL_FORMAT}"),
                found: format!("format {}", header.format),
            });
        }
        let mut tensors = BTreeMap::new();
        for (name, tensor) in &header.tensors {
            let (path, bytes) = file(&format!("{name}.bin"))?;
            tensors.insert(name.clone(), Tensor::from_bytes(&path, tensor, bytes)?);
        }
        let mut parts = Vec::new();
        for name in &header.parts {
            parts.push((name.clone(), Self::from_files_below(files, &format!("{prefix}parts/{name}/"))?));
        }
        Ok(Self { algorithm: header.algorithm, parameters: header.parameters, items: header.items, tensors, parts })
    }

    /// The float tensor of that name.
    pub fn floats(&self, name: &str) -> Result<&[f32], Error> {
        match self.tensors.get(name) {
            Some(Tensor::F32 { data, .. }) => Ok(data),
            other => Err(self.wrong_tensor(name, "f32", other)),
        }
    }

    /// The integer tensor of that name.
    pub fn integers(&self, name: &str) -> Result<&[u32], Error> {
        match self.tensors.get(name) {
            Some(Tensor::U32 { data, .. }) => Ok(data),
            other => Err(self.wrong_tensor(name, "u32", other)),
        }
    }

    /// The float tensor of that name, which must have this many values.
    pub fn floats_of(&self, name: &str, length: usize) -> Result<&[f32], Error> {
        let values = self.floats(name)?;
        check_length(name, length, values.len()).map(|()| values)
    }

    /// The integer tensor of that name, which must have this many values.
    pub fn integers_of(&self, name: &str, length: usize) -> Result<&[u32], Error> {
        let values = self.integers(name)?;
        check_length(name, length, values.len()).map(|()| values)
    }

    fn wrong_tensor(&self, name: &str, expected: &str, found: Option<&Tensor>) -> Error {
        Error::CorruptFile {
            file: format!("{name}.bin"),
            expected: format!("a tensor of {expected} for algorithm {}", self.algorithm),
            found: found.map_or_else(|| "none".to_owned(), |tensor| tensor.header().dtype),
        }
    }
}

fn check_length(name: &str, expected: usize, found: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (format!("{expected} values"), format!("{found} values"));
    Err(Error::CorruptFile { file: format!("{name}.bin"), expected, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Files = BTreeMap<String, Vec<u8>>;

    fn data() -> ModelData {
        let tensors = BTreeMap::from([
            ("counts".to_owned(), Tensor::vector(vec![1.5, -2.0])),
            ("places".to_owned(), Tensor::indices(vec![7])),
        ]);
        ModelData::new("test", &serde_json::json!({ "seed": 1 }), 2, tensors)
    }

    #[test]
    fn files_hold_the_model_and_its_parts() {
        let whole = ModelData { parts: vec![("inner".to_owned(), data())], ..data() };
        let files = whole.to_files();
        assert!(files.contains_key("parts/inner/counts.bin"));
        assert_eq!(ModelData::from_files(&files).unwrap(), whole);
    }

    #[test]
    fn damaged_files_are_errors_that_name_the_file() {
        let message = |change: &dyn Fn(&mut Files)| {
            let mut files = data().to_files();
            change(&mut files);
            ModelData::from_files(&files).unwrap_err().to_string()
        };
        let missing = message(&|files| drop(files.remove("counts.bin")));
        assert_eq!(missing, "load model: file `counts.bin` is missing");
        let cut = message(&|files| files.get_mut("counts.bin").unwrap().truncate(7));
        assert_eq!(cut, "load model: file `counts.bin`: expected shape [2] of 4 bytes each, found 7 bytes");
        let header = message(&|files| files.get_mut("model.json").unwrap().truncate(9));
        assert_eq!(header, "load model: file `model.json` is not a model header");
        assert!(data().floats("places").unwrap_err().to_string().contains("found u32"));
        assert!(data().floats_of("counts", 3).unwrap_err().to_string().contains("expected 3 values, found 2 values"));
    }
}
