//! The graph of products that were bought together, as the metadata says, and whether reviews agree with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    chapters::co_review::co_reviewed,
    data::{Data, Products},
    formulas::intervals::wilson,
};

/// Links that are compared with the reviews.
const SAMPLE: usize = 5000;

/// Links from a product to others that were bought with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlsoBought {
    /// Reviewed products with links to reviewed ones.
    pub from_items: u64,
    /// Reviewed products that a link leads to.
    pub reached: u64,
    /// Distinct links between two reviewed products.
    pub links: u64,
    /// Links from reviewed products to products without reviews.
    pub elsewhere: u64,
    /// Share of the links whose opposite is there, too; none without links.
    pub reciprocity: Option<f64>,
    /// Links that are compared with the reviews: all, or a sample by the seed.
    pub compared: u64,
    /// Share of these whose products have a reviewer in common; none without links.
    pub co_reviewed: Option<f64>,
    /// Wilson's 95 % interval of that share.
    pub co_reviewed_interval: Option<[f64; 2]>,
    /// The same share of pairs from the same products in another order: what popularity alone brings.
    pub co_reviewed_by_chance: Option<f64>,
}

impl AlsoBought {
    /// Counts all links, and compares a sample with the reviews.
    pub fn of(data: &Data, products: &Products, seed: u64) -> Self {
        let items = data.items.len() as u32;
        let mut links: Vec<u64> = Vec::new();
        for item in 0..items {
            let others = products.bought_with(item).iter().filter(|other| **other != item);
            links.extend(others.map(|other| u64::from(item) << 32 | u64::from(*other)));
        }
        links.sort_unstable();
        links.dedup();
        let mut is_reached = vec![false; items as usize];
        for link in &links {
            is_reached[*link as u32 as usize] = true;
        }
        let returned = links.iter().filter(|link| links.binary_search(&link.rotate_left(32)).is_ok()).count();
        let sample = sample(&links, seed);
        let together = |pairs: &[(u32, u32)]| pairs.iter().filter(|(a, b)| co_reviewed(&data.reviews, *a, *b)).count();
        let hits = together(&sample);
        let shifted = others(&sample);
        let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        Self {
            from_items: links.chunk_by(|a, b| a >> 32 == b >> 32).count() as u64,
            reached: is_reached.iter().filter(|reached| **reached).count() as u64,
            links: links.len() as u64,
            elsewhere: products.bought_elsewhere,
            reciprocity: share(returned, links.len()),
            compared: sample.len() as u64,
            co_reviewed: share(hits, sample.len()),
            co_reviewed_interval: (!sample.is_empty()).then(|| wilson(hits as u64, sample.len() as u64)),
            co_reviewed_by_chance: share(together(&shifted), shifted.len()),
        }
    }
}

/// At most a few thousand links, each with the same chance; in an order that the seed decides.
fn sample(links: &[u64], seed: u64) -> Vec<(u32, u32)> {
    let hash = |link: &u64| xxhash_rust::xxh3::xxh3_64_with_seed(&link.to_le_bytes(), seed);
    let mut order: Vec<(u64, u64)> = links.iter().map(|link| (hash(link), *link)).collect();
    if order.len() > SAMPLE {
        order.select_nth_unstable(SAMPLE);
        order.truncate(SAMPLE);
    }
    order.sort_unstable();
    order.into_iter().map(|(_, link)| ((link >> 32) as u32, link as u32)).collect()
}

/// First products of the links with the second ones of others, half of the list away.
fn others(links: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let half = links.len() / 2;
    let pairs = (0..links.len()).map(|place| (links[place].0, links[(place + half) % links.len()].1));
    pairs.filter(|(one, other)| half > 0 && one != other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Params,
        data::fixture::{Fixture, Product, row},
    };

    #[test]
    fn links_by_hand() {
        let mut rows = vec![row("u", "a", 5.0, 0), row("u", "b", 5.0, 0), row("v", "c", 5.0, 0), row("w", "d", 5.0, 0)];
        rows.extend((0..40).map(|user| row(&format!("x{user}"), "c", 5.0, 0)));
        rows.extend((30..80).map(|user| row(&format!("x{user}"), "d", 5.0, 0)));
        let product = |item, also_bought| Product { item, also_bought, ..Product::default() };
        let products = vec![
            product("a", &["b", "c", "z", "a"]),
            product("b", &["a", "b"]),
            product("c", &["d"]),
            product("d", &[]),
        ];
        let data = Fixture { rows, products: Some(products), ..Fixture::default() }.data(&Params::default());
        let found = AlsoBought::of(&data, data.products.as_ref().unwrap(), 1);
        assert_eq!((found.links, found.from_items, found.reached, found.elsewhere), (4, 3, 4, 1));
        // a–b both ways, of a→b, a→c, b→a, c→d; u reviewed a and b, x30 to x39 both c and d.
        assert_eq!((found.reciprocity, found.compared, found.co_reviewed), (Some(0.5), 4, Some(0.75)));
    }

    #[test]
    fn no_links() {
        let fixture = Fixture { rows: vec![row("u", "a", 5.0, 0)], products: Some(Vec::new()), ..Fixture::default() };
        let data = fixture.data(&Params::default());
        let found = AlsoBought::of(&data, data.products.as_ref().unwrap(), 1);
        assert_eq!((found.links, found.reciprocity, found.co_reviewed_by_chance), (0, None, None));
    }
}
