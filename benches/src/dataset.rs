//! Review files for benchmarks, made once and kept in the user's cache folder.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    process::Command,
};

use anyhow::{Context, ensure};
use flate2::read::MultiGzDecoder;
use synthetic::{FileTruth, Layout, Settings, Truth};

use crate::peers;

/// A compressed review file with faulty rows in it, and what is in it.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The file.
    pub reviews: PathBuf,
    /// What is in it.
    pub truth: FileTruth,
    /// Its size as text, in bytes.
    pub plain_bytes: u64,
    /// Its size as it stands, in bytes.
    pub gz_bytes: u64,
}

/// Files of reviews and products that were made, and what is in them.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where they are, and where what a benchmark makes of them may stay.
    pub folder: PathBuf,
    /// The reviews.
    pub reviews: PathBuf,
    /// The products.
    pub products: PathBuf,
    /// What is in both.
    pub truth: Truth,
}

/// A file of that many reviews whose texts are as long and as hard to compress as those of the
/// dump of 2018 (about 680 bytes a line, 3 to 1), one row in 500 followed by a faulty one.
pub fn amazon_2018(reviews: u64) -> anyhow::Result<Dataset> {
    let Made { reviews, truth, .. } = made_2018(reviews)?;
    let gz_bytes = fs::metadata(&reviews).with_context(|| format!("read {}", reviews.display()))?.len();
    let plain_bytes = plain_bytes(&reviews).with_context(|| format!("decompress {}", reviews.display()))?;
    Ok(Dataset { reviews, truth: truth.reviews, plain_bytes, gz_bytes })
}

/// The same reviews with their products, without a look at the sizes of the files.
pub fn made_2018(reviews: u64) -> anyhow::Result<Made> {
    let settings = Settings {
        layout: Layout::Amazon2018,
        users: (reviews / 10).max(10) as u32,
        items: (reviews / 40).max(10) as u32,
        reviews,
        dirty_ratio: 0.002,
        seed: 42,
        text_words: Some(60),
    };
    let Settings { layout, users, items, dirty_ratio, seed, .. } = &settings;
    let name = format!("{layout}-{users}-{items}-{reviews}-{dirty_ratio}-{seed}-60");
    let folder = peers::cache_folder("recommender-bench")?.join(name);
    let path = folder.join(layout.truth_file());
    // The truth is written last, so files that were cut short are made anew.
    if !path.exists() {
        let mut generate = Command::new(tests::binary());
        // A process of its own: the peak memory of a process starts with that of its parent.
        generate.arg("generate").args(["--layout", layout.name(), "--users", &users.to_string()]);
        generate.args(["--items", &items.to_string(), "--reviews", &reviews.to_string()]);
        generate.args(["--dirty-ratio", &dirty_ratio.to_string(), "--seed", &seed.to_string()]);
        peers::measure(generate.args(["--text-words", "60"]).arg(&folder)).context("make the review file")?;
    }
    let text = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    let truth: Truth = serde_json::from_slice(&text).with_context(|| format!("read {}", path.display()))?;
    ensure!(truth.settings == settings, "{} holds other settings; remove its folder", path.display());
    let (reviews, products) = (folder.join(layout.reviews_file()), folder.join(layout.products_file()));
    Ok(Made { folder, reviews, products, truth })
}

/// Size of a file when decompressed.
fn plain_bytes(file: &PathBuf) -> io::Result<u64> {
    io::copy(&mut MultiGzDecoder::new(File::open(file)?), &mut io::sink())
}
