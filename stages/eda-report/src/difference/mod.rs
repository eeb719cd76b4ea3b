//! What differs between two reports: settings, findings, figures and distributions.
//!
//! Chapters are compared as trees of figures (`walk`), so that a new chapter is compared as soon as it is in
//! `eda.json`. Whether a difference is good or bad is not judged.

mod distribution;
mod page;
mod text;
mod tree;
mod walk;

use serde::Serialize;

pub use distribution::{Class, Distribution};
pub use text::Block;

use crate::{Alert, Eda};
use tree::Tree;

/// What differs between an earlier and a later report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Version, pipeline, stage, parameters and inputs.
    pub settings: Vec<Wording>,
    /// Findings that came, went, or rest on another number.
    pub alerts: Vec<AlertChange>,
    /// Numbers.
    pub figures: Vec<Figure>,
    /// Counts by class.
    pub distributions: Vec<Distribution>,
    /// Lists of names, such as those of the most frequent products.
    pub listings: Vec<Listing>,
    /// Words.
    pub wordings: Vec<Wording>,
}

/// A finding that came, went, or rests on another number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertChange {
    /// The finding in the earlier report.
    pub before: Option<Alert>,
    /// The finding in the later report.
    pub after: Option<Alert>,
}

/// A number that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Chapter that it stands in.
    pub chapter: String,
    /// What it is.
    pub name: String,
    /// In the earlier report.
    pub before: Option<f64>,
    /// In the later report.
    pub after: Option<f64>,
}

impl Figure {
    /// How much more it is, as a share of what it was; none where it was not there or zero.
    pub fn change(&self) -> Option<f64> {
        let (before, after) = (self.before?, self.after?);
        (before != 0.0).then(|| (after - before) / before.abs())
    }

    /// How far both are apart, 0 to 2; what is only in one report is as far as can be.
    fn distance(&self) -> f64 {
        match (self.before, self.after) {
            (Some(before), Some(after)) => (after - before).abs() / before.abs().max(after.abs()),
            _ => 2.0,
        }
    }
}

/// A list of names that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listing {
    /// Chapter that it stands in.
    pub chapter: String,
    /// What it lists.
    pub name: String,
    /// Names that only the later report has.
    pub new: Vec<String>,
    /// Names that only the earlier report has.
    pub gone: Vec<String>,
}

/// Words that differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wording {
    /// Chapter that they stand in.
    pub chapter: String,
    /// What they are.
    pub name: String,
    /// In the earlier report.
    pub before: String,
    /// In the later report.
    pub after: String,
}

impl Difference {
    /// Compares two reports.
    pub fn new(before: &Eda, after: &Eda) -> Self {
        let mut found = Self {
            settings: settings(before, after),
            alerts: alerts(&before.alerts, &after.alerts),
            ..Self::default()
        };
        let (earlier, later) = (Tree::of(&before.chapters), Tree::of(&after.chapters));
        for chapter in Tree::names(&earlier, &later) {
            walk::compare(chapter, earlier.field(chapter), later.field(chapter), &mut found);
        }
        // The largest first; equal ones stay in the order of the page.
        found.distributions.sort_by(|one, other| other.psi.total_cmp(&one.psi));
        found
    }

    /// Whether both reports say the same.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Chapters with figures that differ, in order.
    pub fn chapters(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for figure in &self.figures {
            if names.last() != Some(&figure.chapter.as_str()) {
                names.push(&figure.chapter);
            }
        }
        names
    }

    /// The figures of a chapter: those that differ most, in the order of the report, and how many are left out.
    pub fn most_changed(&self, chapter: &str, limit: usize) -> (Vec<&Figure>, usize) {
        let of_chapter: Vec<&Figure> = self.figures.iter().filter(|figure| figure.chapter == chapter).collect();
        let mut places: Vec<usize> = (0..of_chapter.len()).collect();
        places.sort_by(|one, other| of_chapter[*other].distance().total_cmp(&of_chapter[*one].distance()));
        places.truncate(limit);
        places.sort_unstable();
        let left_out = of_chapter.len() - places.len();
        (places.into_iter().map(|place| of_chapter[place]).collect(), left_out)
    }
}

fn settings(before: &Eda, after: &Eda) -> Vec<Wording> {
    let mut found = Vec::new();
    let mut add = |name: &str, before: &Tree, after: &Tree| {
        if before != after {
            let (before, after) = (before.to_string(), after.to_string());
            found.push(Wording { chapter: "settings".to_owned(), name: name.to_owned(), before, after });
        }
    };
    let (earlier, later) = (Tree::of(&before.reproduction), Tree::of(&after.reproduction));
    for name in ["version", "pipeline", "stage"] {
        add(name, earlier.field(name), later.field(name));
    }
    let (earlier, later) = (earlier.field("parameters"), later.field("parameters"));
    for name in Tree::names(earlier, later) {
        add(name, earlier.field(name), later.field(name));
    }
    let inputs = |eda: &Eda, port: &str| -> Tree {
        let of_port = eda.reproduction.inputs.iter().filter(|input| input.port == port);
        let short = |hash: &str| hash.chars().take(12).collect::<String>();
        let texts: Vec<Tree> =
            of_port.map(|input| Tree::Text(format!("{} ({})", input.from, short(&input.blake3)))).collect();
        if texts.is_empty() { Tree::Text("not connected".to_owned()) } else { Tree::List(texts) }
    };
    for port in crate::INPUTS {
        add(&format!("input {}", port.name), &inputs(before, port.name), &inputs(after, port.name));
    }
    found
}

/// Findings are the same by id and title, else by an id that both reports have once.
fn alerts(before: &[Alert], after: &[Alert]) -> Vec<AlertChange> {
    let mut later: Vec<&Alert> = after.iter().collect();
    let mut found = Vec::new();
    for alert in before {
        let exact = later.iter().position(|other| other.id == alert.id && other.title == alert.title);
        let once = |list: &[Alert]| list.iter().filter(|other| other.id == alert.id).count() == 1;
        let by_id = || later.iter().position(|other| other.id == alert.id).filter(|_| once(before) && once(after));
        let other = exact.or_else(by_id).map(|place| later.remove(place));
        if other != Some(alert) {
            found.push(AlertChange { before: Some(alert.clone()), after: other.cloned() });
        }
    }
    let new = later.into_iter().map(|alert| AlertChange { before: None, after: Some(alert.clone()) });
    new.chain(found).collect()
}

#[cfg(test)]
mod tests;
