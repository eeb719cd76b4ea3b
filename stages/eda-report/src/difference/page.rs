//! The difference of two reports as a page.

use reports::{
    Template,
    chart::{Frame, Series, Unit, bars},
    page::{Fact, Figure as Chart, Page, Section, Table},
};

use super::{AlertChange, Class, Difference, Distribution, Figure, text};
use crate::words::{MISSING, figure, fixed, number, percent, section};

/// Charts of distributions, those that differ most.
const CHARTS: usize = 8;
/// Classes that a chart can hold.
const CLASSES: usize = 30;
/// Figures of a chapter in its table.
const FIGURES: usize = 200;

impl Difference {
    /// One self-contained HTML file; `before` and `after` say where both reports were found.
    pub fn html(&self, before: &str, after: &str) -> Result<String, reports::Error> {
        let (new, gone) = (self.count_alerts(is_new), self.count_alerts(is_gone));
        let page = Page {
            title: "What changed between two reports".to_owned(),
            lead: format!("From {before} to {after}."),
            origin: format!("Made by orchestrator report diff {}", env!("CARGO_PKG_VERSION")),
            facts: vec![
                Fact::new("new findings", number(new), ""),
                Fact::new("gone findings", number(gone), ""),
                Fact::new("figures", number(self.figures.len() as u64), "differ"),
                Fact::new(
                    "distributions",
                    number(self.distributions.len() as u64),
                    self.distributions.first().map_or_else(String::new, |first| {
                        format!("differ; the most in {} ({})", first.name, first.chapter)
                    }),
                ),
            ],
            sections: self.sections(),
        };
        reports::render(Template::Difference, &page)
    }

    fn count_alerts(&self, filter: fn(&AlertChange) -> bool) -> u64 {
        self.alerts.iter().filter(|change| filter(change)).count() as u64
    }

    fn sections(&self) -> Vec<Section> {
        if self.is_empty() {
            return vec![section("same", "No difference", vec!["Both reports say the same.".to_owned()], Vec::new())];
        }
        let mut sections = vec![self.settings_section(), self.alerts_section(), self.distributions_section()];
        sections.extend(self.chapters().into_iter().map(|chapter| self.figures_section(chapter)));
        sections.extend([self.listings_section(), self.wordings_section()]);
        sections.retain(|section| !section.tables.is_empty());
        sections
    }

    fn settings_section(&self) -> Section {
        let rows =
            self.settings.iter().map(|change| vec![change.name.clone(), change.before.clone(), change.after.clone()]);
        let text = "What was read, and with which parameters. Where nothing here differs, neither should the rest.";
        one_table("settings", "Settings", text, &["setting", "before", "after"], rows.collect())
    }

    fn alerts_section(&self) -> Section {
        let rows = self.alerts.iter().map(|change| {
            let AlertChange { before, after } = change;
            let value = |alert: &Option<crate::Alert>| {
                alert.as_ref().map_or(MISSING.to_owned(), |alert| text::plain(alert.value))
            };
            let text = after.as_ref().or(before.as_ref()).map_or_else(String::new, |alert| alert.text.clone());
            vec![
                change.state().to_owned(),
                change.severity().to_owned(),
                change.title().to_owned(),
                value(before),
                value(after),
                text,
            ]
        });
        let columns = ["", "severity", "finding", "#before", "#after", "what it says"];
        one_table(
            "alerts",
            "Findings",
            "Findings that came, went, or rest on another number.",
            &columns,
            rows.collect(),
        )
    }

    fn distributions_section(&self) -> Section {
        let rows = self.distributions.iter().map(|distribution| {
            let Distribution { chapter, name, psi, total_variation, .. } = distribution;
            let [before, after] = distribution.totals();
            let apart = [fixed(*psi, 3), percent(*total_variation, 1), distribution.reading().to_owned()];
            [chapter.clone(), name.clone(), number(before), number(after)].into_iter().chain(apart).collect()
        });
        let columns = ["chapter", "distribution", "#rows before", "#rows after", "#PSI", "#total variation", "change"];
        let text = "PSI is the population stability index, Σ (q − p) ln (q / p) over the classes, with half a row more in \
                    each class: below 0.1 it is usually taken as little, up to 0.25 as some, above as much. Total \
                    variation is the share of rows that would have to change their class.";
        let mut section = one_table("distributions", "Distributions", text, &columns, rows.collect());
        let fitting = self.distributions.iter().filter(|distribution| distribution.classes.len() <= CLASSES);
        section.figures = fitting.take(CHARTS).map(chart).collect();
        section
    }

    fn figures_section(&self, chapter: &str) -> Section {
        let (figures, left_out) = self.most_changed(chapter, FIGURES);
        let row = |figure: &&Figure| {
            let values = [figure.before, figure.after].map(|number| text::value(&figure.name, number));
            [figure.name.clone()].into_iter().chain(values).chain([text::change(figure)]).collect()
        };
        let rows = figures.iter().map(row).collect();
        let columns = ["figure", "#before", "#after", "#change"];
        let mut section =
            one_table(&format!("figures-{}", chapter.replace(' ', "-")), &text::heading(chapter), "", &columns, rows);
        if left_out > 0 {
            section.note = format!("{} figures that differ less are left out.", number(left_out as u64));
        }
        section
    }

    fn listings_section(&self) -> Section {
        let rows = self.listings.iter();
        let rows =
            rows.map(|list| vec![list.chapter.clone(), list.name.clone(), list.new.join(", "), list.gone.join(", ")]);
        one_table(
            "lists",
            "Lists",
            "Names that only one of the reports has.",
            &["chapter", "list", "new", "gone"],
            rows.collect(),
        )
    }

    fn wordings_section(&self) -> Section {
        let rows = self.wordings.iter();
        let rows = rows.map(|change| {
            vec![change.chapter.clone(), change.name.clone(), change.before.clone(), change.after.clone()]
        });
        one_table("words", "Words", "", &["chapter", "what", "before", "after"], rows.collect())
    }
}

fn is_new(change: &AlertChange) -> bool {
    change.before.is_none()
}

fn is_gone(change: &AlertChange) -> bool {
    change.after.is_none()
}

/// A section of one table; without tables where there are no rows.
fn one_table(id: &str, title: &str, text: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Section {
    let readings = if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
    let section = section(id, title, readings, Vec::new());
    if rows.is_empty() {
        return section;
    }
    let mut table = Table::new(title, columns);
    table.wide = true;
    for row in rows {
        table.push(row);
    }
    section.with_table(table)
}

/// Shares of the classes, before and after.
fn chart(distribution: &Distribution) -> Chart {
    let [before, after] = distribution.totals();
    let names: Vec<String> = distribution.classes.iter().map(|class| class.name.clone()).collect();
    let shares = |count: fn(&Class) -> u64, total: u64| -> Vec<f64> {
        distribution.classes.iter().map(|class| count(class) as f64 / total.max(1) as f64).collect()
    };
    let (earlier, later) = (shares(|class| class.before, before), shares(|class| class.after, after));
    let series = [Series { name: "before", values: &earlier }, Series { name: "after", values: &later }];
    let title = format!("{}, {}", text::heading(&distribution.chapter), distribution.name);
    let frame = Frame { title: &title, description: "Share of rows by class, before and after.", x: "", y: "" };
    figure(&title, bars(&frame, &names, &series, Unit::Percent))
}
