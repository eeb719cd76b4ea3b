//! What a shop tells of a product that is new or has changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{InvalidEvent, invalid};

/// Longest title, brand or category, and address of a picture, in bytes.
const LINE_BYTES: usize = 2_000;
/// Longest description in bytes.
const TEXT_BYTES: usize = 50_000;
/// Most categories.
const CATEGORIES: usize = 64;

/// A product as the shop describes it from now on: all of it, not what has changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Details {
    /// Plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// From general to special.
    pub categories: Vec<String>,
    /// In the shop's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f32>,
    /// Plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Address of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

impl Details {
    /// Checks lengths, counts and the price.
    pub(crate) fn check(&self) -> Result<(), InvalidEvent> {
        for (field, text) in
            [("product.title", &self.title), ("product.brand", &self.brand), ("product.image", &self.image)]
        {
            text.as_ref().map_or(Ok(()), |text| check_line(field, text))?;
        }
        if self.categories.len() > CATEGORIES {
            return Err(invalid("product.categories", "at most 64 of them", &self.categories.len()));
        }
        self.categories.iter().try_for_each(|category| check_line("product.categories", category))?;
        let description = self.description.as_deref().unwrap_or_default();
        if description.len() > TEXT_BYTES || description.contains('\0') {
            let found = format!("{} bytes", description.len());
            return Err(invalid("product.description", "up to 50,000 bytes without a null", &found));
        }
        match self.price {
            Some(price) if !(price.is_finite() && price >= 0.0) => {
                Err(invalid("product.price", "a number that is not negative", &price))
            }
            _ => Ok(()),
        }
    }
}

fn check_line(field: &'static str, text: &str) -> Result<(), InvalidEvent> {
    if text.trim().is_empty() || text.len() > LINE_BYTES || text.chars().any(char::is_control) {
        let found = format!("{} bytes `{}`", text.len(), text.chars().take(40).collect::<String>().escape_debug());
        return Err(invalid(field, "1 to 2000 bytes in one line", &found));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_counts_and_price_are_checked() {
        let fault = |details: Details| details.check().err().map(|fault| fault.field);
        let text = |bytes: usize| Some("x".repeat(bytes));
        assert_eq!(fault(Details::default()), None);
        let largest = Details {
            title: text(2_000),
            brand: text(2_000),
            categories: vec!["x".repeat(2_000); 64],
            price: Some(0.0),
            description: Some("line\n".repeat(10_000)),
            image: text(2_000),
        };
        assert_eq!(fault(largest.clone()), None);
        for (details, field) in [
            (Details { title: text(2_001), ..largest.clone() }, "product.title"),
            (Details { title: Some("two\nlines".into()), ..largest.clone() }, "product.title"),
            (Details { brand: Some(" ".into()), ..largest.clone() }, "product.brand"),
            (Details { categories: vec!["x".into(); 65], ..largest.clone() }, "product.categories"),
            (Details { categories: vec![String::new()], ..largest.clone() }, "product.categories"),
            (Details { price: Some(-0.01), ..largest.clone() }, "product.price"),
            (Details { price: Some(f32::NAN), ..largest.clone() }, "product.price"),
            (Details { description: text(50_001), ..largest.clone() }, "product.description"),
            (Details { description: Some("\0".into()), ..largest.clone() }, "product.description"),
            (Details { image: text(2_001), ..largest }, "product.image"),
        ] {
            assert_eq!(fault(details), Some(field));
        }
    }
}
