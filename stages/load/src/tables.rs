//! The rows of the three tables, handed to their writers in pieces of bounded size.
//!
//! Where a piece ends depends on the rows alone, so equal rows give equal bytes.

use std::{
    sync::mpsc::{self, SyncSender},
    thread::{self, JoinHandle},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use pipeline::{Context, Kind, TableWriter};
use polars::{
    frame::DataFrame,
    prelude::{
        BooleanChunkedBuilder, ChunkedBuilder, Column, Float32Type, Int64Type, IntoColumn, IntoSeries,
        ListBuilderTrait, ListStringChunkedBuilder, PlSmallStr, PrimitiveChunkedBuilder, StringChunkedBuilder,
        UInt32Type, UInt64Type,
    },
};

use crate::{Error, fault::Reject, item::Item, review::Review};

/// A piece ends after so many rows, or so many bytes of text.
const PIECE_ROWS: usize = 64 * 1024;
const PIECE_BYTES: usize = 32 << 20;

fn texts(name: &'static str) -> StringChunkedBuilder {
    StringChunkedBuilder::new(PlSmallStr::from_static(name), 0)
}

fn lists(name: &'static str) -> ListStringChunkedBuilder {
    ListStringChunkedBuilder::new(PlSmallStr::from_static(name), 0, 0)
}

fn text_column(builder: StringChunkedBuilder) -> Column {
    builder.finish().into_series().into_column()
}

fn list_column(mut builder: ListStringChunkedBuilder) -> Column {
    builder.finish().into_series().into_column()
}

macro_rules! numbers {
    ($kind:ty, $name:literal) => {
        PrimitiveChunkedBuilder::<$kind>::new(PlSmallStr::from_static($name), 0)
    };
}

/// Columns under construction.
trait Piece {
    /// Columns without rows.
    fn empty() -> Self;

    /// The finished columns.
    fn columns(self) -> Vec<Column>;
}

/// A table that is written piece by piece, on a thread of its own.
struct Table<P> {
    /// Where finished pieces go; the writer ends when this is gone.
    pieces: SyncSender<DataFrame>,
    writer: JoinHandle<Result<usize, pipeline::Error>>,
    piece: P,
    rows: usize,
    bytes: usize,
}

impl<P: Piece> Table<P> {
    fn create(context: &Context, port: &str, kind: Kind) -> Result<Self, Error> {
        let mut writer = TableWriter::create(context, port, kind)?;
        // One piece waits while another is written and a third grows.
        let (pieces, finished) = mpsc::sync_channel(1);
        let write = move || {
            for piece in finished {
                writer.write(&piece)?;
            }
            writer.finish()
        };
        let writer = thread::Builder::new().name("load-write".to_owned()).spawn(write);
        let writer = writer.map_err(|source| Error::Thread { source })?;
        Ok(Self { pieces, writer, piece: P::empty(), rows: 0, bytes: 0 })
    }

    /// Notes that a row with so many bytes of text was appended to the piece.
    fn appended(&mut self, bytes: usize) -> Result<(), Error> {
        self.rows += 1;
        self.bytes += bytes;
        if self.rows >= PIECE_ROWS || self.bytes >= PIECE_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        let columns = std::mem::replace(&mut self.piece, P::empty()).columns();
        // A writer that has gone leaves its error to `finish`.
        let _ = self.pieces.send(DataFrame::new(self.rows, columns)?);
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    fn finish(mut self) -> Result<usize, Error> {
        if self.rows > 0 {
            self.flush()?;
        }
        drop(self.pieces);
        let written = self.writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok(written?)
    }
}

struct ReviewPiece {
    user: StringChunkedBuilder,
    item: StringChunkedBuilder,
    rating: PrimitiveChunkedBuilder<Float32Type>,
    time: PrimitiveChunkedBuilder<Int64Type>,
    verified: BooleanChunkedBuilder,
    helpful_votes: PrimitiveChunkedBuilder<UInt32Type>,
    text_length: PrimitiveChunkedBuilder<UInt32Type>,
    part: PrimitiveChunkedBuilder<UInt32Type>,
    row: PrimitiveChunkedBuilder<UInt32Type>,
}

impl Piece for ReviewPiece {
    fn empty() -> Self {
        Self {
            user: texts("user"),
            item: texts("item"),
            rating: numbers!(Float32Type, "rating"),
            time: numbers!(Int64Type, "time"),
            verified: BooleanChunkedBuilder::new(PlSmallStr::from_static("verified"), 0),
            helpful_votes: numbers!(UInt32Type, "helpful_votes"),
            text_length: numbers!(UInt32Type, "text_length"),
            part: numbers!(UInt32Type, "part"),
            row: numbers!(UInt32Type, "row"),
        }
    }

    fn columns(self) -> Vec<Column> {
        vec![
            text_column(self.user),
            text_column(self.item),
            self.rating.finish().into_series().into_column(),
            self.time.finish().into_series().into_column(),
            self.verified.finish().into_series().into_column(),
            self.helpful_votes.finish().into_series().into_column(),
            self.text_length.finish().into_series().into_column(),
            self.part.finish().into_series().into_column(),
            self.row.finish().into_series().into_column(),
        ]
    }
}

/// The Reviews table.
pub struct ReviewTable(Table<ReviewPiece>);

impl ReviewTable {
    /// Starts it.
    pub fn create(context: &Context) -> Result<Self, Error> {
        Table::create(context, "reviews", Kind::Reviews).map(Self)
    }

    /// Appends a review whose texts stand at this part and row.
    pub fn push(&mut self, review: &Review, part: u32, row: u32) -> Result<(), Error> {
        let piece = &mut self.0.piece;
        piece.user.append_value(&review.user);
        piece.item.append_value(&review.item);
        piece.rating.append_value(review.rating);
        piece.time.append_value(review.time);
        piece.verified.append_option(review.verified);
        piece.helpful_votes.append_option(review.helpful_votes);
        piece.text_length.append_option(review.text_length);
        piece.part.append_value(part);
        piece.row.append_value(row);
        self.0.appended(review.user.len() + review.item.len())
    }

    /// Ends it; the number of rows.
    pub fn finish(self) -> Result<usize, Error> {
        self.0.finish()
    }
}

struct ItemPiece {
    item: StringChunkedBuilder,
    title: StringChunkedBuilder,
    brand: StringChunkedBuilder,
    categories: ListStringChunkedBuilder,
    price: PrimitiveChunkedBuilder<Float32Type>,
    description: StringChunkedBuilder,
    image: StringChunkedBuilder,
    also_bought: ListStringChunkedBuilder,
    also_viewed: ListStringChunkedBuilder,
}

impl Piece for ItemPiece {
    fn empty() -> Self {
        Self {
            item: texts("item"),
            title: texts("title"),
            brand: texts("brand"),
            categories: lists("categories"),
            price: numbers!(Float32Type, "price"),
            description: texts("description"),
            image: texts("image"),
            also_bought: lists("also_bought"),
            also_viewed: lists("also_viewed"),
        }
    }

    fn columns(self) -> Vec<Column> {
        vec![
            text_column(self.item),
            text_column(self.title),
            text_column(self.brand),
            list_column(self.categories),
            self.price.finish().into_series().into_column(),
            text_column(self.description),
            text_column(self.image),
            list_column(self.also_bought),
            list_column(self.also_viewed),
        ]
    }
}

/// The Items table.
pub struct ItemTable(Table<ItemPiece>);

impl ItemTable {
    /// Starts it.
    pub fn create(context: &Context) -> Result<Self, Error> {
        Table::create(context, "items", Kind::Items).map(Self)
    }

    /// Appends a product.
    pub fn push(&mut self, item: &Item) -> Result<(), Error> {
        let piece = &mut self.0.piece;
        piece.item.append_value(&item.key);
        piece.title.append_option(item.title.as_deref());
        piece.brand.append_option(item.brand.as_deref());
        piece.price.append_option(item.price);
        piece.description.append_option(item.description.as_deref());
        piece.image.append_option(item.image.as_deref());
        let mut bytes = item.description.as_ref().map_or(0, String::len);
        for (builder, values) in [
            (&mut piece.categories, &item.categories),
            (&mut piece.also_bought, &item.also_bought),
            (&mut piece.also_viewed, &item.also_viewed),
        ] {
            builder.append_values_iter(values.iter().map(String::as_str));
            bytes += values.iter().map(String::len).sum::<usize>();
        }
        self.0.appended(bytes)
    }

    /// Ends it; the number of rows.
    pub fn finish(self) -> Result<usize, Error> {
        self.0.finish()
    }
}

struct RejectPiece {
    file: StringChunkedBuilder,
    line: PrimitiveChunkedBuilder<UInt64Type>,
    byte_offset: PrimitiveChunkedBuilder<UInt64Type>,
    reason: StringChunkedBuilder,
    field: StringChunkedBuilder,
    detail: StringChunkedBuilder,
    raw: StringChunkedBuilder,
    is_base64: BooleanChunkedBuilder,
}

impl Piece for RejectPiece {
    fn empty() -> Self {
        Self {
            file: texts("file"),
            line: numbers!(UInt64Type, "line"),
            byte_offset: numbers!(UInt64Type, "byte_offset"),
            reason: texts("reason"),
            field: texts("field"),
            detail: texts("detail"),
            raw: texts("raw"),
            is_base64: BooleanChunkedBuilder::new(PlSmallStr::from_static("is_base64"), 0),
        }
    }

    fn columns(self) -> Vec<Column> {
        vec![
            text_column(self.file),
            self.line.finish().into_series().into_column(),
            self.byte_offset.finish().into_series().into_column(),
            text_column(self.reason),
            text_column(self.field),
            text_column(self.detail),
            text_column(self.raw),
            self.is_base64.finish().into_series().into_column(),
        ]
    }
}

/// The Rejects table.
pub struct RejectTable(Table<RejectPiece>);

impl RejectTable {
    /// Starts it.
    pub fn create(context: &Context) -> Result<Self, Error> {
        Table::create(context, "rejects", Kind::Rejects).map(Self)
    }

    /// Appends a row that stood in `file`.
    pub fn push(&mut self, file: &str, reject: &Reject) -> Result<(), Error> {
        let piece = &mut self.0.piece;
        piece.file.append_value(file);
        piece.line.append_value(reject.place.line);
        piece.byte_offset.append_value(reject.place.byte_offset);
        piece.reason.append_value(reject.fault.reason.code());
        piece.field.append_option(reject.fault.field.as_deref());
        piece.detail.append_value(&reject.fault.detail);
        let text = std::str::from_utf8(&reject.raw);
        piece.is_base64.append_value(text.is_err());
        match text {
            Ok(text) => piece.raw.append_value(text),
            Err(_) => piece.raw.append_value(STANDARD.encode(&reject.raw)),
        }
        self.0.appended(reject.raw.len() + reject.fault.detail.len())
    }

    /// Ends it; the number of rows.
    pub fn finish(self) -> Result<usize, Error> {
        self.0.finish()
    }
}
