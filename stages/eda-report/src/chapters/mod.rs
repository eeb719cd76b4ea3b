//! The chapters of the report. A new one is a file here and one line in the list below.

mod calendar;
mod co_review;
mod cold_start;
mod columns;
mod comparison;
mod copies;
mod cores;
mod correlations;
mod duplicates;
mod interactions;
mod leakage;
mod load_audit;
mod long_tail;
mod metadata;
mod missing;
mod overview;
mod proof;
mod ratings;
mod sample_rows;
mod space;
mod suspicious;
mod texts;
mod time;
mod trust;
mod variables;

use reports::page::Section;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Params, alert::Alert, data::Data};

/// One chapter: its figures, which are its part of `eda.json`, and how they read.
///
/// The page is made from the figures alone. Whatever must not be seen when `redact` is set is therefore left out by
/// [`Chapter::measure`] already: [`crate::data::Keys::name`] and [`crate::data::Texts::examples`] do so.
pub(crate) trait Chapter: Sized + Send {
    /// Computes the figures; none where an input is not connected. Never depends on the number of threads.
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>>;

    /// What the page shows: one section, or several for a long chapter.
    fn sections(&self) -> Vec<Section>;

    /// What the page shows where there are no figures: a section with one sentence that says what to connect, or
    /// nothing where the chapter makes no sense then.
    fn absent() -> Option<Section> {
        None
    }

    /// Findings that call for something to be done.
    fn alerts(&self) -> Vec<Alert> {
        Vec::new()
    }
}

/// Makes [`Chapters`] of the list of chapters.
macro_rules! chapters {
    ($($(#[$meta:meta])+ $name:ident: $chapter:ty,)+) => {
        /// Figures by chapter, in the order of the page; those whose inputs are not connected are left out.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct Chapters {
            $($(#[$meta])+ #[serde(default, skip_serializing_if = "Option::is_none")] pub $name: Option<$chapter>,)+
        }

        impl Chapters {
            /// Computes all chapters, on all threads.
            pub(crate) fn measure(data: &Data, params: &Params) -> anyhow::Result<Self> {
                $(let mut $name = Ok(None);)+
                rayon::scope(|scope| {
                    $(scope.spawn(|_| $name = <$chapter>::measure(data, params));)+
                });
                Ok(Self { $($name: $name?,)+ })
            }

            /// Sections of all chapters, in order.
            pub(crate) fn sections(&self) -> Vec<Section> {
                let mut sections = Vec::new();
                $(match &self.$name {
                    Some(chapter) => sections.extend(chapter.sections()),
                    None => sections.extend(<$chapter as Chapter>::absent()),
                })+
                sections
            }

            /// Findings of all chapters, in order.
            pub(crate) fn alerts(&self) -> Vec<Alert> {
                let mut alerts = Vec::new();
                $(alerts.extend(self.$name.iter().flat_map(Chapter::alerts));)+
                alerts
            }
        }
    };
}

chapters! {
    /// Sizes and times.
    overview: overview::Overview,
    /// Where the rows of the files went, and near duplicates.
    load_audit: load_audit::LoadAudit,
    /// Every column by itself.
    columns: columns::Columns,
    /// Which values are missing, and which are missing together.
    missing: missing::MissingValues,
    /// Rows that repeat others.
    duplicates: duplicates::Duplicates,
    /// How what is known of a review goes together.
    correlations: correlations::Correlations,
    /// How often two values meet.
    interactions: interactions::Interactions,
    /// Distribution of the ratings.
    ratings: ratings::Ratings,
    /// Users, products and reviews.
    space: space::Space,
    /// How unevenly reviews are spread.
    long_tail: long_tail::LongTail,
    /// What filters by number of partners keep.
    cores: cores::Cores,
    /// What is new later.
    cold_start: cold_start::ColdStart,
    /// When the reviews were written.
    time: time::Time,
    /// Verified purchases, helpful votes, length and age.
    trust: trust::Trust,
    /// Length, language and words of the texts.
    texts: texts::Wording,
    /// Copied texts.
    copies: copies::Copies,
    /// Users with signs of a machine or a paid writer.
    suspicious: suspicious::Suspicious,
    /// Product metadata: coverage, categories, prices, brands, and what was bought together.
    metadata: metadata::Metadata,
    /// Products that one user reviewed, as a graph.
    co_review: co_review::CoReview,
    /// What the parts of the split share, and whether they keep the order of time.
    leakage: leakage::Leakage,
    /// The proof of the sample, in short.
    sampling_proof: proof::SampleProof,
    /// Before sampling, after it, and after preprocessing, side by side.
    comparison: comparison::Comparison,
    /// Some rows as they stand.
    sample_rows: sample_rows::SampleRows,
}
