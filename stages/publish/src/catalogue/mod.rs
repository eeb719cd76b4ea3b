//! Gives a store a catalogue that has none, so that publishing always leaves a complete site.
//!
//! `load` owns the catalogue of the store that it writes: what it loaded stays as it is. A store that
//! no load has written gets products and reviews from the stage's own inputs, under a generation
//! named after their content, so that publishing the same data again writes nothing.

mod products;
mod reviews;

use pipeline::{Context, fingerprint::hash_path};
use storage::{Store, block_on};

use self::products::Ratings;

/// First part of the names of generations that this stage wrote.
const OWN: &str = "publish-";

/// Rows that a store is given in one call.
const BATCH: usize = 1000;

/// Writes a catalogue where `load` did not; the generation that the store then has.
pub fn ensure(store: &dyn Store, context: &Context) -> anyhow::Result<String> {
    let own = own_generation(context)?;
    match block_on(store.loaded())? {
        Some(loaded) if !loaded.starts_with(OWN) || loaded == own => Ok(loaded),
        _ => {
            let ratings = Ratings::read(context.input("reviews")?)?;
            products::write(store, &own, context.optional_input("items"), &ratings)?;
            reviews::write(store, &own, context)?;
            block_on(store.finish_load(&own))?;
            Ok(own)
        }
    }
}

fn own_generation(context: &Context) -> anyhow::Result<String> {
    let mut name = format!("{OWN}{}", hash_path(context.input("reviews")?)?);
    for path in ["items", "texts"].into_iter().filter_map(|port| context.optional_input(port)) {
        name += "-";
        name += &hash_path(path)?;
    }
    Ok(name)
}
