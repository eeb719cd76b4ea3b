//! The correlation φK (Baak, Koopman, Snoek and Klous, 2018: "A new correlation coefficient between categorical,
//! ordinal and interval variables with Pearson characteristics").
//!
//! It is the correlation of a bivariate normal distribution that, binned as the table is, would have the table's
//! chi-squared. So it is one scale for numbers and categories, sees relations that are no lines, and has no sign.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use super::contingency::Contingency;

/// The normal distribution is cut off at so many standard deviations, as the authors do.
const RANGE: f64 = 5.0;
/// The square of the solution is about this close.
const PRECISION: f64 = 1e-8;
/// Many more steps than it takes.
const STEPS: u32 = 100;

/// φK of a table, with the authors' correction for noise: a chi-squared that independent variables would have on
/// average (the degrees of freedom) counts as none. None where a side has one category only.
pub fn phi_k(table: &Contingency) -> Option<f64> {
    if table.rows < 2 || table.columns < 2 {
        return None;
    }
    let (rows, columns) = (table.rows as f64, table.columns as f64);
    let largest = table.total * (rows.min(columns) - 1.0);
    let noise = (rows - 1.0) * (columns - 1.0);
    let found = table.chi_squared();
    if found <= noise || largest <= noise {
        return Some(0.0);
    }
    if found >= largest {
        return Some(1.0);
    }
    let (x, y) = (edges(table.rows), edges(table.columns));
    let independent = masses(&x, &y, 0.0);
    let scale = (largest - noise) / distance(&masses(&x, &y, 1.0), &independent);
    let excess = |square: f64| noise + scale * distance(&masses(&x, &y, square.sqrt()), &independent) - found;
    Some(root(excess, noise - found, largest - found).sqrt())
}

/// Where a growing function between 0 and 1, given its values there, is 0: by false position, of which an end that
/// stays counts half (the Illinois method, Dowell and Jarratt 1971). Of the square of the correlation chi-squared is
/// nearly a line, so a few steps do.
fn root(function: impl Fn(f64) -> f64, at_0: f64, at_1: f64) -> f64 {
    let (mut low, mut high) = ((0.0, at_0), (1.0, at_1));
    let (mut place, mut side) = (0.0, 0);
    for _ in 0..STEPS {
        let last = std::mem::replace(&mut place, (low.0 * high.1 - high.0 * low.1) / (high.1 - low.1));
        if (place - last).abs() < PRECISION {
            break;
        }
        let value = function(place);
        if value < 0.0 {
            low = (place, value);
            high.1 /= if side < 0 { 2.0 } else { 1.0 };
            side = -1;
        } else {
            high = (place, value);
            low.1 /= if side > 0 { 2.0 } else { 1.0 };
            side = 1;
        }
    }
    place
}

/// Edges of equally wide bins.
fn edges(bins: usize) -> Vec<f64> {
    (0..=bins).map(|edge| RANGE * (2.0 * edge as f64 / bins as f64 - 1.0)).collect()
}

/// Chi-squared of one pair against independence.
fn distance(masses: &[f64], independent: &[f64]) -> f64 {
    masses
        .iter()
        .zip(independent)
        .filter(|(_, expected)| **expected > 0.0)
        .map(|(mass, expected)| (mass - expected).powi(2) / expected)
        .sum()
}

/// Probability of each pair of bins.
fn masses(x: &[f64], y: &[f64], correlation: f64) -> Vec<f64> {
    let below = |edges: &[f64]| edges.iter().map(|edge| (*edge, normal(*edge))).collect::<Vec<_>>();
    let (rows, columns, nodes) = (below(x), below(y), nodes(correlation));
    let corner = |x: (f64, f64), y: (f64, f64)| bivariate(x, y, correlation, &nodes);
    let corners: Vec<Vec<f64>> =
        rows.iter().map(|row| columns.iter().map(|column| corner(*row, *column)).collect()).collect();
    let mut masses = Vec::with_capacity((x.len() - 1) * (y.len() - 1));
    for (low, high) in corners.iter().zip(&corners[1..]) {
        for column in 1..y.len() {
            masses.push((high[column] - high[column - 1] - low[column] + low[column - 1]).max(0.0));
        }
    }
    masses
}

/// Probability that both of two standard normal variables with this correlation are at most `x` and `y`, each given with
/// the probability that one alone is; the nodes are those of the correlation (Drezner and Wesolowsky 1990).
fn bivariate((x, below_x): (f64, f64), (y, below_y): (f64, f64), correlation: f64, nodes: &[Node]) -> f64 {
    if correlation >= 1.0 { below_x.min(below_y) } else { below_x * below_y + integral(nodes, x, y) / TAU }
}

/// A place of the integral in [`integral`].
struct Node {
    sine: f64,
    /// One over twice the square of the cosine.
    scale: f64,
    weight: f64,
}

/// Places from 0 to the arc sine of the correlation by Gauss and Legendre: panels that halve towards the end, where the
/// density may be steep.
fn nodes(correlation: f64) -> Vec<Node> {
    /// Places and weights of eight points between −1 and 1 (Abramowitz and Stegun, table 25.4).
    const POINTS: [(f64, f64); 4] = [
        (0.183_434_642_495_649_8, 0.362_683_783_378_362),
        (0.525_532_409_916_329, 0.313_706_645_877_887_3),
        (0.796_666_477_413_626_7, 0.222_381_034_453_374_5),
        (0.960_289_856_497_536_2, 0.101_228_536_290_376_26),
    ];
    let end = correlation.min(1.0).asin();
    let (mut nodes, mut start) = (Vec::new(), 0.0);
    for panel in 0..6 {
        let stop = if panel == 5 { end } else { f64::midpoint(start, end) };
        let (middle, half) = (f64::midpoint(start, stop), (stop - start) / 2.0);
        for (place, weight) in POINTS {
            for angle in [middle - half * place, middle + half * place] {
                let (sine, cosine) = angle.sin_cos();
                nodes.push(Node { sine, scale: 1.0 / (2.0 * cosine * cosine), weight: weight * half });
            }
        }
        start = stop;
    }
    nodes
}

/// `∫ exp(−(x² + y² − 2 x y sin θ) / 2 cos² θ) dθ` from 0 to the arc sine of the correlation: `2π` times what it adds to the
/// probability.
fn integral(nodes: &[Node], x: f64, y: f64) -> f64 {
    let (squares, product) = (x * x + y * y, 2.0 * x * y);
    nodes.iter().map(|node| node.weight * (-(squares - product * node.sine) * node.scale).exp()).sum()
}

/// The distribution function of the normal distribution.
fn normal(x: f64) -> f64 {
    0.5 * erfc(-x * FRAC_1_SQRT_2)
}

/// The complementary error function, with a relative error below 1.2e-7 (Numerical Recipes, 3rd edition, 6.2.2).
fn erfc(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let t = 1.0 / (1.0 + 0.5 * x.abs());
    let polynomial = COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| sum * t + coefficient);
    let value = t * (-x * x + polynomial).exp();
    if x >= 0.0 { value } else { 2.0 - value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of a million pairs with these probabilities.
    fn table(masses: &[f64], columns: usize) -> Contingency {
        let cell = |(place, mass): (usize, &f64)| {
            std::iter::repeat_n((place / columns, place % columns), (mass * 1e6).round() as usize)
        };
        Contingency::of(masses.iter().enumerate().flat_map(cell))
    }

    #[test]
    fn probabilities_as_scipy_has_them() {
        // scipy.stats.multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([x, y]); at 0, 0 it is 1/4 + asin(r) / 2π.
        let bivariate = |x: f64, y: f64, correlation: f64| {
            bivariate((x, normal(x)), (y, normal(y)), correlation, &nodes(correlation))
        };
        assert!((bivariate(0.0, 0.0, 0.5) - (0.25 + 0.5_f64.asin() / TAU)).abs() < 1e-6);
        assert!((bivariate(0.0, 0.0, 0.999) - (0.25 + 0.999_f64.asin() / TAU)).abs() < 1e-6);
        // Φ(1) Φ(−1) = 0.841344746 · 0.158655254.
        assert!((bivariate(1.0, -1.0, 0.0) - 0.133_483_764).abs() < 1e-6);
        assert!((bivariate(1.0, 2.0, 1.0) - 0.841_344_746).abs() < 1e-6);
        let sum: f64 = masses(&edges(4), &edges(3), 0.7).iter().sum();
        assert!((sum - 1.0).abs() < 2e-6, "{sum}");
    }

    #[test]
    fn a_binned_normal_distribution_has_its_own_correlation() {
        for correlation in [0.3, 0.6, 0.9] {
            let masses = masses(&edges(6), &edges(6), correlation);
            let found = phi_k(&table(&masses, 6)).unwrap();
            assert!((found - correlation).abs() < 0.01, "{found} for {correlation}");
        }
    }

    #[test]
    fn ends_of_the_scale() {
        assert_eq!(phi_k(&table(&[0.25, 0.25, 0.25, 0.25], 2)), Some(0.0));
        assert_eq!(phi_k(&table(&[0.5, 0.0, 0.0, 0.5], 2)), Some(1.0));
        assert_eq!(phi_k(&table(&[0.5, 0.5], 2)), None);
        assert_eq!(phi_k(&Contingency::of(std::iter::empty())), None);
    }
}
