//! Parquet files, one row group after another.

use pipeline::TableReader;
use polars::prelude::{Column, DataType, Series};

use super::{Block, Rows, Sink, SourceFile};
use crate::{
    Error,
    fault::Place,
    parse::{cell::Cell, mapped::Mapping},
};

/// Rows of a block.
const BLOCK_ROWS: usize = 4096;

/// Reads a file; false if nobody listens any more.
pub fn read(file: &SourceFile, number: u32, mapping: &Mapping, sink: &mut Sink) -> Result<bool, Error> {
    let reader = TableReader::open_foreign(&file.path)?;
    if reader.rows() == 0 {
        return Err(Error::Empty { path: file.path.clone() });
    }
    let names: Vec<&str> = mapping.names.iter().flatten().map(String::as_str).collect();
    if let Some(missing) = names.iter().find(|name| reader.schema().get(name).is_none()) {
        let found: Vec<&str> = reader.schema().iter_names().map(polars::prelude::PlSmallStr::as_str).collect();
        let (path, column) = (file.path.clone(), (*missing).to_owned());
        return Err(Error::Column { path, column, found: found.join(", ") });
    }
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let mut row = 0;
    for frame in reader.batches(&distinct) {
        let frame = frame?;
        for start in (0..frame.height()).step_by(BLOCK_ROWS) {
            let part = frame.slice(i64::try_from(start).unwrap_or(i64::MAX), BLOCK_ROWS);
            let rows = Rows::Cells(cells(&part, mapping)?);
            let first = Place { file: number, line: row + 1, byte_offset: row };
            row += part.height() as u64;
            if !sink(Block { first, rows }) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The values of each row, in the order of the mapping.
fn cells(frame: &polars::frame::DataFrame, mapping: &Mapping) -> Result<Vec<Vec<Cell<'static>>>, Error> {
    let width = mapping.names.len();
    let mut rows = vec![Vec::with_capacity(width); frame.height()];
    for name in &mapping.names {
        let Some(name) = name else {
            for row in &mut rows {
                row.push(Cell::Missing);
            }
            continue;
        };
        for (row, cell) in rows.iter_mut().zip(column_cells(frame.column(name)?)?) {
            row.push(cell);
        }
    }
    Ok(rows)
}

fn column_cells(column: &Column) -> Result<Vec<Cell<'static>>, Error> {
    let data_type = column.dtype();
    let missing = |cell: Option<Cell<'static>>| cell.unwrap_or(Cell::Missing);
    let text = |text: &str| match Cell::of_text(text) {
        Cell::Text(text) => Cell::Text(text.into_owned().into()),
        _ => Cell::Missing,
    };
    Ok(match data_type {
        DataType::String => column.str()?.iter().map(|value| missing(value.map(text))).collect(),
        DataType::Boolean => column.bool()?.iter().map(|value| missing(value.map(Cell::Boolean))).collect(),
        DataType::Float32 | DataType::Float64 => {
            let floats = column.cast(&DataType::Float64)?;
            floats.f64()?.iter().map(|value| missing(value.map(Cell::Float))).collect()
        }
        other if other.is_integer() => {
            let integers = column.cast(&DataType::Int64)?;
            integers.i64()?.iter().map(|value| missing(value.map(Cell::Integer))).collect()
        }
        DataType::List(inner) if **inner == DataType::String => {
            let lists = column.list()?;
            (0..lists.len())
                .map(|row| lists.get_as_series(row).map_or(Ok(Cell::Missing), |texts| list(&texts)))
                .collect::<Result<_, Error>>()?
        }
        _ => vec![Cell::Other("a column of a type that cannot be mapped"); column.len()],
    })
}

fn list(texts: &Series) -> Result<Cell<'static>, Error> {
    Ok(Cell::Texts(texts.str()?.iter().flatten().map(str::to_owned).collect()))
}
