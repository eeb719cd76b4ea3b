//! Writes item features as a table: one row an item, names and scalers in the file's metadata.

use std::path::Path;

use pipeline::{Kind, TableWriter};
use polars::{
    df,
    prelude::{DataType, Float32Type, IntoSeries, ListBuilderTrait, ListPrimitiveChunkedBuilder},
};

use super::Features;

/// Rows in memory as lists at a time.
const BATCH_ROWS: usize = 16 * 1024;

/// Writes the features of `items` items.
pub fn write(path: &Path, stage: &str, items: usize, features: &Features) -> anyhow::Result<()> {
    let extra = [
        ("features", serde_json::to_string(&features.names)?),
        ("scalers", serde_json::to_string(&features.scalers)?),
        ("price_band_edges", serde_json::to_string(&features.price_band_edges)?),
    ];
    let mut writer = TableWriter::create_at(path, Kind::ItemFeatures, stage, &extra)?;
    let width = features.columns.len();
    for start in (0..items).step_by(BATCH_ROWS) {
        let rows = start..items.min(start + BATCH_ROWS);
        let mut values = ListPrimitiveChunkedBuilder::<Float32Type>::new(
            "values".into(),
            rows.len(),
            rows.len() * width,
            DataType::Float32,
        );
        let indices: Vec<u32> = rows.clone().map(|item| item as u32).collect();
        for item in rows {
            let row: Vec<f32> = features.columns.iter().map(|column| column[item]).collect();
            values.append_slice(&row);
        }
        writer.write(&df!("item" => indices, "values" => values.finish().into_series())?)?;
    }
    writer.finish()?;
    Ok(())
}
