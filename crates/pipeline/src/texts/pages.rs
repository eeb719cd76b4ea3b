//! Text as finished Parquet pages, made on whichever thread has the text at hand.
//!
//! A text is copied once, from where it was parsed into its page. The engine's own way (a column, a
//! table, an encoder) would copy it three times on one thread. Only what texts need is here: optional
//! byte arrays in plain encoding (Apache Parquet format 2.11: "Encodings", "Data Pages").

use polars_parquet::parquet::{
    CowBuffer,
    compression::{CompressionOptions, ZstdLevel, compress},
    encoding::Encoding,
    metadata::Descriptor,
    page::{CompressedDataPage, CompressedPage, DataPageHeader, DataPageHeaderV2},
    schema::types::{PhysicalType, PrimitiveType},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// How texts are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TextCompression {
    /// Not at all: fastest to write and to read.
    #[default]
    None,
    /// Zstandard, level 1: less than half of the size, for half as much time again.
    Zstd,
}

impl TextCompression {
    fn codec(self) -> CompressionOptions {
        match self {
            Self::None => CompressionOptions::Uncompressed,
            Self::Zstd => CompressionOptions::Zstd(ZstdLevel::try_new(1).ok()),
        }
    }
}

/// Titles and texts of consecutive reviews, under construction.
pub struct TextBlock {
    codec: CompressionOptions,
    titles: Page,
    texts: Page,
}

impl TextBlock {
    /// An empty block.
    pub fn new(compression: TextCompression) -> Self {
        Self { codec: compression.codec(), titles: Page::default(), texts: Page::default() }
    }

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
        let titles = self.titles.encode("title", self.codec)?;
        let texts = self.texts.encode("text", self.codec)?;
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
    nulls: u32,
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
        } else {
            self.nulls += 1;
        }
        self.rows += 1;
    }

    /// The page as the format has it (version 2): definition levels in one bit-packed run, then the values,
    /// of which only the latter are compressed.
    fn encode(&mut self, column: &str, codec: CompressionOptions) -> Result<CompressedPage, Error> {
        let mut buffer = Vec::with_capacity(16 + self.present.len() + self.values.len());
        push_varint(&mut buffer, (self.present.len() as u64) << 1 | 1);
        buffer.extend(&self.present);
        let levels = buffer.len();
        if codec == CompressionOptions::Uncompressed {
            buffer.extend(&self.values);
        } else {
            compress(codec, &self.values, &mut buffer).map_err(Error::EncodeTexts)?;
        }
        let page = CompressedDataPage::new(
            DataPageHeader::V2(DataPageHeaderV2 {
                num_values: self.rows.cast_signed(),
                num_nulls: self.nulls.cast_signed(),
                num_rows: self.rows.cast_signed(),
                encoding: Encoding::Plain.into(),
                definition_levels_byte_length: (levels as u32).cast_signed(),
                repetition_levels_byte_length: 0,
                is_compressed: Some(codec != CompressionOptions::Uncompressed),
                statistics: None,
            }),
            CowBuffer::Owned(buffer),
            codec.into(),
            levels + self.values.len(),
            Descriptor {
                primitive_type: PrimitiveType::from_physical(column.into(), PhysicalType::ByteArray),
                max_def_level: 1,
                max_rep_level: 0,
            },
            self.rows as usize,
        );
        (self.rows, self.nulls) = (0, 0);
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
