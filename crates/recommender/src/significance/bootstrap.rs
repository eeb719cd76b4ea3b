//! Bootstrap over users: the means that other users might have given (Efron 1979).
//!
//! Each resample gives every user a weight drawn from Poisson(1), the limit of drawing as many users with
//! replacement (Chamandy et al. 2012), and takes weighted means. All columns share the weights, so the
//! difference of two models in a resample is that of the same users: intervals of differences are paired.
//! `O(users * resamples * columns)`, less where values are 0; parallel; memory `8 * resamples * columns`.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Resamples drawn together by one task; fixed, so that draws do not depend on the number of threads.
const BLOCK: usize = 64;

/// Means of columns of values in many resamples of their users.
///
/// ```
/// use recommender::significance::Bootstrap;
///
/// let (a, b): (Vec<f32>, Vec<f32>) = (0..500_u16).map(|i| (f32::from(i % 3), f32::from(i % 3) + 1.0)).unzip();
/// let bootstrap = Bootstrap::new(&[&a, &b], 1000, 42);
/// let [low, high] = bootstrap.interval(0, 0.95).unwrap();
/// assert!(low < 1.0 && 1.0 < high && high - low < 0.2);
/// let [low, high] = bootstrap.difference(1, 0, 0.95).unwrap();
/// assert!((low - 1.0).abs() < 1e-6 && (high - 1.0).abs() < 1e-6);
/// ```
pub struct Bootstrap {
    /// For each column the mean in each resample; not a number where no user with a value was drawn.
    means: Vec<Vec<f64>>,
}

/// Sums of one column in one block of resamples.
#[derive(Clone)]
struct Sums {
    values: [f64; BLOCK],
    /// Weights of users without a value.
    missing: [f64; BLOCK],
}

impl Bootstrap {
    /// Draws the resamples. Columns have one value a user, in the same order of users; a value that is not
    /// a number is missing and the mean is that of the others.
    ///
    /// # Panics
    /// If columns differ in length.
    pub fn new(columns: &[&[f32]], resamples: usize, seed: u64) -> Self {
        let users = columns.first().map_or(0, |column| column.len());
        assert!(columns.iter().all(|column| column.len() == users), "one value a user in every column");
        let blocks: Vec<Vec<Sums>> = (0..resamples.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| sums(columns, users, seed, block as u64))
            .collect();
        let means = (0..columns.len()).map(|column| {
            let all = blocks.iter().flat_map(|block| {
                let (total, sums) = (&block[columns.len()].values, &block[column]);
                (0..BLOCK).map(|draw| sums.values[draw] / (total[draw] - sums.missing[draw]))
            });
            all.take(resamples).collect()
        });
        Self { means: means.collect() }
    }

    /// Lower and upper end of a column's mean (percentiles); none without values.
    pub fn interval(&self, column: usize, level: f64) -> Option<[f64; 2]> {
        percentiles(self.means[column].clone(), level)
    }

    /// Lower and upper end of the mean of one column less that of another.
    pub fn difference(&self, column: usize, other: usize, level: f64) -> Option<[f64; 2]> {
        percentiles(self.means[column].iter().zip(&self.means[other]).map(|(a, b)| a - b).collect(), level)
    }
}

/// Weighted sums of all columns in one block of resamples, then the sums of the weights.
fn sums(columns: &[&[f32]], users: usize, seed: u64, block: u64) -> Vec<Sums> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(block);
    let mut sums = vec![Sums { values: [0.0; BLOCK], missing: [0.0; BLOCK] }; columns.len() + 1];
    for user in 0..users {
        let weights: [f64; BLOCK] = std::array::from_fn(|_| poisson(random.random::<u32>()));
        for (column, sums) in columns.iter().zip(&mut sums) {
            match column[user] {
                0.0 => {}
                value if value.is_nan() => add(&mut sums.missing, 1.0, &weights),
                value => add(&mut sums.values, f64::from(value), &weights),
            }
        }
        add(&mut sums[columns.len()].values, 1.0, &weights);
    }
    sums
}

fn add(sums: &mut [f64; BLOCK], value: f64, weights: &[f64; BLOCK]) {
    sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
}

/// A Poisson(1) number from a uniform one, by its distribution function in units of `2^-32`.
fn poisson(draw: u32) -> f64 {
    /// `2^32 * sum over j up to i of exp(-1) / j!`, rounded.
    const BOUNDS: [u32; 11] = [
        1_580_030_169,
        3_160_060_337,
        3_950_075_422,
        4_213_413_783,
        4_279_248_374,
        4_292_415_292,
        4_294_609_778,
        4_294_923_276,
        4_294_962_464,
        4_294_966_818,
        4_294_967_253,
    ];
    f64::from(BOUNDS.iter().map(|bound| u32::from(draw >= *bound)).sum::<u32>())
}

/// The ends of the middle `level` of the values, by linear interpolation.
fn percentiles(mut values: Vec<f64>, level: f64) -> Option<[f64; 2]> {
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |share: f64| {
        let place = share * last as f64;
        let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
        low + (high - low) * place.fract()
    };
    Some([at((1.0 - level) / 2.0), at(f64::midpoint(1.0, level))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_poisson() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut counts = [0_u32; 12];
        for _ in 0..1_000_000 {
            counts[poisson(random.random::<u32>()) as usize] += 1;
        }
        let mut expected = (-1.0_f64).exp();
        for (value, count) in (1_u32..).zip(&counts[..6]) {
            // Four standard deviations of a count of a million draws.
            let deviation = (expected * (1.0 - expected) / 1e6).sqrt();
            assert!((f64::from(*count) / 1e6 - expected).abs() < 4.0 * deviation, "{value}: {count}");
            expected /= f64::from(value);
        }
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        // Hit rates of 150 users whose true mean is 0.3, many times.
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let held = (0..400)
            .filter(|run| {
                let users: Vec<f32> = (0..150).map(|_| f32::from(u8::from(random.random_bool(0.3)))).collect();
                let [low, high] = Bootstrap::new(&[&users], 400, *run).interval(0, 0.95).unwrap();
                low <= 0.3 && 0.3 <= high
            })
            .count();
        // 95 % of 400 is 380, give or take 3 * sqrt(400 * 0.95 * 0.05) = 13.
        assert!((367..=393).contains(&held), "{held} of 400");
    }

    #[test]
    fn missing_values_are_left_out_of_the_mean() {
        let bootstrap = Bootstrap::new(&[&[2.0, f32::NAN, 2.0, f32::NAN], &[f32::NAN; 4]], 200, 3);
        let [low, high] = bootstrap.interval(0, 0.95).unwrap();
        assert!((low - 2.0).abs() < 1e-12 && (high - 2.0).abs() < 1e-12);
        assert_eq!(bootstrap.interval(1, 0.95), None);
        assert_eq!(Bootstrap::new(&[&[]], 100, 3).interval(0, 0.95), None);
    }

    #[test]
    fn the_seed_decides_and_the_threads_do_not() {
        let values: Vec<f32> = (0..300_u16).map(|i| f32::from(i * 7 % 31)).collect();
        let of = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Bootstrap::new(&[&values], 1000, seed).interval(0, 0.95))
        };
        assert_eq!(of(1, 42), of(5, 42));
        assert_ne!(of(1, 42), of(1, 43));
    }
}
