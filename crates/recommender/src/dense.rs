//! Row-by-row matrices of vectors of equal length.

use rayon::prelude::*;

use crate::{Scored, top_k::best};

/// Rows summed up by one task; fixed, so that sums do not depend on the number of threads.
const CHUNK_ROWS: usize = 1024;

/// A row of a matrix, if there is such a row.
pub(crate) fn row(matrix: &[f32], width: usize, row: u32) -> Option<&[f32]> {
    let start = row as usize * width;
    matrix.get(start..start + width)
}

/// The inner product.
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    // Eight sums let the compiler use vector instructions; their order is fixed.
    let mut sums = [0.0_f32; 8];
    let (left_chunks, right_chunks) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    for (a, b) in left_chunks.0.iter().zip(right_chunks.0) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = left_chunks.1.iter().zip(right_chunks.1).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Transposed matrix times matrix, `width * width` cells. Parallel; the same for any number of threads.
pub(crate) fn gramian(matrix: &[f32], width: usize) -> Vec<f32> {
    let partial = |rows: &[f32]| {
        let mut sums = vec![0.0_f64; width * width];
        for row in rows.chunks_exact(width) {
            for (value, cells) in row.iter().zip(sums.chunks_exact_mut(width)) {
                let value = f64::from(*value);
                cells.iter_mut().zip(row).for_each(|(cell, other)| *cell += value * f64::from(*other));
            }
        }
        sums
    };
    let partials: Vec<Vec<f64>> = matrix.par_chunks(CHUNK_ROWS * width).map(partial).collect();
    let mut sums = vec![0.0; width * width];
    for partial in partials {
        sums.iter_mut().zip(partial).for_each(|(sum, value)| *sum += value);
    }
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// The `k` rows with the largest cosine to this one, best first, without itself and without rows of
/// no positive cosine.
pub(crate) fn most_alike(matrix: &[f32], width: usize, item: u32, k: usize) -> Vec<Scored> {
    let Some(target) = row(matrix, width, item).filter(|target| !target.is_empty()) else { return Vec::new() };
    let length = dot(target, target).sqrt();
    let cosine = |(other, vector): (u32, &[f32])| {
        let score = dot(target, vector) / (length * dot(vector, vector).sqrt());
        (other != item && score > 0.0 && score.is_finite()).then_some(Scored { item: other, score })
    };
    best((0..).zip(matrix.chunks_exact(width)).filter_map(cosine).collect(), k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_gramian_and_cosine() {
        // Rows (1, 2), (3, 4), (2, 4): sums 1+9+4, 2+12+8, 4+16+16.
        let matrix = [1.0, 2.0, 3.0, 4.0, 2.0, 4.0];
        assert_eq!(gramian(&matrix, 2), [14.0, 22.0, 22.0, 36.0]);
        let alike = most_alike(&matrix, 2, 0, 5);
        assert_eq!(alike.iter().map(|scored| scored.item).collect::<Vec<_>>(), [2, 1]);
        assert!((alike[0].score - 1.0).abs() < 1e-6);
        // (1 * 3 + 2 * 4) / (sqrt(5) * 5)
        assert!((alike[1].score - 11.0 / (5.0_f32.sqrt() * 5.0)).abs() < 1e-6);
    }

    #[test]
    fn the_product_does_not_miss_the_rest_of_a_chunk() {
        let ones: Vec<f32> = vec![1.0; 11];
        assert!((dot(&ones, &ones) - 11.0).abs() < f32::EPSILON);
        assert!(most_alike(&[0.0, 0.0, 1.0, 0.0], 2, 0, 3).is_empty(), "a zero vector is like nothing");
        assert!(most_alike(&[1.0], 1, 7, 3).is_empty(), "no such item");
    }
}
