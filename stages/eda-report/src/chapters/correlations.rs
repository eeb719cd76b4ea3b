//! How what is known of a review goes together.

use rayon::prelude::*;
use reports::{
    chart::{self, Frame},
    page::Section,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Chapter,
    variables::{Variable, variables},
};
use crate::{
    Params,
    data::Data,
    formulas::{
        contingency::{Contingency, correlation_ratio},
        kendall::tau_b,
        phi_k::phi_k,
        ranks::{both, known_ranks, pearson, spearman},
    },
    words::{MISSING, figure, fixed, number, section},
};

/// Correlations of every pair of variables. Each pair uses the sampled rows that know both; none where one of the two
/// does not vary there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Correlations {
    /// Reviews that they were taken over: all, or a sample by a hash of the place in the table.
    pub rows: u64,
    /// Reviews in all.
    pub all_rows: u64,
    /// Numeric variables: rows and columns of the matrices of Pearson, Spearman and Kendall, and columns of `eta`.
    pub numbers: Vec<String>,
    /// Categories: rows and columns of `cramers_v`, and rows of `eta`.
    pub categories: Vec<String>,
    /// All variables, numbers first: rows and columns of `phi_k`.
    pub variables: Vec<String>,
    /// Pearson's r, −1 to 1: how close to a line.
    pub pearson: Matrix,
    /// Spearman's rho, −1 to 1: Pearson's r of the ranks.
    pub spearman: Matrix,
    /// Kendall's tau-b, −1 to 1: pairs of rows in the same order less those in opposite order, corrected for ties.
    pub kendall: Matrix,
    /// Cramér's V with the correction for bias of Bergsma (2013), 0 to 1.
    pub cramers_v: Matrix,
    /// φK of Baak et al. (2018), 0 to 1: numbers in ten bins between their 1 % and 99 % quantiles.
    pub phi_k: Matrix,
    /// Correlation ratio eta, 0 to 1: a row a category, a column a number.
    pub eta: Matrix,
}

/// Values by row and column.
pub type Matrix = Vec<Vec<Option<f64>>>;

impl Chapter for Correlations {
    fn measure(data: &Data, params: &Params) -> anyhow::Result<Option<Self>> {
        let (rows, variables) = variables(data, params.seed);
        let (numbers, categories): (Vec<&Variable>, Vec<&Variable>) =
            variables.iter().partition(|variable| variable.numbers().is_some());
        let all: Vec<&Variable> = numbers.iter().chain(&categories).copied().collect();
        let binned: Vec<Vec<Option<usize>>> = all.par_iter().map(|variable| variable.categories()).collect();
        let columns: Vec<&[Option<f64>]> = numbers.iter().filter_map(|variable| variable.numbers()).collect();
        let ranks: Vec<Vec<Option<u32>>> = columns.par_iter().map(|column| known_ranks(column)).collect();
        let of_categories = &binned[numbers.len()..];
        let names = |variables: &[&Variable]| variables.iter().map(|variable| variable.name.to_owned()).collect();
        let pairs = |count, value: &(dyn Fn(usize, usize) -> Option<f64> + Sync)| symmetric(count, value);
        let table = |a: &[Option<usize>], b: &[Option<usize>]| Contingency::of(known(a, b));
        Ok(Some(Self {
            rows: rows.len() as u64,
            all_rows: data.reviews.len() as u64,
            pearson: pairs(columns.len(), &|a, b| {
                let (x, y) = both(columns[a], columns[b]);
                pearson(&x, &y)
            }),
            spearman: pairs(columns.len(), &|a, b| spearman(&ranks[a], &ranks[b])),
            kendall: pairs(columns.len(), &|a, b| {
                let (x, y) = both(&ranks[a], &ranks[b]);
                tau_b(&x, &y)
            }),
            cramers_v: pairs(categories.len(), &|a, b| table(&of_categories[a], &of_categories[b]).cramers_v()),
            phi_k: pairs(all.len(), &|a, b| phi_k(&table(&binned[a], &binned[b]))),
            eta: of_categories
                .par_iter()
                .map(|categories| columns.iter().map(|column| ratio(categories, column)).collect())
                .collect(),
            numbers: names(&numbers),
            categories: names(&categories),
            variables: names(&all),
        }))
    }

    fn sections(&self) -> Vec<Section> {
        let map = |title: &str, names: &[String], values: &Matrix| {
            let frame = Frame { title, description: "Correlation of each pair.", ..Frame::default() };
            let varying: Vec<usize> = (0..names.len()).filter(|place| values[*place][*place].is_some()).collect();
            let names: Vec<String> = varying.iter().map(|place| names[*place].clone()).collect();
            let row = |row: &usize| varying.iter().map(|column| values[*row][*column]).collect();
            figure(title, chart::heat_map(&frame, &names, &varying.iter().map(row).collect::<Matrix>()))
        };
        let mut figures = vec![
            map("Pearson (linear)", &self.numbers, &self.pearson),
            map("Spearman (of ranks)", &self.numbers, &self.spearman),
            map("Kendall (tau-b)", &self.numbers, &self.kendall),
            map("φK (numbers and categories)", &self.variables, &self.phi_k),
        ];
        if (0..self.categories.len()).filter(|place| self.cramers_v[*place][*place].is_some()).count() > 1 {
            figures.push(map("Cramér's V (categories)", &self.categories, &self.cramers_v));
        }
        let section = section("correlations", "Correlations", vec![self.reading()], figures);
        vec![section.in_group("Relations").with_table(self.eta_table()).with_note(&format!(
            "Over {}; each pair uses the rows that know both values, and what never varies is left out. Votes: helpful votes; \
             characters and words: of the text. φK has no sign and also sees relations that are no lines. \
             Correlation does not tell what causes what.",
            if self.rows == self.all_rows {
                "all rows".to_owned()
            } else {
                format!("{} rows, chosen by a hash of their place in the table", number(self.rows))
            }
        ))]
    }
}

impl Correlations {
    fn reading(&self) -> String {
        let mut pairs: Vec<(f64, &str, &str)> = Vec::new();
        for (row, values) in self.spearman.iter().enumerate() {
            for (column, rho) in values.iter().enumerate().take(row) {
                let (first, second) = (self.numbers[column].as_str(), self.numbers[row].as_str());
                // Both count the same text.
                let is_same = ["characters", "words"].contains(&first) && ["characters", "words"].contains(&second);
                pairs.extend(rho.filter(|_| !is_same).map(|rho| (rho, first, second)));
            }
        }
        pairs.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
        match pairs.first() {
            None => "Nothing here varies together: there are too few rows, or all values are the same.".to_owned(),
            Some((rho, first, second)) => format!(
                "The strongest relation of two numbers, but for the two lengths of a text, is between {first} and {second} \
                 (Spearman {}): {}.",
                fixed(*rho, 2),
                strength(*rho)
            ),
        }
    }

    fn eta_table(&self) -> reports::page::Table {
        let numbers = self.numbers.iter().map(|name| format!("#{name}"));
        let headings: Vec<String> = std::iter::once("category".to_owned()).chain(numbers).collect();
        let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
        let mut table = reports::page::Table::new("Correlation ratio (eta) of numbers in categories", &headings);
        let varying = |values: &&Vec<Option<f64>>| values.iter().any(Option::is_some);
        for (name, values) in self.categories.iter().zip(&self.eta).filter(|(_, values)| varying(values)) {
            let value = |value: &Option<f64>| value.map_or_else(|| MISSING.to_owned(), |value| fixed(value, 2));
            table.push(std::iter::once(name.clone()).chain(values.iter().map(value)));
        }
        table.wide = true;
        table
    }
}

/// A matrix whose upper half repeats the lower one.
fn symmetric(count: usize, value: &(dyn Fn(usize, usize) -> Option<f64> + Sync)) -> Matrix {
    let pairs: Vec<(usize, usize)> = (0..count).flat_map(|row| (0..=row).map(move |column| (row, column))).collect();
    let values: Vec<Option<f64>> = pairs.par_iter().map(|(row, column)| value(*row, *column)).collect();
    let mut matrix = vec![vec![None; count]; count];
    for ((row, column), value) in pairs.into_iter().zip(values) {
        matrix[row][column] = value;
        matrix[column][row] = value;
    }
    matrix
}

fn known<'a>(a: &'a [Option<usize>], b: &'a [Option<usize>]) -> impl Iterator<Item = (usize, usize)> + 'a {
    a.iter().zip(b).filter_map(|(a, b)| (*a).zip(*b))
}

fn ratio(categories: &[Option<usize>], numbers: &[Option<f64>]) -> Option<f64> {
    let (categories, numbers): (Vec<usize>, Vec<f64>) =
        categories.iter().zip(numbers).filter_map(|(category, number)| (*category).zip(*number)).unzip();
    correlation_ratio(&categories, &numbers)
}

fn strength(rho: f64) -> &'static str {
    match (rho.abs(), rho > 0.0) {
        (size, _) if size < 0.1 => "hardly any",
        (size, true) if size < 0.3 => "a weak one, both grow together",
        (size, false) if size < 0.3 => "a weak one, one grows as the other falls",
        (size, true) if size < 0.6 => "a clear one, both grow together",
        (size, false) if size < 0.6 => "a clear one, one grows as the other falls",
        (_, true) => "a strong one, both grow together",
        (_, false) => "a strong one, one grows as the other falls",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixture::{data, row};

    #[test]
    fn matrices_by_hand() {
        let mut rows: Vec<_> = (0..6).map(|n| row(&format!("u{n}"), "a", 1.0 + (n % 5) as f32, 86_400 * n)).collect();
        for (place, row) in rows.iter_mut().enumerate() {
            row.votes = (place > 1).then_some(place as u32 * place as u32);
            row.verified = Some(place < 3);
        }
        let found = Correlations::measure(&data(&rows), &Params::default()).unwrap().unwrap();
        let place = |name: &str| found.numbers.iter().position(|other| other == name).unwrap();
        let (votes, time, rating) = (place("votes"), place("time"), place("rating"));
        assert_eq!((found.spearman[votes][time], found.kendall[time][votes]), (Some(1.0), Some(1.0)));
        assert!(found.pearson[votes][time].unwrap() < 1.0);
        assert_eq!(found.pearson[rating][place("characters")], None, "no text");
        // Ratings 1 2 3 of verified, 4 5 1 of others: means 2 and 10/3, all 8/3; 3 · (2/3)² · 2 = 8/3 of 40/3.
        assert!((found.eta[0][rating].unwrap() - 0.2_f64.sqrt()).abs() < 1e-12);
        assert_eq!((found.rows, found.categories.as_slice()), (6, &["verified".to_owned()][..]));
        assert_eq!(found.phi_k.len(), 7);
    }
}
