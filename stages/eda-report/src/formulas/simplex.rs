//! The lowest point of a smooth function of two variables, without its derivatives.

/// Most steps; functions here need about a hundred.
const STEPS: usize = 500;

/// The lowest point near a start, by the simplex method of Nelder and Mead (1965, "A simplex method for function
/// minimization", The Computer Journal 7) with its usual coefficients 1, 2, 1/2, 1/2. `sizes` are the first steps along
/// each variable. Stops where the values of the three corners differ by less than 1e-10 of their size.
pub fn lowest(function: impl Fn([f64; 2]) -> f64, start: [f64; 2], sizes: [f64; 2]) -> [f64; 2] {
    let corner = |point: [f64; 2]| (function(point), point);
    let mut corners = [corner(start), corner([start[0] + sizes[0], start[1]]), corner([start[0], start[1] + sizes[1]])];
    for _ in 0..STEPS {
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        let [best, middle, worst] = corners;
        if worst.0 - best.0 <= 1e-10 * (1.0 + best.0.abs()) {
            break;
        }
        let center = mix(best.1, middle.1, 0.5);
        let mirrored = corner(mix(center, worst.1, -1.0));
        if mirrored.0 < best.0 {
            let farther = corner(mix(center, worst.1, -2.0));
            corners[2] = if farther.0 < mirrored.0 { farther } else { mirrored };
            continue;
        }
        if mirrored.0 < middle.0 {
            corners[2] = mirrored;
            continue;
        }
        let outer = if mirrored.0 < worst.0 { mirrored } else { worst };
        let nearer = corner(mix(center, outer.1, 0.5));
        if nearer.0 < outer.0 {
            corners[2] = nearer;
        } else {
            corners = [best, corner(mix(best.1, middle.1, 0.5)), corner(mix(best.1, worst.1, 0.5))];
        }
    }
    corners.sort_by(|a, b| a.0.total_cmp(&b.0));
    corners[0].1
}

/// The point on the way from one to another: 0 is the first, 1 the second.
fn mix(from: [f64; 2], to: [f64; 2], share: f64) -> [f64; 2] {
    [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_points_by_hand() {
        // A bowl whose lowest point is (3, −1), and Rosenbrock's valley with (1, 1).
        let bowl = lowest(|[x, y]| (x - 3.0).powi(2) + 2.0 * (y + 1.0).powi(2), [0.0, 0.0], [1.0, 1.0]);
        assert!((bowl[0] - 3.0).abs() < 1e-4 && (bowl[1] + 1.0).abs() < 1e-4, "{bowl:?}");
        let valley = lowest(|[x, y]| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2), [-1.2, 1.0], [0.5, 0.5]);
        assert!((valley[0] - 1.0).abs() < 1e-3 && (valley[1] - 1.0).abs() < 1e-3, "{valley:?}");
    }
}
