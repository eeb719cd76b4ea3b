//! How differences are put into words, for the page and for the command line.

use reports::format::{MISSING, date, fixed, number, percent};

use super::{AlertChange, Difference, Figure};
use crate::Severity;

/// Rows with their headings, which name the columns of the text; `#` marks those of figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it is about.
    pub title: String,
    /// Headings of the columns; one that starts with `#` is of figures.
    pub columns: Vec<&'static str>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
    /// What is left out; empty for nothing.
    pub note: String,
}

/// Names that a line of a list shows.
const NAMES: usize = 5;

impl Difference {
    /// The difference as tables of text: of each chapter and of the distributions at most `limit` rows, those that
    /// differ most.
    pub fn blocks(&self, limit: usize) -> Vec<Block> {
        let mut blocks = vec![self.settings_block(), self.alerts_block(), self.distributions_block(limit)];
        blocks.extend(self.chapters().into_iter().map(|chapter| self.figures_block(chapter, limit)));
        blocks.extend([self.listings_block(limit), self.wordings_block(limit)]);
        blocks.retain(|block| !block.rows.is_empty());
        blocks
    }

    fn settings_block(&self) -> Block {
        let rows =
            self.settings.iter().map(|change| vec![change.name.clone(), change.before.clone(), change.after.clone()]);
        block("Settings", &["setting", "before", "after"], rows.collect(), 0)
    }

    fn alerts_block(&self) -> Block {
        let value = |alert: &Option<crate::Alert>| {
            alert.as_ref().map_or_else(|| MISSING.to_owned(), |alert| plain(alert.value))
        };
        let rows = self.alerts.iter().map(|change| {
            let names = [change.state(), change.severity(), change.title()].map(str::to_owned);
            names.into_iter().chain([value(&change.before), value(&change.after)]).collect()
        });
        block("Findings", &["", "severity", "finding", "#before", "#after"], rows.collect(), 0)
    }

    fn distributions_block(&self, limit: usize) -> Block {
        let rows = self.distributions.iter().take(limit).map(|distribution| {
            let [before, after] = distribution.totals();
            vec![
                distribution.chapter.clone(),
                distribution.name.clone(),
                number(before),
                number(after),
                fixed(distribution.psi, 3),
                percent(distribution.total_variation, 1),
                distribution.reading().to_owned(),
            ]
        });
        let columns = ["chapter", "distribution", "#rows before", "#rows after", "#PSI", "#total variation", "change"];
        block("Distributions", &columns, rows.collect(), self.distributions.len().saturating_sub(limit))
    }

    fn figures_block(&self, chapter: &str, limit: usize) -> Block {
        let (figures, left_out) = self.most_changed(chapter, limit);
        let row = |figure: &Figure| {
            let values = [figure.before, figure.after].map(|number| value(&figure.name, number));
            [figure.name.clone()].into_iter().chain(values).chain([change(figure)]).collect()
        };
        let rows = figures.into_iter().map(row).collect();
        block(&heading(chapter), &["figure", "#before", "#after", "#change"], rows, left_out)
    }

    fn listings_block(&self, limit: usize) -> Block {
        let rows = self.listings.iter().take(limit);
        let rows = rows.map(|list| vec![list.chapter.clone(), list.name.clone(), some(&list.new), some(&list.gone)]);
        let left_out = self.listings.len().saturating_sub(limit);
        block("Lists", &["chapter", "list", "new", "gone"], rows.collect(), left_out)
    }

    fn wordings_block(&self, limit: usize) -> Block {
        let rows = self.wordings.iter().take(limit).map(|change| {
            vec![change.chapter.clone(), change.name.clone(), shortened(&change.before), shortened(&change.after)]
        });
        let left_out = self.wordings.len().saturating_sub(limit);
        block("Words", &["chapter", "what", "before", "after"], rows.collect(), left_out)
    }
}

impl AlertChange {
    /// `new`, `gone` or `changed`.
    pub fn state(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "new",
            (_, None) => "gone",
            _ => "changed",
        }
    }

    /// How much it matters, in the later report that has it.
    pub fn severity(&self) -> &'static str {
        match self.after.as_ref().or(self.before.as_ref()).map(|alert| alert.severity) {
            Some(Severity::Serious) => "serious",
            Some(Severity::Warning) => "warning",
            Some(Severity::Info) | None => "info",
        }
    }

    /// The finding in a few words.
    pub fn title(&self) -> &str {
        self.after.as_ref().or(self.before.as_ref()).map_or("", |alert| &alert.title)
    }
}

fn block(title: &str, columns: &[&'static str], rows: Vec<Vec<String>>, left_out: usize) -> Block {
    let note = match left_out {
        0 => String::new(),
        1 => "1 more that differs less".to_owned(),
        more => format!("{} more that differ less", number(more as u64)),
    };
    Block { title: title.to_owned(), columns: columns.to_vec(), rows, note }
}

/// The first names of a list, and how many more there are.
fn some(names: &[String]) -> String {
    if names.is_empty() {
        return MISSING.to_owned();
    }
    let shown: Vec<String> = names.iter().take(NAMES).map(|name| shortened(name)).collect();
    let more = names.len() - shown.len();
    shown.join(", ") + &if more == 0 { String::new() } else { format!(" and {more} more") }
}

fn shortened(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= 40 { one_line } else { one_line.chars().take(39).chain(['…']).collect() }
}

/// A figure of a report, such as a date where it is a time.
pub(super) fn value(name: &str, value: Option<f64>) -> String {
    match value {
        None => MISSING.to_owned(),
        Some(seconds) if is_time(name) => date(seconds as i64),
        Some(number) => plain(number),
    }
}

/// Whether a figure is a moment in Unix seconds.
fn is_time(name: &str) -> bool {
    let last = name.rsplit(": ").next().unwrap_or(name);
    let is_value = |last: &str| last == "mean" || last == "median" || last.ends_with("imum") || last.starts_with('q');
    ["first", "last", "date", "longest after"].contains(&last)
        || (name.starts_with("time: numbers: ") && is_value(last))
}

/// A number with about four digits that matter, whole ones in full.
pub(super) fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return fixed(value, 0);
    }
    let digits = if value == 0.0 { 0.0 } else { value.abs().log10().floor() };
    fixed(value, (3.0 - digits).clamp(0.0, 9.0) as usize)
}

/// `+12.3 %`, `−4.0 %`, `× 12`, `new` or `gone`.
pub(super) fn change(figure: &Figure) -> String {
    match (figure.before, figure.after, figure.change()) {
        (Some(before), Some(after), _) if is_time(&figure.name) => {
            let days = (after - before) / 86_400.0;
            format!("{}{} days", if days > 0.0 { "+" } else { "" }, fixed(days, 0))
        }
        (None, _, _) => "new".to_owned(),
        (_, None, _) => "gone".to_owned(),
        (_, _, Some(change)) if change.abs() >= 10.0 => format!("× {}", fixed(1.0 + change, 0)),
        (_, _, Some(change)) if change > 0.0 => format!("+{}", percent(change, 1)),
        (_, _, Some(change)) => percent(change, 1),
        (_, _, None) => MISSING.to_owned(),
    }
}

/// A name as a heading: `long tail` as `Long tail`.
pub(super) fn heading(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
