//! How far a distribution has moved.

/// Population stability index of two distributions over the same classes: `Σ (qᵢ − pᵢ) ln(qᵢ / pᵢ)`, with half a row more
/// in every class, so that an empty class does not make it infinite. It is never negative, 0 where nothing has moved,
/// and the same in both directions. By custom, up to 0.1 is called stable and above 0.25 a shift (Siddiqi 2006,
/// "Credit Risk Scorecards").
pub fn population_stability(before: &[u64], after: &[u64]) -> f64 {
    let all = |counts: &[u64]| counts.iter().map(|count| *count as f64 + 0.5).sum::<f64>();
    let (all_before, all_after) = (all(before), all(after));
    let of_class = |(before, after): (&u64, &u64)| {
        let (p, q) = ((*before as f64 + 0.5) / all_before, (*after as f64 + 0.5) / all_after);
        (q - p) * (q / p).ln()
    };
    before.iter().zip(after).map(of_class).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn indices_by_hand() {
        // With half a row more: 2 : 2 and 1 : 3. (1/4 − 1/2) ln(1/2) + (3/4 − 1/2) ln(3/2) = 1/4 ln 3.
        let moved = population_stability(&[15, 15], &[5, 16]);
        let (p, q) = ([15.5 / 31.0, 15.5 / 31.0], [5.5 / 22.0, 16.5 / 22.0]);
        assert!((moved - 0.25 * 3_f64.ln()).abs() < 1e-12, "{moved} of {p:?} and {q:?}");
        assert!(population_stability(&[3, 0, 9], &[3, 0, 9]).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn it_is_never_negative_and_symmetric(
            one in proptest::array::uniform5(0_u64..1000), other in proptest::array::uniform5(0_u64..1000),
        ) {
            let there = population_stability(&one, &other);
            prop_assert!(there >= 0.0 && there.is_finite());
            prop_assert!((there - population_stability(&other, &one)).abs() < 1e-9);
        }
    }
}
