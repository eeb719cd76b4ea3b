//! Tables between stages: Parquet files that know their kind, and readers that check it.
//!
//! A file's metadata names its kind, schema version and the stage that wrote it. It does not name
//! the fingerprint of the run: equal rows then give equal bytes, and equal bytes stop a rebuild.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
    sync::Arc,
};

use polars::{
    frame::DataFrame,
    prelude::{
        BatchedWriter, DataType, FileMetadataRef, KeyValueMetadata, ParquetCompression, ParquetReader, ParquetWriter,
        Schema, SchemaExt, SerReader, StatisticsOptions,
    },
};
use polars_parquet::write::ZstdLevel;

use crate::{
    Context, Error, Kind,
    schema::{SCHEMA_VERSION, schema},
};

const KIND: &str = "kind";
const VERSION: &str = "schema_version";
const WRITER: &str = "stage";

/// Rows of one row group; also about how many are in memory when a table is read in batches.
pub const ROW_GROUP_ROWS: usize = 128 * 1024;

/// A writer of a table whose file says of what kind it is.
pub(crate) fn writer(
    path: &Path,
    kind: Kind,
    stage: &str,
    extra: &[(&str, String)],
    compression: ParquetCompression,
) -> Result<BatchedWriter<BufWriter<File>>, Error> {
    let mut pairs = vec![
        (KIND.to_owned(), kind.name().to_owned()),
        (VERSION.to_owned(), SCHEMA_VERSION.to_string()),
        (WRITER.to_owned(), stage.to_owned()),
    ];
    pairs.extend(extra.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
    let file = File::create(path).map_err(Error::io("create", path))?;
    ParquetWriter::new(BufWriter::new(file))
        .with_compression(compression)
        .with_statistics(StatisticsOptions::empty())
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(pairs)))
        .batched(&schema(kind))
        .map_err(Error::table("create", path))
}

/// Writes a table of a known kind, batch by batch, in bounded memory.
pub struct TableWriter {
    path: PathBuf,
    schema: Schema,
    stage: String,
    writer: BatchedWriter<BufWriter<File>>,
    rows: usize,
}

impl TableWriter {
    /// Starts the table at output `port` of the running stage.
    pub fn create(context: &Context, port: &str, kind: Kind) -> Result<Self, Error> {
        Self::create_at(context.output(port)?, kind, context.stage(), &[])
    }

    /// Starts a table at any path. `extra` are further pairs for the file's metadata.
    pub fn create_at(path: &Path, kind: Kind, stage: &str, extra: &[(&str, String)]) -> Result<Self, Error> {
        let writer = writer(path, kind, stage, extra, ParquetCompression::Zstd(ZstdLevel::try_new(1).ok()))?;
        Ok(Self { path: path.to_owned(), schema: schema(kind), stage: stage.to_owned(), writer, rows: 0 })
    }

    /// Appends rows. The frame must have exactly the columns of the kind, in order.
    pub fn write(&mut self, frame: &DataFrame) -> Result<(), Error> {
        check_columns("write", &self.path, &self.stage, &self.schema, frame.schema())?;
        for start in (0..frame.height()).step_by(ROW_GROUP_ROWS) {
            let mut group = frame.slice(i64::try_from(start).unwrap_or(i64::MAX), ROW_GROUP_ROWS);
            group.rechunk_mut();
            self.writer.write_batch(&group).map_err(Error::table("write", &self.path))?;
        }
        self.rows += frame.height();
        Ok(())
    }

    /// Ends the table; the number of rows in it.
    pub fn finish(self) -> Result<usize, Error> {
        self.writer.finish().map_err(Error::table("write", &self.path))?;
        Ok(self.rows)
    }
}

/// Reads a table, whole or batch by batch, and only the columns asked for.
pub struct TableReader {
    path: PathBuf,
    metadata: FileMetadataRef,
    schema: Schema,
}

impl TableReader {
    /// Opens a table that must be of this kind.
    pub fn open(path: &Path, kind: Kind) -> Result<Self, Error> {
        let reader = Self::open_foreign(path)?;
        let writer = reader.metadata_value(WRITER).unwrap_or("unknown");
        let found = format!(
            "{} version {}",
            reader.metadata_value(KIND).unwrap_or("none"),
            reader.metadata_value(VERSION).unwrap_or("none")
        );
        let expected = format!("{} version {SCHEMA_VERSION}", kind.name());
        if found != expected {
            return Err(Error::WrongKind { path: path.to_owned(), expected, found, writer: writer.to_owned() });
        }
        check_columns("read", path, writer, &schema(kind), &reader.schema)?;
        Ok(reader)
    }

    /// Opens any Parquet file, such as a user's own.
    pub fn open_foreign(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let mut reader = ParquetReader::new(file);
        let metadata = reader.get_metadata().map_err(Error::table("read", path))?.clone();
        let arrow = reader.schema().map_err(Error::table("read", path))?;
        let schema = Schema::from_arrow_schema(&arrow);
        Ok(Self { path: path.to_owned(), metadata, schema })
    }

    /// Names and types of the columns.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.metadata.num_rows
    }

    /// A value of the file's own metadata.
    pub fn metadata_value(&self, key: &str) -> Option<&str> {
        let pairs = self.metadata.key_value_metadata().as_ref()?;
        pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
    }

    /// The whole table with these columns (all if empty), in this order.
    pub fn read(&self, columns: &[&str]) -> Result<DataFrame, Error> {
        self.read_rows(columns, 0, self.rows())
    }

    /// The table in batches of one row group each, in order.
    pub fn batches<'a>(&'a self, columns: &'a [&'a str]) -> impl Iterator<Item = Result<DataFrame, Error>> + 'a {
        let mut start = 0;
        self.metadata.row_groups.iter().map(move |group| {
            let rows = group.num_rows();
            let frame = self.read_rows(columns, start, rows);
            start += rows;
            frame
        })
    }

    /// First row and number of rows of each row group.
    pub(crate) fn row_groups(&self) -> Vec<(usize, usize)> {
        let mut groups = Vec::new();
        let mut start = 0;
        for group in &self.metadata.row_groups {
            groups.push((start, group.num_rows()));
            start += group.num_rows();
        }
        groups
    }

    /// First row and number of rows of the row group that holds `row`.
    pub(crate) fn row_group_of(&self, row: usize) -> Option<(usize, usize)> {
        self.row_groups().into_iter().find(|(start, rows)| row < start + rows)
    }

    pub(crate) fn read_rows(&self, columns: &[&str], start: usize, rows: usize) -> Result<DataFrame, Error> {
        let file = File::open(&self.path).map_err(Error::io("open", &self.path))?;
        let mut reader = ParquetReader::new(file);
        reader.set_metadata(Arc::clone(&self.metadata));
        let names: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let frame = reader
            .with_columns((!names.is_empty()).then_some(names))
            .with_slice(Some((start, rows)))
            .finish()
            .and_then(|frame| if columns.is_empty() { Ok(frame) } else { frame.select(columns.iter().copied()) });
        frame.map_err(Error::table("read", &self.path))
    }
}

fn check_columns(
    action: &'static str,
    path: &Path,
    writer: &str,
    expected: &Schema,
    found: &Schema,
) -> Result<(), Error> {
    let wrong = |column: &str, expected: &DataType, found: String| Error::WrongColumn {
        action,
        path: path.to_owned(),
        column: column.to_owned(),
        expected: expected.to_string(),
        found,
        writer: writer.to_owned(),
    };
    for (name, data_type) in expected.iter() {
        match found.get(name) {
            Some(other) if other == data_type => {}
            other => return Err(wrong(name, data_type, other.map_or_else(|| "none".to_owned(), ToString::to_string))),
        }
    }
    Ok(())
}
