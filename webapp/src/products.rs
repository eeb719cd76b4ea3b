//! Products that come in while the site is up: over the bus, like everything that a shop tells.
//!
//! They go into the catalogue that is shown, where search and pages find them at once. The next load
//! replaces all of it, so a shop's own files must have them by then.

use std::collections::BTreeMap;

use storage::{Product, Store};
use streaming::{Details, Event, EventKind};

use crate::events::accept;
use crate::failure::Failure;
use crate::site::Site;

/// Sends what is known of a product and waits until it shows. Gives the product
/// as it then is.
pub(crate) async fn send(site: &Site, user: &str, asin: &str, details: Details) -> Result<Product, Failure> {
    if site.store.loaded().await?.is_none() {
        return Err(Failure::no_catalogue());
    }
    let described = Described { asin: asin.to_owned(), details: details.clone() };
    let event = Event { product: Some(details), ..Event::new(user, asin, EventKind::Product) };
    event.check().map_err(|fault| {
        let (field, message) = (fault.field.trim_start_matches("product."), format!("{fault}."));
        Failure::invalid(field, message)
    })?;
    accept(site, vec![event]).await?.shown(site, user).await;
    let kept = site.store.product(asin).await?;
    Ok(described.product(kept))
}

/// A product as the bus has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Described {
    /// Item key.
    pub asin: String,
    /// What is known of it.
    pub details: Details,
}

impl Described {
    /// With the figures and links of the one that was there: these come from elsewhere.
    fn product(self, before: Option<Product>) -> Product {
        let Details { title, brand, categories, price, description, image } = self.details;
        let before = before.unwrap_or_default();
        Product { asin: self.asin, title, brand, categories, price, description, image, ..before }
    }
}

/// Writes products into the catalogue that is shown, of two with one key the last; false if none is shown.
/// Doing it again changes nothing.
pub(crate) async fn put(store: &dyn Store, described: &[Described]) -> Result<bool, Failure> {
    let last: BTreeMap<&str, &Described> = described.iter().map(|one| (one.asin.as_str(), one)).collect();
    let asins: Vec<String> = last.keys().map(|asin| (*asin).to_owned()).collect();
    let mut loaded = store.loaded().await?;
    while let Some(generation) = loaded {
        let mut before: BTreeMap<String, Product> =
            store.products(&asins).await?.into_iter().map(|product| (product.asin.clone(), product)).collect();
        let products = last.values().map(|one| (*one).clone().product(before.remove(&one.asin)));
        store.put_products(&generation, &products.collect::<Vec<_>>()).await?;
        // A load that was finished meanwhile has taken its place: then once more, into that.
        loaded = store.loaded().await?;
        if loaded.as_ref() == Some(&generation) {
            return Ok(true);
        }
    }
    Ok(false)
}
