//! Shoppers made up from a site's own catalogue, with tastes that the site does not know.
//!
//! A shopper likes two categories and a brand. Four of five things come from what the shopper likes, and are
//! bought or rated well; the others are anything, rated as it comes. Within both, products are chosen as often
//! as they are rated. The seed decides all of it; the site's lists decide nothing, so a hit is the site's merit.

use std::collections::{BTreeMap, HashSet};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    replay::{Deed, Kind, Known, Replay, Shopper, Step},
    site::Product,
};

/// Categories that a shopper likes.
const LIKED: usize = 2;
/// Chance that a shopper takes what they like.
const FAITH: f64 = 0.8;
/// Draws before a shopper takes something again.
const DRAWS: usize = 50;

/// Which shoppers to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// How many.
    pub users: usize,
    /// How much they do, all together.
    pub events: usize,
    /// Decides tastes and choices.
    pub seed: u64,
    /// What their names begin with.
    pub prefix: String,
}

/// Makes shoppers for a catalogue that is not empty.
pub fn shoppers(products: &[Product], made: &Made) -> Replay {
    let categories = names(products, category);
    let brands = names(products, |product| product.brand.as_ref());
    let all = Shelf::of(products, |_| true);
    let mut random = ChaCha8Rng::seed_from_u64(made.seed);
    let mut tastes: Vec<Taste> =
        (0..made.users).map(|_| Taste::drawn(products, &categories, &brands, &mut random)).collect();
    let steps = (0..made.events.min(u32::MAX as usize)).map(|number| {
        let shopper = if number < made.users { number } else { random.random_range(0..made.users) };
        Step { shopper: shopper as u32, deed: tastes[shopper].deed(&all, number, &mut random) }
    });
    let steps = steps.collect();
    let shopper = |number| Shopper { key: format!("{}{}-{number}", made.prefix, made.seed), before: Vec::new() };
    let replay = Replay {
        source: format!("made-up shoppers with hidden tastes, seed {}", made.seed),
        known: Known::Made,
        items: products.iter().map(|product| product.asin.clone()).collect(),
        shoppers: (1..=made.users).map(shopper).collect(),
        steps,
    };
    replay.in_order(None)
}

/// The category below the most general one: yoga, where that is sports.
fn category(product: &Product) -> Option<&String> {
    product.categories.get(1).or(product.categories.first())
}

/// The names that products have, each with its ratings.
fn names<'a>(products: &'a [Product], name: impl Fn(&'a Product) -> Option<&'a String>) -> Vec<(&'a str, u64)> {
    let mut ratings: BTreeMap<&str, u64> = BTreeMap::new();
    for product in products {
        if let Some(name) = name(product).filter(|name| !name.trim().is_empty()) {
            *ratings.entry(name).or_default() += u64::from(product.rating_count) + 1;
        }
    }
    ratings.into_iter().collect()
}

/// Products to choose from, by how often they are rated.
struct Shelf {
    items: Vec<u32>,
    /// Sums of weights up to each.
    sums: Vec<u64>,
}

impl Shelf {
    fn of(products: &[Product], is_on_it: impl Fn(&Product) -> bool) -> Self {
        let mut shelf = Self { items: Vec::new(), sums: Vec::new() };
        for (product, item) in products.iter().zip(0..).filter(|(product, _)| is_on_it(product)) {
            let sum = shelf.sums.last().copied().unwrap_or_default();
            shelf.items.push(item);
            shelf.sums.push(sum + u64::from(product.rating_count) + 1);
        }
        shelf
    }

    fn draw(&self, random: &mut ChaCha8Rng) -> Option<u32> {
        let total = *self.sums.last()?;
        let drawn = random.random_range(0..total);
        self.items.get(self.sums.partition_point(|sum| *sum <= drawn)).copied()
    }
}

/// What a shopper likes, and has already.
struct Taste {
    liked: Shelf,
    has: HashSet<u32>,
}

impl Taste {
    fn drawn(
        products: &[Product],
        categories: &[(&str, u64)],
        brands: &[(&str, u64)],
        random: &mut ChaCha8Rng,
    ) -> Self {
        let liked: Vec<&str> = (0..LIKED).filter_map(|_| name_drawn(categories, random)).collect();
        let brand = name_drawn(brands, random);
        let is_liked = |product: &Product| {
            category(product).is_some_and(|category| liked.contains(&category.as_str()))
                || (brand.is_some() && product.brand.as_deref() == brand)
        };
        Self { liked: Shelf::of(products, is_liked), has: HashSet::new() }
    }

    fn deed(&mut self, all: &Shelf, number: usize, random: &mut ChaCha8Rng) -> Deed {
        let is_faithful = random.random_bool(FAITH);
        let own = is_faithful.then(|| self.fresh(&self.liked, random)).flatten();
        let item = own.or_else(|| self.fresh(all, random)).or_else(|| all.draw(random)).unwrap_or_default();
        self.has.insert(item);
        let kind = match own {
            Some(_) if random.random_bool(0.5) => Kind::Bought,
            Some(_) => Kind::Rated(random.random_range(4_u8..=5).into()),
            None => Kind::Rated(random.random_range(1_u8..=5).into()),
        };
        Deed { item, kind, time: i64::try_from(number).unwrap_or(i64::MAX) }
    }

    /// Something that the shopper does not have, unless that is hard to find.
    fn fresh(&self, of: &Shelf, random: &mut ChaCha8Rng) -> Option<u32> {
        (0..DRAWS).filter_map(|_| of.draw(random)).find(|item| !self.has.contains(item))
    }
}

/// One of the names, as often as it is rated.
fn name_drawn<'a>(names: &[(&'a str, u64)], random: &mut ChaCha8Rng) -> Option<&'a str> {
    let total: u64 = names.iter().map(|(_, weight)| weight).sum();
    let mut left = random.random_range(0..total.max(1));
    for (name, weight) in names {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return Some(name),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Vec<Product> {
        let product = |number: u32| Product {
            asin: format!("item-{number}"),
            categories: vec!["All".to_owned(), format!("Category {}", number % 8)],
            brand: (!number.is_multiple_of(3)).then(|| format!("Brand {}", number % 20)),
            rating_count: number,
        };
        (0..200).map(product).collect()
    }

    fn made(seed: u64) -> Replay {
        shoppers(&catalogue(), &Made { users: 10, events: 300, seed, prefix: "s-".to_owned() })
    }

    #[test]
    fn the_seed_decides_everything() {
        assert_eq!(made(1), made(1));
        assert_ne!(made(1).steps, made(2).steps);
    }

    #[test]
    fn everybody_acts_and_nobody_takes_a_thing_twice() {
        let replay = made(3);
        assert_eq!((replay.steps.len(), replay.shoppers.len()), (300, 10));
        let pairs: HashSet<(u32, u32)> = replay.steps.iter().map(|step| (step.shopper, step.deed.item)).collect();
        assert_eq!(pairs.len(), 300);
        assert!(replay.steps.iter().all(|step| match step.deed.kind {
            Kind::Rated(rating) => (1.0..=5.0).contains(&rating),
            Kind::Bought => true,
        }));
    }

    #[test]
    fn a_shopper_keeps_to_a_taste() {
        let (catalogue, replay) = (catalogue(), made(4));
        let mut shares = Vec::new();
        for shopper in 0..10 {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            let own = replay.steps.iter().filter(|step| step.shopper == shopper);
            own.for_each(|step| {
                *counts.entry(catalogue[step.deed.item as usize].categories[1].as_str()).or_default() += 1;
            });
            let mut counts: Vec<usize> = counts.into_values().collect();
            counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
            shares.push(counts.iter().take(2).sum::<usize>() as f64 / counts.iter().sum::<usize>() as f64);
        }
        // Without a taste two of eight categories have a quarter of what is taken.
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        assert!(mean > 0.5, "{shares:?}");
    }

    #[test]
    fn a_catalogue_without_names_will_do() {
        let bare = [Product { asin: "only".to_owned(), ..Product::default() }];
        let replay = shoppers(&bare, &Made { users: 2, events: 5, seed: 1, prefix: String::new() });
        assert_eq!(replay.steps.len(), 5);
    }
}
