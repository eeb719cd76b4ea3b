//! One thing that is wrong in a pipeline file, and all of them as one text for the reader.

use std::{fmt, path::PathBuf};

use super::Place;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, what was wanted, and the nearest right word.
    pub message: String,
    /// Where; none for what was given on the command line.
    pub place: Option<Place>,
    /// What helps to put it right, one line each.
    pub notes: Vec<String>,
}

impl Fault {
    /// A fault without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, notes: Vec::new() }
    }

    /// The same, at a place.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        self.at_place(Some(place))
    }

    /// The same, at a place if one is known.
    #[must_use]
    pub fn at_place(mut self, place: Option<Place>) -> Self {
        self.place = place.filter(|place| place.line > 0);
        self
    }

    /// The same with one more line of help.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// All that is wrong with one pipeline file; reads like a compiler's message.
#[derive(Debug)]
pub struct Faults {
    /// The file.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// The faults, in the order of the file.
    pub list: Vec<Fault>,
}

impl Faults {
    /// The faults of a file, sorted by place.
    pub fn new(file: PathBuf, text: String, mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| fault.place);
        // Of several faults of one word the first is the cause and the others follow from it.
        faults.dedup_by(|later, first| later == first || (later.place.is_some() && later.place == first.place));
        Self { file, text, list: faults }
    }

    fn write_place(&self, formatter: &mut fmt::Formatter, place: Place) -> fmt::Result {
        let digits = place.line.to_string();
        let margin = " ".repeat(digits.len());
        writeln!(formatter, "{margin}--> {}:{}:{}", self.file.display(), place.line, place.column)?;
        let Some(line) = self.text.lines().nth(place.line - 1) else { return Ok(()) };
        let column = place.column.saturating_sub(1);
        let rest = line.chars().count().saturating_sub(column);
        let marks = "^".repeat(place.length.clamp(1, rest.max(1)));
        writeln!(formatter, "{margin} |")?;
        writeln!(formatter, "{digits} | {line}")?;
        writeln!(formatter, "{margin} | {}{marks}", " ".repeat(column))
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        for fault in &self.list {
            writeln!(formatter, "error: {}", fault.message)?;
            if let Some(place) = fault.place {
                self.write_place(formatter, place)?;
            }
            for note in &fault.notes {
                writeln!(formatter, "  = {note}")?;
            }
            writeln!(formatter)?;
        }
        let (count, noun) = (self.list.len(), if self.list.len() == 1 { "fault" } else { "faults" });
        write!(formatter, "{} cannot run: {count} {noun}", self.file.display())
    }
}

impl std::error::Error for Faults {}
