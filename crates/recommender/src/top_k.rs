//! The best `k` of many scores without sorting them all.

/// An item and its score.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scored {
    /// Item index.
    pub item: u32,
    /// Higher is better.
    pub score: f32,
}

/// The `k` best of `scores`, best first; equal scores in the order of items.
///
/// Items for which `skip` is true and scores that are not finite are left out. `O(n + k log k)`.
///
/// ```
/// let best = recommender::top_k(&[0.5, 2.0, 2.0, 9.0], 2, |item| item == 3);
/// assert_eq!(best.iter().map(|scored| scored.item).collect::<Vec<_>>(), [1, 2]);
/// ```
pub fn top_k(scores: &[f32], k: usize, skip: impl Fn(u32) -> bool) -> Vec<Scored> {
    let candidates = scores
        .iter()
        .enumerate()
        .filter(|(item, score)| score.is_finite() && !skip(*item as u32))
        .map(|(item, score)| Scored { item: item as u32, score: *score })
        .collect();
    best(candidates, k)
}

/// The `k` best of the candidates in the order of [`top_k`].
pub(crate) fn best(mut candidates: Vec<Scored>, k: usize) -> Vec<Scored> {
    let order = |a: &Scored, b: &Scored| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item));
    if candidates.len() > k {
        if k > 0 {
            candidates.select_nth_unstable_by(k - 1, order);
        }
        candidates.truncate(k);
        // Lists of many users are kept at once; room for a whole catalogue in each would add up.
        candidates.shrink_to_fit();
    }
    candidates.sort_unstable_by(order);
    candidates
}

/// The `k` cells of largest magnitude, in the order of columns; equal ones in the order of columns too.
/// Cells that are 0 or not finite are left out.
pub(crate) fn largest(mut cells: Vec<(u32, f32)>, k: usize) -> Vec<(u32, f32)> {
    cells.retain(|(_, value)| value.is_finite() && *value != 0.0);
    if cells.len() > k {
        if k > 0 {
            let magnitude = |cell: &(u32, f32)| cell.1.abs();
            cells.select_nth_unstable_by(k - 1, |a, b| magnitude(b).total_cmp(&magnitude(a)).then(a.0.cmp(&b.0)));
        }
        cells.truncate(k);
        cells.shrink_to_fit();
        cells.sort_unstable_by_key(|cell| cell.0);
    }
    cells
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_that_are_not_finite_and_skipped_items_are_left_out() {
        let scores = [f32::NAN, 1.0, f32::INFINITY, 3.0, f32::NEG_INFINITY];
        assert_eq!(top_k(&scores, 9, |item| item == 3), [Scored { item: 1, score: 1.0 }]);
        assert_eq!(top_k(&scores, 0, |_| false), []);
    }

    #[test]
    fn the_largest_cells_keep_their_sign_and_order() {
        let cells = vec![(0, 1.0), (1, -3.0), (2, 0.0), (3, 2.0), (4, f32::NAN), (5, -2.0)];
        assert_eq!(largest(cells.clone(), 2), [(1, -3.0), (3, 2.0)]);
        assert_eq!(largest(cells.clone(), 9), [(0, 1.0), (1, -3.0), (3, 2.0), (5, -2.0)]);
        assert_eq!(largest(cells, 0), []);
    }

    #[test]
    fn a_short_list_does_not_hold_room_for_the_whole_catalogue() {
        assert!(top_k(&vec![1.0; 10_000], 5, |_| false).capacity() < 100);
    }

    proptest! {
        #[test]
        fn same_as_sorting_everything(
            // Few distinct values, so that ties are common.
            scores in proptest::collection::vec((-3_i8..4).prop_map(f32::from), 0..50),
            k in 0_usize..60,
            skipped in proptest::collection::btree_set(0_u32..50, 0..20),
        ) {
            let mut expected: Vec<Scored> = (0..).zip(&scores)
                .filter(|(item, _)| !skipped.contains(item))
                .map(|(item, score)| Scored { item, score: *score })
                .collect();
            expected.sort_by(|a, b| b.score.total_cmp(&a.score));
            expected.truncate(k);
            prop_assert_eq!(top_k(&scores, k, |item| skipped.contains(&item)), expected);
        }
    }
}
