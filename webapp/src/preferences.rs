//! Checks preferences before they are kept.

use storage::Preferences;

use crate::failure::Failure;
use crate::input;

/// Most categories and brands.
const NAMES: usize = 200;
/// Most excluded items.
const EXCLUDED: usize = 2_000;

/// The same preferences trimmed and without repetitions, or what is wrong with them.
pub(crate) fn checked(preferences: Preferences) -> Result<Preferences, Failure> {
    for (field, price) in [("price_min", preferences.price_min), ("price_max", preferences.price_max)] {
        if price.is_some_and(|price| !price.is_finite() || price < 0.0) {
            return Err(Failure::invalid(field, format!("Expected a price that is not negative as {field}.")));
        }
    }
    input::price_range(preferences.price_min, preferences.price_max, "price_max")?;
    Ok(Preferences {
        categories: names("categories", preferences.categories, NAMES)?,
        brands: names("brands", preferences.brands, NAMES)?,
        excluded_items: names("excluded_items", preferences.excluded_items, EXCLUDED)?,
        ..preferences
    })
}

fn names(field: &str, names: Vec<String>, most: usize) -> Result<Vec<String>, Failure> {
    let mut kept: Vec<String> = Vec::with_capacity(names.len().min(most));
    for name in names {
        let name = name.trim();
        if name.is_empty() || kept.iter().any(|other| other == name) {
            continue;
        }
        input::key(field, name)?;
        kept.push(name.to_owned());
    }
    if kept.len() > most {
        return Err(Failure::invalid(field, format!("Expected at most {most} {field}, found {}.", kept.len())));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_repetitions_and_refuses_nonsense() {
        let brands = vec![" Acme ".to_owned(), "Acme".to_owned(), String::new()];
        let kept = checked(Preferences { brands, ..Preferences::default() }).unwrap();
        assert_eq!(kept.brands, ["Acme"]);
        let field = |preferences| checked(preferences).unwrap_err().field.unwrap();
        assert_eq!(field(Preferences { price_min: Some(-1.0), ..Preferences::default() }), "price_min");
        assert_eq!(field(Preferences { price_max: Some(f32::NAN), ..Preferences::default() }), "price_max");
        let crossed = Preferences { price_min: Some(9.0), price_max: Some(3.0), ..Preferences::default() };
        assert_eq!(field(crossed), "price_max");
        let long = Preferences { categories: vec!["x".repeat(300)], ..Preferences::default() };
        assert_eq!(field(long), "categories");
        let many = (0..201).map(|number| number.to_string()).collect();
        assert_eq!(field(Preferences { brands: many, ..Preferences::default() }), "brands");
    }
}
