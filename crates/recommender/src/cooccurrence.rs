//! Rows of sums over pairs, the kernel below every neighbourhood model: co-occurrences of items, steps
//! of a random walk, powers of an item graph.
//!
//! Each row is summed up in an array of one cell a column, which stays in the processor's cache, and
//! is then thinned out to its best cells. Work `O(additions)`, parallel over rows; memory `4 * columns`
//! bytes a thread (8 where common users are counted) and 8 bytes a cell that is kept. Every row is
//! summed up in one order by one thread, so the result is the same for any number of threads.

use rayon::prelude::*;

use crate::sparse::SparseRows;

/// Rows that a thread takes at once: enough to make the hand-over cheap, few enough to share evenly.
const CHUNK_ROWS: usize = 32;

/// What is kept of a pair while its row is summed up.
pub(crate) trait Cell: Copy + Default + PartialEq + Send {
    /// Adds what one common user says.
    fn add(&mut self, value: f32);
}

impl Cell for f32 {
    fn add(&mut self, value: f32) {
        *self += value;
    }
}

/// A sum that knows of how many values it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counted {
    /// The sum.
    pub sum: f32,
    /// Number of values.
    pub count: u32,
}

impl Cell for Counted {
    fn add(&mut self, value: f32) {
        self.sum += value;
        self.count += 1;
    }
}

/// The sums of one row; each thread has its own and clears it after each row.
pub(crate) struct Accumulator<C> {
    cells: Vec<C>,
    /// Columns in the order in which they were met; a column whose sum comes back to 0 on the way may
    /// be met twice.
    met: Vec<u32>,
    met_count: usize,
    ranks: Vec<u64>,
}

impl<C: Cell> Accumulator<C> {
    fn new(columns: usize) -> Self {
        Self { cells: vec![C::default(); columns], met: vec![0; columns + 1], met_count: 0, ranks: Vec::new() }
    }

    /// Adds `value` to the cell of this column.
    pub(crate) fn add(&mut self, column: u32, value: f32) {
        let cell = &mut self.cells[column as usize];
        // No branch on whether the column is new, which no processor could predict: the place behind
        // the last is written in any case and counts only if it is.
        let was_empty = *cell == C::default();
        cell.add(value);
        let is_new = was_empty && *cell != C::default();
        match self.met.get_mut(self.met_count) {
            Some(place) => *place = column,
            None => self.met.push(column),
        }
        self.met_count += usize::from(is_new);
    }

    /// Adds `factor` times a row.
    pub(crate) fn add_row(&mut self, factor: f32, columns: &[u32], values: &[f32]) {
        for (column, value) in columns.iter().zip(values) {
            self.add(*column, factor * value);
        }
    }

    /// Empties all cells and leaves in `ranks` the best ones, at most `keep`: score above, column below.
    fn drain(&mut self, keep: usize, score: impl Fn(u32, C) -> f32) {
        self.ranks.clear();
        let mut worst_kept = 0;
        for column in &self.met[..self.met_count] {
            let cell = std::mem::take(&mut self.cells[*column as usize]);
            let score = score(*column, cell);
            let rank = rank(*column, score);
            if score > 0.0 && score.is_finite() && rank > worst_kept {
                self.ranks.push(rank);
                if self.ranks.len() >= keep.saturating_mul(2) {
                    worst_kept = keep_best(&mut self.ranks, keep);
                }
            }
        }
        self.met_count = 0;
        keep_best(&mut self.ranks, keep);
    }
}

/// A number that is larger for a larger score (above 0) and, among equals, for a smaller column.
fn rank(column: u32, score: f32) -> u64 {
    u64::from(score.to_bits()) << 32 | u64::from(!column)
}

/// Keeps the `keep` largest; gives the smallest of them, 0 if nothing had to go.
fn keep_best(ranks: &mut Vec<u64>, keep: usize) -> u64 {
    if ranks.len() <= keep {
        return 0;
    }
    let (_, worst, _) = ranks.select_nth_unstable_by(keep - 1, |a, b| b.cmp(a));
    let worst = *worst;
    ranks.truncate(keep);
    worst
}

/// Sums up each of `rows` rows of `columns` columns and keeps its best cells, columns ascending.
///
/// `fill` adds up a row; `score` turns the sum of `(row, column)` into its value. Values that are not
/// above 0 are left out, and of the others all but the `neighbors` largest (0 = all are kept).
pub(crate) fn best_of_rows<C: Cell>(
    (rows, columns): (usize, usize),
    neighbors: u32,
    fill: impl Fn(u32, &mut Accumulator<C>) + Sync,
    score: impl Fn(u32, u32, C) -> f32 + Sync,
) -> SparseRows {
    let keep = if neighbors == 0 { usize::MAX } else { neighbors as usize };
    let chunk = |sums: &mut Accumulator<C>, start: usize| {
        let mut chunk = SparseRows::empty(columns);
        for row in start as u32..(start + CHUNK_ROWS).min(rows) as u32 {
            fill(row, sums);
            sums.drain(keep, |column, cell| score(row, column, cell));
            // Columns ascend, so that readers walk through memory in one direction.
            sums.ranks.iter_mut().for_each(|rank| *rank = !*rank << 32 | *rank >> 32);
            sums.ranks.sort_unstable();
            chunk.push_row(sums.ranks.iter().map(|rank| ((rank >> 32) as u32, f32::from_bits(*rank as u32))));
        }
        chunk
    };
    let starts: Vec<usize> = (0..rows).step_by(CHUNK_ROWS).collect();
    let chunks: Vec<SparseRows> =
        starts.into_par_iter().map_init(|| Accumulator::new(columns), |sums, start| chunk(sums, start)).collect();
    SparseRows::concatenated(columns, chunks)
}

/// The best cells of the product of two matrices, `left` (rows x users) and `right` (users x columns):
/// for equal ones, transposed to each other, how strongly items occur together.
///
/// `cell(i, j) = score(i, j, sum over users u of left(i, u) * right(u, j))`, thinned out as in
/// [`best_of_rows`]. `O(sum over users of the product of its row lengths)`.
pub(crate) fn best_of_product<C: Cell>(
    left: &SparseRows,
    right: &SparseRows,
    neighbors: u32,
    score: impl Fn(u32, u32, C) -> f32 + Sync,
) -> SparseRows {
    let fill = |row: u32, sums: &mut Accumulator<C>| {
        for (user, factor) in left.row(row) {
            let (columns, values) = right.cells(user);
            sums.add_row(factor, columns, values);
        }
    };
    best_of_rows((left.len(), right.width()), neighbors, fill, score)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Users choose {0, 1}, {0, 1, 2}, {1, 2}.
    fn chosen() -> SparseRows {
        let rows = [vec![(0, 1.0), (1, 1.0)], vec![(0, 1.0), (1, 1.0), (2, 1.0)], vec![(1, 1.0), (2, 1.0)]];
        SparseRows::from_rows(3, &rows)
    }

    fn cells(matrix: &SparseRows) -> Vec<Vec<(u32, f32)>> {
        (0..matrix.len() as u32).map(|row| matrix.row(row).collect()).collect()
    }

    #[test]
    fn golden_common_users() {
        let chosen = chosen();
        let others = |row, column, sum| if row == column { 0.0 } else { sum };
        let found = best_of_product(&chosen.transposed(), &chosen, 0, others);
        // 0 and 1 share two users, 1 and 2 share two, 0 and 2 share one.
        assert_eq!(cells(&found), [vec![(1, 2.0), (2, 1.0)], vec![(0, 2.0), (2, 2.0)], vec![(0, 1.0), (1, 2.0)]]);
        let best = best_of_product(&chosen.transposed(), &chosen, 1, others);
        // Items 0 and 2 are equally near to item 1: the smaller index stays.
        assert_eq!(cells(&best), [vec![(1, 2.0)], vec![(0, 2.0)], vec![(1, 2.0)]]);
    }

    #[test]
    fn golden_counts_beside_sums() {
        let weighted = chosen().mapped(|user, _, _| [3.0, 5.0, 7.0][user as usize]);
        let mean = |row, column, cell: Counted| if row < column { cell.sum / cell.count as f32 } else { 0.0 };
        let found = best_of_product(&weighted.transposed(), &chosen(), 0, mean);
        // Users 3 and 5 share 0 and 1; 5 alone 0 and 2; 5 and 7 share 1 and 2.
        assert_eq!(cells(&found), [vec![(1, 4.0), (2, 5.0)], vec![(2, 6.0)], vec![]]);
    }

    #[test]
    fn a_sum_that_returns_to_zero_does_no_harm() {
        let fill = |_, sums: &mut Accumulator<f32>| {
            for (column, value) in [(0, 1.0), (0, -1.0), (1, 2.0), (0, 1.0), (0, -1.0), (0, 3.0)] {
                sums.add(column, value);
            }
        };
        let found = best_of_rows((2, 2), 0, fill, |_, _, sum| sum);
        assert_eq!(cells(&found), vec![vec![(0, 3.0), (1, 2.0)]; 2]);
    }

    proptest! {
        #[test]
        fn same_as_the_plain_product_and_a_full_sort(
            // Few distinct values, so that ties are common; more rows than a chunk has.
            rows in proptest::collection::vec(proptest::collection::btree_map(0_u32..40, (1_u8..4).prop_map(f32::from), 0..12), 1..70),
            neighbors in 0_u32..12,
        ) {
            let rows: Vec<Vec<(u32, f32)>> = rows.into_iter().map(|row| row.into_iter().collect()).collect();
            let matrix = SparseRows::from_rows(40, &rows);
            let found = cells(&best_of_product(&matrix.transposed(), &matrix, neighbors, |_, _, sum: f32| sum));
            for (item, found) in (0_u32..).zip(found) {
                let mut expected: Vec<(u32, f32)> = (0..40).map(|other| {
                    let value = |row: &[(u32, f32)], item| row.iter().find(|cell| cell.0 == item).map_or(0.0, |cell| cell.1);
                    (other, rows.iter().map(|row| value(row, item) * value(row, other)).sum())
                }).filter(|cell| cell.1 > 0.0).collect();
                expected.sort_by(|a, b| b.1.total_cmp(&a.1));
                expected.truncate(if neighbors == 0 { 40 } else { neighbors as usize });
                expected.sort_by_key(|cell| cell.0);
                prop_assert_eq!(found, expected);
            }
        }
    }
}
