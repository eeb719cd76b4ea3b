//! What makes items alike by what is written about them: inner products of sparse vectors, or lists of
//! neighbours two steps away.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::content_tfidf::ItemFeatures;
use crate::{
    Error, ModelData, Tensor,
    dense::{dot, row},
    sparse::SparseRows,
    top_k,
};

/// What makes items alike.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Similarity {
    /// Inner products of vectors.
    Vectors {
        /// Row = item, column = term, in the order of terms.
        terms: SparseRows,
        /// Row = term, column = item.
        postings: SparseRows,
        /// Standardised features, each row of a length that makes them count by their weight; empty if not
        /// used.
        features: Vec<f32>,
        /// Features of an item.
        width: usize,
    },
    /// The similarities themselves, row by row.
    Neighbors(SparseRows),
}

impl Similarity {
    /// By inner products of these terms, and of features that `standardized` made.
    pub(super) fn vectors(terms: SparseRows, features: Vec<f32>, width: usize) -> Self {
        Self::Vectors { postings: terms.transposed(), terms, features, width }
    }

    /// The similarity that [`Self::save`] wrote, of `steps`.
    pub(super) fn load(data: &ModelData, steps: u32) -> Result<Self, Error> {
        if steps == 2 {
            return Ok(Self::Neighbors(SparseRows::load(data, "neighbors", data.items, data.items)?));
        }
        let sizes = data.integers_of("sizes", 2)?;
        let (columns, width) = (sizes[0] as usize, sizes[1] as usize);
        let terms = SparseRows::load(data, "terms", data.items, columns)?;
        Ok(Self::vectors(terms, data.floats_of("features", data.items * width)?.to_vec(), width))
    }

    /// Adds the tensors that [`Self::load`] reads.
    pub(super) fn save(&self, tensors: &mut BTreeMap<String, Tensor>) {
        match self {
            Self::Neighbors(rows) => rows.save("neighbors", tensors),
            Self::Vectors { terms, postings, features, width } => {
                let sizes = vec![postings.len() as u32, *width as u32];
                tensors.insert("sizes".to_owned(), Tensor::indices(sizes));
                tensors.insert("features".to_owned(), Tensor::matrix(terms.len(), *width, features.clone()));
                terms.save("terms", tensors);
            }
        }
    }

    /// Number of items that are like any other or themselves.
    pub(super) fn described(&self) -> usize {
        let (Self::Vectors { terms: rows, .. } | Self::Neighbors(rows)) = self;
        (0..rows.len() as u32).filter(|item| rows.row(*item).next().is_some()).count()
    }

    /// Adds the similarities of every item with the weighted sum of these items.
    pub(super) fn add(&self, items: &[(u32, f32)], scores: &mut [f32]) {
        match self {
            Self::Neighbors(rows) => {
                for (item, strength) in items {
                    rows.row(*item).for_each(|(other, value)| scores[other as usize] += strength * value);
                }
            }
            Self::Vectors { terms, postings, features, width } => {
                for (term, value) in profile(terms, items) {
                    postings.row(term).for_each(|(item, other)| scores[item as usize] += value * other);
                }
                if *width > 0 {
                    let mut sum = vec![0.0; *width];
                    for (item, strength) in items {
                        let own = row(features, *width, *item).unwrap_or_default();
                        sum.iter_mut().zip(own).for_each(|(sum, value)| *sum += strength * value);
                    }
                    scores
                        .iter_mut()
                        .zip(features.chunks_exact(*width))
                        .for_each(|(score, own)| *score += dot(&sum, own));
                }
            }
        }
    }

    /// Room for [`Self::to`].
    pub(super) fn room(&self) -> Vec<f32> {
        match self {
            Self::Neighbors(_) => Vec::new(),
            Self::Vectors { postings, .. } => vec![0.0; postings.len()],
        }
    }

    /// How similar each of these items is to `item`, whose terms are laid out in the room meanwhile.
    pub(super) fn to(&self, item: u32, others: &[(u32, f32)], room: &mut [f32]) -> Vec<f32> {
        match self {
            Self::Neighbors(rows) => others.iter().map(|(other, _)| rows.value(*other, item).unwrap_or(0.0)).collect(),
            Self::Vectors { terms, features, width, .. } => {
                terms.row(item).for_each(|(term, weight)| room[term as usize] = weight);
                let features = |item: u32| row(features, *width, item).unwrap_or_default();
                let own = features(item);
                let similarity = |(other, _): &(u32, f32)| {
                    let text: f32 = terms.row(*other).map(|(term, weight)| weight * room[term as usize]).sum();
                    text + dot(own, features(*other))
                };
                let similarities = others.iter().map(similarity).collect();
                terms.row(item).for_each(|(term, _)| room[term as usize] = 0.0);
                similarities
            }
        }
    }

    /// `S + S^2` of the `neighbors` most similar items of each item, each row of `S` with sum 1.
    pub(super) fn two_steps(&self, neighbors: usize) -> Self {
        let items = self.len();
        let best = |scores: &[f32], item: u32| -> Vec<(u32, f32)> {
            let list = top_k(scores, neighbors, |other| other == item || scores[other as usize] <= 0.0);
            list.into_iter().map(|scored| (scored.item, scored.score)).collect()
        };
        let rows = |fill: &(dyn Fn(u32, &mut [f32]) + Sync)| -> Vec<Vec<(u32, f32)>> {
            let row = |scores: &mut Vec<f32>, item: u32| {
                scores.fill(0.0);
                fill(item, scores);
                best(scores, item)
            };
            (0..items as u32).into_par_iter().map_init(|| vec![0.0; items], row).collect()
        };
        let mut nearest = rows(&|item, scores| self.add(&[(item, 1.0)], scores));
        for row in &mut nearest {
            let sum: f32 = row.iter().map(|(_, value)| value).sum();
            for (_, value) in row {
                *value /= sum;
            }
        }
        let squared = rows(&|item, scores| {
            for (near, share) in &nearest[item as usize] {
                scores[*near as usize] += share;
                nearest[*near as usize].iter().for_each(|(far, value)| scores[*far as usize] += share * value);
            }
        });
        Self::Neighbors(SparseRows::from_rows(items, &squared))
    }

    fn len(&self) -> usize {
        let (Self::Vectors { terms: rows, .. } | Self::Neighbors(rows)) = self;
        rows.len()
    }
}

/// The weighted sum of the items' terms, in the order of terms.
fn profile(terms: &SparseRows, items: &[(u32, f32)]) -> Vec<(u32, f32)> {
    let cells =
        items.iter().flat_map(|(item, strength)| terms.row(*item).map(move |(term, value)| (term, strength * value)));
    let mut cells: Vec<(u32, f32)> = cells.collect();
    cells.sort_by_key(|(term, _)| *term);
    let mut sums: Vec<(u32, f32)> = Vec::new();
    for (term, value) in cells {
        match sums.last_mut() {
            Some((last, sum)) if *last == term => *sum += value,
            _ => sums.push((term, value)),
        }
    }
    sums
}

/// Brings each feature to mean 0 and variance 1 (constant ones to 0), then each item to this length.
pub(super) fn standardized(features: &ItemFeatures, items: usize, length: f64) -> Vec<f32> {
    assert_eq!(features.values.len(), items * features.width, "one row of features an item");
    let mut values = features.values.clone();
    for column in 0..features.width {
        let cells = || features.values[column..].iter().step_by(features.width).map(|value| f64::from(*value));
        let finite = || cells().filter(|value| value.is_finite());
        let count = finite().count().max(1) as f64;
        let mean = finite().sum::<f64>() / count;
        let deviation = (finite().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        for value in values[column..].iter_mut().step_by(features.width) {
            let centred = (f64::from(*value) - mean) / deviation;
            *value = if centred.is_finite() && deviation > 1e-9 { centred as f32 } else { 0.0 };
        }
    }
    for row in values.chunks_exact_mut(features.width) {
        let own = row.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt();
        if own > 0.0 {
            for value in row {
                *value = (length * f64::from(*value) / own) as f32;
            }
        }
    }
    values
}
