//! Text as finished Parquet pages, made on whichever thread has the text at hand.
//!
//! A text is copied once, from where it was parsed into its page. The engine's own way (a column, a
//! table, an encoder) would copy it three times on one thread. Only what texts need is here: optional
//! byte arrays in plain encoding (Apache Parquet format 2.11: "Encodings", "Data Pages").

use polars_parquet::parquet::{
    CowBuffer,
    compression::{CompressionOptions, ZstdLevel, compress},
    encoding::Encoding,
    error::ParquetResult,
    metadata::Descriptor,
    page::{CompressedDataPage, CompressedPage, DataPageHeader, DataPageHeaderV1},
    schema::types::{PhysicalType, PrimitiveType},
};

use crate::Error;

/// The codec of the pages: cheap to write, and a third of the size.
pub(super) fn codec() -> CompressionOptions {
    CompressionOptions::Zstd(ZstdLevel::try_new(1).ok())
}

/// Titles and texts of consecutive reviews, under construction.
#[derive(Default)]
pub struct TextBlock {
    titles: Page,
    texts: Page,
    compressed: Vec<u8>,
}

impl TextBlock {
    /// Appends a review.
    pub fn push(&mut self, title: Option<&str>, text: Option<&str>) {
        self.titles.push(title);
        self.texts.push(text);
    }

    /// Number of reviews in it.
    pub fn rows(&self) -> u32 {
        self.texts.rows
    }

    /// Encodes and compresses what was appended, and starts anew.
    pub fn encode(&mut self) -> Result<EncodedTexts, Error> {
        let (rows, bytes) = (self.rows(), self.titles.values.len() + self.texts.values.len());
        let titles = self.titles.encode("title", &mut self.compressed).map_err(Error::EncodeTexts)?;
        let texts = self.texts.encode("text", &mut self.compressed).map_err(Error::EncodeTexts)?;
        Ok(EncodedTexts { rows, bytes, titles, texts })
    }
}

/// A block that is ready to be written.
pub struct EncodedTexts {
    pub(super) rows: u32,
    /// Size before compression.
    pub(super) bytes: usize,
    pub(super) titles: CompressedPage,
    pub(super) texts: CompressedPage,
}

/// One column of a block.
#[derive(Default)]
struct Page {
    rows: u32,
    /// Bit i says whether row i has a value.
    present: Vec<u8>,
    /// Length and bytes of each value.
    values: Vec<u8>,
}

impl Page {
    fn push(&mut self, value: Option<&str>) {
        if self.rows.is_multiple_of(8) {
            self.present.push(0);
        }
        if let (Some(value), Some(bits)) = (value, self.present.last_mut()) {
            *bits |= 1 << (self.rows % 8);
            self.values.extend((value.len() as u32).to_le_bytes());
            self.values.extend(value.as_bytes());
        }
        self.rows += 1;
    }

    /// The page as the format has it: definition levels (one bit-packed run), then the values.
    fn encode(&mut self, column: &str, compressed: &mut Vec<u8>) -> ParquetResult<CompressedPage> {
        let mut header = Vec::with_capacity(10);
        push_varint(&mut header, (self.present.len() as u64) << 1 | 1);
        let levels = (header.len() + self.present.len()) as u32;
        let mut plain = Vec::with_capacity(4 + levels as usize + self.values.len());
        plain.extend(levels.to_le_bytes());
        plain.extend(&header);
        plain.extend(&self.present);
        plain.extend(&self.values);
        compressed.clear();
        compress(codec(), &plain, compressed)?;
        let page = CompressedDataPage::new(
            DataPageHeader::V1(DataPageHeaderV1 {
                num_values: self.rows.cast_signed(),
                encoding: Encoding::Plain.into(),
                definition_level_encoding: Encoding::Rle.into(),
                repetition_level_encoding: Encoding::Rle.into(),
                statistics: None,
            }),
            CowBuffer::Owned(compressed.as_slice().to_vec()),
            codec().into(),
            plain.len(),
            Descriptor {
                primitive_type: PrimitiveType::from_physical(column.into(), PhysicalType::ByteArray),
                max_def_level: 1,
                max_rep_level: 0,
            },
            self.rows as usize,
        );
        self.rows = 0;
        self.present.clear();
        self.values.clear();
        Ok(CompressedPage::Data(page))
    }
}

/// Unsigned LEB128.
fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
}
