//! The shape of ratings of one to five stars.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ratings by star, from one to five.
pub type Stars = [u64; 5];

/// Whether opinions gather at the ends of the scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shape {
    /// Share of the ratings with five stars.
    pub top_share: f64,
    /// Share with one star or five: the polarity of Schoenmueller, Netzer and Stahl 2020, "The Polarity of Online
    /// Reviews", Journal of Marketing Research 57(5). A share of 0.4 would be none: all stars alike.
    pub polarity: f64,
    /// Four and five stars as a share of all but three: their positive imbalance. 0.5 would be balance.
    pub positive_imbalance: f64,
    /// `(g₁² + 1) / (g₂ + 3 (n − 1)² / ((n − 2)(n − 3)))` with the sample's skewness g₁ and excess kurtosis g₂ (Pfister
    /// et al. 2013, "Good things peak in pairs", Frontiers in Psychology 4): 5/9 for equally many of each star, above
    /// where there are two peaks or one at an end, 1 for two values alone. None where all ratings are the same, or with
    /// fewer than four.
    pub bimodality: Option<f64>,
    /// How many standard errors one star is more frequent than two: `(n₁ − n₂) / √(n₁ + n₂)`; 0 without either.
    pub low_end: f64,
    /// Whether the shape is a J: five stars are most frequent, and one star is more frequent than two by more than
    /// chance (`low_end` above 1.96), so that few are of two minds (Hu, Zhang and Pavlou 2009, "Overcoming the J-shaped
    /// distribution of product reviews", Communications of the ACM 52(10)).
    pub is_j: bool,
}

/// The star that a rating counts for: the nearest, of two equally near ones the higher.
pub fn star(rating: f32) -> usize {
    (rating + 0.5).floor().clamp(1.0, 5.0) as usize - 1
}

/// Mean of the stars; not a number without ratings.
pub fn mean(stars: &Stars) -> f64 {
    let sum: u64 = stars.iter().zip(1..).map(|(count, star)| count * star).sum();
    sum as f64 / stars.iter().sum::<u64>() as f64
}

/// Half the width of the 95 % interval of the mean: 1.96 standard errors. None with fewer than two ratings.
pub fn margin(stars: &Stars) -> Option<f64> {
    let count = stars.iter().sum::<u64>() as f64;
    (count > 1.0).then(|| 1.96 * (central(stars, 2) / (count - 1.0) / count).sqrt())
}

/// Sum of the distances from the mean, to a power.
fn central(stars: &Stars, power: i32) -> f64 {
    let mean = mean(stars);
    stars.iter().zip(1..).map(|(count, star)| *count as f64 * (f64::from(star) - mean).powi(power)).sum()
}

/// The shape of at least one rating.
pub fn shape(stars: &Stars) -> Shape {
    let [one, two, three, four, five] = stars.map(|count| count as f64);
    let all = one + two + three + four + five;
    let outer = all - three;
    let low_end = if one + two > 0.0 { (one - two) / (one + two).sqrt() } else { 0.0 };
    Shape {
        top_share: five / all,
        polarity: (one + five) / all,
        positive_imbalance: if outer > 0.0 { (four + five) / outer } else { 0.5 },
        bimodality: bimodality(stars),
        low_end,
        is_j: five > four && five > one && five > three && low_end > 1.96,
    }
}

fn bimodality(stars: &Stars) -> Option<f64> {
    let n = stars.iter().sum::<u64>() as f64;
    let [m2, m3, m4] = [2, 3, 4].map(|power| central(stars, power) / n);
    if n < 4.0 || stars.iter().filter(|count| **count > 0).count() < 2 {
        return None;
    }
    let skewness = (n * (n - 1.0)).sqrt() / (n - 2.0) * m3 / m2.powf(1.5);
    let kurtosis = (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * (m4 / (m2 * m2) - 3.0) + 6.0);
    Some((skewness * skewness + 1.0) / (kurtosis + 3.0 * (n - 1.0).powi(2) / ((n - 2.0) * (n - 3.0))))
}

/// Share of units that would have given the same star throughout, had each rating been drawn from all: `Σ pₛⁿ` for a
/// unit with `n` ratings. `sizes` are numbers of ratings and the units with so many.
pub fn chance_of_constant(stars: &Stars, sizes: &[(u32, u64)]) -> f64 {
    let all = stars.iter().sum::<u64>() as f64;
    let (mut units, mut sum) = (0.0, 0.0);
    for (size, group) in sizes {
        let same: f64 = stars.iter().map(|count| (*count as f64 / all).powf(f64::from(*size))).sum();
        units += *group as f64;
        sum += *group as f64 * same;
    }
    if units > 0.0 { sum / units } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shapes_by_hand() {
        let found = shape(&[20, 4, 6, 10, 60]);
        assert_eq!((found.top_share, found.polarity), (0.6, 0.8));
        // 70 of 94; 16 / √24.
        assert!((found.positive_imbalance - 70.0 / 94.0).abs() < 1e-12);
        assert!((found.low_end - 16.0 / 24_f64.sqrt()).abs() < 1e-12 && found.is_j);
        // Two values alone, equally often: skewness 0, m₄ / m₂² = 1; what is left is (n − 2)(n − 3) / ((n − 1)(n + 1)).
        let wanted = 98.0 * 97.0 / (99.0 * 101.0);
        assert!((shape(&[50, 0, 0, 0, 50]).bimodality.unwrap() - wanted).abs() < 1e-12);
        // Equally many of each star: m₂ = 2, m₄ = 6.8, so m₄ / m₂² = 1.7; 1 / 1.7 for large n.
        assert!((shape(&[100_000; 5]).bimodality.unwrap() - 1.0 / 1.7).abs() < 1e-4);
        assert_eq!((shape(&[0, 0, 0, 0, 9]).bimodality, shape(&[0, 0, 3, 0, 0]).positive_imbalance), (None, 0.5));
        assert!(!shape(&[0, 0, 0, 4, 9]).is_j && !shape(&[5, 4, 1, 1, 90]).is_j && !shape(&[90, 4, 1, 1, 9]).is_j);
    }

    #[test]
    fn means_and_chances_by_hand() {
        assert_eq!([0.4, 1.49, 2.5, 3.0, 4.5, 9.0].map(star), [0, 0, 2, 2, 4, 4]);
        // 1, 5, 5, 5: mean 4, squares 9 + 3 = 12, error √(12 / 3 / 4) = 1.
        assert_eq!((mean(&[1, 0, 0, 0, 3]), margin(&[1, 0, 0, 0, 3])), (4.0, Some(1.96)));
        assert_eq!(margin(&[0, 0, 1, 0, 0]), None);
        // Half ones, half fives: two alike with 1/2, three with 1/4; of three users with two and one with three: 7/16.
        assert!((chance_of_constant(&[5, 0, 0, 0, 5], &[(2, 3), (3, 1)]) - 7.0 / 16.0).abs() < 1e-12);
        assert!(chance_of_constant(&[1, 0, 0, 0, 0], &[]).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn shapes_stay_in_their_bounds(stars in proptest::array::uniform5(0_u64..500)) {
            prop_assume!(stars.iter().sum::<u64>() > 0);
            let found = shape(&stars);
            prop_assert!(found.top_share <= found.polarity && found.polarity <= 1.0);
            prop_assert!((0.0..=1.0).contains(&found.positive_imbalance) && (1.0..=5.0).contains(&mean(&stars)));
            prop_assert!(found.bimodality.is_none_or(|value| value > 0.0 && value <= 1.0 + 1e-9));
            prop_assert!((0.0..=1.0 + 1e-12).contains(&chance_of_constant(&stars, &[(2, 4), (7, 1)])));
        }
    }
}
