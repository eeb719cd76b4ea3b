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
pub fn top_k(scores: &[f32], k: usize, skip: impl Fn(u32) -> bool) -> Vec<Scored> {
    let mut candidates: Vec<Scored> = scores
        .iter()
        .enumerate()
        .filter(|(item, score)| score.is_finite() && !skip(*item as u32))
        .map(|(item, score)| Scored { item: item as u32, score: *score })
        .collect();
    let order = |a: &Scored, b: &Scored| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item));
    if candidates.len() > k {
        if k > 0 {
            candidates.select_nth_unstable_by(k - 1, order);
        }
        candidates.truncate(k);
    }
    candidates.sort_unstable_by(order);
    candidates
}
