//! The kinds of faults, and how a sound line is spoilt by each.

use crate::{
    Layout,
    catalogue::Catalogue,
    dice::Dice,
    lines::{
        product::{self, quoted_asin},
        review::ReviewLine,
    },
};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The line ends in the middle.
    Broken,
    /// A byte that UTF-8 does not have.
    BadUtf8,
    /// A field of another type, or no object at all.
    WrongType,
    /// No user.
    MissingUser,
    /// No item.
    MissingItem,
    /// No rating.
    MissingRating,
    /// No time.
    MissingTime,
    /// A rating below 1 or above 5.
    RatingOutOfRange,
    /// A time before there were reviews, or far in the future.
    ImpossibleTime,
    /// The very line of an earlier row.
    Duplicate,
    /// Nothing but white space.
    EmptyLine,
}

impl Fault {
    /// Faults of review lines, in the order in which they take turns.
    pub const OF_REVIEWS: [Self; 11] = [
        Self::Broken,
        Self::Duplicate,
        Self::MissingUser,
        Self::WrongType,
        Self::RatingOutOfRange,
        Self::BadUtf8,
        Self::MissingItem,
        Self::ImpossibleTime,
        Self::EmptyLine,
        Self::MissingRating,
        Self::MissingTime,
    ];

    /// Faults of product lines, in the order in which they take turns.
    pub const OF_PRODUCTS: [Self; 6] =
        [Self::Duplicate, Self::Broken, Self::MissingItem, Self::BadUtf8, Self::WrongType, Self::EmptyLine];

    /// The word for it in the truth. `is_python` tells whether the file holds Python literals.
    pub fn reason(self, is_python: bool) -> &'static str {
        match self {
            Self::Broken if is_python => "broken-literal",
            Self::Broken => "broken-json",
            Self::BadUtf8 => "bad-utf8",
            Self::WrongType => "wrong-type",
            Self::MissingUser => "missing-user",
            Self::MissingItem => "missing-item",
            Self::MissingRating => "missing-rating",
            Self::MissingTime => "missing-time",
            Self::RatingOutOfRange => "rating-out-of-range",
            Self::ImpossibleTime => "impossible-time",
            Self::Duplicate => "duplicate",
            Self::EmptyLine => "empty-line",
        }
    }

    /// A sound review line with this fault. Duplicates and empty lines do not come here.
    pub fn spoil_review(self, layout: Layout, mut line: ReviewLine, dice: &mut Dice) -> Vec<u8> {
        let absent = |dice: &mut Dice| [None, Some("null"), Some("\"\"")][dice.below(3)].map(str::to_owned);
        let no_number = |dice: &mut Dice| [None, Some("null")][dice.below(2)].map(str::to_owned);
        match self {
            Self::MissingUser => line.user = absent(dice),
            Self::MissingItem => line.item = absent(dice),
            Self::MissingRating => line.rating = no_number(dice),
            Self::MissingTime => line.time = no_number(dice),
            Self::RatingOutOfRange => line.rating = Some(dice.pick(&["0.0", "6.0", "-1.0", "55"]).to_owned()),
            Self::ImpossibleTime => line.time = Some(impossible_time(layout, dice).to_string()),
            Self::WrongType => match dice.below(4) {
                0 => line.user = Some("12345".to_owned()),
                1 => line.rating = Some("\"five\"".to_owned()),
                2 => line.time = Some("\"yesterday\"".to_owned()),
                _ => return br#"["not", "an", "object"]"#.to_vec(),
            },
            _ => {}
        }
        self.spoil_text(line.write(layout), dice)
    }

    /// The line of a product with this fault. Duplicates and empty lines do not come here.
    pub fn spoil_product(self, layout: Layout, catalogue: &Catalogue, number: u32, dice: &mut Dice) -> Vec<u8> {
        let asin = match self {
            Self::MissingItem => None,
            Self::WrongType => Some("[7]".to_owned()),
            _ => Some(quoted_asin(layout, catalogue, number)),
        };
        self.spoil_text(product::write(layout, catalogue, number, asin.as_deref()), dice)
    }

    fn spoil_text(self, mut text: String, dice: &mut Dice) -> Vec<u8> {
        if self == Self::Broken {
            text.truncate(text.floor_char_boundary(1 + dice.below(text.len() - 1)));
        }
        let mut bytes = text.into_bytes();
        if self == Self::BadUtf8 {
            bytes.insert(dice.below(bytes.len()), 0xFF);
        }
        bytes
    }
}

/// A time in 1970 or 2150 or before the epoch, in the unit of the layout.
fn impossible_time(layout: Layout, dice: &mut Dice) -> i64 {
    let seconds = dice.pick(&[0_i64, 86_400, 5_680_281_600, -86_400]);
    if layout == Layout::Amazon2023 { seconds * 1000 } else { seconds }
}
