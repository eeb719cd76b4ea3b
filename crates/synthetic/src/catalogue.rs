//! The products: what they are, how popular, how good, and which are bought together.

use crate::{
    Settings,
    dice::{Dice, base36, mix},
    vocabulary::{BRANDS, GROUPS, Group, STYLES, Style},
};

/// Number of latent groups that a taste is about: a group of products in one style.
pub const CLUSTERS: usize = GROUPS.len() * STYLES.len();

/// Streams of random numbers; users have the streams from 0 on.
const PRODUCT_STREAM: u64 = 1 << 40;

/// One product. Its words are made again from its number when they are needed, so that a catalogue
/// of millions stays small.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Which group.
    pub group: u8,
    /// Which style.
    pub style: u8,
    /// Which brand.
    pub brand: u8,
    /// What is added to its ratings.
    pub quality: f32,
    /// First day on sale, as days since 1970.
    pub launch: i32,
    /// The item most often bought after it.
    pub companion: u32,
    /// Place in the order of popularity, from 0.
    pub popularity_rank: u32,
}

impl Item {
    /// The latent group that it is in.
    pub fn cluster(&self) -> usize {
        usize::from(self.group) * STYLES.len() + usize::from(self.style)
    }

    /// Words of its group.
    pub fn group_words(&self) -> &'static Group {
        &GROUPS[usize::from(self.group)]
    }

    /// Words of its style.
    pub fn style_words(&self) -> &'static Style {
        &STYLES[usize::from(self.style)]
    }

    /// Its brand.
    pub fn brand_name(&self) -> &'static str {
        BRANDS[usize::from(self.brand)]
    }
}

/// Items with the sums of their weights, to draw from.
#[derive(Clone, Debug, Default)]
struct Urn {
    items: Vec<u32>,
    sums: Vec<f64>,
}

impl Urn {
    fn push(&mut self, item: u32, weight: f64) {
        self.sums.push(self.sums.last().unwrap_or(&0.0) + weight);
        self.items.push(item);
    }

    fn draw(&self, dice: &mut Dice) -> Option<u32> {
        let target = dice.unit() * self.sums.last()?;
        let place = self.sums.partition_point(|sum| *sum <= target);
        self.items.get(place.min(self.items.len() - 1)).copied()
    }
}

/// All products.
pub struct Catalogue {
    /// By item number.
    pub items: Vec<Item>,
    all: Urn,
    groups: Vec<Urn>,
    clusters: Vec<Urn>,
    seed: u64,
}

impl Catalogue {
    /// The catalogue of these settings.
    pub fn new(settings: &Settings) -> Self {
        let count = settings.items;
        let (first_day, last_day) = settings.layout.days();
        let mut items: Vec<Item> =
            (0..count).map(|item| new_item(settings.seed, item, first_day as i32, last_day as i32)).collect();
        for (rank, item) in by_popularity(settings.seed, count).into_iter().enumerate() {
            items[item as usize].popularity_rank = rank as u32;
        }
        let mut catalogue = Self {
            items,
            all: Urn::default(),
            groups: vec![Urn::default(); GROUPS.len()],
            clusters: vec![Urn::default(); CLUSTERS],
            seed: settings.seed,
        };
        catalogue.fill_urns();
        catalogue.choose_companions();
        catalogue
    }

    fn fill_urns(&mut self) {
        for (number, item) in self.items.iter().enumerate() {
            // Zipf with exponent 1; the shift keeps the first few from taking all.
            let weight = 1.0 / (f64::from(item.popularity_rank) + 6.0);
            self.all.push(number as u32, weight);
            self.groups[usize::from(item.group)].push(number as u32, weight);
            self.clusters[item.cluster()].push(number as u32, weight);
        }
    }

    fn choose_companions(&mut self) {
        for number in 0..self.items.len() {
            let mut dice = self.dice(number as u32, 1);
            let group = usize::from(self.items[number].group);
            // Two thirds have a companion in their own group, the others in one of the same department.
            let neighbour = group / 3 * 3 + (group + 1 + dice.below(2)) % 3;
            let home = if dice.chance(0.67) { group } else { neighbour };
            self.items[number].companion = self.groups[home].draw(&mut dice).unwrap_or(number as u32);
        }
    }

    /// Random numbers for a purpose of one product.
    pub fn dice(&self, item: u32, purpose: u64) -> Dice {
        Dice::new(self.seed, PRODUCT_STREAM + u64::from(item) * 8 + purpose)
    }

    /// A product by popularity alone.
    pub fn draw(&self, dice: &mut Dice) -> u32 {
        self.all.draw(dice).unwrap_or(0)
    }

    /// A product of a group, if it has any.
    pub fn draw_of_group(&self, group: usize, dice: &mut Dice) -> Option<u32> {
        self.groups[group].draw(dice)
    }

    /// A product of a latent group, if it has any.
    pub fn draw_of_cluster(&self, cluster: usize, dice: &mut Dice) -> Option<u32> {
        self.clusters[cluster].draw(dice)
    }

    /// Key of a product: distinct for distinct items.
    pub fn asin(&self, item: u32) -> String {
        const BITS: u64 = (1 << 40) - 1;
        // Odd factors and shifts are one to one on 40 bits.
        let mut bits = (u64::from(item) + (mix(self.seed) & 0xFFFF_FFFF)).wrapping_mul(0x5851_F42D_4C95_7F2D) & BITS;
        bits = (bits ^ (bits >> 21)).wrapping_mul(0x9E37_79B9_7F4A_7C15) & BITS;
        format!("B0{}", base36(bits ^ (bits >> 19), 8))
    }
}

fn new_item(seed: u64, number: u32, first_day: i32, last_day: i32) -> Item {
    let mut dice = Dice::new(seed, PRODUCT_STREAM + u64::from(number) * 8);
    let group = dice.below(GROUPS.len());
    let style = dice.below(STYLES.len());
    let department = group / 3;
    let leaning: Vec<usize> = (0..6).filter(|brand| (department * 6 + brand) % 4 == style).collect();
    let brand = department * 6 + if dice.chance(0.75) { dice.pick(&leaning) } else { dice.below(6) };
    let launch = if dice.chance(0.55) { 0 } else { dice.span(i64::from(last_day - first_day) * 85 / 100) };
    Item {
        group: group as u8,
        style: style as u8,
        brand: brand as u8,
        quality: (dice.normal() * 0.45) as f32,
        launch: first_day + launch as i32,
        companion: number,
        popularity_rank: number,
    }
}

/// Item numbers, most popular first: a shuffle of all.
fn by_popularity(seed: u64, count: u32) -> Vec<u32> {
    let mut dice = Dice::new(seed, u64::MAX);
    let mut order: Vec<u32> = (0..count).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, dice.below(place + 1));
    }
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_are_distinct_and_of_ten_characters() {
        let catalogue = Catalogue::new(&Settings { items: 20_000, ..Settings::default() });
        let keys: BTreeSet<String> = (0..20_000).map(|item| catalogue.asin(item)).collect();
        assert_eq!(keys.len(), 20_000);
        assert!(keys.iter().all(|key| key.len() == 10), "{keys:?}");
    }

    #[test]
    fn popular_items_are_drawn_more_often() {
        let catalogue = Catalogue::new(&Settings::default());
        let mut dice = Dice::new(7, 7);
        let mut counts = vec![0_u32; 400];
        for _ in 0..20_000 {
            counts[catalogue.items[catalogue.draw(&mut dice) as usize].popularity_rank as usize] += 1;
        }
        let share = |ranks: std::ops::Range<usize>| counts[ranks].iter().sum::<u32>();
        assert!(share(0..40) > 2 * share(200..400), "{} {}", share(0..40), share(200..400));
    }

    #[test]
    fn brands_belong_to_the_department() {
        let catalogue = Catalogue::new(&Settings::default());
        assert!(catalogue.items.iter().all(|item| item.brand / 6 == item.group / 3));
    }
}
