//! The figures of a state, from its columns.

use reports::bins::doubling;

use super::{Comparison, State};
use crate::{
    data::{Brief, Data},
    formulas::{counts::Counts, inequality::gini},
};

/// Columns of rows, of which a state may have several pieces.
#[derive(Clone, Copy)]
struct Piece<'a> {
    user: &'a [u32],
    item: &'a [u32],
    rating: &'a [f32],
    time: &'a [i64],
}

impl<'a> Piece<'a> {
    fn of(brief: &'a Brief) -> Self {
        Self { user: &brief.user, item: &brief.item, rating: &brief.rating, time: &brief.time }
    }
}

/// None where there is nothing to compare the reviews with.
pub fn measure(data: &Data) -> Option<Comparison> {
    let mut states = Vec::new();
    if let Some(raw) = &data.raw {
        states.extend(state("raw", &[Piece::of(raw)], raw.users, raw.items));
    }
    let reviews = &data.reviews;
    let piece = Piece { user: &reviews.user, item: &reviews.item, rating: &reviews.rating, time: &reviews.time };
    states.extend(state("reviews", &[piece], data.users.len(), data.items.len()));
    if let Some(parts) = &data.parts {
        let pieces = [&parts.train, &parts.validation, &parts.test].map(Piece::of);
        states.extend(state("preprocessed", &pieces, data.users.len(), data.items.len()));
    }
    (states.len() > 1).then_some(Comparison { states })
}

/// None for a state without rows.
fn state(name: &str, pieces: &[Piece<'_>], users: usize, items: usize) -> Option<State> {
    let (mut of_users, mut of_items) = (vec![0_u32; users], vec![0_u32; items]);
    let (mut rows, mut sum, mut squares, mut stars, mut five) = (0_u64, 0.0, 0.0, [0; 5], 0_u64);
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for piece in pieces {
        count(piece.user, &mut of_users);
        count(piece.item, &mut of_items);
        rows += piece.rating.len() as u64;
        for rating in piece.rating {
            let value = f64::from(*rating);
            sum += value;
            squares += value * value;
            stars[rating.round().clamp(1.0, 5.0) as usize - 1] += 1;
            five += u64::from(*rating >= 5.0);
        }
        for time in piece.time {
            (first, last) = (first.min(*time), last.max(*time));
        }
    }
    if rows == 0 {
        return None;
    }
    let (users, items) = (spread(of_users), spread(of_items));
    let (n, mean) = (rows as f64, sum / rows as f64);
    Some(State {
        name: name.to_owned(),
        rows,
        users: users.units,
        items: items.units,
        density: n / (users.units as f64 * items.units as f64),
        mean_rating: mean,
        rating_deviation: if rows > 1 { ((squares - n * mean * mean) / (n - 1.0)).max(0.0).sqrt() } else { 0.0 },
        five_stars: five as f64 / n,
        stars,
        gini_of_users: users.gini,
        gini_of_items: items.gini,
        rows_a_user: users.quantiles,
        rows_an_item: items.quantiles,
        users_by_rows: users.bins,
        items_by_rows: items.bins,
        first,
        last,
    })
}

/// Numbers outside of `counts` are keys that the reviews do not have.
fn count(numbers: &[u32], counts: &mut [u32]) {
    for number in numbers {
        if let Some(count) = counts.get_mut(*number as usize) {
            *count += 1;
        }
    }
}

/// How rows are spread over users or items.
struct Spread {
    units: u64,
    gini: f64,
    quantiles: [f64; 7],
    bins: Vec<u64>,
}

fn spread(mut counts: Vec<u32>) -> Spread {
    counts.retain(|count| *count > 0);
    let mut bins = Vec::new();
    for count in &counts {
        let bin = doubling(u64::from(*count)) - 1;
        bins.resize(bins.len().max(bin + 1), 0);
        bins[bin] += 1;
    }
    let counts = Counts::of(&counts);
    // Keys that no review has leave a state without users or items: its quantiles are then 0, not undefined.
    let quantile = |level| Some(counts.quantile(level)).filter(|value| value.is_finite()).unwrap_or_default();
    Spread {
        units: counts.units(),
        gini: gini(&counts),
        quantiles: [0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0].map(quantile),
        bins,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Params,
        data::fixture::{Fixture, data, row},
    };

    #[test]
    fn states_by_hand() {
        let raw = vec![row("u", "a", 5.0, 1), row("u", "b", 5.0, 2), row("u", "c", 1.0, 3), row("v", "a", 3.0, 9)];
        let rows = raw[..3].to_vec();
        let parts = [vec![rows[0].clone()], vec![], vec![rows[1].clone()]];
        let fixture = Fixture { rows, raw: Some(raw), parts: Some(parts), ..Fixture::default() };
        let comparison = measure(&fixture.data(&Params::default())).unwrap();
        let [raw, reviews, preprocessed] = &comparison.states[..] else { panic!("three states") };
        assert_eq!((raw.rows, raw.users, raw.items, raw.stars), (4, 2, 3, [1, 0, 1, 0, 2]));
        // 4 rows of 2 · 3 pairs; ratings 5, 5, 1, 3: mean 3.5, squares 2.25 + 2.25 + 6.25 + 0.25 = 11 over 3.
        assert!((raw.density - 4.0 / 6.0).abs() < 1e-12 && (raw.mean_rating - 3.5).abs() < 1e-12);
        assert!((raw.rating_deviation - (11.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        // Users with 3 and 1 rows: Gini (2·1 − 3)·1 + (2·2 − 3)·3 over 2 · 4 = 0.25; median 2.
        assert!((raw.gini_of_users - 0.25).abs() < 1e-12);
        assert_eq!((raw.rows_a_user[2], raw.rows_a_user[6], raw.users_by_rows.as_slice()), (2.0, 3.0, &[1, 0, 1][..]));
        assert_eq!((reviews.name.as_str(), reviews.rows, reviews.last), ("reviews", 3, 3));
        assert_eq!((preprocessed.rows, preprocessed.users, preprocessed.items), (2, 1, 2));
        assert!((preprocessed.five_stars - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_compare_with() {
        assert!(measure(&data(&[row("u", "a", 1.0, 0)])).is_none());
    }
}
