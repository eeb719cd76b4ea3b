//! The parameters as written in `pipeline.yaml`, and the checks between them.

use pipeline::TextCompression;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// Form of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Layout {
    /// Amazon 2014: `reviewerID`, `helpful [a, b]`, `unixReviewTime`; products as Python dict literals.
    #[serde(rename = "amazon-2014")]
    Amazon2014,
    /// Amazon 2018: adds `verified` and `vote`; products as JSON, with HTML and prices as text.
    #[serde(rename = "amazon-2018")]
    Amazon2018,
    /// Amazon 2023: `user_id`, `parent_asin`, `timestamp` in milliseconds.
    #[serde(rename = "amazon-2023")]
    Amazon2023,
    /// Any CSV, Parquet or JSON lines, with the mapping that `columns` gives.
    #[serde(rename = "columns")]
    Columns,
    /// A line a user, `user item item ...` from the oldest to the newest, separated by blanks or tabs: the
    /// place in the line (1, 2, ...) is the time, the rating is 5. Products: a JSON object from item to a
    /// list of attribute ids, each of which becomes a category such as `attribute 12`.
    #[serde(rename = "sequences")]
    Sequences,
}

impl Layout {
    /// The word for it in `pipeline.yaml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amazon2014 => "amazon-2014",
            Self::Amazon2018 => "amazon-2018",
            Self::Amazon2023 => "amazon-2023",
            Self::Columns => "columns",
            Self::Sequences => "sequences",
        }
    }
}

/// What a mapped time column holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeUnit {
    /// Unix seconds.
    #[default]
    Seconds,
    /// Unix milliseconds.
    Milliseconds,
    /// `2018-06-17`, or `2018-06-17T08:30:00` with or without `Z` or an offset; UTC where none is given.
    #[serde(rename = "iso-8601")]
    Iso8601,
}

/// Names of the columns (or JSON fields) of a review; for CSV without header their numbers from 0.
/// Those that may be left out may also be empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewColumns {
    /// User key.
    pub user: String,
    /// Item key.
    pub item: String,
    /// Rating, 1 to 5.
    pub rating: String,
    /// Time, in `time_unit`.
    pub time: String,
    /// Headline.
    #[serde(default)]
    pub title: Option<String>,
    /// Body.
    #[serde(default)]
    pub text: Option<String>,
    /// Whether the shop knows of the purchase: true/false, yes/no or 1/0.
    #[serde(default)]
    pub verified: Option<String>,
    /// A count such as `12`, `1,234` or the `[12, 15]` of 2014.
    #[serde(default)]
    pub helpful_votes: Option<String>,
}

/// Names of the columns (or JSON fields) of a product; for CSV without header their numbers from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemColumns {
    /// Item key.
    pub item: String,
    /// Title.
    #[serde(default)]
    pub title: Option<String>,
    /// Brand.
    #[serde(default)]
    pub brand: Option<String>,
    /// Categories from general to special; text is split at `list_separator`.
    #[serde(default)]
    pub categories: Option<String>,
    /// Price, a number or text such as `$12.99`.
    #[serde(default)]
    pub price: Option<String>,
    /// Description.
    #[serde(default)]
    pub description: Option<String>,
    /// Address of a picture.
    #[serde(default)]
    pub image: Option<String>,
    /// Item keys; text is split at `list_separator`.
    #[serde(default)]
    pub also_bought: Option<String>,
    /// Item keys; text is split at `list_separator`.
    #[serde(default)]
    pub also_viewed: Option<String>,
}

/// Parameters of `load`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Form of the files.
    pub layout: Layout,
    /// Review files: a path or a glob. The name tells the form: `.json`, `.jsonl`, `.csv` (each also
    /// with `.gz`) or `.parquet`. Layout `sequences` takes files of any name, with or without `.gz`.
    pub reviews: String,
    /// Product files: a path or a glob; none or empty for none.
    #[serde(default)]
    pub metadata: Option<String>,
    /// Mapping of review columns; with layout `columns` only.
    #[serde(default)]
    pub columns: Option<ReviewColumns>,
    /// Mapping of product columns; with layout `columns` and `metadata` only.
    #[serde(default)]
    pub metadata_columns: Option<ItemColumns>,
    /// What separates CSV fields: one ASCII character.
    #[serde(default = "comma")]
    pub delimiter: String,
    /// Whether CSV files begin with the names of the columns.
    #[serde(default = "yes")]
    pub has_header: bool,
    /// What separates the parts of a list in mapped text columns.
    #[serde(default = "bar")]
    pub list_separator: String,
    /// What the mapped time column holds.
    #[serde(default)]
    pub time_unit: TimeUnit,
    /// URL of the store that gets products and reviews; none or empty for none.
    #[serde(default)]
    pub store: Option<String>,
    /// File of repaired rows, as `orchestrator rejects export` writes it, which are taken in place of
    /// the rejected ones; none or empty for none.
    #[serde(default)]
    pub repairs: Option<String>,
    /// The stage fails if more than this share of the rows is rejected; duplicates do not count.
    #[serde(default = "one_percent")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_reject_ratio: f64,
    /// Whether titles and texts of reviews are compressed: `none`, the fastest, or `zstd` where disk is short.
    #[serde(default)]
    pub text_compression: TextCompression,
    /// Bytes of rows that are sorted in memory at once; more go to disk. Does not change the result.
    #[serde(default = "default_sort_buffer")]
    pub sort_buffer_bytes: usize,
    /// Lines longer than this are rejected without being held in memory.
    #[serde(default = "default_line")]
    pub max_line_bytes: usize,
}

fn comma() -> String {
    ",".to_owned()
}

fn bar() -> String {
    "|".to_owned()
}

fn yes() -> bool {
    true
}

fn one_percent() -> f64 {
    0.01
}

fn default_sort_buffer() -> usize {
    96 << 20
}

fn default_line() -> usize {
    16 << 20
}

impl Params {
    /// Refuses parameters that contradict one another.
    pub fn check(&self) -> Result<(), Error> {
        self.check_mapping()?;
        if !(self.delimiter.len() == 1 && self.delimiter.is_ascii()) {
            return Err(wrong("delimiter", "one ASCII character such as \",\"", &format!("{:?}", self.delimiter)));
        }
        if self.list_separator.is_empty() {
            return Err(wrong("list_separator", "at least one character", "none"));
        }
        if !(0.0..=1.0).contains(&self.max_reject_ratio) {
            return Err(wrong("max_reject_ratio", "0 to 1", &self.max_reject_ratio.to_string()));
        }
        if self.max_line_bytes == 0 {
            return Err(wrong("max_line_bytes", "at least 1", "0"));
        }
        Ok(())
    }

    fn check_mapping(&self) -> Result<(), Error> {
        let layout = self.layout.name();
        if self.layout != Layout::Columns {
            let given = [("columns", self.columns.is_some()), ("metadata_columns", self.metadata_columns.is_some())];
            if let Some((name, _)) = given.iter().find(|(_, is_given)| *is_given) {
                let expected = format!("none, because layout {layout} has its own columns");
                return Err(wrong(name, &expected, "a mapping; remove it or set `layout: columns`"));
            }
        } else if self.columns.is_none() {
            return Err(wrong(
                "columns",
                "a mapping with at least user, item, rating and time for layout columns",
                "none",
            ));
        } else if self.metadata().is_some() && self.metadata_columns.is_none() {
            return Err(wrong("metadata_columns", "a mapping with at least item, because `metadata` is set", "none"));
        } else if self.metadata().is_none() && self.metadata_columns.is_some() {
            return Err(wrong("metadata", "product files, because `metadata_columns` is set", "none"));
        }
        self.check_needed_columns()
    }

    /// Columns that may be left out may be empty; these may not.
    fn check_needed_columns(&self) -> Result<(), Error> {
        let reviews = self.columns.iter().flat_map(|columns| {
            let ReviewColumns { user, item, rating, time, .. } = columns;
            [("columns.user", user), ("columns.item", item), ("columns.rating", rating), ("columns.time", time)]
        });
        let products = self.metadata_columns.iter().map(|columns| ("metadata_columns.item", &columns.item));
        match reviews.chain(products).find(|(_, column)| column.is_empty()) {
            Some((name, _)) => Err(wrong(name, "the name of a column", "empty text")),
            None => Ok(()),
        }
    }

    /// The product files, unless empty.
    pub fn metadata(&self) -> Option<&str> {
        self.metadata.as_deref().filter(|pattern| !pattern.is_empty())
    }

    /// The file of repaired rows, unless empty.
    pub fn repairs(&self) -> Option<&str> {
        self.repairs.as_deref().filter(|path| !path.is_empty())
    }

    /// The store's URL, unless empty.
    pub fn store(&self) -> Option<&str> {
        self.store.as_deref().filter(|url| !url.is_empty())
    }
}

fn wrong(name: &str, expected: &str, found: &str) -> Error {
    Error::Parameter { name: name.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn message(value: Value) -> String {
        serde_json::from_value::<Params>(value).unwrap().check().unwrap_err().to_string()
    }

    #[test]
    fn contradictions_are_named() {
        let mapping = json!({"user": "u", "item": "i", "rating": "r", "time": "t"});
        assert_eq!(
            message(json!({"layout": "columns", "reviews": "a.csv"})),
            "check parameter `columns`: expected a mapping with at least user, item, rating and time for layout \
             columns, found none"
        );
        assert_eq!(
            message(json!({"layout": "amazon-2018", "reviews": "a.json", "columns": mapping})),
            "check parameter `columns`: expected none, because layout amazon-2018 has its own columns, found a \
             mapping; remove it or set `layout: columns`"
        );
        assert_eq!(
            message(json!({"layout": "columns", "reviews": "a.csv", "metadata": "b.csv", "columns": mapping})),
            "check parameter `metadata_columns`: expected a mapping with at least item, because `metadata` is set, \
             found none"
        );
        assert_eq!(
            message(json!({"layout": "columns", "reviews": "a.csv", "columns": mapping, "delimiter": ";;"})),
            "check parameter `delimiter`: expected one ASCII character such as \",\", found \";;\""
        );
        let empty = json!({"user": "", "item": "i", "rating": "r", "time": "t", "title": ""});
        assert_eq!(
            message(json!({"layout": "columns", "reviews": "a.csv", "columns": empty})),
            "check parameter `columns.user`: expected the name of a column, found empty text"
        );
        assert_eq!(
            message(json!({"layout": "amazon-2014", "reviews": "a", "max_reject_ratio": 1.5})),
            "check parameter `max_reject_ratio`: expected 0 to 1, found 1.5"
        );
    }

    #[test]
    fn unknown_parameters_and_columns_are_refused() {
        let parse = |value| serde_json::from_value::<Params>(value).unwrap_err().to_string();
        assert!(parse(json!({"layout": "amazon-2018", "reviews": "a", "metdata": "b"})).contains("metdata"));
        let columns = json!({"user": "u", "item": "i", "rating": "r", "time": "t", "tilte": "x"});
        assert!(parse(json!({"layout": "columns", "reviews": "a", "columns": columns})).contains("tilte"));
    }

    #[test]
    fn empty_text_means_none() {
        let value = json!({"layout": "amazon-2018", "reviews": "a", "metadata": "", "store": ""});
        let params: Params = serde_json::from_value(value).unwrap();
        params.check().unwrap();
        assert_eq!((params.metadata(), params.store()), (None, None));
    }
}
