//! Findings that call for something to be done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Spoils what is learned or measured, unless something is done.
    Serious,
    /// Should be known before models are compared.
    Warning,
    /// Good to know.
    Info,
}

/// A finding with its number and, where a parameter of the pipeline helps, that parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    /// What kind of finding: words with hyphens, the same in every report, such as `few-reviews-a-user`.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// The finding in a few words.
    pub title: String,
    /// What it means, in one or two sentences, with its number.
    pub text: String,
    /// The number that it rests on.
    pub value: f64,
    /// The same as it reads beside the title, such as `12.3 %`; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Anchor of the section or column that shows it.
    pub chapter: String,
    /// What to write into the pipeline file: YAML below `stages:`, ready to copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

impl Alert {
    /// A finding of a chapter.
    pub fn new(severity: Severity, chapter: &str, id: &str, title: &str, value: f64, text: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            severity,
            title: title.to_owned(),
            text: text.into(),
            value,
            number: String::new(),
            chapter: chapter.to_owned(),
            suggestion: None,
        }
    }

    /// The same with its number as it reads beside the title, such as `12.3 %`.
    #[must_use]
    pub fn with_number(mut self, number: impl Into<String>) -> Self {
        self.number = number.into();
        self
    }

    /// The same with what to write into the pipeline file, such as `preprocess:\n  params: {min_rating: 4}`.
    #[must_use]
    pub fn suggest(mut self, yaml: impl Into<String>) -> Self {
        self.suggestion = Some(yaml.into());
        self
    }
}
