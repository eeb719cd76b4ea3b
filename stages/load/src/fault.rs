//! Why a row was not taken.

/// The kinds of faults; their codes stand in the `reason` column of the Rejects table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// `broken-json`: the line is not JSON.
    BrokenJson,
    /// `broken-literal`: the line is not a Python literal (2014 metadata).
    BrokenLiteral,
    /// `broken-csv`: the record has another number of fields than the first one.
    BrokenCsv,
    /// `bad-utf8`: the line or a field is not UTF-8.
    BadUtf8,
    /// `too-long`: the line is longer than `max_line_bytes`; only its beginning is kept.
    TooLong,
    /// `wrong-type`: the row is no object, or a field has another type than the layout declares.
    WrongType,
    /// `missing-user`: no user key: absent, null or blank.
    MissingUser,
    /// `missing-item`: no item key: absent, null or blank.
    MissingItem,
    /// `missing-rating`: no rating: absent, null or blank.
    MissingRating,
    /// `missing-time`: no time: absent, null or blank.
    MissingTime,
    /// `rating-out-of-range`: below 1 or above 5.
    RatingOutOfRange,
    /// `impossible-time`: before 1995, when there were no reviews, or from 2100 on.
    ImpossibleTime,
    /// `duplicate`: a review line that was there before, byte by byte, or another row of the same product.
    Duplicate,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 13] = [
        Self::BrokenJson,
        Self::BrokenLiteral,
        Self::BrokenCsv,
        Self::BadUtf8,
        Self::TooLong,
        Self::WrongType,
        Self::MissingUser,
        Self::MissingItem,
        Self::MissingRating,
        Self::MissingTime,
        Self::RatingOutOfRange,
        Self::ImpossibleTime,
        Self::Duplicate,
    ];

    /// The reason with this code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The code in tables and summaries.
    pub fn code(self) -> &'static str {
        match self {
            Self::BrokenJson => "broken-json",
            Self::BrokenLiteral => "broken-literal",
            Self::BrokenCsv => "broken-csv",
            Self::BadUtf8 => "bad-utf8",
            Self::TooLong => "too-long",
            Self::WrongType => "wrong-type",
            Self::MissingUser => "missing-user",
            Self::MissingItem => "missing-item",
            Self::MissingRating => "missing-rating",
            Self::MissingTime => "missing-time",
            Self::RatingOutOfRange => "rating-out-of-range",
            Self::ImpossibleTime => "impossible-time",
            Self::Duplicate => "duplicate",
        }
    }
}

/// What is wrong with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Kind of fault.
    pub reason: Reason,
    /// The faulty field as the file names it.
    pub field: Option<String>,
    /// What was wanted and what was found.
    pub detail: String,
}

impl Fault {
    /// A fault of the whole row.
    pub fn of_row(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, field: None, detail: detail.into() }
    }

    /// A fault of one field.
    pub fn of_field(reason: Reason, field: &str, detail: impl Into<String>) -> Self {
        Self { reason, field: Some(field.to_owned()), detail: detail.into() }
    }

    /// A field of another type than declared.
    pub fn wrong_type(field: &str, expected: &str, found: &str) -> Self {
        Self::of_field(Reason::WrongType, field, format!("expected {expected}, found {found}"))
    }
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the file among those of its parameter.
    pub file: u32,
    /// Line (text) or row (Parquet), from 1.
    pub line: u64,
    /// Of the line's first byte in the decompressed file; the row, from 0, for Parquet.
    pub byte_offset: u64,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Where it stands.
    pub place: Place,
    /// What is wrong with it.
    pub fault: Fault,
    /// The row as it stands.
    pub raw: Vec<u8>,
}
