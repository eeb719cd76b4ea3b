//! Part (d): the shape of the table.

use reports::{
    format::{MISSING, fixed, percent},
    page::Section,
};

use super::{table, words};
use crate::{Design, Proof, Structural};

pub(super) fn section(proof: &Proof) -> Section {
    let rows = proof.structure.iter().map(|figure| {
        let write = |value: f64| written(figure, value);
        vec![
            words(&figure.name),
            figure.population.map_or_else(|| MISSING.to_owned(), write),
            write(figure.sample),
            match figure.design {
                Design::Kept => "kept".to_owned(),
                Design::Scaled => "scaled by the rate".to_owned(),
                Design::Changed => "changed by design".to_owned(),
            },
        ]
    });
    Section {
        id: "shape".to_owned(),
        title: "(d) Shape".to_owned(),
        readings: vec![format!(
            "What a sample by {} keeps of the shape, and what it changes. What is changed by design must not be read off \
             the sample as if it were the population's.",
            proof.unit.name()
        )],
        tables: vec![table(
            "Shape of all reviews and of the sample",
            &["figure", "#all", "#sample", "by design"],
            rows,
        )],
        note:
            "Cold users and products have fewer than five reviews. The share in a k-core is that of the pairs of user \
               and product that are left when everyone with fewer than k is removed, again and again. No core is taken \
               here: that is for the stage preprocess, after sampling."
                .to_owned(),
        ..Section::default()
    }
}

fn written(figure: &Structural, value: f64) -> String {
    match figure.name.as_str() {
        "reviews" | "users" | "products" => fixed(value, 0),
        "reviews_a_user" | "reviews_a_product" => fixed(value, 2),
        "gini_of_users" | "gini_of_products" => fixed(value, 3),
        "density" => percent(value, 4),
        _ => percent(value, 1),
    }
}
