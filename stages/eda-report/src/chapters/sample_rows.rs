//! Some rows as they stand: the first, the last, and others by chance.

use reports::page::{Section, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Chapter;
use crate::{
    Params,
    data::{Data, Texts},
    words::{MISSING, date, number, section, stars},
};

/// Characters of a title and of a text that are shown.
const TITLE: usize = 80;
const TEXT: usize = 200;

/// Some rows of the table of reviews.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SampleRows {
    /// The first five, the last five, and about ten others by a hash of their place, in the order of the table: by item,
    /// user and time.
    pub rows: Vec<SampleRow>,
    /// Whether users and texts are left out.
    pub redacted: bool,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SampleRow {
    /// Its place in the table, from 0.
    pub row: u64,
    /// The user.
    pub user: String,
    /// The item.
    pub item: String,
    /// The rating.
    pub rating: f32,
    /// Unix seconds, UTC.
    pub time: i64,
    /// Whether the purchase is verified, where told.
    pub verified: Option<bool>,
    /// Helpful votes, where told.
    pub helpful_votes: Option<u32>,
    /// The start of the title.
    pub title: Option<String>,
    /// The start of the text.
    pub text: Option<String>,
}

impl Chapter for SampleRows {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        let rows = Texts::shown_rows(data.reviews.len(), params.seed);
        Ok(Some(Self { rows: rows.into_iter().map(|row| sample_row(data, row)).collect(), redacted: params.redact }))
    }

    fn sections(&self) -> Vec<Section> {
        let headings = ["#row", "user", "product", "#stars", "day", "verified", "#votes", "title and text"];
        let mut table = Table::new("Rows", &headings);
        for row in &self.rows {
            let verified = row.verified.map_or(MISSING, |verified| if verified { "yes" } else { "no" });
            let words = [row.title.as_deref(), row.text.as_deref()];
            let words = words.into_iter().flatten().collect::<Vec<_>>().join(" – ");
            table.push([
                number(row.row),
                row.user.clone(),
                row.item.clone(),
                stars(f64::from(row.rating)),
                date(row.time),
                verified.to_owned(),
                row.helpful_votes.map_or_else(|| MISSING.to_owned(), |votes| number(u64::from(votes))),
                if words.is_empty() { MISSING.to_owned() } else { words },
            ]);
        }
        table.wide = true;
        let reading = if self.redacted {
            "The first five rows, the last five and some others; users and texts are left out."
        } else {
            "The first five rows, the last five and some others, in the order of the table: by product, user and time."
        };
        vec![
            section("rows", "Sample rows", vec![reading.to_owned()], Vec::new()).in_group("Appendix").with_table(table),
        ]
    }
}

fn sample_row(data: &Data, row: u32) -> SampleRow {
    let (reviews, place) = (&data.reviews, row as usize);
    let samples = data.texts.as_ref().map_or(&[][..], |texts| &texts.samples);
    let text = samples.binary_search_by_key(&row, |(row, _)| *row).ok().map(|found| &samples[found].1);
    SampleRow {
        row: u64::from(row),
        user: data.users.name(reviews.user[place]),
        item: data.items.name(reviews.item[place]),
        rating: reviews.rating[place],
        time: reviews.time[place],
        verified: reviews.verified(place),
        helpful_votes: reviews.votes(place),
        title: text.and_then(|text| text.title.as_deref()).map(|title| start(title, TITLE)),
        text: text.and_then(|text| text.text.as_deref()).map(|text| start(text, TEXT)),
    }
}

/// The start of a text, in one line.
fn start(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{data_with_texts, row};

    #[test]
    fn rows_come_with_the_start_of_their_text() {
        let data = data_with_texts(&[row("v", "a", 5.0, 1).says("so\n good"), row("u", "a", 4.5, 2)]);
        let found = SampleRows::measure(&data, &Params::default()).unwrap().unwrap();
        assert_eq!(found.rows.len(), 2);
        assert_eq!((found.rows[0].user.as_str(), found.rows[0].text.as_deref()), ("u", None));
        assert_eq!((found.rows[1].row, found.rows[1].text.as_deref()), (1, Some("so good")));
        assert_eq!(start("abcdef", 3), "abc…");
    }
}
