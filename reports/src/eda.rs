//! The report that explores data: what matters first, then chapter by chapter.
//!
//! The stage gives findings and chapters; the order and counts of alerts and the contents by group
//! are worked out here.

use rayon::prelude::*;
use serde::Serialize;

use crate::{
    Error, Template,
    page::{Fact, Page, Section},
    render, render_section,
};

/// What the report shows. Fill it and call [`Exploration::render`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Exploration {
    /// Heading of the page.
    pub title: String,
    /// One sentence below the heading.
    pub lead: String,
    /// Name of the pipeline and stage that made it.
    pub origin: String,
    /// The figures that matter most.
    pub facts: Vec<Fact>,
    /// What the reader should know or do; shown the gravest first.
    pub alerts: Vec<Alert>,
    /// Its chapters, in order; those of one [`Section::group`] one after another.
    pub sections: Vec<Section>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Results will be wrong if nothing is done.
    Serious,
    /// Results may suffer.
    Warning,
    /// Good to know.
    #[default]
    Info,
}

impl Severity {
    /// Every severity, the gravest first.
    pub const ALL: [Self; 3] = [Self::Serious, Self::Warning, Self::Info];

    /// The word that stands beside the sign.
    pub fn word(self) -> &'static str {
        match self {
            Self::Serious => "serious",
            Self::Warning => "warning",
            Self::Info => "note",
        }
    }

    /// The sign, told apart by shape and not by colour alone.
    fn sign(self) -> &'static str {
        match self {
            Self::Serious => "✖",
            Self::Warning => "▲",
            Self::Info => "●",
        }
    }
}

/// A finding that matters.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Alert {
    /// How much it matters.
    pub severity: Severity,
    /// What was found, in a few words, such as `Copied text`.
    pub title: String,
    /// The number behind it, formatted, such as `12.3 %`; may be empty.
    pub number: String,
    /// What it means, in a sentence or two.
    pub text: String,
    /// Lines of the pipeline file that it suggests, ready to copy; may be empty.
    pub suggestion: String,
    /// Id of the section that shows it; empty for none.
    pub section: String,
}

/// What the template is filled with.
#[derive(Serialize)]
struct View<'a> {
    title: &'a str,
    lead: &'a str,
    origin: &'a str,
    facts: &'a [Fact],
    shown_alerts: Vec<ShownAlert<'a>>,
    /// Such as `2 serious, 3 warnings`.
    alert_counts: String,
    /// The contents.
    groups: Vec<Group<'a>>,
    /// As they stand in the page.
    sections: Vec<String>,
}

/// Chapters that belong together, by name.
#[derive(Serialize)]
struct Group<'a> {
    /// Empty for chapters of no group.
    title: &'a str,
    entries: Vec<Entry<'a>>,
}

impl<'a> Group<'a> {
    fn of(sections: &'a [Section]) -> Self {
        let entries = sections.iter().map(|section| Entry { id: &section.id, title: &section.title });
        Self { title: sections.first().map_or("", |section| &section.group), entries: entries.collect() }
    }
}

/// A line of the contents.
#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    title: &'a str,
}

/// An alert with its words.
#[derive(Serialize)]
struct ShownAlert<'a> {
    #[serde(flatten)]
    alert: &'a Alert,
    word: &'static str,
    sign: &'static str,
    /// Heading of the section or name of the column that it points to; empty for none.
    target: &'a str,
}

impl Exploration {
    /// The report as one HTML file.
    pub fn render(&self) -> Result<String, Error> {
        let mut alerts: Vec<&Alert> = self.alerts.iter().collect();
        alerts.sort_by_key(|alert| alert.severity);
        let shown = |alert| ShownAlert {
            alert,
            word: alert.severity.word(),
            sign: alert.severity.sign(),
            target: self.heading(&alert.section),
        };
        // Each by itself, on all threads: they are most of the page.
        let sections: Result<Vec<String>, Error> = self.sections.par_iter().map(render_section).collect();
        let view = View {
            title: &self.title,
            lead: &self.lead,
            origin: &self.origin,
            facts: &self.facts,
            sections: sections?,
            alert_counts: self.alert_counts(),
            groups: self.groups(),
            shown_alerts: alerts.into_iter().map(shown).collect(),
        };
        render(Template::Eda, &view)
    }

    /// Sections that follow one another in the same group.
    fn groups(&self) -> Vec<Group<'_>> {
        let chunks = self.sections.chunk_by(|a, b| a.group == b.group);
        chunks.map(Group::of).collect()
    }

    /// Heading of the section or name of the card with an id; empty if there is none, so that no link leads nowhere.
    fn heading(&self, id: &str) -> &str {
        let sections = self.sections.iter().map(|section| (section.id.as_str(), section.title.as_str()));
        let cards = self.sections.iter().flat_map(|section| &section.cards);
        let cards = cards.map(|card| (card.id.as_str(), card.name.as_str()));
        sections.chain(cards).find(|(known, _)| *known == id).map_or("", |(_, heading)| heading)
    }

    fn alert_counts(&self) -> String {
        let count = |severity: Severity| self.alerts.iter().filter(|alert| alert.severity == severity).count();
        let words = Severity::ALL.map(|severity| match (count(severity), severity) {
            (0, _) => String::new(),
            (1, _) | (_, Severity::Serious) => format!("{} {}", count(severity), severity.word()),
            _ => format!("{} {}s", count(severity), severity.word()),
        });
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

impl Page {
    /// The page with alerts before its chapters.
    pub fn with_alerts(self, alerts: Vec<Alert>) -> Exploration {
        let Self { title, lead, origin, facts, sections } = self;
        Exploration { title, lead, origin, facts, alerts, sections }
    }
}

#[cfg(test)]
mod tests;
