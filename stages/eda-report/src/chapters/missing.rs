//! Which values are missing, and which are missing together.

use reports::{
    chart::{self, Frame, Series, Unit},
    page::{Section, Table},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    data::{Data, Products},
    words::{figure, number, percent, section},
};

/// Most patterns of a table that are told.
const PATTERNS: usize = 15;

/// Missing values of the reviews and of the metadata.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MissingValues {
    /// Columns of the reviews that may be empty.
    pub reviews: Gaps,
    /// Columns of the metadata, over the products that have reviews.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub products: Option<Gaps>,
}

/// Missing values of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gaps {
    /// Rows of the table.
    pub rows: u64,
    /// Names of its columns that may be empty.
    pub columns: Vec<String>,
    /// Rows that lack a value, by column.
    pub missing: Vec<u64>,
    /// Rows that have a value in every one of these columns.
    pub complete: u64,
    /// Which columns are missing together, the most frequent first; at most 15.
    pub patterns: Vec<Pattern>,
    /// Correlation (phi) of a value's being missing in two columns: 1 if always together, −1 if never; none where a
    /// column is always or never filled.
    pub correlation: Vec<Vec<Option<f64>>>,
}

/// Rows that lack the same columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pattern {
    /// The columns that they lack; none for rows that lack nothing.
    pub missing: Vec<String>,
    /// Rows.
    pub rows: u64,
}

impl Chapter for MissingValues {
    fn measure(data: &Data, _: &Params) -> anyhow::Result<Option<Self>> {
        let reviews = &data.reviews;
        let mut columns = vec!["verified", "helpful_votes"];
        if data.texts.is_some() {
            columns.extend(["title", "text"]);
        } else {
            columns.push("text");
        }
        let lacks = |row: usize| {
            let text = reviews.length(row).is_none();
            let (title, text) =
                data.texts.as_ref().map_or((text, false), |texts| (texts.title_words(row).is_none(), text));
            [reviews.verified(row).is_none(), reviews.votes(row).is_none(), title, text]
        };
        let of_reviews = Gaps::of(&columns, (0..reviews.len()).map(|row| bits(&lacks(row)[..columns.len()])));
        let products = data.products.as_ref().filter(|products| products.is_described()).map(|products| {
            Gaps::of(&Products::FIELDS, products.filled.iter().map(|filled| usize::from(!filled) & 0x7F))
        });
        Ok(Some(Self { reviews: of_reviews, products }))
    }

    fn sections(&self) -> Vec<Section> {
        let mut readings = vec![self.reviews.reading(
            "review",
            "User, item, rating and time are never empty, as rows without them are rejected when files are loaded.",
        )];
        let mut figures = vec![self.reviews.bars("Reviews that lack a value")];
        let mut tables = vec![self.reviews.table("Columns that reviews lack together")];
        figures.extend(self.reviews.together("Missing together: reviews"));
        if let Some(products) = &self.products {
            readings.push(products.reading("product", ""));
            figures.push(products.bars("Products that lack a value"));
            tables.push(products.table("Fields that products lack together"));
            figures.extend(products.together("Missing together: products"));
        }
        let mut section = section("missing", "Missing values", readings, figures);
        section.tables = tables;
        vec![section.in_group("Data").with_note(
            "A text of nothing but spaces counts as missing. Files often leave out helpful votes when there are none.",
        )]
    }
}

/// Bit i is set where the i-th value is missing.
fn bits(lacks: &[bool]) -> usize {
    lacks.iter().enumerate().fold(0, |bits, (place, lacks)| bits | usize::from(*lacks) << place)
}

impl Gaps {
    /// Gaps of rows of which each says what it lacks: a bit a column.
    fn of(columns: &[&str], rows: impl Iterator<Item = usize>) -> Self {
        let mut counts = vec![0_u64; 1 << columns.len()];
        rows.for_each(|bits| counts[bits] += 1);
        let rows: u64 = counts.iter().sum();
        let lacks = |bits: usize, column: usize| bits >> column & 1 == 1;
        let counted = || counts.iter().enumerate().filter(|(_, rows)| **rows > 0);
        let missing = |column| counted().filter(|(bits, _)| lacks(*bits, column)).map(|(_, rows)| rows).sum();
        let mut order: Vec<(usize, u64)> = counted().map(|(bits, rows)| (bits, *rows)).collect();
        order.sort_by_key(|(bits, rows)| (std::cmp::Reverse(*rows), *bits));
        let names = |bits: usize| {
            let missing = columns.iter().enumerate().filter(|(column, _)| lacks(bits, *column));
            missing.map(|(_, name)| (*name).to_owned()).collect()
        };
        let phi = |a: usize, b: usize| {
            let both = counted().filter(|(bits, _)| lacks(*bits, a) && lacks(*bits, b)).map(|(_, rows)| *rows).sum();
            phi(rows, missing(a), missing(b), both)
        };
        Self {
            rows,
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            missing: (0..columns.len()).map(missing).collect(),
            complete: counts[0],
            patterns: order
                .iter()
                .take(PATTERNS)
                .map(|(bits, rows)| Pattern { missing: names(*bits), rows: *rows })
                .collect(),
            correlation: (0..columns.len()).map(|a| (0..columns.len()).map(|b| phi(a, b)).collect()).collect(),
        }
    }

    fn reading(&self, what: &str, rest: &str) -> String {
        let worst =
            self.missing.iter().zip(&self.columns).max_by_key(|(rows, _)| **rows).filter(|(rows, _)| **rows > 0);
        let text = match worst {
            None => format!("Every {what} has a value in every column."),
            Some((rows, column)) => format!(
                "{}. The column {column} is empty most often: in {} rows, {}.",
                match self.complete {
                    0 => format!("Each of {} {what}s lacks something", number(self.rows)),
                    complete => format!("{} of {} {what}s lack nothing", number(complete), number(self.rows)),
                },
                number(*rows),
                percent(*rows as f64 / self.rows.max(1) as f64, 1)
            ),
        };
        if rest.is_empty() { text } else { format!("{text} {rest}") }
    }

    fn bars(&self, title: &str) -> reports::page::Figure {
        let shares: Vec<f64> = self.missing.iter().map(|rows| *rows as f64 / self.rows.max(1) as f64).collect();
        let frame = Frame { title, description: "Share of rows without a value, a bar a column.", ..Frame::default() };
        let series = [Series { name: "missing", values: &shares }];
        figure(title, chart::horizontal_bars(&frame, &self.columns, &series, Unit::Percent))
    }

    /// The correlation of missing values, where at least two columns are filled now and then.
    fn together(&self, title: &str) -> Option<reports::page::Figure> {
        let kept: Vec<usize> =
            (0..self.columns.len()).filter(|column| self.correlation[*column][*column].is_some()).collect();
        if kept.len() < 2 {
            return None;
        }
        let names: Vec<String> = kept.iter().map(|column| self.columns[*column].clone()).collect();
        let values: Vec<Vec<Option<f64>>> =
            kept.iter().map(|a| kept.iter().map(|b| self.correlation[*a][*b]).collect()).collect();
        let frame = Frame { title, description: "Correlation of being missing, from −1 to 1.", ..Frame::default() };
        Some(figure(title, chart::heat_map(&frame, &names, &values)))
    }

    fn table(&self, caption: &str) -> Table {
        let mut table = Table::new(caption, &["missing", "#rows", "#share"]);
        for pattern in &self.patterns {
            let names = if pattern.missing.is_empty() { "nothing".to_owned() } else { pattern.missing.join(", ") };
            table.push([names, number(pattern.rows), percent(pattern.rows as f64 / self.rows.max(1) as f64, 2)]);
        }
        table
    }
}

/// Pearson's r of two yes-or-no columns with `a` and `b` rows of yes, of which `both` share.
fn phi(rows: u64, a: u64, b: u64, both: u64) -> Option<f64> {
    let [rows, a, b, both] = [rows, a, b, both].map(|count| count as f64);
    let scale = (a * (rows - a) * b * (rows - b)).sqrt();
    (scale > 0.0).then(|| ((rows * both - a * b) / scale).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::fixture::{data, row},
        formulas::ranks::pearson,
    };

    #[test]
    fn gaps_by_hand() {
        // Bits: a lacks, b lacks. Rows: none, a and b, a and b, b.
        let gaps = Gaps::of(&["a", "b"], [0b00, 0b11, 0b11, 0b10].into_iter());
        assert_eq!((gaps.rows, gaps.complete, gaps.missing.as_slice()), (4, 1, &[2, 3][..]));
        assert_eq!((gaps.patterns[0].missing.join(" "), gaps.patterns[0].rows), ("a b".to_owned(), 2));
        assert!(gaps.patterns[1].missing.is_empty(), "of equally frequent ones the one that lacks less");
        // Phi of 1 1 0 0 and 1 1 1 0 is Pearson's r of them.
        let expected = pearson(&[0.0, 1.0, 1.0, 0.0], &[0.0, 1.0, 1.0, 1.0]).unwrap();
        assert!((gaps.correlation[0][1].unwrap() - expected).abs() < 1e-12);
        assert_eq!(gaps.correlation[0][0], Some(1.0));
        assert_eq!(Gaps::of(&["a"], [0, 0].into_iter()).correlation[0][0], None);
    }

    #[test]
    fn columns_that_are_not_connected_are_not_missing() {
        let found = MissingValues::measure(&data(&[row("u", "a", 1.0, 0)]), &Params::default()).unwrap().unwrap();
        assert_eq!((found.reviews.columns.join(" "), found.products), ("verified helpful_votes text".to_owned(), None));
        assert_eq!(found.reviews.missing, [1, 1, 1]);
    }
}
