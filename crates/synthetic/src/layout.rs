//! The three layouts of Amazon review files.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Error;

/// A layout of review and product files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// 2014: `reviewerID`, `helpful [a,b]`; products as Python dict literals.
    #[serde(rename = "amazon-2014")]
    Amazon2014,
    /// 2018: adds `verified`, `vote`, `style`; products as JSON.
    #[serde(rename = "amazon-2018")]
    Amazon2018,
    /// 2023: `user_id`, `parent_asin`, times in milliseconds.
    #[serde(rename = "amazon-2023")]
    Amazon2023,
}

impl Layout {
    /// Every layout, oldest first.
    pub const ALL: [Self; 3] = [Self::Amazon2014, Self::Amazon2018, Self::Amazon2023];

    /// The word for it in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amazon2014 => "amazon-2014",
            Self::Amazon2018 => "amazon-2018",
            Self::Amazon2023 => "amazon-2023",
        }
    }

    /// Name of the review file.
    pub fn reviews_file(self) -> &'static str {
        if self == Self::Amazon2023 { "sample-reviews.jsonl.gz" } else { "sample-reviews.json.gz" }
    }

    /// Name of the product file.
    pub fn products_file(self) -> &'static str {
        if self == Self::Amazon2023 { "sample-products.jsonl.gz" } else { "sample-products.json.gz" }
    }

    /// Name of the file with the counts of what is in the other two.
    pub fn truth_file(self) -> &'static str {
        "sample-truth.json"
    }

    /// First and last day of the reviews, as days since 1970.
    pub(crate) fn days(self) -> (i64, i64) {
        match self {
            Self::Amazon2014 => (12_784, 16_270), // 2005-01-01 to 2014-07-19
            Self::Amazon2018 => (14_245, 17_800), // 2009-01-01 to 2018-09-26
            Self::Amazon2023 => (16_071, 19_600), // 2014-01-01 to 2023-08-31
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Layout {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|layout| layout.name() == text);
        found.ok_or_else(|| Error::UnknownLayout { found: text.to_owned() })
    }
}
