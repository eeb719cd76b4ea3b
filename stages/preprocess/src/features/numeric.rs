//! Numbers that are imputed and standardised.

use serde::Serialize;

/// A numeric feature before scaling.
#[derive(Clone, Debug, PartialEq)]
pub struct Numeric {
    /// Name of its column.
    pub name: &'static str,
    /// Name of the column that says where it is missing.
    pub indicator: Option<&'static str>,
    /// One value an item.
    pub values: Vec<Option<f64>>,
}

/// How a numeric feature was made: `(value, or median where missing, - mean) / std`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scaler {
    /// Name of the column.
    pub name: String,
    /// Median of the known values of training items, 0 without any.
    pub median: f64,
    /// Mean over training items, missing values imputed.
    pub mean: f64,
    /// Standard deviation over the same; 1 where all are equal.
    pub std: f64,
}

impl Numeric {
    /// Imputes with the median of the items for which `has_item` is true, and scales by their mean
    /// and deviation.
    pub fn standardised(&self, has_item: &[bool]) -> (Scaler, Vec<f32>) {
        let reference = || self.values.iter().zip(has_item).filter(|(_, has)| **has).map(|(value, _)| *value);
        let median = median(reference().flatten().collect());
        let count = reference().count().max(1) as f64;
        let mean = reference().map(|value| value.unwrap_or(median)).sum::<f64>() / count;
        let variance = reference().map(|value| (value.unwrap_or(median) - mean).powi(2)).sum::<f64>() / count;
        // Equal values leave a deviation of rounding errors only, which must not be blown up.
        let std = if variance.sqrt() > 1e-9 * mean.abs().max(1.0) { variance.sqrt() } else { 1.0 };
        let column = self.values.iter().map(|value| ((value.unwrap_or(median) - mean) / std) as f32).collect();
        (Scaler { name: self.name.to_owned(), median, mean, std }, column)
    }

    /// 1 where the value is missing, else 0.
    pub fn missing(&self) -> Vec<f32> {
        self.values.iter().map(|value| if value.is_none() { 1.0 } else { 0.0 }).collect()
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_become_the_training_median_and_unseen_items_do_not_count() {
        let values = vec![Some(1.0), None, Some(3.0), Some(5.0), Some(1000.0)];
        let numeric = Numeric { name: "x", indicator: None, values };
        let (scaler, column) = numeric.standardised(&[true, true, true, true, false]);
        // Known training values 1, 3, 5: median 3. With it: 1, 3, 3, 5: mean 3,
        // variance (4 + 0 + 0 + 4) / 4 = 2.
        assert_eq!((scaler.median, scaler.mean), (3.0, 3.0));
        assert!((scaler.std - 2.0_f64.sqrt()).abs() < 1e-12);
        let expected = [-2.0 / 2.0_f64.sqrt(), 0.0, 0.0, 2.0 / 2.0_f64.sqrt(), 997.0 / 2.0_f64.sqrt()];
        for (found, expected) in column.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-4, "{found} {expected}");
        }
        assert_eq!(numeric.missing(), [0.0, 1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn equal_or_unknown_values_give_zeros() {
        for value in [Some(0.1), None] {
            let (_, column) = Numeric { name: "x", indicator: None, values: vec![value; 7] }.standardised(&[true; 7]);
            assert!(column.iter().all(|value| value.abs() < 1e-6), "{column:?}");
        }
    }

    #[test]
    fn the_median_of_an_even_count_lies_between() {
        assert!((median(vec![4.0, 1.0, 2.0, 10.0]) - 3.0).abs() < 1e-12);
    }
}
