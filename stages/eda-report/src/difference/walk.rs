//! Comparing two trees of figures, whatever chapters they hold.
//!
//! Lists are aligned by what their entries begin with (a name, a year, a rating), not by position. Where entries hold
//! counts, these are compared as a distribution; long lists and curves are not compared entry by entry, as their
//! summaries stand beside them.

use std::collections::BTreeSet;

use super::{Class, Difference, Distribution, Figure, Listing, Wording, tree::Tree};

/// Fields that count something over the classes of a list.
const COUNTS: &[&str] =
    &["count", "reviews", "rows", "users", "items", "products", "texts", "pairs", "units", "clusters"];

/// Lists of counts whose places are classes: stars from one on, days of the week from Monday on.
const CLASSES: &[&str] = &["stars", "stars_verified", "stars_unverified", "weekdays"];

/// Not compared entry by entry: points of curves, whose places depend on the number of rows, and examples.
const SKIPPED: &[&str] =
    &["ranks", "lorenz", "lines", "smallest", "largest", "largest_near", "examples", "season", "season_days"];

/// Tables of numbers with the lists beside them that name their rows and columns.
const TABLES: &[(&str, &str, &str)] = &[
    ("pearson", "numbers", "numbers"),
    ("spearman", "numbers", "numbers"),
    ("kendall", "numbers", "numbers"),
    ("cramers_v", "categories", "categories"),
    ("phi_k", "variables", "variables"),
    ("eta", "categories", "numbers"),
];

/// Lists longer than this are not compared entry by entry.
const LONGEST: usize = 24;

/// Compares a chapter and adds what differs.
pub(super) fn compare(chapter: &str, before: &Tree, after: &Tree, found: &mut Difference) {
    Walk { chapter: words(chapter), found }.tree("", before, after);
}

struct Walk<'a> {
    chapter: String,
    found: &'a mut Difference,
}

impl Walk<'_> {
    fn tree(&mut self, name: &str, before: &Tree, after: &Tree) {
        match (before, after) {
            (Tree::Fields(_), Tree::Fields(_)) => {
                for field in Tree::names(before, after) {
                    self.field(name, field, before, after);
                }
            }
            (Tree::List(earlier), Tree::List(later)) => self.lists(name, earlier, later),
            _ => self.leaves(name, before, after),
        }
    }

    fn field(&mut self, name: &str, field: &str, before: &Tree, after: &Tree) {
        let (earlier, later) = (before.field(field), after.field(field));
        if SKIPPED.contains(&field) && matches!(earlier, Tree::List(_)) {
            return;
        }
        // A chapter `cores` with a field `cores` is named once.
        let name =
            if name.is_empty() && words(field) == self.chapter { String::new() } else { join(name, &words(field)) };
        if let Some((_, rows, columns)) = TABLES.iter().find(|(table, _, _)| *table == field) {
            return self.table(&name, &[before, after].map(|tree| Named::new(tree, field, rows, columns)));
        }
        if let (Tree::List(earlier), Tree::List(later)) = (earlier, later)
            && CLASSES.contains(&field)
        {
            return self.places(&name, earlier, later);
        }
        self.tree(&name, earlier, later);
    }

    /// Cells of tables whose row and column both reports have; of a symmetric table those below the diagonal.
    fn table(&mut self, name: &str, [before, after]: &[Named; 2]) {
        for (row, row_name) in before.rows.iter().enumerate() {
            let columns = if before.is_symmetric { row } else { before.columns.len() };
            for column_name in before.columns.iter().take(columns) {
                let (earlier, later) = (before.cell(row_name, column_name), after.cell(row_name, column_name));
                if after.has(row_name, column_name) && earlier != later {
                    self.figure(&format!("{name}: {row_name}, {column_name}"), earlier, later);
                }
            }
        }
    }

    /// Counts by place.
    fn places(&mut self, name: &str, before: &[Tree], after: &[Tree]) {
        let count =
            |list: &[Tree], place: usize| if let Some(Tree::Count(count)) = list.get(place) { *count } else { 0 };
        let class = |place: usize| Class {
            name: (place + 1).to_string(),
            before: count(before, place),
            after: count(after, place),
        };
        let classes = (0..before.len().max(after.len())).map(class).collect();
        let found = Distribution::new(&self.chapter, name.to_owned(), classes);
        self.found.distributions.extend(found.filter(|found| !found.is_same()));
    }

    fn leaves(&mut self, name: &str, before: &Tree, after: &Tree) {
        if before == after {
            return;
        }
        let figures = (before.number(), after.number());
        let is_figure = |tree: &Tree, number: Option<f64>| number.is_some() || *tree == Tree::Nothing;
        if is_figure(before, figures.0) && is_figure(after, figures.1) {
            if figures.0 != figures.1 {
                self.figure(name, figures.0, figures.1);
            }
            return;
        }
        let short = |tree: &Tree| match tree {
            Tree::List(_) | Tree::Fields(_) => "there".to_owned(),
            Tree::Nothing => "not there".to_owned(),
            leaf => leaf.to_string(),
        };
        let wording = Wording {
            chapter: self.chapter.clone(),
            name: name.to_owned(),
            before: short(before),
            after: short(after),
        };
        self.found.wordings.push(wording);
    }

    fn figure(&mut self, name: &str, before: Option<f64>, after: Option<f64>) {
        self.found.figures.push(Figure { chapter: self.chapter.clone(), name: name.to_owned(), before, after });
    }

    fn lists(&mut self, name: &str, before: &[Tree], after: &[Tree]) {
        if before == after {
            return;
        }
        if ends(before).zip(ends(after)).is_some_and(|(earlier, later)| !earlier.iter().eq(&later)) {
            // Bins with other edges: their rows cannot be compared, the statistics beside them can.
            return;
        }
        let labelled = labels(before).zip(labels(after));
        if let Some((earlier, later)) = labelled {
            return self.classes(name, &zip(earlier, before), &zip(later, after));
        }
        let texts = texts(before).zip(texts(after));
        if let Some((earlier, later)) = texts {
            return self.listing(name, &earlier, &later);
        }
        let is_record = |tree: &Tree| matches!(tree, Tree::Fields(_) | Tree::List(_));
        if before.len() != after.len() {
            self.figure(&join(name, "entries"), Some(before.len() as f64), Some(after.len() as f64));
        } else if before.len() <= LONGEST && !before.iter().chain(after).any(is_record) {
            for (place, (earlier, later)) in before.iter().zip(after).enumerate() {
                self.tree(&join(name, &(place + 1).to_string()), earlier, later);
            }
        }
    }

    /// Lists whose entries have names.
    fn classes(&mut self, name: &str, before: &[(String, &Tree)], after: &[(String, &Tree)]) {
        let counted = counted_fields(before, after);
        for field in &counted {
            let title = if field.is_empty() { name.to_owned() } else { join(name, &words(field)) };
            let distribution = Distribution::new(&self.chapter, title, count_classes(field, before, after));
            self.found.distributions.extend(distribution.filter(|distribution| !distribution.is_same()));
        }
        let names = |list: &[(String, &Tree)]| list.iter().map(|(label, _)| label.clone()).collect::<Vec<_>>();
        if counted.is_empty() {
            self.listing(name, &names(before), &names(after));
        }
        let shared: Vec<_> =
            before.iter().filter_map(|(label, tree)| Some((label, *tree, find(after, label)?))).collect();
        if shared.len() > LONGEST {
            return;
        }
        for (label, earlier, later) in shared {
            match (earlier, later) {
                (Tree::Fields(fields), Tree::Fields(_)) => {
                    let begins = fields.first().map(|(name, _)| name.as_str());
                    for field in Tree::names(earlier, later) {
                        if Some(field) != begins && !counted.contains(&field) {
                            let name = join(&join(name, label), &words(field));
                            self.tree(&name, earlier.field(field), later.field(field));
                        }
                    }
                }
                (Tree::List(earlier), Tree::List(later)) if counted.is_empty() => match (&earlier[1..], &later[1..]) {
                    ([earlier], [later]) => self.tree(&join(name, label), earlier, later),
                    (earlier, later) => self.lists(&join(name, label), earlier, later),
                },
                _ => {}
            }
        }
    }

    fn listing(&mut self, name: &str, before: &[String], after: &[String]) {
        let missing = |from: &[String], others: &[String]| -> Vec<String> {
            from.iter().filter(|text| !others.contains(text)).cloned().collect()
        };
        let (gone, new) = (missing(before, after), missing(after, before));
        if !(gone.is_empty() && new.is_empty()) {
            self.found.listings.push(Listing { chapter: self.chapter.clone(), name: name.to_owned(), new, gone });
        }
    }
}

/// What the entries of a list begin with, if that tells them apart: a name, or the class of a count.
fn labels(list: &[Tree]) -> Option<Vec<String>> {
    let label = |tree: &Tree| {
        match tree {
            Tree::Fields(fields) => fields.first().map(|(_, value)| value),
            Tree::List(entries) => match entries.as_slice() {
                [first @ Tree::Text(_), _, ..] | [first, Tree::Count(_)] | [first, Tree::Number(_), Tree::Count(_)] => {
                    Some(first)
                }
                _ => None,
            },
            _ => None,
        }
        .filter(|label| matches!(label, Tree::Text(_) | Tree::Count(_) | Tree::Number(_)))
        .map(ToString::to_string)
    };
    let labels: Vec<String> = list.iter().map(label).collect::<Option<_>>()?;
    (labels.iter().collect::<BTreeSet<_>>().len() == list.len()).then_some(labels)
}

/// Both ends of bins that are given as lower end, upper end, count; none for other lists.
fn ends(list: &[Tree]) -> Option<Vec<[f64; 2]>> {
    let ends = |tree: &Tree| match tree {
        Tree::List(entries) => match entries.as_slice() {
            [from @ Tree::Number(_), to @ Tree::Number(_), Tree::Count(_)] => Some([from.number()?, to.number()?]),
            _ => None,
        },
        _ => None,
    };
    list.iter().map(ends).collect()
}

/// A table with the names of its rows and columns.
struct Named {
    rows: Vec<String>,
    columns: Vec<String>,
    cells: Vec<Vec<Option<f64>>>,
    is_symmetric: bool,
}

impl Named {
    fn new(tree: &Tree, table: &str, rows: &str, columns: &str) -> Self {
        let list = |tree: &Tree| if let Tree::List(list) = tree { list.clone() } else { Vec::new() };
        let names = |field: &str| texts(&list(tree.field(field))).unwrap_or_default();
        let cells = list(tree.field(table)).iter().map(|row| list(row).iter().map(Tree::number).collect()).collect();
        Self { rows: names(rows), columns: names(columns), cells, is_symmetric: rows == columns }
    }

    fn has(&self, row: &str, column: &str) -> bool {
        self.rows.iter().any(|name| name == row) && self.columns.iter().any(|name| name == column)
    }

    fn cell(&self, row: &str, column: &str) -> Option<f64> {
        let row = self.rows.iter().position(|name| name == row)?;
        let column = self.columns.iter().position(|name| name == column)?;
        *self.cells.get(row)?.get(column)?
    }
}

fn zip(labels: Vec<String>, list: &[Tree]) -> Vec<(String, &Tree)> {
    labels.into_iter().zip(list).collect()
}

fn find<'a>(list: &[(String, &'a Tree)], label: &str) -> Option<&'a Tree> {
    list.iter().find(|(other, _)| other == label).map(|(_, tree)| *tree)
}

/// Fields with a count of rows in every entry; the empty name stands for pairs of class and count.
fn counted_fields<'a>(before: &[(String, &'a Tree)], after: &[(String, &Tree)]) -> Vec<&'a str> {
    let Some((_, first)) = before.first() else { return Vec::new() };
    let has = |field: &str| before.iter().chain(after).all(|(_, entry)| count_of(field, entry).is_some());
    match first {
        Tree::List(_) => {
            if has("") {
                vec![""]
            } else {
                Vec::new()
            }
        }
        Tree::Fields(fields) => {
            let names = fields.iter().skip(1).map(|(name, _)| name.as_str());
            names.filter(|name| COUNTS.contains(name) && has(name)).collect()
        }
        _ => Vec::new(),
    }
}

fn count_of(field: &str, entry: &Tree) -> Option<u64> {
    match entry {
        Tree::List(entries) => match entries.as_slice() {
            [_, Tree::Count(count)] | [_, Tree::Number(_), Tree::Count(count)] if field.is_empty() => Some(*count),
            _ => None,
        },
        entry => match entry.field(field) {
            Tree::Count(count) => Some(*count),
            _ => None,
        },
    }
}

fn count_classes(field: &str, before: &[(String, &Tree)], after: &[(String, &Tree)]) -> Vec<Class> {
    let count = |list: &[(String, &Tree)], label: &str| find(list, label).and_then(|entry| count_of(field, entry));
    let new = after.iter().filter(|(label, _)| find(before, label).is_none());
    let class = |(label, _): &(String, &Tree)| Class {
        name: label.clone(),
        before: count(before, label).unwrap_or_default(),
        after: count(after, label).unwrap_or_default(),
    };
    before.iter().chain(new).map(class).collect()
}

fn texts(list: &[Tree]) -> Option<Vec<String>> {
    list.iter().map(|tree| if let Tree::Text(text) = tree { Some(text.clone()) } else { None }).collect()
}

fn join(name: &str, more: &str) -> String {
    if name.is_empty() { more.to_owned() } else { format!("{name}: {more}") }
}

/// `mean_rating` as `mean rating`.
fn words(name: &str) -> String {
    name.replace('_', " ")
}
