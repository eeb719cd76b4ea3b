//! Reviews and products by a mapping of columns.

use super::{
    cell::Cell,
    fields::{address, distinct_keys, distinct_plain, joined_plain, json, object, utf8},
};
use crate::{
    fault::{Fault, Reason},
    input::Row,
    item::Item,
    params::{ItemColumns, ReviewColumns, TimeUnit},
    review::{FieldNames, Fields},
};

/// The columns of a table in the order in which this module wants their values; none where the
/// mapping leaves one out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Names as the mapping gives them.
    pub names: Vec<Option<String>>,
}

impl Mapping {
    /// The mapping of reviews.
    pub fn of_reviews(columns: &ReviewColumns) -> Self {
        let ReviewColumns { user, item, rating, time, title, text, verified, helpful_votes } = columns.clone();
        Self::of([Some(user), Some(item), Some(rating), Some(time), title, text, verified, helpful_votes])
    }

    /// The mapping of products.
    pub fn of_items(columns: &ItemColumns) -> Self {
        let ItemColumns { item, title, brand, categories, price, description, image, also_bought, also_viewed } =
            columns.clone();
        Self::of([Some(item), title, brand, categories, price, description, image, also_bought, also_viewed])
    }

    /// An empty name maps nothing, so that a variable of a pipeline file can leave a column out.
    fn of<const COLUMNS: usize>(names: [Option<String>; COLUMNS]) -> Self {
        Self { names: names.into_iter().map(|name| name.filter(|name| !name.is_empty())).collect() }
    }

    /// The name of a place, for messages.
    pub fn name(&self, place: usize) -> &str {
        self.names[place].as_deref().unwrap_or_default()
    }

    /// What the needed fields of reviews are called.
    pub fn review_names(&self) -> FieldNames<'_> {
        FieldNames { user: self.name(0), item: self.name(1), rating: self.name(2), time: self.name(3) }
    }

    /// Hands the row's values, in the order of the mapping, to `use_cells`.
    pub fn with_cells<T>(&self, row: &Row, use_cells: impl FnOnce(&[Cell]) -> Result<T, Fault>) -> Result<T, Fault> {
        match row {
            Row::Line(line) => {
                let value = json(utf8(line)?)?;
                let object = object(&value)?;
                let cells: Vec<Cell> = self
                    .names
                    .iter()
                    .map(|name| Cell::of_json(name.as_ref().and_then(|name| object.get(name))))
                    .collect();
                use_cells(&cells)
            }
            Row::Record { fields, places, width } => {
                if fields.len() != *width {
                    let detail = format!("expected {width} fields, found {}", fields.len());
                    return Err(Fault::of_row(Reason::BrokenCsv, detail));
                }
                let cells: Vec<Cell> = places.iter().map(|place| csv_cell(fields, *place)).collect::<Result<_, _>>()?;
                use_cells(&cells)
            }
            Row::Cells(cells) => use_cells(cells),
        }
    }
}

fn csv_cell(fields: &csv::ByteRecord, place: Option<usize>) -> Result<Cell<'_>, Fault> {
    let Some(field) = place.and_then(|place| fields.get(place)) else { return Ok(Cell::Missing) };
    utf8(field).map(Cell::of_text).map_err(|fault| Fault::of_row(fault.reason, fault.detail.replace("line", "field")))
}

/// The fields of a review from the values of [`Mapping::of_reviews`].
pub fn review<'a>(mapping: &Mapping, unit: TimeUnit, cells: &'a [Cell]) -> Result<Fields<'a>, Fault> {
    Ok(Fields {
        user: cells[0].text(mapping.name(0))?,
        item: cells[1].text(mapping.name(1))?,
        rating: cells[2].number(mapping.name(2))?,
        time: cells[3].time(mapping.name(3), unit)?,
        title: cells[4].text(mapping.name(4))?,
        text: cells[5].text(mapping.name(5))?,
        verified: cells[6].boolean(mapping.name(6))?,
        helpful_votes: cells[7].count(mapping.name(7))?,
    })
}

/// The product from the values of [`Mapping::of_items`].
pub fn item(mapping: &Mapping, separator: &str, cells: &[Cell]) -> Result<Item, Fault> {
    let key = cells[0].text(mapping.name(0))?.map(|key| key.trim().to_owned());
    let missing = || Fault::of_field(Reason::MissingItem, mapping.name(0), "expected text, found none");
    let plain = |place: usize| Ok(cells[place].text(mapping.name(place))?.and_then(|text| crate::text::plain(&text)));
    let texts = |place: usize| cells[place].texts(mapping.name(place), separator);
    Ok(Item {
        key: key.ok_or_else(missing)?,
        title: plain(1)?,
        brand: plain(2)?,
        categories: distinct_plain(&texts(3)?),
        price: cells[4].price(mapping.name(4))?,
        // A description is one text, wherever it may hold the separator.
        description: joined_plain(&cells[5].texts(mapping.name(5), "\0")?),
        image: cells[6].text(mapping.name(6))?.as_deref().and_then(address),
        also_bought: distinct_keys(&texts(7)?),
        also_viewed: distinct_keys(&texts(8)?),
    })
}
