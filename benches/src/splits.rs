//! The published splits that quality and the cost of training are measured on; they cannot be installed.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// Files of the two splits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splits {
    /// Amazon 2014 Beauty, 5-core: a line a user, oldest item first (S3-Rec's file).
    pub beauty: PathBuf,
    /// Attributes of its items (S3-Rec's file).
    pub attributes: PathBuf,
    /// yelp2018, training part: a line a user (`LightGCN`'s file).
    pub yelp_train: PathBuf,
    /// yelp2018, test part.
    pub yelp_test: PathBuf,
}

impl Splits {
    /// The files below the folder of real data.
    pub fn find() -> anyhow::Result<Self> {
        let folder = ::tests::real_data_folder();
        let folder = folder.context("find the real data: set REAL_DATA to the folder that holds `splits`")?;
        Self::below(&folder)
    }

    fn below(folder: &Path) -> anyhow::Result<Self> {
        let splits = folder.join("splits");
        let found = Self {
            beauty: splits.join("beauty/Beauty.txt.gz"),
            attributes: splits.join("beauty/Beauty_item2attributes.json.gz"),
            yelp_train: splits.join("yelp2018/train.txt.gz"),
            yelp_test: splits.join("yelp2018/test.txt.gz"),
        };
        let files = [&found.beauty, &found.attributes, &found.yelp_train, &found.yelp_test];
        let missing: Vec<String> =
            files.iter().filter(|path| !path.is_file()).map(|path| path.display().to_string()).collect();
        ensure!(
            missing.is_empty(),
            "these files of the published splits are missing: {}; put them there, or set REAL_DATA to the folder that \
             holds `splits`",
            missing.join(", ")
        );
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_files_are_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("splits/yelp2018")).unwrap();
        std::fs::write(folder.path().join("splits/yelp2018/train.txt.gz"), "").unwrap();
        let message = Splits::below(folder.path()).unwrap_err().to_string();
        assert!(message.contains("yelp2018/test.txt.gz") && message.contains("Beauty.txt.gz"), "{message}");
        assert!(!message.contains("train.txt.gz") && message.contains("set REAL_DATA"), "{message}");
    }
}
