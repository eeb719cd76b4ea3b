//! Sparse rows of `(column, value)` pairs: user-item matrices, neighbour lists, text vectors.

#![expect(clippy::inline_always, reason = "a function that is not inlined loses the instruction set of its caller")]

use std::collections::BTreeMap;

use pulp::{Arch, Simd, WithSimd};

use crate::{Error, Interaction, Interactions, ModelData, Scored, Tensor, top_k::best};

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

    /// A matrix of `width` columns and no rows yet.
    pub(crate) fn empty(width: usize) -> Self {
        Self { offsets: vec![0], columns: Vec::new(), values: Vec::new(), width }
    }

    /// Adds a row at the end; every column lies below the width.
    pub(crate) fn push_row(&mut self, cells: impl IntoIterator<Item = (u32, f32)>) {
        for (column, value) in cells {
            self.columns.push(column);
            self.values.push(value);
        }
        self.offsets.push(self.columns.len());
    }

    /// The rows of all parts, in order. Each part is dropped once it is copied.
    pub(crate) fn concatenated(width: usize, parts: Vec<Self>) -> Self {
        let lengths = parts.iter().flat_map(|part| part.offsets.windows(2).map(|pair| pair[1] - pair[0]));
        let offsets = offsets(lengths);
        let cells = parts.iter().map(|part| part.columns.len()).sum();
        let (mut columns, mut values) = (Vec::with_capacity(cells), Vec::with_capacity(cells));
        for part in parts {
            columns.extend_from_slice(&part.columns);
            values.extend_from_slice(&part.values);
        }
        Self { offsets, columns, values, width }
    }

    /// The users' histories as a matrix of users and items, columns ascending. An item that a user
    /// repeats has one cell, of the latest interaction.
    pub(crate) fn from_histories(train: &Interactions, value: impl Fn(&Interaction) -> f32) -> Self {
        let mut rows = Self::empty(train.item_count());
        for history in train.histories() {
            rows.push_merged(history.iter().rev().map(|entry| (entry.item, value(entry))));
        }
        rows
    }

    /// Adds a row of cells in any order, which will stand by columns; of a repeated column the first is kept.
    pub(crate) fn push_merged(&mut self, cells: impl IntoIterator<Item = (u32, f32)>) {
        let mut cells: Vec<(u32, f32)> = cells.into_iter().collect();
        cells.sort_by_key(|cell| cell.0);
        cells.dedup_by_key(|cell| cell.0);
        self.push_row(cells);
    }

    /// The same cells with other values, told row, column and value.
    pub(crate) fn mapped(mut self, value: impl Fn(u32, u32, f32) -> f32) -> Self {
        for (row, pair) in (0..).zip(self.offsets.windows(2)) {
            let range = pair[0]..pair[1];
            for (cell, column) in self.values[range.clone()].iter_mut().zip(&self.columns[range]) {
                *cell = value(row, *column, *cell);
            }
        }
        self
    }

    /// Each row times `(number of its cells)^exponent`.
    pub(crate) fn scaled_by_length(self, exponent: f32) -> Self {
        let factors: Vec<f32> =
            self.offsets.windows(2).map(|pair| ((pair[1] - pair[0]) as f32).powf(exponent)).collect();
        self.mapped(|row, _, value| factors[row as usize] * value)
    }

    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The cells of a row in the order in which they were given; none for a row out of range.
    pub(crate) fn row(&self, row: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let (columns, values) = self.cells(row);
        columns.iter().copied().zip(values.iter().copied())
    }

    /// Columns and values of a row; none for a row out of range.
    pub(crate) fn cells(&self, row: u32) -> (&[u32], &[f32]) {
        let row = row as usize;
        let range = if row < self.len() { self.offsets[row]..self.offsets[row + 1] } else { 0..0 };
        (&self.columns[range.clone()], &self.values[range])
    }

    /// The value of a cell; none where nothing is kept. `O(cells of the row)`.
    pub(crate) fn value(&self, row: u32, column: u32) -> Option<f32> {
        let (columns, values) = self.cells(row);
        Some(values[Arch::new().dispatch(Position { columns, column })?])
    }

    /// The `k` largest cells of a row that are above 0 and not on the diagonal, best first: the items
    /// most like an item, where rows and columns are items.
    pub(crate) fn best_of_row(&self, row: u32, k: usize) -> Vec<Scored> {
        let others = self.row(row).filter(|(column, value)| *column != row && *value > 0.0);
        best(others.map(|(item, score)| Scored { item, score }).collect(), k)
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

/// Where a column stands.
struct Position<'a> {
    columns: &'a [u32],
    column: u32,
}

impl WithSimd for Position<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<usize> {
        let (vectors, rest) = S::as_simd_u32s(self.columns);
        let wanted = simd.splat_u32s(self.column);
        for (place, vector) in vectors.iter().enumerate() {
            let lane = simd.first_true_m32s(simd.equal_u32s(*vector, wanted));
            if lane < S::U32_LANES {
                return Some(place * S::U32_LANES + lane);
            }
        }
        let place = rest.iter().position(|column| *column == self.column)?;
        Some(vectors.len() * S::U32_LANES + place)
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

    #[test]
    fn a_repeated_item_has_one_cell_of_its_latest_interaction() {
        let pair = |item, weight, time| (0, Interaction { item, weight, time });
        let train = Interactions::from_pairs(1, 3, &[pair(2, 1.0, 1), pair(0, 5.0, 2), pair(2, 4.0, 3)]);
        let rows = SparseRows::from_histories(&train, |entry| entry.weight);
        assert_eq!(rows.row(0).collect::<Vec<_>>(), [(0, 5.0), (2, 4.0)]);
        assert_eq!((rows.value(0, 2), rows.value(0, 1), rows.value(7, 0)), (Some(4.0), None, None));
        assert_eq!(rows.best_of_row(0, 5), [Scored { item: 2, score: 4.0 }]);
    }

    #[test]
    fn parts_are_put_together_in_order() {
        let parts =
            vec![SparseRows::from_rows(3, &[vec![(0, 1.0)], vec![]]), SparseRows::from_rows(3, &[vec![(2, 2.0)]])];
        let whole = SparseRows::from_rows(3, &[vec![(0, 1.0)], vec![], vec![(2, 2.0)]]);
        assert_eq!(SparseRows::concatenated(3, parts), whole);
    }

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
