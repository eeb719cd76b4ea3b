//! The data of a report: read once, kept as columns, and all that chapters compute from.
//!
//! A review takes 33 bytes, 21 more with texts; texts themselves are read once and not kept. Inputs that are not
//! connected are none: a chapter that needs one says so, or is left out.

mod account;
mod brief;
#[cfg(test)]
pub mod fixture;
mod inputs;
mod keys;
mod places;
mod products;
mod reviews;
mod texts;

use std::path::PathBuf;

use pipeline::{Context, TextsReader, read_json};
use serde_json::Value;

pub use account::{FileAccount, LoadAccount};
pub use brief::{Brief, Parts};
pub use inputs::InputFile;
pub use keys::Keys;
pub use places::Places;
pub use products::Products;
pub use reviews::{NONE, Reviews};
pub use texts::{Language, Term, Texts, band};

use crate::Params;

/// Everything that chapters compute from.
pub struct Data {
    /// The reviews that are described.
    pub reviews: Reviews,
    /// Their users.
    pub users: Keys,
    /// Their items.
    pub items: Keys,
    /// Their titles and texts (input `texts`).
    pub texts: Option<Texts>,
    /// Metadata of their items (input `items`).
    pub products: Option<Products>,
    /// The reviews before sampling (input `raw`).
    pub raw: Option<Brief>,
    /// What `preprocess` made of them (inputs `train`, `validation`, `test`, `user_index`, `item_index`).
    pub parts: Option<Parts>,
    /// Where the rows of the files went (input `account`).
    pub account: Option<LoadAccount>,
    /// The proof of the sample (input `proof`), as `sample` wrote it.
    pub proof: Option<Value>,
    /// Figures of `preprocess` (input `preprocessing`), as it wrote them.
    pub preprocessing: Option<Value>,
    /// The table of rejected rows (input `rejects`).
    pub rejects: Option<PathBuf>,
    /// What was read.
    pub inputs: Vec<InputFile>,
}

impl Data {
    /// Reads all inputs of the stage.
    pub fn read(params: &Params, context: &Context) -> anyhow::Result<Self> {
        let reader = context.optional_input("texts").map(TextsReader::open).transpose()?;
        let mut places = reader.as_ref().map(Places::new);
        let table = reviews::read(context.input("reviews")?, params.redact, places.as_mut(), context)?;
        let reviews::Table { reviews, users, items } = table;
        let texts = match reader.zip(places) {
            Some((reader, places)) => Some(texts::read(reader, places, &reviews, params, context)?),
            None => None,
        };
        let products = context.optional_input("items").map(|path| Products::read(path, &items)).transpose()?;
        let json = |port| context.optional_input(port).map(read_json).transpose();
        Ok(Self {
            raw: context.optional_input("raw").map(Brief::of_reviews).transpose()?,
            parts: Parts::read(context, &users, &items)?,
            account: context.optional_input("account").map(read_json).transpose()?,
            proof: json("proof")?,
            preprocessing: json("preprocessing")?,
            rejects: context.optional_input("rejects").map(ToOwned::to_owned),
            inputs: inputs::describe(context, texts.as_ref())?,
            reviews,
            users,
            items,
            texts,
            products,
        })
    }
}
