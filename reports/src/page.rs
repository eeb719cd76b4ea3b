//! The parts that a report is put together from: facts, sections, figures and tables.
//!
//! Text here is plain; the templates escape it. Figures in it are formatted with [`crate::format`].

use serde::Serialize;

use crate::chart::{Chart, Spark};

/// A report of facts and sections.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Page {
    /// Heading of the page.
    pub title: String,
    /// One sentence below the heading.
    pub lead: String,
    /// Name of the pipeline and stage that made it.
    pub origin: String,
    /// The figures that matter most.
    pub facts: Vec<Fact>,
    /// Its chapters, in order; also the bar of contents.
    pub sections: Vec<Section>,
}

/// One figure with its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fact {
    /// What it is, such as `reviews`.
    pub label: String,
    /// The figure, formatted.
    pub value: String,
    /// A few words more; may be empty.
    pub note: String,
}

impl Fact {
    /// A figure with its name and a few words more.
    pub fn new(label: &str, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self { label: label.to_owned(), value: value.into(), note: note.into() }
    }
}

/// A chapter of a report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Section {
    /// Anchor, such as `rating`: lower case and unique in the page.
    pub id: String,
    /// Heading.
    pub title: String,
    /// Heading of the contents that it stands under, with its neighbours of the same group; may be empty.
    pub group: String,
    /// What the figures say in plain words, a paragraph each.
    pub readings: Vec<String>,
    /// Charts, side by side where there is room.
    pub figures: Vec<Figure>,
    /// Tables below the charts.
    pub tables: Vec<Table>,
    /// One card a column of the data, with a search over them.
    pub cards: Vec<ColumnCard>,
    /// How it was computed and what to be careful about; may be empty.
    pub note: String,
}

impl Section {
    /// The same with one table more.
    #[must_use]
    pub fn with_table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// The same under a heading of the contents.
    #[must_use]
    pub fn in_group(mut self, group: &str) -> Self {
        group.clone_into(&mut self.group);
        self
    }

    /// The same with a note on how it was computed.
    #[must_use]
    pub fn with_note(mut self, note: &str) -> Self {
        note.clone_into(&mut self.note);
        self
    }
}

/// One column of the data: a line with its name, its shape and a few figures, which opens.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ColumnCard {
    /// Anchor: lower case and unique in the page, such as `column-rating`.
    pub id: String,
    /// Name of the column.
    pub name: String,
    /// Its type in a word, such as `number`, `text` or `time`.
    pub kind: String,
    /// What is notable about it, in a word or two each, such as `skewed`.
    pub alerts: Vec<String>,
    /// Its distribution at a glance.
    pub spark: Option<Spark>,
    /// A few statistics that are always seen, about four.
    pub facts: Vec<Fact>,
    /// Charts, seen when the card is opened.
    pub figures: Vec<Figure>,
    /// Further statistics, quantiles, common and extreme values: seen when the card is opened.
    pub tables: Vec<Table>,
    /// A remark, seen when the card is opened; may be empty.
    pub note: String,
}

/// A chart with a heading; its numbers stand below it as a table that opens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Heading.
    pub title: String,
    /// The chart.
    pub chart: Chart,
}

impl Figure {
    /// A chart with a heading.
    pub fn new(title: impl Into<String>, chart: Chart) -> Self {
        Self { title: title.into(), chart }
    }
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    /// Heading.
    pub caption: String,
    /// Headings of the columns.
    pub columns: Vec<Column>,
    /// Cells, one list a row, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// Whether it needs the whole width of the page, as one of six columns or more does.
    pub wide: bool,
}

/// Heading of a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Column {
    /// Its text.
    pub text: String,
    /// Whether the column holds figures, which are aligned to the right.
    pub numeric: bool,
}

/// One cell of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Smaller text below it; may be empty.
    pub note: String,
    /// Whether the column holds figures.
    pub numeric: bool,
    /// Whether it is the best of its column.
    pub best: bool,
    /// Whether it is a date or another short word with hyphens, which stays in one line.
    pub unbroken: bool,
}

/// Columns that half of the page has room for.
const NARROW: usize = 5;
/// Longest word, in bytes, that stays in one line whatever is in it.
const UNBROKEN: usize = 24;

impl Table {
    /// An empty table; a heading that starts with `#` is of a column of figures.
    pub fn new(caption: impl Into<String>, columns: &[&str]) -> Self {
        let columns = columns
            .iter()
            .map(|text| match text.strip_prefix('#') {
                Some(text) => Column { text: text.to_owned(), numeric: true },
                None => Column { text: (*text).to_owned(), numeric: false },
            })
            .collect::<Vec<Column>>();
        Self { caption: caption.into(), wide: columns.len() > NARROW, columns, rows: Vec::new() }
    }

    /// Appends a row of texts.
    pub fn push<T: Into<String>>(&mut self, row: impl IntoIterator<Item = T>) {
        self.push_cells(row.into_iter().map(|text| Cell { text: text.into(), ..Cell::default() }).collect());
    }

    /// Appends a row of cells.
    pub fn push_cells(&mut self, mut row: Vec<Cell>) {
        row.resize(self.columns.len(), Cell::default());
        for (cell, column) in row.iter_mut().zip(&self.columns) {
            cell.numeric = column.numeric;
            let is_word = cell.text.len() <= UNBROKEN && !cell.text.contains(' ');
            cell.unbroken = !cell.numeric && is_word && cell.text.contains(['-', '–']);
        }
        self.rows.push(row);
    }
}
