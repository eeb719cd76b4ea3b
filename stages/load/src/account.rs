//! Where every row went.

use std::collections::BTreeMap;

use pipeline::Context;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    Error,
    fault::{Place, Reason, Reject},
    input::SourceFile,
};

/// A load that is mostly faulty stops after this many rows instead of reading on to the end.
const EARLY_ROWS: u64 = 10_000;

/// Examples of each reason that are kept; an error shows the first two of the most frequent one.
const EXAMPLES: usize = 3;

/// The rows of one parameter's files.
pub struct Account {
    /// `reviews` or `metadata`.
    pub parameter: &'static str,
    /// Rows read; empty lines are none.
    pub rows_in: u64,
    /// Rows written.
    pub rows_out: u64,
    /// Rows among those written or repeating an earlier one that a repair made sound.
    pub repaired: u64,
    /// Rows that repeat an earlier one.
    pub duplicates: u64,
    /// Lines with nothing but white space.
    pub empty_lines: u64,
    rejects: BTreeMap<Reason, u64>,
    /// Those that stand first, whatever the order in which files were read.
    examples: BTreeMap<Reason, BTreeMap<Place, String>>,
    files: Vec<String>,
    limit: f64,
}

impl Account {
    /// An account of no rows yet.
    pub fn new(parameter: &'static str, files: &[SourceFile], limit: f64) -> Self {
        Self {
            parameter,
            rows_in: 0,
            rows_out: 0,
            repaired: 0,
            duplicates: 0,
            empty_lines: 0,
            rejects: BTreeMap::new(),
            examples: BTreeMap::new(),
            files: files.iter().map(|file| file.path.display().to_string()).collect(),
            limit,
        }
    }

    /// The path of a file by its number.
    pub fn file(&self, number: u32) -> &str {
        &self.files[number as usize]
    }

    /// Counts a reject.
    pub fn reject(&mut self, reject: &Reject) {
        let reason = reject.fault.reason;
        *self.rejects.entry(reason).or_default() += 1;
        let examples = self.examples.entry(reason).or_default();
        let is_first = examples.last_key_value().is_none_or(|(last, _)| reject.place < *last);
        if is_first || examples.len() < EXAMPLES {
            let field = reject.fault.field.as_ref().map_or(String::new(), |field| format!(" `{field}`"));
            let (file, line) = (&self.files[reject.place.file as usize], reject.place.line);
            examples.insert(reject.place, format!("{file}:{line}{field}: {}", reject.fault.detail));
        }
        if examples.len() > EXAMPLES {
            examples.pop_last();
        }
    }

    /// Number of rejects; duplicates are none.
    pub fn rejects(&self) -> u64 {
        self.rejects.values().sum()
    }

    /// Fails when it is clear already that far too much is faulty: more than half of many rows.
    pub fn check_early(&self) -> Result<(), Error> {
        let is_hopeless = self.rows_in >= EARLY_ROWS && self.rejects() * 2 > self.rows_in && self.limit < 0.5;
        if is_hopeless { Err(self.too_many()) } else { Ok(()) }
    }

    /// Fails when more rows were rejected than the limit allows, or when there are none at all.
    pub fn check_ratio(&self) -> Result<(), Error> {
        if self.rows_in == 0 {
            return Err(Error::Empty { path: self.files.join(", ").into() });
        }
        let ratio = self.rejects() as f64 / self.rows_in as f64;
        if ratio > self.limit { Err(self.too_many()) } else { Ok(()) }
    }

    fn too_many(&self) -> Error {
        // The first of the most frequent ones, in the order of the reasons.
        let most = self.rejects.values().copied().max().unwrap_or_default();
        let reason = self.rejects.iter().find(|(_, count)| **count == most).map(|(reason, _)| *reason);
        let rejects = self.rejects();
        Error::TooManyRejects {
            parameter: self.parameter,
            rejects,
            rows: self.rows_in,
            percent: percent(rejects as f64 / self.rows_in as f64),
            limit: percent(self.limit),
            reason: reason.map_or_else(String::new, |reason| reason.code().to_owned()),
            count: most,
            examples: reason
                .and_then(|reason| self.examples.get(&reason))
                .map(|examples| examples.values().take(2).cloned().collect::<Vec<String>>().join("\n      "))
                .unwrap_or_default(),
            hint: if self.parameter == "reviews" { " (or `columns`)" } else { " (or `metadata_columns`)" },
        }
    }

    /// Fails unless every row is accounted for.
    pub fn check_sum(&self) -> Result<(), Error> {
        let rejects = self.rejects();
        if self.rows_in == self.rows_out + rejects + self.duplicates {
            return Ok(());
        }
        let Self { parameter, rows_in, rows_out, duplicates, .. } = *self;
        Err(Error::Accounting { parameter, rows_in, rows_out, rejects, duplicates })
    }

    /// The account with up to three examples of each reason, in the order of the reasons.
    pub fn told(&self) -> Told<'_> {
        let reason = |(reason, rows): (&Reason, &u64)| ToldReason {
            code: reason.code(),
            rows: *rows,
            examples: self.examples.get(reason).into_iter().flat_map(BTreeMap::values).map(String::as_str).collect(),
        };
        Told {
            files: &self.files,
            rows_in: self.rows_in,
            rows_out: self.rows_out,
            repaired: self.repaired,
            duplicates: self.duplicates,
            empty_lines: self.empty_lines,
            rejected: self.rejects(),
            reasons: self.rejects.iter().map(reason).collect(),
        }
    }

    /// Tells the figures, their names after `prefix`.
    pub fn summarise(&self, prefix: &str, context: &Context) {
        let tell = |name: &str, value: Value| context.summary(&format!("{prefix}{name}"), value);
        tell("rows_in", self.rows_in.into());
        tell("rows_out", self.rows_out.into());
        tell("rejects", self.rejects().into());
        tell("duplicates", self.duplicates.into());
        if self.repaired > 0 {
            tell("repaired", self.repaired.into());
        }
        tell("empty_lines", self.empty_lines.into());
        let reasons = self.rejects.iter().map(|(reason, count)| (reason.code().to_owned(), Value::from(*count)));
        tell("rejects_by_reason", Value::Object(reasons.collect::<Map<_, _>>()));
    }
}

/// An account as the output `account` has it: one object a kind of file.
#[derive(Serialize)]
pub struct Told<'a> {
    files: &'a [String],
    rows_in: u64,
    rows_out: u64,
    repaired: u64,
    duplicates: u64,
    empty_lines: u64,
    rejected: u64,
    reasons: Vec<ToldReason<'a>>,
}

/// Rows rejected for one reason.
#[derive(Serialize)]
struct ToldReason<'a> {
    code: &'static str,
    rows: u64,
    examples: Vec<&'a str>,
}

/// A share with as many digits as are needed to tell it from a small limit.
fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
