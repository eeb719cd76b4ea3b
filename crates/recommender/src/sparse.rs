//! Sparse rows of `(column, value)` pairs: neighbour lists, text vectors and their postings.

use std::collections::BTreeMap;

use crate::{Error, ModelData, Tensor};

/// A matrix of which only some cells are kept: 8 bytes a cell and 8 a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SparseRows {
    offsets: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
    width: usize,
}

impl SparseRows {
    /// Takes the rows of a matrix of `width` columns; every column lies below `width`.
    pub(crate) fn from_rows(width: usize, rows: &[Vec<(u32, f32)>]) -> Self {
        let lengths = rows.iter().map(Vec::len);
        let columns = rows.iter().flatten().map(|(column, _)| *column).collect();
        let values = rows.iter().flatten().map(|(_, value)| *value).collect();
        Self { offsets: offsets(lengths), columns, values, width }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The cells of a row in the order in which they were given; none for a row out of range.
    pub(crate) fn row(&self, row: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let row = row as usize;
        let range = if row < self.len() { self.offsets[row]..self.offsets[row + 1] } else { 0..0 };
        self.columns[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// Rows and columns exchanged; cells of a new row stand in the order of old rows.
    pub(crate) fn transposed(&self) -> Self {
        let mut lengths = vec![0; self.width];
        self.columns.iter().for_each(|column| lengths[*column as usize] += 1);
        let offsets = offsets(lengths.into_iter());
        let mut next = offsets.clone();
        let (mut columns, mut values) = (vec![0; self.columns.len()], vec![0.0; self.values.len()]);
        for row in 0..self.len() as u32 {
            for (column, value) in self.row(row) {
                let place = &mut next[column as usize];
                (columns[*place], values[*place]) = (row, value);
                *place += 1;
            }
        }
        Self { offsets, columns, values, width: self.len() }
    }

    /// Adds the tensors that [`Self::load`] reads: `NAME-lengths`, `NAME-columns`, `NAME-values`.
    pub(crate) fn save(&self, name: &str, tensors: &mut BTreeMap<String, Tensor>) {
        let lengths = self.offsets.windows(2).map(|pair| (pair[1] - pair[0]) as u32).collect();
        tensors.insert(format!("{name}-lengths"), Tensor::indices(lengths));
        tensors.insert(format!("{name}-columns"), Tensor::indices(self.columns.clone()));
        tensors.insert(format!("{name}-values"), Tensor::vector(self.values.clone()));
    }

    /// The matrix that [`Self::save`] wrote, which must have this many rows and columns.
    pub(crate) fn load(data: &ModelData, name: &str, rows: usize, width: usize) -> Result<Self, Error> {
        let names = ["lengths", "columns", "values"].map(|part| format!("{name}-{part}"));
        let lengths = data.integers(&names[0])?;
        let columns = data.integers(&names[1])?.to_vec();
        let values = data.floats(&names[2])?.to_vec();
        let corrupt = |file: &str, expected: String, found: String| {
            Err(Error::CorruptFile { file: format!("{file}.bin"), expected, found })
        };
        if lengths.len() != rows {
            return corrupt(&names[0], format!("{rows} rows"), format!("{} rows", lengths.len()));
        }
        let offsets = offsets(lengths.iter().map(|length| *length as usize));
        let cells = offsets[rows];
        if columns.len() != cells {
            return corrupt(&names[1], format!("{cells} cells"), format!("{} cells", columns.len()));
        }
        if values.len() != cells {
            return corrupt(&names[2], format!("{cells} cells"), format!("{} cells", values.len()));
        }
        if let Some(column) = columns.iter().find(|column| **column as usize >= width) {
            return corrupt(&names[1], format!("columns below {width}"), format!("column {column}"));
        }
        Ok(Self { offsets, columns, values, width })
    }
}

fn offsets(lengths: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut offsets = vec![0];
    let mut sum = 0;
    for length in lengths {
        sum += length;
        offsets.push(sum);
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(tensors: BTreeMap<String, Tensor>) -> ModelData {
        let parameters = serde_json::Value::Null;
        ModelData { algorithm: "test".to_owned(), parameters, items: 2, tensors, parts: Vec::new() }
    }

    #[test]
    fn transposing_twice_gives_the_same_matrix() {
        let rows = SparseRows::from_rows(3, &[vec![(0, 1.0), (2, 2.0)], vec![], vec![(2, 3.0)]]);
        assert_eq!(rows.transposed().row(2).collect::<Vec<_>>(), [(0, 2.0), (2, 3.0)]);
        assert_eq!(rows.transposed().transposed(), rows);
        assert_eq!(rows.row(9).count(), 0);
    }

    #[test]
    fn a_damaged_matrix_is_an_error_and_not_a_panic() {
        let rows = SparseRows::from_rows(3, &[vec![(2, 1.0)], vec![]]);
        let mut tensors = BTreeMap::new();
        rows.save("cells", &mut tensors);
        assert_eq!(SparseRows::load(&model(tensors.clone()), "cells", 2, 3).unwrap(), rows);
        let message = |rows, width, tensors: &BTreeMap<String, Tensor>| {
            SparseRows::load(&model(tensors.clone()), "cells", rows, width).unwrap_err().to_string()
        };
        assert!(message(3, 3, &tensors).ends_with("expected 3 rows, found 2 rows"));
        assert!(message(2, 2, &tensors).ends_with("expected columns below 2, found column 2"));
        tensors.insert("cells-values".to_owned(), Tensor::vector(vec![]));
        assert!(message(2, 3, &tensors).contains("`cells-values.bin`: expected 1 cells, found 0 cells"));
    }
}
