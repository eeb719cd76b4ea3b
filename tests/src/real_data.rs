//! Real Amazon review files, where the machine has them.

use std::path::PathBuf;

use crate::workspace_root;

/// One real data set and what is known of it.
#[derive(Clone, Debug)]
pub struct RealData {
    /// Its folder.
    pub name: &'static str,
    /// The pipeline file for its layout.
    pub pipeline: &'static str,
    /// Review file.
    pub reviews: PathBuf,
    /// Metadata file.
    pub metadata: Option<PathBuf>,
    /// Lines of the review file.
    pub rows: u64,
}

/// The folder of real data: the one that `REAL_DATA` names, or else `../shared/data` beside the workspace.
/// None where it does not exist.
pub fn real_data_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("REAL_DATA").map_or_else(|| workspace_root().join("../shared/data"), PathBuf::from);
    folder.canonicalize().ok()
}

/// The four data sets of the end-to-end tests, or none where the folder is missing.
///
/// The folder ([`real_data_folder`]) cannot be installed, so its absence is no failure; the test says so.
pub fn real_data() -> Vec<RealData> {
    let Some(folder) = real_data_folder() else { return Vec::new() };
    let set = |name: &'static str, pipeline, reviews: &str, metadata: Option<&str>, rows| RealData {
        name,
        pipeline,
        reviews: folder.join(name).join(reviews),
        metadata: metadata.map(|file| folder.join(name).join(file)),
        rows,
    };
    vec![
        set("amazon2018-Gift_Cards", "amazon-2018", "Gift_Cards_5.json.gz", Some("meta_Gift_Cards.json.gz"), 2_972),
        set(
            "amazon2018-Magazine_Subscriptions",
            "amazon-2018",
            "Magazine_Subscriptions_5.json.gz",
            Some("meta_Magazine_Subscriptions.json.gz"),
            2_375,
        ),
        set("amazon2014-Musical_Instruments", "amazon-2014", "reviews_Musical_Instruments_5.json.gz", None, 5_050),
        set("amazon2023-Gift_Cards", "amazon-2023", "Gift_Cards.jsonl.gz", Some("meta_Gift_Cards.jsonl.gz"), 2_972),
    ]
}
