//! How much each entry of a history counts by its age.

use crate::Interaction;

/// What an entry counts at least, beside the newest one's 1: an older one changes no list and costs as much.
const LEAST: f32 = 1e-3;

/// The entries of known items with the weight `exp(-age / decay)`, the newest first; `age` is the place
/// counted from the newest known one (0), and a decay of 0 lets all count 1. Those that would count less than
/// a thousandth are left out.
///
/// Entries of items from `items` on are left out before places are counted, so that they change nothing.
pub(crate) fn by_recency(
    history: &[Interaction],
    items: usize,
    decay: f32,
) -> impl Iterator<Item = (&Interaction, f32)> {
    let known = history.iter().rev().filter(move |entry| (entry.item as usize) < items);
    let weighed = known
        .enumerate()
        .map(move |(age, entry)| (entry, if decay > 0.0 { (-(age as f32) / decay).exp() } else { 1.0 }));
    weighed.take_while(|(_, weight)| *weight >= LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_ages_of_known_items() {
        let history = [3, 9, 4, 9].map(|item| Interaction { item, weight: 1.0, time: 0 });
        let of = |decay| by_recency(&history, 5, decay).map(|(entry, weight)| (entry.item, weight)).collect::<Vec<_>>();
        assert_eq!(of(0.0), [(4, 1.0), (3, 1.0)]);
        assert_eq!(of(2.0), [(4, 1.0), (3, (-0.5_f32).exp())]);
        // exp(-13 / 2) is above 0.001, exp(-14 / 2) is not.
        let long = vec![history[0]; 100];
        assert_eq!([0.0, 2.0].map(|decay| by_recency(&long, 5, decay).count()), [100, 14]);
    }
}
