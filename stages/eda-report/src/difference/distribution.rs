//! How far two distributions over the same kind of classes are apart.

use serde::Serialize;

/// A distribution in both reports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distribution {
    /// Chapter that it stands in.
    pub chapter: String,
    /// What is distributed, such as `years: reviews`.
    pub name: String,
    /// Population stability index; half a row more in each class keeps it finite.
    pub psi: f64,
    /// Total variation: the share of rows that would have to change their class.
    pub total_variation: f64,
    /// Classes, in the order of the earlier report, then those that only the later one has.
    pub classes: Vec<Class>,
}

/// One class of a distribution.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Rows in the earlier report.
    pub before: u64,
    /// Rows in the later report.
    pub after: u64,
}

impl Distribution {
    /// The distance of two distributions; none where one of them is empty.
    pub(super) fn new(chapter: &str, name: String, classes: Vec<Class>) -> Option<Self> {
        let [before, after] = totals(&classes);
        if before == 0 || after == 0 {
            return None;
        }
        let half = classes.len() as f64 / 2.0;
        let smoothed = |count: u64, total: u64| (count as f64 + 0.5) / (total as f64 + half);
        let psi = |class: &Class| {
            let (p, q) = (smoothed(class.before, before), smoothed(class.after, after));
            (q - p) * (q / p).ln()
        };
        let apart = |class: &Class| (class.after as f64 / after as f64 - class.before as f64 / before as f64).abs();
        Some(Self {
            chapter: chapter.to_owned(),
            name,
            psi: classes.iter().map(psi).sum(),
            total_variation: classes.iter().map(apart).sum::<f64>() / 2.0,
            classes,
        })
    }

    /// Rows in both reports.
    pub fn totals(&self) -> [u64; 2] {
        totals(&self.classes)
    }

    /// What the stability index is commonly taken to mean.
    pub fn reading(&self) -> &'static str {
        match self.psi {
            psi if psi < 0.1 => "little",
            psi if psi < 0.25 => "some",
            _ => "much",
        }
    }

    /// Whether both are the same but for the number of rows.
    pub(super) fn is_same(&self) -> bool {
        self.total_variation < 1e-9
    }
}

fn totals(classes: &[Class]) -> [u64; 2] {
    [classes.iter().map(|class| class.before).sum(), classes.iter().map(|class| class.after).sum()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[(u64, u64)]) -> Option<Distribution> {
        let class = |(place, (before, after)): (usize, &(u64, u64))| Class {
            name: place.to_string(),
            before: *before,
            after: *after,
        };
        Distribution::new("ratings", "reviews".to_owned(), counts.iter().enumerate().map(class).collect())
    }

    #[test]
    fn distances_by_hand() {
        // (9.5, 20.5) of 31 and 11 (1.5 + 0.5, 8.5 + 0.5); half a row is added to each class.
        let found = of(&[(9, 1), (21, 9)]).unwrap();
        let (p, q) = ([9.5 / 31.0, 21.5 / 31.0], [1.5 / 11.0, 9.5 / 11.0]);
        let psi: f64 = (0..2).map(|class| (q[class] - p[class]) * f64::ln(q[class] / p[class])).sum();
        assert!((found.psi - psi).abs() < 1e-12 && (found.total_variation - 0.2).abs() < 1e-12, "{found:?}");
        assert_eq!((found.totals(), found.reading()), ([30, 10], "some"));
    }

    #[test]
    fn equal_shares_are_the_same_and_empty_ones_not_comparable() {
        assert!(of(&[(1, 10), (3, 30)]).unwrap().is_same());
        assert_eq!(of(&[(0, 1), (0, 3)]), None);
        assert!(of(&[(0, 5), (5, 0)]).unwrap().psi.is_finite());
    }
}
