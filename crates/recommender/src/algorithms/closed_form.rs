//! What the linear models share that are solved by inverting a matrix of items: which items take part,
//! whether they fit into memory, their Gramian, and the weights that are kept.

use rayon::prelude::*;

use crate::{Error, Interactions, sparse::SparseRows, top_k::largest};

/// The items that take part, and their place among them.
pub(super) struct Chosen {
    /// Ascending.
    pub(super) items: Vec<u32>,
    /// Of all items; none for those left out.
    places: Vec<Option<u32>>,
    /// Interactions of those that take part.
    counts: Vec<u32>,
}

impl Chosen {
    /// The `max_items` most popular items, 0: all; those that nobody chose never take part.
    pub(super) fn new(train: &Interactions, max_items: u32) -> Self {
        let counts = train.item_counts();
        let keep = if max_items == 0 { counts.len() } else { max_items as usize };
        let candidates = (0..).zip(&counts).filter(|(_, count)| **count > 0);
        let mut items: Vec<u32> = largest(candidates.map(|(item, count)| (item, *count as f32)).collect(), keep)
            .iter()
            .map(|cell| cell.0)
            .collect();
        items.sort_unstable();
        let mut places = vec![None; counts.len()];
        (0..).zip(&items).for_each(|(place, item)| places[*item as usize] = Some(place));
        let counts = items.iter().map(|item| counts[*item as usize]).collect();
        Self { items, places, counts }
    }

    /// The columns of the items that take part.
    pub(super) fn columns(&self, rows: &SparseRows) -> SparseRows {
        let mut chosen = SparseRows::empty(self.items.len());
        for row in 0..rows.len() as u32 {
            chosen.push_row(rows.row(row).filter_map(|(item, value)| Some((self.places[item as usize]?, value))));
        }
        chosen
    }

    /// The penalty of each item.
    pub(super) fn penalties(&self, regularization: f32, exponent: f32) -> Vec<f32> {
        let mean = self.counts.iter().map(|count| f64::from(*count)).sum::<f64>() / self.counts.len() as f64;
        let penalty = |count: &u32| regularization * (f64::from(*count) / mean).powf(f64::from(exponent)) as f32;
        self.counts.iter().map(penalty).collect()
    }

    /// The largest weights of each item, negative ones too, as rows of all items: `P[j, i] / -P[i, i]`
    /// where `P` is given.
    pub(super) fn weights(&self, inverse: &[f32], neighbors: u32) -> SparseRows {
        let size = self.items.len();
        let scales: Vec<f32> = (0..size).map(|place| -1.0 / inverse[place * size + place]).collect();
        let row = |(place, cells): (usize, &[f32])| {
            let others = cells.iter().zip(&scales).enumerate().filter(|(other, _)| *other != place);
            largest(others.map(|(other, (cell, scale))| (other as u32, cell * scale)).collect(), kept(size, neighbors))
        };
        self.all_items(&inverse.par_chunks_exact(size).enumerate().map(row).collect::<Vec<_>>())
    }

    /// Rows and columns of the items that take part as rows and columns of all items.
    pub(super) fn all_items(&self, rows: &[Vec<(u32, f32)>]) -> SparseRows {
        let mut weights = SparseRows::empty(self.places.len());
        for place in &self.places {
            let cells = place.iter().flat_map(|place| &rows[*place as usize]);
            weights.push_row(cells.map(|(other, weight)| (self.items[*other as usize], *weight)));
        }
        weights
    }
}

/// Weights kept of so many, 0: all.
pub(super) fn kept(items: usize, neighbors: u32) -> usize {
    if neighbors == 0 { items } else { items.min(neighbors as usize) }
}

/// An error where fitting would need more memory than allowed, with what to do about it.
pub(super) fn check_memory(
    algorithm: &'static str,
    max_memory_mb: u32,
    items: usize,
    neighbors: u32,
) -> Result<(), Error> {
    let kept = kept(items, neighbors);
    let needed_mb = ((4 * items * items + 16 * items * kept) as u64).div_ceil(1_000_000);
    if needed_mb <= u64::from(max_memory_mb) {
        return Ok(());
    }
    let bytes_an_item = 16.0 * kept as f64;
    let allowed = f64::from(max_memory_mb) * 1e6;
    // The root of 4 n^2 + bytes_an_item * n = allowed.
    let fitting = ((bytes_an_item * bytes_an_item + 16.0 * allowed).sqrt() - bytes_an_item) / 8.0;
    Err(Error::TooLarge { algorithm, items, needed_mb, max_memory_mb, fitting_items: fitting as usize })
}

/// `X^T X` with the penalties on its diagonal; of each row only the cells from the diagonal on.
pub(super) fn gramian(by_user: &SparseRows, penalties: &[f32]) -> Vec<f32> {
    let by_item = by_user.transposed();
    let size = penalties.len();
    let mut matrix = vec![0.0_f32; size * size];
    matrix.par_chunks_exact_mut(size).enumerate().for_each(|(item, sums)| {
        for (user, factor) in by_item.row(item as u32) {
            let (items, values) = by_user.cells(user);
            let start = items.partition_point(|other| (*other as usize) < item);
            for (other, value) in items[start..].iter().zip(&values[start..]) {
                sums[*other as usize] += factor * value;
            }
        }
        sums[item] += penalties[item];
    });
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interaction;

    #[test]
    fn the_most_popular_items_take_part_and_keep_their_order() {
        let pairs = [(0, 1), (1, 1), (0, 3), (1, 3), (0, 0)];
        let pairs = pairs.map(|(user, item)| (user, Interaction { item, weight: 1.0, time: 0 }));
        let train = Interactions::from_pairs(2, 5, &pairs);
        assert_eq!(Chosen::new(&train, 0).items, [0, 1, 3]);
        let chosen = Chosen::new(&train, 2);
        assert_eq!(chosen.items, [1, 3]);
        let columns = chosen.columns(&SparseRows::from_rows(5, &[vec![(0, 1.0), (3, 2.0)]]));
        assert_eq!(columns.row(0).collect::<Vec<_>>(), [(1, 2.0)]);
        let all = chosen.all_items(&[vec![(1, 0.5)], vec![]]);
        assert_eq!((all.len(), all.value(1, 3)), (5, Some(0.5)));
    }

    #[test]
    fn what_does_not_fit_into_memory_is_refused_with_advice() {
        let error = check_memory("ease", 4000, 38_048, 1000).unwrap_err().to_string();
        let expected = "fit ease to 38048 items: it needs 6400 MB, more than max_memory_mb = 4000; set `max_items` to \
                        29685 or fewer, raise `max_memory_mb`, or use `slim`, which is sparse";
        assert_eq!(error, expected);
        assert!(check_memory("ease", 4000, 29_685, 1000).is_ok() && check_memory("ease", 4000, 29_690, 1000).is_err());
        assert!(check_memory("ease", 900, 12_101, 1000).is_ok(), "one and a half times its floor of 585 MB");
    }
}
