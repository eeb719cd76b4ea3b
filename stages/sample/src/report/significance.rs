//! Part (c): tests.

use std::collections::BTreeMap;

use reports::{
    format::{fixed, p_value},
    page::Section,
};

use super::{table, words};
use crate::{Method, Proof, Test, significance::LEVEL};

pub(super) fn section(proof: &Proof) -> Section {
    let mut by_variable: Vec<(&str, BTreeMap<&str, &Test>)> = Vec::new();
    for test in &proof.tests {
        let method = method_name(test.method);
        match by_variable.iter_mut().find(|(variable, _)| *variable == test.variable) {
            Some((_, tests)) => drop(tests.insert(method, test)),
            None => by_variable.push((&test.variable, BTreeMap::from([(method, test)]))),
        }
    }
    let mut methods: Vec<&str> = proof.tests.iter().map(|test| method_name(test.method)).collect();
    methods.sort_unstable_by_key(|name| (*name != method_name(Method::RaoScott), *name));
    methods.dedup();
    let mut columns: Vec<String> = vec!["distribution".to_owned(), "#F".to_owned(), "#degrees of freedom".to_owned()];
    for method in &methods {
        columns.extend([format!("#{method}: p"), "#corrected".to_owned()]);
    }
    columns.push("reading".to_owned());
    let rows = by_variable.iter().map(|(variable, tests)| row(variable, tests, &methods));
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let strata = if proof.strata.len() > 1 {
        " Units of different strata cannot be shuffled for one another, so there is no permutation test here."
    } else {
        ""
    };
    Section {
        id: "tests".to_owned(),
        title: "(c) Tests".to_owned(),
        readings: vec![format!(
            "Corrected p-values below {LEVEL} reject the sample. All tests take whole units as what was drawn; a plain \
             chi-square over reviews would reject fair samples.{strata}"
        )],
        tables: vec![table("Tests, corrected by Holm for their number", &columns, rows)],
        note: "A large p-value is no proof of equality: part (a) gives that.".to_owned(),
        ..Section::default()
    }
}

fn row(variable: &str, tests: &BTreeMap<&str, &Test>, methods: &[&str]) -> Vec<String> {
    let missing = || "–".to_owned();
    let corrected = tests.get(method_name(Method::RaoScott));
    let mut row = vec![
        words(variable),
        corrected.map_or_else(missing, |test| fixed(test.statistic, 2)),
        corrected.and_then(|test| test.degrees_of_freedom).map_or_else(missing, |freedom| fixed(freedom, 1)),
    ];
    for method in methods {
        let test = tests.get(method);
        row.push(test.map_or_else(missing, |test| p_value(test.p_value)));
        row.push(test.map_or_else(missing, |test| p_value(test.adjusted)));
    }
    let is_rejected = tests.values().any(|test| test.adjusted < LEVEL);
    row.push(if is_rejected { "differs" } else { "no sign of bias" }.to_owned());
    row
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::RaoScott => "Rao-Scott",
        Method::UserPermutation => "users shuffled",
        Method::ProductPermutation => "products shuffled",
        Method::RowPermutation => "reviews shuffled",
    }
}
