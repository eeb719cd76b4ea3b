//! A published shop of made reviews, and copies of it.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, ensure};
use storage::{ReviewRange, block_on};
use tempfile::TempDir;
use tests::Program;

use crate::figures::make_data;

/// Reviews that are read together.
const PAGE: u64 = 10_000;
/// The file of the store; those that belong to it begin with its name.
const FILE: &str = "store.db";

/// A store with a model, and who and what is in it.
pub struct Shop {
    folder: TempDir,
    /// Users with reviews.
    pub users: Vec<String>,
    /// Items with reviews.
    pub items: Vec<String>,
}

/// A copy of a shop's store; removed when dropped.
pub struct Copy {
    /// What opens it.
    pub url: String,
    _folder: TempDir,
}

impl Shop {
    /// Runs the pipeline for files of this layout over made ones, with every model that it has.
    pub fn publish(reviews: u64) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        make_data(folder.path(), reviews)?;
        let program = Program::with_cache(&folder.path().join("cache"));
        let set = |name: &str, file: &str| format!("{name}={}", folder.path().join(file).display());
        let variables = [
            set("reviews", "sample-reviews.json.gz"),
            set("metadata", "sample-products.json.gz"),
            format!("store={}", url(folder.path())),
        ];
        let sets = variables.iter().flat_map(|variable| ["--set", variable]);
        program.run_well(["run", "pipelines/amazon-2018.yaml"].into_iter().chain(sets));
        let (users, items) = block_on(users_and_items(&url(folder.path())))?;
        ensure!(!users.is_empty(), "the store holds no reviews");
        Ok(Self { folder, users, items })
    }

    /// Another store with the same in it.
    pub fn copy(&self) -> anyhow::Result<Copy> {
        let folder = tempfile::tempdir()?;
        for entry in fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            if name.to_string_lossy().starts_with(FILE) {
                fs::copy(&path, folder.path().join(name)).with_context(|| format!("copy {}", path.display()))?;
            }
        }
        Ok(Copy { url: url(folder.path()), _folder: folder })
    }
}

fn url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join(FILE).display())
}

async fn users_and_items(url: &str) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let store = storage::open(url).await?;
    let generation = store.loaded().await?.context("nothing was loaded")?;
    let mut range = ReviewRange { last: "\u{10FFFF}".to_owned(), ..ReviewRange::default() };
    let (mut users, mut items) = (BTreeSet::new(), BTreeSet::new());
    loop {
        let page = store.reviews_by_key(&generation, &range, PAGE).await?;
        let Some(last) = page.last() else { break };
        range.after = Some(last.key());
        for review in page {
            users.insert(review.user);
            items.insert(review.asin);
        }
    }
    Ok((users.into_iter().collect(), items.into_iter().collect()))
}
