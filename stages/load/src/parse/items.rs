//! Rows of product files.

use pipeline::TextBlock;

use super::{
    RowParser, amazon_items,
    fields::utf8,
    mapped::{self, Mapping},
    sequences,
};
use crate::{
    block::RowBytes,
    fault::{Fault, Place, Reason},
    input::Row,
    item::ItemPart,
    params::{Layout, Params},
};

/// Parses the rows of product files.
pub struct ItemParser {
    layout: Layout,
    mapping: Mapping,
    list_separator: String,
}

impl ItemParser {
    /// The parser for these parameters.
    pub fn new(params: &Params) -> Self {
        let mapping = params.metadata_columns.as_ref().map(Mapping::of_items).unwrap_or_default();
        Self { layout: params.layout, mapping, list_separator: params.list_separator.clone() }
    }

    /// The mapping of columns; without names for the Amazon layouts.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }
}

impl RowParser for ItemParser {
    fn parse(&self, row: &Row, place: Place, bytes: &mut RowBytes, _: &mut TextBlock) -> Result<(), Fault> {
        let items = match (self.layout, row) {
            (Layout::Columns, _) => {
                vec![self.mapping.with_cells(row, |cells| mapped::item(&self.mapping, &self.list_separator, cells))?]
            }
            (Layout::Sequences, Row::Line(line)) => sequences::items(utf8(line)?)?,
            (layout, Row::Line(line)) => vec![amazon_items::parse(layout, utf8(line)?)?],
            // Files of other forms are refused for these layouts before they are opened.
            _ => return Err(Fault::of_row(Reason::WrongType, "expected a line of text")),
        };
        for item in items {
            let name = item.key.clone();
            let part = ItemPart::Metadata(place, Box::new(item));
            part.push_key(&name, &mut bytes.keys);
            part.encode(&name, &mut bytes.payloads);
            bytes.end_row();
        }
        Ok(())
    }
}
