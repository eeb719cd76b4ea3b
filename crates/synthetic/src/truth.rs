//! What is in the files, counted while they are written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Settings;

/// How many faulty lines are listed one by one; the counts hold all.
pub const LISTED_LINES: usize = 1000;

/// What the files hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// What was asked for.
    pub settings: Settings,
    /// The review file.
    pub reviews: FileTruth,
    /// The product file.
    pub products: FileTruth,
}

/// What one file holds. `rows = sound + duplicates + rejects`; `lines = rows + empty_lines`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTruth {
    /// Name of the file.
    pub file: String,
    /// Lines in all.
    pub lines: u64,
    /// Lines with nothing but white space.
    pub empty_lines: u64,
    /// Lines that are not empty.
    pub rows: u64,
    /// Rows without fault.
    pub sound: u64,
    /// Exact copies of earlier sound rows.
    pub duplicates: u64,
    /// Rows with a fault.
    pub rejects: u64,
    /// Rows with a fault, by the kind of fault.
    pub rejects_by_reason: BTreeMap<String, u64>,
    /// The first faulty lines, duplicates and empty ones among them.
    pub faulty_lines: Vec<FaultyLine>,
}

/// One line that is no sound row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultyLine {
    /// From 1.
    pub line: u64,
    /// Of its first byte, in the decompressed file.
    pub byte_offset: u64,
    /// Kind of fault, `duplicate` or `empty-line`.
    pub reason: String,
}
