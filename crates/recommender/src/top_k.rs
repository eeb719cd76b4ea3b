//! The best `k` of many scores without sorting them all, and without copying them.

/// Scores looked at in one go: nearly all blocks hold nothing above the bar and are passed at once.
const BLOCK: usize = 64;

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
/// Items for which `skip` is true and scores that are not finite are left out. `O(n + k log k)`; memory
/// for about `2 k` items, whatever the number of scores.
///
/// ```
/// let best = recommender::top_k(&[0.5, 2.0, 2.0, 9.0], 2, |item| item == 3);
/// assert_eq!(best.iter().map(|scored| scored.item).collect::<Vec<_>>(), [1, 2]);
/// ```
pub fn top_k(scores: &[f32], k: usize, skip: impl Fn(u32) -> bool) -> Vec<Scored> {
    let mut shortlist = Shortlist::new(k, scores.len());
    if k == 0 {
        return shortlist.kept;
    }
    let (blocks, rest) = scores.as_chunks::<BLOCK>();
    let mut start = 0;
    for block in blocks {
        if is_any_above(block, shortlist.bar) {
            shortlist.take(block, start, &skip);
        }
        start += BLOCK as u32;
    }
    shortlist.take(rest, start, &skip);
    best(shortlist.kept, k)
}

/// Whether a block has a score above the bar; counted without a branch, so that it is vectorised.
fn is_any_above(block: &[f32; BLOCK], bar: f32) -> bool {
    block.iter().map(|score| u32::from(*score > bar)).sum::<u32>() > 0
}

/// Candidates for the best `k`, seen in the order of items.
struct Shortlist {
    kept: Vec<Scored>,
    k: usize,
    /// At this length all but the best `k` are dropped.
    limit: usize,
    /// `k` items seen so far score at least this: a later one needs more, as ties go to the earlier.
    bar: f32,
}

impl Shortlist {
    fn new(k: usize, items: usize) -> Self {
        let limit = k.saturating_mul(2).max(BLOCK);
        Self { kept: Vec::with_capacity(if k == 0 { 0 } else { limit.min(items) }), k, limit, bar: f32::NEG_INFINITY }
    }

    fn take(&mut self, scores: &[f32], start: u32, skip: &impl Fn(u32) -> bool) {
        for (item, score) in (start..).zip(scores) {
            if *score > self.bar && score.is_finite() && !skip(item) {
                self.kept.push(Scored { item, score: *score });
                if self.kept.len() == self.limit {
                    self.kept.select_nth_unstable_by(self.k - 1, by_rank);
                    self.kept.truncate(self.k);
                    self.bar = self.kept[self.k - 1].score;
                }
            }
        }
    }
}

/// Higher scores first, equal ones in the order of items. The two zeros are equal.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "sorting hands out references")]
fn by_rank(a: &Scored, b: &Scored) -> std::cmp::Ordering {
    (b.score + 0.0).total_cmp(&(a.score + 0.0)).then(a.item.cmp(&b.item))
}

/// The `k` best of the candidates in the order of [`top_k`].
pub(crate) fn best(mut candidates: Vec<Scored>, k: usize) -> Vec<Scored> {
    if candidates.len() > k {
        if k > 0 {
            candidates.select_nth_unstable_by(k - 1, by_rank);
        }
        candidates.truncate(k);
    }
    candidates.sort_unstable_by(by_rank);
    // Lists of many users are kept at once; room for a whole catalogue in each would add up.
    candidates.shrink_to_fit();
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

    #[test]
    fn the_two_zeros_are_equal() {
        let items: Vec<u32> = top_k(&[-0.0, 0.0, -0.0], 3, |_| false).iter().map(|scored| scored.item).collect();
        assert_eq!(items, [0, 1, 2]);
    }

    proptest! {
        #[test]
        fn same_as_sorting_everything(
            // Few distinct values, so that ties are common; several blocks, and lists shorter and longer than one.
            scores in proptest::collection::vec((-3_i8..4).prop_map(f32::from), 0..400),
            k in 0_usize..130,
            skipped in proptest::collection::btree_set(0_u32..400, 0..60),
        ) {
            let mut expected: Vec<Scored> = (0..).zip(&scores)
                .filter(|(item, _)| !skipped.contains(item))
                .map(|(item, score)| Scored { item, score: *score })
                .collect();
            expected.sort_by(|a, b| b.score.total_cmp(&a.score));
            expected.truncate(k);
            prop_assert_eq!(top_k(&scores, k, |item| skipped.contains(&item)), expected);
        }

        #[test]
        fn scores_that_rise_replace_the_shortlist_again_and_again(scores in proptest::collection::vec(any::<f32>(), 0..500)) {
            let mut rising = scores;
            rising.sort_by(f32::total_cmp);
            let mut expected: Vec<Scored> = (0..).zip(&rising).map(|(item, score)| Scored { item, score: *score }).collect();
            expected.retain(|scored| scored.score.is_finite());
            expected.sort_by(by_rank);
            expected.truncate(7);
            prop_assert_eq!(top_k(&rising, 7, |_| false), expected);
        }
    }
}
