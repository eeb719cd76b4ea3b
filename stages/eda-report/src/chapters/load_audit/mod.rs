//! Where the rows of the files went, and which of the kept ones are nearly the same.
//!
//! What was dropped is told by `load`, row by row; the near duplicates are counted here among the rows that it kept.

mod near;
mod rejects;
mod show;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    alert::Alert,
    data::{Data, FileAccount},
};
pub use near::NearDuplicates;
pub use rejects::RejectedRow;

/// Where the rows of the files went, and which of the kept ones are nearly the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadAudit {
    /// Of the review files; none where the output `account` of `load` is not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviews: Option<FileAudit>,
    /// Of the files of product metadata, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<FileAudit>,
    /// Rows that did not get through, up to three a reason, where the table of rejects is connected.
    pub examples: Vec<RejectedRow>,
    /// Kept rows that are nearly the same as another.
    pub near: NearDuplicates,
}

/// Rows of one kind of file: `rows_in = rows_kept + duplicates + rejected`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileAudit {
    /// Paths as the pipeline gives them.
    pub files: Vec<String>,
    /// Rows read.
    pub rows_in: u64,
    /// Rows kept.
    pub rows_kept: u64,
    /// Rows that a repair made sound.
    pub repaired: u64,
    /// Rows that repeat an earlier one byte by byte (products: another row of the same product).
    pub duplicates: u64,
    /// Lines of nothing but white space, which are no rows.
    pub empty_lines: u64,
    /// Rows that could not be used.
    pub rejected: u64,
    /// The same by reason.
    pub reasons: Vec<ReasonCount>,
}

/// Rows rejected for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonCount {
    /// Code such as `broken-json`.
    pub code: String,
    /// Rows.
    pub rows: u64,
}

impl From<&FileAccount> for FileAudit {
    fn from(account: &FileAccount) -> Self {
        Self {
            files: account.files.clone(),
            rows_in: account.rows_in,
            rows_kept: account.rows_out,
            repaired: account.repaired,
            duplicates: account.duplicates,
            empty_lines: account.empty_lines,
            rejected: account.rejected,
            reasons: account
                .reasons
                .iter()
                .map(|reason| ReasonCount { code: reason.code.clone(), rows: reason.rows })
                .collect(),
        }
    }
}

impl Chapter for LoadAudit {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        let account = data.account.as_ref();
        Ok(Some(Self {
            reviews: account.map(|account| (&account.reviews).into()),
            metadata: account.and_then(|account| account.metadata.as_ref()).map(Into::into),
            examples: data
                .rejects
                .as_deref()
                .map(|path| rejects::examples(path, params))
                .transpose()?
                .unwrap_or_default(),
            near: NearDuplicates::count(data, params),
        }))
    }

    fn sections(&self) -> Vec<Section> {
        vec![show::section(self).in_group("Data")]
    }

    fn alerts(&self) -> Vec<Alert> {
        show::alerts(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::data::fixture::{Fixture, row};

    fn account() -> serde_json::Value {
        json!({
            "reviews": {
                "files": ["r.json"], "rows_in": 100, "rows_out": 90, "repaired": 1, "duplicates": 6, "empty_lines": 2,
                "rejected": 4, "reasons": [{"code": "broken-json", "rows": 4, "examples": ["r.json:3: no JSON"]}]
            },
            "metadata": null
        })
    }

    fn measure(fixture: &Fixture) -> LoadAudit {
        let params = Params::default();
        LoadAudit::measure(&fixture.data(&params), &params).unwrap().unwrap()
    }

    #[test]
    fn the_account_is_told_and_rejects_are_an_alert() {
        let fixture =
            Fixture { rows: vec![row("u", "a", 5.0, 0)], json: [("account", account())].into(), ..Fixture::default() };
        let audit = measure(&fixture);
        let reviews = audit.reviews.as_ref().unwrap();
        assert_eq!((reviews.rows_in, reviews.rows_kept, reviews.duplicates, reviews.rejected), (100, 90, 6, 4));
        let alerts = audit.alerts();
        let ids: Vec<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
        assert_eq!((ids, alerts[0].value), (vec!["rejected-rows", "duplicate-lines"], 0.04));
        assert!(audit.sections()[0].readings[0].contains("100 rows"), "{:?}", audit.sections()[0].readings);
    }

    #[test]
    fn without_an_account_the_page_says_what_to_connect() {
        let audit = measure(&Fixture { rows: vec![row("u", "a", 5.0, 0)], ..Fixture::default() });
        assert!(audit.reviews.is_none() && audit.alerts().is_empty());
        assert!(audit.sections()[0].readings[0].contains("account: load.account"));
    }
}
