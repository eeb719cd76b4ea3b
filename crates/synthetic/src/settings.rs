//! What is to be made.

use serde::{Deserialize, Serialize};

use crate::{Error, Layout};

/// How much data to make, in which form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Layout of the files.
    pub layout: Layout,
    /// Number of users.
    pub users: u32,
    /// Number of products, every one with metadata.
    pub items: u32,
    /// Number of sound and distinct review rows.
    pub reviews: u64,
    /// Chance that a sound row is followed by a faulty one, 0 to 0.5. The kinds of faults take turns.
    pub dirty_ratio: f64,
    /// Seed of everything random.
    pub seed: u64,
    /// Mean number of words of a review's text, for benchmarks; none for texts of about 25 words that
    /// fit product and rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_words: Option<u32>,
}

impl Default for Settings {
    /// The settings of the bundled sample.
    fn default() -> Self {
        Self {
            layout: Layout::Amazon2018,
            users: 1200,
            items: 400,
            reviews: 12_000,
            dirty_ratio: 0.005,
            seed: 42,
            text_words: None,
        }
    }
}

impl Settings {
    /// Refuses what cannot be made.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong =
            |name, expected: &str, found: String| Err(Error::Setting { name, expected: expected.to_owned(), found });
        if self.users == 0 {
            return wrong("users", "at least 1", self.users.to_string());
        }
        if self.items == 0 {
            return wrong("items", "at least 1", self.items.to_string());
        }
        if !(0.0..=0.5).contains(&self.dirty_ratio) {
            return wrong("dirty_ratio", "0 to 0.5", self.dirty_ratio.to_string());
        }
        if self.text_words == Some(0) {
            return wrong("text_words", "at least 1", "0".to_owned());
        }
        let most = u64::from(self.users) * u64::from(self.items);
        if self.reviews > most {
            return wrong("reviews", &format!("at most users x items = {most}"), self.reviews.to_string());
        }
        Ok(())
    }
}
